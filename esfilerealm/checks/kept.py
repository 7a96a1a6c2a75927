"""The earlier versions of ``users`` that writes have kept: which of their hashes are out of use."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

from .._ground.faults import without_origin
from ..errors import FileRealmError
from ..formats import ParsedRealm
from .opening import follow, read_bytes
from .parts import Unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .view import View

__all__ = ["kept_hashes"]

_VERSION: Final = re.compile(r"users\.[1-9][0-9]{0,8}~")


def kept_hashes(node: View) -> Mapping[str, frozenset[str] | Unreadable]:
    """
    Return, by the path of each version, the users with a hash that is not in use.

    Raises:
        FilePermissionError, FileAccessError: If their directory cannot be listed.
    """
    folder = os.path.dirname(follow(node.paths.users))
    names = sorted(filter(_VERSION.fullmatch, _listed(folder)))
    return {path: _out_of_use(node, path) for path in (os.path.join(folder, n) for n in names)}


def _listed(folder: str) -> list[str]:
    from .entries import entries_of

    return [entry.name for entry in entries_of(folder).values()]


def _out_of_use(node: View, path: str) -> frozenset[str] | Unreadable:
    hashes = node.realm.hashes
    try:
        data = read_bytes(path) or b""
        old = ParsedRealm.parse(data, b"", **node.name_rules).hashes
    except Unreadable as trouble:
        return trouble
    except FileRealmError as error:
        return Unreadable(str(without_origin(error)), path)
    return frozenset(name for name, text in old.items() if hashes.get(name) != text)
