"""A realm from its first login to its end, and in a child process."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import weakref

import pytest
from support.hashes import CHEAP_HASH, PASSWORD
from support.threads import PATIENCE, together, wait_until

from esfilerealm import (
    FileRealm,
    UsernamePasswordToken,
    UsersTool,
    errors,
    verify_hash,
)
from esfilerealm._storage import RealmFolder
from esfilerealm.realms.file import login as authenticator
from esfilerealm.realms.file.concurrency import _Flight


class TestSwitchedOff:
    def test_authentication(self, make, verified):
        realm = make(authentication_enabled=False)
        assert realm.authenticate("bob", PASSWORD) == realm.authenticate("nobody", PASSWORD)
        assert realm.authenticate("bob", PASSWORD).message is None
        assert realm.token(UsernamePasswordToken("bob", PASSWORD).to_basic_header()) is None
        assert realm.lookup_user("bob").roles == ("viewer", "admin")
        assert not asyncio.run(realm.authenticate_async("bob", PASSWORD))
        assert not verified

    def test_the_realm(self, make):
        realm = make(enabled=False)
        assert realm.authenticate("bob", PASSWORD).message is None
        assert realm.lookup_user("bob") is None
        assert realm.token(UsernamePasswordToken("bob", PASSWORD).to_basic_header()) is None


class TestLife:
    def test_settings_are_read_from_the_directory(self, folder):
        (folder / "elasticsearch.yml").write_text(
            "xpack.security.authc.realms.file.mine: {order: 3, cache.ttl: 0}\n"
        )
        realm = FileRealm(folder)
        assert (realm.settings.realm_name, realm.usage_stats()["cache"]["size"]) == ("mine", -1)
        assert repr(realm) == f"<FileRealm 'mine' of {str(folder)!r}: 3 users, issues>"

    def test_answers_without_being_entered(self, realm, folder):
        assert realm.authenticate("bob", PASSWORD)
        (folder / "users").write_text("")
        assert realm.authenticate("bob", PASSWORD)
        assert realm.reload()
        assert not realm.authenticate("bob", PASSWORD)

    def test_is_loaded_once_however_many_ask_first(self, make, monkeypatch):
        realm = make()
        reads = []
        read_both = RealmFolder.read_settled
        monkeypatch.setattr(
            RealmFolder, "read_settled", lambda paths: reads.append(paths) or read_both(paths)
        )
        assert all(together([lambda: realm.authenticate("bob", PASSWORD)] * 16))
        assert len(reads) == 1

    def test_a_callback_may_ask_the_realm_even_while_it_loads(self, realm):
        heard = []
        realm.on_change(lambda change: heard.append(realm.lookup_user("bob")))
        assert realm.authenticate("bob", PASSWORD).user is heard[0]

    def test_a_mistyped_directory(self, tmp_path):
        with (
            pytest.raises(errors.ConfigurationFileMissingError, match="typo"),
            FileRealm(tmp_path / "typo"),
        ):
            pass  # pragma: no cover
        with pytest.raises(errors.ConfigurationFileMissingError, match="typo"):
            FileRealm(tmp_path / "typo").authenticate("bob", PASSWORD)

    @pytest.mark.parametrize("watch_events", [True, False])
    def test_follows_the_files_while_open(self, make, folder, watch_events):
        realm = make(watch_events=watch_events, reload_interval_high=0.02)
        with realm:
            assert realm.authenticate("bob", PASSWORD)
            changed = threading.Event()
            realm.on_change(lambda change: changed.set())
            UsersTool(folder).passwd("bob", "battery-staple")
            assert changed.wait(PATIENCE)
            assert realm.authenticate("bob", "battery-staple")
            assert not realm.authenticate("bob", PASSWORD)

    def test_an_unreadable_file_is_read_at_a_later_pass(self, make, folder, monkeypatch):
        """A failure that leaves no trace in the file: only another attempt can succeed."""
        from esfilerealm._storage import realm_files

        read_file = realm_files.read_file
        faults = [errors.FileAccessError("users", 5, "a passing fault")]

        def failing_once(path, **options):
            if faults and options and path.endswith("users"):  # the read of the store
                raise faults.pop()
            return read_file(path, **options)

        with make(watch_events=False, reload_interval_high=0.02) as realm:
            monkeypatch.setattr(realm_files, "read_file", failing_once)
            UsersTool(folder).userdel("bob")
            wait_until(lambda: "bob" not in realm.snapshot.users)
            assert not faults
            assert realm.health

    def test_can_be_entered_once_the_directory_exists(self, folder):
        realm = FileRealm(folder / "later")
        with pytest.raises(errors.ConfigurationFileMissingError):
            realm.__enter__()
        (folder / "later").mkdir()
        UsersTool(folder / "later").init()
        with realm:
            UsersTool(folder / "later").useradd("bob", password_hash=CHEAP_HASH)
            wait_until(lambda: "bob" in realm.snapshot.users)

    @pytest.mark.parametrize(
        "options",
        [
            {"max_concurrent_hashing": 0},
            {"max_concurrent_hashing": -1},
            {"hashing_timeout": -0.1},
            {"hashing_timeout": float("nan")},
            {"hashing_timeout": float("inf")},
        ],
    )
    def test_numbers_that_make_no_sense(self, make, options):
        with pytest.raises(ValueError, match=rf"\[{next(iter(options.values()))}\]"):
            make(**options)

    def test_is_entered_once(self, realm):
        with realm, pytest.raises(RuntimeError, match="once"), realm:
            pass  # pragma: no cover

    def test_closed(self, folder):
        with FileRealm(folder) as realm:
            assert realm.authenticate("bob", PASSWORD)
        for question in (
            lambda: realm.authenticate("bob", PASSWORD),
            lambda: realm.lookup_user("bob"),
            lambda: asyncio.run(realm.authenticate_async("bob", PASSWORD)),
            realm.reload,
            lambda: realm.snapshot,
            realm.__enter__,
        ):
            with pytest.raises(errors.RealmClosedError, match="closed"):
                question()
        realm.close()
        assert not [t for t in threading.enumerate() if t.name.startswith("esfilerealm")]

    def test_a_login_that_is_being_verified_when_the_realm_closes(self, make, monkeypatch):
        realm = make()

        def verify(password, stored_hash):
            realm.close()
            return verify_hash(password, stored_hash)

        monkeypatch.setattr(authenticator, "verify_hash", verify)
        assert realm.authenticate("bob", PASSWORD)
        assert realm._cache.size == 0

    def test_dropped_without_being_closed(self, folder):
        realm = FileRealm(folder)
        realm.__enter__()
        gone = weakref.ref(realm)
        del realm
        wait_until(lambda: gc.collect() >= 0 and gone() is None)
        wait_until(
            lambda: not [t for t in threading.enumerate() if t.name == "esfilerealm-watcher"]
        )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
class TestFork:
    def test_the_child_answers_and_follows(self, make, folder):
        """Even if the fork happens while other threads hold every lock."""
        with make(reload_interval_high=0.02, max_concurrent_hashing=1) as realm:
            assert realm.authenticate("bob", PASSWORD)
            held = [realm._lock, realm._cache._lock, realm._store._reloading]
            release, ready = threading.Event(), threading.Event()

            def hold():
                with slots:
                    for lock in held:
                        lock._lock.acquire()
                    ready.set()
                    release.wait(PATIENCE)
                    for lock in held:
                        lock._lock.release()

            slots = realm._authenticator._slots
            # A flight of the parent, which the same login would join and which never lands here.
            question = realm._authenticator._question("jane", PASSWORD.encode(), CHEAP_HASH)
            realm._authenticator.flights._flights[question] = _Flight()
            holder = threading.Thread(target=hold)
            holder.start()
            assert ready.wait(PATIENCE)
            reader, writer = os.pipe()
            child = os.fork()
            if child == 0:  # pragma: no cover - in another process
                code = 1
                try:
                    os.close(reader)
                    assert realm.authenticate("bob", PASSWORD)
                    assert not realm.authenticate("bob", "wrong-password")
                    assert asyncio.run(realm.authenticate_async("jane", PASSWORD))
                    os.write(writer, b"ready")
                    wait_until(lambda: "jane" not in realm.snapshot.users)
                    code = 0
                finally:
                    os._exit(code)
            os.close(writer)
            with open(reader, "rb") as pipe:
                answer = pipe.read(5)
            release.set()
            holder.join(PATIENCE)
            UsersTool(folder).userdel("jane")
            assert answer == b"ready"
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

    @staticmethod
    def in_child(check):
        """Run *check* in a forked child, and expect that it raises nothing."""
        child = os.fork()
        if child == 0:  # pragma: no cover - in another process
            code = 1
            try:
                check()
                code = 0
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

    def test_the_child_starts_without_remembered_logins(self, realm):
        assert realm.authenticate("bob", PASSWORD)

        def check():
            stats = realm.usage_stats()
            assert (stats["size"], stats["cache"]["size"], stats["cache"]["hits"]) == (3, 0, 0)
            assert realm.snapshot.generation == 1

        self.in_child(check)

    def test_a_listener_may_fork(self, realm, folder):
        """The child goes on where the listener was called, with new locks."""
        heard = []

        def fork(change):
            if heard:
                return
            heard.append(change)
            child = os.fork()
            if child:
                assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

        parent = os.getpid()
        realm.on_change(fork)
        try:
            realm.reload()
            if os.getpid() != parent:  # pragma: no cover - in another process
                UsersTool(folder).userdel("jane")
                assert realm.reload()
                os._exit(0)
        finally:
            if os.getpid() != parent:  # pragma: no cover - in another process
                os._exit(1)
        assert len(heard) == 1
        assert realm.reload()

    def test_a_closed_realm_stays_closed(self, realm):
        realm.close()

        def check():
            for question in (
                lambda: realm.authenticate("bob", PASSWORD),
                lambda: asyncio.run(realm.authenticate_async("bob", PASSWORD)),
            ):
                with pytest.raises(errors.RealmClosedError):
                    question()

        self.in_child(check)


class TestWhatAForkLeaves:
    """The hook that runs in the child, called here."""

    def test_new_locks_and_no_remembered_logins(self, realm, folder):
        user = realm.authenticate("bob", PASSWORD).user
        for mutex in (realm._lock, realm._cache._lock, realm._store._reloading):
            mutex._lock.acquire()
        realm.after_fork()
        assert realm.usage_stats()["cache"]["size"] == 0
        assert realm.authenticate("bob", PASSWORD).user is not user
        UsersTool(folder).userdel("bob")
        assert realm.reload()
        assert not realm.authenticate("bob", PASSWORD)
        realm.close()

    def test_a_closed_realm_remembers_nobody(self, realm):
        realm.close()
        realm.after_fork()
        assert realm._cache._is_closed
        assert realm._pool._is_closed
        with pytest.raises(errors.RealmClosedError):
            realm.authenticate("bob", PASSWORD)


class TestAsRealm:
    """What a chain of realms asks of each of them."""

    def test_where_it_stands(self, make):
        realm = make(realm_name="mine", order=7)
        assert (realm.name, realm.type, realm.order) == ("mine", "file", 7)

    def test_which_tokens_it_supports(self, make):
        token = UsernamePasswordToken("bob", PASSWORD)
        assert make().supports(token)
        assert not make().supports(object())
        assert not make(authentication_enabled=False).supports(token)


class TestRepr:
    def test_of_a_realm(self, realm, folder):
        at = f"<FileRealm 'default_file' of {str(folder)!r}: "
        assert repr(realm) == at + "not loaded, ok>"
        assert realm.snapshot
        assert repr(realm) == at + "3 users, issues>"
        realm.close()
        assert repr(realm) == at + "3 users, closed>"

    def test_of_its_store(self, realm, folder):
        assert repr(realm._store) == (
            f"<FileRealmStore of {str(folder)!r}: <RealmSnapshot: generation 0, 0 users, ok>>"
        )
