"""Realms to measure on: the same bytes in every run, from a fixed seed."""

from __future__ import annotations

import base64
import os
import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "HASH",
    "PASSWORD",
    "ROLES",
    "make_realm",
    "sized_realm",
    "users_content",
    "users_roles_content",
    "with_logins",
]

_SEED = 20240607

#: How many roles the users of a large realm share.
ROLES = 1000

#: What those log in with who can.
PASSWORD = "benchmark"

#: Its bcrypt hash of cost 10, which any node accepts.
HASH = "$2a$10$esfilerealmBenchmarks.1pmgJH0mpmDsFFVqcjG4Mno1u5kqgqS"

#: From the alphabet of base64 to that of bcrypt, which orders the bits alike.
_TO_BCRYPT = bytes.maketrans(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
)


def users_content(count: int) -> bytes:
    """Give a ``users`` file of *count* users with hashes that a node accepts, of no password."""
    rng = random.Random(_SEED)
    return b"".join(
        b"user-%07d:$2a$10$%s%s\n" % (i, _encoded(rng.randbytes(16)), _encoded(rng.randbytes(23)))
        for i in range(count)
    )


def _encoded(data: bytes) -> bytes:
    return base64.b64encode(data).rstrip(b"=").translate(_TO_BCRYPT)


def users_roles_content(count: int) -> bytes:
    """Give a ``users_roles`` file with one of up to 1000 roles for each of *count* users."""
    roles = min(ROLES, count)
    users = [f"user-{i:07}" for i in range(count)]
    return "".join(
        f"role-{role:04}:{','.join(users[role::roles])}\n" for role in range(roles)
    ).encode()


def sized_realm(count: int) -> tuple[bytes, bytes]:
    """Give the content of both files for *count* users."""
    return users_content(count), users_roles_content(count)


def with_logins(contents: tuple[bytes, bytes], names: Sequence[str]) -> tuple[bytes, bytes]:
    """Add users *names* with ``PASSWORD``, and a role that they share, to the content of both."""
    users, users_roles = contents
    lines = "".join(f"{name}:{HASH}\n" for name in names)
    return users + lines.encode(), users_roles + f"login:{','.join(names)}\n".encode()


def make_realm(folder: str, contents: tuple[bytes, bytes]) -> None:
    """
    Put both files into *folder*, replacing what is there.

    They are synced, since data that is still on its way to the disk would be paid for by the next
    fsync, which is a measured one.
    """
    for name, data in zip(("users", "users_roles"), contents, strict=True):
        with open(os.path.join(folder, name), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
