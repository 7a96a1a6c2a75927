"""What the system says about a file that shows whether it was written."""

from __future__ import annotations

__all__ = ["Stamp"]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    import os


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
