"""Realms to measure on: the same bytes in every run, from a fixed seed."""

from __future__ import annotations

import base64
import os
import random

__all__ = ["HASH", "ROLES", "make_realm", "sized_realm", "users_content", "users_roles_content"]

_SEED = 20240607

#: How many roles the users of a large realm share.
ROLES = 1000

#: A bcrypt hash of cost 10 that any node accepts. Benchmarks of files need no password for it.
HASH = "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy"


def users_content(count: int) -> bytes:
    """Give a ``users`` file of *count* users with texts of the shape of bcrypt hashes."""
    rng = random.Random(_SEED)
    lines = []
    for i in range(count):
        text = base64.b64encode(rng.randbytes(40), b"./")[:53].decode()
        lines.append(f"user-{i:07}:$2a$10${text}\n")
    return "".join(lines).encode()


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
