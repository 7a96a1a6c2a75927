"""Whose a file is and who we are, for the message of an error about rights."""

from __future__ import annotations

import os
import stat

__all__ = ["is_member", "whose"]

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
