"""
SARIF 2.1.0, which code scanning of GitHub and many editors read.

Viewers show different fields, so description, help and message say the same.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Final

from ..._ground.showing import printable
from ..._version import __version__
from .places import uri_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ...findings import Finding
    from ..registry import Rule

    Object = dict[str, object]

__all__ = ["render"]

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS: Final = {"error": "error", "warning": "warning", "info": "note"}
#: Of a finding that keeps its identity when lines move.
_FINGERPRINT: Final = "esfilerealm/v1"


def render(findings: Sequence[Finding], rules: Sequence[Rule]) -> str:
    """Render one run."""
    indexes = {rule.code: index for index, rule in enumerate(rules)}
    driver = {
        "name": "esfilerealm",
        "semanticVersion": __version__,
        "rules": [_rule(rule) for rule in rules],
    }
    run = {
        "tool": {"driver": driver},
        "results": [_result(finding, indexes) for finding in findings],
        "columnKind": "unicodeCodePoints",
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(rule: Rule) -> Object:
    text = f"{rule.explanation} {rule.advice}"
    return {
        "id": rule.code,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.explanation},
        "help": {"text": text, "markdown": text},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _result(finding: Finding, indexes: Mapping[str, int]) -> Object:
    message = f"{finding.message}. {finding.advice}" if finding.advice else finding.message
    result: Object = {
        "ruleId": finding.code,
        "level": _LEVELS[finding.severity],
        "message": {"text": printable(message)},
        "partialFingerprints": {_FINGERPRINT: _fingerprint(finding)},
    }
    if finding.code in indexes:
        result["ruleIndex"] = indexes[finding.code]
    if finding.path is not None:
        place: Object = {"artifactLocation": {"uri": uri_of(finding.path)}}
        if finding.line is not None:
            place["region"] = {"startLine": finding.line}
        result["locations"] = [{"physicalLocation": place}]
    return result


def _fingerprint(finding: Finding) -> str:
    path = "" if finding.path is None else uri_of(finding.path)
    facts = "\n".join((finding.code, path, finding.subject or "", finding.message))
    return hashlib.sha256(facts.encode("utf-8", "backslashreplace")).hexdigest()
