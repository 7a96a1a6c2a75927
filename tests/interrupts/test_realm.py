"""A realm is struck between any two instructions of a login, a reload, its entry and its end."""

from __future__ import annotations

import asyncio
import os
import threading

import pytest
from interrupts.kit import (
    Interrupt,
    Resources,
    Strike,
    fail,
    interrupt,
    points_of,
)
from support.hashes import CHEAP_HASH, PASSWORD, SHA_HASH
from support.threads import PATIENCE

from esfilerealm import FileRealm, RealmSettings, errors

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.filterwarnings(
        "ignore:coroutine .* was never awaited"
    ),  # it was interrupted before
    # What is raised while a generator is given up goes no further.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

#: In the quick suite, one of so many points is struck; the slow tests strike all of them.
QUICK = 7

FILES = {
    "before": (f"al:{CHEAP_HASH}\nbob:{CHEAP_HASH}\n", "viewer:al,bob\n"),
    "after": (f"al:{SHA_HASH}\njim:{CHEAP_HASH}\n", "admin:al\nviewer:jim\n"),
}


@pytest.fixture
def folder(config):
    write(config, "before")
    return config


def write(folder, state):
    for name, content in zip(("users", "users_roles"), FILES[state], strict=True):
        (folder / name).write_text(content)


def made(folder, **options):
    settings = RealmSettings(reload_interval_high=60.0, reload_interval_medium=60.0)
    options.setdefault("watch_events", False)
    # A login that waited for itself would do so until the test fails.
    return FileRealm(
        folder, settings=settings, max_concurrent_hashing=1, hashing_timeout=PATIENCE, **options
    )


@pytest.fixture
def realm(folder):
    with made(folder) as realm:
        yield realm


def mutexes(realm):
    """Every lock that a realm has."""
    yield from (realm._lock, realm._cache._lock, realm._authenticator._slots._lock)
    yield from (realm._store._reloading, realm._store._notifying)
    service = realm._watcher_service
    yield from (service._lock, *service._pass_locks.values())
    for entries in service._entries.values():
        for entry in entries:
            yield from (entry.watcher._pass_lock, entry.watcher._subscribers_lock)


def check_nothing_is_held(realm, where):
    slots, flights = realm._authenticator._slots, realm._authenticator.flights
    assert (slots._free, len(slots._waiting), flights.in_flight) == (1, 0, 0), where
    assert not [mutex for mutex in mutexes(realm) if mutex.locked()], where
    assert realm._store._notifier is None, where


def in_thread(call):
    """Make a call in another thread, which a lock that this thread has left would stop."""
    outcomes = []
    thread = threading.Thread(target=lambda: outcomes.append(call()))
    thread.start()
    thread.join(PATIENCE)
    assert outcomes, "another thread waits for ever"
    return outcomes[0]


def chosen(points, is_whole):
    """Return all points, or some of them; always the same."""
    return points if is_whole else points[::QUICK]


def right(realm):
    realm.expire("al")
    return realm.authenticate("al", PASSWORD)


def in_loop(realm):
    """Log in on an event loop: a right password, and a wrong one."""

    async def run():
        realm.expire("al")
        assert await realm.authenticate_async("al", PASSWORD)
        return await realm.authenticate_async("al", "wrong-password")

    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda *_: None)
    try:
        return loop.run_until_complete(run())
    finally:
        loop.close()


LOGINS = {
    "right": right,
    "cached": lambda realm: realm.authenticate("al", PASSWORD),
    "wrong": lambda realm: realm.authenticate("al", "wrong-password"),
    "unknown": lambda realm: realm.authenticate("nobody", "wrong-password"),
    "lookup": lambda realm: (realm.expire("al"), realm.lookup_user("al"))[1],
    "on a loop": in_loop,
}

EXTENTS = [
    pytest.param(False, id="quick"),
    pytest.param(True, id="whole", marks=pytest.mark.slow),
]


@pytest.mark.parametrize("is_whole", EXTENTS)
@pytest.mark.parametrize("act", [interrupt, fail], ids=["interrupted", "failed"])
@pytest.mark.parametrize("login", LOGINS)
def test_a_login(realm, login, act, is_whole, record_property):
    operation = LOGINS[login]
    assert realm.authenticate("al", PASSWORD)
    usual = operation(realm)
    points = points_of(lambda: operation(realm))
    resources, struck = Resources(), 0
    for point in chosen(points, is_whole):
        strike = Strike(point, act).run(lambda: operation(realm))
        struck += strike.was_hit
        if strike.was_hit:
            assert isinstance(strike.outcome, (Interrupt, OSError, type(usual))), point
        resources.check(point)  # waits for the threads of an interrupted loop
        check_nothing_is_held(realm, point)
    assert in_thread(lambda: operation(realm)) == usual
    assert struck > len(points) / QUICK / 2
    record_property("interrupts of a login", struck)


@pytest.mark.parametrize("is_whole", EXTENTS)
@pytest.mark.parametrize("login", LOGINS)
def test_a_login_within_which_a_handler_logs_in(realm, login, is_whole, record_property):
    """The same name and another one, in the same thread: each gets its answer at once."""
    operation, answers = LOGINS[login], []

    def log_in():
        answers.append(realm.authenticate("al", PASSWORD))
        answers.append(realm.authenticate("bob", PASSWORD))
        realm.expire("bob")
        answers.append(not realm.authenticate("al", "wrong-password"))

    assert realm.authenticate("al", PASSWORD)
    usual = operation(realm)
    points, struck = points_of(lambda: operation(realm)), 0
    resources = Resources()
    for point in chosen(points, is_whole):
        strike = Strike(point, log_in).run(lambda: operation(realm))
        struck += strike.was_hit
        assert strike.outcome == usual, point
        assert all(answers), point
        resources.check(point)
        check_nothing_is_held(realm, point)
    assert len(answers) == 3 * struck
    record_property("interrupts of a login", struck)


@pytest.mark.parametrize("is_whole", EXTENTS)
@pytest.mark.parametrize("what", ["interrupted", "failed", "reloads", "logs in"])
def test_a_reload(realm, folder, what, is_whole, record_property):
    """The snapshot is the one before or the one after, and the next reload goes on."""
    heard = []
    realm.on_change(lambda change: heard.append(change.generation))
    acts = {
        "interrupted": interrupt,
        "failed": fail,
        "reloads": realm.reload,
        "logs in": lambda: realm.authenticate("nobody", PASSWORD),
    }

    def reload(state):
        write(folder, state)
        heard.clear()
        return realm.reload()

    users = {state: text.partition("\n")[0] for state, (text, _) in FILES.items()}
    hashes = {state: line.partition(":")[2] for state, line in users.items()}
    reload("after")
    write(folder, "before")
    points = points_of(realm.reload)
    struck, resources = 0, Resources()
    for point in points if is_whole else points[:: 8 * QUICK]:
        reload("after")
        write(folder, "before")
        heard.clear()
        strike = Strike(point, acts[what]).run(realm.reload)
        struck += strike.was_hit
        check_nothing_is_held(realm, point)
        state = "before" if "bob" in realm.snapshot.users else "after"
        assert realm.snapshot.hash_of("al") == hashes[state], point
        assert realm.snapshot.roles_of("al") == {"before": ("viewer",), "after": ("admin",)}[state]
        realm.reload()
        assert realm.snapshot.hash_of("al") == hashes["before"], point
        assert "bob" in realm.snapshot.users
        if what != "failed" or point.code.co_name != "_call_listeners":  # or the listener failed
            assert heard, f"nobody heard of the change: {point}"
            assert heard[-1] == realm.snapshot.generation, point
        assert in_thread(realm.reload) is False
    resources.check(what)
    record_property("interrupts of a reload", struck)


@pytest.mark.parametrize("is_whole", EXTENTS)
@pytest.mark.parametrize("act", [interrupt, fail], ids=["interrupted", "failed"])
def test_the_entry(folder, act, is_whole, record_property):
    """Nothing is left of it, and the realm can be entered; or it came when all was done."""
    first = made(folder)
    points = points_of(first.__enter__)
    first.close()
    struck, resources = 0, Resources()
    for point in points if is_whole else points[:: 8 * QUICK]:
        realm = made(folder)
        strike = Strike(point, act).run(realm.__enter__)
        if strike.was_hit and isinstance(strike.outcome, BaseException):
            struck += 1
            check_nothing_is_held(realm, point)
            if realm._is_entered:  # at the last instruction, which no `try` covers
                assert (point.code.co_name, point.time) == ("__enter__", 1), point
            else:
                resources.check(point)
                realm.__enter__()
        realm.reload()  # what failed once may have been taken for a file that cannot be read
        assert realm.authenticate("al", PASSWORD), point
        assert realm._watcher_service._runner is not None
        realm.close()
        resources.check(point)
    record_property("interrupts of an entry", struck)


@pytest.mark.parametrize("is_whole", EXTENTS)
@pytest.mark.parametrize("what", ["interrupted", "failed", "closes"])
def test_the_end(folder, what, is_whole, record_property):
    """It is closed, and its thread ends; or the exception came before the first instruction."""
    acts = {"interrupted": interrupt, "failed": fail, "closes": lambda: realm.close()}  # noqa: PLW0108
    realm = made(folder)
    with realm:
        points = points_of(realm.close)
    struck, resources = 0, Resources()
    for point in points if is_whole else points[::QUICK]:
        realm = made(folder)
        realm.__enter__()
        strike = Strike(point, acts[what]).run(realm.close)
        struck += strike.was_hit
        if not realm._is_closed:
            assert (point.code.co_name, point.time) == ("close", 1), point
            realm.close()
        resources.check(point)
        check_nothing_is_held(realm, point)
        with pytest.raises(errors.RealmClosedError):
            realm.authenticate("al", PASSWORD)
        assert realm._cache.size == 0
    record_property("interrupts of an end", struck)


def test_what_is_dropped_may_call_the_realm(realm):
    """The end of an entry of the cache calls back, while this very thread drops it."""
    answers = []

    class Password:
        """Is remembered by the cache, and logs in when it ends."""

        def matches(self, secret):
            return False

        def __del__(self):
            answers.append(realm.authenticate("bob", PASSWORD))
            realm.expire("bob")

    for drop in (
        lambda: realm.expire("al"),
        realm.expire_all,
        lambda: realm.authenticate("al", PASSWORD),  # takes its place
    ):
        cache = realm._cache
        cache.put("al", realm.snapshot, Password(), cache.epoch)
        drop()
    assert len(answers) == 3
    assert all(answers)


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="no list of descriptors")
def test_the_kit_sees_an_open_descriptor():
    resources = Resources()
    reader, writer = os.pipe()
    with pytest.raises(AssertionError):
        resources.check("a pipe")
    os.close(reader)
    os.close(writer)
    resources.check("no pipe")
