"""
The C library's allocator, held still: what a large block costs must not depend on what ran before.

The GNU one learns. Once a large block was freed, the next of its size is served from what was kept
and costs nothing, up to 32 MB; above that, each page comes fresh from the system. So a file of
100 000 users would be faster the more was measured before it, and one of a million would seem to
cost forty times as much. With a fixed threshold both are served as in a process that does this for
the first time, as a command does.
"""

from __future__ import annotations

import ctypes
import platform

__all__ = ["hold_still"]

_M_MMAP_THRESHOLD = -3
#: Where the threshold begins before anything is learned.
_BYTES = 128 * 1024


def hold_still() -> None:
    """Fix the threshold for the rest of this process; do nothing where there is another library."""
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _BYTES)
