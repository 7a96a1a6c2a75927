"""``Finding``: how it is shown, and as a dictionary."""

from __future__ import annotations

import json
import pickle

import pytest

from esfilerealm import Finding


@pytest.mark.parametrize(
    ("place", "start"),
    [
        ({}, ""),
        ({"path": "/etc/users"}, "[/etc/users]: "),
        ({"path": "/etc/users", "line": 3}, "[/etc/users], line [3]: "),
    ],
)
def test_shows_place_severity_code_message_and_advice(place, start):
    finding = Finding(code="EFR101", severity="warning", message="malformed", **place)
    assert str(finding) == f"{start}warning EFR101: malformed"
    advised = Finding(
        code="EFR101", severity="warning", message="malformed", advice="mend it", **place
    )
    assert str(advised) == f"{start}warning EFR101: malformed; mend it"


def test_as_json():
    finding = Finding(code="EFR201", severity="error", message="m", path="/u", line=1, subject="al")
    assert json.loads(json.dumps(finding.to_dict())) == {
        "code": "EFR201",
        "severity": "error",
        "message": "m",
        "path": "/u",
        "line": 1,
        "subject": "al",
        "advice": "",
        "fix": None,
    }


def test_is_a_value():
    finding = Finding(code="EFR201", severity="error", message="m")
    assert pickle.loads(pickle.dumps(finding)) == finding
    assert hash(finding) == hash(Finding(code="EFR201", severity="error", message="m"))
