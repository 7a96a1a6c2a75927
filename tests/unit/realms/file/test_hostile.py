"""What a hostile reader and a hostile user found, one test each."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import threading
import time
import traceback

import pytest
from support.hashes import CHEAP_HASH, PASSWORD
from support.snapshots import snapshot
from support.storing import place
from support.threads import PATIENCE, together, wait_until

from esfilerealm import FileRealm, RealmSettings, UsersTool, errors, hash_password, verify_hash
from esfilerealm._storage import RealmFolder, realm_files
from esfilerealm._storage.lock import write_lock
from esfilerealm.realms.file import aside
from esfilerealm.realms.file import login as authenticator
from esfilerealm.realms.file.cache import CredentialCache
from esfilerealm.realms.file.concurrency import HashingSlots, SingleFlight
from esfilerealm.realms.file.snapshot import RealmSnapshot


@pytest.fixture
def folder(config):
    (config / "users").write_text(f"bob:{CHEAP_HASH}\n")
    return config


def cache_of(clock=time.monotonic):
    slots = HashingSlots(1, 1.0)
    return CredentialCache(ttl=60, max_users=9, hash_algo="ssha256", slots=slots, clock=clock)


class TestNobodyGetsInOnOldData:
    def test_a_login_after_a_change_does_not_join_a_flight_before_it(
        self, make, folder, monkeypatch
    ):
        realm = make(max_concurrent_hashing=4)
        assert realm.snapshot
        new = hash_password("battery-staple", "bcrypt4")
        started, may_end = threading.Event(), threading.Event()

        def verify(password, stored):
            verdict = verify_hash(password, stored)
            if stored == CHEAP_HASH:
                started.set()
                assert may_end.wait(PATIENCE)
            return verdict

        monkeypatch.setattr(authenticator, "verify_hash", verify)
        early = threading.Thread(target=realm.authenticate, args=("bob", PASSWORD))
        early.start()
        assert started.wait(PATIENCE)
        UsersTool(folder).passwd("bob", password_hash=new)
        realm.reload()
        late = realm.authenticate("bob", PASSWORD)
        may_end.set()
        early.join(PATIENCE)
        assert not late
        assert not realm.authenticate("bob", PASSWORD)

    @pytest.mark.parametrize("change", ["password", "expired"])
    def test_an_expensive_comparison_counts_for_the_state_after_it(
        self, make, folder, monkeypatch, change
    ):
        realm = make(cache_hash_algo="bcrypt4")
        assert realm.authenticate("bob", PASSWORD)
        entry = realm._cache.get("bob", realm.snapshot)
        proof, verified = entry.password, []

        class Slow:
            def matches(self, secret):
                if change == "password":
                    new = hash_password("battery-staple", "bcrypt4")
                    UsersTool(folder).passwd("bob", password_hash=new)
                    realm.reload()
                else:
                    realm.expire_all()
                return proof.matches(secret)

        entry.password = Slow()
        monkeypatch.setattr(
            authenticator,
            "verify_hash",
            lambda password, stored: verified.append(stored) or verify_hash(password, stored),
        )
        assert bool(realm.authenticate("bob", PASSWORD)) == (change == "expired")
        assert len(verified) == 1

    def test_put_never_keeps_a_user_that_is_no_longer_true(self):
        cache = cache_of()
        cache.put("a", snapshot(1, a=("h", ("superuser",))), cache.remember(b"x"), cache.epoch)
        for proof in (cache.remember(b"x"), None):
            after = cache.put("a", snapshot(2, a=("h", ())), proof, cache.epoch)
            assert after.user.roles == ()

    def test_files_of_old_versions_are_not_used_when_a_file_vanishes(self, make, folder):
        (folder / "x-pack").mkdir()
        (folder / "x-pack" / "users").write_text(f"exadmin:{CHEAP_HASH}\n")
        (folder / "x-pack" / "users_roles").write_text("superuser:exadmin\n")
        realm = make()
        assert realm.authenticate("bob", PASSWORD)
        (folder / "users").unlink()
        realm.reload()
        assert not realm.authenticate("exadmin", PASSWORD)
        assert not realm.snapshot.users

    def test_a_dangling_link_is_a_missing_file(self, folder):
        (folder / "x-pack").mkdir()
        (folder / "x-pack" / "users").write_text(f"exadmin:{CHEAP_HASH}\n")
        (folder / "users").unlink()
        (folder / "users").symlink_to("gone")
        assert not FileRealm(folder).authenticate("exadmin", PASSWORD)

    def test_a_file_that_is_written_slowly_in_place_is_not_read_half(
        self, make, folder, monkeypatch
    ):
        (folder / "users_roles").write_text("viewer:bob\n")
        realm, seen = make(), []
        realm.on_change(lambda change: seen.append(realm.snapshot.roles_of("bob")))
        assert realm.authenticate("bob", PASSWORD).user.roles == ("viewer",)
        with (folder / "users_roles").open("w") as file:
            file.write("viewer:bob\nsuperuser:bob")
            file.flush()
            pauses = []

            def go_on(_seconds):
                """While the reader waits for the file to stand still, and a login does not."""
                seen.append(realm.authenticate("bob", PASSWORD).user.roles)
                if not pauses:
                    file.write("by\n")
                    file.flush()
                pauses.append(1)

            monkeypatch.setattr(realm_files, "_STILL", 3600.0)
            monkeypatch.setattr(realm_files.time, "sleep", go_on)
            realm.reload()
        assert "bobby" in realm.snapshot.roles_by_user
        assert len(pauses) == 2
        assert set(seen) == {("viewer",)}


class TestBoundsOnWork:
    @pytest.mark.parametrize("name", ["nobody", "al"])
    def test_the_decoy_hash_needs_a_slot_too(self, make, folder, name):
        (folder / "users").write_text(f"al:$2a$10$short\nbob:{CHEAP_HASH}\n")
        realm = make(max_concurrent_hashing=1, hashing_timeout=0.01)
        with realm._authenticator._slots:
            assert "too many" in realm.authenticate(name, PASSWORD).message

    @pytest.mark.parametrize(
        "logins", [[("nobody", "a1"), ("nobody", "a2")], [("nobody", "a1"), ("nemo", "a1")]]
    )
    def test_unknown_names_are_verified_one_by_one_like_known_ones(self, make, monkeypatch, logins):
        realm = make(max_concurrent_hashing=2)
        both = threading.Barrier(2, timeout=PATIENCE)
        monkeypatch.setattr(authenticator, "verify_hash", lambda *_: both.wait() and False)
        results = together([lambda login=login: realm.authenticate(*login) for login in logins])
        assert [result.message for result in results] == [None, None]

    @pytest.mark.parametrize("numbers", [(1.5, 1.0), (2, 5e9), (2, -1.0)])
    def test_numbers_that_would_bound_nothing(self, numbers):
        with pytest.raises(ValueError, match="must be a whole number"):
            HashingSlots(*numbers)

    def test_the_queue_of_the_event_loop(self, make, monkeypatch):
        monkeypatch.setattr(aside, "_LONGEST_QUEUE", 2)
        may_end = threading.Event()
        monkeypatch.setattr(authenticator, "verify_hash", lambda *_: may_end.wait(PATIENCE))
        realm = make(max_concurrent_hashing=1)

        async def run():
            logins = [
                asyncio.create_task(realm.authenticate_async("bob", f"wrong-{i}")) for i in range(5)
            ]
            refused = [task for task in logins if await done_soon(task)]
            may_end.set()
            await asyncio.gather(*logins)
            return [task.result().message for task in refused]

        async def done_soon(task):
            for _ in range(10):
                await asyncio.sleep(0)
            return task.done()

        messages = asyncio.run(run())
        assert len(messages) == 3
        assert all("too many" in message for message in messages)
        assert realm.usage_stats()["cache"]["busy"] == 3

    def test_a_follower_waits_longer_than_its_leader_may_wait(self, make, monkeypatch):
        """The leader's wait for a slot, and then its work, are not the follower's fault."""
        realm = make(max_concurrent_hashing=1, hashing_timeout=0.4)

        def slow(password, stored):
            wait_until(lambda: realm.usage_stats()["cache"]["waits"] == 1)
            threading.Event().wait(0.5)
            return verify_hash(password, stored)

        monkeypatch.setattr(authenticator, "verify_hash", slow)
        assert all(together([lambda: realm.authenticate("bob", PASSWORD)] * 2))

    def test_a_negative_cache_size_is_refused_at_once(self, folder):
        with pytest.raises(ValueError, match=r"\[-1\]"):
            FileRealm(folder, settings=RealmSettings(cache_max_users=-1))

    def test_a_second_login_starts_the_time_anew(self):
        now = [0.0]
        cache, state = cache_of(lambda: now[0]), snapshot(1, a=("h", ()))
        cache.put("a", state, cache.remember(b"x"), cache.epoch)
        now[0] = 50.0
        cache.put("a", state, cache.remember(b"y"), cache.epoch)
        now[0] = 70.0
        assert cache.get("a", state) is not None

    def test_a_flight_has_landed_when_its_answer_is_there(self):
        flights, seen = SingleFlight(PATIENCE), []

        class Answers(list):
            def append(self, answer):
                seen.append((answer, flights.in_flight))
                super().append(answer)

        def look():
            [flight] = flights._flights.values()
            flight.answers = Answers()

        flights.do("q", lambda: look() or 1)
        assert seen == [(1, 0)]


class TestReloading:
    def test_one_at_a_time(self, make, monkeypatch):
        realm, inside, most = make(), [], []
        read_both = RealmFolder.read_settled

        def slow(paths):
            inside.append(1)
            most.append(len(inside))
            threading.Event().wait(0.005)
            try:
                return read_both(paths)
            finally:
                inside.pop()

        monkeypatch.setattr(RealmFolder, "read_settled", slow)
        together([realm.reload] * 8)
        assert max(most) == 1

    def test_content_decides_and_not_the_time(self, make, folder):
        users = folder / "users"
        os.utime(users, ns=(1, 1))
        realm = make()
        assert realm.snapshot.users
        users.write_text(f"jim:{CHEAP_HASH}\n")
        os.utime(users, ns=(1, 1))
        assert realm.reload()
        assert list(realm.snapshot.users) == ["jim"]

    def test_what_changes_while_the_realm_is_entered_is_seen(self, make, folder, monkeypatch):
        realm = make(reload_interval_high=0.02, watch_events=False)
        read_both, first = RealmFolder.read_settled, [1]

        def changing(paths):
            both = read_both(paths)
            if first:
                first.pop()
                (folder / "users").write_text("")
            return both

        monkeypatch.setattr(RealmFolder, "read_settled", changing)
        with realm:
            wait_until(lambda: not realm.snapshot.users)

    def test_a_file_that_changes_at_every_read_is_waited_for(self, make, folder, monkeypatch):
        """However often that is: without the wait, all attempts would be over in a moment."""
        read_file, waits = realm_files.read_file, []

        def changing(path, **options):
            with (folder / "users_roles").open("a") as file:
                file.write("r:bob\n")
            return read_file(path, **options)

        monkeypatch.setattr(realm_files, "read_file", changing)
        monkeypatch.setattr(realm_files.time, "sleep", waits.append)
        assert make().snapshot.users
        assert len(waits) == realm_files._SETTLING_ATTEMPTS

    def test_a_transient_failure_of_the_first_read_ends_at_the_next_pass(self, make, monkeypatch):
        read_file, faults = (
            realm_files.read_file,
            [errors.FileAccessError("users", 24, "too many files")],
        )

        def failing_once(path, **options):
            if faults:
                raise faults.pop()
            return read_file(path, **options)

        monkeypatch.setattr(realm_files, "read_file", failing_once)
        with make(reload_interval_high=0.02, watch_events=False) as realm:
            wait_until(lambda: realm.health)
            assert realm.authenticate("bob", PASSWORD)

    def test_a_lasting_failure_is_retried_only_by_polling(self, make, folder, monkeypatch):
        """Taking the lock to read is an event in the same folder."""
        UsersTool(folder).useradd("al", password_hash=CHEAP_HASH)  # leaves a lock file
        reads, read_both = [], RealmFolder.read_settled
        monkeypatch.setattr(
            RealmFolder, "read_settled", lambda paths: reads.append(1) or read_both(paths)
        )
        with make(reload_interval_high=3600.0) as realm:
            (folder / "users").write_bytes(b"\xff")
            wait_until(lambda: not realm.health)
            before = len(reads)
            threading.Event().wait(0.5)
            assert len(reads) <= before + 2

    def test_a_lock_that_is_held_for_ever(self, folder):
        """And one that can never be taken."""
        lock = str(folder / "users.lock")
        with write_lock(lambda: lock, 1):
            assert FileRealm(folder).authenticate("bob", PASSWORD)
        os.unlink(lock)
        os.mkfifo(lock)
        assert FileRealm(folder).authenticate("bob", PASSWORD)

    @pytest.mark.parametrize("kind", ["pipe", "folder", "link", "loop"])
    def test_a_strange_journal_stops_no_reader(self, folder, kind):
        place(folder / "users.journal", kind, folder / "users")
        assert FileRealm(folder).authenticate("bob", PASSWORD)

    def test_a_problem_keeps_no_content_of_the_file(self, make, folder):
        realm = make()
        (folder / "users").write_bytes(f"bob:{CHEAP_HASH}\n".encode() + b"\xff")
        realm.reload()
        for problem in realm.health.problems:
            assert problem.__traceback__ is problem.__context__ is problem.__cause__ is None
            told = traceback.TracebackException.from_exception(problem, capture_locals=True)
            assert CHEAP_HASH not in "".join(told.format())

    @pytest.mark.parametrize("fault", ["bytes", "folder"])
    def test_failing_again_and_again_costs_no_memory(self, make, folder, fault):
        realm = make()
        assert realm.snapshot
        (folder / "users").unlink()
        if fault == "bytes":
            (folder / "users").write_bytes(b"\xff")
        else:
            (folder / "users").mkdir()
        realm.reload()
        gc.collect()
        before = sum(isinstance(thing, RealmSnapshot) for thing in gc.get_objects())
        for _ in range(50):
            realm.reload()
        gc.collect()
        after = sum(isinstance(thing, RealmSnapshot) for thing in gc.get_objects())
        assert after <= before

    def test_a_missing_directory_is_one_problem(self, make, folder, caplog):
        realm = make()
        assert realm.snapshot
        folder.rename(folder.with_name("away"))
        realm.reload()
        assert len(realm.health.problems) == 1
        assert len([r for r in caplog.records if r.levelname == "ERROR"]) == 1

    def test_a_skipped_line_that_moves_is_not_logged_again(self, make, folder, caplog):
        (folder / "users").write_text(f"bob:{CHEAP_HASH}\noops\n")
        realm = make()
        assert realm.snapshot
        (folder / "users").write_text("oops\nalas\n")
        realm.reload()
        told = [r.getMessage() for r in caplog.records if "skipped line" in r.getMessage()]
        assert [text.split("]")[0] for text in told] == ["skipped line [2", "skipped line [2"]


class TestCallbacks:
    def test_a_login_in_another_thread_does_not_wait_for_a_callback(self, make):
        realm, answers = make(), []

        def ask(_change):
            thread = threading.Thread(
                target=lambda: answers.append(realm.authenticate("bob", PASSWORD))
            )
            thread.start()
            thread.join(PATIENCE)
            assert not thread.is_alive()

        realm.on_change(ask)
        with realm:
            assert realm.authenticate("bob", PASSWORD)
        assert [bool(answer) for answer in answers] == [True]

    def test_changes_are_reported_in_order_even_from_a_callback(self, make, folder):
        realm, heard = make(), []

        def add(change):
            if change.generation == 1:
                UsersTool(folder).useradd("al", password_hash=CHEAP_HASH)
                realm.reload()

        realm.on_change(add)
        realm.on_change(lambda change: heard.append(change.generation))
        assert realm.snapshot
        assert heard == [1, 2]

    def test_closing_from_a_callback(self, make, folder):
        realm = make(reload_interval_high=0.02)
        with realm:
            realm.on_change(lambda _: realm.close())
            UsersTool(folder).useradd("al", password_hash=CHEAP_HASH)
            start = time.monotonic()
            wait_until(lambda: realm._is_closed)
            with pytest.raises(errors.RealmClosedError):
                realm.authenticate("bob", PASSWORD)
            assert time.monotonic() - start < PATIENCE

    def test_closed_while_it_loads(self, make):
        realm = make()
        realm.on_change(lambda _: realm.close())
        for _ in range(2):
            with pytest.raises(errors.RealmClosedError):
                realm.authenticate("bob", PASSWORD)
                realm.authenticate("bob", PASSWORD)

    def test_whatever_a_callback_raises(self, make):
        realm, heard = make(), []
        realm.on_change(lambda change: change.nothing)
        realm.on_change(heard.append)
        assert realm.snapshot.users
        assert len(heard) == 1


class TestUpgrade:
    def upgrading(self, make, **options):
        options.setdefault("password_hashing_algorithm", "bcrypt5")
        return make(upgrade_hashes=True, **options)

    def stored(self, folder):
        return (folder / "users").read_text().split(":", 1)[1].strip()

    @pytest.mark.filterwarnings("ignore::esfilerealm.errors.PasswordTruncatedWarning")
    def test_bcrypt_never_truncates_a_long_password(self, make, folder, caplog):
        caplog.set_level(logging.INFO)
        password = "p" * 88
        (folder / "users").write_text(f"bob:{hash_password(password, 'pbkdf2_1000')}\n")
        policy_options = {"password_hashing_algorithm": "bcrypt5"}
        from esfilerealm.hashing.passlib_context import crypt_context

        policy = crypt_context("bcrypt5", minimum_bcrypt_cost=5)
        realm = self.upgrading(make, hash_policy=policy, **policy_options)
        assert realm.authenticate("bob", password)
        assert self.stored(folder).startswith("{PBKDF2}1000$")
        assert "[bob] was not replaced: bcrypt reads only 72 bytes" in caplog.text
        realm.expire_all()
        assert not realm.authenticate("bob", password[:72] + "wrong")

    def test_clear_text_becomes_a_hash(self, make, folder):
        (folder / "users").write_text("bob:swordfish\n")
        realm = self.upgrading(make, accept_clear_text=True)
        assert realm.authenticate("bob", "swordfish")
        assert self.stored(folder).startswith("$2a$05$")
        assert realm.authenticate("bob", "swordfish")

    def test_another_family_is_not_weak(self, make, folder):
        (folder / "users").write_text(f"bob:{hash_password(PASSWORD, 'pbkdf2_1000')}\n")
        assert self.upgrading(make).authenticate("bob", PASSWORD)
        assert self.stored(folder).startswith("{PBKDF2}1000$")
        (folder / "users").write_text(f"bob:{CHEAP_HASH}\n")
        realm = self.upgrading(make, password_hashing_algorithm="pbkdf2_stretch")
        assert realm.authenticate("bob", PASSWORD)
        assert self.stored(folder) == CHEAP_HASH

    def test_a_right_password_is_let_in_even_if_there_is_no_slot_for_a_new_hash(
        self, make, monkeypatch
    ):
        realm = self.upgrading(make, max_concurrent_hashing=1, hashing_timeout=0.01)
        slots, upgrader = realm._authenticator._slots, realm._authenticator._upgrader
        upgrade = upgrader._upgraded

        def without_a_slot(*arguments):
            with slots:
                return upgrade(*arguments)

        monkeypatch.setattr(upgrader, "_upgraded", without_a_slot)
        assert realm.authenticate("bob", PASSWORD)

    def test_a_failure_is_not_repeated_at_every_login(self, make, folder, caplog):
        (folder / "users.lock").mkdir()
        realm = self.upgrading(make)
        for _ in range(5):
            assert realm.authenticate("bob", PASSWORD)
            realm.expire_all()
        assert len([r for r in caplog.records if "was not replaced" in r.getMessage()]) == 1

    def test_a_policy_without_upgrades_is_refused(self, folder):
        with pytest.raises(ValueError, match="upgrade_hashes"):
            FileRealm(folder, hash_policy=object())


class TestBadInput:
    def test_a_password_of_bytes_is_nowhere_in_the_error(self, make):
        with pytest.raises(errors.InvalidPasswordError) as caught:
            make().authenticate("bob", b"hunter2-secret")
        assert caught.value.__context__ is caught.value.__cause__ is None

    def test_a_header_of_bytes(self, make):
        with pytest.raises(TypeError, match="latin-1"):
            make().token(b"Basic YTpi")

    def test_an_override_that_is_no_text(self):
        key = "xpack.security.authc.realms.file.f.order"
        with pytest.raises(errors.InvalidSettingError, match="must be a string"):
            RealmSettings.load(None, {key: 0})

    @pytest.mark.parametrize(
        "mark", ["!", "*", "!!", "!$6$x$y", "*" + "0A" * 20, "md5" + "0f" * 16]
    )
    def test_marks_and_foreign_hashes_are_not_passwords(self, make, folder, mark):
        (folder / "users").write_text(f"bob:{mark}\n")
        realm = make(accept_clear_text=True)
        assert not realm.authenticate("bob", mark)
        assert realm.snapshot.hash_issues["bob"].kind == "unsupported"

    def test_a_password_that_starts_with_a_mark_is_one(self, make, folder):
        (folder / "users").write_text("bob:!swordfish\n")
        assert make(accept_clear_text=True).authenticate("bob", "!swordfish")


def test_an_object_that_cannot_be_renewed_does_not_stop_the_others(caplog):
    from esfilerealm._ground import forks as _forks

    class Failing:
        def after_fork(self):
            raise RuntimeError("cannot start a thread")

    class Counting:
        count = 0

        def after_fork(self):
            self.count += 1

    failing, counting = Failing(), Counting()
    _forks.renew_after_fork(failing)
    _forks.renew_after_fork(counting)
    living = dict(_forks._living.items())  # which, unlike its keys, keeps what it gives
    for number, thing in living.items():
        if thing not in (failing, counting):
            del _forks._living[number]
    try:
        _forks._renew_all()
    finally:
        _forks._living.update(living)
    assert counting.count == 1
    assert "is unusable in this child process" in caplog.text


def test_a_failing_log_does_not_end_the_watching(make, folder):
    class Failing(logging.Handler):
        def emit(self, record):
            raise OSError("the disk of the log is full")

    handler = Failing(logging.INFO)
    logger = logging.getLogger("esfilerealm")
    level = logger.level
    try:
        with make(reload_interval_high=0.02) as realm:
            logger.setLevel(logging.INFO)
            logger.addHandler(handler)
            (folder / "users").write_text(f"jim:{CHEAP_HASH}\n")
            wait_until(lambda: "jim" in realm.snapshot.users)
            (folder / "users").write_text("")
            wait_until(lambda: not realm.snapshot.users)
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
