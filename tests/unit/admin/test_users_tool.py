"""What an administrator can do, and what every failure leaves."""

from __future__ import annotations

import errno
import json
import os
import pickle
import re
import threading
from hashlib import sha256

import pytest
from crash.kit import intercepted
from support.hashes import CHEAP_HASH
from support.storing import STRANGER, acting_as, broken_off, contents, posix, root

from esfilerealm import RealmSettings, UsersTool, errors, hash_password
from esfilerealm._storage import lock, system
from esfilerealm._storage.lock import write_lock
from esfilerealm._storage.stamp import Stamp
from esfilerealm.formats import parse_users, parse_users_roles

#: bcrypt at cost 5 of "test123".
OTHER_HASH = "$2a$05$zxnP0vdREMxnEpkLCDI2OuSaSk/QEKA2.A42iOpI6U2u.RLLOWm1e"


@pytest.fixture
def realm(config):
    """A realm with a remark, an odd line and two users."""
    (config / "users").write_text(f"# people\nbob:{CHEAP_HASH}\n\nal:{CHEAP_HASH}\n")
    (config / "users_roles").write_text("# roles\nadmin: bob , al\nviewer:bob\n")
    return config


@pytest.fixture
def tool(realm):
    return UsersTool(realm)


class TestUseradd:
    def test_user_and_roles(self, tool, realm):
        tool.useradd("ann", "secret", roles=["viewer", "new", "viewer"])
        assert list(tool.list_users().items()) == [
            ("bob", ("admin", "viewer")),
            ("al", ("admin",)),
            ("ann", ("viewer", "new")),
        ]
        assert tool.verify("ann", "secret")
        assert (realm / "users").read_text().startswith(f"# people\nbob:{CHEAP_HASH}\n\nal:")
        text = "# roles\nadmin: bob , al\nviewer:bob,ann\nnew:ann\n"
        assert (realm / "users_roles").read_text() == text

    def test_a_finished_hash(self, tool):
        tool.useradd("ann", password_hash=CHEAP_HASH)
        assert tool.verify("ann", "test-password")

    @pytest.mark.parametrize("given", [{}, {"password": "secret", "password_hash": CHEAP_HASH}])
    def test_password_or_hash(self, tool, given):
        with pytest.raises(TypeError, match="either password or password_hash"):
            tool.useradd("ann", **given)

    def test_roles_that_stand_there_already_are_not_inherited(self, tool, realm):
        with (realm / "users_roles").open("a") as file:
            file.write("superuser:ann,bob\n")
        tool.useradd("ann", "secret", roles=["viewer"])
        assert tool.list_users("ann") == {"ann": ("viewer",)}
        assert "superuser" in tool.list_users()["bob"]

    def test_one_text_is_no_collection_of_roles(self, tool, realm):
        before = contents(realm)
        with pytest.raises(TypeError, match="not one text"):
            tool.useradd("ann", "secret", roles="admin")
        assert contents(realm) == before

    def test_a_long_password_warns(self, tool):
        """And blames the line that set it, in whatever way."""
        with pytest.warns(errors.PasswordTruncatedWarning, match="pbkdf2_stretch") as caught:
            tool.useradd("ann", "x" * 73)
            with tool.transaction() as change:
                change.passwd("ann", "y" * 73)
            hash_password("z" * 73, "bcrypt4")
        assert [warning.filename for warning in caught] == [__file__] * 3


class TestRefusals:
    """Each names the rule, and leaves both files as they were."""

    @pytest.mark.parametrize(
        ("call", "error", "message"),
        [
            (("useradd", "bob", "secret"), errors.UserExistsError, r"user \[bob\] is in"),
            (("userdel", "ghost"), errors.UserNotFoundError, r"no user \[ghost\]"),
            (("passwd", "ghost", "secret"), errors.UserNotFoundError, r"no user \[ghost\]"),
            (("roles", "ghost"), errors.UserNotFoundError, r"no user \[ghost\]"),
            (("list_users", "ghost"), errors.UserNotFoundError, r"no user \[ghost\]"),
            (("verify", "ghost", "secret"), errors.UserNotFoundError, r"no user \[ghost\]"),
            (("useradd", "a:b", "secret"), errors.InvalidUsernameError, r"\[:\]"),
            (("useradd", "a,b", "secret"), errors.InvalidUsernameError, r"\[,\]"),
            (("useradd", "#a", "secret"), errors.InvalidUsernameError, r"\[#\]"),
            (("useradd", "a\nb", "secret"), errors.InvalidUsernameError, r"\[a\\nb\].*printable"),
            (("useradd", " a", "secret"), errors.InvalidUsernameError, "start or end"),
            (("useradd", "x" * 1025, "secret"), errors.InvalidUsernameError, "1 to 1024"),
            (("useradd", "elastic", "secret"), errors.InvalidUsernameError, "reserved"),
            (("useradd", "_anonymous", "secret"), errors.InvalidUsernameError, "reserved"),
            (("useradd", "ann", "12345"), errors.InvalidPasswordError, "at least 6"),
            (("useradd", None, "secret"), errors.InvalidUsernameError, "must be text"),
            (("useradd", "ann", 123456), errors.InvalidPasswordError, "must be text"),
            (("useradd", "ann", "pass\udcffword"), errors.InvalidPasswordError, "UTF-8 can hold"),
            (("verify", "bob", None), errors.InvalidPasswordError, "must be text"),
            (("roles", None), errors.InvalidUsernameError, "must be text"),
            (("roles", "elastic"), errors.InvalidUsernameError, "reserved"),
        ],
    )
    def test_arguments(self, tool, realm, call, error, message):
        before = contents(realm)
        verb, *arguments = call
        with pytest.raises(error, match=message):
            getattr(tool, verb)(*arguments)
        assert contents(realm) == before

    @pytest.mark.parametrize("role", ["a:b", "a,b", "#a", "", " a", "é"])
    def test_role_names(self, tool, realm, role):
        before = contents(realm)
        with pytest.raises(errors.InvalidRoleNameError):
            tool.useradd("ann", "secret", roles=[role])
        with pytest.raises(errors.InvalidRoleNameError):
            tool.roles("bob", add=[role])
        assert contents(realm) == before

    @pytest.mark.parametrize(
        "text",
        [
            "",
            7,
            "secret",
            "$apr1$R3DdqiAZ$aljIkaIVPSarmDMlJUBBP.",
            "{SSHA256}short",
            CHEAP_HASH[:-1],
        ],
    )
    def test_hashes(self, tool, realm, text):
        before = contents(realm)
        for change in (tool.useradd, tool.passwd):
            with pytest.raises(errors.InvalidHashError) as caught:
                change("ann" if change == tool.useradd else "bob", password_hash=text)
            assert len(str(text)) < 7 or text not in str(caught.value)
        assert contents(realm) == before

    @pytest.mark.parametrize("name", ["users", "users_roles"])
    @pytest.mark.parametrize("broken", ["undecodable", "folder"])
    def test_files(self, tool, realm, name, broken):
        (realm / name).unlink()
        if broken == "folder":
            (realm / name).mkdir()
        else:
            (realm / name).write_bytes(b"bob:x\n# caf\xe9\n")
        kinds = (errors.FileFormatError, errors.FileAccessError)
        with pytest.raises(kinds, match=name) as caught:
            tool.roles("bob", add=["new"])
        if broken == "undecodable":
            assert (caught.value.line_number, caught.value.offset) == (2, 11)
        assert not list(realm.glob("*.tmp"))

    def test_fips_mode(self, realm):
        settings = RealmSettings(fips_mode_enabled=True, password_hashing_algorithm="bcrypt")
        with pytest.raises(errors.InvalidSettingError, match=r"\[bcrypt\].*PBKDF2 only"):
            UsersTool(realm, settings=settings).useradd("ann", "secret")
        tool = UsersTool(realm, settings=RealmSettings(fips_mode_enabled=True))
        with pytest.raises(errors.InvalidHashError, match="PBKDF2 only"):
            tool.useradd("ann", password_hash=CHEAP_HASH)
        tool.useradd("ann", "secret-of-14-letters")
        users = parse_users((realm / "users").read_bytes()).users
        assert users["ann"].startswith("{PBKDF2_STRETCH}10000$")

    def test_unknown_algorithm(self, realm):
        tool = UsersTool(realm, settings=RealmSettings(password_hashing_algorithm="bcrypt3"))
        with pytest.raises(errors.UnknownHashAlgorithmError, match=r"\[bcrypt3\]"):
            tool.useradd("ann", "secret")

    def test_a_lock_that_is_held(self, realm):
        tool = UsersTool(realm, lock_timeout=0.05)
        with (
            write_lock(lambda: str(realm / "users.lock"), 1.0),
            pytest.raises(errors.LockTimeoutError),
        ):
            tool.userdel("bob")
        assert "bob" in tool.list_users()

    def test_a_missing_realm(self, tmp_path):
        tool = UsersTool(tmp_path)
        for call in (tool.list_users, lambda: tool.useradd("ann", "secret")):
            with pytest.raises(errors.ConfigurationFileMissingError, match="init"):
                call()
        assert not list(tmp_path.iterdir())


class TestOtherVerbs:
    def test_userdel(self, tool, realm):
        tool.userdel("bob")
        assert (realm / "users").read_text() == f"# people\n\nal:{CHEAP_HASH}\n"
        assert (realm / "users_roles").read_text() == "# roles\nadmin: al\n"

    def test_passwd(self, tool, realm):
        roles = (realm / "users_roles").stat()
        tool.passwd("bob", "another")
        assert tool.verify("bob", "another")
        assert not tool.verify("bob", "test-password")
        assert tool.verify("al", "test-password")
        assert (realm / "users_roles").stat().st_ino == roles.st_ino

    def test_roles(self, tool):
        assert tool.roles("bob") == ("admin", "viewer")
        assert tool.roles("bob", add=["x", "viewer"], remove=["admin"]) == ("viewer", "x")
        assert tool.roles("bob", add=["y"], remove=["y", "never held"]) == ("viewer", "x")
        assert tool.list_users("bob") == {"bob": ("viewer", "x")}

    def test_many_roles_of_one_user(self, tool):
        many = [f"role{n}" for n in range(20_000)]
        assert len(tool.roles("al", add=many)) == 20_001
        assert len(tool.roles("al", add=["x"], remove=["admin"])) == 20_001
        tool.roles("al", add=["admin"], remove=["x"])
        assert tool.roles("al", remove=many) == ("admin",)

    def test_known_roles(self, tool, realm):
        (realm / "roles.yml").write_text("mine:\n  cluster: [all]\n")
        assert {"mine", "superuser"} <= tool.known_roles()

    def test_reserved_names_with_the_reserved_realm_off(self, realm):
        (realm / "users").write_text(f"elastic:{CHEAP_HASH}\nguest:{CHEAP_HASH}\n")
        off = UsersTool(realm, settings=RealmSettings(reserved_realm_enabled=False))
        guest = UsersTool(realm, settings=RealmSettings(anonymous_username="guest"))
        assert (list(off.list_users()), list(guest.list_users())) == (["elastic", "guest"], [])
        assert off.verify("elastic", "test-password")

    def test_roles_from_generators(self, tool):
        assert tool.roles("al", add=(role for role in ["x"])) == ("admin", "x")

    def test_a_user_that_no_new_line_could_hold_can_be_managed(self, tool, realm):
        (realm / "users").write_text(f"  #odd:{CHEAP_HASH}\na,b:{CHEAP_HASH}\n")
        tool.passwd("#odd", "another")
        assert tool.verify("#odd", "another")
        tool.userdel("a,b")
        assert list(tool.list_users()) == ["#odd"]

    def test_verify_never_takes_a_text_for_the_password(self, tool, realm):
        apr1 = "$apr1$R3DdqiAZ$aljIkaIVPSarmDMlJUBBP."
        (realm / "users").write_text(f"a:{apr1}\nb:{{SSHA256}}short\nc:{CHEAP_HASH}\n")
        assert not tool.verify("a", apr1)
        assert not tool.verify("b", "anything")
        assert "clear" not in (tool.hash_problem("c") or "")
        assert "takes the text itself for the password" in tool.hash_problem("a")
        assert tool.hash_problem("b")
        assert tool.hash_problem("c") is None

    def test_listing_tells_orphans_and_skipped_lines(self, tool, realm):
        (realm / "users_roles").write_text("admin:ghost,bob,,x\nnothing\n")
        listing = tool.listing()
        assert listing.orphans == ("ghost", "x")
        assert listing.users == {"bob": ("admin",), "al": ()}
        assert [i.line_number for i in listing.issues[str(realm / "users")]] == [3]
        assert [i.kind for i in listing.issues[str(realm / "users_roles")]] == ["malformed"]


class TestNothingToDo:
    """If nothing changes, nothing is written: same inode, same time."""

    def test_inode_and_time(self, tool, realm):
        before = {name: os.stat(realm / name) for name in ("users", "users_roles")}
        tool.roles("bob", add=["admin"], remove=["never held"])
        tool.passwd("bob", password_hash=CHEAP_HASH)
        with tool.transaction():
            pass
        for name, status in before.items():
            after = os.stat(realm / name)
            assert (after.st_ino, after.st_mtime_ns) == (status.st_ino, status.st_mtime_ns)

    def test_users_roles_is_created_when_needed_only(self, tool, realm):
        (realm / "users_roles").unlink()
        tool.userdel("bob")
        assert not (realm / "users_roles").exists()
        tool.roles("al", add=["admin"])
        assert (realm / "users_roles").read_text() == "admin:al\n"


class TestTransaction:
    def test_all_verbs_land_together(self, tool):
        with tool.transaction() as change:
            change.useradd("ann", "secret", roles=["viewer"])
            change.passwd("ann", "another")
            assert change.roles("ann", add=["x"]) == ("viewer", "x")
            change.userdel("bob")
            change.useradd("bob", "secret")
            assert "ann" not in tool.list_users()
        assert change.changed
        assert tool.list_users() == {"bob": (), "al": ("admin",), "ann": ("viewer", "x")}
        assert tool.verify("ann", "another")

    def test_an_error_lands_nothing(self, tool, realm):
        before = contents(realm)
        with pytest.raises(errors.UserExistsError), tool.transaction() as change:
            change.userdel("bob")
            change.useradd("al", "secret")
        assert contents(realm) == before
        assert not change.changed

    def test_the_changes_are_checked_again_under_the_lock(self, tool, realm):
        with pytest.raises(errors.UserExistsError), tool.transaction() as change:
            change.useradd("ann", "secret")
            UsersTool(realm).useradd("ann", "meanwhile")
        assert tool.verify("ann", "meanwhile")

    def test_what_others_wrote_meanwhile_stays(self, tool, realm):
        with tool.transaction() as change:
            change.useradd("ann", "secret")
            UsersTool(realm).roles("al", add=["meanwhile"])
        assert tool.list_users()["al"] == ("admin", "meanwhile")
        assert "ann" in tool.list_users()

    def test_attributes_that_others_changed_meanwhile_stay(self, tool, realm):
        with tool.transaction() as change:
            change.userdel("bob")
            (realm / "users").chmod(0o600)
        assert (realm / "users").stat().st_mode & 0o777 == 0o600

    def test_what_others_wrote_of_the_same_user_stays(self, tool, realm):
        """Even if only ``users_roles`` is another than at the start."""
        with tool.transaction() as change:
            assert change.roles("al", add=["x"]) == ("admin", "x")
            UsersTool(realm).roles("al", add=["meanwhile"])
        assert change.roles_of("al") == ("admin", "meanwhile", "x")
        assert tool.list_users()["al"] == ("admin", "meanwhile", "x")

    def test_a_link_that_was_moved_on_meanwhile(self, tool, realm):
        """The same content elsewhere is another file."""
        for name in ("old", "new"):
            (realm / name).mkdir()
            (realm / name / "users").write_bytes((realm / "users").read_bytes())
        (realm / "users").unlink()
        (realm / "users").symlink_to("old/users")
        with tool.transaction() as change:
            change.userdel("bob")
            (realm / "users").unlink()
            (realm / "users").symlink_to("new/users")
        assert b"bob" in (realm / "old" / "users").read_bytes()
        assert b"bob" not in (realm / "new" / "users").read_bytes()
        assert not (realm / "old" / "users.lock").exists()

    def test_a_link_that_is_moved_on_while_it_waits(self, tool, realm, monkeypatch):
        """Both the lock and the file are those of the folder that the link names in the end."""
        for name in ("old", "new"):
            (realm / name).mkdir()
            (realm / name / "users").write_bytes((realm / "users").read_bytes())
        (realm / "users").unlink()
        (realm / "users").symlink_to("old/users")
        waits = threading.Event()
        monkeypatch.setattr(
            lock, "_create", lambda path, real=lock._create: (real(path), waits.set())
        )
        waiting = threading.Thread(target=tool.userdel, args=["bob"])
        with write_lock(lambda: str(realm / "old" / "users.lock"), 1.0):
            waits.clear()
            waiting.start()
            assert waits.wait(10)
            (realm / "users").unlink()
            (realm / "users").symlink_to("new/users")
        waiting.join(10)
        assert b"bob" in (realm / "old" / "users").read_bytes()
        assert b"bob" not in (realm / "new" / "users").read_bytes()
        assert (realm / "new" / "users.lock").exists()

    def test_it_can_be_used_again_but_not_inside_itself(self, tool):
        transaction = tool.transaction()
        with transaction:
            transaction.userdel("bob")
            with pytest.raises(RuntimeError, match="while it is open"), transaction:
                pass
        with transaction:
            pass
        assert not transaction.changed

    def test_many_changes(self, tool):
        """More than a file is searched for one by one."""
        with tool.transaction() as change:
            for n in range(50):
                change.useradd(f"user{n}", password_hash=CHEAP_HASH, roles=["many"])
            change.userdel("user7")
            with pytest.raises(errors.UserExistsError):
                change.useradd("user8", password_hash=CHEAP_HASH)
        assert len(tool.list_users()) == 51
        assert tool.list_users("user8") == {"user8": ("many",)}

    def test_one_lock_one_read_and_one_write(self, tool, monkeypatch):
        opened, renamed = [], []
        open_, rename = system.open, system.rename
        with tool.transaction() as change:
            for n in range(20):
                change.useradd(f"user{n}", password_hash=CHEAP_HASH, roles=["many"])
            monkeypatch.setattr(
                system,
                "open",
                lambda path, *args: opened.append(os.path.basename(path)) or open_(path, *args),
            )
            monkeypatch.setattr(
                system,
                "rename",
                lambda old, new: renamed.append(os.path.basename(new)) or rename(old, new),
            )
        # For its content, and for its attributes, which are those of the same file.
        assert opened.count("users") == opened.count("users_roles") == 2
        assert renamed[:3] == ["users.journal", "users_roles", "users"]
        assert len([name for name in renamed if name in ("users", "users_roles")]) == 2

    def test_a_fault_at_the_last_moment_takes_all_three_writes_back(self, tool, realm):
        """When both files are exchanged, one of them twice, and that cannot be made durable."""
        before, renamed = contents(realm), []
        faults = [OSError(errno.EIO, "Input/output error")]

        def fail_in_the_end(call):
            if call.name == "rename":
                renamed.append(os.path.basename(call.args[1]))
            if call.name == "fsync" and renamed.count("users_roles") == 2 and faults:
                raise faults.pop()
            return call.make()

        with pytest.raises(errors.FileAccessError, match="Input/output error"):
            with intercepted(fail_in_the_end), tool.transaction() as change:
                change.passwd("bob", password_hash=OTHER_HASH)
                change.roles("bob", add=["x"], remove=["viewer"])
        assert not faults
        assert contents(realm) == before

    def test_what_killed_writers_left_is_removed(self, tool, realm):
        """Of both files, whichever is written."""
        for name in ("users", "users_roles"):
            (realm / f"{name}.0123456789abcdef.tmp").touch()
        tool.roles("bob", add=["x"])
        assert not list(realm.glob("*.tmp"))

    def test_changes_outside_of_its_block(self, tool):
        transaction = tool.transaction()
        with pytest.raises(RuntimeError, match="inside its with block"):
            transaction.roles_of("bob")
        with pytest.raises(RuntimeError, match="inside its with block"):
            transaction.userdel("bob")

    def test_hashing_holds_no_lock(self, tool, realm, monkeypatch):
        def hash_password(password, algorithm):
            with write_lock(lambda: str(realm / "users.lock"), 0.0):
                return CHEAP_HASH

        monkeypatch.setattr("esfilerealm.hashing.hash_password", hash_password)
        tool.useradd("ann", "secret")
        assert "ann" in tool.list_users()

    def test_existence_is_checked_before_hashing(self, tool, monkeypatch):
        monkeypatch.setattr("esfilerealm.hashing.hash_password", lambda *_: pytest.fail("hashed"))
        with pytest.raises(errors.UserExistsError):
            tool.useradd("bob", "secret")
        with pytest.raises(errors.UserNotFoundError):
            tool.passwd("ghost", "secret")


class TestOrderOfReplaces:
    """At no moment does anyone hold more than before or after (guarantee 3)."""

    @pytest.fixture
    def moments(self, monkeypatch, realm):
        """What a node sees after each replace: for each user its hash and its roles."""
        seen = []
        real = system.rename

        def rename(old, new):
            real(old, new)
            if os.path.basename(new) in ("users", "users_roles"):
                users = parse_users((realm / "users").read_bytes()).users
                roles = parse_users_roles((realm / "users_roles").read_bytes()).roles_by_user
                seen.append({name: (users[name], set(roles.get(name, ()))) for name in users})

        monkeypatch.setattr(system, "rename", rename)
        return seen

    @pytest.fixture
    def leftover_roles(self, realm):
        with (realm / "users_roles").open("a") as file:
            file.write("superuser:ann\n")

    def test_grant(self, tool, moments, leftover_roles):
        tool.useradd("ann", password_hash=CHEAP_HASH, roles=["viewer"])
        assert [m.get("ann") for m in moments] == [None, (CHEAP_HASH, {"viewer"})]

    def test_removal(self, tool, moments):
        tool.userdel("bob")
        assert [m.get("bob") for m in moments] == [None, None]

    def test_grant_and_removal(self, tool, moments, leftover_roles):
        with tool.transaction() as change:
            change.userdel("bob")
            change.useradd("ann", password_hash=OTHER_HASH)
        assert [m.get("ann") for m in moments] == [None, (OTHER_HASH, set())]
        assert [m.get("bob") for m in moments] == [(CHEAP_HASH, set()), None]

    @pytest.mark.parametrize(
        "verbs",
        [
            lambda t: (
                t.userdel("bob"),
                t.useradd("bob", password_hash=OTHER_HASH, roles=["viewer", "superuser"]),
            ),
            lambda t: (
                t.passwd("bob", password_hash=OTHER_HASH),
                t.roles("bob", add=["superuser"], remove=["admin"]),
                t.useradd("ann", password_hash=OTHER_HASH, roles=["viewer"]),
            ),
            lambda t: (
                t.roles("bob", remove=["admin", "viewer"]),
                t.passwd("bob", password_hash=OTHER_HASH),
            ),
        ],
        ids=["another of the same name", "password and roles", "password and fewer roles"],
    )
    def test_hash_and_roles(self, tool, realm, moments, verbs):
        """Whoever knows a password holds what it gave before, or what it gives afterwards."""
        before = tool.list_users()["bob"]
        with tool.transaction() as change:
            verbs(change)
        allowed = {CHEAP_HASH: set(before), OTHER_HASH: set(tool.list_users()["bob"])}
        for moment in moments:
            password_hash, roles = moment["bob"]
            assert roles <= allowed[password_hash]
        assert moments[-1]["bob"] == (OTHER_HASH, allowed[OTHER_HASH])


class TestDryRun:
    def test_checks_and_writes_nothing(self, realm):
        tool = UsersTool(realm, dry_run=True)
        before = contents(realm)
        tool.useradd("ann", "secret", roles=["new"])
        tool.userdel("bob")
        assert tool.roles("al", add=["x"]) == ("admin", "x")
        with pytest.raises(errors.UserExistsError):
            tool.useradd("bob", "secret")
        with tool.transaction() as change:
            change.roles("al", add=["admin"])
        assert not change.changed
        with tool.transaction() as change:
            change.roles("al", add=["x"])
        assert change.changed
        assert contents(realm) == before
        assert not (realm / "users.lock").exists()

    def test_a_folder_that_could_not_be_written(self, realm, monkeypatch):
        monkeypatch.setattr(system, "access", lambda *_, **__: False)
        tool = UsersTool(realm, dry_run=True)
        with pytest.raises(errors.FilePermissionError, match="not writable"):
            tool.userdel("bob")
        assert tool.roles("bob", add=["admin"]) == ("admin", "viewer")


class TestResults:
    def test_what_was_written(self, tool, realm):
        before = {name: sha256(data).hexdigest() for name, data in contents(realm).items()}
        result = tool.useradd("ann", password_hash=CHEAP_HASH, roles=["x"])
        after = {name: sha256(data).hexdigest() for name, data in contents(realm).items()}
        assert result
        assert [os.path.basename(file.path) for file in result.files] == ["users", "users_roles"]
        for file in result.files:
            status = os.stat(file.path)
            name = os.path.basename(file.path)
            assert (file.changed, file.strategy, file.lost) == (True, "rename", ())
            assert (file.before, file.after) == (before[name], after[name])
            assert (file.owner, file.group) == (status.st_uid, status.st_gid)
            assert file.mode == status.st_mode & 0o7777
        assert (result.created, bool(result.recovery)) == ((), False)

    def test_what_was_not(self, tool):
        result = tool.passwd("bob", password_hash=CHEAP_HASH)
        assert not result
        for file in result.files:
            assert (file.changed, file.strategy, file.before) == (False, None, file.after)

    def test_of_a_file_that_is_made(self, tool, realm):
        (realm / "users_roles").unlink()
        users, users_roles = tool.roles("bob", add=["x"]).write.files
        assert (users.changed, users_roles.changed) == (False, True)
        assert (users_roles.before, users_roles.mode) == (
            None,
            (realm / "users_roles").stat().st_mode & 0o7777,
        )

    def test_of_a_dry_run(self, realm):
        before = contents(realm)
        result = UsersTool(realm, dry_run=True).passwd("bob", password_hash=OTHER_HASH)
        assert [file.changed for file in result.files] == [True, False]
        assert result.changes.passwords == ("bob",)
        assert contents(realm) == before
        really = UsersTool(realm).passwd("bob", password_hash=OTHER_HASH)
        assert result == really

    def test_what_became_of_the_users(self, tool):
        with tool.transaction() as change:
            change.useradd("ann", password_hash=CHEAP_HASH, roles=["x"])
            change.passwd("bob", password_hash=OTHER_HASH)
            change.roles("bob", remove=["admin"])
            change.userdel("al")
        changes = change.result.changes
        assert dict(changes.added) == {"ann": ("x",)}
        assert (changes.removed, changes.passwords) == (("al",), ("bob",))
        assert dict(changes.roles) == {"bob": (("admin", "viewer"), ("viewer",))}
        assert changes.names == {"ann", "bob", "al"}

    def test_can_be_sent_and_written_down(self, tool):
        roles = tool.roles("bob", add=["x"])
        assert roles == ("admin", "viewer", "x")
        again = pickle.loads(pickle.dumps(roles))
        assert (again, again.write) == (roles, roles.write)
        told = json.loads(json.dumps(roles.write.to_dict()))
        assert told["changed"] is True
        assert told["changes"]["roles"] == {"bob": [["admin", "viewer"], list(roles)]}

    def test_before_there_is_one(self, tool):
        transaction = tool.transaction()
        with pytest.raises(RuntimeError, match="has a result when its with block is left"):
            transaction.result  # noqa: B018 - it is asked for
        with transaction:
            assert not transaction.changed


class TestOptions:
    @pytest.mark.parametrize(
        "options",
        [
            {"strategy": "copy"},
            {"attributes": "ignore"},
            {"keep": -1},
            {"keep": True},
            {"owner": "nobody here"},
            {"group": 2**32 - 1},
            {"mode": 0o10000},
        ],
        ids=lambda options: next(iter(options)),
    )
    def test_that_make_no_sense(self, realm, options):
        """Known at once, and not at the first write."""
        with pytest.raises(ValueError, match=next(iter(options))):
            UsersTool(realm, **options)

    @posix
    def test_a_mode_is_given_to_both_files_by_any_write(self, realm):
        for name in ("users", "users_roles"):
            (realm / name).chmod(0o600)
        result = UsersTool(realm, mode=0o640).passwd("bob", password_hash=OTHER_HASH)
        assert [file.mode for file in result.files] == [0o640, 0o640]
        assert [(realm / n).stat().st_mode & 0o777 for n in ("users", "users_roles")] == [0o640] * 2

    @posix
    def test_even_if_no_content_changes(self, realm):
        before = contents(realm)
        result = UsersTool(realm, mode=0o604).roles("bob", add=["admin"]).write
        assert [file.changed for file in result.files] == [True, True]
        assert [file.mode for file in result.files] == [0o604, 0o604]
        assert contents(realm) == before
        again = UsersTool(realm, mode=0o604).roles("bob", add=["admin"]).write
        assert not again

    @root
    def test_an_owner_and_a_group(self, realm):
        UsersTool(realm, owner=STRANGER, group=str(STRANGER + 1)).userdel("bob")
        for name in ("users", "users_roles"):
            status = (realm / name).stat()
            assert (status.st_uid, status.st_gid) == (STRANGER, STRANGER + 1)

    def test_overwriting_in_place(self, tool, realm):
        before = {name: (realm / name).stat().st_ino for name in ("users", "users_roles")}
        result = UsersTool(realm, strategy="in_place").userdel("bob")
        for file in result.files:
            assert os.stat(file.path).st_ino == before[os.path.basename(file.path)]
            assert (file.strategy, len(file.lost)) == ("in_place", 1)
        assert list(tool.list_users()) == ["al"]
        assert not list(realm.glob("*.tmp"))

    @root
    def test_what_cannot_be_kept_is_refused_or_told(self, open_folder):
        """For a member of the group of a folder whose files are not theirs."""
        for name, data in (("users", f"bob:{CHEAP_HASH}\n"), ("users_roles", "viewer:bob\n")):
            (open_folder / name).write_text(data)
            (open_folder / name).chmod(0o660)
        for path in (open_folder, *open_folder.iterdir()):
            os.chown(path, 0, STRANGER)
        open_folder.chmod(0o775)
        UsersTool(open_folder).roles("bob", add=["x"])  # so that all is imported
        before = contents(open_folder)
        with acting_as(STRANGER, STRANGER):
            with pytest.raises(errors.FilePermissionError, match=r"cannot give it owner \[0\]"):
                UsersTool(open_folder).roles("bob", add=["y"])
            assert contents(open_folder) == before
            result = UsersTool(open_folder, attributes="warn").roles("bob", add=["y"]).write
        users, users_roles = result.files
        assert users.lost == ()
        assert users_roles.lost == ("owner [0] could not be given to it",)
        assert (users_roles.owner, users_roles.group) == (STRANGER, STRANGER)

    def test_a_lock_that_other_machines_do_not_know_of(self, realm, monkeypatch):
        monkeypatch.setattr(lock, "has_local_locks", lambda path: "vboxsf")
        before = contents(realm)
        for call in ("recover", "check", "init"):
            with pytest.raises(errors.FileAccessError, match=r"\[vboxsf\] keeps locks"):
                getattr(UsersTool(realm), call)()
        with pytest.raises(errors.FileAccessError, match=r"\[vboxsf\] keeps locks"):
            UsersTool(realm).userdel("bob")
        assert contents(realm) == before
        tool = UsersTool(realm, allow_local_lock=True)
        for call in (tool.recover, tool.check, tool.init, lambda: tool.userdel("bob")):
            call()
        assert list(tool.list_users()) == ["al"]


class TestRecovery:
    @pytest.fixture
    def unfinished(self, tool):
        broken_off(lambda: tool.useradd("ann", password_hash=CHEAP_HASH, roles=["x"]), 2)

    @pytest.mark.parametrize(
        "verb",
        [
            UsersTool.recover,
            lambda tool: tool.check().recovery,
            lambda tool: tool.init().recovery,
            lambda tool: tool.passwd("al", password_hash=OTHER_HASH).recovery,
            lambda tool: tool.roles("al", add=["admin"]).write.recovery,
        ],
        ids=["recover", "check", "init", "passwd", "no change"],
    )
    def test_every_verb_that_takes_the_lock_does_it_and_tells(self, tool, realm, unfinished, verb):
        recovery = verb(tool)
        assert (recovery.outcome, recovery.path) == ("rolled_back", str(realm / "users.journal"))
        assert (realm / "users_roles").read_text() == "# roles\nadmin: bob , al\nviewer:bob\n"
        assert sorted(contents(realm)) == ["elasticsearch.yml", "users", "users_roles"]

    def test_a_dry_run_and_a_listing_leave_it(self, tool, realm, unfinished):
        before = contents(realm)
        assert list(tool.list_users()) == ["bob", "al"]
        assert list(tool.listing().orphans) == []
        UsersTool(realm, dry_run=True).useradd("ann", password_hash=CHEAP_HASH)
        assert contents(realm) == before

    def test_a_refusal_comes_after_it(self, tool, realm, unfinished):
        with pytest.raises(errors.UserExistsError), tool.transaction() as change:
            change.useradd("new", password_hash=CHEAP_HASH)
            UsersTool(realm).useradd("new", password_hash=CHEAP_HASH)
        assert not (realm / "users.journal").exists()


class TestCheck:
    def test_nothing_is_odd(self, realm):
        (realm / "users").write_text(f"# people\n\nbob:{CHEAP_HASH}\n")
        (realm / "users_roles").write_text("admin:bob\n")
        check = UsersTool(realm).check()
        assert check
        assert (check.problems, check.recovery.outcome) == ((), "none")
        assert check.to_dict()["users"] == 1

    def test_what_a_person_should_look_at(self, tool, realm):
        (realm / "users").write_text(f"bob:{CHEAP_HASH}\noops\nal:swordfish\n")
        (realm / "users_roles").write_text(f"admin:bob,ghost\nx:{CHEAP_HASH}\n")
        (realm / "users.journal").write_text("notes\n")
        check = tool.check()
        assert not check
        assert check.recovery.outcome == "set_aside"
        text = "\n".join(check.problems)
        for part in (
            r"users\], line \[2\]: .*; a node skips the line",
            r"no password can be right for user \[al\]: ",
            r"users_roles\] gives roles to \[ghost\], who is no user",
            r"users_roles\] gives roles to \[\(a hash\)\]",
            r"rejected\] is the record of a change that could not be ended",
        ):
            assert re.search(part, text)
        assert "swordfish" not in text
        assert CHEAP_HASH not in text

    @root
    def test_who_may_not_write_is_told_all_the_same(self, open_folder):
        UsersTool(open_folder).init()
        for path in (open_folder, *open_folder.iterdir()):
            path.chmod(0o755 if path.is_dir() else 0o644)
        (open_folder / "users.lock").unlink()
        tool = UsersTool(open_folder)
        assert tool.check()
        (open_folder / "users.lock").unlink()
        with acting_as(STRANGER, STRANGER):
            assert tool.check().recovery.outcome == "none"
            assert not tool.init()
        (open_folder / "users.journal").write_text("notes\n")
        for call in (tool.check, tool.init):
            with acting_as(STRANGER, STRANGER), pytest.raises(errors.FilePermissionError):
                call()


class TestInit:
    def test_from_nothing(self, tmp_path):
        tool = UsersTool(tmp_path / "new")
        names = [tmp_path / "new", tmp_path / "new" / "users", tmp_path / "new" / "users_roles"]
        result = tool.init()
        assert result
        assert result.created == tuple(str(name) for name in names)
        assert tool.list_users() == {}
        assert not tool.init()

    def test_what_is_there_stays(self, tool, realm):
        (realm / "users_roles").unlink()
        before = (realm / "users").stat()
        result = tool.init()
        assert result.created == (str(realm / "users_roles"),)
        assert [file.changed for file in result.files] == [False, True]
        assert (realm / "users").stat().st_ino == before.st_ino

    def test_the_folder_is_not_for_everyone(self, tmp_path):
        UsersTool(tmp_path / "new").init()
        assert (tmp_path / "new").stat().st_mode & 0o007 == 0

    def test_a_link_into_no_folder(self, tmp_path):
        (tmp_path / "users").touch()
        (tmp_path / "users_roles").symlink_to("nowhere/users_roles")
        for call in (
            UsersTool(tmp_path).init,
            lambda: UsersTool(tmp_path).useradd("ann", "secret", roles=["x"]),
        ):
            with pytest.raises(errors.FileAccessError, match="No such file"):
                call()
        assert (tmp_path / "users").read_bytes() == b""

    def test_with_nothing_to_do_neither_file_is_touched(self, realm):
        """The lock is taken all the same, to end what somebody else may have left unfinished."""
        before = [Stamp.of((realm / name).stat()) for name in ("users", "users_roles")]
        result = UsersTool(realm).init()
        assert (bool(result), result.created) == (False, ())
        assert [Stamp.of((realm / name).stat()) for name in ("users", "users_roles")] == before
        assert sorted(contents(realm)) == ["elasticsearch.yml", "users", "users_roles"]

    def test_attributes(self, tmp_path):
        UsersTool(tmp_path).init(mode=0o604, group=os.getegid(), owner=os.geteuid())
        assert (tmp_path / "users").stat().st_mode & 0o777 == 0o604
        assert (tmp_path / "users_roles").stat().st_mode & 0o777 == 0o604

    def test_bad_attributes(self, tmp_path):
        wishes = [{"owner": "nobody here"}, {"group": 2**32 - 1}, {"owner": -1}, {"mode": -1}]
        for wish in wishes:
            for dry_run in (True, False):
                with pytest.raises(errors.InvalidAttributeError):
                    UsersTool(tmp_path / "new", dry_run=dry_run).init(**wish)
        assert not (tmp_path / "new").exists()

    def test_dry_run(self, tmp_path):
        result = UsersTool(tmp_path / "new", dry_run=True).init()
        assert result.changed
        assert len(result.created) == 3
        assert not (tmp_path / "new").exists()


@posix
class TestLinks:
    def test_the_target_is_replaced(self, tool, realm):
        (realm / "data").mkdir()
        (realm / "users").rename(realm / "data" / "u")
        (realm / "users").symlink_to("data/u")
        tool.userdel("bob")
        assert (realm / "users").is_symlink()
        assert b"bob" not in (realm / "data" / "u").read_bytes()

    @pytest.mark.parametrize("link", [os.symlink, os.link])
    def test_both_files_in_one(self, tool, realm, link):
        (realm / "users_roles").unlink()
        link(realm / "users", realm / "users_roles")
        before = (realm / "users").read_bytes()
        with pytest.raises(errors.FileAccessError, match="the same file"):
            tool.useradd("ann", "secret", roles=["viewer"])
        assert (realm / "users").read_bytes() == before

    def test_both_files_would_be_one(self, tmp_path):
        for name in ("users", "users_roles"):
            (tmp_path / name).symlink_to("same")
        with pytest.raises(errors.FileAccessError, match="the same file"):
            UsersTool(tmp_path).init()
        assert not (tmp_path / "same").exists()

    def test_a_dangling_link_is_a_missing_file(self, tool, realm):
        (realm / "users_roles").unlink()
        (realm / "users_roles").symlink_to("real_roles")
        assert tool.list_users()["bob"] == ()
        tool.roles("bob", add=["admin"])
        assert (realm / "real_roles").read_text() == "admin:bob\n"
        assert (realm / "users_roles").is_symlink()


def test_threads_lose_nothing(realm):
    def add(start):
        tool = UsersTool(realm, lock_timeout=60.0)
        for n in range(start, start + 10):
            tool.useradd(f"user{n}", password_hash=CHEAP_HASH, roles=["many"])

    threads = [threading.Thread(target=add, args=(10 * n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(UsersTool(realm).list_users()) == 42
