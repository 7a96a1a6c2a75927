"""The users of a realm, and whose hash is of no use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NoReturn

from ..._ground.logs import get_logger, log_errors
from ...formats.realm import find_hash_issues
from ...formats.users import UsersReader

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ...formats import HashIssue, LineIssue
    from ...settings.realm_settings import NameRules

__all__ = ["JudgedUsers", "JudgedUsersReader", "report_hash_issues"]

_LOG: Final = get_logger(__name__)


class JudgedUsers:
    """
    What a node makes of a ``users`` file, and what will come of its hashes.

    Attributes:
        users: From username to hash text, in the order in which the file first names them.
        issues: The lines that a node skips.
        hash_issues: From username to why no password lets this user in.
    """

    __slots__ = ("hash_issues", "issues", "users")

    def __init__(
        self,
        users: dict[str, str],
        issues: tuple[LineIssue, ...],
        hash_issues: dict[str, HashIssue],
    ) -> None:
        self.users = users
        self.issues = issues
        self.hash_issues = hash_issues

    def __reduce__(self) -> NoReturn:
        raise TypeError("the users of a realm have password hashes and are not to be pickled")

    def is_usable(self, username: str, text: str) -> bool:
        """Tell whether *text* is the hash of a user here, and some password fits it."""
        return self.users.get(username) == text and username not in self.hash_issues


class JudgedUsersReader:
    """
    Reads a ``users`` file that comes in pieces; see ``UsersReader``.

    Args:
        source: The path.
        rules: For names, of the node.
        before: What was read before; a hash that was fine then needs no look.
    """

    def __init__(self, source: str, rules: NameRules, before: JudgedUsers) -> None:
        self._reader = UsersReader(source, **rules)
        self._before = before
        self._hash_issues: dict[str, HashIssue] = {}

    @property
    def line_count(self) -> int:
        """How many lines there were so far."""
        return self._reader.line_count

    def read(self, piece: bytes) -> Sequence[LineIssue]:
        """Read the next lines, and give those of them that a node skips."""
        line_count = self.line_count
        users, issues = self._reader.read(piece)
        found = find_hash_issues(
            users, piece, line_count=line_count, is_usable=self._before.is_usable
        )
        if self._hash_issues:
            for name in users:  # what counts now is the line in this piece
                self._hash_issues.pop(name, None)
        self._hash_issues.update(found)
        return issues

    def finish(self) -> JudgedUsers:
        """Give all users of the file."""
        parsed, issues = self._reader.finish(), self._hash_issues
        in_order = {name: issues[name] for name in parsed.users if name in issues} if issues else {}
        return JudgedUsers(parsed.users, parsed.issues, in_order)


def report_hash_issues(now: Mapping[str, HashIssue], before: Mapping[str, HashIssue]) -> None:
    """Log those that were not there *before*."""
    known = {(issue.username, issue.reason) for issue in before.values()}
    new = [issue for issue in now.values() if (issue.username, issue.reason) not in known]
    log_errors(
        _LOG,
        "no password is right for user [%s], line [%d] of the users file: %s",
        [(issue.username, issue.line_number, issue.reason) for issue in new],
        "users for whom no password is right",
    )
