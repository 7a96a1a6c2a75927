"""Paths in a backup, and which of them nobody may write to."""

from __future__ import annotations

from typing import Final

from .limits import LIMITS, Limits

__all__ = ["CONFIG", "OUTSIDE", "decoded", "encoded", "is_inside", "path_problem"]

CONFIG: Final = "config"
"""The directory of the archive that is the configuration directory."""

OUTSIDE: Final = "outside"
"""The directory of the archive with files of other places, by their absolute paths."""

_NOWHERE: Final = ("", ".", "..")


def encoded(path: str) -> bytes:
    """Return a path as the archive has it: UTF-8, and what is none as it was."""
    return path.encode("utf-8", "surrogateescape")


def decoded(path: bytes) -> str:
    """Return a path of the archive as text, from which ``encoded`` gives the same bytes."""
    return path.decode("utf-8", "surrogateescape")


def path_problem(path: str, limits: Limits = LIMITS) -> str | None:
    """Return why a path in a backup is refused, as a sentence; None if it is not."""
    parts = path.split("/")
    if "\0" in path:
        return "a name has a NUL in it"
    if any(part in _NOWHERE for part in parts):
        return "the path leads out of the backup, or has more than one spelling"
    if parts[0] not in (CONFIG, OUTSIDE) or (parts[0] == OUTSIDE and len(parts) == 1):
        return f"the path is neither in [{CONFIG}] nor in [{OUTSIDE}]"
    try:
        lengths = [len(encoded(part)) for part in parts]
    except UnicodeEncodeError:
        return "a name is no name of a file"
    if max(lengths) > limits.name_bytes or sum(lengths) + len(parts) - 1 > limits.path_bytes:
        return (
            f"a name has more than [{limits.name_bytes}] bytes, or the path has more than "
            f"[{limits.path_bytes}]"
        )
    return None


def is_inside(path: str, target: str) -> bool:
    """
    Check whether a link stays in the configuration directory of a backup, whatever links there are.

    Only a target that first goes up and then down is one: behind the name of another link, ``..``
    may lead anywhere.

    Args:
        path: Of the link in the backup.

        target: What it holds.
    """
    folder = path.split("/")[:-1]
    parts = [part for part in target.split("/") if part not in ("", ".")]
    ups = next((at for at, part in enumerate(parts) if part != ".."), len(parts))
    if target.startswith("/") or ".." in parts[ups:]:
        return False
    return folder[:1] == [CONFIG] and ups < len(folder)
