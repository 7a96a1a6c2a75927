"""Findings about a realm whose files somebody has read already, or on its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .._storage import RealmFolder
from ..findings import Finding
from ..formats.realm import parse_files
from .rules.hashes import hash_finding
from .rules.realm import interrupted_write, line_finding, orphan_findings, rejected_journal

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from ..formats import ParsedRealm
    from ..settings import RealmSettings
    from .node import Node

__all__ = ["check_entries", "check_parsed", "check_realm"]

_SOURCES: Final = ("users", "users_roles")


def check_realm(config_dir: str | os.PathLike[str], settings: RealmSettings) -> tuple[Finding, ...]:
    """
    Check the files of a realm: what they say, and what an interrupted write has left.

    Nothing is written, created or locked. ``check`` asks all rules about the whole node.

    Args:
        config_dir: The directory of both files.

        settings: Of the node; they decide which usernames a node accepts.

    Raises:
        ConfigurationFileMissingError: If there is no ``users`` file.
        FileFormatError: If a file is not UTF-8.
        JournalVersionError: If a later version of this package has left an interrupted write.
        FilePermissionError, FileAccessError: If a file cannot be read.
    """
    from .node import Node

    folder = RealmFolder(config_dir, in_x_pack=settings.is_in_x_pack)
    files = folder.read()
    parsed = parse_files(files, **settings.name_rules)
    sources = (files.users.path, files.users_roles.path)
    node = Node(config_dir, elasticsearch_version=settings.elasticsearch_version)
    return (*check_parsed(parsed, sources=sources), *_interrupted_writes(node))


def check_parsed(
    parsed: ParsedRealm, *, sources: tuple[str, str] = _SOURCES
) -> tuple[Finding, ...]:
    """
    Check what both files say: skipped lines, unusable hashes, and roles without a user.

    Args:
        parsed: What they say.

        sources: The paths of ``users`` and ``users_roles``, for the findings.

    Returns:
        The findings in the order of the files and their lines; those without a line come last.
    """
    return (*check_entries(parsed, sources=sources), *orphan_findings(parsed, sources[1]))


def check_entries(
    parsed: ParsedRealm, *, sources: tuple[str, str] = _SOURCES
) -> tuple[Finding, ...]:
    """Check line by line: skipped lines and unusable hashes. Otherwise as ``check_parsed``."""
    users, users_roles = sources
    in_users = [
        *_skipped_lines(parsed, "users", users),
        *(hash_finding(name, issue, users) for name, issue in parsed.hash_issues.items()),
    ]
    in_users.sort(key=lambda finding: finding.line or 0)
    return (*in_users, *_skipped_lines(parsed, "users_roles", users_roles))


def _skipped_lines(parsed: ParsedRealm, name: str, path: str) -> Iterator[Finding]:
    return (line_finding(issue, path) for issue in parsed.issues[name] if issue.kind != "blank")


def _interrupted_writes(node: Node) -> Iterator[Finding]:
    for each in (interrupted_write, rejected_journal):
        yield from (found for found in each(node) if isinstance(found, Finding))
