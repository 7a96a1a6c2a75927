"""A role that may delete security indices, in ``roles.yml`` of a node for a short time."""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from ..._ground.holding import inside
from ..._storage import RealmFolder, Unit, WriteOptions
from ...audit import chosen_log
from .step import NodeLines
from .steps import restricted_role

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

__all__ = ["role_in"]

_FILE: Final = "roles.yml"
_PREFIX: Final = "esfilerealm_restore_"


@contextmanager
def role_in(config_dir: str | os.PathLike[str]) -> Iterator[str]:
    """
    Define a role for the time of a block, by its name, which is random.

    If this process is killed, the role stays in the file, where it gives nobody anything.

    Args:
        config_dir: The configuration directory of the node.

    Raises:
        FileRealmError: If the file cannot be written; see ``UsersTool.useradd``.
    """
    name = f"{_PREFIX}{secrets.token_hex(8)}"
    action = restricted_role(name).action
    lines = action.lines if isinstance(action, NodeLines) else ()
    block = "".join(f"{line}\n" for line in lines).encode()
    folder = RealmFolder(config_dir)
    try:
        _write(folder, b"", block)
        yield name
    finally:
        _write(folder, block, b"")


def _write(folder: RealmFolder, old: bytes, new: bytes) -> None:
    """Replace a part of the file, or append *new* if *old* is nothing."""
    options = WriteOptions(audit=chosen_log())

    def write(_: object) -> None:
        files = folder.read(_FILE)
        found = files.others[_FILE]
        data = found.data.replace(old, new) if old else _with_line_end(found.data) + new
        if data != found.data:
            folder.commit(Unit(files, [(found, data)]), options)

    inside(folder.locked(options), write)


def _with_line_end(data: bytes) -> bytes:
    return data if not data or data.endswith(b"\n") else data + b"\n"
