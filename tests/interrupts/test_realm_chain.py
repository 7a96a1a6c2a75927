"""A chain is struck between any two instructions of a login, its entry and its end."""

from __future__ import annotations

import asyncio
import threading

import pytest
from interrupts.kit import Interrupt, Resources, Strike, fail, interrupt, points_of
from support.hashes import CHEAP_HASH, PASSWORD
from support.realms import ProgramRealm
from support.threads import PATIENCE

from esfilerealm import RealmChain, UsernamePasswordToken, errors

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

#: One of so many points is struck, in the quick suite and in the slow one.
EXTENTS = [pytest.param(60, id="quick"), pytest.param(6, id="whole", marks=pytest.mark.slow)]
TOKEN = UsernamePasswordToken("al", PASSWORD)
RUN_AS = {"Authorization": TOKEN.to_basic_header(), "es-security-runas-user": "bob"}


def made(folder, **realms):
    return RealmChain.from_settings(
        folder,
        overrides={"resource.reload.interval.high": "60s"},
        realms=realms,
        watch_events=False,
        may_run_as=lambda _user, _name: True,
    )


@pytest.fixture
def folder(config):
    (config / "users").write_text(f"al:{CHEAP_HASH}\nbob:{CHEAP_HASH}\n")
    (config / "users_roles").write_text("viewer:al,bob\n")
    return config


@pytest.fixture
def chain(folder):
    with made(folder) as chain:
        yield chain


def check_nothing_is_held(chain, where):
    realm = chain.realms[1]
    locks = (
        chain._memory._lock,
        realm._lock,
        realm._cache._lock,
        realm._authenticator._slots._lock,
    )
    assert not [lock for lock in locks if lock.locked()], where
    assert realm._authenticator.flights.in_flight == 0, where
    entries = chain._memory._entries
    assert all(entry.realm is realm for entry in entries.values()), where
    assert all(entry.known is None or entry.known[1] for entry in entries.values()), where


def anew(chain):
    chain.expire("al")
    return [chain.authenticate("al", PASSWORD).user for _ in range(3)]


def in_loop(chain):
    chain.expire("al")
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda *_: None)
    try:
        return loop.run_until_complete(chain.authenticate_async("al", PASSWORD)).user
    finally:
        loop.close()


LOGINS = {
    "anew": anew,
    "remembered": lambda chain: chain.authenticate("al", PASSWORD).user,
    "by token": lambda chain: chain.authenticate(TOKEN).user,
    "wrong": lambda chain: chain.authenticate("al", "wrong-password").kind,
    "reserved": lambda chain: chain.authenticate("elastic", PASSWORD).kind,
    "run as": lambda chain: chain.authenticate_request(RUN_AS).user,
    "unreadable": lambda chain: chain.authenticate_request({"Authorization": "Basic %"}).kind,
    "on a loop": in_loop,
}


@pytest.mark.parametrize("step", EXTENTS)
@pytest.mark.parametrize("act", ["interrupted", "failed", "logs in", "forgets"])
@pytest.mark.parametrize("name", LOGINS)
def test_a_login(chain, name, act, step, record_property):
    acts = {
        "interrupted": interrupt,
        "failed": fail,
        "logs in": lambda: chain.authenticate("al", PASSWORD),
        "forgets": chain.expire_all,
    }
    operation = LOGINS[name]
    for _ in range(3):
        assert chain.authenticate("al", PASSWORD)
    usual = operation(chain)
    points, struck, resources = points_of(lambda: operation(chain)), 0, Resources()
    for point in points[::step]:
        strike = Strike(point, acts[act]).run(lambda: operation(chain))
        struck += strike.was_hit
        is_raised = isinstance(strike.outcome, (Interrupt, OSError))
        assert (is_raised and act in ("interrupted", "failed")) or strike.outcome == usual, point
        resources.check(point)
        check_nothing_is_held(chain, point)
    assert in_thread(lambda: operation(chain)) == usual
    assert struck
    record_property("interrupts of a login through a chain", struck)


@pytest.mark.parametrize("act", [interrupt, fail], ids=["interrupted", "failed"])
def test_a_login_at_a_realm_of_a_program(folder, act):
    """Whoever waits for its thread is interrupted; the thread ends by itself."""
    with made(folder, default_native=ProgramRealm("default_native", {"jim": PASSWORD})) as chain:
        usual = chain.authenticate("jim", PASSWORD).user
        points = points_of(lambda: chain.authenticate("jim", PASSWORD))
        resources = Resources()
        for point in points[::60]:
            strike = Strike(point, act).run(lambda: chain.authenticate("jim", PASSWORD))
            outcome = strike.outcome
            # What is raised while the realm is asked about the token is an answer of the realm.
            if not isinstance(getattr(outcome, "error", outcome), (Interrupt, OSError)):
                assert outcome.user == usual, point
            resources.check(point)
        assert chain.authenticate("jim", PASSWORD).user == usual


@pytest.mark.parametrize("step", EXTENTS)
@pytest.mark.parametrize("act", [interrupt, fail], ids=["interrupted", "failed"])
def test_entry_and_end(folder, act, step):
    """Nothing is left of either; what came too early or too late is taken back by ``close``."""
    first = made(folder)
    entering = points_of(first.__enter__, most=1)
    leaving = points_of(first.close, most=1)
    resources = Resources()
    for method, points in (("__enter__", entering), ("close", leaving)):
        for point in points[:: 5 * step]:
            chain = made(folder)
            if method == "close":
                chain.__enter__()
            strike = Strike(point, act).run(getattr(chain, method))
            if isinstance(strike.outcome, BaseException) or method == "close":
                if not chain._is_closed:  # before the first instruction, or after the last one
                    assert point.code.co_name in ("__enter__", "close", "_enter"), point
                    chain.close()
            else:
                chain.close()
            resources.check(point)
            with pytest.raises(errors.RealmClosedError):
                chain.authenticate("al", PASSWORD)
            assert chain.realms[1]._is_closed, point


def in_thread(call):
    """Make a call in another thread, which a lock that this thread has left would stop."""
    outcomes = []
    thread = threading.Thread(target=lambda: outcomes.append(call()))
    thread.start()
    thread.join(PATIENCE)
    assert outcomes, "another thread waits for ever"
    return outcomes[0]
