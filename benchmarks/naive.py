"""
The references: the shortest Python with the same result for clean files. They check nothing.

A ratio to one of these is the price of what the library does beyond it. They need only the standard
library, because a process whose memory is measured loads them alone.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = [
    "edited",
    "pairs",
    "read_and_rewrite",
    "read_and_split",
    "split_users",
    "split_users_at_once",
    "write_synced",
]

_FILES = ("users", "users_roles")
_PIECE = 2**16


def split_users(data: bytes) -> dict[str, str]:
    """Read ``users``."""
    users = {}
    for line in data.decode().splitlines():
        name, _, password_hash = line.partition(":")
        users[name] = password_hash
    return users


def split_users_at_once(data: bytes) -> dict[str, str]:
    """
    Read ``users`` in the fewest steps that make a string of each name and hash and a
    dictionary.

    Pieces that fit into the caches of a processor are faster than the whole file.
    """
    users: dict[str, str] = {}
    start = 0
    while start < len(data):
        end = data.find(b"\n", start + _PIECE) + 1 or len(data)
        words = data[start:end].decode().replace("\n", ":").split(":")
        users.update(zip(words[:-1:2], words[1::2], strict=True))
        start = end
    return users


def pairs(data: bytes) -> list[tuple[str, str]]:
    """Read ``users_roles`` as pairs of user and role."""
    found = []
    for line in data.decode().splitlines():
        role, _, users = line.partition(":")
        found += [(user, role) for user in users.split(",")]
    return found


def edited(data: bytes, changes: Mapping[str, str | None]) -> bytes:
    """Change some of the ``users``, in a pass that only looks names up."""
    lines = []
    for line in data.decode().splitlines():
        name = line.partition(":")[0]
        lines.append(f"{name}:{changes[name]}" if name in changes else line)
    return ("\n".join(lines) + "\n").encode()


def read_and_split(folder: str) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Read both files."""
    users, users_roles = (_read(os.path.join(folder, name)) for name in _FILES)
    return split_users(users), pairs(users_roles)


def read_and_rewrite(folder: str, written: Collection[str]) -> None:
    """
    Read both files and durably replace those *written* by the bytes they already hold.

    This is the least that any writer without a journal must do.
    """
    contents = {name: _read(os.path.join(folder, name)) for name in _FILES}
    for name in written:
        write_synced(os.path.join(folder, name + ".new"), contents[name])
    for name in written:
        os.replace(os.path.join(folder, name + ".new"), os.path.join(folder, name))
        _sync_folder(folder)


def write_synced(path: str, data: bytes) -> None:
    """Write a file, and return once the disk has it."""
    with open(path, "wb", buffering=0) as file:
        rest = memoryview(data)
        while rest:
            rest = rest[file.write(rest) :]
        os.fsync(file.fileno())


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _sync_folder(folder: str) -> None:
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
