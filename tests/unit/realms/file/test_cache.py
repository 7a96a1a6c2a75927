"""What the cache remembers, for how long, and what it forgets."""

from __future__ import annotations

import pytest
from support.snapshots import snapshot

from esfilerealm import hashing
from esfilerealm.errors import UnknownHashAlgorithmError
from esfilerealm.realms.file.cache import CredentialCache
from esfilerealm.realms.file.concurrency import BusyError, HashingSlots
from esfilerealm.realms.file.snapshot import RealmSnapshot

SECRET = b"correct-horse"


def make(clock, *, ttl=60.0, max_users=100, hash_algo="ssha256", slots=None):
    return CredentialCache(
        ttl=ttl,
        max_users=max_users,
        hash_algo=hash_algo,
        slots=slots or HashingSlots(2, 0.01),
        clock=clock,
    )


@pytest.fixture
def cache(clock):
    return make(clock)


def login(cache, name, state):
    """Do what a login does: ask, and remember if need be. Return whether it was remembered."""
    entry = cache.get(name, state)
    if entry is not None and entry.password is not None and entry.password.matches(SECRET):
        return True
    cache.put(name, state, cache.remember(SECRET), cache.epoch)
    return False


def test_three_users_three_logins_then_none(cache):
    state = snapshot(a="h", b="h", c="h")
    assert [login(cache, name, state) for name in "abc"] == [False] * 3
    assert [login(cache, name, state) for name in "abc" * 3] == [True] * 9
    assert cache.size == 3
    assert (cache.hits, cache.misses, cache.evictions, cache.expirations) == (9, 3, 0, 0)


@pytest.mark.parametrize("algorithm", hashing.CACHE_ALGORITHMS)
def test_every_algorithm_is_taken(clock, algorithm):
    assert make(clock, hash_algo=algorithm).size == 0


# The others are of the same families, and slower.
@pytest.mark.parametrize(
    "algorithm",
    [
        "ssha256",
        "sha1",
        "md5",
        "noop",
        "clear_text",
        "bcrypt4",
        "bcrypt",
        "pbkdf2_1000",
        "pbkdf2",
        "pbkdf2_stretch_1000",
        "pbkdf2_stretch",
    ],
)
def test_an_algorithm_recognises_a_password(clock, algorithm):
    proof = make(clock, hash_algo=algorithm.upper()).remember(SECRET)
    assert proof.matches(SECRET)
    assert not proof.matches(b"wrong-horse")


@pytest.mark.parametrize("name", ["sha256", "bcrypt3", "bcrypt15", "pbkdf2_2000", "ssha256 "])
def test_unknown_algorithm(clock, name):
    with pytest.raises(UnknownHashAlgorithmError, match=r"\[" + name):
        make(clock, hash_algo=name)


def test_clear_text_that_looks_like_a_hash_is_compared_as_it_is(clock):
    """CAC-04."""
    proof = make(clock, hash_algo="noop").remember(b"{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=")
    assert not proof.matches(b"password")
    assert proof.matches(b"{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=")


def test_a_remembered_password_is_salted(cache):
    one, other = cache.remember(SECRET), cache.remember(SECRET)
    assert one._digest != other._digest
    assert SECRET not in (one._digest, one._salt)


class TestTime:
    def test_lives_as_long_as_the_ttl_and_no_longer(self, cache, clock):
        state = snapshot(a="h")
        login(cache, "a", state)
        clock.now += 60.0
        assert cache.get("a", state) is not None
        clock.now += 0.001
        assert cache.get("a", state) is None
        assert cache.expirations == 1
        assert cache.size == 0

    def test_reads_do_not_prolong(self, cache, clock):
        state = snapshot(a="h")
        login(cache, "a", state)
        for _ in range(7):
            clock.now += 9.0
            login_was_remembered = cache.get("a", state) is not None
        assert not login_was_remembered

    def test_counts_from_when_the_entry_is_written(self, cache, clock):
        state = snapshot(a="h")
        proof = cache.remember(SECRET)
        clock.now += 1000.0
        cache.put("a", state, proof, cache.epoch)
        assert cache.get("a", state) is not None

    @pytest.mark.parametrize("ttl", [0.0, -1.0, -0.001])
    def test_off(self, clock, ttl):
        cache, state = make(clock, ttl=ttl), snapshot(a="h")
        assert [login(cache, "a", state) for _ in range(3)] == [False] * 3
        assert cache.size == -1
        cache.expire("a")
        cache.expire_all()
        cache.prune(snapshot())
        assert cache.size == -1


class TestRoom:
    def test_the_least_recently_used_goes(self, clock):
        cache, state = make(clock, max_users=2), snapshot(a="h", b="h", c="h")
        for name in "ab":
            login(cache, name, state)
        assert login(cache, "a", state)  # now [b] is the one not used for longest
        login(cache, "c", state)
        assert cache.size == 2
        assert cache.evictions == 1
        assert [cache.get(name, state) is None for name in "abc"] == [False, True, False]

    def test_writing_anew_is_use(self, clock):
        cache, state = make(clock, max_users=2), snapshot(a="h", b="h", c="h")
        for name in "abac":
            cache.put(name, state, cache.remember(SECRET), cache.epoch)
        assert [cache.get(name, state) is None for name in "abc"] == [False, True, False]

    def test_an_entry_that_goes_while_it_is_read(self, cache):
        """It was true when it was found, and answers once more."""
        state = snapshot(1, a="h")
        login(cache, "a", state)

        class Expiring(RealmSnapshot):
            __slots__ = ()

            def hash_of(self, username):
                cache.expire(username)
                return super().hash_of(username)

        assert cache.get("a", snapshot(2, kind=Expiring, a="h")) is not None
        assert cache.size == 0

    def test_no_room_at_all(self, clock):
        """SET-04."""
        cache, state = make(clock, max_users=0), snapshot(a="h")
        assert not login(cache, "a", state)
        assert not login(cache, "a", state)
        assert cache.size == 0


class TestChange:
    def test_a_changed_hash_ends_the_entry(self, cache):
        login(cache, "a", snapshot(1, a="h"))
        assert cache.get("a", snapshot(2, a="other")) is None

    def test_changed_roles_end_the_entry(self, cache):
        login(cache, "a", snapshot(1, a=("h", ("viewer",))))
        assert cache.get("a", snapshot(2, a=("h", ("superuser",)))) is None

    def test_a_removed_user_ends_the_entry(self, cache):
        login(cache, "a", snapshot(1, a="h"))
        assert cache.get("a", snapshot(2)) is None

    def test_a_change_elsewhere_leaves_the_entry_and_the_user(self, cache):
        before, after = snapshot(1, a=("h", ("r",))), snapshot(2, a=("h", ("r",)), b="h")
        login(cache, "a", before)
        user = cache.get("a", before).user
        assert cache.get("a", after).user is user
        assert cache.get("a", before).user is user  # by a thread that has the old state still

    def test_prune_makes_room(self, cache):
        state = snapshot(a="h", b="h", c="h")
        for name in "abc":
            login(cache, name, state)
        cache.prune(snapshot(2, a="other", b="h"))
        assert cache.size == 1
        assert cache.get("b", state) is not None
        assert cache.expirations == 0

    def test_prune_leaves_what_took_the_place_of_an_entry(self, cache):
        """A login that ends at that very moment is not forgotten."""
        old, new = snapshot(1, a="h"), snapshot(2, a="other")
        login(cache, "a", old)

        class Late(RealmSnapshot):
            __slots__ = ()

            def hash_of(self, username):
                cache.put("a", new, cache.remember(SECRET), cache.epoch)
                return super().hash_of(username)

        cache.prune(snapshot(2, kind=Late, a="other"))
        assert cache.get("a", new) is not None


class TestClose:
    def test_a_login_that_ends_later_leaves_nothing(self, cache):
        state = snapshot(a="h")
        login(cache, "a", state)
        cache.close()
        cache.put("a", state, cache.remember(SECRET), cache.epoch)
        assert cache.size == 0


class TestExpire:
    def test_one_and_all(self, cache):
        state = snapshot(a="h", b="h", c="h")
        for name in "abc":
            login(cache, name, state)
        cache.expire("a")
        cache.expire("nobody")
        assert [cache.get(name, state) is None for name in "abc"] == [True, False, False]
        cache.expire_all()
        assert cache.size == 0

    @pytest.mark.parametrize("expire", [lambda c: c.expire("a"), lambda c: c.expire_all()])
    def test_a_login_in_flight_leaves_nothing(self, cache, expire):
        state = snapshot(a="h")
        epoch = cache.epoch
        expire(cache)
        entry = cache.put("a", state, cache.remember(SECRET), epoch)
        assert entry.result
        assert cache.size == 0


class TestLookup:
    def test_a_login_keeps_the_user_that_was_looked_up(self, cache):
        state = snapshot(a="h")
        looked_up = cache.put("a", state, None, cache.epoch)
        assert cache.get("a", state).password is None
        assert not login(cache, "a", state)
        assert cache.get("a", state).user is looked_up.user
        assert login(cache, "a", state)

    def test_a_lookup_keeps_the_remembered_password(self, cache):
        state = snapshot(a="h")
        login(cache, "a", state)
        cache.put("a", state, None, cache.epoch)
        assert login(cache, "a", state)

    def test_an_expired_entry_is_not_reused(self, cache, clock):
        state = snapshot(a="h")
        old = cache.put("a", state, None, cache.epoch)
        clock.now += 61.0
        assert cache.put("a", state, None, cache.epoch).user is not old.user


class TestExpensiveAlgorithm:
    def test_waits_for_a_slot(self, clock):
        slots = HashingSlots(1, 0.01)
        cache = make(clock, hash_algo="bcrypt4", slots=slots)
        proof = cache.remember(SECRET)
        assert not cache.is_cheap
        with slots, pytest.raises(BusyError):
            proof.matches(SECRET)
        assert proof.matches(SECRET)

    def test_cheap_algorithms_need_no_slot(self, clock):
        slots = HashingSlots(1, 0.01)
        for algorithm in ("ssha256", "sha1", "md5", "noop"):
            cache = make(clock, hash_algo=algorithm, slots=slots)
            with slots:
                assert cache.remember(SECRET).matches(SECRET)
            assert cache.is_cheap
