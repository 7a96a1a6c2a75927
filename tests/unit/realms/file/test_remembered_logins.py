"""What a realm remembers of logins, and forgets when the files change."""

from __future__ import annotations

import pytest
from support.hashes import CHEAP_HASH, PASSWORD

from esfilerealm import (
    UsersTool,
    errors,
    hash_password,
    verify_hash,
)
from esfilerealm.realms.file import login as authenticator


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
    def test_only_changed_users_are_verified_again(self, realm, folder, verified):
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

    def test_callbacks_run_after_the_new_snapshot_is_in_place(self, realm, folder):
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
        assert realm.health.status == "issues"  # the clear text of al
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

    def test_a_change_of_another_user_does_not_matter(self, realm, folder, change_while_verifying):
        seen = change_while_verifying(lambda: UsersTool(folder).userdel("jane"))
        assert realm.authenticate("bob", PASSWORD)
        assert realm.authenticate("bob", PASSWORD)
        assert len(seen) == 1

    def test_ends_even_if_the_user_changes_again_and_again(
        self, realm, folder, change_while_verifying
    ):
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
