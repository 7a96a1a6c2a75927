"""Reading: the whole content and the attributes, both of the same open file."""

from __future__ import annotations

import errno
import os
import stat

from .._ground.faults import FaultsOf
from ..errors import FileAccessError
from . import system
from .descriptors import with_file
from .reach import PLAIN

__all__ = [
    "LARGEST_RECORD",
    "READ_FLAGS",
    "UNREADABLE",
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

    from .reach import Reach

# Without O_NONBLOCK, opening a named pipe in the place of a file would wait for ever. O_NOFOLLOW
# refuses a link that replaces the file after its links were followed.
READ_FLAGS: Final = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)

LARGEST_RECORD: Final = 2**26
"""Bytes of the largest file that is read of those that this package keeps for itself."""

UNREADABLE: Final = "unreadable"
"""What stands in place of the digest of a file that this user may not read."""

_SMALLEST_READ: Final = 2**16
_LARGEST_READ: Final = 2**30

#: Bytes in a block. malloc would keep smaller blocks when they are freed.
_BLOCK: Final = 2**18


class Stamp(tuple[int, int, int, int, int]):
    """
    What shows whether a file was written: device, inode, size and, in nanoseconds, the times of the
    last change of its content and of its attributes.
    """

    __slots__ = ()

    @classmethod
    def of(cls, status: os.stat_result) -> Stamp:
        """Return the stamp in a *status*."""
        return cls(
            (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        )

    @property
    def content(self) -> tuple[int, ...]:
        """All of it except the time of the attributes, which a second name changes too."""
        return self[:-1]

    def is_of_same_file(self, other: Stamp) -> bool:
        """Check whether both are of one file, whatever became of its content."""
        return self[:2] == other[:2]

    @property
    def latest(self) -> int:
        """The later of its times, in nanoseconds since 1970."""
        return max(self[-2:])


class FileContent:
    """
    A file as it was at one moment.

    Attributes:
        path: The real path, links followed: the file that a write has to replace.
        blocks: The content as it was read; empty if there is no file.
        stat: Of the file that was read, or None if there is no file.
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
        """The whole content."""
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
        """Yield the content block by block and free it; only the digest is kept."""
        self._digest = self.digest
        blocks, self.blocks = list(self.blocks), ()
        return _emptying(blocks)

    def is_same_file_as(self, other: FileContent) -> bool:
        """Check whether both are the same file, by way of links."""
        if self.stat is None or other.stat is None:
            return self.path == other.path
        return os.path.samestat(self.stat, other.stat)

    def is_like(self, other: FileContent) -> bool:
        """Check whether a write would start from the same file with the same content and mode."""
        return (
            self.path == other.path
            and self.data == other.data
            and _attributes(self.stat) == _attributes(other.stat)
        )


def _emptying(blocks: list[bytes]) -> Iterator[bytes]:
    """Yield blocks in order, and keep none of them."""
    blocks.reverse()
    while blocks:
        yield blocks.pop()


def digest_of(data: bytes) -> str:
    """Return the SHA-256 of a content, in hexadecimal."""
    from hashlib import sha256

    return sha256(data).hexdigest()


def _attributes(status: os.stat_result | None) -> tuple[int, ...] | None:
    if status is None:
        return None
    # The stamp too: the inode number of a removed file may be used for the next one.
    rest = status.st_nlink, status.st_mode, status.st_uid, status.st_gid
    return *Stamp.of(status).content, *rest


def read_file(path: str, *, in_blocks: bool = False, largest: int | None = None) -> FileContent:
    """
    Read the file at *path*, following links; a missing one (or a dangling link) is empty.

    Args:
        path: Its path.

        in_blocks: Whether to read a large file so that its content can be freed block by block.

        largest: Bytes of the largest file that is read; None for any.

    Raises:
        FilePermissionError: If the system refuses to read it.
        FileAccessError: If it is not a regular file, if it is larger, or if reading fails.
    """
    with FaultsOf(path, "reading"):
        real_path = system.realpath(path)
        read_all = _in_blocks if in_blocks else _whole

        def read(descriptor: int) -> FileContent:
            return _read(path, real_path, descriptor, read_all, largest)

        while True:
            try:
                return with_file(read, real_path, READ_FLAGS)
            except OSError as error:
                # ELOOP: a link replaced the file. ENOENT: there is no file, unless the link that
                # led here was changed meanwhile, as Kubernetes does.
                if error.errno not in (errno.ENOENT, errno.ELOOP):
                    raise
                before, real_path = real_path, system.realpath(path)
                if before != real_path:
                    continue
                if error.errno == errno.ENOENT:
                    return FileContent(real_path)
                raise


def read_plain_file(path: str, largest: int | None = None, reach: Reach = PLAIN) -> FileContent:
    """
    Read a file that this package keeps for itself; a link or special file is refused.

    Args:
        path: Its path.

        largest: Bytes of the largest file that is read; None for any.

        reach: The way to it.

    Raises:
        FilePermissionError, FileAccessError: As ``read_file``.
    """
    with FaultsOf(path, "reading"):
        try:
            return with_file(
                lambda descriptor: _read(path, path, descriptor, _whole, largest),
                reach.name(path),
                READ_FLAGS,
                dir_fd=reach.descriptor,
            )
        except FileNotFoundError:
            return FileContent(path)
        except OSError as error:
            if error.errno != errno.ELOOP:
                raise
            reason = "it is a link, where esfilerealm keeps a file of its own: remove it"
            raise FileAccessError(path, errno.ELOOP, reason) from error


def _read(
    path: str,
    real_path: str,
    descriptor: int,
    read_all: Callable[[int, int], tuple[list[bytes], str | None]],
    largest: int | None = None,
) -> FileContent:
    status = system.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise FileAccessError(path, errno.EINVAL, "it is not a regular file")
    if largest is not None and status.st_size > largest:
        reason = f"it has [{status.st_size}] bytes, and at most [{largest}] are read"
        raise FileAccessError(path, errno.EFBIG, reason)
    blocks, digest = read_all(descriptor, status.st_size)
    return FileContent(real_path, blocks, status, digest)


def _whole(descriptor: int, size: int) -> tuple[list[bytes], None]:
    """Read to the end; asking for one byte more than expected saves a call at the end."""
    blocks = []
    left = size
    while block := system.read(descriptor, min(max(left + 1, _SMALLEST_READ), _LARGEST_READ)):
        blocks.append(block)
        left -= len(block)
    return blocks, None


def _in_blocks(descriptor: int, size: int) -> tuple[list[bytes], str | None]:
    """
    Read to the end into blocks whose memory returns to the system as each is freed.

    The content is read into anonymous memory, which bypasses malloc: freeing one huge block would
    raise glibc's mmap threshold, and malloc would keep everything that is freed later. One read and
    one hash also release the GIL only twice, instead of twice a block.
    """
    if size <= _BLOCK or not system.HAS_READV:
        return _whole(descriptor, size)
    from hashlib import sha256

    # No `with`: to close it while an exception keeps a view of it would be another error.
    view = memoryview(system.anonymous_memory(min(size, _LARGEST_READ)))
    count = system.readv(descriptor, [view])
    digest = sha256(view[:count])
    blocks = [bytes(view[at : min(at + _BLOCK, count)]) for at in range(0, count, _BLOCK)]
    del view
    while block := system.read(descriptor, _SMALLEST_READ):  # if it is longer by now
        blocks.append(block)
        digest.update(block)
    return blocks, digest.hexdigest()
