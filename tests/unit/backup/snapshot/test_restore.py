"""A restore asks everything first, and sends what the documentation says; and what verify tells."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.cluster import FakeCluster

from esfilerealm.backup.snapshot import (
    Release,
    SnapshotOrder,
    create_snapshot,
    prepare_restore,
    restore_snapshot,
    verify_snapshot,
)
from esfilerealm.errors import (
    ClusterError,
    InvalidSnapshotValueError,
    SnapshotNotCompatibleError,
)

RELEASES = ["6.8.23", "7.10.2", "7.17.13", "8.19.3", "9.1.0"]
RESTORE = "POST /_snapshot/my_backup/snapshot_1/_restore"
DELETE = "DELETE /.security-*"


def saved(version, /, **more):
    """A cluster with a snapshot of its own."""
    state = FakeCluster(version, repositories={"my_backup": {"type": "fs"}})
    state.add_snapshot("snapshot_1", **more)
    return state


@pytest.fixture
def order():
    return SnapshotOrder("my_backup", "snapshot_1")


@pytest.mark.parametrize("version", RELEASES)
def test_what_is_sent(connect, order, version):
    state = saved(version)
    cluster = connect(state)
    prepared = prepare_restore(cluster, order)
    assert state.changes() == []
    told = []
    result = restore_snapshot(cluster, prepared, tell=told.append)
    by_feature = Release.parse(version).is_at_least(7, 12)
    assert state.changes() == ([RESTORE] if by_feature else [DELETE, RESTORE])
    assert state.calls[-1].body == (
        {"indices": "-*", "include_global_state": False, "feature_states": ["security"]}
        if by_feature
        else {"indices": ".security-*", "include_global_state": False}
    )
    assert state.indices == state.snapshots["snapshot_1"]["indices"]
    assert result.outcomes[-len(told) :] == tuple(told)
    assert result.is_restorable


@pytest.mark.parametrize("version", RELEASES)
def test_again(connect, order, version):
    state = saved(version)
    cluster = connect(state)
    for _ in range(2):
        restore_snapshot(cluster, prepare_restore(cluster, order))
    assert state.changes().count(RESTORE) == 2


def test_after_a_fault_between_delete_and_restore(connect, order):
    """The user of the file realm still gets in, and the same call ends what was begun."""
    state = saved("7.10.2")
    state.broken[RESTORE] = (503, {"error": {"type": "x", "reason": "busy"}})
    cluster = connect(state)
    with pytest.raises(ClusterError, match="busy"):
        restore_snapshot(cluster, prepare_restore(cluster, order))
    assert state.indices == []
    state.broken.clear()
    restore_snapshot(cluster, prepare_restore(cluster, order))
    assert state.indices


class TestOldSnapshots:
    """Those without features are restored by name in 7, and not at all from 8 on."""

    OLD = {"feature_states": [], "version": "7.10.2"}  # noqa: RUF012 - read only

    def test_in_7_by_name_without_being_asked(self, connect, order):
        state = saved("7.17.13", **self.OLD)
        state.users["admin"].roles.append("restricted")
        cluster = connect(state)
        restore_snapshot(cluster, prepare_restore(cluster, order))
        assert state.changes() == [DELETE, RESTORE]

    def test_in_7_superuser_alone_may_not_delete(self, connect, order):
        state = saved("7.17.13", **self.OLD)
        cluster = connect(state)
        with pytest.raises(ClusterError, match="reserved for system operations") as caught:
            restore_snapshot(cluster, prepare_restore(cluster, order))
        assert caught.value.status == 403
        assert state.indices

    def test_not_in_8(self, connect, order):
        state = saved("8.0.0", **self.OLD)
        with pytest.raises(ClusterError, match=r"restore it in 7\.17, and make a new snapshot"):
            prepare_restore(connect(state), order)
        assert state.changes() == []


class TestRefused:
    """Before anything is changed."""

    def refused(self, connect, state, order, kind=ClusterError, user="admin", **more):
        with pytest.raises(kind) as caught:
            prepare_restore(connect(state, user), order, **more)
        assert state.changes() == []
        return str(caught.value)

    @pytest.mark.parametrize(
        ("target", "made_by"),
        [
            ("6.5.0", "6.6.0"),
            ("7.0.0", "6.6.0"),
            ("7.5.0", "7.6.0"),
            ("9.0.0", "7.17.0"),
            ("8.15.0", "8.18.0"),
        ],
    )
    def test_releases(self, connect, order, target, made_by):
        state = saved(target, version=made_by)
        self.refused(connect, state, order, SnapshotNotCompatibleError)

    def test_the_index_is_older_than_the_snapshot_shows(self, connect, order):
        state = saved("9.1.0", version="8.19.0")
        created = Release.parse("7.17")
        self.refused(connect, state, order, SnapshotNotCompatibleError, created=created)
        assert prepare_restore(connect(state), order).compatibility.is_assumed

    def test_somebody_who_may_be_locked_out(self, connect, order):
        state = saved("8.19.3")
        message = self.refused(connect, state, order, user="native")
        assert "is of a realm of type [native], and may be locked out" in message
        assert prepare_restore(connect(state, "native"), order, any_user=True)

    def test_a_missing_repository(self, connect, order):
        message = self.refused(connect, FakeCluster(), order)
        assert "repository_missing_exception" in message

    def test_a_missing_snapshot(self, connect, order):
        message = self.refused(connect, saved("8.19.3"), replace(order, snapshot="other"))
        assert "snapshot_missing_exception" in message

    def test_no_state_of_the_cluster(self, connect, order):
        message = self.refused(connect, saved("8.19.3"), replace(order, global_state=True))
        assert "restore without --global-state" in message

    def test_a_part_of_a_snapshot(self, connect, order):
        self.refused(connect, saved("8.19.3", state="PARTIAL"), order)

    def test_another_release_than_expected(self, connect, order):
        expected = Release.parse("9.0")
        message = self.refused(
            connect, saved("8.19.3"), order, InvalidSnapshotValueError, expected=expected
        )
        assert "check the address" in message


@pytest.mark.parametrize(
    ("answer", "number"),
    [({"snapshot": {"shards": {"failed": 2}}}, "2"), ({"accepted": True}, "None")],
)
def test_a_part_that_was_not_restored(connect, order, answer, number):
    state = saved("8.19.3", include_global_state=True)
    state.broken[RESTORE] = (200, answer)
    cluster = connect(state)
    prepared = prepare_restore(cluster, replace(order, global_state=True))
    with pytest.raises(ClusterError) as caught:
        restore_snapshot(cluster, prepared)
    assert f"([{number}] failed)" in str(caught.value)


class TestTheClusterItself:
    """The cluster of these tests refuses what a cluster refuses."""

    @pytest.mark.parametrize(
        ("version", "body", "why"),
        [
            ("8.19.3", {"indices": ".security-*"}, "as part of a feature state"),
            ("7.10.2", {"indices": ".security-*"}, "an open index with same name"),
            ("8.19.3", {"indices": "-*", "feature_states": ["kibana"]}, "not present in snapsh"),
            ("8.19.3", {"indices": "-*", "include_global_state": True}, "without global state"),
        ],
    )
    def test_restores(self, connect, order, version, body, why):
        state = saved(version)
        cluster = connect(state)
        prepared = prepare_restore(cluster, order)
        with pytest.raises(ClusterError, match=why), pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                "esfilerealm.backup.snapshot.steps._selection",
                lambda *_, **__: {"include_global_state": False, **body},
            )
            patch.setattr("esfilerealm.backup.snapshot.restore.uses_features", lambda *_: True)
            restore_snapshot(cluster, prepared)

    def test_a_second_snapshot_of_that_name(self, connect, order):
        state = saved("8.19.3")
        state.broken["GET /_snapshot/my_backup/snapshot_1"] = (404, {})
        with pytest.raises(ClusterError, match="already exists"):
            create_snapshot(connect(state), order)


class TestVerify:
    def test_what_can_be_restored(self, connect, order):
        state = saved("8.19.3")
        told = []
        result = verify_snapshot(connect(state), order, tell=told.append)
        assert result.is_restorable
        assert tuple(told) == result.outcomes
        assert "it works on [2] nodes" in str(told[-1])
        assert state.changes() == []

    def test_releases_that_do_not_fit_are_no_error(self, connect, order):
        result = verify_snapshot(connect(saved("9.1.0", version="7.17.0")), order)
        assert not result.is_restorable
        assert not result.compatibility.is_allowed

    def test_what_is_missing_is_no_error(self, connect, order):
        result = verify_snapshot(connect(saved("8.19.3", state="PARTIAL")), order)
        assert not result.is_restorable
        assert result.compatibility.is_allowed
        assert "its state is [PARTIAL]" in result.obstacles[0]

    def test_a_user_who_may_not_try_the_repository(self, connect, order):
        expected = Release.parse("8.19")
        cluster = connect(saved("8.19.3"), "backup")
        result = verify_snapshot(cluster, order, expected=expected)
        assert result.is_restorable is False  # [8.19] says too little
        assert result.outcomes[-1].outcome == "unknown"
