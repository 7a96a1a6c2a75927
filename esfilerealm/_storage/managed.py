"""The users whom provisioning has made: their names in a small file beside ``users``."""

from __future__ import annotations

import errno
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ..errors import FileAccessError, FileFormatError, FileRealmError
from .paths import managed_path
from .read import FileContent, read_plain_file
from .target import is_owned_by, owners_of

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["ManagedUsers"]

_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class ManagedUsers:
    """
    What that file says.

    Attributes:
        file: As it was read; a missing one names nobody.
        names: Of the users.
    """

    file: FileContent
    names: frozenset[str]

    @classmethod
    def read(cls, real_users: str) -> ManagedUsers:
        """
        Read the one that goes with a real ``users`` file.

        Raises:
            FileFormatError: If it is none of ours, or of a later version of this package.
            FileAccessError: If another user of the folder has put it there, who could have others
                removed by it.
            FilePermissionError: If it may not be read.
        """
        return cls.of(read_plain_file(managed_path(real_users)), real_users)

    @classmethod
    def of(cls, file: FileContent | FileRealmError, real_users: str) -> ManagedUsers:
        """Make it of the file, or of why that cannot be read; for errors see ``read``."""
        if isinstance(file, FileRealmError):
            raise file
        if file.stat is None:
            return cls(file, frozenset())
        if not is_owned_by(file.stat, owners_of(real_users)):
            reason = f"it is from user [{file.stat.st_uid}], who owns no [{real_users}]: remove it"
            raise FileAccessError(file.path, errno.EPERM, reason)
        return cls(file, frozenset(_names(file)))

    @classmethod
    def none(cls, real_users: str) -> ManagedUsers:
        """Give one that names nobody, for what does not depend on a list that is of no use."""
        return cls(FileContent(managed_path(real_users)), frozenset())

    def edited(self, add: Iterable[str], remove: Iterable[str]) -> bytes:
        """Give the content with more names and without others."""
        names = sorted((self.names | set(add)) - set(remove))
        if self.names == set(names):
            return self.file.data
        return json.dumps({"version": _VERSION, "users": names}, indent=1).encode() + b"\n"


def _names(file: FileContent) -> list[str]:
    reason = (
        "it is no list of users whom this version of esfilerealm has made; if it is removed, "
        "nobody counts as made by it"
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
