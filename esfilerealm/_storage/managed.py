"""The users that provisioning has made: their names in a small file beside ``users``."""

from __future__ import annotations

import errno
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ..errors import FileAccessError, FileFormatError, FileRealmError
from .paths import managed_path
from .read import LARGEST_RECORD, FileContent, read_plain_file
from .target import reason_for_doubt

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["ManagedUsers"]

_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class ManagedUsers:
    """
    The content of that file.

    Attributes:
        file: As it was read; a missing file names nobody.
        names: The usernames.
    """

    file: FileContent
    names: frozenset[str]

    @classmethod
    def read(cls, real_users: str) -> ManagedUsers:
        """
        Read the list that belongs to a real ``users`` file.

        Raises:
            FileFormatError: If it is malformed, or a later version of this package wrote it.
            FileAccessError: If it belongs to another user of the directory, who could have users
                removed by it.
            FilePermissionError: If the system refuses to read it.
        """
        return cls.of(read_plain_file(managed_path(real_users), LARGEST_RECORD), real_users)

    @classmethod
    def of(cls, file: FileContent | FileRealmError, real_users: str) -> ManagedUsers:
        """Parse the file, or raise the error of reading it; for errors see ``read``."""
        if isinstance(file, FileRealmError):
            raise file
        if file.stat is None:
            return cls(file, frozenset())
        reason = reason_for_doubt(file.stat, real_users)
        if reason is not None:
            raise FileAccessError(file.path, errno.EPERM, reason)
        return cls(file, frozenset(_names(file)))

    @classmethod
    def none(cls, real_users: str) -> ManagedUsers:
        """Return an empty list, for a caller that does not depend on an unusable one."""
        return cls(FileContent(managed_path(real_users)), frozenset())

    def edited(self, add: Iterable[str], remove: Iterable[str]) -> bytes:
        """Return the content with some names added and others removed."""
        names = sorted((self.names | set(add)) - set(remove))
        if self.names == set(names):
            return self.file.data
        return json.dumps({"version": _VERSION, "users": names}, indent=1).encode() + b"\n"


def _names(file: FileContent) -> list[str]:
    reason = (
        "it is not a list of users that this version of esfilerealm can read; if it is removed, no "
        "user counts as made by provisioning"
    )
    try:
        content = json.loads(file.data)
    except (ValueError, RecursionError):
        content = None
    names = content.get("users") if isinstance(content, dict) else None
    is_ours = isinstance(names, list) and all(isinstance(name, str) for name in names)
    if not is_ours or content.get("version") != _VERSION:
        raise FileFormatError(file.path, 1, reason)
    return list(names or ())
