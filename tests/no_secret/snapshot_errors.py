"""Of the errors about snapshots, ways to raise them with secrets at hand."""

from __future__ import annotations

import pytest
from no_secret.planted import PASSWORDS, WRONG
from support.cluster import FakeCluster, User, serving

from esfilerealm.backup.snapshot import (
    Cluster,
    Release,
    SnapshotOrder,
    compare_releases,
    create_snapshot,
    prepare_restore,
)

__all__ = ["SNAPSHOT_ERRORS"]

ORDER = SnapshotOrder("backup", "first", location="place", backup_user="saver")


def with_cluster(work, password=PASSWORDS["new"], **more):
    """Do it with a cluster whose user has a secret password."""

    def cause(_):
        pytest.importorskip("elasticsearch")
        known = {"new": User(PASSWORDS["new"], ["superuser"], "native")}
        with serving(FakeCluster(users=known, **more)) as url:
            with Cluster(url, "new", password) as cluster:
                work(cluster)

    return cause


def repeated(status):
    """An answer that repeats what was sent."""
    reason = f"bad password {PASSWORDS['bcrypt']} of {PASSWORDS['new']}"
    return status, {"error": {"type": "x", "reason": reason}}


SNAPSHOT_ERRORS = {
    "ClusterError": [
        with_cluster(lambda cluster: cluster.release(), WRONG),
        with_cluster(lambda cluster: prepare_restore(cluster, ORDER)),
        with_cluster(
            lambda cluster: create_snapshot(cluster, ORDER, backup_password=PASSWORDS["bcrypt"]),
            broken={"POST /_security/user/saver": repeated(400)},
        ),
    ],
    "InvalidSnapshotValueError": [
        lambda _: Cluster(f"https://new:{PASSWORDS['new']}@node", "new", PASSWORDS["new"]),
        lambda _: Cluster("http://node:9200", "new", PASSWORDS["new"]),
        with_cluster(lambda cluster: create_snapshot(cluster, ORDER)),
    ],
    "SnapshotNotCompatibleError": [
        lambda _: compare_releases(Release(9), Release(8)).require(),
    ],
}
