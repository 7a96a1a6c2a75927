"""
Replacing a file whole, so that a reader sees the old content or the new one.

Temporary file in the same folder, owner, content, mode, fsync, rename, fsync of the folder. All
that can be refused or can fail for want of room happens before the rename, so that several files
can be made ready before the first of them is replaced.
"""

from __future__ import annotations

import os
import re
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Final

from .._faults import FaultsOf

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .attributes import Attributes

__all__ = ["PreparedFile", "replace_files"]

# O_EXCL and O_NOFOLLOW: another user of the folder cannot have put a file or link in its place.
_FLAGS: Final = (
    os.O_CREAT
    | os.O_EXCL
    | os.O_WRONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_RANDOM_BYTES: Final = 8


class PreparedFile:
    """
    New content for *target*, complete and durable under another name until ``commit``.

    Args:
        target: The real path of the file to replace or create; a link here would be replaced.

        data: The whole content.

        attributes: What the file is to have afterwards.

    Raises:
        FilePermissionError: If the folder cannot be written or an attribute cannot be given.
        FileAccessError: For any other fault, such as a full disk.
    """

    def __init__(self, target: str, data: bytes, attributes: Attributes) -> None:
        self._target = target
        self._temporary = f"{target}.{os.urandom(_RANDOM_BYTES).hex()}.tmp"
        with FaultsOf(target, "writing"):
            descriptor = os.open(self._temporary, _FLAGS, 0o600)
            try:
                try:
                    attributes.give_owner(descriptor, target)
                    _write_all(descriptor, data)
                    attributes.give_mode(descriptor)
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
            except BaseException:
                self.discard()
                raise

    def commit(self) -> None:
        """Put the content in the place of the target, and make that durable too."""
        with FaultsOf(self._target, "replacing"):
            os.replace(self._temporary, self._target)
            _sync_folder(os.path.dirname(self._target))

    def discard(self) -> None:
        """Remove what was prepared; after ``commit`` there is nothing to remove."""
        with suppress(FileNotFoundError):
            os.unlink(self._temporary)


def replace_files(files: Iterable[tuple[str, bytes, Attributes]]) -> None:
    """
    Replace or create files, given as (real path, content, attributes), in the order given.

    The caller holds the write lock. All files are ready and durable before the first is replaced.

    Raises:
        FilePermissionError, FileAccessError: As ``PreparedFile``.
    """
    with ExitStack() as stack:
        prepared = []
        for target, data, attributes in files:
            _remove_leftovers(target)
            prepared.append(PreparedFile(target, data, attributes))
            stack.callback(prepared[-1].discard)
        for file in prepared:
            file.commit()


def _remove_leftovers(target: str) -> None:
    """Remove the temporary files of *target* whose writer was killed; only under the lock."""
    folder, name = os.path.split(target)
    leftover = re.compile(rf"{re.escape(name)}\.[0-9a-f]{{{2 * _RANDOM_BYTES}}}\.tmp")
    with FaultsOf(folder, "reading"):
        entries = os.listdir(folder)
    for entry in entries:
        if leftover.fullmatch(entry):
            with suppress(OSError):  # someone else's: no reason not to write
                os.unlink(os.path.join(folder, entry))


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _sync_folder(folder: str) -> None:
    """Make a rename durable; Windows has no such call and does without."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
