"""Realms to measure on: the same bytes in every run, from a fixed seed."""

from __future__ import annotations

import base64
import os
import random
import tempfile
import time
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = [
    "HASH",
    "PASSWORD",
    "ROLES",
    "make_realm",
    "malformed_users_content",
    "settled_realm",
    "sized_realm",
    "temporary_realm",
    "update_realm",
    "users_content",
    "users_roles_content",
    "with_logins",
]

_SEED = 20240607

#: How many roles the users of a large realm share.
ROLES = 1000

#: The password of the users that can log in.
PASSWORD = "benchmark"

#: Its bcrypt hash of cost 10, which any node accepts.
HASH = "$2a$10$esfilerealmBenchmarks.1pmgJH0mpmDsFFVqcjG4Mno1u5kqgqS"

#: From the alphabet of base64 to that of bcrypt; both order the bits alike.
_TO_BCRYPT = bytes.maketrans(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
)


#: Lines that a node skips, one of each kind and cause.
_MALFORMED = (b"no colon at all", b":no-name", b"no-hash:", b"a blank:$2a$10$", b"elastic:$2a$10$")

#: A little more than the seconds after which a realm reads new files without waiting.
_STILL = 0.15


@lru_cache(maxsize=4)
def users_content(count: int) -> bytes:
    """Return a ``users`` file of *count* users with valid hashes that match no known password."""
    rng = random.Random(_SEED)
    return b"".join(
        b"user-%07d:$2a$10$%s%s\n" % (i, _encoded(rng.randbytes(16)), _encoded(rng.randbytes(23)))
        for i in range(count)
    )


def _encoded(data: bytes) -> bytes:
    return base64.b64encode(data).rstrip(b"=").translate(_TO_BCRYPT)


def malformed_users_content(count: int) -> bytes:
    """Return the same ``users`` file with every tenth line replaced by one that a node skips."""
    lines = users_content(count).splitlines()
    for i, number in enumerate(range(0, count, 10)):
        lines[number] = _MALFORMED[i % len(_MALFORMED)]
    return b"\n".join([*lines, b""])


@lru_cache(maxsize=4)
def users_roles_content(count: int, *, each: int = 1, drawn: bool = False) -> bytes:
    """
    Return a ``users_roles`` file with *each* of up to 1000 roles for each of *count* users.

    The roles rotate, so that there are 1000 combinations at most, as in a company of teams. If
    *drawn*, all roles but the first are random, so that hardly two users have the same roles.
    """
    rng = random.Random(_SEED)
    roles = min(ROLES, count)
    held: list[list[str]] = [[] for _ in range(roles)]
    for i in range(count):
        for k in range(each):
            role = rng.randrange(roles) if drawn and k else i + k * roles // each
            held[role % roles].append(f"user-{i:07}")
    return "".join(f"role-{role:04}:{','.join(held[role])}\n" for role in range(roles)).encode()


def sized_realm(count: int, *, each: int = 1, drawn: bool = False) -> tuple[bytes, bytes]:
    """Return the content of both files for *count* users; see ``users_roles_content``."""
    return users_content(count), users_roles_content(count, each=each, drawn=drawn)


def with_logins(contents: tuple[bytes, bytes], names: Sequence[str]) -> tuple[bytes, bytes]:
    """Add users *names* with ``PASSWORD``, and a role that they share, to the content of both."""
    users, users_roles = contents
    lines = "".join(f"{name}:{HASH}\n" for name in names)
    return users + lines.encode(), users_roles + f"login:{','.join(names)}\n".encode()


def make_realm(folder: str, contents: tuple[bytes, bytes]) -> None:
    """
    Write both files into *folder*, replacing what is there.

    They are synced, because otherwise the next fsync, which is measured, would pay for their
    data.
    """
    for name, data in zip(("users", "users_roles"), contents, strict=True):
        with open(os.path.join(folder, name), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())


@contextmanager
def temporary_realm(parent: str, contents: tuple[bytes, bytes]) -> Iterator[str]:
    """Make a realm in a new directory in *parent*; remove it at the end."""
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        make_realm(folder, contents)
        yield folder


def update_realm(folder: str, contents: tuple[bytes, bytes]) -> None:
    """Write both files, and wait until they count as unchanging."""
    make_realm(folder, contents)
    time.sleep(_STILL)


@contextmanager
def settled_realm(parent: str, contents: tuple[bytes, bytes]) -> Iterator[str]:
    """Make a temporary realm, and wait until its files count as unchanging."""
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        update_realm(folder, contents)
        yield folder
