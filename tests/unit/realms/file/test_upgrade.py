"""Weak hashes are replaced at a good login."""

from __future__ import annotations

import pytest
from support.hashes import PASSWORD

from esfilerealm import (
    UsersTool,
    hash_password,
    verify_hash,
)
from esfilerealm.hashing.passlib_context import crypt_context
from esfilerealm.realms.file import login as authenticator


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

    def test_a_custom_policy(self, make, folder):
        policy = crypt_context("pbkdf2_stretch", minimum_bcrypt_cost=10)
        assert make(upgrade_hashes=True, hash_policy=policy).authenticate("bob", PASSWORD)
        assert self.stored(folder).startswith("{PBKDF2_STRETCH}10000$")

    def test_a_hash_that_the_policy_does_not_know_is_weak(self, make, folder):
        (folder / "users").write_text("bob:swordfish\n")
        policy = crypt_context("bcrypt5", minimum_bcrypt_cost=5)
        realm = make(upgrade_hashes=True, hash_policy=policy, accept_clear_text=True)
        assert realm.authenticate("bob", "swordfish")
        assert self.stored(folder).startswith("$2a$05$")

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
    def test_a_failure_keeps_nobody_out(self, make, folder, caplog, fault):
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
        assert "the weak hash of user [bob] was not replaced" in caplog.text
        assert PASSWORD not in caplog.text

    def test_a_foreign_error_is_logged_by_its_type(self, make, caplog):
        policy = crypt_context("bcrypt5", minimum_bcrypt_cost=5)

        def failing(password):
            raise ValueError(password)

        policy.hash = failing
        assert make(upgrade_hashes=True, hash_policy=policy).authenticate("bob", PASSWORD)
        assert "was not replaced: ValueError" in caplog.text
        assert PASSWORD not in caplog.text

    def test_pbkdf2(self, make, folder):
        (folder / "users").write_text(f"bob:{hash_password(PASSWORD, 'pbkdf2_1000')}\n")
        realm = make(upgrade_hashes=True, password_hashing_algorithm="pbkdf2")
        assert realm.authenticate("bob", PASSWORD)
        assert self.stored(folder).startswith("{PBKDF2}10000$")


class TestPolicy:
    """A foreign watcher may return anything."""

    def test_a_hash_that_it_does_not_know_is_weak(self, make, folder):
        policy = crypt_context("bcrypt5", minimum_bcrypt_cost=5)

        def unknown(_stored_hash):
            raise ValueError("unknown")

        policy.needs_update = unknown
        assert make(upgrade_hashes=True, hash_policy=policy).authenticate("jane", PASSWORD)
        line = next(li for li in (folder / "users").read_text().splitlines() if li[:4] == "jane")
        assert line.startswith("jane:$2a$05$")

    @pytest.mark.filterwarnings("ignore::esfilerealm.errors.PasswordTruncatedWarning")
    def test_no_hash_that_reads_less_of_the_password_replaces_one(self, make, folder, caplog):
        password = "long enough " * 7
        stored = hash_password(password, "pbkdf2_1000")
        (folder / "users").write_text(f"jane:{stored}\n")
        caplog.set_level("INFO")
        policy = crypt_context("bcrypt5", minimum_bcrypt_cost=5)
        assert make(upgrade_hashes=True, hash_policy=policy).authenticate("jane", password)
        assert (folder / "users").read_text() == f"jane:{stored}\n"
        assert "bcrypt reads only 72 bytes" in caplog.text
