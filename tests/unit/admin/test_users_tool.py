"""What each verb of an administrator does, and what it refuses."""

from __future__ import annotations

import pytest
from support.hashes import CHEAP_HASH
from support.storing import contents

from esfilerealm import RealmSettings, UsersTool, errors, hash_password
from esfilerealm._storage.lock import write_lock
from esfilerealm.formats import parse_users


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
        with pytest.raises(TypeError, match="not one string"):
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
            (("useradd", "bob", "secret"), errors.UserExistsError, r"user \[bob\] already exists"),
            (("userdel", "ghost"), errors.UserNotFoundError, r"\[ghost\] doesn't exist"),
            (
                ("passwd", "ghost", "secret"),
                errors.UserNotFoundError,
                r"\[ghost\] doesn't exist",
            ),
            (("roles", "ghost"), errors.UserNotFoundError, r"\[ghost\] doesn't exist"),
            (("list_users", "ghost"), errors.UserNotFoundError, r"\[ghost\] doesn't exist"),
            (
                ("verify", "ghost", "secret"),
                errors.UserNotFoundError,
                r"\[ghost\] doesn't exist",
            ),
            (("useradd", "a:b", "secret"), errors.InvalidUsernameError, r"\[:\]"),
            (("useradd", "a,b", "secret"), errors.InvalidUsernameError, r"\[,\]"),
            (("useradd", "#a", "secret"), errors.InvalidUsernameError, r"\[#\]"),
            (("useradd", "a\nb", "secret"), errors.InvalidUsernameError, r"\[a\\nb\].*printable"),
            (("useradd", " a", "secret"), errors.InvalidUsernameError, "start or end"),
            (("useradd", "x" * 1025, "secret"), errors.InvalidUsernameError, "1 to 1024"),
            (("useradd", "elastic", "secret"), errors.InvalidUsernameError, "reserved"),
            (("useradd", "_anonymous", "secret"), errors.InvalidUsernameError, "reserved"),
            (("useradd", "ann", "12345"), errors.InvalidPasswordError, "at least 6"),
            (("useradd", None, "secret"), errors.InvalidUsernameError, "must be a string"),
            (("useradd", "ann", 123456), errors.InvalidPasswordError, "must be a string"),
            (("useradd", "ann", "pass\udcffword"), errors.InvalidPasswordError, "UTF-8 can hold"),
            (("verify", "bob", None), errors.InvalidPasswordError, "must be text"),
            (("roles", None), errors.InvalidUsernameError, "must be a string"),
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
        assert "lets in whoever types the text itself" in tool.hash_problem("a")
        assert tool.hash_problem("b")
        assert tool.hash_problem("c") is None

    def test_listing_tells_orphans_and_skipped_lines(self, tool, realm):
        (realm / "users_roles").write_text("admin:ghost,bob,,x\nnothing\n")
        listing = tool.listing()
        assert listing.orphans == ("ghost", "x")
        assert listing.users == {"bob": ("admin",), "al": ()}
        assert [i.line_number for i in listing.issues["users"]] == [3]
        assert [i.kind for i in listing.issues["users_roles"]] == ["malformed"]
