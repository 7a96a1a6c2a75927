"""What a comparison shows of each user: what differs from most nodes, and who stands out."""

from __future__ import annotations

import pytest

from esfilerealm.cli.reports.matrix import matrix_of
from esfilerealm.drift import DescribedRealm, Fingerprint, compare


def matrix(*said):
    """Compare nodes, each with the roles and the hash of one user, or without that user."""
    nodes = [
        Fingerprint.of(
            DescribedRealm({} if roles is None else {"eve": (text, roles or None)}),
            node=f"n{number}",
        )
        for number, (roles, text) in enumerate(said)
    ]
    return matrix_of(compare(nodes))


SUPER = ("superuser",)
BOTH = ("superuser", "viewer")
VIEWER = ("viewer",)
UNSAID = ()
MISSING = None


@pytest.mark.parametrize(
    ("said", "is_grave"),
    [
        pytest.param([SUPER, VIEWER], True, id="here-and-not-there"),
        pytest.param([SUPER, MISSING], True, id="here-only"),
        pytest.param([SUPER, BOTH, MISSING], True, id="here-only-with-different-roles"),
        pytest.param([SUPER, BOTH], False, id="everywhere"),
        pytest.param([VIEWER, MISSING], False, id="nowhere"),
        pytest.param([UNSAID, MISSING], False, id="unsaid"),
    ],
)
def test_a_superuser_on_some_nodes_only_is_grave(said, is_grave):
    (row,) = matrix(*((roles, "h") for roles in said)).rows
    assert row.is_grave is is_grave


def test_where_most_nodes_lack_a_user_the_others_tell_all_they_have():
    gone = [(MISSING, "h")] * 4
    found = matrix(*gone, (SUPER, "h"), (SUPER, "h"), (VIEWER, "old"))
    assert [row.majority for row in found.rows] == ["absent"]
    assert {column.nodes: column.cells for column in found.columns} == {
        ("n4", "n5"): ("exists; superuser; password 1",),
        ("n6",): ("exists; viewer; password 2",),
    }


def test_where_most_nodes_have_a_user_the_others_tell_what_differs():
    found = matrix((SUPER, "h"), (SUPER, "h"), (SUPER, "h"), (BOTH, "old"), (MISSING, "h"))
    assert [row.majority for row in found.rows] == ["superuser"]
    assert {column.nodes: column.cells for column in found.columns} == {
        ("n3",): ("+viewer; other password",),
        ("n4",): ("missing",),
    }
