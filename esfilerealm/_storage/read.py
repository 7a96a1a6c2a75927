"""Reading: the whole content and the attributes, both of the same open file."""

from __future__ import annotations

import errno
import os
import stat

from .._ground.faults import FaultsOf
from ..errors import FileAccessError
from . import system

__all__ = [
    "READ_FLAGS",
    "FileContent",
    "Stamp",
    "digest_of",
    "read_file",
    "read_plain_file",
]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Final

# Without O_NONBLOCK, a named pipe in the place of a file would be waited on for ever. O_NOFOLLOW
# is for a link that is put in the place of the file once its own links are followed.
READ_FLAGS: Final = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)

_SMALLEST_READ: Final = 2**16
_LARGEST_READ: Final = 2**30

#: Bytes that are released at once. What is smaller, the C library would keep when it is freed.
_BLOCK: Final = 2**18


class Stamp(tuple[int, int, int, int, int]):
    """
    What ``stat`` says about the content of a file: device, inode, size and, in nanoseconds, the
    times of the last change of its content and of its attributes.
    """

    __slots__ = ()

    @classmethod
    def of(cls, status: os.stat_result) -> Stamp:
        """Take the stamp out of a *status*."""
        return cls(
            (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        )

    @property
    def content(self) -> tuple[int, ...]:
        """All of it but the time of the attributes, which a second name changes too."""
        return self[:-1]

    @property
    def latest(self) -> int:
        """The later of its times, in nanoseconds since 1970."""
        return max(self[-2:])


class FileContent:
    """
    A file as it was at one moment.

    Attributes:
        path: The real path, links followed: what a write has to replace.
        blocks: The content as it was read; none if there is no file.
        stat: Of the file that was read, or None if there is none.
    """

    __slots__ = ("_digest", "blocks", "path", "stat")

    def __init__(
        self,
        path: str,
        blocks: Sequence[bytes] = (),
        status: os.stat_result | None = None,
        digest: str | None = None,
    ) -> None:
        self.path = path
        self.blocks = blocks
        self.stat = status
        self._digest = digest

    @property
    def data(self) -> bytes:
        """The content in one."""
        if len(self.blocks) != 1:
            self.blocks = (b"".join(self.blocks),)
        return self.blocks[0]

    @property
    def exists(self) -> bool:
        """Whether there is a file."""
        return self.stat is not None

    @property
    def digest(self) -> str | None:
        """SHA-256 of the content, in hexadecimal; None if there is no file."""
        if self.stat is not None and self._digest is None:
            self._digest = digest_of(self.data)
        return self._digest

    def release(self) -> Iterator[bytes]:
        """Part with the content, and give it block by block; just the digest is left."""
        self._digest = self.digest
        blocks, self.blocks = list(self.blocks), ()
        return _emptying(blocks)

    def is_same_file_as(self, other: FileContent) -> bool:
        """Tell whether both are one file, by way of links."""
        if self.stat is None or other.stat is None:
            return self.path == other.path
        return os.path.samestat(self.stat, other.stat)

    def is_like(self, other: FileContent) -> bool:
        """Tell whether a write would start from the same file, unwritten, with the same mode."""
        return (
            self.path == other.path
            and self.data == other.data
            and _attributes(self.stat) == _attributes(other.stat)
        )


def _emptying(blocks: list[bytes]) -> Iterator[bytes]:
    """Give blocks in order, and keep none that was given."""
    blocks.reverse()
    while blocks:
        yield blocks.pop()


def digest_of(data: bytes) -> str:
    """Give the SHA-256 of a content, in hexadecimal."""
    from hashlib import sha256

    return sha256(data).hexdigest()


def _attributes(status: os.stat_result | None) -> tuple[int, ...] | None:
    if status is None:
        return None
    # The stamp too: the number of an inode that is gone may be given to the next file.
    rest = status.st_nlink, status.st_mode, status.st_uid, status.st_gid
    return *Stamp.of(status).content, *rest


def read_file(path: str, *, in_blocks: bool = False) -> FileContent:
    """
    Read the file at *path*, following links; a missing one (or a dangling link) is empty.

    Args:
        path: Its path.

        in_blocks: Whether to read a large file so that its content can be released bit by bit.

    Raises:
        FilePermissionError: If it may not be read.
        FileAccessError: If it is no regular file, or if reading fails.
    """
    with FaultsOf(path, "reading"):
        real_path = system.realpath(path)
        while True:
            try:
                descriptor = system.open(real_path, READ_FLAGS)
            except OSError as error:
                # ELOOP: there is a link by now. ENOENT: unless the link that led here was moved on
                # meanwhile, as Kubernetes does, there is no file.
                if error.errno not in (errno.ENOENT, errno.ELOOP):
                    raise
                before, real_path = real_path, system.realpath(path)
                if before != real_path:
                    continue
                if error.errno == errno.ENOENT:
                    return FileContent(real_path)
                raise
            return _read(path, real_path, descriptor, _in_blocks if in_blocks else _whole)


def read_plain_file(path: str) -> FileContent:
    """
    Read a file of our own making; a link, or anything else in its place, is refused.

    Raises:
        FilePermissionError, FileAccessError: As ``read_file``.
    """
    with FaultsOf(path, "reading"):
        try:
            descriptor = system.open(path, READ_FLAGS)
        except FileNotFoundError:
            return FileContent(path)
        except OSError as error:
            if error.errno != errno.ELOOP:
                raise
            reason = "it is a link in the place of a file of our own making: remove it"
            raise FileAccessError(path, errno.ELOOP, reason) from error
        return _read(path, path, descriptor, _whole)


def _read(
    path: str,
    real_path: str,
    descriptor: int,
    read_all: Callable[[int, int], tuple[list[bytes], str | None]],
) -> FileContent:
    try:
        status = system.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise FileAccessError(path, errno.EINVAL, "it is not a regular file")
        blocks, digest = read_all(descriptor, status.st_size)
        return FileContent(real_path, blocks, status, digest)
    finally:
        system.close(descriptor)


def _whole(descriptor: int, size: int) -> tuple[list[bytes], None]:
    """Read to the end; one byte more than there should be is asked for, to see that it is there."""
    blocks = []
    left = size
    while block := system.read(descriptor, min(max(left + 1, _SMALLEST_READ), _LARGEST_READ)):
        blocks.append(block)
        left -= len(block)
    return blocks, None


def _in_blocks(descriptor: int, size: int) -> tuple[list[bytes], str | None]:
    """
    Read to the end into blocks that go back to the system one by one as they are freed.

    The content comes by way of memory that the allocator does not know. Had that once seen so large
    a block go, it would keep what is freed from then on. And to read and to hash all at once lets
    go of the interpreter twice, not twice a block: among busy threads each time takes a while.
    """
    if size <= _BLOCK or not system.HAS_READV:
        return _whole(descriptor, size)
    from hashlib import sha256

    with system.anonymous_memory(min(size, _LARGEST_READ)) as memory, memoryview(memory) as view:
        count = system.readv(descriptor, [view])
        digest = sha256(view[:count])
        blocks = [bytes(view[at : min(at + _BLOCK, count)]) for at in range(0, count, _BLOCK)]
    while block := system.read(descriptor, _SMALLEST_READ):  # if it is longer by now
        blocks.append(block)
        digest.update(block)
    return blocks, digest.hexdigest()
