"""What both files say together."""

from __future__ import annotations

from ..errors import shown
from ..formats.users import parse_users
from ..formats.users_roles import parse_users_roles

__all__ = ["RealmListing", "shown_orphan"]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from .._storage.realm_files import RealmFiles
    from ..formats.lines import LineIssue
    from ..settings import RealmSettings


class RealmListing:
    """
    Users with their roles, and what is odd about the lines.

    Attributes:
        users: From username to roles, in the order of the ``users`` file.
        orphans: Names that ``users_roles`` gives roles to and that are no users.
        issues: From path to the lines of that file that a node skips.
    """

    __slots__ = ("issues", "orphans", "users")

    def __init__(
        self,
        users: dict[str, tuple[str, ...]],
        orphans: tuple[str, ...],
        issues: dict[str, tuple[LineIssue, ...]],
    ) -> None:
        self.users = users
        self.orphans = orphans
        self.issues = issues

    @classmethod
    def of(cls, files: RealmFiles, settings: RealmSettings) -> RealmListing:
        """
        Read them out of both files.

        Raises:
            FileFormatError: If a file is not UTF-8.
        """
        users = parse_users(files.users.data, source=files.users.path, **settings.name_rules)
        users_roles = parse_users_roles(files.users_roles.data, source=files.users_roles.path)
        roles_by_user = users_roles.roles_by_user
        return cls(
            {name: roles_by_user.pop(name, ()) for name in users.users},
            tuple(name for name in roles_by_user if name),
            {files.users.path: users.issues, files.users_roles.path: users_roles.issues},
        )


def shown_orphan(name: str) -> str:
    """Show a name that is no user, but not a hash, if ``users`` was put in the other's place."""
    return "(a hash)" if name.startswith(("$", "{")) else shown(name)
