"""Which release restores what: the version table, the cases, and why not."""

from __future__ import annotations

import pickle

import pytest
from support.reference import cases

from esfilerealm.backup.snapshot import Release, compare_releases
from esfilerealm.errors import InvalidSnapshotValueError, SnapshotNotCompatibleError

#: `backup.md`, section 4: source, target, whether it is allowed.
TABLE = [
    ("6.6.0", "6.7.0", True),
    ("6.6.0", "6.5.0", False),
    ("6.6.0", "7.0.0", False),
    ("7.6.0", "7.5.0", False),
    ("7.17.0", "8.0.0", True),
    ("7.17.0", "9.0.0", False),
    ("8.18.0", "8.15.0", False),
    ("8.19.0", "9.1.0", True),
]
BY_RELEASES = cases("backup", only=lambda case: {"from", "to"} <= case.given.keys())


def judged(source, target, created=None):
    made = None if created is None else Release.parse(created)
    return compare_releases(Release.parse(source), Release.parse(target), created=made)


@pytest.mark.parametrize(("source", "target", "is_allowed"), TABLE)
def test_table(source, target, is_allowed):
    verdict = judged(source, target)
    assert verdict.is_allowed is is_allowed
    assert bool(verdict.reasons) is not is_allowed


@pytest.mark.parametrize("case", BY_RELEASES)
def test_cases(case):
    verdict = judged(case.given["from"], case.given["to"])
    assert verdict.is_allowed is case.expect["allowed"]


def test_all_cases_are_there():
    assert len(BY_RELEASES) == 5


@pytest.mark.parametrize(
    ("source", "target", "created", "is_allowed"),
    [
        ("8.19.0", "9.1.0", "8.0.0", True),
        ("8.19.0", "9.1.0", "7.17.0", False),
        ("9.0.0", "9.1.0", "7.17.0", False),
        ("8.19.0", "8.19.0", "7.17.0", True),
        ("8.19.0", "8.19.1", "7.17.0", True),
        ("7.17.0", "7.17.1", "6.8.0", True),
        ("7.17.0", "8.0.0", "6.8.0", False),
        ("6.8.0", "8.3.0", None, False),
        ("6.8.0", "7.17.0", None, False),
        ("9.0.0", "8.19.0", "8.0.0", False),
    ],
)
def test_what_counts_is_where_the_index_was_created(source, target, created, is_allowed):
    assert judged(source, target, created).is_allowed is is_allowed


def test_an_assumption_is_told_where_it_matters():
    assert judged("8.19", "9.1").is_assumed
    assert "came from 7 by upgrades, [9.1] refuses it" in judged("8.19", "9.1").remarks[0]
    assert judged("8.18", "8.19").remarks == ()
    assert judged("8.19", "9.1", "8.0").remarks == ()
    assert not judged("8.19", "9.1", "8.0").is_assumed


@pytest.mark.parametrize(
    ("source", "target", "why"),
    [
        ("6.6", "7.0", "within a major release only, and [6.6] is not of 7: restore it in 6"),
        ("7.17", "9.0", "created in 7, and a cluster of 9 reads those of 8 and 9 only"),
        ("6.8", "8.3", "older ones as archives does not help"),
        ("8.18", "8.15", "[8.18] is later than [8.15]"),
        ("8.18", "8", "[8] and [8.18] say too little"),
    ],
)
def test_reasons(source, target, why):
    with pytest.raises(SnapshotNotCompatibleError) as caught:
        judged(source, target).require()
    assert why in str(caught.value)
    assert pickle.loads(pickle.dumps(caught.value)).reasons == caught.value.reasons


def test_allowed_needs_no_words():
    verdict = judged("8.18.0", "8.19.0")
    verdict.require()
    assert str(verdict) == "[8.19.0] can restore security data of [8.18.0]"
    assert str(judged("8.18.0", "8.15.0")).startswith("[8.15.0] cannot restore security data of")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("8", (8, None, None)),
        ("8.19", (8, 19, None)),
        ("8.19.3", (8, 19, 3)),
        ("9.1.0-SNAPSHOT", (9, 1, 0)),
        ("8.15.0-8.15.2", (8, 15, 0)),
    ],
)
def test_releases(text, parts):
    release = Release.parse(text)
    assert (release.major, release.minor, release.patch) == parts


@pytest.mark.parametrize("text", ["", "x", "8.", "8.1.2.3", "12345", "٨", "8 ", "v8"])
def test_no_releases(text):
    with pytest.raises(InvalidSnapshotValueError, match=r"write it as 8\.19\.3"):
        Release.parse(text)


@pytest.mark.parametrize("target", ["5.6", "10.0"])
def test_unknown_targets(target):
    with pytest.raises(InvalidSnapshotValueError, match="known for the major releases 6 to 9"):
        judged(target, target)


def test_an_index_is_never_newer_than_the_snapshot():
    with pytest.raises(InvalidSnapshotValueError, match="cannot be newer"):
        judged("8.1", "8.2", "8.2")
