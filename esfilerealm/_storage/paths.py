"""Where the files of a configuration directory are."""

from __future__ import annotations

import os

from . import system

TYPE_CHECKING = False  # see `_ground`

__all__ = [
    "LOCKED_ALONE",
    "OTHER_FILES",
    "VERSION_PATTERN",
    "RealmPaths",
    "accounts_path",
    "exists",
    "journal_path",
    "lock_path",
    "managed_path",
    "modes_path",
    "records_of",
    "version_path",
]

#: Files that may change in one unit with ``users`` and ``users_roles``, by their names.
OTHER_FILES = ("elasticsearch.keystore", "elasticsearch.yml", "role_mapping.yml", "roles.yml")

#: Those of them that also change alone, under locks of their own (see ``SingleFile``), and the mode
#: that a node gives to a new one, whatever the umask.
LOCKED_ALONE = {"elasticsearch.keystore": 0o660}

#: Those that the versions 5 to 6.2 of Elasticsearch kept in ``x-pack/``.
_ONCE_IN_X_PACK = ("role_mapping.yml", "roles.yml", "users", "users_roles")

#: Parts that no path of a file below a directory has.
_NO_PARTS = frozenset({"", ".", ".."})

#: What follows the name of a file in the name of one of its earlier versions.
VERSION_PATTERN = r"\.[1-9][0-9]{0,8}~"


class RealmPaths:
    """
    The files of one configuration directory, as absolute paths, links not yet followed.

    A file that is missing is looked up in ``x-pack/``, where Elasticsearch 5 to 6.2 kept it.
    So is a ``users_roles`` that is missing in both places while ``users`` is there: those versions
    read it nowhere else, and later ones find it.

    Args:
        config_dir: The directory.

        in_x_pack: Whether ``x-pack/`` comes first, as for Elasticsearch 5, which reads nothing
            else. A file that is only one directory up is still found, and ``users_roles`` is
            beside ``users``.

    Attributes:
        legacy: The paths that are in ``x-pack/``.

    Source:
        ``XPackPlugin.resolveConfigFile``.
    """

    def __init__(self, config_dir: str | os.PathLike[str], *, in_x_pack: bool = False) -> None:
        self.config_dir = os.path.abspath(os.fspath(config_dir))
        self._in_x_pack = in_x_pack
        self.legacy: list[str] = []
        self.users = self._locate("users")
        self.users_roles = self._locate("users_roles")
        if in_x_pack or (self.users in self.legacy and not exists(self.users_roles)):
            self.users_roles = os.path.join(os.path.dirname(self.users), "users_roles")
        self.roles_yml = self._locate("roles.yml")

    def __repr__(self) -> str:
        return f"RealmPaths({self.config_dir!r})"

    @property
    def of_shield(self) -> str | None:
        """The directory in which Shield 1 and 2 kept the files, if they are there."""
        directory = os.path.join(self.config_dir, "shield")
        return directory if exists(os.path.join(directory, "users")) else None

    @property
    def journal(self) -> str:
        """The journal of a change, beside the real ``users`` of this moment."""
        return journal_path(system.realpath(self.users))

    @property
    def accounts(self) -> str:
        """The record of users that are locked or expire, beside the real ``users``."""
        return accounts_path(system.realpath(self.users))

    @property
    def all(self) -> tuple[str, ...]:
        """The files of the realm, and those that a write keeps beside the real ``users``."""
        users = system.realpath(self.users)
        own = *records_of(users), journal_path(users), lock_path(users)
        return (self.users, self.users_roles, self.roles_yml, *own)

    def named(self, name: str) -> str:
        """
        Return the path of a file by its name.

        Args:
            name: One of ``OTHER_FILES``, or the path of any file that is only below the
                configuration directory, relative to it, with ``/``.

        Raises:
            ValueError: If it is no such path.
        """
        if name in OTHER_FILES:
            return self._path(name)
        parts = name.split("/")
        if "\0" in name or not _NO_PARTS.isdisjoint(parts):
            raise ValueError(f"[{name}] is not the path of a file below a directory")
        return os.path.join(self.config_dir, *parts)

    def _locate(self, name: str) -> str:
        path = self._path(name)
        if path != os.path.join(self.config_dir, name):
            self.legacy.append(path)
        return path

    def _path(self, name: str) -> str:
        path = os.path.join(self.config_dir, name)
        if name not in _ONCE_IN_X_PACK:
            return path
        legacy = os.path.join(self.config_dir, "x-pack", name)
        first, second = (legacy, path) if self._in_x_pack else (path, legacy)
        return second if not exists(first) and exists(second) else first


def lock_path(real_users: str) -> str:
    """Return the lock file that belongs to a real ``users`` file."""
    return real_users + ".lock"


def journal_path(real_users: str) -> str:
    """Return the journal that belongs to a real ``users`` file."""
    return real_users + ".journal"


def accounts_path(real_users: str) -> str:
    """Return the record of locked and expiring users that belongs to a real ``users`` file."""
    return real_users + ".accounts"


def managed_path(real_users: str) -> str:
    """Return the list of users made by provisioning that belongs to a real ``users`` file."""
    return real_users + ".managed"


def modes_path(real_users: str) -> str:
    """Return the record of modes that belongs to a real ``users`` file."""
    return real_users + ".modes"


def records_of(real_users: str) -> tuple[str, str, str]:
    """Return what this package keeps of a realm beside its real ``users`` file, for itself."""
    return accounts_path(real_users), managed_path(real_users), modes_path(real_users)


def version_path(path: str, number: int) -> str:
    """Return an earlier version of a file; 1 is the latest."""
    return f"{path}.{number}~"


def exists(path: str) -> bool:
    """Check whether anything has that name, even a dangling link."""
    try:
        system.lstat(path)
    except (OSError, ValueError):  # a name that no file can have
        return False
    return True
