"""What ``compare`` compares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..drift import Fingerprint, Unreadable
from ..errors import FileRealmError
from ..provisioning import take_fingerprints
from ..settings.location import find_same
from .exits import DATA, CommandError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .arguments import Arguments

__all__ = ["sources_of"]

_FEWEST: Final = 2


def sources_of(arguments: Arguments, key: bytes | None) -> Iterator[Fingerprint | Unreadable]:
    """
    Yield the fingerprint of each node.

    Raises:
        UsageError: If there are too few, one is given twice, or the key is missing.
        CommandError: If two are of the same node.
    """
    nodes: dict[str, str] = {}
    made_with_key: dict[bool, str] = {}
    for path, each in _read_all(arguments.positionals, key):
        node = each.node or path
        if node in nodes:
            raise CommandError(
                f"[{nodes[node]}] and [{path}] are both of the node [{node}]: digest one of them "
                "again with --node",
                DATA,
            )
        nodes[node] = path
        if isinstance(each, Fingerprint):
            made_with_key.setdefault(each.key_id is not None, path)
        if key is None and len(made_with_key) > 1:
            raise UsageError(
                f"option [key-file] is missing: [{made_with_key[True]}] was made with a key, "
                f"and [{made_with_key[False]}] needs the same one"
            )
        yield each


def _read_all(
    paths: Sequence[str], key: bytes | None
) -> Iterator[tuple[str, Fingerprint | Unreadable]]:
    """Yield what each source says, with its path; a single one must say it of several nodes."""
    same = find_same(paths)
    if same is not None:
        raise UsageError(f"[{same[0]}] and [{same[1]}] are the same source: give it once")
    for path in paths:
        found = _read(path, key)
        if len(paths) == 1 and len(found) < _FEWEST:
            raise UsageError("there is only one source: give at least two to compare")
        for each in found:
            yield path, each


def _read(path: str, key: bytes | None) -> tuple[Fingerprint | Unreadable, ...]:
    try:
        return take_fingerprints(path, key=key)
    except FileRealmError as error:
        return (Unreadable(path, str(error)),)
