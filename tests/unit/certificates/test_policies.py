"""Policies of a path: which have to hold, and under which names."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from esfilerealm.certificates.policies import breaks_policies

ANY = "2.5.29.32.0"


def certificate(*policies, mappings=(), required=None, mapping_left=None, any_left=None, **more):
    extensions = SimpleNamespace(
        policies=frozenset(policies) or None,
        mappings=mappings,
        required_policy=required,
        allowed_mapping=mapping_left,
        allowed_any=any_left,
        has_critical_qualifiers=more.get("conditions", False),
    )
    return SimpleNamespace(extensions=extensions, is_self_issued=more.get("self_issued", False))


@pytest.mark.parametrize(
    ("path", "is_broken"),
    [
        ([certificate()], False),
        ([certificate(required=0)], True),
        ([certificate("a", required=0)], False),
        ([certificate("a"), certificate("a", required=0)], False),
        ([certificate("b"), certificate("a", required=0)], True),
        ([certificate("b"), certificate(ANY, required=0)], False),
        ([certificate(ANY), certificate("a", required=0)], False),
        ([certificate(ANY), certificate("a", required=0, any_left=0)], True),
        ([certificate(), certificate("a", required=1)], True),
        ([certificate(), certificate("a", required=2)], False),
        ([certificate(self_issued=True), certificate("a", required=1)], False),
        ([certificate("b"), certificate("a", required=0, mappings=[("a", "b")])], False),
        ([certificate("a"), certificate("a", required=0, mappings=[("a", "b")])], True),
        ([certificate("b"), certificate(ANY, required=0, mappings=[("a", "b")])], False),
        ([certificate("a"), certificate("a", mappings=[(ANY, "b")])], True),
        ([certificate("a"), certificate("a", mappings=[("a", ANY)])], True),
        (
            [
                certificate("b"),
                certificate("a", mappings=[("a", "b")]),
                certificate("a", required=0, mapping_left=0),
            ],
            True,
        ),
        ([certificate("a", conditions=True)], True),
        ([certificate("a", conditions=True), certificate()], False),
    ],
)
def test_policies(path, is_broken):
    assert breaks_policies(path) is is_broken
