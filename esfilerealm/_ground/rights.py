"""Whose a file is, who we are, and what we may do with it."""

from __future__ import annotations

import os
import stat

__all__ = ["is_member", "may_change_owner", "whose"]

#: The bit of the capability to change owners, ``CAP_CHOWN``.
_CHOWN = 1
#: Where Linux shows the capabilities of a thread, and the users and groups that it knows.
_STATUS = "/proc/thread-self/status"
_MAPS = {"uid": "/proc/self/uid_map", "gid": "/proc/self/gid_map"}

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from collections.abc import Callable


def whose(path: str, *, needs: int = 0) -> str:
    """
    Return who we are, who owns *path*, and its mode, as the end of a message; or nothing.

    Args:
        path: A file. If it is missing, or if we cannot even look at it, the nearest directory
            stands for it.

        needs: The bit for the owner that would have helped, such as ``stat.S_IRUSR``; then the text
            names who has it.
    """
    if not hasattr(os, "geteuid"):
        return ""
    place = os.path.abspath(path)
    try:
        try:
            status = os.stat(place)
            which = f"[{place}]"
        except PermissionError:
            place = _reachable(place)
            status, needs = os.stat(place), needs and stat.S_IXUSR
            which = f"its directory [{place}]"
        except FileNotFoundError:
            place = os.path.dirname(place)
            status = os.stat(place)
            which = f"its directory [{place}]"
    except (OSError, ValueError):
        return ""
    mode = stat.S_IMODE(status.st_mode)
    owner, group = _user(status.st_uid), _group(status.st_gid)
    told = (
        f"; you are {_user(os.geteuid())}, and {which} belongs to {owner} and the group {group}, "
        f"mode {mode:04o}"
    )
    if not needs:
        return told
    helpers = ["root"] if status.st_uid == 0 else [owner, "root"]
    if mode & needs >> 3:
        helpers.append(f"a member of the group {group}")
    *first, last = helpers
    return f"{told}: run this as {', '.join(first)}{' or ' if first else ''}{last}"


def is_member(user: int, group: int) -> bool:
    """Check whether the system knows *user* as a member of *group*."""
    try:
        import pwd

        known = pwd.getpwuid(user)
        return group in os.getgrouplist(known.pw_name, known.pw_gid)
    except (ImportError, KeyError, OSError):
        return False


def may_change_owner(user: int, owner: int, group: int) -> bool:
    """
    Check whether the system probably lets this process change the owner or group of a file.

    Args:
        user: The owner of the file now.

        owner: The new one, or -1 if it stays.

        group: Likewise.
    """
    if _has_capability(_CHOWN):
        return _is_known("uid", owner) and _is_known("gid", group)
    is_same_owner = owner in (-1, user)
    return is_same_owner and user == os.geteuid() and group in (-1, os.getegid(), *os.getgroups())


def _has_capability(bit: int) -> bool:
    """Check whether this thread has a capability; without Linux, root has all of them."""
    try:
        with open(_STATUS, encoding="ascii", errors="replace") as file:
            effective = next(line for line in file if line.startswith("CapEff:"))
        return bool(int(effective.split()[1], 16) & bit)
    except (IndexError, OSError, StopIteration, ValueError):
        return os.geteuid() == 0


def _is_known(kind: str, number: int) -> bool:
    """Check whether a user namespace knows a user or group, which no file can have otherwise."""
    try:
        with open(_MAPS[kind], encoding="ascii") as file:
            ranges = [(int(first), int(n)) for first, _, n in map(str.split, file)]
    except (OSError, ValueError):
        return True
    return number == -1 or any(first <= number < first + n for first, n in ranges)


def _reachable(place: str) -> str:
    """
    Return the nearest directory above *place* that we can look at.

    Raises:
        PermissionError: If that is not even the root.
    """
    while True:
        above = os.path.dirname(place)
        try:
            os.stat(above)
        except PermissionError:
            if above == place:
                raise
            place = above
        else:
            return above


def _user(number: int) -> str:
    def name() -> str:
        import pwd

        return pwd.getpwuid(number).pw_name

    return _named(number, name)


def _group(number: int) -> str:
    def name() -> str:
        import grp

        return grp.getgrgid(number).gr_name

    return _named(number, name)


def _named(number: int, name: Callable[[], str]) -> str:
    try:
        return f"[{name()}] ({number})"
    except (ImportError, KeyError, OSError):
        return f"[{number}]"
