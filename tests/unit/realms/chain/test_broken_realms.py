"""A realm raises, hangs or lies: the request is refused in bounded time, and a step says why."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.realms import ProgramRealm, ScriptedRealm, Token
from support.threads import PATIENCE, wait_until

from esfilerealm import AuthenticationResult, AuthenticationStatus, RealmChain, User, errors
from esfilerealm.realms import ResultKind, StepStatus
from esfilerealm.realms.chain import asking

SUCCESS = AuthenticationStatus.SUCCESS
SECRET = "secret-of-the-realm"


class RaisedError(Exception):
    """What a realm of a program raises; its words are not for everybody."""


@pytest.fixture
def gate():
    """Lets go what hangs when the test is over."""
    gate = threading.Event()
    yield gate
    gate.set()


def both_ways(chain, token):
    """The answers of both faces of a chain."""
    yield chain.authenticate(token)
    yield asyncio.run(chain.authenticate_async(token))


def check_failed(result, reason, error):
    assert not result
    assert result.kind is ResultKind.FAILED
    assert (result.user, result.authenticating_user) == (None, None)
    assert isinstance(result.error, error)
    step = result.steps[-1]
    assert (step.realm, step.status, step.reason) == ("broken", StepStatus.FAILED, reason)
    assert SECRET not in repr(result)
    assert SECRET not in result.client_message()


@pytest.mark.parametrize(
    ("method", "error", "is_prompt"),
    [
        pytest.param("authenticate", RaisedError(SECRET), False, id="of a program"),
        pytest.param("supports", RaisedError(SECRET), False, id="of a program, about the token"),
        pytest.param("authenticate", SystemExit(SECRET), False, id="an exit"),
        pytest.param("authenticate", errors.RealmClosedError("a test"), True, id="prompt"),
        pytest.param("supports", errors.RealmClosedError("a test"), True, id="prompt, token"),
    ],
)
def test_it_raises(method, error, is_prompt):
    broken = ScriptedRealm("broken", is_prompt=is_prompt, **{method: error})
    behind = ProgramRealm("behind", {"u": "p"})
    for result in both_ways(RealmChain([broken, behind]), Token()):
        check_failed(result, "raised", type(error))
        assert result.http_status == 500
        assert not result.challenges
    assert not behind.asked


def test_what_comes_from_elsewhere_is_raised():
    """In the thread of the login, it may be the handler of a signal that raises."""
    prompt = ScriptedRealm("prompt", is_prompt=True, authenticate=RaisedError())
    for call in (prompt.answers, {"supports": RaisedError()}, {"token": RaisedError()}):
        prompt.answers = {"token": Token(), **call}
        with pytest.raises(RaisedError):
            RealmChain([prompt]).authenticate_request({})


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param("yes", id="a text"),
        pytest.param(True, id="true"),
        pytest.param(None, id="nothing"),
        pytest.param(SUCCESS, id="a status"),
        pytest.param(User("al"), id="a user"),
        pytest.param(AuthenticationResult(SUCCESS), id="a success without a user"),
        pytest.param(AuthenticationResult(SUCCESS, "al"), id="a name for a user"),
        pytest.param(AuthenticationResult(SUCCESS, User("")), id="a user without a name"),
        pytest.param(AuthenticationResult(SUCCESS, User(7)), id="a user with a number"),
        pytest.param(AuthenticationResult(SUCCESS, User("al", (7,))), id="a role with a number"),
        pytest.param(
            AuthenticationResult(AuthenticationStatus.CONTINUE, User("al")), id="a refused user"
        ),
    ],
)
@pytest.mark.parametrize("is_prompt", [False, True], ids=["program", "prompt"])
def test_it_lies(answer, is_prompt):
    broken = ScriptedRealm("broken", is_prompt=is_prompt, authenticate=answer)
    for result in both_ways(RealmChain([broken, ProgramRealm("behind")]), Token()):
        check_failed(result, "invalid_answer", Exception)


@pytest.mark.parametrize("answer", ["other", User(""), True, AuthenticationResult(SUCCESS)])
def test_it_lies_about_somebody_else(answer):
    realm = ScriptedRealm(
        "broken",
        token=Token(),
        authenticate=AuthenticationResult.success(User("u")),
        lookup_user=answer,
    )
    chain = RealmChain([realm], may_run_as=lambda *_: True)
    result = chain.authenticate_request({"es-security-runas-user": "other"})
    check_failed(result, "invalid_answer", Exception)
    assert result.steps[-1].question == "look up"


@pytest.mark.parametrize("method", ["authenticate", "lookup_user"])
def test_it_hangs(gate, method):
    broken = ScriptedRealm("broken", token=Token(), **{method: gate.wait})
    caller = ScriptedRealm(
        "caller", is_prompt=True, authenticate=AuthenticationResult.success(User("u"))
    )
    realms = [broken] if method == "authenticate" else [caller, broken]
    chain = RealmChain(realms, may_run_as=lambda *_: True, realm_timeout=0.05)
    headers = {"es-security-runas-user": "other"}
    for result in (
        chain.authenticate_request(headers),
        asyncio.run(chain.authenticate_request_async(headers)),
    ):
        check_failed(result, "timeout", Exception)
        assert result.http_status == 503


def test_an_awaited_realm_hangs():
    class Hanging(ProgramRealm):
        async def authenticate(self, token):
            await asyncio.Event().wait()

    chain = RealmChain([Hanging("broken")], realm_timeout=0.05)
    check_failed(asyncio.run(chain.authenticate_async("al", "p")), "timeout", Exception)


def test_many_that_hang_take_no_more_threads(gate, monkeypatch):
    monkeypatch.setattr(asking, "_MOST_THREADS", 3)
    broken = ScriptedRealm("broken", authenticate=gate.wait)
    chain = RealmChain([broken], realm_timeout=0.05)
    reasons = [chain.authenticate(Token()).reason for _ in range(5)]
    assert reasons == ["timeout"] * 3 + ["busy"] * 2
    assert asyncio.run(chain.authenticate_async(Token())).reason == "busy"
    assert chain.authenticate(Token()).http_status == 503
    gate.set()
    chain._logins._asking._timeout = PATIENCE
    wait_until(lambda: not chain._logins._asking._unfinished)
    assert chain.authenticate(Token()).reason == "invalid_answer"


def test_many_threads_ask_at_the_same_moment():
    chain = RealmChain([ProgramRealm("slow", {"al": "p"})])
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(12) as pool:
            answers = list(pool.map(lambda _: bool(chain.authenticate("al", "p")), range(2000)))
    finally:
        sys.setswitchinterval(before)
    assert all(answers)


def test_an_awaited_realm_goes_on_although_it_is_cancelled(caplog):
    let_go = asyncio.Event()

    class Stubborn(ScriptedRealm):
        async def authenticate(self, token):
            while not let_go.is_set():
                with contextlib.suppress(asyncio.CancelledError):
                    await let_go.wait()
            raise RaisedError(SECRET)

    async def log_in():
        chain = RealmChain([Stubborn("broken")], realm_timeout=0.05)
        result = await chain.authenticate_async("al", "p")
        let_go.set()
        return result

    check_failed(asyncio.run(log_in()), "timeout", Exception)
    gc.collect()
    assert SECRET not in caplog.text


def test_an_awaited_realm_cancels_itself():
    class Cancelling(ScriptedRealm):
        async def authenticate(self, token):
            raise asyncio.CancelledError

    chain = RealmChain([Cancelling("broken")])
    result = asyncio.run(chain.authenticate_async("al", "p"))
    check_failed(result, "raised", asyncio.CancelledError)


def test_a_login_that_is_cancelled_cancels_its_realm():
    ended = []

    class Waiting(ScriptedRealm):
        async def authenticate(self, token):
            try:
                await asyncio.Event().wait()
            finally:
                ended.append(token.principal)

    async def log_in():
        chain = RealmChain([Waiting("broken")])
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(chain.authenticate_async("al", "p"), 0.05)
        await asyncio.sleep(0)
        return list(ended)

    assert asyncio.run(log_in()) == ["al"]


def test_what_hangs_keeps_no_program_from_its_end(gate):
    """A thread that is no daemon would."""
    is_daemon = []

    def hang(*_):
        is_daemon.append(threading.current_thread().daemon)
        gate.wait(PATIENCE)

    broken = ScriptedRealm("broken", authenticate=hang)
    chain = RealmChain([broken], realm_timeout=0.05)
    for result in both_ways(chain, Token()):
        check_failed(result, "timeout", Exception)
    assert is_daemon == [True, True]


def test_there_are_no_more_threads(monkeypatch):
    def start(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    result = RealmChain([ScriptedRealm("broken")]).authenticate(Token())
    check_failed(result, "busy", RuntimeError)


@pytest.mark.parametrize("timeout", [0, -1.0, float("nan")])
def test_a_timeout_that_is_none(timeout):
    with pytest.raises(ValueError, match="realm_timeout"):
        RealmChain([], realm_timeout=timeout)


def test_a_listener_that_raises_changes_nothing(caplog):
    def fail(result):
        raise RaisedError

    heard = []
    chain = RealmChain([ProgramRealm("first", {"al": "p"})])
    chain.on_failure(fail)
    chain.on_failure(heard.append)
    result = chain.authenticate("al", "wrong")
    assert heard == [result]
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert chain.authenticate("al", "p")
    assert len(heard) == 1


def test_it_keeps_the_context_of_the_login():
    """A realm of a program is asked in another thread, and finds its variables there."""
    import contextvars

    variable = contextvars.ContextVar("variable", default="none")
    variable.set("this login")
    realm = ScriptedRealm("first", authenticate=lambda: seen.append(variable.get()))
    seen = []
    RealmChain([realm]).authenticate(Token())
    assert seen == ["this login"]
