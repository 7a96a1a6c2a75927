"""What both files of a realm say, as one value."""

from __future__ import annotations

from ..names import DEFAULT_ANONYMOUS_USERNAME
from .lines import HashIssue
from .users import line_numbers, parse_users
from .users_roles import parse_users_roles

__all__ = ["ParsedRealm", "find_hash_issues", "parse_files"]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import NoReturn, Protocol

    from ..hashing import HashProblem
    from .lines import LineIssue

    class _File(Protocol):
        @property
        def path(self) -> str: ...
        @property
        def data(self) -> bytes: ...

    class _Files(Protocol):
        """Both files as they were read from disk."""

        @property
        def users(self) -> _File: ...
        @property
        def users_roles(self) -> _File: ...


class ParsedRealm:
    """
    What a node makes of ``users`` and ``users_roles``.

    Hashes are inside and are never shown: neither by ``repr`` nor by pickling, which is refused.

    Args:
        hashes: See below.

        roles_by_user: See below.

        issues: See below.

        find_hash_issues: Called once, when ``hash_issues`` is read for the first time.

    Attributes:
        hashes: From username to the stored text, in the order of the ``users`` file. Any text
            counts, even one that no password matches.
        roles_by_user: From every name in ``users_roles`` to its roles in the order of that file.
            A name need not be a user; a stray comma gives roles to the empty name.
        issues: From ``users`` and ``users_roles`` to the lines of that file that a node skips.
    """

    __slots__ = ("_find_hash_issues", "_hash_issues", "hashes", "issues", "roles_by_user")

    def __init__(
        self,
        hashes: dict[str, str],
        roles_by_user: dict[str, tuple[str, ...]],
        *,
        issues: Mapping[str, tuple[LineIssue, ...]],
        find_hash_issues: Callable[[], dict[str, HashIssue]],
    ) -> None:
        self.hashes = hashes
        self.roles_by_user = roles_by_user
        self.issues = issues
        self._find_hash_issues: Callable[[], dict[str, HashIssue]] | None = find_hash_issues
        self._hash_issues: dict[str, HashIssue] = {}

    @classmethod
    def parse(
        cls,
        users: bytes,
        users_roles: bytes,
        *,
        sources: tuple[str, str] = ("users", "users_roles"),
        allow_reserved: bool = False,
        anonymous_username: str = DEFAULT_ANONYMOUS_USERNAME,
    ) -> ParsedRealm:
        """
        Read both files as a node does.

        Args:
            users: The whole ``users`` file, kept until ``hash_issues`` is read.

            users_roles: The whole ``users_roles`` file.

            sources: The names of both files for errors, normally their paths.

            allow_reserved: As for ``parse_users``.

            anonymous_username: As for ``parse_users``.

        Raises:
            FileFormatError: If a file is not UTF-8.
        """
        parsed_users = parse_users(
            users,
            source=sources[0],
            allow_reserved=allow_reserved,
            anonymous_username=anonymous_username,
        )
        parsed_roles = parse_users_roles(users_roles, source=sources[1])
        hashes = parsed_users.users
        return cls(
            hashes,
            parsed_roles.roles_by_user,
            issues={"users": parsed_users.issues, "users_roles": parsed_roles.issues},
            find_hash_issues=lambda: find_hash_issues(hashes, users),
        )

    @property
    def users(self) -> dict[str, tuple[str, ...]]:
        """From username to roles, in the order of the ``users`` file; made anew at each read."""
        roles_by_user = self.roles_by_user
        return {name: roles_by_user.get(name, ()) for name in self.hashes}

    @property
    def orphans(self) -> tuple[str, ...]:
        """The names that ``users_roles`` gives roles to and that are not users."""
        hashes = self.hashes
        return tuple(name for name in self.roles_by_user if name and name not in hashes)

    @property
    def hash_issues(self) -> dict[str, HashIssue]:
        """From username to the reason why no password matches; in the order of the file."""
        if self._find_hash_issues is not None:
            self._hash_issues = self._find_hash_issues()
            self._find_hash_issues = None
        return self._hash_issues

    def roles_of(self, username: str) -> tuple[str, ...]:
        """Return the roles of a user; none for a user without roles or an unknown name."""
        return self.roles_by_user.get(username, ())

    def __reduce__(self) -> NoReturn:
        raise TypeError("a parsed realm holds password hashes and cannot be pickled")

    def __repr__(self) -> str:
        issues = sum(map(len, self.issues.values()))
        return (
            f"<ParsedRealm: {len(self.hashes)} users, {len(self.orphans)} orphans, {issues} issues>"
        )


def parse_files(files: _Files, *, allow_reserved: bool, anonymous_username: str) -> ParsedRealm:
    """Parse both files after they were read from disk; see ``ParsedRealm.parse``."""
    return ParsedRealm.parse(
        files.users.data,
        files.users_roles.data,
        sources=(files.users.path, files.users_roles.path),
        allow_reserved=allow_reserved,
        anonymous_username=anonymous_username,
    )


def find_hash_issues(
    hashes: Mapping[str, str],
    data: bytes,
    *,
    line_count: int = 0,
    is_usable: Callable[[str, str], bool] = lambda _name, _text: False,
) -> dict[str, HashIssue]:
    """
    Find the users whose stored text no password matches.

    Args:
        hashes: From username to stored text.

        data: The lines that *hashes* was read from, for the line numbers.

        line_count: The number of lines that come before *data* in the file.

        is_usable: Called with a name and its text; True spares the examination of that text.
    """
    from ..hashing import hash_problem
    from ..hashing.bcrypt import match_sound

    problems: dict[str, HashProblem] = {}
    if all(map(match_sound, hashes.values())):  # nearly always true, and much faster
        return {}
    for name, text in hashes.items():
        if not (match_sound(text) or is_usable(name, text)):
            problem = hash_problem(text)
            if problem is not None:
                problems[name] = problem
    numbers = line_numbers(data, problems)
    return {
        name: HashIssue(name, line_count + numbers[name], problem.kind, problem.reason)
        for name, problem in problems.items()
    }
