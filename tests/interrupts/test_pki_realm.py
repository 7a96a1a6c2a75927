"""A PKI realm is struck between any two instructions of a login, a reload, its entry and end."""

from __future__ import annotations

import os
import threading

import pytest
from interrupts.kit import Interrupt, Resources, Strike, fail, interrupt, points_of
from support.pki_realm import BOB, BOB_DN, MAPPING, login, made_realm, request, trust
from support.threads import PATIENCE

from esfilerealm import errors

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

#: One of so many points is struck, in the quick suite and in the slow one. All of them, which
#: takes some ten minutes, by `EVERY_POINT=1`.
EXTENTS = [
    pytest.param(150, id="quick"),
    pytest.param(1 if os.environ.get("EVERY_POINT") else 25, id="whole", marks=pytest.mark.slow),
]
ACTS = pytest.mark.parametrize("act", [interrupt, fail], ids=["interrupted", "failed"])


def made(folder, **settings):
    return made_realm(folder, watch_events=False, **settings)


@pytest.fixture
def realm(tmp_path):
    with made(tmp_path) as realm:
        yield realm


def mutexes(realm):
    """Every lock that a realm has."""
    yield from (realm._cache._lock, realm._trust._reloading, realm._mapper._reloading)
    for service in (realm._service, realm._mapper._service):
        if service is not None:
            yield from (service._lock, *service._pass_locks.values())


def check_nothing_is_held(realm, where):
    assert not [mutex for mutex in mutexes(realm) if mutex.locked()], where


def in_thread(call):
    """Make a call in another thread, which a lock that this thread has left would stop."""
    outcomes = []
    thread = threading.Thread(target=lambda: outcomes.append(call()))
    thread.start()
    thread.join(PATIENCE)
    assert outcomes, "another thread waits for ever"
    return outcomes[0]


def anew(realm, *names):
    realm.expire(BOB)
    return login(realm, *names)


LOGINS = {
    "anew": lambda realm: anew(realm, "bob"),
    "remembered": lambda realm: login(realm, "bob"),
    "refused": lambda realm: login(realm, "foreign"),
    "forgotten": lambda realm: (login(realm, "bob"), realm.expire_all())[0],
}


@pytest.mark.parametrize("step", EXTENTS)
@pytest.mark.parametrize("act", ["interrupted", "failed", "logs in", "forgets"])
@pytest.mark.parametrize("name", LOGINS)
def test_a_login(realm, name, act, step, record_property):
    acts = {
        "interrupted": interrupt,
        "failed": fail,
        "logs in": lambda: login(realm, "bob"),
        "forgets": realm.expire_all,
    }
    operation = LOGINS[name]
    login(realm, "bob")
    usual = operation(realm)
    points, struck = points_of(lambda: operation(realm), most=1), 0
    resources = Resources()
    for point in points[::step]:
        strike = Strike(point, acts[act]).run(lambda: operation(realm))
        struck += strike.was_hit
        is_raised = isinstance(strike.outcome, (Interrupt, OSError))
        assert (is_raised and act in ("interrupted", "failed")) or strike.outcome == usual, point
        check_nothing_is_held(realm, point)
        assert all(entry.principal == BOB for entry in realm._cache._entries.values())
    resources.check(name)
    assert in_thread(lambda: operation(realm)) == usual
    assert struck
    record_property("interrupts of a login by certificate", struck)


@pytest.mark.parametrize("step", EXTENTS)
@pytest.mark.parametrize("act", ["interrupted", "failed", "reloads", "logs in"])
def test_a_reload(tmp_path, act, step, record_property):
    """Trust and roles are those of before or after, and the next reload goes on."""
    realm = made(tmp_path)
    acts = {
        "interrupted": interrupt,
        "failed": fail,
        "reloads": realm.reload,
        "logs in": lambda: login(realm, "bob"),
    }

    def to(*names, mapping):
        trust(tmp_path, *names)
        (tmp_path / "role_mapping.yml").write_text(mapping)

    before = {"names": ("root",), "mapping": MAPPING}
    after = {"names": ("root", "foreign_root"), "mapping": f"other: ['{BOB_DN}']\n"}

    def change():
        to(*before["names"], mapping=before["mapping"])
        realm.reload()
        login(realm, "bob")
        to(*after["names"], mapping=after["mapping"])

    change()
    points, struck = points_of(realm.reload, most=1), 0
    resources = Resources()
    for point in points[::step]:
        change()
        strike = Strike(point, acts[act]).run(realm.reload)
        struck += strike.was_hit
        check_nothing_is_held(realm, point)
        state = realm._sources.now()
        knows_foreign = len(state.store.certificates) == len(after["names"])
        roles = ("other",) if "other" in str(state.mapping.roles_by_dn) else ("ops",)
        assert login(realm, "bob").user.roles == roles, point
        assert bool(login(realm, "foreign")) == knows_foreign, point
        realm.reload()
        assert login(realm, "bob").user.roles == ("other",), point
        assert login(realm, "foreign"), point
    resources.check(act)
    record_property("interrupts of a reload by a PKI realm", struck)


@pytest.mark.parametrize("step", EXTENTS)
@ACTS
def test_the_entry(tmp_path, act, step, record_property):
    """Nothing is left of it, and the realm can be entered; or it came when all was done."""
    first = made(tmp_path)
    points = points_of(first.__enter__, most=1)
    first.close()
    struck, resources = 0, Resources()
    for point in points[::step]:
        realm = made(tmp_path)
        strike = Strike(point, act).run(realm.__enter__)
        if strike.was_hit and isinstance(strike.outcome, BaseException):
            struck += 1
            check_nothing_is_held(realm, point)
            if realm._service is None:
                resources.check(point)
                realm.__enter__()
            else:  # at the last instruction, which no `try` covers
                assert (point.code.co_name, point.time) == ("__enter__", 1), point
        realm.reload()
        assert login(realm, "bob"), point
        realm.close()
        resources.check(point)
    record_property("interrupts of an entry of a PKI realm", struck)


@pytest.mark.parametrize("step", EXTENTS)
@pytest.mark.parametrize("what", ["interrupted", "failed", "closes"])
def test_the_end(tmp_path, what, step, record_property):
    """It is closed, and its threads end; or the exception came before the first instruction."""
    acts = {"interrupted": interrupt, "failed": fail, "closes": lambda: realm.close()}  # noqa: PLW0108
    realm = made(tmp_path)
    with realm:
        points = points_of(realm.close, most=1)
    struck, resources = 0, Resources()
    for point in points[:: -(-step // 15)]:
        realm = made(tmp_path).__enter__()
        login(realm, "bob")
        strike = Strike(point, acts[what]).run(realm.close)
        struck += strike.was_hit
        if not realm._is_closed:
            assert (point.code.co_name, point.time) == ("close", 1), point
            realm.close()
        resources.check(point)
        check_nothing_is_held(realm, point)
        with pytest.raises(errors.RealmClosedError):
            realm.authenticate(realm.token(request("bob")))
        assert realm._cache.size == 0
    record_property("interrupts of an end of a PKI realm", struck)


def test_what_is_dropped_may_call_the_realm(realm):
    """The end of a remembered login calls back, while this very thread drops it."""
    answers = []

    class Result:
        def __del__(self):
            answers.append(login(realm, "alice", "inter"))
            realm.expire(BOB)

    key = realm.token(request("bob")).key
    for drop in (
        lambda: realm.expire(BOB),
        realm.expire_all,
        lambda: login(realm, "bob"),  # takes its place
    ):
        realm._cache.put(key, BOB, Result(), realm._sources.now(), realm._cache.epoch)
        if len(answers) == 2:
            realm._cache._entries[key].state.store = None  # it is of another moment
        drop()
    assert len(answers) == 3
    assert all(answers)
