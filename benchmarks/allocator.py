"""
Hold the C library's allocator still: the cost of a large block must not depend on what ran before.

The GNU allocator learns. After a large block was freed, the next block of that size comes from
memory that was kept, and costs nothing. That holds up to 32 MB; above, each page comes fresh from
the system. So a file of 100 000 users would be faster the more was measured before, and one of a
million would seem to cost forty times as much. With a fixed threshold both are served as in a new
process, such as a command.
"""

from __future__ import annotations

import ctypes
import platform

__all__ = ["hold_still"]

_M_MMAP_THRESHOLD = -3
#: The initial threshold of glibc.
_BYTES = 128 * 1024


def hold_still() -> None:
    """Fix the threshold for the rest of this process; do nothing if the C library is not glibc."""
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _BYTES)
