"""Authorization realms know the roles of users whom a PKI realm authenticates."""

from __future__ import annotations

import pytest
from support.hashes import CHEAP_HASH
from support.pki_realm import BOB, login, made_realm, trust

from esfilerealm import FileRealm, User
from esfilerealm.errors import InvalidSettingError
from esfilerealm.realms import AuthorizationRealms


class Directory:
    """Another realm: it knows some users by name."""

    def __init__(self, name, *users, others=False):
        self.name = name
        self.users = {user.username: user for user in users}
        self.asked = []
        self.has_authorization_realms = others

    def lookup_user(self, username):
        self.asked.append(username)
        return self.users.get(username)


A = User(BOB, ("role_a",), full_name="Bob", metadata={"from": "a"})
B = User(BOB, ("role_b",))


def found(names, *realms):
    return AuthorizationRealms(names, realms, key="authorization_realms", where="here")


def test_the_listed_order_decides():
    realms = Directory("a", A), Directory("b", B)
    assert found(["b", "a"], *realms).authorize(BOB).user is B
    assert found(["a", "b"], *realms).authorize(BOB).user is A


def test_the_next_is_asked_if_one_does_not_know():
    first = Directory("b")
    assert found(["b", "a"], Directory("a", A), first).authorize(BOB).user is A
    assert first.asked == [BOB]


def test_nobody_knows():
    result = found(["a", "b"], Directory("a"), Directory("b")).authorize("jane\n")
    assert result.reason == "not_authorized"
    assert "[jane\\n]" in result.message
    assert "realms [a], [b]" in result.message


def test_none_are_named():
    none = found([], Directory("a", A))
    assert repr(none) == "<AuthorizationRealms []>"
    assert not none
    assert not none.authorize(BOB)


@pytest.mark.parametrize(
    ("realms", "message"),
    [
        ((), "there are: none"),
        ((Directory("b"),), "there are: \\[b\\]"),
        ((Directory("a", others=True),), "already delegating authorization"),
    ],
    ids=["none", "another", "one that asks itself"],
)
def test_one_that_cannot_be_asked(realms, message):
    with pytest.raises(InvalidSettingError, match=message):
        found(["a"], *realms)


class TestOfAPkiRealm:
    def made(self, folder, *realms):
        return made_realm(folder, realms, authorization_realms=("a",))

    def test_roles_are_theirs(self, tmp_path):
        realm = self.made(tmp_path, Directory("a", A))
        assert login(realm, "bob").user is A
        assert realm.has_authorization_realms
        assert not realm.is_prompt

    def test_they_are_asked_again_for_a_remembered_login(self, tmp_path):
        directory = Directory("a", A)
        realm = self.made(tmp_path, directory)
        login(realm, "bob")
        directory.users[BOB] = B
        assert login(realm, "bob").user is B
        assert directory.asked == [BOB, BOB]
        directory.users = {}
        assert login(realm, "bob").reason == "not_authorized"
        assert realm.usage_stats()["cache"]["hits"] == 2

    def test_who_is_not_trusted_is_not_looked_up(self, tmp_path):
        directory = Directory("a", A)
        assert not login(self.made(tmp_path, directory), "foreign")
        assert directory.asked == []

    def test_they_may_be_given_later(self, tmp_path):
        realm = made_realm(tmp_path, authorization_realms=("a",))
        realm.initialize([Directory("a", A)])
        assert login(realm, "bob").user is A

    @pytest.mark.parametrize("use", [lambda r: r.__enter__(), lambda r: login(r, "bob")])
    def test_without_them_nobody_logs_in(self, tmp_path, use):
        realm = made_realm(tmp_path, authorization_realms=("a",))
        with pytest.raises(InvalidSettingError, match="does not exist"):
            use(realm)

    def test_pki_realms_know_nobody(self, tmp_path):
        other = made_realm(tmp_path, name="a")
        assert login(self.made(tmp_path, other), "bob").reason == "not_authorized"

    def test_pki_realms_that_ask_others_cannot_be_asked(self, tmp_path):
        other = made_realm(tmp_path, [Directory("x")], name="a", authorization_realms=("x",))
        with pytest.raises(InvalidSettingError, match="already delegating"):
            self.made(tmp_path, other)

    def test_the_file_realm(self, config):
        (config / "users").write_text(f"{BOB.split()[0]}:{CHEAP_HASH}\n")
        (config / "users_roles").write_text(f"admin:{BOB.split()[0]}\n")
        with FileRealm(config) as file:
            realm = made_realm(
                config,
                [file],
                authorization_realms=("default_file",),
                username_pattern="CN=(.*?) ",
            )
            assert realm.is_prompt
            assert login(realm, "bob").user.roles == ("admin",)

    def test_trust_that_changes_meanwhile_counts(self, tmp_path):
        directory = Directory("a", A)
        realm = self.made(tmp_path, directory)
        assert login(realm, "bob")

        def withdraw(username):
            trust(tmp_path, "foreign_root")
            realm.reload()
            return A

        directory.lookup_user = withdraw
        assert login(realm, "bob").reason == "certificate_not_trusted"
