"""Checks of the files of a realm."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final

from .._ground.showing import is_shown_whole, shown_name
from .._storage import RealmFolder
from ..findings import Fix
from ..formats.realm import parse_files
from .rules import (
    HASH_RULES,
    INTERRUPTED_WRITE,
    LINE_RULES,
    REJECTED_JOURNAL,
    ROLES_WITHOUT_USER,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..findings import Finding
    from ..formats import ParsedRealm
    from ..settings import RealmSettings

__all__ = ["check_entries", "check_parsed", "check_realm"]

#: How long a journal may belong to a writer that is at work; a write takes milliseconds.
_PATIENCE: Final = 1.0
_POLL: Final = 0.05


def check_realm(config_dir: str | os.PathLike[str], settings: RealmSettings) -> tuple[Finding, ...]:
    """
    Check the files of a realm: what they say, and what an interrupted write has left.

    Nothing is written, created or locked.

    Args:
        config_dir: The directory of both files.

        settings: Of the node; they decide which usernames a node accepts.

    Raises:
        ConfigurationFileMissingError: If there is no ``users`` file.
        FileFormatError: If a file is not UTF-8.
        JournalVersionError: If a later version of this package has left an interrupted write.
        FilePermissionError, FileAccessError: If a file cannot be read.
    """
    folder = RealmFolder(config_dir, in_x_pack=settings.is_in_x_pack)
    files = folder.read()
    parsed = parse_files(files, **settings.name_rules)
    sources = (files.users.path, files.users_roles.path)
    return (*check_parsed(parsed, sources=sources), *_interrupted_writes(folder))


def check_parsed(
    parsed: ParsedRealm, *, sources: tuple[str, str] = ("users", "users_roles")
) -> tuple[Finding, ...]:
    """
    Check what both files say: skipped lines, unusable hashes, and roles without a user.

    Args:
        parsed: What they say.

        sources: The paths of ``users`` and ``users_roles``, for the findings.

    Returns:
        The findings in the order of the files and their lines; those without a line come last.
    """
    return (*check_entries(parsed, sources=sources), *_roles_without_user(parsed, sources[1]))


def check_entries(
    parsed: ParsedRealm, *, sources: tuple[str, str] = ("users", "users_roles")
) -> tuple[Finding, ...]:
    """Check line by line: skipped lines and unusable hashes. Otherwise as ``check_parsed``."""
    users, users_roles = sources
    in_users = [*_skipped_lines(parsed, "users", users), *_unusable_hashes(parsed, users)]
    in_users.sort(key=lambda finding: finding.line or 0)
    return (*in_users, *_skipped_lines(parsed, "users_roles", users_roles))


def _skipped_lines(parsed: ParsedRealm, name: str, path: str) -> Iterator[Finding]:
    for issue in parsed.issues[name]:
        if issue.kind != "blank":
            message = f"a node skips the line: {issue.reason}"
            yield LINE_RULES[issue.kind].finding(message, path=path, line=issue.line_number)


def _unusable_hashes(parsed: ParsedRealm, path: str) -> Iterator[Finding]:
    for name, issue in parsed.hash_issues.items():
        yield HASH_RULES[issue.kind].finding(
            issue.describe(has_line=False), path=path, line=issue.line_number, subject=name
        )


def _roles_without_user(parsed: ParsedRealm, path: str) -> Iterator[Finding]:
    for name in parsed.orphans:
        shown = shown_name(name)
        roles = ",".join(map(shown_name, parsed.roles_of(name)))
        message = f"[{shown}] is not a user, and whoever adds that name gets the roles [{roles}]"
        # A hash there means that lines are in the wrong file, which a person should look at.
        fix = Fix(name=name) if is_shown_whole(name) else None
        yield ROLES_WITHOUT_USER.finding(message, path=path, subject=shown, fix=fix)


def _interrupted_writes(folder: RealmFolder) -> Iterator[Finding]:
    journal = folder.paths.journal
    if _stays(journal):
        message = "a write was interrupted, or takes unusually long"
        yield INTERRUPTED_WRITE.finding(message, path=journal)
    message = "the journal of an interrupted write could not be used"
    for path in folder.quarantined():
        yield REJECTED_JOURNAL.finding(message, path=path)


def _stays(journal: str) -> bool:
    """Check whether one and the same journal is there for longer than a write takes."""
    first = _identity(journal)
    deadline = time.monotonic() + _PATIENCE
    while first is not None and time.monotonic() < deadline:
        time.sleep(_POLL)
        if _identity(journal) != first:
            return False
    return first is not None


def _identity(path: str) -> tuple[int, int] | None:
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns
