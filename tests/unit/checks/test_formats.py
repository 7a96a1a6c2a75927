"""The formats of reports, held by snapshots; texts of others give no command to any of them."""

from __future__ import annotations

import json
import os
import xml.etree.ElementTree as ET
from pathlib import Path

import jsonschema
import pytest

from esfilerealm.checks import Finding, all_rules
from esfilerealm.checks.formats import FORMATS, render
from esfilerealm.checks.formats.text import count_of
from esfilerealm.findings import Fix

SNAPSHOTS = Path(__file__).parents[2] / "vectors" / "checks"
ENDINGS = {"text": "txt", "json": "json", "sarif": "sarif", "github": "github.txt", "junit": "xml"}

FINDINGS = (
    Finding(
        code="EFR121",
        severity="error",
        message="a write was interrupted, or takes unusually long",
        path="/etc/elasticsearch/users.journal",
        advice="Finish or undo it with `esfilerealm recover`.",
    ),
    Finding(
        code="EFR201",
        severity="error",
        message="a node lets in whoever types the text for user [a,b: 100%]",
        path="/etc/elasticsearch/users",
        line=2,
        subject="a,b: 100%",
        advice="Set a password with `esfilerealm passwd`.",
    ),
    Finding(
        code="EFR101",
        severity="warning",
        message="a node skips the line: expected [username:hash]",
        path="/etc/elasticsearch/users",
        line=3,
    ),
    Finding(
        code="EFR111",
        severity="warning",
        message="[ghost] is not a user",
        path="/etc/elasticsearch/users_roles",
        subject="ghost",
        advice="Add the user, or remove the name with --fix.",
        fix=Fix(name="ghost"),
    ),
    Finding(
        code="EFR500",
        severity="info",
        message="not examined: the keystore has a password; so nobody knows of [EFR122]",
        path="/etc/elasticsearch/elasticsearch.keystore",
        subject="EFR122",
    ),
    Finding(code="EFR105", severity="info", message="nothing to do with a file"),
)
RULES = [all_rules()[code] for code in ("EFR101", "EFR104", "EFR111", "EFR121", "EFR122", "EFR201")]


@pytest.mark.parametrize("format", FORMATS)
def test_snapshot(format):
    """To accept a new output, set ESFILEREALM_WRITE_SNAPSHOTS, and read the difference."""
    path = SNAPSHOTS / f"findings.{ENDINGS[format]}"
    text = render(format, FINDINGS, RULES)
    if os.environ.get("ESFILEREALM_WRITE_SNAPSHOTS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8")


@pytest.mark.parametrize("format", FORMATS)
def test_without_findings(format):
    text = render(format, (), RULES)
    assert "EFR111" not in text or format in ("sarif", "junit")
    if format == "junit":
        assert int(ET.fromstring(text).attrib["tests"]) == len(RULES)


NASTY = 'a\x1b[31m\r\n::error::b\u202e%0A\ud800<&">'
ODD = Finding(code="EFR111", severity="error", message=NASTY, path=f"/{NASTY}", subject=NASTY)


@pytest.mark.parametrize("format", ["text", "github", "junit"])
def test_texts_of_others_have_no_controls(format):
    text = render(format, [ODD], RULES)
    assert not set("\x1b\r\u202e\ud800") & set(text)


def test_a_name_cannot_give_commands_to_a_workflow():
    (line,) = render("github", [ODD], RULES).splitlines()
    properties, _, _ = line.removeprefix("::error ").partition("::")
    assert ":" not in properties
    assert "%0A" not in line
    assert "%250A" in line


@pytest.mark.parametrize(
    ("character", "code"),
    [("%", "%25"), (":", "%3A"), (",", "%2C")],
)
def test_each_character_with_a_meaning_in_a_property_is_escaped(character, code):
    finding = Finding(code="EFR111", severity="error", message="x", path=f"/a{character}b")
    assert f"file=/a{code}b," in render("github", [finding], RULES)


def test_junit_is_xml_and_counts():
    suite = ET.fromstring(render("junit", [ODD, *FINDINGS], RULES))
    assert suite.attrib["failures"] == str(len(suite.findall(".//failure"))) == "5"
    assert suite.attrib["skipped"] == str(len(suite.findall(".//skipped"))) == "2"
    assert suite.attrib["tests"] == str(len(suite.findall(".//testcase")))


def test_junit_shows_no_rule_as_kept_that_was_not_examined():
    names = [
        case.attrib["name"]
        for case in ET.fromstring(render("junit", FINDINGS, RULES)).iter("testcase")
    ]
    assert "EFR104 invalid role name" in names
    assert not any(name.startswith("EFR122") for name in names)


def test_a_path_below_the_working_directory_is_relative(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    finding = Finding(code="EFR111", severity="info", message="x", path=str(tmp_path / "a b" / "c"))
    assert "file=a b/c," in render("github", [finding], RULES)
    (result,) = json.loads(render("sarif", [finding], RULES))["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "a%20b/c"


#: What SARIF 2.1.0 demands of the parts that are used here, in the words of its objects.
TEXT = {"type": "string", "minLength": 1}
MESSAGE = {
    "type": "object",
    "properties": {"text": TEXT, "markdown": TEXT},
    "required": ["text"],
    "additionalProperties": False,
}
LEVEL = {"enum": ["none", "note", "warning", "error"]}


def _object(required, optional=None):
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


RULE = _object(
    {"id": TEXT},
    {
        "shortDescription": MESSAGE,
        "fullDescription": MESSAGE,
        "help": MESSAGE,
        "defaultConfiguration": _object({"level": LEVEL}),
    },
)
LOCATION = _object(
    {
        "physicalLocation": _object(
            {"artifactLocation": _object({"uri": {"type": "string", "pattern": r"^[!-~]+$"}})},
            {"region": _object({"startLine": {"type": "integer", "minimum": 1}})},
        )
    }
)
RESULT = _object(
    {"message": MESSAGE},
    {
        "ruleId": TEXT,
        "ruleIndex": {"type": "integer", "minimum": -1},
        "level": LEVEL,
        "partialFingerprints": {"type": "object", "additionalProperties": TEXT},
        "locations": {"type": "array", "items": LOCATION},
    },
)
SARIF = _object(
    {
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "items": _object(
                {
                    "tool": _object(
                        {
                            "driver": _object(
                                {"name": TEXT},
                                {
                                    "semanticVersion": {
                                        "type": "string",
                                        "pattern": r"^\d+\.\d+\.\d+([-+].+)?$",
                                    },
                                    "rules": {
                                        "type": "array",
                                        "items": RULE,
                                        "uniqueItems": True,
                                    },
                                },
                            )
                        }
                    )
                },
                {
                    "results": {"type": "array", "items": RESULT},
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                },
            ),
        },
    },
    {"$schema": {"type": "string", "format": "uri"}},
)


class TestSarif:
    @pytest.mark.parametrize("findings", [(), FINDINGS, (ODD,)], ids=["none", "some", "odd"])
    def test_has_the_shape_of_the_standard(self, findings):
        """
        The official schema is not ours to pass on: set ESFILEREALM_SARIF_SCHEMA to its file to hold
        the output to that too.
        """
        document = json.loads(render("sarif", findings, list(all_rules().values())))
        jsonschema.validate(document, SARIF)
        if path := os.environ.get("ESFILEREALM_SARIF_SCHEMA"):
            jsonschema.validate(document, json.loads(Path(path).read_text("utf-8")))

    def test_an_index_leads_to_its_rule(self):
        (run,) = json.loads(render("sarif", FINDINGS, RULES))["runs"]
        rules = run["tool"]["driver"]["rules"]
        indexed = [result for result in run["results"] if "ruleIndex" in result]
        assert [rules[each["ruleIndex"]]["id"] for each in indexed] == [
            each["ruleId"] for each in indexed
        ]
        assert len(indexed) == 4

    def test_a_fingerprint_outlives_a_moved_line(self):
        def fingerprint(**facts):
            finding = Finding(code="EFR101", severity="error", message="m", path="/u", **facts)
            (result,) = json.loads(render("sarif", [finding], RULES))["runs"][0]["results"]
            return result["partialFingerprints"]

        assert fingerprint(line=1) == fingerprint(line=2)
        assert fingerprint(subject="a") != fingerprint(subject="b")


@pytest.mark.parametrize(
    ("severities", "text"),
    [
        ([], "nothing"),
        (["info"], "1 info"),
        (["error", "error"], "2 errors"),
        (["error", "info", "warning", "info"], "1 error, 1 warning and 2 infos"),
    ],
)
def test_the_count(severities, text):
    assert (
        count_of([Finding(code="EFR1", severity=each, message="") for each in severities]) == text
    )
