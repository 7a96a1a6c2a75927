"""No line of the log holds a secret."""

from __future__ import annotations

from no_secret.busy_realm import changed, lay_out, log_everyone_in, spoilt
from support.watching import replace

from esfilerealm import (
    FileRealm,
)


class TestLogs:
    """There is something to search, at every level; the search itself is in the fixture."""

    def test_of_a_busy_realm(self, realm, folder, logged):
        changed(realm, folder)
        spoilt(realm, folder)
        lay_out(folder)
        realm.reload()
        (folder / "users_roles").unlink()
        (folder / "users_roles").mkdir()
        realm.reload()
        realm.expire_all()
        text = "\n".join(logged)
        for part in ("the callback is broken", "not UTF-8", "skipped line [2]", "parsed ["):
            assert part in text
        assert "user [apache], line [" in text

    def test_of_replaced_hashes(self, folder, logged, monkeypatch):
        with FileRealm(folder, watch_events=False, upgrade_hashes=True) as realm:
            log_everyone_in(realm)
        assert "replaced the weak hash of user [bcrypt]" in "\n".join(logged)

    def test_of_hashes_that_cannot_be_replaced(self, folder, logged):
        class Policy:
            def needs_update(self, stored_hash):
                return True

            def hash(self, password):
                raise ValueError(password)

        with FileRealm(
            folder, watch_events=False, upgrade_hashes=True, hash_policy=Policy()
        ) as realm:
            log_everyone_in(realm)
        assert "the weak hash of user [bcrypt] was not replaced: ValueError" in "\n".join(logged)

    def test_of_the_watcher(self, folder, logged):
        realm = FileRealm(folder, watch_events=False)
        with realm:
            replace(folder / "users", (folder / "users").read_bytes() + b"\xff")
            realm._watcher_service.notify_now()
            lay_out(folder)
            realm._watcher_service.notify_now()
        assert "can be used again" in "\n".join(logged)
