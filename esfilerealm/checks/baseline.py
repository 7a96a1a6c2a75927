"""
A baseline: the findings that are known already, so that only new ones are reported.

A finding is recognised by code, path and subject, not by its line, which moves. Paths below the
configuration directory are kept relative to it, so that a baseline fits every node of a cluster.
If a rule has more findings of one identity than the baseline counts, all of them are reported:
nobody can tell which are new.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from typing import TYPE_CHECKING, Final

from ..errors import InvalidRulesFileError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..findings import Finding

    #: Code, path and subject.
    Identity = tuple[str, str | None, str | None]

__all__ = ["Baseline"]

_VERSION: Final = 1
_KEYS: Final = ("code", "path", "subject")


class Baseline:
    """
    Known findings, by their identity.

    Args:
        counts: How many findings of each identity are known.

        config_dir: The directory that paths are relative to.
    """

    def __init__(self, counts: Counter[Identity], config_dir: str) -> None:
        self._counts = counts
        self._config_dir = os.path.abspath(config_dir)

    @classmethod
    def of(cls, findings: Iterable[Finding], config_dir: str) -> Baseline:
        """Return the baseline by which *findings* are known."""
        baseline = cls(Counter(), config_dir)
        baseline._counts.update(map(baseline._identity, findings))
        return baseline

    @classmethod
    def read(cls, data: bytes, source: str, config_dir: str) -> Baseline:
        """
        Read a baseline.

        Args:
            data: The whole file.

            source: The name of the file for messages.

            config_dir: See above.

        Raises:
            InvalidRulesFileError: If it is not one, or of a later version of this package.
        """
        counts = _counts(data)
        if counts is None:
            rule = f"it is not a baseline of version [{_VERSION}]: write it with --write-baseline"
            raise InvalidRulesFileError((f"[{source}]: {rule}",))
        return cls(counts, config_dir)

    def __len__(self) -> int:
        return self._counts.total()

    def new(self, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        """Return those of *findings* that are not known."""
        found = [(self._identity(finding), finding) for finding in findings]
        counts = Counter(identity for identity, _ in found)
        return tuple(
            finding
            for identity, finding in found
            if counts[identity] > self._counts.get(identity, 0)
        )

    def gone(self, findings: Iterable[Finding]) -> int:
        """Return how many known findings are not among *findings* any more."""
        return (self._counts - Counter(map(self._identity, findings))).total()

    def to_bytes(self) -> bytes:
        """Return the content of its file, which people can read and compare."""
        order = sorted(self._counts.items(), key=lambda item: tuple(map(str, item[0])))
        findings = [
            {**dict(zip(_KEYS, identity, strict=True)), "count": count} for identity, count in order
        ]
        document = {"version": _VERSION, "findings": findings}
        return (json.dumps(document, indent=2) + "\n").encode()

    def _identity(self, finding: Finding) -> Identity:
        return finding.code, self._relative(finding.path), finding.subject

    def _relative(self, path: str | None) -> str | None:
        below = f"{self._config_dir}{os.sep}"
        if path is None or not path.startswith(below):
            return path
        return path.removeprefix(below).replace(os.sep, "/")


def _counts(data: bytes) -> Counter[Identity] | None:
    """Return what a file says, or None if it is not a baseline."""
    try:
        document = json.loads(data)
        if document["version"] != _VERSION:
            return None
        return Counter({_identity(each): int(each["count"]) for each in document["findings"]})
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _identity(entry: dict[str, object]) -> Identity:
    code, path, subject = (entry[key] for key in _KEYS)
    return str(code), _text(path), _text(subject)


def _text(value: object) -> str | None:
    return None if value is None else str(value)
