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
from ..errors import FileAccessError, FilePermissionError
from .attributes import Attributes

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["remove_leftovers", "replace_files", "require_writable_folder"]

# O_EXCL: another user of the folder cannot have put a file or a link in its place.
_FLAGS: Final = (
    os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
)
_RANDOM_BYTES: Final = 8


class PreparedFile:
    """
    New content for *target*, complete and durable under another name until ``commit``.

    Args:
        target: The real path of the file to replace or create; a link here would be replaced.

        data: The whole content.

        attributes: What the file is to have afterwards.

    Attributes:
        path: The other name.

    Raises:
        FilePermissionError: If the folder cannot be written or an attribute cannot be given.
        FileAccessError: For any other fault, such as a full disk.
    """

    def __init__(self, target: str, data: bytes, attributes: Attributes) -> None:
        self._target = target
        self.path = _temporary_name(target)
        self._old: str | None = None
        with FaultsOf(target, "writing"):
            descriptor = os.open(self.path, _FLAGS, 0o600)
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
            self._old = _second_name(self._target)
            os.replace(self.path, self._target)
            _sync_folder(os.path.dirname(self._target))

    def undo(self) -> None:
        """Put back what ``commit`` replaced, the very file; without a commit, do nothing."""
        if os.path.exists(self.path):
            return  # it was never committed
        old, self._old = self._old, None
        try:
            if old is None:
                os.unlink(self._target)
            else:
                os.replace(old, self._target)
        except OSError as error:
            kept = f"; until the next write, what it held before is in [{old}]" if old else ""
            reason = f"{error.strerror}: it is changed, another file is not{kept}"
            raise FileAccessError(self._target, error.errno or 0, reason) from error

    def discard(self) -> None:
        """Remove what is no longer needed under another name, now or by ``remove_leftovers``."""
        for path in (self.path, self._old):
            if path is not None:
                with suppress(OSError):
                    os.unlink(path)


def replace_files(files: Iterable[tuple[str, bytes, Attributes]]) -> None:
    """
    Replace or create files, given as (real path, content, attributes), in the order given.

    The caller holds the write lock. All files are ready and durable before the first is replaced;
    if a later one cannot be, the earlier ones are put back. A file may be named more than once.

    Raises:
        FilePermissionError, FileAccessError: As ``PreparedFile``.
    """
    with ExitStack() as stack:
        prepared = []
        for target, data, attributes in files:
            prepared.append(PreparedFile(target, data, attributes))
            stack.callback(prepared[-1].discard)
        with ExitStack() as undoing:
            for file in prepared:
                undoing.callback(file.undo)
                file.commit()
            undoing.pop_all()


def require_writable_folder(target: str) -> None:
    """
    Tell without writing whether the folder of *target* could be written.

    Raises:
        FilePermissionError: If it could not.
    """
    folder = os.path.dirname(target)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise FilePermissionError(target, f"its folder [{folder}] is not writable")


def remove_leftovers(targets: Iterable[str]) -> None:
    """Remove the temporary files of *targets* whose writer was killed; only under the lock."""
    for target in targets:
        folder, name = os.path.split(target)
        leftover = re.compile(rf"{re.escape(name)}\.[0-9a-f]{{{2 * _RANDOM_BYTES}}}\.tmp")
        with FaultsOf(folder, "reading"):
            entries = os.listdir(folder)
        for entry in filter(leftover.fullmatch, entries):
            with suppress(OSError):  # someone else's: no reason not to write
                os.unlink(os.path.join(folder, entry))


def _second_name(target: str) -> str | None:
    """Keep *target* under another name, to be put back; None if there is no such file."""
    name = _temporary_name(target)
    try:
        os.link(target, name)
    except FileNotFoundError:
        return None
    except OSError:  # a file system without hard links: a copy has to do
        with open(target, "rb") as file:
            attributes = Attributes.of(os.fstat(file.fileno()))
            return PreparedFile(target, file.read(), attributes).path
    return name


def _temporary_name(target: str) -> str:
    return f"{target}.{os.urandom(_RANDOM_BYTES).hex()}.tmp"


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
