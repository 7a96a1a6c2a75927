"""Snapshots are made with the documented requests, and made again without harm."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.cluster import FakeCluster

from esfilerealm.backup.snapshot import (
    Release,
    Request,
    SnapshotOrder,
    create_snapshot,
    steps_to_create,
)
from esfilerealm.errors import ClusterError, InvalidSnapshotValueError

RELEASES = ["6.8.23", "7.10.2", "7.17.13", "8.19.3", "9.1.0"]
SAVER = "saver-password"


@pytest.mark.parametrize("version", RELEASES)
class TestEveryRelease:
    def test_what_is_sent_is_what_is_planned(self, connect, order, version):
        state = FakeCluster(version)
        order = replace(order, backup_user="saver")
        result = create_snapshot(connect(state), order, backup_password=SAVER)
        steps = steps_to_create(Release.parse(version), order)
        planned = [step.action for step in steps if isinstance(step.action, Request)]
        changing = [action for action in planned if action.method != "GET"]
        sent = [call for call in state.calls if call.method != "GET"]
        for action, call in zip(changing, sent, strict=True):
            body = dict(call.body)
            body.pop("metadata", None)
            if action.secret:
                assert body.pop(action.secret) == SAVER
            assert (action.method, action.path, action.body) == (call.method, call.path, body)
            assert dict(action.query) == call.query
        looked = {str(call) for call in state.calls if call.method == "GET"}
        assert {f"GET {a.path}" for a in planned if a.method == "GET"} <= looked
        assert result.is_restorable
        assert state.users["saver"].roles == ["snapshot_user"]

    def test_again_changes_nothing(self, connect, order, version):
        state = FakeCluster(version)
        order = replace(order, backup_user="saver")
        create_snapshot(connect(state), order, backup_password=SAVER)
        changes = state.changes()
        again = create_snapshot(connect(state), order)
        assert state.changes() == changes
        assert "done" not in {each.outcome for each in again.outcomes}
        assert again.snapshot.is_complete

    def test_each_step_is_told(self, connect, order, version):
        told = []
        result = create_snapshot(connect(FakeCluster(version)), order, tell=told.append)
        assert tuple(told) == result.outcomes
        assert str(told[0]) == "Register the repository [my_backup]: registered"
        names = [each.name for each in told]
        by_feature = Release.parse(version).is_at_least(7, 12)
        assert ("list-features" in names) is by_feature


class TestNoteOfTheIndex:
    """The release in which the index was created goes into the metadata of the snapshot."""

    @pytest.mark.parametrize(
        ("version", "created", "noted"),
        [
            ("8.19.3", "7170099", Release(7)),
            ("9.1.0", "8525000", Release(8)),
            ("6.8.23", "6082399", None),
            ("8.19.3", "?", None),
        ],
    )
    def test_note(self, connect, order, version, created, noted):
        state = FakeCluster(version, created=created)
        result = create_snapshot(connect(state), order)
        assert result.snapshot.created == noted

    def test_it_decides_later(self, connect, order):
        state = FakeCluster("8.19.3", created="7170099")
        create_snapshot(connect(state), order)
        state.version = "9.1.0"
        again = create_snapshot(connect(state), order)
        assert not again.compatibility.is_allowed
        assert not again.compatibility.is_assumed


def test_a_user_who_may_only_make_snapshots(connect, order):
    state = FakeCluster("8.19.3", repositories={"my_backup": {"type": "fs"}})
    cluster = connect(state, "backup")
    alone = replace(order, location=None)
    result = create_snapshot(cluster, alone, expected=Release.parse("8.19.3"))
    assert result.snapshot.has_feature
    assert state.changes() == ["PUT /_snapshot/my_backup/snapshot_1"]
    outcomes = {each.name: each.outcome for each in result.outcomes}
    assert outcomes["list-features"] == "unknown"


def test_who_may_not_ask_for_the_release_has_to_say_it(connect, order):
    with pytest.raises(ClusterError) as caught:
        create_snapshot(connect(FakeCluster(), "backup"), order)
    assert caught.value.status == 403
    assert "user [backup] lacks a privilege (security_exception: action [mon" in str(caught.value)


class TestRefused:
    """Nothing is sent that changes anything."""

    def refused(self, connect, state, order, kind=InvalidSnapshotValueError, **more):
        with pytest.raises(kind) as caught:
            create_snapshot(connect(state), order, **more)
        assert state.changes() == []
        return str(caught.value)

    def test_a_repository_elsewhere(self, connect, order):
        there = {"my_backup": {"type": "fs", "settings": {"location": "other"}}}
        message = self.refused(connect, FakeCluster(repositories=there), order)
        assert "one of this name is elsewhere ([fs other])" in message

    @pytest.mark.parametrize("there", [{"type": "s3"}, {"type": "fs", "settings": 1}])
    def test_a_repository_of_another_kind(self, connect, order, there):
        self.refused(connect, FakeCluster(repositories={"my_backup": there}), order)

    def test_no_repository(self, connect, order):
        message = self.refused(connect, FakeCluster(), replace(order, location=None))
        assert "give a --location to register it" in message

    @pytest.mark.parametrize("expected", ["9.1", "7.17"])
    def test_another_major_release(self, connect, order, expected):
        release = Release.parse(expected)
        message = self.refused(connect, FakeCluster(), order, expected=release)
        assert "the cluster has [8.19.3]" in message

    def test_an_unknown_major_release(self, connect, order):
        message = self.refused(connect, FakeCluster("5.6.16"), order)
        assert "known for the major releases 6 to 9" in message

    def test_by_index_from_8_on(self, connect, order):
        self.refused(connect, FakeCluster(), replace(order, by_index=True))

    @pytest.mark.parametrize(
        ("banner", "why"),
        [
            ({"version": {"number": "2.11.0"}, "tagline": "The OpenSearch Project"}, "not Elast"),
            ({"tagline": "You Know, for Search"}, "not Elasticsearch"),
            ([], "not Elasticsearch"),
            ("<html>", "not Elasticsearch"),
        ],
    )
    def test_another_product(self, connect, order, banner, why):
        state = FakeCluster(broken={"GET /": (200, banner)})
        assert why in self.refused(connect, state, order, ClusterError)

    def test_no_feature(self, connect, order):
        state = FakeCluster(broken={"GET /_features": (200, {"features": [{"name": "kibana"}]})})
        state.repositories["my_backup"] = {
            "type": "fs",
            "settings": {"location": "my_backup_location"},
        }
        message = self.refused(connect, state, order, ClusterError)
        assert "is security switched on" in message

    def test_a_user_with_other_roles(self, connect, order):
        state = FakeCluster(repositories={"my_backup": {}})
        alone = replace(order, location=None, backup_user="native")
        assert "take another name" in self.refused(connect, state, alone)

    def test_a_user_without_password(self, connect, order):
        state = FakeCluster(repositories={"my_backup": {}})
        alone = replace(order, location=None, backup_user="saver")
        assert "it needs a password" in self.refused(connect, state, alone)

    @pytest.mark.parametrize(
        ("there", "why"),
        [
            ({"state": "IN_PROGRESS"}, "still being made"),
            ({"state": "PARTIAL"}, "its state is [PARTIAL]: make another"),
            ({"feature_states": [], "indices": ["logs"]}, "no security index is in the snapshot"),
        ],
    )
    def test_a_snapshot_that_is_not_whole(self, connect, order, there, why):
        state = FakeCluster(repositories={"my_backup": {}})
        state.add_snapshot("snapshot_1", **there)
        message = self.refused(connect, state, replace(order, location=None), ClusterError)
        assert why in message


def test_a_password_that_the_cluster_refuses_is_not_shown(connect, order):
    order = replace(order, backup_user="saver")
    with pytest.raises(ClusterError, match="at least") as caught:
        create_snapshot(connect(FakeCluster()), order, backup_password=lambda: "tiny!")
    assert "tiny!" not in str(caught.value)


@pytest.mark.parametrize("answer", [[], {}, {"snapshots": []}, {"snapshots": [{}, {}]}])
def test_an_answer_that_makes_no_sense(connect, order, answer):
    path = "GET /_snapshot/my_backup/snapshot_1"
    state = FakeCluster(broken={path: (200, answer)})
    with pytest.raises(ClusterError, match="the answer is not about one snapshot"):
        create_snapshot(connect(state), order)


@pytest.mark.parametrize(
    ("found", "release"),
    [
        ({"version": "8.19.3"}, "8.19.3"),
        ({"version": "8525000", "version_id": 8525000}, "8"),
        ({"version_id": 9009000}, "9"),
        ({"version": "8.15.0-8.15.2"}, "8.15.0"),
    ],
)
def test_ways_in_which_a_release_is_said(connect, order, found, release):
    state = FakeCluster(repositories={"my_backup": {}})
    state.add_snapshot("snapshot_1")
    del state.snapshots["snapshot_1"]["version"]
    state.snapshots["snapshot_1"].update(found)
    result = create_snapshot(connect(state), SnapshotOrder("my_backup", "snapshot_1"))
    assert str(result.snapshot.release) == release


def test_a_release_that_is_not_said(connect):
    state = FakeCluster(repositories={"my_backup": {}})
    state.add_snapshot("snapshot_1", version="?")
    with pytest.raises(ClusterError, match="does not say which release"):
        create_snapshot(connect(state), SnapshotOrder("my_backup", "snapshot_1"))
