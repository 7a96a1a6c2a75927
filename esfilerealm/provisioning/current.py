"""A realm as it is: what a plan is compared with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .._storage.managed import ManagedUsers
from .._storage.paths import RealmPaths
from .._storage.realm_files import RealmFiles
from ..errors import FileRealmError
from ..formats.users import parse_users
from ..formats.users_roles import parse_users_roles

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from ..settings import RealmSettings

__all__ = ["StoredRealm"]


@dataclass(frozen=True, slots=True)
class StoredRealm:
    """
    One state of both files.

    Attributes:
        files: The files.
        hashes: From username to stored text, in the order of the ``users`` file.
        roles_by_user: From username to roles, users or not.
        managed: The users whom provisioning has made.
    """

    files: RealmFiles
    hashes: Mapping[str, str] = field(repr=False)
    roles_by_user: Mapping[str, tuple[str, ...]]
    managed: ManagedUsers

    @classmethod
    def read(cls, config_dir: str, settings: RealmSettings, *, needs_managed: bool) -> Self:
        """
        Read it.

        Args:
            config_dir: The folder.

            settings: Of the node.

            needs_managed: Whether anything depends on the list of managed users; if not, one that
                is of no use is like none.

        Raises:
            ConfigurationFileMissingError: If there is no ``users`` file.
            FileFormatError: If a file is not UTF-8, or the list of managed users is none.
            JournalVersionError, FilePermissionError, FileAccessError: If it cannot be read.
        """
        files, listed = RealmFiles.read_with_managed(RealmPaths(config_dir))
        users, users_roles = files.both
        try:
            managed = ManagedUsers.of(listed, users.path)
        except FileRealmError:
            if needs_managed:
                raise
            managed = ManagedUsers.none(users.path)
        return cls(
            files,
            parse_users(users.data, source=users.path, **settings.name_rules).users,
            parse_users_roles(users_roles.data, source=users_roles.path).roles_by_user,
            managed,
        )

    def roles_of(self, username: str) -> tuple[str, ...] | None:
        """Give the roles of a user, None if there is no such user."""
        return self.roles_by_user.get(username, ()) if username in self.hashes else None
