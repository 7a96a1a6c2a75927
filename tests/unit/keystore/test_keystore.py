"""A keystore in memory and on disk, as a program uses it."""

from __future__ import annotations

import pickle
import re
import stat

import pytest

from esfilerealm import errors
from esfilerealm.keystore import SEED, Keystore, format_for, load_header

NAME = "elasticsearch.keystore"


@pytest.fixture
def path(tmp_path):
    return tmp_path / NAME


@pytest.mark.parametrize("version", range(3, 8))
def test_what_is_written_reads_back(version):
    store = Keystore.create(format_version=version)
    store.set("a.text", "grün \U0001f600")
    store.set("a.file", b"\0\xff")
    store.change_password("pass phrase")
    data = store.to_bytes()
    assert load_header(data).has_password
    copy = Keystore.read(data, "pass phrase")
    assert copy.format_version == version
    assert copy.names == ("a.file", "a.text", SEED)
    assert copy.string("a.text") == "grün \U0001f600"
    assert copy.file("a.file") == b"\0\xff"


def test_a_new_keystore_has_a_fresh_seed_and_nothing_else():
    first, second = Keystore.create(), Keystore.create()
    assert first.names == (SEED,)
    assert re.fullmatch(r"[A-Za-z0-9~!@#$%^&*\-_=+?]{20}", first.string(SEED))
    assert first.string(SEED) != second.string(SEED)
    assert (first.format_version, first.has_password) == (4, False)


def test_two_saves_of_the_same_have_nothing_in_common():
    store = Keystore.create()
    first, second = store.to_bytes(), store.to_bytes()
    assert len(first) == len(second) == 199
    assert not any(first[at : at + 8] in second for at in range(40, 170))


def test_save_and_read(path):
    store = Keystore.create()
    assert store.save(path).changed
    path.chmod(0o600)
    store.set("a.b", "one")
    assert store.save().files[0].path == str(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Keystore.read(str(path)).string("a.b") == "one"


def test_a_save_without_a_change_writes_nothing(path):
    Keystore.create().save(path)
    before = path.read_bytes()
    store = Keystore.read(path)
    store.set(SEED, store.string(SEED))
    assert not store.save().changed
    assert path.read_bytes() == before


def test_a_dry_run_writes_nothing(path):
    assert Keystore.create().save(path, dry_run=True).changed
    assert not path.exists()


def test_another_keystore_is_not_overwritten_unasked(path):
    Keystore.create().save(path)
    before = path.read_bytes()
    with pytest.raises(errors.KeystoreExistsError):
        Keystore.create().save(path)
    assert path.read_bytes() == before
    store = Keystore.create()
    store.save(path, overwrite=True)
    assert Keystore.read(path).string(SEED) == store.string(SEED)


def test_two_writers_lose_nothing(path):
    Keystore.create().save(path)
    one, two = Keystore.read(path), Keystore.read(path)
    one.set("from.one", "1")
    two.set("from.two", "2")
    one.save()
    two.save()
    assert Keystore.read(path).names == ("from.one", "from.two", SEED)
    assert two.names == ("from.one", "from.two", SEED)


def test_a_password_that_somebody_else_changed_is_not_undone(path):
    Keystore.create().save(path)
    one, two = Keystore.read(path), Keystore.read(path)
    one.change_password("new")
    one.save()
    two.set("a.b", "2")
    with pytest.raises(errors.KeystorePasswordError):
        two.save()
    assert Keystore.read(path, "new").names == (SEED,)


def test_a_removed_file_is_not_brought_back(path):
    store = Keystore.create()
    store.save(path)
    path.unlink()
    store.set("a.b", "1")
    with pytest.raises(errors.ConfigurationFileMissingError):
        store.save()


def test_a_missing_directory_is_named(tmp_path):
    with pytest.raises(errors.ConfigurationFileMissingError, match=r"none\] does not exist"):
        Keystore.create().save(tmp_path / "none" / NAME)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(errors.ConfigurationFileMissingError, match=NAME):
        Keystore.read(tmp_path / NAME)


def test_the_same_name_again_is_no_change(path):
    store = Keystore.create()
    store.save(path)
    store.rename(SEED, SEED)
    assert not store.save().changed


def test_no_path(tmp_path):
    with pytest.raises(ValueError, match="pass the path"):
        Keystore.create().save()


def test_an_upgrade_adds_what_is_missing():
    store = Keystore.create()
    assert not store.upgrade()
    store.remove(SEED)
    assert store.upgrade(6)
    assert (store.format_version, store.names) == (6, (SEED,))
    assert not store.upgrade(6)
    with pytest.raises(errors.KeystoreVersionError, match="too new"):
        store.upgrade(8)


def test_a_copy_elsewhere(tmp_path):
    store = Keystore.create()
    store.save(tmp_path / "copy")
    assert Keystore.read(tmp_path / "copy").names == (SEED,)
    assert {path.name for path in tmp_path.iterdir()} == {"copy", "copy.lock"}


def test_an_upgrade_of_a_file_that_was_saved_since(path):
    Keystore.create().save(path)
    one, two = Keystore.read(path), Keystore.read(path)
    one.remove(SEED)
    one.save()
    two.upgrade(5)
    two.change_password("new")
    two.save()
    found = Keystore.read(path, "new")
    assert (found.format_version, found.names) == (5, ())


def test_rename_and_remove():
    store = Keystore.create()
    store.set("a.b", "1")
    store.rename("a.b", "c.d")
    assert store.string("c.d") == "1"
    assert "a.b" not in store
    with pytest.raises(errors.SecureSettingExistsError):
        store.rename("c.d", SEED)
    store.remove("c.d")
    for act in (store.string, store.file, store.remove, lambda name: store.rename(name, "x")):
        with pytest.raises(errors.SecureSettingNotFoundError):
            act("c.d")


@pytest.mark.parametrize("name", ["", " ", "a b", "a@b", "a/b", "a=b", "ä", "a\n", "a\0"])
def test_names_that_cannot_be_set(name):
    store = Keystore.create()
    with pytest.raises(errors.InvalidSecureSettingError):
        store.set(name, "secret")
    with pytest.raises(errors.InvalidSecureSettingError):
        store.rename(SEED, name)
    assert store.names == (SEED,)


@pytest.mark.parametrize("name", ["a", "-", "--", ".", "_", "A-b_c.9"])
def test_names_that_can_be_set(name):
    store = Keystore.create()
    store.set(name, "x")
    assert Keystore.read(store.to_bytes()).string(name) == "x"


def test_no_value_is_shown_or_sent(tmp_path):
    store = Keystore.create()
    store.change_password("geheim-2")
    store.set("a.b", "geheim-1")
    store.save(tmp_path / NAME)
    store.set("c.d", "geheim-3")
    assert "geheim" not in repr(store._draft)
    for thing in (store, load_header(store.to_bytes())):
        assert "geheim" not in f"{thing!r} {thing}"
        with pytest.raises(TypeError, match="secrets"):
            pickle.dumps(thing)


@pytest.mark.parametrize(
    ("release", "version"),
    [
        ("6.3", 3),
        ("6.7.2", 3),
        ("6.8.23", 4),
        ("7.0.1", 3),
        ("7.1", 4),
        ("7.17.9", 4),
        ("8", 5),
        ("8.13.4", 5),
        ("8.14.0", 6),
        ("8.19", 6),
        ("9.0.0-beta1", 7),
        ("9.2", 7),
        ("10.0", 7),
    ],
)
def test_the_newest_format_that_a_release_reads(release, version):
    assert format_for(release) == version


@pytest.mark.parametrize("release", ["5.4", "6.2.4", "", "eight", "8.x", "-1", "v8"])
def test_releases_for_which_there_is_no_format(release):
    with pytest.raises(errors.InvalidSettingError):
        format_for(release)
