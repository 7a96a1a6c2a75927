"""Rules about the hashes of ``users``: ``EFR2xx``. None shows a hash."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from ..registry import rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ...errors import HashProblemKind
    from ...findings import Finding
    from ...formats import HashIssue
    from ..node import Node
    from ..parts import Unreadable
    from ..registry import Rule

__all__ = ["HASH_RULES", "hash_finding"]


@rule("EFR201", "clear text in place of a hash", severity="error", source="Hasher.resolveFromHash")
def clear_text(node: Node) -> Iterator[Finding | Unreadable]:
    """
    A node takes a text that looks like no hash for the password itself, so whoever can read the
    file can log in. This package lets nobody in by such a text.

    Advice: Set a password with `esfilerealm passwd`.
    """
    return _unusable(node, "clear-text")


@rule("EFR202", "hash of an unknown algorithm", severity="error", source="Hasher.resolveFromHash")
def unknown_algorithm(node: Node) -> Iterator[Finding | Unreadable]:
    """
    The hash is of another program, or of a cost that a node does not know: the user cannot log in
    with the password. A node may take the hash itself for the password.

    Advice: Set a password with `esfilerealm passwd`.
    """
    return _unusable(node, "unsupported")


@rule("EFR203", "malformed hash", severity="error", source="Hasher.resolveFromHash")
def malformed_hash(node: Node) -> Iterator[Finding | Unreadable]:
    """
    The hash was cut off or changed: no password matches, and the user cannot log in.

    Advice: Set a password with `esfilerealm passwd`.
    """
    return _unusable(node, "malformed")


HASH_RULES: Final[Mapping[HashProblemKind, Rule]] = MappingProxyType(
    {"clear-text": clear_text, "unsupported": unknown_algorithm, "malformed": malformed_hash}
)


def hash_finding(name: str, issue: HashIssue, path: str) -> Finding:
    """Return the finding that no password matches the stored text of a user."""
    return HASH_RULES[issue.kind].finding(
        issue.describe(has_line=False), path=path, line=issue.line_number, subject=name
    )


def _unusable(node: Node, kind: HashProblemKind) -> Iterator[Finding]:
    for name, issue in node.realm.hash_issues.items():
        if issue.kind == kind:
            yield hash_finding(name, issue, node.paths.users)
