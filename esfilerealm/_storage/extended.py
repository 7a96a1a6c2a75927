"""Extended attributes of files: access control lists, labels of SELinux and the like."""

from __future__ import annotations

import errno
import os
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from ..errors import FileChangedError
from . import system
from .descriptors import with_file
from .read import READ_FLAGS

if TYPE_CHECKING:
    from collections.abc import Callable
    from os import stat_result

__all__ = ["INHERITED", "extended_of", "extended_of_the_same"]

T = TypeVar("T")

INHERITED: Final = "system.posix_acl_access"
"""A new file gets this from its directory, and must lose it unless the file it replaces has it."""

#: The kernel computes these from content or inode: a copy would be wrong, and is refused.
_COMPUTED: Final = frozenset({"security.ima", "security.evm", "security.capability"})

#: The errors of ``getxattr`` and similar calls where there are no extended attributes.
_NONE_THERE: Final = (errno.ENOTSUP, errno.ENODATA, errno.ENOSYS)


def extended_of_the_same(path: str, status: stat_result) -> dict[str, bytes]:
    """Read them from the file with that *status*, whatever its name leads to by now."""

    def read(descriptor: int) -> dict[str, bytes]:
        if not os.path.samestat(system.fstat(descriptor), status):
            raise FileChangedError(path)
        return extended_of(descriptor)

    return with_file(read, path, READ_FLAGS)


def extended_of(descriptor: int) -> dict[str, bytes]:
    """Return the extended attributes of an open file that can be copied."""
    found = {}
    for name in _unless_there_are_none(lambda: system.listxattr(descriptor)) or ():
        if name not in _COMPUTED:
            value = _unless_there_are_none(partial(system.getxattr, descriptor, name))
            if value is not None:  # it may have gone meanwhile
                found[name] = value
    return found


def _unless_there_are_none(call: Callable[[], T]) -> T | None:
    try:
        return call()
    except OSError as error:
        if error.errno in _NONE_THERE:
            return None
        raise
