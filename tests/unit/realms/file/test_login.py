"""Logins: who gets in, and what is computed for it."""

from __future__ import annotations

import time

import pytest
from support.hashes import CHEAP_HASH, PASSWORD

from esfilerealm import (
    AuthenticationStatus,
    UsernamePasswordToken,
    errors,
    hash_password,
)


class TestAnswers:
    def test_right_password(self, realm):
        result = realm.authenticate("bob", PASSWORD)
        assert result
        assert result.status is AuthenticationStatus.SUCCESS
        assert result.user.username == "bob"
        assert result.user.roles == ("viewer", "admin")
        assert result.user.enabled

    def test_wrong_password(self, realm):
        result = realm.authenticate("bob", "wrong-password")
        assert not result
        assert result.status is AuthenticationStatus.CONTINUE
        assert result.user is None
        assert "[bob]" in result.message
        assert "wrong-password" not in result.message

    def test_unknown_name(self, realm):
        result = realm.authenticate("nobody", PASSWORD)
        assert result.status is AuthenticationStatus.CONTINUE
        assert result.message is None

    @pytest.mark.parametrize(
        "name", ["", "Bob", " bob", "bob ", "bob\n", "böb", "\ud800", "a" * 9999]
    )
    def test_names_are_compared_exactly(self, realm, name):
        assert realm.authenticate(name, PASSWORD).message is None

    def test_a_message_with_a_strange_name_is_one_line(self, make, folder):
        (folder / "users").write_text(f"b~b:{CHEAP_HASH}\n")
        assert make().authenticate("b~b", "wrong-password").message.isprintable()

    @pytest.mark.parametrize(
        ("username", "password", "error"),
        [
            (7, PASSWORD, errors.InvalidUsernameError),
            (None, PASSWORD, errors.InvalidUsernameError),
            (["bob"], PASSWORD, errors.InvalidUsernameError),
            ("bob", b"test-password", errors.InvalidPasswordError),
            ("bob", None, errors.InvalidPasswordError),
        ],
    )
    def test_what_is_no_text(self, realm, username, password, error):
        for _ in range(2):
            with pytest.raises(error, match="must be a string"):
                realm.authenticate(username, password)

    def test_half_a_surrogate_pair_in_a_password_counts_as_on_a_node(self, make, folder):
        (folder / "users").write_text(f"bob:{hash_password('half ? of it', 'bcrypt4')}\n")
        realm = make()
        for _ in range(2):
            assert realm.authenticate("bob", "half \ud800 of it")

    def test_token(self, realm):
        header = UsernamePasswordToken("bob", PASSWORD).to_basic_header()
        token = realm.token(header)
        assert realm.authenticate_token(token)
        assert realm.token(None) is None

    def test_lookup(self, realm):
        assert realm.lookup_user("bob").roles == ("viewer", "admin")
        assert realm.lookup_user("al").roles == ()
        assert realm.lookup_user("nobody") is None
        with pytest.raises(errors.InvalidUsernameError):
            realm.lookup_user(None)

    def test_roles_of_an_unknown_user_let_nobody_in(self, make, folder):
        (folder / "users_roles").write_text("superuser:ghost\n")
        realm = make()
        assert realm.authenticate("ghost", PASSWORD).message is None
        assert realm.lookup_user("ghost") is None


class TestLongPasswords:
    @pytest.mark.parametrize("length", [4096, 4097])
    def test_limit_is_in_bytes(self, make, folder, verified, length):
        for password in ("a" * length, "ä" * (length // 2) + "a" * (length % 2)):
            stored = hash_password(password, "pbkdf2_1000")
            (folder / "users").write_text(f"bob:{stored}\n")
            realm = make()
            verified.clear()
            results = [realm.authenticate("bob", password) for _ in range(2)]
            assert [bool(result) for result in results] == [length == 4096] * 2
            assert len(verified) == (length == 4096)

    def test_the_message_is_the_same_for_an_unknown_user(self, realm, verified):
        password = "x" * 5000
        messages = {realm.authenticate(name, password).message for name in ("bob", "nobody")}
        assert messages == {"the password is longer than 4096 bytes"}
        assert not verified


class TestUnusableHashes:
    @pytest.mark.parametrize(
        "stored",
        ["swordfish", "$apr1$aaaaaaaa$bbbbbbbbbbbbbbbbbbbbbb", "$2a$10$short", "{SSHA256}x"],
    )
    def test_let_nobody_in_and_never_raise(self, make, folder, verified, stored):
        (folder / "users").write_text(f"al:{stored}\nbob:{CHEAP_HASH}\n")
        realm = make()
        for password in (stored, PASSWORD):
            result = realm.authenticate("al", password)
            assert not result
            assert "[al]" in result.message
        assert verified == [CHEAP_HASH] * 2
        assert realm.authenticate("bob", PASSWORD)

    def test_clear_text_if_asked_for(self, make):
        realm = make(accept_clear_text=True)
        assert realm.authenticate("al", "swordfish")
        assert realm.authenticate("al", "swordfish")
        assert not realm.authenticate("al", "wrong-password")

    def test_a_foreign_hash_is_never_a_password(self, make, folder):
        stored = "$apr1$aaaaaaaa$bbbbbbbbbbbbbbbbbbbbbb"
        (folder / "users").write_text(f"al:{stored}\n")
        assert not make(accept_clear_text=True).authenticate("al", stored)

    def test_what_a_node_verifies_is_verified(self, make, folder):
        (folder / "users").write_text("al:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n")
        assert make().authenticate("al", "password")


class TestUnknownNames:
    def test_cost_as_much_as_a_wrong_password(self, realm, verified):
        realm.authenticate("nobody", PASSWORD)
        assert verified == [CHEAP_HASH]

    def test_the_password_of_the_decoy_hash_lets_nobody_in(self, realm):
        result = realm.authenticate("nobody", PASSWORD)
        assert not result
        assert realm.usage_stats()["cache"]["size"] == 0

    def test_may_be_answered_at_once(self, make, verified):
        realm = make(conceal_unknown_users=False)
        realm.authenticate("nobody", PASSWORD)
        realm.authenticate("al", "swordfish")
        assert not verified

    def test_in_an_empty_realm_there_is_nothing_to_conceal(self, make, folder, verified):
        (folder / "users").write_text("")
        assert make().authenticate("nobody", PASSWORD).message is None
        assert not verified


def test_time_is_taken_from_a_clock_that_never_goes_back(realm, monkeypatch):
    realm.authenticate("bob", PASSWORD)
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert realm.authenticate("bob", PASSWORD)
