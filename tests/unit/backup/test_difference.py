"""What has changed since a backup."""

from __future__ import annotations

import os
import shutil

import pytest
from crash.processes import open_place
from support.backups import make_folder
from support.hashes import CHEAP_HASH
from support.storing import OTHER_HASH, STRANGER, acting_as, posix, root

from esfilerealm import UsersTool
from esfilerealm.backup import create_backup, diff_backup, verify_backup
from esfilerealm.errors import BackupError, FileAccessError, FilePermissionError

pytestmark = posix


@pytest.fixture
def verified(folder, place):
    (folder / "roles.yml").write_text("viewer: {}\nold: {}\n")
    return verify_backup(create_backup(folder, place, plain=True).path)


def letters(verified, folder, **how):
    return {file.name: file.letters for file in diff_backup(verified, folder, **how).files}


def test_nothing_differs(verified, folder):
    found = diff_backup(verified, folder, lines=True)
    assert not found
    assert found.files == ()
    assert not found.users.names
    assert not found.roles


def test_a_letter_for_each_kind_of_change(verified, folder):
    (folder / "certs" / "http.key").write_text("other")
    (folder / "certs" / "http.key").chmod(0o600)
    (folder / "new").touch()
    (folder / "empty").rmdir()
    (folder / "link").unlink()
    (folder / "link").symlink_to("users_roles")
    (folder / "roles.yml").unlink()
    (folder / "roles.yml").mkdir()
    assert letters(verified, folder) == {
        "certs/http.key": "CM",
        "empty": "D",
        "link": "C",
        "new": "A",
        "roles.yml": "T",
    }


@root
def test_another_owner(verified, folder):
    os.chown(folder / "users", STRANGER, STRANGER)
    assert letters(verified, folder) == {"users": "O"}


def test_extended_attributes(verified, folder):
    try:
        os.setxattr(folder / "users", "user.note", b"x")
    except (AttributeError, OSError):
        pytest.skip("no extended attributes here")
    assert letters(verified, folder) == {"users": "X"}


def test_the_directory_itself(verified, folder):
    folder.chmod(0o700)
    assert letters(verified, folder) == {".": "M"}


def test_users_by_name(verified, folder):
    tool = UsersTool(folder)
    tool.useradd("new", password_hash=CHEAP_HASH, roles=["viewer"])
    tool.passwd("bob", password_hash=OTHER_HASH)
    tool.roles("bob", add=["viewer"])
    found = diff_backup(verified, folder)
    assert dict(found.users.added) == {"new": ("viewer",)}
    assert found.users.passwords == ("bob",)
    assert found.users.roles["bob"] == (("superuser",), ("superuser", "viewer"))
    assert CHEAP_HASH not in str(found.to_dict())


def test_roles_by_name(verified, folder):
    (folder / "roles.yml").write_text("viewer: {cluster: [all]}\nnew: {}\n")
    found = diff_backup(verified, folder)
    assert found.roles.to_dict() == {
        "added": ("new",),
        "removed": ("old",),
        "changed": ("viewer",),
    }


@pytest.mark.parametrize("name", ["roles.yml", "users", "certs/http.key"])
def test_lines_only_of_what_is_not_confidential(verified, folder, name):
    (folder / name).write_text("other:\n")
    (file,) = diff_backup(verified, folder, lines=True).files
    assert file.name == name
    if name == "roles.yml":
        assert {"-old: {}", "+other:"} < set(file.lines)
    else:
        assert file.lines == ()
    assert diff_backup(verified, folder).files[0].lines == ()


def test_lines_of_what_is_no_text(verified, folder):
    (folder / "roles.yml").write_bytes(b"\xff")
    assert diff_backup(verified, folder, lines=True).files[0].lines == ()


def test_lines_show_no_control_characters(verified, folder):
    (folder / "roles.yml").write_text("a\x1b[31m\n")
    (file,) = diff_backup(verified, folder, lines=True).files
    assert "\x1b" not in "".join(file.lines)


def test_a_scope(verified, folder):
    (folder / "certs" / "http.key").write_text("other")
    (folder / "new").touch()
    assert letters(verified, folder, only="realm") == {}
    assert letters(verified, folder, only="security") == {"certs/http.key": "C"}
    with pytest.raises(BackupError, match="cannot be restored"):
        diff_backup(verified, folder, only="users")


def test_a_realm_in_its_old_place(folder, place):
    """Elasticsearch 5 to 6.2 have it in ``x-pack/``."""
    (folder / "x-pack").mkdir()
    for name in ("users", "users_roles"):
        (folder / name).rename(folder / "x-pack" / name)
    verified = verify_backup(create_backup(folder, place, plain=True).path)
    (folder / "x-pack" / "users").write_text(f"new:{CHEAP_HASH}\n")
    found = diff_backup(verified, folder)
    assert list(found.users.added) == ["new"]
    assert found.users.removed == ("bob",)


def test_earlier_versions_do_not_count(verified, folder):
    (folder / "users.1~").touch()
    assert letters(verified, folder) == {}


def test_a_file_that_cannot_be_read_any_more(verified, folder):
    """The content of a file of the realm counts as empty then."""
    (folder / "roles.yml").unlink()
    (folder / "roles.yml").mkdir()
    assert set(diff_backup(verified, folder).roles.removed) == {"old", "viewer"}


def test_no_directory(verified, folder):
    shutil.rmtree(folder)
    with pytest.raises(FileAccessError):
        diff_backup(verified, folder)


@root
def test_a_file_that_cannot_be_read(verified, folder, monkeypatch):
    from esfilerealm.backup import difference

    def of(path, status):
        raise FileAccessError(path, 5, "Input/output error")

    monkeypatch.setattr(difference.Attributes, "of", of)
    assert set(letters(verified, folder).values()) == {"?"}


@root
@pytest.mark.parametrize("name", ["certs", "certs/http.key", "elasticsearch.yml"])
def test_what_this_user_may_not_read_is_not_told_as_gone(place, name):
    with open_place() as top:
        folder = make_folder(top / "config")
        for path in folder.rglob("*"):
            path.chmod(0o755)
        verified = verify_backup(create_backup(folder, place, plain=True).path)
        (folder / name).chmod(0)
        with acting_as(STRANGER, STRANGER):
            assert letters(verified, folder)[name] == "?"


@root
@pytest.mark.parametrize("name", ["users", "users_roles"])
def test_a_realm_that_this_user_may_not_read(place, name):
    """Nobody would know who is in it."""
    with open_place() as top:
        folder = make_folder(top / "config")
        verified = verify_backup(create_backup(folder, place, plain=True).path)
        (folder / name).chmod(0o600)
        with acting_as(STRANGER, STRANGER), pytest.raises(FilePermissionError):
            diff_backup(verified, folder)


def test_a_pipe_in_the_place_of_a_file(verified, folder):
    (folder / "users").unlink()
    os.mkfifo(folder / "users")
    assert letters(verified, folder)["users"] == "T"


def test_a_file_that_settings_name_no_more(folder, place):
    (folder / "signing").write_text("key")
    settings = folder / "elasticsearch.yml"
    settings.write_text("xpack.security.http.ssl.key: signing\n")
    verified = verify_backup(create_backup(folder, place, plain=True).path)
    settings.write_text("{}\n")
    assert letters(verified, folder, only="security") == {"elasticsearch.yml": "C"}
