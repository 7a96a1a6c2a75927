"""The chain asks realms one after another, and says what each of them said."""

from __future__ import annotations

import pytest
from support.realms import ProgramRealm

from esfilerealm import RealmChain, UsernamePasswordToken
from esfilerealm.realms import ResultKind

FIRST = {"al": "first-password", "bob": "first-password"}
SECOND = {"al": "second-password", "jim": "second-password"}


@pytest.fixture
def chain():
    return RealmChain([ProgramRealm("first", FIRST), ProgramRealm("second", SECOND)])


@pytest.mark.parametrize(
    ("username", "password", "realm", "reasons"),
    [
        ("al", "first-password", "first", [None]),
        ("al", "second-password", "second", ["wrong_password", None]),
        ("jim", "second-password", "second", ["unknown_user", None]),
        ("al", "wrong", None, ["wrong_password", "wrong_password"]),
        ("nobody", "wrong", None, ["unknown_user", "unknown_user"]),
    ],
)
def test_who_authenticates(chain, username, password, realm, reasons):
    header = UsernamePasswordToken(username, password).to_basic_header()
    for result in (
        chain.authenticate(username, password),
        chain.authenticate(UsernamePasswordToken(username, password)),
        chain.authenticate_request({"authorization": header}),
    ):
        assert bool(result) == (realm is not None)
        assert result.realm == realm
        assert result.principal == username
        assert result.http_status == (200 if realm else 401)
    chain = RealmChain([ProgramRealm("first", FIRST), ProgramRealm("second", SECOND)])
    assert [step.reason for step in chain.authenticate(username, password).steps] == reasons


def test_no_credentials(chain):
    result = chain.authenticate_request({})
    assert result.kind is ResultKind.MISSING_CREDENTIALS
    assert result.http_status == 401
