"""Logins: who gets in, what is computed for it, and what is remembered."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import time
import weakref

import pytest
from support.hashes import CHEAP_HASH
from support.threads import PATIENCE, together, wait_until

from esfilerealm import (
    AuthenticationStatus,
    FileRealm,
    UsernamePasswordToken,
    UsersTool,
    errors,
    hash_password,
    verify_hash,
)
from esfilerealm.hashing.passlib_context import crypt_context
from esfilerealm.realms.file import login as authenticator
from esfilerealm.realms.file import store as stores

PASSWORD = "test-password"  # of CHEAP_HASH


@pytest.fixture
def folder(config):
    (config / "users").write_text(f"bob:{CHEAP_HASH}\njane:{CHEAP_HASH}\nal:swordfish\n")
    (config / "users_roles").write_text("viewer:bob,jane\nadmin:bob\n")
    return config


@pytest.fixture
def realm(make):
    return make()


@pytest.fixture
def verified(monkeypatch):
    """The hashes that passwords were verified against."""
    calls = []

    def counting(password, stored_hash):
        calls.append(stored_hash)
        return verify_hash(password, stored_hash)

    monkeypatch.setattr(authenticator, "verify_hash", counting)
    return calls


class TestAnswers:
    def test_right_password(self, realm):
        result = realm.authenticate("bob", PASSWORD)
        assert result
        assert result.status is AuthenticationStatus.SUCCESS
        assert result.user.username == "bob"
        assert result.user.roles == ("viewer", "admin")
        assert result.user.enabled

    def test_wrong_password(self, realm):
        result = realm.authenticate("bob", "wrong-password")
        assert not result
        assert result.status is AuthenticationStatus.CONTINUE
        assert result.user is None
        assert "[bob]" in result.message
        assert "wrong-password" not in result.message

    def test_unknown_name(self, realm):
        result = realm.authenticate("nobody", PASSWORD)
        assert result.status is AuthenticationStatus.CONTINUE
        assert result.message is None

    @pytest.mark.parametrize(
        "name", ["", "Bob", " bob", "bob ", "bob\n", "böb", "\ud800", "a" * 9999]
    )
    def test_names_are_compared_exactly(self, realm, name):
        assert realm.authenticate(name, PASSWORD).message is None

    def test_message_about_a_strange_name_is_one_line(self, make, folder):
        (folder / "users").write_text(f"b~b:{CHEAP_HASH}\n")
        assert make().authenticate("b~b", "wrong-password").message.isprintable()

    @pytest.mark.parametrize(
        ("username", "password", "error"),
        [
            (7, PASSWORD, errors.InvalidUsernameError),
            (None, PASSWORD, errors.InvalidUsernameError),
            (["bob"], PASSWORD, errors.InvalidUsernameError),
            ("bob", b"test-password", errors.InvalidPasswordError),
            ("bob", None, errors.InvalidPasswordError),
        ],
    )
    def test_what_is_no_text(self, realm, username, password, error):
        for _ in range(2):
            with pytest.raises(error, match="must be text"):
                realm.authenticate(username, password)

    def test_a_password_with_half_a_character_is_as_on_a_node(self, make, folder):
        (folder / "users").write_text(f"bob:{hash_password('half ? of it', 'bcrypt4')}\n")
        realm = make()
        for _ in range(2):
            assert realm.authenticate("bob", "half \ud800 of it")

    def test_token(self, realm):
        header = UsernamePasswordToken("bob", PASSWORD).to_basic_header()
        token = realm.token(header)
        assert realm.authenticate_token(token)
        assert realm.token(None) is None

    def test_lookup(self, realm):
        assert realm.lookup_user("bob").roles == ("viewer", "admin")
        assert realm.lookup_user("al").roles == ()
        assert realm.lookup_user("nobody") is None
        with pytest.raises(errors.InvalidUsernameError):
            realm.lookup_user(None)

    def test_roles_of_nobody_let_nobody_in(self, make, folder):
        (folder / "users_roles").write_text("superuser:ghost\n")
        realm = make()
        assert realm.authenticate("ghost", PASSWORD).message is None
        assert realm.lookup_user("ghost") is None


class TestLongPasswords:
    @pytest.mark.parametrize("length", [4096, 4097])
    def test_limit_is_in_bytes(self, make, folder, verified, length):
        for password in ("a" * length, "ä" * (length // 2) + "a" * (length % 2)):
            stored = hash_password(password, "pbkdf2_1000")
            (folder / "users").write_text(f"bob:{stored}\n")
            realm = make()
            verified.clear()
            results = [realm.authenticate("bob", password) for _ in range(2)]
            assert [bool(result) for result in results] == [length == 4096] * 2
            assert len(verified) == (length == 4096)

    def test_says_so_whoever_asks(self, realm, verified):
        password = "x" * 5000
        messages = {realm.authenticate(name, password).message for name in ("bob", "nobody")}
        assert messages == {"the password is longer than 4096 bytes"}
        assert not verified


class TestUnusableHashes:
    @pytest.mark.parametrize(
        "stored",
        ["swordfish", "$apr1$aaaaaaaa$bbbbbbbbbbbbbbbbbbbbbb", "$2a$10$short", "{SSHA256}x"],
    )
    def test_let_nobody_in_and_never_raise(self, make, folder, verified, stored):
        (folder / "users").write_text(f"al:{stored}\nbob:{CHEAP_HASH}\n")
        realm = make()
        for password in (stored, PASSWORD):
            result = realm.authenticate("al", password)
            assert not result
            assert "[al]" in result.message
        assert verified == [CHEAP_HASH] * 2
        assert realm.authenticate("bob", PASSWORD)

    def test_clear_text_if_asked_for(self, make):
        realm = make(accept_clear_text=True)
        assert realm.authenticate("al", "swordfish")
        assert realm.authenticate("al", "swordfish")
        assert not realm.authenticate("al", "wrong-password")

    def test_the_hash_of_another_program_never_is_a_password(self, make, folder):
        stored = "$apr1$aaaaaaaa$bbbbbbbbbbbbbbbbbbbbbb"
        (folder / "users").write_text(f"al:{stored}\n")
        assert not make(accept_clear_text=True).authenticate("al", stored)

    def test_what_a_node_verifies_is_verified(self, make, folder):
        (folder / "users").write_text("al:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n")
        assert make().authenticate("al", "password")


class TestUnknownNames:
    def test_cost_as_much_as_a_wrong_password(self, realm, verified):
        realm.authenticate("nobody", PASSWORD)
        assert verified == [CHEAP_HASH]

    def test_the_password_of_the_decoy_lets_nobody_in(self, realm):
        result = realm.authenticate("nobody", PASSWORD)
        assert not result
        assert realm.usage_stats()["cache"]["size"] == 0

    def test_may_be_answered_at_once(self, make, verified):
        realm = make(conceal_unknown_users=False)
        realm.authenticate("nobody", PASSWORD)
        realm.authenticate("al", "swordfish")
        assert not verified

    def test_in_an_empty_realm_there_is_nothing_to_conceal(self, make, folder, verified):
        (folder / "users").write_text("")
        assert make().authenticate("nobody", PASSWORD).message is None
        assert not verified


class TestCache:
    def test_one_verification_for_many_logins(self, realm, verified):
        users = {id(realm.authenticate("bob", PASSWORD).user) for _ in range(5)}
        assert len(users) == 1
        assert verified == [CHEAP_HASH]

    def test_a_wrong_password_leaves_the_good_entry(self, realm, verified):
        user = realm.authenticate("bob", PASSWORD).user
        for _ in range(3):
            assert not realm.authenticate("bob", "wrong-password")
        assert realm.authenticate("bob", PASSWORD).user is user
        assert len(verified) == 4

    def test_failures_are_not_remembered(self, realm, verified):
        for _ in range(3):
            realm.authenticate("bob", "wrong-password")
        assert len(verified) == 3
        assert realm.usage_stats()["cache"]["size"] == 0

    def test_lookup_and_login_share_the_user(self, realm):
        looked_up = realm.lookup_user("bob")
        assert realm.authenticate("bob", PASSWORD).user is looked_up
        assert realm.lookup_user("bob") is looked_up

    def test_a_lookup_lets_nobody_in(self, realm):
        realm.lookup_user("bob")
        assert not realm.authenticate("bob", "wrong-password")
        assert not realm.authenticate("bob", "")

    @pytest.mark.parametrize("expire", [lambda r: r.expire("bob"), lambda r: r.expire_all()])
    def test_expire(self, realm, verified, expire):
        user = realm.authenticate("bob", PASSWORD).user
        expire(realm)
        assert realm.authenticate("bob", PASSWORD).user is not user
        assert len(verified) == 2

    @pytest.mark.parametrize("ttl", [0.0, -1.0])
    def test_off(self, make, verified, ttl):
        realm = make(cache_ttl=ttl)
        for _ in range(3):
            assert realm.authenticate("bob", PASSWORD)
        assert len(verified) == 3
        assert realm.usage_stats()["cache"]["size"] == -1
        realm.expire_all()
        realm.expire("bob")

    @pytest.mark.parametrize(
        "algorithm", ["ssha256", "sha1", "md5", "noop", "bcrypt4", "PBKDF2_1000"]
    )
    def test_every_kind_of_algorithm(self, make, verified, algorithm):
        realm = make(cache_hash_algo=algorithm)
        assert realm.authenticate("bob", PASSWORD)
        assert realm.authenticate("bob", PASSWORD)
        assert not realm.authenticate("bob", "wrong-password")
        assert len(verified) == 2

    def test_an_unknown_algorithm_fails_at_once(self, make):
        with pytest.raises(errors.UnknownHashAlgorithmError, match=r"\[sha256\]"):
            make(cache_hash_algo="sha256")

    def test_expensive_algorithm_that_has_to_wait_too_long(self, make):
        realm = make(cache_hash_algo="bcrypt4", max_concurrent_hashing=1, hashing_timeout=0.01)
        assert realm.authenticate("bob", PASSWORD)
        with realm._authenticator._slots:
            assert "too many" in realm.authenticate("bob", PASSWORD).message

    def test_usage_stats(self, make):
        realm = make(realm_name="mine", order=7)
        realm.authenticate("bob", PASSWORD)
        realm.authenticate("bob", PASSWORD)
        realm.authenticate("nobody", PASSWORD)
        assert realm.usage_stats() == {
            "name": "mine",
            "order": 7,
            "size": 3,
            "cache": {
                "size": 1,
                "hits": 1,
                "misses": 2,
                "evictions": 0,
                "expirations": 0,
                "waits": 0,
                "busy": 0,
                "in_flight": 0,
            },
        }


class TestChanges:
    def test_only_who_changed_is_verified_anew(self, realm, folder, verified):
        users = {name: realm.authenticate(name, PASSWORD).user for name in ("bob", "jane")}
        (folder / "users_roles").write_text("viewer:bob\nadmin:bob\n")
        assert realm.reload()
        assert realm.authenticate("bob", PASSWORD).user is users["bob"]
        assert realm.authenticate("jane", PASSWORD).user is not users["jane"]
        assert realm.authenticate("jane", PASSWORD).user.roles == ()
        assert len(verified) == 3

    def test_a_new_password(self, realm, folder):
        assert realm.authenticate("bob", PASSWORD)
        UsersTool(folder).passwd("bob", "battery-staple")
        realm.reload()
        assert not realm.authenticate("bob", PASSWORD)
        assert realm.authenticate("bob", "battery-staple")

    def test_a_removed_user(self, realm, folder):
        assert realm.authenticate("bob", PASSWORD)
        UsersTool(folder).userdel("bob")
        realm.reload()
        assert realm.authenticate("bob", PASSWORD).message is None
        assert realm.lookup_user("bob") is None
        assert realm.usage_stats()["cache"]["size"] == 0

    def test_callbacks_get_what_changed_when_it_holds(self, realm, folder):
        heard = []
        realm.on_change(lambda change: heard.append((change, realm.lookup_user("eve"))))
        realm.reload()
        UsersTool(folder).useradd("eve", password_hash=CHEAP_HASH, roles=["viewer"])
        realm.reload()
        change, eve = heard[-1]
        assert dict(change.added) == {"eve": ("viewer",)}
        assert eve.roles == ("viewer",)

    def test_snapshot_and_health(self, realm, folder):
        assert realm.snapshot.roles_of("bob") == ("viewer", "admin")
        assert realm.health.status == "ok"
        (folder / "users").write_bytes(b"\xff")
        realm.reload()
        assert realm.health.status == "stale"
        assert realm.authenticate("bob", PASSWORD)


class TestChangeDuringLogin:
    @pytest.fixture
    def change_while_verifying(self, monkeypatch, realm):
        """Make changes, one before each verification ends."""

        def prepare(*changes):
            waiting = list(changes)
            seen = []

            def verify(password, stored_hash):
                seen.append(stored_hash)
                verdict = verify_hash(password, stored_hash)
                if waiting:
                    waiting.pop(0)()
                    realm.reload()
                return verdict

            monkeypatch.setattr(authenticator, "verify_hash", verify)
            return seen

        return prepare

    def test_the_old_password_is_not_accepted_any_more(self, realm, folder, change_while_verifying):
        new = hash_password("battery-staple", "bcrypt4")
        change = UsersTool(folder).passwd
        seen = change_while_verifying(lambda: change("bob", password_hash=new))
        assert not realm.authenticate("bob", PASSWORD)
        assert seen == [CHEAP_HASH, new]
        assert realm.usage_stats()["cache"]["size"] == 0

    def test_the_new_roles_count(self, realm, folder, change_while_verifying):
        seen = change_while_verifying(lambda: UsersTool(folder).roles("bob", remove=["admin"]))
        assert realm.authenticate("bob", PASSWORD).user.roles == ("viewer",)
        assert realm.authenticate("bob", PASSWORD).user.roles == ("viewer",)
        assert len(seen) == 1

    def test_a_user_that_is_removed_is_unknown(self, realm, folder, change_while_verifying):
        change_while_verifying(lambda: UsersTool(folder).userdel("bob"))
        assert realm.authenticate("bob", PASSWORD).message is None

    def test_a_user_that_appears_is_known(self, realm, folder, change_while_verifying):
        add = UsersTool(folder).useradd
        change_while_verifying(lambda: add("eve", password_hash=CHEAP_HASH))
        assert realm.authenticate("eve", PASSWORD)

    def test_a_change_of_others_does_not_matter(self, realm, folder, change_while_verifying):
        seen = change_while_verifying(lambda: UsersTool(folder).userdel("jane"))
        assert realm.authenticate("bob", PASSWORD)
        assert realm.authenticate("bob", PASSWORD)
        assert len(seen) == 1

    def test_ends_however_often_there_is_a_change(self, realm, folder, change_while_verifying):
        change = UsersTool(folder).passwd
        hashes = [hash_password(PASSWORD, "bcrypt4") for _ in range(20)]
        seen = change_while_verifying(
            *(lambda new=new: change("bob", password_hash=new) for new in hashes)
        )
        assert "too many changes" in realm.authenticate("bob", PASSWORD).message
        assert len(seen) == 10

    @pytest.mark.parametrize("expire", [lambda r: r.expire("bob"), lambda r: r.expire_all()])
    def test_what_is_expired_meanwhile_is_not_remembered(
        self, realm, verified, monkeypatch, expire
    ):
        def verify(password, stored_hash):
            expire(realm)
            return verify_hash(password, stored_hash)

        monkeypatch.setattr(authenticator, "verify_hash", verify)
        assert realm.authenticate("bob", PASSWORD)
        assert realm.usage_stats()["cache"]["size"] == 0


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
    def test_settings_are_read_from_the_folder(self, folder):
        (folder / "elasticsearch.yml").write_text(
            "xpack.security.authc.realms.file.mine: {order: 3, cache.ttl: 0}\n"
        )
        realm = FileRealm(folder)
        assert (realm.settings.realm_name, realm.usage_stats()["cache"]["size"]) == ("mine", -1)
        assert repr(realm) == f"<FileRealm 'mine' of {str(folder)!r}>"

    def test_answers_without_being_entered(self, realm, folder):
        assert realm.authenticate("bob", PASSWORD)
        (folder / "users").write_text("")
        assert realm.authenticate("bob", PASSWORD)
        assert realm.reload()
        assert not realm.authenticate("bob", PASSWORD)

    def test_is_loaded_once_however_many_ask_first(self, make, monkeypatch):
        realm = make()
        reads = []
        read_both = stores.read_both
        monkeypatch.setattr(
            stores, "read_both", lambda paths: reads.append(paths) or read_both(paths)
        )
        assert all(together([lambda: realm.authenticate("bob", PASSWORD)] * 16))
        assert len(reads) == 1

    def test_a_callback_may_ask_the_realm_even_while_it_loads(self, realm):
        heard = []
        realm.on_change(lambda change: heard.append(realm.lookup_user("bob")))
        assert realm.authenticate("bob", PASSWORD).user is heard[0]

    def test_a_mistyped_folder(self, tmp_path):
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

    def test_what_could_not_be_read_is_read_at_a_later_pass(self, make, folder, monkeypatch):
        """A fault that leaves no trace in the file, so that nothing but trying again finds it."""
        from esfilerealm._storage import pair

        read_file = pair.read_file
        faults = [errors.FileAccessError("users", 5, "a passing fault")]

        def failing_once(path, **options):
            if faults and path.endswith("users"):
                raise faults.pop()
            return read_file(path, **options)

        with make(watch_events=False, reload_interval_high=0.02) as realm:
            monkeypatch.setattr(pair, "read_file", failing_once)
            UsersTool(folder).userdel("bob")
            wait_until(lambda: "bob" not in realm.snapshot.users)
            assert not faults
            assert realm.health

    def test_may_be_entered_when_the_folder_is_there_at_last(self, folder):
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
        """Even if the fork happens while other threads hold every lock there is."""
        with make(reload_interval_high=0.02, max_concurrent_hashing=1) as realm:
            assert realm.authenticate("bob", PASSWORD)
            held = [realm._lock, realm._cache._lock, realm._store._reloading]
            held.append(realm._authenticator.flights._lock)
            release, ready = threading.Event(), threading.Event()

            def hold():
                with realm._slots_of_test:
                    for lock in held:
                        lock.acquire()
                    ready.set()
                    release.wait(PATIENCE)
                    for lock in held:
                        lock.release()

            realm._slots_of_test = realm._authenticator._slots
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


class TestAsync:
    def test_answers(self, realm):
        async def logins():
            return [
                await realm.authenticate_async("bob", PASSWORD),
                await realm.authenticate_async("bob", PASSWORD),
                await realm.authenticate_async("bob", "wrong-password"),
                await realm.authenticate_async("nobody", PASSWORD),
            ]

        first, second, wrong, unknown = asyncio.run(logins())
        assert first
        assert second is first
        assert "[bob]" in wrong.message
        assert unknown.message is None

    def test_files_are_loaded_beside_the_loop(self, make, monkeypatch):
        threads = []
        read_both = stores.read_both
        monkeypatch.setattr(
            stores,
            "read_both",
            lambda paths: threads.append(threading.current_thread()) or read_both(paths),
        )
        assert asyncio.run(make().authenticate_async("bob", PASSWORD))
        assert len(threads) == 1
        assert threads[0] is not threading.main_thread()

    def test_many_at_once_cost_one_verification(self, realm, verified):
        async def logins():
            return await asyncio.gather(
                *(realm.authenticate_async("bob", PASSWORD) for _ in range(64))
            )

        assert all(asyncio.run(logins()))
        assert len(verified) == 1

    def test_the_loop_goes_on_meanwhile(self, realm, monkeypatch):
        may_end = threading.Event()

        def slow(password, stored_hash):
            assert may_end.wait(PATIENCE)
            return verify_hash(password, stored_hash)

        monkeypatch.setattr(authenticator, "verify_hash", slow)

        async def run():
            login = asyncio.create_task(realm.authenticate_async("bob", PASSWORD))
            await asyncio.sleep(0)
            assert not login.done()
            may_end.set()
            return await login

        assert asyncio.run(run())

    def test_an_expensive_cache_is_not_asked_on_the_loop(self, make, monkeypatch):
        realm = make(cache_hash_algo="bcrypt4")
        assert realm.authenticate("bob", PASSWORD)
        threads = []
        from_cache = realm._authenticator.from_cache

        def noting(username, password):
            threads.append(threading.current_thread())
            return from_cache(username, password)

        monkeypatch.setattr(realm._authenticator, "from_cache", noting)
        assert asyncio.run(realm.authenticate_async("bob", PASSWORD))
        assert threads
        assert threading.main_thread() not in threads

    def test_the_wait_is_bounded(self, make, monkeypatch):
        realm = make(max_concurrent_hashing=1, hashing_timeout=0.01)
        may_end = threading.Event()
        monkeypatch.setattr(authenticator, "verify_hash", lambda *_: may_end.wait(PATIENCE))

        async def run():
            return await asyncio.gather(
                *(realm.authenticate_async(name, PASSWORD) for name in ("bob", "jane"))
            )

        results = asyncio.run(run())
        may_end.set()
        assert ["too many" in result.message for result in results] == [True, True]

    def test_a_closed_realm_leaves_no_pool(self, make):
        realm = make()
        asyncio.run(realm.authenticate_async("bob", PASSWORD))
        realm.close()
        wait_until(
            lambda: not [t for t in threading.enumerate() if t.name.startswith("esfilerealm-h")]
        )


class TestUpgrade:
    WEAK = hash_password(PASSWORD, "bcrypt4")

    @pytest.fixture
    def folder(self, folder):
        (folder / "users").write_text(f"# note\nbob:{self.WEAK}\n")
        return folder

    @pytest.fixture
    def realm(self, make):
        return make(upgrade_hashes=True, password_hashing_algorithm="bcrypt5")

    def stored(self, folder):
        return (folder / "users").read_text().split(":", 1)[1].strip()

    def test_a_weak_hash_is_replaced_at_a_good_login(self, realm, folder, verified):
        assert not realm.authenticate("bob", "wrong-password")
        assert self.stored(folder) == self.WEAK
        user = realm.authenticate("bob", PASSWORD).user
        assert user.roles == ("viewer", "admin")
        assert self.stored(folder).startswith("$2a$05$")
        assert verify_hash(PASSWORD, self.stored(folder))
        assert (folder / "users").read_text().startswith("# note\nbob:")
        assert realm.authenticate("bob", PASSWORD).user is user
        assert len(verified) == 2
        assert realm.snapshot.generation == 2

    def test_a_good_hash_stays(self, make, folder):
        realm = make(upgrade_hashes=True, password_hashing_algorithm="bcrypt4")
        assert realm.authenticate("bob", PASSWORD)
        assert self.stored(folder) == self.WEAK

    def test_nothing_is_replaced_unless_asked_for(self, make, folder):
        assert make(password_hashing_algorithm="bcrypt5").authenticate("bob", PASSWORD)
        assert self.stored(folder) == self.WEAK

    def test_a_policy_of_ones_own(self, make, folder):
        policy = crypt_context("pbkdf2_stretch", minimum_bcrypt_cost=10)
        assert make(upgrade_hashes=True, hash_policy=policy).authenticate("bob", PASSWORD)
        assert self.stored(folder).startswith("{PBKDF2_STRETCH}10000$")

    def test_only_if_the_line_is_still_the_one_verified(self, realm, folder, monkeypatch):
        changed = hash_password("battery-staple", "bcrypt5")

        def verify(password, stored_hash):
            if changed not in (folder / "users").read_text():
                UsersTool(folder).passwd("bob", password_hash=changed)
            return verify_hash(password, stored_hash)

        monkeypatch.setattr(authenticator, "verify_hash", verify)
        realm.authenticate("bob", PASSWORD)
        assert self.stored(folder) == changed

    @pytest.mark.parametrize("fault", ["lock", "policy"])
    def test_a_fault_keeps_nobody_out(self, make, folder, caplog, fault):
        policy = None
        if fault == "lock":
            (folder / "users.lock").mkdir()
        else:
            policy = crypt_context("bcrypt5", minimum_bcrypt_cost=5)
            policy.hash = lambda password: f"{password} is no hash"
        realm = make(upgrade_hashes=True, hash_policy=policy, password_hashing_algorithm="bcrypt5")
        assert realm.authenticate("bob", PASSWORD)
        assert realm.authenticate("bob", PASSWORD)
        assert self.stored(folder) == self.WEAK
        assert "the weak hash of user [bob] stays" in caplog.text
        assert PASSWORD not in caplog.text

    def test_a_fault_without_a_name_of_ours_is_named_by_its_type(self, make, caplog):
        policy = crypt_context("bcrypt5", minimum_bcrypt_cost=5)

        def failing(password):
            raise ValueError(password)

        policy.hash = failing
        assert make(upgrade_hashes=True, hash_policy=policy).authenticate("bob", PASSWORD)
        assert "stays: ValueError" in caplog.text
        assert PASSWORD not in caplog.text

    def test_pbkdf2(self, make, folder):
        (folder / "users").write_text(f"bob:{hash_password(PASSWORD, 'pbkdf2_1000')}\n")
        realm = make(upgrade_hashes=True, password_hashing_algorithm="pbkdf2")
        assert realm.authenticate("bob", PASSWORD)
        assert self.stored(folder).startswith("{PBKDF2}10000$")


def test_time_is_taken_from_a_clock_that_never_goes_back(realm, monkeypatch):
    realm.authenticate("bob", PASSWORD)
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert realm.authenticate("bob", PASSWORD)
