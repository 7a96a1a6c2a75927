"""Settings of the keystore in a desired state: planned, applied and compared as users are."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

pytest.importorskip("cryptography", reason="needs the extra keystore")

from support.hashes import CHEAP_HASH

from esfilerealm import UsersTool, errors
from esfilerealm.keystore import SEED, Keystore
from esfilerealm.provisioning import DesiredState, apply, plan, rehearse

NAME = "elasticsearch.keystore"


@pytest.fixture
def folder(config):
    (config / "users").write_text(f"bob:{CHEAP_HASH}\n")
    (config / "users_roles").write_text("viewer:bob\n")
    return config


@pytest.fixture
def path(folder):
    return folder / NAME


@pytest.fixture
def store(path):
    """A keystore with two settings."""
    store = Keystore.create()
    store.set("old.one", "1")
    store.set("old.two", "2")
    store.save(path)
    return store


def want(folder, *settings, **more):
    document = {"keystore": list(settings), **more}
    return plan(folder, DesiredState.from_dict(document, folder=str(folder)))


def lines(planned):
    return planned.diff().splitlines()


class TestPlan:
    def test_a_missing_keystore_is_created(self, folder, path):
        planned = want(folder, {"name": "a.b", "value": "secret"})
        assert lines(planned) == [f"+ [{path}]", "+ keystore: a.b"]
        assert not path.exists()
        done = apply(planned)
        assert done.result.changed
        found = Keystore.read(path)
        assert (found.format_version, found.names) == (4, ("a.b", SEED))
        assert found.string("a.b") == "secret"
        assert stat.S_IMODE(path.stat().st_mode) == 0o660

    def test_the_second_time_nothing_is_to_do(self, folder, path):
        for _ in range(2):
            planned = want(folder, {"name": "a.b", "value": "secret"})
            apply(planned)
            before = path.read_bytes()
        assert not planned.changed
        apply(planned)
        assert path.read_bytes() == before

    def test_only_what_differs_changes(self, folder, path, store):
        planned = want(
            folder,
            {"name": "old.one", "value": "1"},
            {"name": "old.two", "value": "other"},
            {"name": "new", "value": "3"},
            {"name": "gone", "state": "absent"},
        )
        assert lines(planned) == ["~ keystore: old.two: value (changed)", "+ keystore: new"]
        assert planned.before() == "keystore: old.two\n"
        assert planned.after() == "keystore: old.two (value changed)\nkeystore: new\n"
        apply(planned)
        found = Keystore.read(path)
        assert [found.string(name) for name in ("new", "old.one", "old.two")] == ["3", "1", "other"]
        assert found.string(SEED) == store.string(SEED)

    def test_absent(self, folder, path, store):
        planned = want(folder, {"name": "old.one", "state": "absent"})
        assert lines(planned) == ["- keystore: old.one"]
        assert (planned.before(), planned.after()) == ("keystore: old.one\n", "")
        apply(planned)
        assert Keystore.read(path).names == (SEED, "old.two")

    def test_absent_from_nothing_creates_nothing(self, folder, path):
        planned = want(folder, {"name": "a.b", "state": "absent"})
        assert not planned.changed
        apply(planned)
        assert not path.exists()

    def test_a_setting_without_a_value_stays(self, folder, path, store):
        assert not want(folder, {"name": "old.one"}).changed
        with pytest.raises(errors.InvalidDesiredStateError, match=r"new setting \[a.b\] needs a v"):
            want(folder, {"name": "a.b"})

    def test_a_keystore_that_no_document_names_is_not_read(self, folder, path):
        path.write_bytes(b"nonsense")
        assert not plan(folder, DesiredState.from_dict({"users": [{"name": "bob"}]})).changed
        with pytest.raises(errors.KeystoreCorruptedError, match=NAME):
            want(folder, {"name": "a.b", "value": "x"})

    def test_it_is_no_reason_to_purge_nobody(self, folder, store):
        document = {"keystore": {"a.b": {"value": "x"}}, "users": {"bob": {}}, "purge": "all"}
        apply(plan(folder, DesiredState.from_dict(document)))
        assert list(UsersTool(folder).list_users()) == ["bob"]

    def test_what_is_told_has_no_value(self, folder, store):
        planned = want(folder, {"name": "old.one", "value": "geheim"}, {"name": "b", "value": "x"})
        done = apply(planned)
        assert "geheim" not in f"{planned!r}{done.to_dict()}{done.before()}{done.after()}"
        assert done.to_dict()["changes"] == [
            {"kind": "set_secure_setting", "setting": "old.one", "is_new": False},
            {"kind": "set_secure_setting", "setting": "b", "is_new": True},
        ]

    @pytest.mark.parametrize(("release", "version"), [(6, 3), (7, 3), (8, 5), (9, 7)])
    def test_a_new_one_has_a_format_for_the_release(self, folder, release, version):
        from esfilerealm import RealmSettings

        settings = RealmSettings(elasticsearch_version=release)
        desired = DesiredState.from_dict({"keystore": {"a": {"value": "x"}}})
        apply(plan(folder, desired, settings=settings))
        assert Keystore.read(folder / NAME).format_version == version


class TestValues:
    @pytest.mark.parametrize(
        ("content", "value"),
        [
            (b"secret\n", b"secret"),
            (b"a\nb\r\n", b"a\nb"),
            (b"\xff", b"\xff"),
            (b"", b""),
            (b"\xef\xbb\xbfof Windows\r\n", b"of Windows"),
        ],
    )
    def test_from_a_file(self, folder, path, content, value):
        (folder / "secret").write_bytes(content)
        apply(want(folder, {"name": "a", "value_file": "secret"}, {"name": "b", "file": "secret"}))
        found = Keystore.read(path)
        assert (found.file("a"), found.file("b")) == (value, content)

    def test_from_the_environment(self, folder, path, monkeypatch):
        monkeypatch.setenv("SECRET", "from here")
        apply(want(folder, {"name": "a", "value_env": "SECRET"}))
        assert Keystore.read(path).string("a") == "from here"

    @pytest.mark.skipif(os.name == "nt", reason="pipes of POSIX")
    def test_from_a_pipe_which_can_be_read_once(self, folder, path, store):
        """A new plan after a change by somebody else has the value still."""
        read, write = os.pipe()
        os.write(write, b"from a pipe\n")
        os.close(write)
        planned = want(folder, {"name": "a", "value_file": f"/dev/fd/{read}"})
        os.close(read)
        store.set("other", "x")
        store.save()
        apply(planned, replan=True)
        found = Keystore.read(path)
        assert (found.string("a"), found.string("other")) == ("from a pipe", "x")

    @pytest.mark.parametrize(
        ("setting", "reason"),
        [
            ({"name": "a", "value_file": "none"}, r"keystore\[0\]\.value_file: .*No such file"),
            ({"name": "a", "file": "none"}, r"keystore\[0\]\.file: .*No such file"),
            ({"name": "a", "value_env": "NONE"}, r"variable \[NONE\] is not set"),
            ({"name": "a", "value": "x", "file": "y"}, r"use only one of \[value, file\]"),
            ({"name": "a", "value": 7}, "must be a string"),
            ({"name": "a", "value": None}, "has no value: put it in quotes"),
            ({"name": "a b", "value": "x"}, "does not match the allowed setting name pattern"),
            ({"value": "x"}, r"the \[name\] of the setting is missing"),
            ({"name": "a", "state": "gone"}, "must be one of"),
            ({"name": "a", "valu": "geheim"}, r"unknown field; did you mean \[value\]"),
            ("a", "must be a mapping"),
        ],
    )
    def test_what_is_refused(self, folder, setting, reason):
        with pytest.raises(errors.InvalidDesiredStateError, match=reason) as caught:
            want(folder, setting)
        assert "geheim" not in str(caught.value)

    def test_a_name_twice(self, folder):
        with pytest.raises(errors.InvalidDesiredStateError, match=r"is already at .*\[0\]"):
            want(folder, {"name": "a", "value": "x"}, {"name": "a", "value": "y"})

    def test_a_value_that_is_too_large(self, folder):
        with (folder / "huge").open("wb") as file:
            file.truncate(2**26 + 1)
        with pytest.raises(errors.InvalidSecureSettingError, match="and a keystore at most"):
            want(folder, {"name": "a", "file": "huge"})


class TestPassword:
    @pytest.fixture(autouse=True)
    def _protected(self, store):
        store.change_password("geheim")
        store.save()

    @pytest.mark.parametrize("how", ["", "_file", "_env"])
    def test_it_opens_the_keystore(self, folder, path, how, monkeypatch):
        (folder / "password").write_text("geheim\n")
        monkeypatch.setenv("PASSWORD", "geheim")
        value = {"": "geheim", "_file": "password", "_env": "PASSWORD"}[how]
        apply(want(folder, {"name": "a", "value": "x"}, **{f"keystore_password{how}": value}))
        assert Keystore.read(path, "geheim").string("a") == "x"

    def test_without_it(self, folder):
        with pytest.raises(errors.InvalidDesiredStateError, match="has a password: give one of"):
            want(folder, {"name": "a", "value": "x"})

    def test_a_wrong_one(self, folder):
        with pytest.raises(errors.KeystorePasswordError):
            want(folder, {"name": "a", "value": "x"}, keystore_password="wrong")

    @pytest.mark.parametrize(
        ("field", "value", "reason"),
        [
            ("keystore_password_file", "none", "keystore_password_file: .*No such file"),
            ("keystore_password_file", "empty", "holds no password"),
            ("keystore_password_env", "NONE", r"variable \[NONE\] is not set"),
        ],
    )
    def test_one_that_cannot_be_read(self, folder, field, value, reason):
        (folder / "empty").touch()
        with pytest.raises(errors.InvalidDesiredStateError, match=reason) as caught:
            want(folder, {"name": "a", "value": "x"}, **{field: value})
        assert "give one of" not in str(caught.value)

    def test_a_new_keystore_gets_it(self, folder, path):
        path.unlink()
        apply(want(folder, {"name": "a", "value": "x"}, keystore_password="new"))
        assert Keystore.read(path, "new").has_password

    def test_a_keystore_without_one_ignores_it(self, folder, path):
        Keystore.create().save(path, overwrite=True)
        apply(want(folder, {"name": "a", "value": "x"}, keystore_password="any"))
        assert Keystore.read(path).string("a") == "x"


class TestApply:
    def test_users_and_keystore_change_together(self, folder, path, store):
        user = {"name": "new", "password_hash": CHEAP_HASH, "roles": ["viewer"]}
        document = {"users": [user], "keystore": {"a": {"value": "x"}}}
        done = apply(plan(folder, DesiredState.from_dict(document)))
        assert [Path(file.path).name for file in done.result.files] == [
            "users",
            "users_roles",
            NAME,
        ]
        assert all(file.changed for file in done.result.files)
        assert "new" in UsersTool(folder).list_users()
        assert Keystore.read(path).string("a") == "x"

    def test_a_rehearsal_writes_nothing(self, folder, path):
        assert rehearse(want(folder, {"name": "a", "value": "x"})).changed
        assert not path.exists()

    @pytest.mark.parametrize("replan", [False, True])
    def test_a_change_by_somebody_else(self, folder, path, store, replan):
        planned = want(folder, {"name": "a", "value": "x"})
        store.set("other", "y")
        store.save()
        if replan:
            apply(planned, replan=True)
            assert Keystore.read(path).names == ("a", SEED, "old.one", "old.two", "other")
        else:
            with pytest.raises(errors.PlanOutdatedError, match=NAME):
                apply(planned)
            assert "a" not in Keystore.read(path)

    def test_a_new_realm_with_its_keystore(self, tmp_path):
        user = {"name": "new", "password_hash": CHEAP_HASH, "roles": ["superuser"]}
        document = {"users": [user], "keystore": {"a": {"value": "x"}}}
        folder = tmp_path / "new"
        done = apply(plan(folder, DesiredState.from_dict(document), create=True))
        assert done.changed
        assert Keystore.read(folder / NAME).string("a") == "x"
        assert not plan(folder, DesiredState.from_dict(document), create=True).changed


class TestMerge:
    def test_the_later_document_decides(self, folder, path):
        first = DesiredState.from_dict(
            {"keystore": {"a": {"value": "1"}, "b": {"value": "2"}}, "keystore_password": "one"},
            source="first",
        )
        second = DesiredState.from_dict(
            {"keystore": {"a": {"value": "3"}}, "keystore_password": "two"}, source="second"
        )
        merged = DesiredState.merged([first, second])
        assert merged.notes == ("[keystore a] from [second] overrides [first]",)
        apply(plan(folder, merged))
        found = Keystore.read(path, "two")
        assert (found.string("a"), found.string("b")) == ("3", "2")

    def test_strict(self):
        state = DesiredState.from_dict({"keystore": {"a": {"value": "1"}}})
        with pytest.raises(errors.InvalidDesiredStateError, match=r"\[keystore a\]"):
            DesiredState.merged([state, state], strict=True)
