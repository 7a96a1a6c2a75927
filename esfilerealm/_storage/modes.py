"""
Modes that a fix changes: after the write of a transaction, under its lock, and noted for an undo.

A journal tells of contents, and of the files of the realm alone. A mode changes at once and needs
none: before the first one changes, ``users.modes`` beside the real ``users`` notes what each was. A
process that is killed leaves some changed and others not; another fix changes the rest, and an undo
takes back those that were. A fix only takes rights, so nobody gets any if it goes wrong; an undo
gives rights back only to the very file that they were taken from.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from .._ground.faults import FaultsOf
from .._ground.rights import whose
from ..errors import FileAccessError, FileChangedError, FilePermissionError
from . import system
from .attributes import Attributes
from .descriptors import with_file
from .paths import modes_path
from .read import READ_FLAGS, read_plain_file
from .staging import create_or_replace, sync_folder
from .target import is_owned_by, is_sealed

if TYPE_CHECKING:
    from typing import Self

__all__ = ["ModeRecord", "ModeStep"]

_VERSION: Final = 1
_PRIVATE: Final = Attributes(0o600)


@dataclass(frozen=True, slots=True)
class ModeStep:
    """
    The change of the mode of one file or directory.

    Attributes:
        path: Its real path.
        device: By which it is known again.
        inode: Likewise.
        owner: Likewise.
        before: Its mode.
        after: Its new mode.
    """

    path: str
    device: int
    inode: int
    owner: int
    before: int
    after: int

    @classmethod
    def taking(cls, folder: str, path: str, mode: int) -> Self | None:
        """
        Return the change that leaves a file only those rights that *mode* has; None if it is so.

        Args:
            folder: The configuration directory.

            path: The directory, or a file or directory in it.

            mode: The permission bits.

        Raises:
            FileAccessError: If it is something else, or elsewhere.
            FilePermissionError: If the mode of a file can be changed by its owner or root only.
        """
        real = _real(folder, path)
        with FaultsOf(path, "examining"):
            status = system.lstat(real)
        if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
            raise FileAccessError(path, errno.EINVAL, "it is neither a file nor a directory")
        if not system.HAS_MODES or not system.HAS_OWNERS:
            raise FileAccessError(path, errno.ENOSYS, "this system has no such modes")
        if os.geteuid() not in (0, status.st_uid):
            reason = "only its owner or root can change its mode"
            raise FilePermissionError(path, f"{reason}{whose(path)}", errno.EPERM)
        before = stat.S_IMODE(status.st_mode)
        if before & mode == before:
            return None
        return cls(real, status.st_dev, status.st_ino, status.st_uid, before, before & mode)

    def apply(self) -> None:
        """
        Change the mode.

        Raises:
            FileChangedError: If another file is there by now, or it has another mode.
            FilePermissionError, FileAccessError: If the system refuses.
        """

        def change(descriptor: int) -> None:
            status = system.fstat(descriptor)
            facts = (status.st_dev, status.st_ino, status.st_uid, stat.S_IMODE(status.st_mode))
            if facts != (self.device, self.inode, self.owner, self.before):
                raise FileChangedError(self.path)
            system.fchmod(descriptor, self.after)
            system.fsync(descriptor)

        with FaultsOf(self.path, "changing the mode of"):
            with_file(change, self.path, READ_FLAGS)

    def renewed(self) -> ModeStep:
        """Return the same change of the file that is there now."""
        with FaultsOf(self.path, "examining"):
            status = system.lstat(self.path)
        return replace(self, device=status.st_dev, inode=status.st_ino, owner=status.st_uid)

    def reversed(self) -> ModeStep:
        """Return the change that takes this one back."""
        return replace(self, before=self.after, after=self.before)


@dataclass(frozen=True, slots=True)
class ModeRecord:
    """
    What the latest fix has done to modes.

    Attributes:
        digests: Of ``users`` and ``users_roles`` after it. A later write makes it void.
        has_content: Whether the same transaction has changed their content, too.
        steps: What was changed.
    """

    digests: tuple[str | None, str | None]
    has_content: bool
    steps: tuple[ModeStep, ...]

    @classmethod
    def read(cls, real_users: str) -> Self | None:
        """Read the record beside a real ``users`` file; None if there is none to act on."""
        file = read_plain_file(modes_path(real_users))
        # Whoever could have written it could have any file of this user opened to everybody.
        us = (0, os.geteuid()) if system.HAS_OWNERS else ()
        if file.stat is None or not is_owned_by(file.stat, us) or not is_sealed(file.stat):
            return None
        try:
            content = json.loads(file.data)
            first, second = content["digests"]
            steps = tuple(ModeStep(**step) for step in content["steps"])
            is_ours = content["version"] == _VERSION
        except (ValueError, TypeError, KeyError, RecursionError):
            return None
        return cls((first, second), bool(content.get("has_content")), steps) if is_ours else None

    def write(self, real_users: str) -> None:
        """
        Make the record durable beside a real ``users`` file.

        Raises:
            FilePermissionError, FileAccessError: If the system refuses.
        """
        steps = [{name: getattr(step, name) for name in ModeStep.__slots__} for step in self.steps]
        content = {"version": _VERSION, "digests": self.digests, "has_content": self.has_content}
        data = json.dumps({**content, "steps": steps}, indent=1).encode() + b"\n"
        path = modes_path(real_users)
        create_or_replace(path, data, _PRIVATE)
        sync_folder(os.path.dirname(path))


def _real(folder: str, path: str) -> str:
    """Return the real path of what is to change, whose last part is no link."""
    with FaultsOf(path, "examining"):
        top = system.realpath(folder)
        if os.path.abspath(path) == os.path.abspath(folder):
            return top
        real = os.path.join(system.realpath(os.path.dirname(path)), os.path.basename(path))
    if not real.startswith(os.path.join(top, "")):
        raise FileAccessError(path, errno.EINVAL, f"it is not in the directory [{folder}]")
    return real
