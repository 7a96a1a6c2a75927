"""
Do one thing, and report the memory it took; run as a separate process for each value.

The answer is one line of numbers, in bytes: the peak after the imports, the overall peak, and what
was held at the moments that were noted. Only what the measured thing needs is imported.
"""

from __future__ import annotations

import gc
import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_CHECKOUT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
#: A little more than the seconds until files that were just written count as unchanging.
_STILL = 0.15
#: Possible beginnings of a bcrypt hash.
_KINDS = (b"$2a$", b"$2y$", b"$2b$")

imported = 0
held: list[int] = []


def _memory(field: str) -> int:
    """Read ``VmHWM`` or ``VmRSS``; the maximum of ``getrusage`` may be that of the parent."""
    with open("/proc/self/status", encoding="ascii") as file:
        for line in file:
            key, _, value = line.partition(":")
            if key == field:
                return int(value.split()[0]) * 1024
    raise LookupError(field)


def _note_held() -> None:
    gc.collect()
    held.append(_memory("VmRSS"))


def _note_imported() -> None:
    global imported  # noqa: PLW0603 - the one value of this process
    imported = _memory("VmHWM")


def _content(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def bare(_: str) -> None:
    """Do nothing."""
    _note_imported()


def parse_users(path: str) -> object:
    """Parse ``users`` with the library."""
    from esfilerealm.formats import parse_users

    _note_imported()
    return parse_users(_content(path))


def parse_users_roles(path: str) -> object:
    """Parse ``users_roles`` with the library."""
    from esfilerealm.formats import parse_users_roles

    _note_imported()
    return parse_users_roles(_content(path))


def one_node(folder: str) -> object:
    """Read a node and make its fingerprint."""
    from benchmarks.drift import KEY, take_fingerprint

    _note_imported()
    return take_fingerprint(folder, key=KEY)


def compare_nodes(folder: str) -> object:
    """Read many nodes one after another, and compare them."""
    from benchmarks.drift import compare_nodes, nodes

    _note_imported()
    files = (os.path.join(folder, name) for name in ("users", "users_roles"))
    return compare_nodes(nodes(*map(_content, files)))


def naive_users(path: str) -> object:
    """Parse ``users`` with the reference."""
    from benchmarks.naive import split_users

    _note_imported()
    return split_users(_content(path))


def naive_pairs(path: str) -> object:
    """Parse ``users_roles`` with the reference."""
    from benchmarks.naive import pairs

    _note_imported()
    return pairs(_content(path))


def htpasswd(path: str) -> object:
    """Parse ``users`` with ``libpass``."""
    from passlib.apache import HtpasswdFile

    _note_imported()
    return HtpasswdFile.from_string(_content(path))


def load(folder: str) -> object:
    """Load a realm, ready to log in."""
    from esfilerealm.realms.file.realm import FileRealm

    _note_imported()
    _note_held()
    realm = FileRealm(folder)
    realm.lookup_user("user-0000000")
    _note_held()
    return realm


def reload(folder: str) -> object:
    """Load a realm, change all hashes ten times, and note what is held after each reload."""
    from esfilerealm.realms.file.realm import FileRealm

    _note_imported()
    realm = FileRealm(folder)
    realm.lookup_user("user-0000000")
    path = os.path.join(folder, "users")
    for i in range(10):
        old, new = _KINDS[i % 3], _KINDS[(i + 1) % 3]
        data = _content(path)
        with open(path, "wb") as file:
            file.write(data.replace(old, new))
        del data
        time.sleep(_STILL)
        if not realm.reload():
            raise RuntimeError("nothing changed")
        _note_held()
    return realm


_THINGS: dict[str, Callable[[str], object]] = {
    thing.__name__: thing
    for thing in (
        bare,
        parse_users,
        parse_users_roles,
        naive_users,
        naive_pairs,
        one_node,
        compare_nodes,
        htpasswd,
        load,
        reload,
    )
}

if __name__ == "__main__":
    sys.path.insert(0, _CHECKOUT)
    kept = _THINGS[sys.argv[1]](sys.argv[2])
    print(imported, _memory("VmHWM"), *held)
