"""Two changes in a row are merged, and the same change twice is that change."""

from __future__ import annotations

import pytest

from esfilerealm.watcher.observation import merged

KINDS = ["init", "created", "changed", "deleted"]


@pytest.mark.parametrize(
    ("older", "newer", "both"),
    [
        ("init", "changed", "init"),
        ("created", "changed", "created"),
        ("changed", "changed", "changed"),
        ("deleted", "created", "changed"),
        *((kind, "deleted", "deleted") for kind in KINDS),
    ],
)
def test_merged(older, newer, both):
    assert merged(older, newer) == both


@pytest.mark.parametrize("kind", KINDS)
def test_twice_the_same(kind):
    assert merged(kind, kind) == kind
