"""Many threads log in at once, while hashers fail and files change."""

from __future__ import annotations

import threading
import time
from collections import Counter

import pytest
from support.hashes import CHEAP_HASH, PASSWORD
from support.realms import ProgramRealm
from support.snapshots import snapshot
from support.threads import PATIENCE, together, wait_until

from esfilerealm import FileRealm, RealmChain, RealmSettings, UsersTool, verify_hash
from esfilerealm.hashing import resolve
from esfilerealm.realms.file import login as authenticator

THREADS = 64


@pytest.fixture
def folder(config):
    names = [f"user{i}" for i in range(8)]
    (config / "users").write_text("".join(f"{name}:{CHEAP_HASH}\n" for name in names))
    (config / "users_roles").write_text(f"viewer:{','.join(names)}\n")
    return config


@pytest.fixture
def realm(folder):
    with FileRealm(folder, max_concurrent_hashing=4, hashing_timeout=PATIENCE) as realm:
        yield realm


class Gate:
    """Holds verifications back until a test releases them; then makes a change first."""

    def __init__(self, monkeypatch, verdict=verify_hash):
        self.calls = Counter()
        self.lock = threading.Lock()
        self.open = threading.Event()
        self.verdict = verdict
        monkeypatch.setattr(authenticator, "verify_hash", self)

    def __call__(self, password, stored_hash):
        with self.lock:
            self.calls[password] += 1
        assert self.open.wait(PATIENCE)
        return self.verdict(password, stored_hash)


def at_once(realm, gate, logins, waiting):
    """Make all *logins*; the gate opens when so many of them wait for another one's answer."""
    opener = threading.Thread(
        target=lambda: (
            wait_until(lambda: realm.usage_stats()["cache"]["waits"] >= waiting),
            gate.open.set(),
        )
    )
    opener.start()
    try:
        return together([lambda login=login: realm.authenticate(*login) for login in logins])
    finally:
        gate.open.set()
        opener.join(PATIENCE)
        assert realm.usage_stats()["cache"]["in_flight"] == 0


def test_same_right_password_costs_one_verification(realm, monkeypatch):
    gate = Gate(monkeypatch)
    results = at_once(realm, gate, [("user0", PASSWORD)] * THREADS, THREADS - 1)
    assert all(results)
    assert len({id(result.user) for result in results}) == 1
    assert gate.calls == {PASSWORD: 1}


@pytest.mark.parametrize("name", ["user0", "nobody"])
def test_same_wrong_password_costs_one_verification(realm, monkeypatch, name):
    gate = Gate(monkeypatch)
    results = at_once(realm, gate, [(name, "wrong-password")] * THREADS, THREADS - 1)
    assert not any(results)
    assert gate.calls == {"wrong-password": 1}
    assert not realm.authenticate(name, "wrong-password")
    assert gate.calls == {"wrong-password": 2}


def test_each_login_gets_its_own_answer(realm, monkeypatch):
    gate = Gate(monkeypatch)
    logins = [
        (f"user{i % 4}", PASSWORD if i % 3 else f"wrong-password-{i % 5}") for i in range(THREADS)
    ]
    distinct = len(set(logins))
    results = at_once(realm, gate, logins, THREADS - distinct)
    for (name, password), result in zip(logins, results, strict=True):
        assert bool(result) == (password == PASSWORD)
        assert name in (result.user.username if result else result.message)
    assert sum(gate.calls.values()) == distinct


def test_a_flood_of_wrong_passwords_does_not_keep_remembered_users_out(realm, monkeypatch):
    assert realm.authenticate("user0", PASSWORD)
    gate = Gate(monkeypatch)
    flood = [
        threading.Thread(target=realm.authenticate, args=("user0", f"wrong-{i}")) for i in range(32)
    ]
    for thread in flood:
        thread.start()
    wait_until(lambda: sum(gate.calls.values()) == 4)
    assert realm.authenticate("user0", PASSWORD)
    assert sum(gate.calls.values()) == 4  # so many at once, and no more
    gate.open.set()
    for thread in flood:
        thread.join(PATIENCE)
    assert sum(gate.calls.values()) == 32


def test_a_hasher_that_fails_answers_everyone(realm, monkeypatch):
    def fail(password, stored_hash):
        raise MemoryError("out of memory")

    gate = Gate(monkeypatch, fail)
    outcomes = at_once(realm, gate, [("user0", PASSWORD)] * THREADS, THREADS - 1)
    assert {type(outcome) for outcome in outcomes} == {MemoryError}
    gate.verdict = verify_hash
    assert realm.authenticate("user0", PASSWORD)


def test_a_store_that_fails_answers_everyone(realm, monkeypatch):
    """The snapshot breaks when it is asked again, after the verification."""
    gate = Gate(monkeypatch)

    def fail(username):
        if gate.open.is_set():
            raise OSError("the store is broken")
        return CHEAP_HASH

    class Broken(type(realm.snapshot)):
        __slots__ = ()
        hash_of = staticmethod(fail)

    good = realm.snapshot
    broken = snapshot(good.generation, kind=Broken, **dict.fromkeys(good.users, CHEAP_HASH))
    realm._store.snapshot = broken
    outcomes = at_once(realm, gate, [("user0", PASSWORD)] * THREADS, THREADS - 1)
    assert {type(outcome) for outcome in outcomes} == {OSError}
    realm._store.snapshot = good
    assert realm.authenticate("user0", PASSWORD)


def test_logins_that_wait_too_long_are_refused(folder, monkeypatch):
    realm = FileRealm(folder, max_concurrent_hashing=2, hashing_timeout=0.05)
    gate = Gate(monkeypatch)
    logins = [(f"user{i}", PASSWORD) for i in range(8)]
    opener = threading.Thread(
        target=lambda: (
            wait_until(lambda: realm.usage_stats()["cache"]["busy"] == 6),
            gate.open.set(),
        )
    )
    opener.start()
    results = together([lambda login=login: realm.authenticate(*login) for login in logins])
    opener.join(PATIENCE)
    assert sorted(bool(result) for result in results) == [False] * 6 + [True] * 2
    assert {result.message for result in results if not result} == {
        "too many passwords are being verified; try again"
    }
    assert realm.usage_stats()["cache"]["in_flight"] == 0


def test_followers_of_a_login_before_a_change_are_checked_again(realm, folder, monkeypatch):
    """A password that is changed while 64 threads wait for its verdict lets none of them in."""
    gate = Gate(monkeypatch)
    new = resolve("bcrypt4").hash("battery-staple")

    def change_and_open():
        wait_until(lambda: realm.usage_stats()["cache"]["waits"] >= THREADS - 1)
        UsersTool(folder).passwd("user0", password_hash=new)
        realm.reload()
        gate.open.set()

    changer = threading.Thread(target=change_and_open)
    changer.start()
    results = together([lambda: realm.authenticate("user0", PASSWORD)] * THREADS)
    changer.join(PATIENCE)
    assert not any(results)
    assert realm.usage_stats()["cache"]["size"] == 0
    assert realm.authenticate("user0", "battery-staple")


SECONDS, CHANGES, READERS = 20.0, 100, 8


def in_a_chain(realm):
    """A chain whose first realm has everybody, with another password."""
    names = ("swap", "both", "only-a", "only-b")
    return RealmChain([ProgramRealm("first", dict.fromkeys(names, "another-password")), realm])


class TestReadersUnderReload:
    """Two states, A and B, that the files change between, each time as one change."""

    def state(self, tool, letter):
        """In each state [swap] has another password and other roles, [both] other roles only."""
        with tool.transaction() as change:
            change.passwd("swap", password_hash=self.hashes[letter])
            for name in ("swap", "both"):
                roles = tool.list_users(name)[name]
                change.roles(name, add=[f"role-{letter}"], remove=set(roles) - {f"role-{letter}"})
            gone = "only-b" if letter == "a" else "only-a"
            if gone in tool.list_users():
                change.userdel(gone)
            change.useradd(f"only-{letter}", password_hash=CHEAP_HASH, roles=[f"role-{letter}"])

    @pytest.fixture
    def folder(self, tmp_path):
        self.hashes = {letter: resolve("bcrypt4").hash(f"password-{letter}") for letter in "ab"}
        tool = UsersTool(tmp_path)
        tool.init()
        tool.useradd("swap", password_hash=self.hashes["a"], roles=["role-a"])
        tool.useradd("both", password_hash=CHEAP_HASH, roles=["role-a"])
        self.state(tool, "a")
        return tmp_path

    def faults(self, realm, log_in):
        """Log in in all ways; tell what should never have happened."""
        both = log_in("both", PASSWORD)
        if not both:
            yield f"refused what both states allow: {both.reason}"
        elif both.user.roles not in (("role-a",), ("role-b",)):
            yield f"roles of no state: {both.user.roles}"
        for letter in "ab":
            swap = log_in("swap", f"password-{letter}")
            if swap and swap.user.roles != (f"role-{letter}",):
                yield f"password of {letter} with roles {swap.user.roles}"
            only = log_in(f"only-{letter}", PASSWORD)
            if only and only.user.roles != (f"role-{letter}",):
                yield f"user of {letter} with roles {only.user.roles}"
        for name in ("both", "swap", "only-a", "nobody"):
            if log_in(name, "wrong-password"):
                yield f"{name} with a password of no state"
        snapshot = realm.snapshot
        letters = {role[-1] for name in snapshot.users for role in snapshot.roles_of(name)}
        if len(letters) != 1 or f"only-{letters.pop()}" not in snapshot.users:
            yield f"a snapshot of two states: {dict(snapshot.roles_by_user)}"

    @pytest.mark.slow
    @pytest.mark.parametrize("wrap", [lambda realm: realm, in_a_chain], ids=["file realm", "chain"])
    def test_no_reader_sees_a_mixture(self, folder, wrap):
        settings = RealmSettings(reload_interval_high=0.05)
        faults, rounds = [], []
        over = threading.Event()
        with FileRealm(folder, settings=settings, hashing_timeout=PATIENCE) as realm:
            log_in = wrap(realm).authenticate

            def read():
                while not over.is_set():
                    faults.extend(self.faults(realm, log_in))
                    rounds.append(1)

            readers = [threading.Thread(target=read) for _ in range(READERS)]
            for reader in readers:
                reader.start()
            tool = UsersTool(folder, lock_timeout=PATIENCE)
            start = time.monotonic()
            for number in range(1, CHANGES + 1):
                self.state(tool, "ba"[number % 2 == 0])
                over.wait(max(0.0, start + number * SECONDS / CHANGES - time.monotonic()))
            over.set()
            for reader in readers:
                reader.join(PATIENCE)
            assert not faults, Counter(faults)
            assert len(rounds) >= READERS
            assert realm.snapshot.generation > CHANGES / 2
            wait_until(lambda: "only-a" in realm.snapshot.users)
            stats = realm.usage_stats()["cache"]
            assert stats["in_flight"] == 0
