"""What happened to a file, and what two such things in a row amount to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

__all__ = ["ChangeKind", "FileChange", "merged"]

ChangeKind: TypeAlias = Literal["init", "created", "changed", "deleted"]


@dataclass(frozen=True, slots=True)
class FileChange:
    """
    What happened to one file since the last pass.

    Attributes:
        path: The file, as it was given to the watcher.

        kind:
            ``init`` if it was there when watching began, ``created`` or ``deleted`` if it came
            or went, ``changed`` if its content did, or whether it can be read.
    """

    path: str
    kind: ChangeKind


def merged(older: ChangeKind, newer: ChangeKind) -> ChangeKind:
    """
    Tell in one word what a listener has missed, if it could not be told *older* before *newer*.

    - Whatever was, and then ``deleted``: ``deleted``, even if the listener never knew the file.
    - ``deleted``, and then there again: ``changed``.
    - Otherwise the older one: a new file that changed is still ``created``, and one from the
      start still ``init``.

    The same change twice is that change.
    """
    if newer == "deleted":
        return "deleted"
    return "changed" if older == "deleted" else older
