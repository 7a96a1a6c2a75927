"""A realm that raises, hangs or lies lets nobody in, and the steps say what it did."""

from __future__ import annotations

import asyncio
from threading import Event

import pytest
from support.realms import ProgramRealm, ScriptedRealm, Token
from support.threads import PATIENCE

from esfilerealm import (
    AuthenticationResult,
    AuthenticationStatus,
    RealmChain,
    User,
    UsernamePasswordToken,
    errors,
)
from esfilerealm.realms import AuthorizationRealms, ResultKind
from esfilerealm.realms.chain.reserved import ReservedRealm

SUCCESS, CONTINUE = AuthenticationStatus.SUCCESS, AuthenticationStatus.CONTINUE
SECRET = "the-secret-of-al"
HEADERS = {"Authorization": UsernamePasswordToken("al", SECRET).to_basic_header()}
RUN_AS = {**HEADERS, "es-security-runas-user": "bob"}

OTHERS = {
    "another name": User("elastic", ("superuser",)),
    "another case": User("BOB"),
    "another normalisation": User("bo\uff42"),
    "blanks": User("bob "),
}
NO_USERS = {
    "a name": "bob",
    "an object": object(),
    "no name": User(""),
    "a number as a name": User(7),
    "bytes as a name": User(b"bob"),
    "a number as a role": User("bob", (7,)),
    "enabled as text": User("bob", enabled="false"),
    "enabled as None": User("bob", enabled=None),
}
ANSWERS = {
    "None": None,
    "true": True,
    "a word": "success",
    "a user": User("al", ("superuser",)),
    "no user": AuthenticationResult(SUCCESS),
    "a user who is refused": AuthenticationResult(CONTINUE, User("al")),
    "a word as status": AuthenticationResult("success", User("al")),
    "a word as status and no user": AuthenticationResult("continue"),
    "no status": AuthenticationResult(None, User("al")),
    "a list as status": AuthenticationResult([], User("al")),
    **{name: AuthenticationResult(SUCCESS, user) for name, user in {**NO_USERS, **OTHERS}.items()},
}


def ask(chain, headers, *, awaited):
    if awaited:
        return asyncio.run(chain.authenticate_request_async(headers))
    return chain.authenticate_request(headers)


class Bad(ProgramRealm):
    """Knows ``al``, and has one method that is not as it should be."""

    def __init__(self, method, replacement):
        super().__init__("bad", {"al": SECRET})
        setattr(self, method, replacement)


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def refused(request):
    """Ask a bad realm and a good one, and return the last step."""

    def refused(realm, headers=HEADERS, *, reason, realm_timeout=PATIENCE):
        good = ProgramRealm("good", {"al": SECRET, "bob": "x"})
        chain = RealmChain([realm, good], may_run_as=lambda *_: True, realm_timeout=realm_timeout)
        result = ask(chain, headers, awaited=request.param)
        assert (bool(result), result.user, result.authenticating_user) == (False, None, None)
        assert (result.kind, result.reason) == (ResultKind.FAILED, reason)
        assert good.asked == []
        step = result.steps[-1]
        assert (step.realm, step.reason) == ("bad", reason)
        assert SECRET not in repr(result) + str(step.message)
        return step

    return refused


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_no_answer_to_a_login(refused, answer):
    refused(Bad("authenticate", lambda _: answer), reason="invalid_answer")


@pytest.mark.parametrize("user", NO_USERS.values(), ids=NO_USERS)
def test_no_answer_to_a_look_up(refused, user):
    step = refused(Bad("lookup_user", lambda _: user), RUN_AS, reason="invalid_answer")
    assert step.question == "look up"


@pytest.mark.parametrize("method", ["token", "supports", "authenticate", "lookup_user"])
def test_it_raises(refused, method):
    def fail(*_):
        raise ValueError(SECRET)

    refused(Bad(method, fail), RUN_AS, reason="raised")


def test_it_hangs_at_a_login(refused):
    released = Event()
    realm = Bad("authenticate", lambda _: released.wait(60))
    try:
        refused(realm, reason="timeout", realm_timeout=0.05)
    finally:
        released.set()


@pytest.mark.parametrize("awaited", [False, True], ids=["sync", "async"])
def test_it_hangs_at_a_look_up(awaited):
    """The realm that lets the user in is prompt, so that only the look-up can take too long."""
    released = Event()
    realm = Bad("lookup_user", lambda _: released.wait(60))
    realm.supports = lambda _: False
    good = ProgramRealm("good", {"al": SECRET})
    good.is_prompt = True
    chain = RealmChain([realm, good], may_run_as=lambda *_: True, realm_timeout=0.05)
    try:
        result = ask(chain, RUN_AS, awaited=awaited)
    finally:
        released.set()
    assert (result.kind, result.user) == (ResultKind.FAILED, None)
    step = result.steps[-1]
    assert (step.realm, step.question, step.reason) == ("bad", "look up", "timeout")


@pytest.mark.parametrize("awaited", [False, True], ids=["sync", "async"])
def test_a_realm_that_does_not_say_that_it_is_awaited(awaited):
    """As with ``functools.wraps``: an awaitable is no answer, unless it can be awaited."""

    async def accept():
        return AuthenticationResult.success(User("al"))

    answer = accept()
    chain = RealmChain([Bad("authenticate", lambda _: answer)])
    result = ask(chain, HEADERS, awaited=awaited)
    answer.close()
    assert result.kind is (ResultKind.AUTHENTICATED if awaited else ResultKind.FAILED)
    assert awaited or result.reason == "invalid_answer"


def test_what_was_right_for_other_credentials_is_a_lie_for_a_password():
    """A realm may always answer with the same object, and the chain knows it from before."""
    root = AuthenticationResult.success(User("root", ("superuser",)))
    chain = RealmChain([ScriptedRealm("scripted", is_prompt=True, authenticate=root)])
    assert all(chain.authenticate(Token("al")).user == root.user for _ in range(3))
    assert not chain.authenticate("al", SECRET)
    assert not chain.authenticate(UsernamePasswordToken("al", SECRET))


@pytest.mark.parametrize(
    ("token", "error"),
    [
        pytest.param(UsernamePasswordToken(["al"], SECRET), errors.InvalidUsernameError, id="name"),
        pytest.param(UsernamePasswordToken("al", None), errors.InvalidPasswordError, id="password"),
    ],
)
def test_a_token_of_no_strings(token, error):
    chain = RealmChain([ReservedRealm("_anonymous"), ProgramRealm("directory", {"al": SECRET})])
    with pytest.raises(error, match="must be a string"):
        chain.authenticate(token)
    with pytest.raises(error, match="must be a string"):
        asyncio.run(chain.authenticate_async(token))


class AwaitedUsers(ProgramRealm):
    async def lookup_user(self, username):
        return User(username)


def test_users_that_can_only_be_awaited():
    chain = RealmChain([AwaitedUsers("directory", {"al": SECRET})])
    with pytest.raises(TypeError, match=r"\[directory\] can only be awaited"):
        chain.lookup_user("al")
    with pytest.raises(errors.InvalidSettingError, match="can only be awaited"):
        AuthorizationRealms(["directory"], chain.realms, key="k", where="here")


def test_a_lie_is_not_remembered():
    """Many bad answers cost no more memory than one."""
    chain = RealmChain([Bad("authenticate", lambda _: None)])
    first, second = (chain.authenticate("al", SECRET) for _ in range(2))
    assert first.error is not second.error
    assert first.error.__traceback__ is not second.error.__traceback__


@pytest.mark.parametrize("awaited", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("user", OTHERS.values(), ids=OTHERS)
def test_a_look_up_finds_somebody_else(user, awaited):
    """Both names have to be permitted: the one that was named, and that of who was found."""
    realm = Bad("lookup_user", lambda _: user)
    for permitted, kind in (
        ({"bob"}, ResultKind.RUN_AS_DENIED),
        ({user.username}, ResultKind.RUN_AS_DENIED),
        ({"bob", user.username}, ResultKind.AUTHENTICATED),
    ):
        chain = RealmChain([realm], may_run_as=lambda _, name, names=permitted: name in names)
        result = ask(chain, RUN_AS, awaited=awaited)
        assert result.kind is kind
        assert result.user == (user if result else None)


@pytest.mark.parametrize("user", {**NO_USERS, **OTHERS}.values(), ids={**NO_USERS, **OTHERS})
def test_an_authorization_realm_lies(user):
    bad, good = Bad("lookup_user", lambda _: user), ProgramRealm("good", {"bob": "x"})
    names = ["bad", "good"]
    realms = AuthorizationRealms(names, [bad, good], key="authorization_realms", where="a test")
    result = realms.authorize("bob")
    assert (bool(result), result.reason) == (False, "not_authorized")
    assert result.message == "realm [bad] did not answer with the user [bob]"
