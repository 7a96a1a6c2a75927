"""A restore begins with emergency access and ends with its removal, whatever happens between."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.cluster import FakeCluster, serving

from esfilerealm import UsersTool
from esfilerealm.backup.snapshot import (
    Cluster,
    Release,
    SnapshotOrder,
    restore_with_emergency_access,
)
from esfilerealm.backup.snapshot.restricted_role import role_in
from esfilerealm.errors import ClusterError, SnapshotNotCompatibleError

ORDER = SnapshotOrder("my_backup", "snapshot_1")
RESTORE = "POST /_snapshot/my_backup/snapshot_1/_restore"
OLD = {"feature_states": [], "version": "7.10.2"}


@pytest.fixture
def restore(config):
    """Restore on a cluster that knows the users of a configuration directory."""

    def restore(state, order=ORDER, **more):
        state.config = config
        waited = []
        with serving(state) as url:
            result = restore_with_emergency_access(
                UsersTool(config),
                lambda name, password: Cluster(url, name, password),
                order,
                expected=Release.parse(state.version),
                pause=waited.append,
                **more,
            )
        return result, waited

    return restore


def saved(version, /, **more):
    state = FakeCluster(version, repositories={"my_backup": {"type": "fs"}})
    state.add_snapshot("snapshot_1", **more)
    return state


def files_of(config):
    return {
        path.name: path.read_bytes()
        for path in sorted(config.iterdir())
        if path.suffix != ".lock" and path.read_bytes()
    }


@pytest.mark.parametrize("version", ["6.8.23", "7.10.2", "7.17.13", "8.19.3", "9.1.0"])
def test_the_files_are_as_before(restore, config, version):
    before = files_of(config)
    told = []
    state = saved(version)
    result, waited = restore(state, tell=told.append)
    assert result.is_restorable
    assert files_of(config) == before
    assert waited == []
    names = [each.name for each in told]
    assert (names[0], names[-1]) == ("open-emergency-access", "close-emergency-access")
    assert {call.user[:7] for call in state.calls} == {"rescue-"}


def test_the_user_is_waited_for(restore):
    state = saved("8.19.3")
    state.unknown_for = 5
    assert restore(state)[1] == [0.5] * 5


def test_a_node_of_another_directory(restore, config):
    state = saved("8.19.3")
    state.unknown_for = 1000
    with pytest.raises(ClusterError, match="the node of this configuration directory"):
        restore(state)
    assert UsersTool(config).list_users() == {}
    assert state.changes() == []


@pytest.mark.parametrize(
    "answer", [(503, {"error": {"type": "x", "reason": "busy"}}), (200, {"accepted": True})]
)
def test_after_a_fault_nobody_is_left(restore, config, answer):
    before = files_of(config)
    state = saved("8.19.3")
    state.broken[RESTORE] = answer
    told = []
    with pytest.raises(ClusterError):
        restore(state, tell=told.append)
    assert files_of(config) == before
    assert told[-1].name == "close-emergency-access"


def test_releases_that_do_not_fit(restore, config):
    state = saved("9.1.0", version="8.19.0")
    with pytest.raises(SnapshotNotCompatibleError):
        restore(state, created=Release.parse("7.17"))
    assert state.changes() == []
    assert UsersTool(config).list_users() == {}


class TestRole:
    """Since 7.14 the index is deleted by a user with a role of its own."""

    ROLES = b"# mine\nviewer: {cluster: [monitor]}"

    @pytest.mark.parametrize("roles", [b"", ROLES, ROLES + b"\n"])
    def test_it_is_there_for_the_time_of_the_restore(self, restore, config, roles):
        (config / "roles.yml").write_bytes(roles)
        before = files_of(config)
        state = saved("7.17.13", **OLD)
        restore(state)
        assert state.changes() == ["DELETE /.security-*", RESTORE]
        assert files_of(config).get("roles.yml", b"").rstrip() == roles.rstrip()
        assert {**files_of(config), "roles.yml": roles} == {**before, "roles.yml": roles}
        assert len({call.user for call in state.calls}) == 2

    def test_without_the_file(self, restore, config):
        restore(saved("7.17.13", **OLD))
        assert not (config / "roles.yml").exists() or (config / "roles.yml").read_bytes() == b""

    @pytest.mark.parametrize("version", ["6.8.23", "7.10.2"])
    def test_earlier_releases_need_none(self, restore, config, version):
        state = saved(version)
        restore(state, replace(ORDER))
        assert not (config / "roles.yml").exists()
        assert len({call.user for call in state.calls}) == 1

    def test_after_a_fault(self, config):
        (config / "roles.yml").write_bytes(self.ROLES)
        with pytest.raises(KeyboardInterrupt), role_in(config) as name:
            assert name.encode() in (config / "roles.yml").read_bytes()
            raise KeyboardInterrupt
        assert (config / "roles.yml").read_bytes() == self.ROLES + b"\n"

    def test_what_others_write_meanwhile_stays(self, config):
        with role_in(config):
            with (config / "roles.yml").open("ab") as file:
                file.write(b"other: {}\n")
        assert (config / "roles.yml").read_bytes() == b"other: {}\n"

    def test_somebody_has_removed_it(self, config):
        with role_in(config):
            (config / "roles.yml").write_bytes(self.ROLES)
        assert (config / "roles.yml").read_bytes() == self.ROLES
