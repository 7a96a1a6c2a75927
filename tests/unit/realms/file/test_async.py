"""Logins on an event loop."""

from __future__ import annotations

import asyncio
import threading

from support.hashes import PASSWORD
from support.threads import PATIENCE, wait_until

from esfilerealm import (
    verify_hash,
)
from esfilerealm._storage import RealmFolder
from esfilerealm.realms.file import login as authenticator


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
        read_both = RealmFolder.read_settled
        monkeypatch.setattr(
            RealmFolder,
            "read_settled",
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
        from_cache = realm._authenticator._from_cache

        def noting(username, secret):
            threads.append(threading.current_thread())
            return from_cache(username, secret)

        monkeypatch.setattr(realm._authenticator, "_from_cache", noting)
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
