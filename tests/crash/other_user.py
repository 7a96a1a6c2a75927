"""
Another user, who may write to the directory of a realm of root, and means harm.

The directory is open to a group, so that this user may put any name in it and remove any. Two
things are to be kept from this user: a file elsewhere that only root may read, like
``/etc/shadow``, and the hashes of the realm. ``SharedDirectory`` is all of that; ``Interference``
is what the other user does between two system calls of root.

The other user may also make hard links to files of others: not every system forbids that, as Linux
does with ``fs.protected_hardlinks``.
"""

from __future__ import annotations

import os
import stat
import struct
from contextlib import suppress
from typing import TYPE_CHECKING

from crash.scenarios import USERS, USERS_ROLES
from support.hashes import CHEAP_HASH

if TYPE_CHECKING:
    from pathlib import Path

    from crash.kit import Call

#: The other user, the group to which the folder is open, and the group of the realm, which is not
#: the other user's.
OTHER_USER = 4712
OTHER_GROUP = 4713
READERS = 4714

#: What only root may read.
VICTIM = b"root:$6$victims-salt$victims-hash:19000:0:99999:7:::\n"
SECRETS = {"victim": b"victims-hash", "realm": CHEAP_HASH.encode()}

#: What the other user writes into files of theirs.
_OWN = b"mallory:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n"

#: How many calls of root an exchange for a moment lasts: two, since some go by a name twice.
_MOMENT = 2

_ACCESS_LIST = "system.posix_acl_access"
_NOBODY = 2**32 - 1

#: Calls after which somebody may be able to read what nobody could before.
_OPENING = ("fchmod", "fchown", "link", "removexattr", "rename", "setxattr", "write")


class SharedDirectory:
    """
    A realm in a folder open to the other user, and a victim beside the folder.

    Attributes:
        folder: That of the realm.
        outside: A folder of root with the victim, and with files whose names are those that a
            writer of the victim would use.
        victim: A file that only root may read.
    """

    def __init__(self, place: Path) -> None:
        self.folder = place / "config"
        self.outside = place / "outside"
        self.victim = self.outside / "shadow"
        self._held: list[int] = []
        self.outside.mkdir(parents=True)
        for name in ("shadow", "shadow.journal", "shadow.0123456789abcdef.tmp"):
            (self.outside / name).write_bytes(VICTIM)
            (self.outside / name).chmod(0o600)
        self.folder.mkdir()
        self.folder.chmod(0o770)
        os.chown(self.folder, 0, OTHER_GROUP)
        for name, content in (("users", USERS), ("users_roles", USERS_ROLES)):
            path = self.folder / name
            path.write_text(content)
            path.chmod(0o640)
            os.chown(path, 0, READERS)
        self._before = self.look_outside()

    def close(self) -> None:
        """Close the files that the other user holds open."""
        while self._held:
            os.close(self._held.pop())

    def look_outside(self) -> dict[str, tuple[object, ...]]:
        """Return the status and content of every file outside the shared directory."""
        return {
            path.name: (s.st_ino, s.st_mode, s.st_uid, s.st_gid, s.st_mtime_ns, path.read_bytes())
            for path in self.outside.iterdir()
            for s in (path.lstat(),)
        }

    def check_outside(self) -> None:
        """Assert that neither the victim nor a file beside it has changed."""
        assert self.look_outside() == self._before

    def plant(self, path: Path, kind: str) -> None:
        """
        Put something of the other user in the place of *path*.

        Args:
            path: In the folder.

            kind: ``link`` or ``hard link`` to the victim, ``pipe``, ``folder``, or ``file``: one
                that the other user may read by its mode and access control list, and holds open.
        """
        with suppress(FileNotFoundError):
            path.unlink()
        if kind == "link":
            path.symlink_to(self.victim)
            os.lchown(path, OTHER_USER, OTHER_GROUP)
        elif kind == "hard link":
            path.hardlink_to(self.victim)
        elif kind == "pipe":
            os.mkfifo(path)
            os.chown(path, OTHER_USER, OTHER_GROUP)
        elif kind == "folder":
            path.mkdir()
            os.chown(path, OTHER_USER, OTHER_GROUP)
        else:
            path.write_bytes(_OWN)
            os.chown(path, OTHER_USER, OTHER_GROUP)
            path.chmod(0o666)
            os.setxattr(path, _ACCESS_LIST, _access_list())
            self._held.append(os.open(path, os.O_RDONLY))

    def exposed(self) -> list[str]:
        """Return the files with a secret that the other user can read now."""
        found = [path.name for path in self.folder.iterdir() if self._is_exposed(path)]
        return found + ["a file held open" for held in self._held if _secrets(_content(held))]

    def _is_exposed(self, path: Path) -> bool:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):
            return False
        found = _secrets(path.read_bytes())
        others = stat.S_IRGRP | stat.S_IROTH if "victim" in found else stat.S_IROTH
        return bool(found) and (
            status.st_uid == OTHER_USER
            or (status.st_gid == OTHER_GROUP and bool(status.st_mode & stat.S_IRGRP))
            or bool(status.st_mode & others)
            or (_ACCESS_LIST in os.listxattr(path) and bool(status.st_mode & stat.S_IRGRP))
        )


class Interference:
    """
    Lets all calls through; after one of them, the other user exchanges something.

    Args:
        where: What is at stake.

        name: Of the file to exchange; ``temporary`` for all that are there for a while.

        kind: As ``SharedDirectory.plant``.

        at: The number of the call.

        is_brief: Whether the other user puts everything back after two more calls, as if nothing
            had been.

    Attributes:
        exposed: What the other user could read at any moment since.
    """

    def __init__(
        self, where: SharedDirectory, name: str, kind: str, *, at: int, is_brief: bool
    ) -> None:
        self.exposed: list[str] = []
        self._where = where
        self._name = name
        self._kind = kind
        self._at = at
        self._is_brief = is_brief
        self._kept: dict[Path, Path | None] = {}

    def __call__(self, call: Call) -> object:
        try:
            return call.make()
        finally:
            if call.number == self._at:
                self._exchange()
            if call.number == self._at + _MOMENT and self._is_brief:
                self._roll_back()
            if call.number >= self._at and call.name in _OPENING:
                self.exposed += self._where.exposed()

    def _exchange(self) -> None:
        folder = self._where.folder
        is_temporary = self._name == "temporary"
        for path in [*folder.glob("*.tmp")] if is_temporary else [folder / self._name]:
            self._kept[path] = None
            if os.path.lexists(path):
                self._kept[path] = path.rename(folder / f"kept {path.name}")
            self._where.plant(path, self._kind)

    def _roll_back(self) -> None:
        for path, kept in self._kept.items():
            if kept is not None:
                kept.rename(path)
            else:
                path.unlink(missing_ok=True)


def _secrets(data: bytes) -> list[str]:
    return [name for name, secret in SECRETS.items() if secret in data]


def _content(descriptor: int) -> bytes:
    return os.pread(descriptor, 2**20, 0)


def _access_list() -> bytes:
    """Return the kernel's form of a list by which the other user may read and write."""
    user_object, user, group_object, mask, other = 0x01, 0x02, 0x04, 0x10, 0x20
    entries = [
        (user_object, 0o6, _NOBODY),
        (user, 0o6, OTHER_USER),
        (group_object, 0o6, _NOBODY),
        (mask, 0o6, _NOBODY),
        (other, 0o6, _NOBODY),
    ]
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)
