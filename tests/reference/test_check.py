"""What ``check`` says of the settings of the area settings: what a node refuses is an error."""

from __future__ import annotations

import json

import pytest
from support.reference import raw_cases

from esfilerealm.checks import check

VERSIONS = {
    "5/6": (5, 6),
    "7": (7,),
    "7 and later": (7, 8, 9),
    "8+": (8, 9),
    "any": (5, 6, 7, 8, 9),
}
#: The realms of a node, and the settings file as such.
RULES = ["EFR401", "EFR403", "EFR404", "EFR46"]
#: Which realms of plugins there are is not known here, so an unknown type is only noted.
ONLY_NOTED = "unknown realm type [nosuch]"

CASES = [
    pytest.param(case, version, id=f"{case['name']} ({version})")
    for case in raw_cases("settings")
    if {"settings", "generation"} <= case["given"].keys() and "keystore" not in case["given"]
    for version in VERSIONS[case["given"]["generation"]]
]
FILES = [
    pytest.param(case, id=case["name"])
    for case in raw_cases("settings")
    if "yml" in case["given"] and not case["given"].get("env")
]


def severities(config, version=None):
    findings = check(config, select=RULES, elasticsearch_version=version)
    return [finding.severity for finding in findings]


@pytest.mark.parametrize(("case", "version"), CASES)
def test_realms(config, case, version):
    lines = [f"{key}: {json.dumps(value)}" for key, value in case["given"]["settings"].items()]
    (config / "elasticsearch.yml").write_text("\n".join(lines))
    found = severities(config, version)
    expected = case["expect"]
    if expected.get("error_contains") == ONLY_NOTED:
        assert "info" in found
    elif "error_contains" in expected or "error" in expected:
        assert "error" in found
    else:
        assert "error" not in found
    if "warning_contains" in expected and "explicitly" not in expected["warning_contains"]:
        assert "warning" in found


@pytest.mark.parametrize("case", FILES)
def test_files(config, case):
    (config / "elasticsearch.yml").write_text(case["given"]["yml"])
    is_refused = any("error" in key for key in case["expect"] if not key.startswith("older"))
    unresolved = "placeholder" in json.dumps(case["expect"])
    assert ("error" in severities(config)) == (is_refused and not unresolved)
