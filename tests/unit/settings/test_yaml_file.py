"""A settings file means what it means to a node: compared with recorded answers of its parsers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from esfilerealm.settings.yaml_file import flat_settings

VECTORS = Path(__file__).parents[2] / "vectors" / "settings" / "as-a-node.json"
CASES = json.loads(VECTORS.read_text(encoding="utf-8"))["cases"]

#: Nodes refuse them, and nobody writes them: not looked for.
ACCEPTED = ('a: "x\\/y"\n', "a: !!binary aGFsbG8=\n")


def read(text):
    """Return the settings, the problems of the file, and the issues of its keys."""
    problems, issues = [], {}
    settings = flat_settings(text.encode(), "f", problems, issues)
    return (
        {key: value for key, (value, _) in settings.items()},
        problems,
        [issue for of_key in issues.values() for issue in of_key],
    )


def of_cases(*, refused):
    found = [case for case in CASES if case.get("refused", False) == refused]
    return pytest.mark.parametrize("case", found, ids=lambda case: repr(case["text"]))


def test_there_are_enough_cases():
    assert len(CASES) > 500
    assert sum("refused" in case for case in CASES) > 200


@of_cases(refused=False)
def test_what_a_node_reads(case):
    settings, problems, issues = read(case["text"])
    assert problems == []
    effects = {issue.effect for issue in issues}
    assert "a node does not start" not in effects
    is_by_alias = "a node takes the name after [*] as the value" in effects
    assert is_by_alias or settings == case["settings"]


@of_cases(refused=True)
def test_what_a_node_refuses(case):
    _, problems, issues = read(case["text"])
    is_refused = problems or any(issue.effect == "a node does not start" for issue in issues)
    assert is_refused or case["text"] in ACCEPTED


def test_pairs_of_surrogates_are_characters():
    assert read(r'"\ud83d\ude00": "\ud83d\ude00"')[0] == {"\U0001f600": "\U0001f600"}
    assert read(r'a: "\ud83d"')[0] == {"a": "\ufffd"}


@pytest.mark.parametrize(
    ("text", "met"),
    [("a:1\n", "a [:] without a blank after it"), ("\ufeffa=1\n", "a [=] in place of [:]")],
)
def test_a_file_that_is_not_a_mapping(text, met):
    (problem,) = read(text)[1]
    assert str(problem).endswith(f"line 1: must be a mapping of keys to values; met here: {met}")


def test_a_list_is_not_a_mapping():
    (problem,) = read("[a]")[1]
    assert str(problem).endswith("line 1: must be a mapping of keys to values")


@pytest.mark.parametrize("text", ["---\n", "# c\n--- ''\n", "null\n"])
def test_a_document_without_settings(text):
    settings, problems, (issue,) = read(text)
    assert (settings, problems) == ({}, [])
    assert issue.rule == "has no settings, but an empty value"


def test_an_alias_in_a_list():
    _, _, (issue,) = read("a: [x, *b]\n")
    assert issue.rule == "must not be given by alias, which a node does not follow"
