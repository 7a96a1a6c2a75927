"""What an administrator can do, and what every failure leaves."""

from __future__ import annotations

import os
import threading

import pytest
from conftest import CHEAP_HASH

from esfilerealm import RealmSettings, UsersTool, errors, hash_password
from esfilerealm._storage import lock
from esfilerealm._storage.lock import write_lock
from esfilerealm.formats import parse_users, parse_users_roles

#: bcrypt at cost 5 of "test123".
OTHER_HASH = "$2a$05$zxnP0vdREMxnEpkLCDI2OuSaSk/QEKA2.A42iOpI6U2u.RLLOWm1e"


def contents(config):
    return {p.name: p.read_bytes() for p in config.iterdir() if p.suffix != ".lock"}


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
        with write_lock(lambda: tool.paths.lock, 1.0), pytest.raises(errors.LockTimeoutError):
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
        opened = []
        real = os.open
        with tool.transaction() as change:
            for n in range(20):
                change.useradd(f"user{n}", password_hash=CHEAP_HASH, roles=["many"])
            monkeypatch.setattr(
                os,
                "open",
                lambda path, *args: opened.append(os.path.basename(path)) or real(path, *args),
            )
        assert opened.count("users") == opened.count("users_roles") == 1
        assert len([name for name in opened if name.endswith(".tmp")]) == 2

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
            with write_lock(lambda: tool.paths.lock, 0.0):
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
        real = os.replace

        def replace(*paths):
            real(*paths)
            users = parse_users((realm / "users").read_bytes()).users
            roles = parse_users_roles((realm / "users_roles").read_bytes()).roles_by_user
            seen.append({name: (users[name], set(roles.get(name, ()))) for name in users})

        monkeypatch.setattr(os, "replace", replace)
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
        monkeypatch.setattr(os, "access", lambda *_: False)
        tool = UsersTool(realm, dry_run=True)
        with pytest.raises(errors.FilePermissionError, match="not writable"):
            tool.userdel("bob")
        assert tool.roles("bob", add=["admin"]) == ("admin", "viewer")


class TestInit:
    def test_from_nothing(self, tmp_path):
        tool = UsersTool(tmp_path / "new")
        names = [tmp_path / "new", tmp_path / "new" / "users", tmp_path / "new" / "users_roles"]
        assert tool.init() == [str(name) for name in names]
        assert tool.list_users() == {}
        assert tool.init() == []

    def test_what_is_there_stays(self, tool, realm):
        (realm / "users_roles").unlink()
        before = (realm / "users").stat()
        assert tool.init() == [str(realm / "users_roles")]
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

    def test_with_nothing_to_do_nothing_is_touched(self, realm):
        assert UsersTool(realm).init() == []
        assert not (realm / "users.lock").exists()

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
        created = UsersTool(tmp_path / "new", dry_run=True).init()
        assert len(created) == 3
        assert not (tmp_path / "new").exists()


@pytest.mark.skipif(os.name == "nt", reason="links of POSIX")
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
