"""
Compare fingerprints, one at a time.

A fingerprint is kept whole only if it resembles none before it. Of any other, only the users that
differ from the most similar one are kept. So five hundred nodes with nearly the same ten thousand
users take the memory of little more than one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from ..errors import InvalidFingerprintError
from .keyed import SIZE, UNSAID, hash_part, roles_part, standing_part, without_hash
from .result import Drift, Group, Unreadable, UserDrift
from .standing import Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from .fingerprint import Fingerprint

    Records = Mapping[str, bytes]

__all__ = ["compare"]

V = TypeVar("V")

#: So many fingerprints that resemble no other are kept whole; with more, time would grow fast.
_MOST_WHOLE: Final = 8
#: How the standing of a locked user begins: its hash says nothing, and nobody misses it.
_LOCKED: Final = Standing(is_locked=True, expires=None).packed()[:1]
#: One fingerprint resembles another if fewer users differ than this, or than a quarter of them.
_FEW: Final = 16


def compare(
    fingerprints: Iterable[Fingerprint | Unreadable], *, ignore_hashes: bool = False
) -> Drift:
    """
    Find which users differ on which nodes.

    Args:
        fingerprints: At least one, each of another node; those without a name are called ``#1``,
            ``#2`` and so on. They are read one after another, and not kept.

        ignore_hashes: Whether users may have different passwords.

    Raises:
        InvalidFingerprintError: If two have the same name or different keys.
        ValueError: If there is none.
    """
    comparison = _Comparison(ignore_hashes=ignore_hashes)
    for position, each in enumerate(fingerprints, 1):
        node = each.node or f"#{position}"
        comparison.name(node)
        if isinstance(each, Unreadable):
            comparison.unreadable[node] = each.reason
        else:
            comparison.add(node, each)
    if not comparison.nodes:
        raise ValueError("there is nothing to compare")
    return comparison.drift()


class _Comparison:
    """What is kept of all fingerprints so far."""

    def __init__(self, *, ignore_hashes: bool) -> None:
        self.unreadable: dict[str, str] = {}
        self.nodes: dict[str, None] = {}
        self._ignores_hashes = ignore_hashes
        self._skipped: dict[str, tuple[str, ...]] = {}
        self._unsaid: dict[str, int] = {}
        self._first: tuple[str, str | None] | None = None
        self._roles: dict[bytes, tuple[str, ...]] = {}
        self._whole: list[Records] = []
        self._unsaid_in_whole: list[int] = []
        self._resembled: list[int] = []  # by readable node, the one of `_whole`
        self._documents: list[bool] = []  # by readable node
        self._changed: dict[str, dict[int, bytes | None]] = {}  # by username and readable node

    def name(self, node: str) -> None:
        """Take the name of the next node."""
        if node in self.nodes:
            rule = "has a name that another has: give each node a name of its own"
            raise InvalidFingerprintError(node, rule)
        self.nodes[node] = None

    def add(self, node: str, fingerprint: Fingerprint) -> None:
        """Take the fingerprint of a node."""
        self._check_key(node, fingerprint.key_id)
        records = fingerprint.records
        if self._ignores_hashes:
            records = {name: without_hash(record) for name, record in records.items()}
        for digest, roles in fingerprint.role_sets.items():
            self._roles.setdefault(digest, roles)
        if fingerprint.skipped:
            self._skipped[node] = fingerprint.skipped
        index, names = self._most_similar(records)
        if unsaid := self._count_unsaid(records, index, names):
            self._unsaid[node] = unsaid
        number = len(self._resembled)
        self._resembled.append(index)
        self._documents.append(fingerprint.is_document)
        for name in names:
            self._changed.setdefault(name, {})[number] = records.get(name)

    def _check_key(self, node: str, key_id: str | None) -> None:
        first = self._first = self._first or (node, key_id)
        if first[1] != key_id:
            rule = f"was made with another key than that of [{first[0]}]: use one key for all"
            if None in (first[1], key_id):
                which, other = (node, first[0]) if key_id is None else (first[0], node)
                rule = f"was made without the key of [{other}]: make it with that key"
                raise InvalidFingerprintError(which, rule)
            raise InvalidFingerprintError(node, rule)

    def _count_unsaid(self, records: Records, index: int, names: Collection[str]) -> int:
        """Count the users of whom something is unsaid, from those of the whole one it resembles."""
        whole = self._whole[index]
        if index == len(self._unsaid_in_whole):
            self._unsaid_in_whole.append(sum(map(self._is_unsaid, whole.values())))
        before = sum(self._is_unsaid(whole[name]) for name in names if name in whole)
        after = sum(self._is_unsaid(records[name]) for name in names if name in records)
        return self._unsaid_in_whole[index] - before + after

    def _is_unsaid(self, record: bytes) -> bool:
        if roles_part(record) == UNSAID:
            return True
        is_known = self._ignores_hashes or record.startswith(_LOCKED, 2 * SIZE)
        return hash_part(record) == UNSAID and not is_known

    def _most_similar(self, records: Records) -> tuple[int, Collection[str]]:
        """Return which whole one resembles *records* most, and the names that differ from it."""
        best: tuple[int, set[str]] | None = None
        few = max(_FEW, len(records) // 4)
        for index, whole in enumerate(self._whole):
            names = {name for name, _ in whole.items() ^ records.items()}
            if best is None or len(names) < len(best[1]):
                best = index, names
            if len(names) < few:
                return best
        if best is None or len(self._whole) < _MOST_WHOLE:
            self._whole.append(records)
            return len(self._whole) - 1, ()
        return best

    def drift(self) -> Drift:
        """Return what differs."""
        names = set(self._changed)
        every = names.union(*self._whole)
        for whole in self._whole[1:]:
            names.update(name for name, _ in self._whole[0].items() ^ whole.items())
        readable = tuple(node for node in self.nodes if node not in self.unreadable)
        users = (self._user(name, readable) for name in sorted(names))
        return Drift(
            tuple(self.nodes),
            tuple(user for user in users if user is not None),
            len(every),
            self.unreadable,
            self._skipped,
            self._unsaid,
            self._ignores_hashes,
        )

    def _user(self, name: str, nodes: tuple[str, ...]) -> UserDrift | None:
        said = [whole.get(name) for whole in self._whole]
        records = [said[index] for index in self._resembled]
        for number, record in self._changed.get(name, {}).items():
            records[number] = record
        numbers: dict[bytes, int] = {}
        presence = _groups(nodes, (record is not None for record in records))
        said_roles = list(_parts(records, roles_part, self._roles.__getitem__))
        roles = _groups(nodes, said_roles)
        passwords = _groups(
            nodes,
            _parts(records, hash_part, lambda part: numbers.setdefault(part, len(numbers) + 1)),
        )
        standings = list(self._standings(records))
        locks = _groups(nodes, (None if each is None else each.is_locked for each in standings))
        expiries = _groups(nodes, (None if each is None else each.expires for each in standings))
        if not (presence or roles or passwords or locks or expiries):
            return None
        agreed = None if roles else next((each for each in said_roles if each is not None), None)
        is_emergency = any(each is not None and each.is_emergency for each in standings)
        return UserDrift(name, presence, roles, passwords, agreed, locks, expiries, is_emergency)

    def _standings(self, records: Iterable[bytes | None]) -> Iterator[Standing | None]:
        """Yield what each node says of locks and times; None if it does not have the user."""
        for record, is_document in zip(records, self._documents, strict=True):
            if record is None:
                yield None
            else:
                yield Standing.unpacked(standing_part(record), is_document=is_document)


def _parts(
    records: Iterable[bytes | None],
    part: Callable[[bytes], bytes],
    meaning: Callable[[bytes], V],
) -> Iterator[V | None]:
    """Yield what each node says in one part of its record; None for nothing."""
    for record in records:
        digest = UNSAID if record is None else part(record)
        yield None if digest == UNSAID else meaning(digest)


def _groups(nodes: tuple[str, ...], values: Iterable[V | None]) -> tuple[Group[V], ...]:
    """Group the nodes that say something by what they say, the largest group first."""
    found: dict[V, list[str]] = {}
    speaking = []
    for node, value in zip(nodes, values, strict=True):
        if value is not None:
            found.setdefault(value, []).append(node)
            speaking.append(node)
    if len(found) < 2:  # noqa: PLR2004 - all agree
        return ()
    every = nodes if len(speaking) == len(nodes) else tuple(speaking)
    (most, _), *others = sorted(found.items(), key=lambda item: -len(item[1]))
    groups = [Group(value, tuple(where), every=every) for value, where in others]
    outside = frozenset(node for group in groups for node in group.nodes)
    return Group(most, None, every=every, others=outside), *groups
