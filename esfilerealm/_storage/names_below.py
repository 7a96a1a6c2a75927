"""The names of files that a write keeps for itself, so that no other file may have them."""

from __future__ import annotations

import re
from typing import Final

from .paths import OTHER_FILES, VERSION_PATTERN
from .staging import REJECTED, TEMPORARY

__all__ = ["is_kept_by_writes"]

_REALM: Final = "users|users_roles"

_CHANGING: Final = "|".join((_REALM, *map(re.escape, OTHER_FILES)))

_ENDS: Final = "|".join(map(re.escape, (TEMPORARY, REJECTED)))

#: What a write keeps for itself beside a file: locks, journals, versions, temporary files …
_KEPT: Final = re.compile(
    rf"(x-pack/)?(({_CHANGING})\.(journal|lock)|users\.(accounts|managed|modes)|"
    rf"({_REALM}){VERSION_PATTERN})|.*\.[0-9a-f]{{8,16}}({_ENDS})",
    re.DOTALL,
)


def is_kept_by_writes(name: str) -> bool:
    """
    Check whether a write keeps a file of that name for itself.

    Args:
        name: Its path relative to the configuration directory, with ``/``.
    """
    return _KEPT.fullmatch(name) is not None
