"""A realm as an export sees it, and what a node skips in its files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .._ground.values import ReadOnlyDict
from ..formats.lines import COMMENT, read_lines, trim
from ..formats.realm import ParsedRealm
from ..names import DEFAULT_ANONYMOUS_USERNAME
from ._left_out import left_out, without_times
from ._shared import role_problem, shown_name, shown_role, shown_user, username_problem
from .losses import Loss

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import NoReturn

    from ..formats import LineIssue
    from .accounts import ExportedAccount

__all__ = ["ExportRequest", "UsableRealm", "writable_users"]


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """
    What an export is made from.

    Attributes:
        users: The whole ``users`` file.
        users_roles: The whole ``users_roles`` file.
        allow_reserved: As for ``parse_users``.
        anonymous_username: As for ``parse_users``.
        secret_name: The name of a Kubernetes Secret.
        namespace: The namespace of a Kubernetes Secret, or None.
        sources: The names of both files for errors, normally their paths.
        accounts: What is special about users, by name.
    """

    users: bytes = field(repr=False)
    users_roles: bytes = field(repr=False)
    allow_reserved: bool = False
    anonymous_username: str = DEFAULT_ANONYMOUS_USERNAME
    secret_name: str = ""
    namespace: str | None = None
    sources: tuple[str, str] = ("users", "users_roles")
    accounts: Mapping[str, ExportedAccount] = field(default_factory=ReadOnlyDict)

    def parsed(self) -> ParsedRealm:
        """
        Read both files as a node does.

        Raises:
            FileFormatError: If a file is not UTF-8.
        """
        return ParsedRealm.parse(
            self.users,
            self.users_roles,
            sources=self.sources,
            allow_reserved=self.allow_reserved,
            anonymous_username=self.anonymous_username,
        )

    def realm(self, *, knows_times: bool = False) -> UsableRealm:
        """
        Read both files. Lines that a node skips do not block an export.

        Users whose time is over, and those who give emergency access, are left out.

        Args:
            knows_times: Whether the format can say when a user expires. If not, such users are left
                out too.

        Raises:
            FileFormatError: If a file is not UTF-8.
        """
        parsed = self.parsed()
        hidden = self.hidden(parsed, knows_times=knows_times)
        unusable = parsed.hash_issues
        losses = (
            *_users_losses(self.users, parsed.issues["users"]),
            *(
                Loss("users", shown_user(name), issue.reason, is_blocking=True)
                for name, issue in unusable.items()
                if name not in hidden
            ),
            *_comments(self.users_roles, "users_roles"),
            *_skipped(parsed.issues["users_roles"], "users_roles"),
            *(
                Loss(
                    "users_roles",
                    f"roles of [{shown_name(name)}]",
                    "no user has that name",
                    is_blocking=False,
                )
                for name in parsed.orphans
            ),
            *hidden.values(),
        )
        missing = {*unusable, *hidden}
        hashes = {name: text for name, text in parsed.hashes.items() if name not in missing}
        return UsableRealm(hashes, {name: parsed.roles_of(name) for name in hashes}, losses)

    def hidden(self, parsed: ParsedRealm, *, knows_times: bool) -> dict[str, Loss]:
        """Return the users that the export does not have because of their time, with the losses."""
        if not self.accounts:
            return {}
        hidden = {} if knows_times else dict(without_times(parsed.hashes, self.accounts))
        return hidden | dict(left_out(parsed.hashes, self.accounts))


class UsableRealm:
    """
    The users of a realm who can log in.

    Attributes:
        hashes: From username to a hash that a node can use, in the order of the file.
        roles_by_user: From each of these names to its roles.
        losses: Users without such a hash, comments, lines that a node skips, and names with roles
            that are not users.
    """

    __slots__ = ("hashes", "losses", "roles_by_user")

    def __init__(
        self,
        hashes: dict[str, str],
        roles_by_user: dict[str, tuple[str, ...]],
        losses: tuple[Loss, ...],
    ) -> None:
        self.hashes = hashes
        self.roles_by_user = roles_by_user
        self.losses = losses

    def __reduce__(self) -> NoReturn:
        raise TypeError("the users of a realm have password hashes and cannot be pickled")

    def __repr__(self) -> str:
        return f"<UsableRealm: {len(self.hashes)} users, {len(self.losses)} losses>"


def writable_users(
    realm: UsableRealm,
) -> tuple[list[tuple[str, str, list[str]]], list[Loss]]:
    """
    Choose the users and roles whose names new lines can hold.

    Returns:
        Name, hash and roles of each such user, and the losses of *realm* with those of this choice.
    """
    users: list[tuple[str, str, list[str]]] = []
    losses = list(realm.losses)
    for name, password_hash in realm.hashes.items():
        if reason := username_problem(name):
            losses.append(Loss("users", shown_user(name), reason, is_blocking=True))
            continue
        roles = []
        for role in realm.roles_by_user[name]:
            if reason := role_problem(role):
                losses.append(Loss("users_roles", shown_role(role, name), reason, is_blocking=True))
            else:
                roles.append(role)
        users.append((name, password_hash, roles))
    return users, losses


def _users_losses(data: bytes, issues: Sequence[LineIssue]) -> Iterator[Loss]:
    """Find what a node skips in a ``users`` file, of which *issues* are the skipped lines."""
    yield from _comments(data, "users")
    yield from _skipped(issues, "users")
    skipped = {issue.line_number for issue in issues}
    last: dict[str, int] = {}
    for number, line in enumerate(read_lines(data.decode("utf-8")), 1):
        if not line.startswith(COMMENT) and number not in skipped:
            name = trim(line).partition(":")[0]
            if name in last:
                reason = f"a node uses line [{number}], which has the same name"
                place = f"users, line [{last[name]}]"
                what = f"a line of {shown_user(name)}"
                yield Loss(place, what, reason, is_blocking=False, is_note=True)
            last[name] = number


def _comments(data: bytes, where: str) -> Iterator[Loss]:
    count = sum(line.startswith(COMMENT) for line in read_lines(data.decode("utf-8")))
    if count:
        what = "1 comment" if count == 1 else f"{count} comments"
        reason = "only users and roles are converted"
        yield Loss(where, what, reason, is_blocking=False, is_note=True)


def _skipped(issues: Iterable[LineIssue], where: str) -> Iterator[Loss]:
    for issue in issues:
        if issue.kind != "blank":
            place = f"{where}, line [{issue.line_number}]"
            yield Loss(place, "the line", issue.reason, is_blocking=False)
