"""What a chain relies on, of every realm: of files, of certificates, and of a program."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from support.hashes import CHEAP_HASH, PASSWORD
from support.pki_realm import BOB, made_realm, request
from support.realms import ProgramRealm

from esfilerealm import (
    AuthenticationResult,
    AuthenticationStatus,
    FileRealm,
    RealmChain,
    User,
    UsernamePasswordToken,
)
from esfilerealm.realms import Request


class OfFiles:
    """``FileRealm``."""

    can_look_up = True

    def make(self, folder):
        (folder / "users").write_text(f"{BOB}:{CHEAP_HASH}\n")
        (folder / "users_roles").write_text(f"ops:{BOB}\n")
        return FileRealm(folder)

    def request(self):
        token = UsernamePasswordToken(BOB, PASSWORD)
        return Request({"Authorization": token.to_basic_header()})

    def request_of_a_stranger(self):
        token = UsernamePasswordToken("nobody", PASSWORD)
        return Request({"Authorization": token.to_basic_header()})


class OfAProgram(OfFiles):
    """The least that is a realm."""

    def make(self, folder):
        return ProgramRealm("ops", {BOB: PASSWORD})


class OfCertificates:
    """``PkiRealm``."""

    can_look_up = False

    def make(self, folder):
        return made_realm(folder)

    def request(self):
        return request("bob")

    def request_of_a_stranger(self):
        return request("foreign")


@pytest.mark.parametrize("kind", [OfFiles, OfAProgram, OfCertificates], ids=lambda k: k.__doc__)
class TestContract:
    @pytest.fixture
    def made(self, kind):
        return kind()

    @pytest.fixture
    def realm(self, made, tmp_path):
        return made.make(tmp_path)

    def test_what_it_is(self, realm):
        assert isinstance(realm.name, str)
        assert isinstance(realm.type, str)
        assert isinstance(realm.order, int)
        assert isinstance(realm.usage_stats(), Mapping)
        assert realm.usage_stats()["name"] == realm.name

    def test_no_credentials_are_no_token(self, realm):
        assert realm.token(Request()) is None
        assert realm.token(Request({"Authorization": "Bearer abc"})) is None

    def test_it_supports_its_own_token_and_no_other(self, realm, made):
        assert realm.supports(realm.token(made.request()))
        for other in (None, "token", object()):
            assert not realm.supports(other)

    def test_a_success_is_a_user(self, realm, made):
        result = realm.authenticate(realm.token(made.request()))
        assert isinstance(result, AuthenticationResult)
        assert result.status is AuthenticationStatus.SUCCESS
        assert isinstance(result.user, User)
        assert (result.user.username, result.user.roles) == (BOB, ("ops",))
        assert (result.message, result.reason) == (None, None)

    def test_a_stranger_is_left_to_the_next_realm(self, realm, made):
        result = realm.authenticate(realm.token(made.request_of_a_stranger()))
        assert result.status is AuthenticationStatus.CONTINUE
        assert result.user is None
        assert result.reason is not None

    def test_a_name_is_looked_up_without_credentials(self, realm, made):
        user = realm.lookup_user(BOB)
        assert (user is not None) == made.can_look_up
        assert user is None or user.username == BOB
        assert realm.lookup_user("nobody") is None

    def test_no_secret_is_in_a_token(self, realm, made):
        token = realm.token(made.request())
        assert PASSWORD not in repr(token) + str(token)

    def test_a_chain_says_what_it_says(self, realm, made):
        chain = RealmChain([ProgramRealm("before"), realm, ProgramRealm("behind")])
        for _ in range(3):
            result = chain.authenticate_request(made.request())
            assert (result.realm, result.user.username) == (realm.name, BOB)
        own = realm.authenticate(realm.token(made.request()))
        assert result.user == own.user
        assert not chain.authenticate_request(made.request_of_a_stranger())
        assert (chain.lookup_user(BOB) is not None) == made.can_look_up

    def test_its_repr_is_one_line(self, realm):
        assert "\n" not in repr(realm)
