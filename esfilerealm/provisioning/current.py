"""A realm as it is: what a plan is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._storage import RealmFolder
from ..formats.realm import ParsedRealm

if TYPE_CHECKING:
    from typing import Self

    from .._storage import ManagedUsers, RealmFiles
    from ..settings import RealmSettings

__all__ = ["StoredRealm"]


@dataclass(frozen=True, slots=True)
class StoredRealm:
    """
    One state of both files.

    Attributes:
        files: The files.
        parsed: What the files say.
        managed: The users whom provisioning has made.
    """

    files: RealmFiles
    parsed: ParsedRealm
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
        files, managed = RealmFolder(config_dir).read_with_managed(is_needed=needs_managed)
        users, users_roles = files.both
        return cls(
            files,
            ParsedRealm.parse(
                users.data,
                users_roles.data,
                sources=(users.path, users_roles.path),
                **settings.name_rules,
            ),
            managed,
        )

    def roles_of(self, username: str) -> tuple[str, ...] | None:
        """Return the roles of a user, None for an unknown name."""
        return self.parsed.roles_of(username) if username in self.parsed.hashes else None
