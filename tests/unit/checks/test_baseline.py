"""Baselines: what is recognised as known, and which files are none."""

from __future__ import annotations

import json

import pytest

from esfilerealm.checks import Finding
from esfilerealm.checks.baseline import Baseline
from esfilerealm.errors import InvalidRulesFileError


def finding(code="EFR101", path="/c/users", subject=None, line=1):
    return Finding(code=code, severity="error", message="", path=path, subject=subject, line=line)


def read_back(*findings, config_dir="/c"):
    return Baseline.read(Baseline.of(findings, config_dir).to_bytes(), "b.json", config_dir)


def test_knows_what_it_was_made_of():
    known = [finding(), finding(line=2), finding(path=None), finding(subject="a")]
    baseline = read_back(*known)
    assert (baseline.new(known), baseline.gone(known), len(baseline)) == ((), 0, 4)


def test_lines_move():
    assert read_back(finding(line=1)).new([finding(line=7)]) == ()


@pytest.mark.parametrize(
    "other",
    [finding(code="EFR102"), finding(path="/c/users_roles"), finding(subject="b")],
    ids=["code", "path", "subject"],
)
def test_each_fact_counts(other):
    baseline = read_back(finding())
    assert (baseline.new([other]), baseline.gone([other])) == ((other,), 1)


def test_one_more_of_a_kind_shows_all_of_it():
    two = (finding(line=1), finding(line=9))
    assert read_back(finding()).new(two) == two


def test_one_less_is_gone():
    baseline = read_back(finding(line=1), finding(line=9))
    assert (baseline.new([finding()]), baseline.gone([finding()])) == ((), 1)


def test_fits_another_directory():
    baseline = Baseline.read(Baseline.of([finding()], "/c").to_bytes(), "b.json", "/d")
    assert baseline.new([finding(path="/d/users")]) == ()


def test_is_sorted_for_people():
    one, two = finding(subject="b"), finding(subject="a")
    assert Baseline.of([one, two], "/c").to_bytes() == Baseline.of([two, one], "/c").to_bytes()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b"\xff",
        b"[" * 100_000,
        json.dumps({"version": 2, "findings": []}).encode(),
        json.dumps({"version": 1, "findings": [{}]}).encode(),
        json.dumps({"version": 1, "findings": 7}).encode(),
    ],
    ids=["empty", "cut", "list", "no keys", "bytes", "deep", "later", "entry", "number"],
)
def test_a_file_that_is_none(data):
    with pytest.raises(InvalidRulesFileError, match=r"\[b\.json\].*--write-baseline"):
        Baseline.read(data, "b.json", "/c")
