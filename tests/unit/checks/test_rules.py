"""Every rule: its cases, its texts, its paragraph in the guide. The cases are in ``support``."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from support.check_cases import Case, all_cases

import esfilerealm
from esfilerealm.checks import all_rules, check, node
from esfilerealm.checks.parts import Unreadable
from esfilerealm.checks.registry import GROUPS

RULES = all_rules()
#: Codes of what was not examined have no function of their own.
NOT_EXAMINED = {f"{group}00" for group in GROUPS}
CASES = all_cases()
GUIDE = Path(esfilerealm.__file__).parent / "checks" / "README.md"


def _cases(kind: str) -> list:
    return [
        pytest.param(code, case, id=f"{code}-{case.name}".replace(" ", "_"))
        for code, cases in CASES.items()
        for case in getattr(cases, kind)
    ]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(node, "_PATIENCE", 0.05)
    monkeypatch.setattr(node, "_POLL", 0.01)


def found(code: str, case: Case, directory: Path, monkeypatch) -> list:
    case.build(directory)
    if case.broken is not None:
        name = case.broken

        def refuse(_):
            raise Unreadable("it cannot be read", str(directory / name))

        monkeypatch.setattr(getattr(node.Node, name), "_read", refuse)
    return list(check(directory, **{"select": [code], **case.options}))


@pytest.mark.parametrize(("code", "case"), _cases("fires"))
def test_fires(code, case, tmp_path, monkeypatch):
    findings = found(code, case, tmp_path, monkeypatch)
    assert findings
    assert {finding.code for finding in findings} == {code}
    assert any(_is_as_expected(finding, case.finds, tmp_path) for finding in findings), findings


def _is_as_expected(finding, expected, directory) -> bool:
    return all(
        value in finding.message
        if name == "message"
        else finding.path == os.path.normpath(directory / value)
        if name == "path"
        else getattr(finding, name) == value
        for name, value in expected.items()
    )


@pytest.mark.parametrize(("code", "case"), _cases("innocent"))
def test_does_not_fire(code, case, tmp_path, monkeypatch):
    assert found(code, case, tmp_path, monkeypatch) == []


@pytest.mark.parametrize(("code", "case"), _cases("unreadable"))
def test_says_what_it_could_not_examine(code, case, tmp_path, monkeypatch):
    findings = found(code, case, tmp_path, monkeypatch)
    (finding,) = findings
    assert (finding.code, finding.severity) == (f"{code[:4]}00", "info")
    assert finding.message.startswith("not examined: ")
    assert f"[{code}]" in finding.message


def test_every_rule_has_all_three_kinds_of_cases():
    assert CASES.keys() == RULES.keys() - NOT_EXAMINED
    assert [
        code
        for code, cases in CASES.items()
        if not (cases.fires and cases.innocent and cases.unreadable)
    ] == []


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.code)
class TestTexts:
    def test_code(self, rule):
        assert re.fullmatch(r"EFR[1-7]\d\d", rule.code)
        assert rule.group in GROUPS
        assert rule.severity in ("error", "warning", "info")

    def test_title_is_a_few_words(self, rule):
        assert 1 < len(rule.title) <= 60
        assert not rule.title.endswith(".")

    def test_explanation_and_advice_are_sentences(self, rule):
        for text in (rule.explanation, rule.advice):
            assert text[0].isupper() or text.split()[0] in (
                "users_roles",
                "users",
                "elasticsearch.yml",
            )
            assert text.endswith(".")
            assert "  " not in text

    def test_paragraph_in_the_guide(self, rule):
        assert f"`{rule.code}`" in GUIDE.read_text("utf-8")


def test_codes_are_in_order_and_titles_differ():
    assert list(RULES) == sorted(RULES)
    titles = [rule.title for rule in RULES.values()]
    assert len(set(titles)) == len(titles)
