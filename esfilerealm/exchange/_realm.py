"""Both files of a realm as a node reads them, and what a node does not read of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..formats import parse_users, parse_users_roles
from ..formats.lines import COMMENT, read_lines, trim
from ..hashing import hash_problem
from ..names import DEFAULT_ANONYMOUS_USERNAME
from ._names import shown_name, user
from .losses import Loss

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping
    from typing import NoReturn

    from ..formats import LineIssue

__all__ = ["Realm", "orphan_losses", "read_realm", "roles_of_file", "users_of_file"]


class Realm:
    """
    What a node knows, and what it passes over.

    Attributes:
        users: From username to a hash that a node can use, in the order of the file.
        roles_by_user: From each of these names to its roles.
        losses: Users without such a hash, comments, lines that a node skips, and names that are
            no users.
    """

    __slots__ = ("losses", "roles_by_user", "users")

    def __init__(
        self,
        users: dict[str, str],
        roles_by_user: dict[str, tuple[str, ...]],
        losses: tuple[Loss, ...],
    ) -> None:
        self.users = users
        self.roles_by_user = roles_by_user
        self.losses = losses

    def __reduce__(self) -> NoReturn:
        raise TypeError("the users of a realm have password hashes and are not to be pickled")

    def __repr__(self) -> str:
        return f"<Realm: {len(self.users)} users, {len(self.losses)} losses>"


def read_realm(
    users: bytes,
    users_roles: bytes,
    *,
    allow_reserved: bool = False,
    anonymous_username: str = DEFAULT_ANONYMOUS_USERNAME,
) -> Realm:
    """
    Read both files for an export, for which what a node passes over is a remark.

    Raises:
        FileFormatError: If a file is not UTF-8.
    """
    hashes, losses = users_of_file(
        users,
        "users",
        "users",
        is_strict=False,
        allow_reserved=allow_reserved,
        anonymous_username=anonymous_username,
    )
    roles, role_losses = roles_of_file(users_roles, "users_roles", "users_roles", is_strict=False)
    orphans = orphan_losses(hashes, dict.fromkeys(roles, "users_roles"), is_strict=False)
    usable, hash_losses = _usable(hashes)
    roles_by_user = {name: roles.get(name, ()) for name in usable}
    return Realm(usable, roles_by_user, (*losses, *hash_losses, *role_losses, *orphans))


def _usable(hashes: dict[str, str]) -> tuple[dict[str, str], list[Loss]]:
    usable: dict[str, str] = {}
    losses = []
    for name, password_hash in hashes.items():
        if problem := hash_problem(password_hash):
            losses.append(Loss("users", user(name), problem.reason, is_blocking=True))
        else:
            usable[name] = password_hash
    return usable, losses


def users_of_file(
    data: bytes,
    source: str,
    where: str,
    *,
    is_strict: bool,
    allow_reserved: bool,
    anonymous_username: str,
) -> tuple[dict[str, str], list[Loss]]:
    """
    Read a ``users`` file.

    Args:
        data: The whole file.

        source: Its name for errors.

        where: Its name for losses.

        is_strict: Whether a line that a node skips is a loss that blocks: somebody who passes the
            file on means it to be an entry.

        allow_reserved: As for ``parse_users``.

        anonymous_username: As for ``parse_users``.

    Raises:
        FileFormatError: If it is not UTF-8.
    """
    parsed = parse_users(
        data, source=source, allow_reserved=allow_reserved, anonymous_username=anonymous_username
    )
    lines = read_lines(data.decode("utf-8"))
    losses = [*_comments(lines, where), *_skipped(parsed.issues, where, is_strict=is_strict)]
    skipped = {issue.line_number for issue in parsed.issues}
    last: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        if not line.startswith(COMMENT) and number not in skipped:
            name = trim(line).partition(":")[0]
            if name in last:
                reason = f"a node goes by line [{number}], which has the same name"
                place = f"{where}, line [{last[name]}]"
                losses.append(Loss(place, f"a line of {user(name)}", reason, is_blocking=False))
            last[name] = number
    return parsed.users, losses


def roles_of_file(
    data: bytes, source: str, where: str, *, is_strict: bool
) -> tuple[dict[str, tuple[str, ...]], list[Loss]]:
    """
    Read a ``users_roles`` file; for the arguments see ``users_of_file``.

    Returns:
        The roles of every name, users or not, and what a node passes over.

    Raises:
        FileFormatError: If it is not UTF-8.
    """
    parsed = parse_users_roles(data, source=source)
    lines = read_lines(data.decode("utf-8"))
    losses = [*_comments(lines, where), *_skipped(parsed.issues, where, is_strict=is_strict)]
    return {name: roles for name, roles in parsed.roles_by_user.items() if name}, losses


def orphan_losses(
    users: Container[str], places: Mapping[str, str], *, is_strict: bool
) -> list[Loss]:
    """
    Tell which names that have roles are no users.

    Args:
        users: Those that are.

        places: From every name that has roles to where it has them.

        is_strict: As for ``users_of_file``.
    """
    return [
        Loss(where, f"roles of [{shown_name(name)}]", "no user has that name", is_strict)
        for name, where in places.items()
        if name not in users
    ]


def _comments(lines: list[str], where: str) -> list[Loss]:
    count = sum(line.startswith(COMMENT) for line in lines)
    if not count:
        return []
    what = "1 comment" if count == 1 else f"{count} comments"
    return [Loss(where, what, "only users and roles are carried", is_blocking=False)]


def _skipped(issues: Iterable[LineIssue], where: str, *, is_strict: bool) -> list[Loss]:
    return [
        Loss(f"{where}, line [{issue.line_number}]", "the line", issue.reason, is_strict)
        for issue in issues
        if issue.kind != "blank"
    ]
