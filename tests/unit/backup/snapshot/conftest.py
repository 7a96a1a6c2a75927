"""A cluster on the loopback."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
from support.cluster import FakeCluster, serving

from esfilerealm.backup.snapshot import Cluster, SnapshotOrder

pytest.importorskip("elasticsearch")


@pytest.fixture
def order():
    return SnapshotOrder("my_backup", "snapshot_1", location="my_backup_location")


@pytest.fixture
def connect():
    """Serve a cluster, and connect to it as one of its users."""
    with ExitStack() as open_until_the_end:

        def connect(state: FakeCluster, user: str = "admin", password: str = "") -> Cluster:
            url = open_until_the_end.enter_context(serving(state))
            password = password or state.users[user].password
            return open_until_the_end.enter_context(Cluster(url, user, password))

        yield connect
