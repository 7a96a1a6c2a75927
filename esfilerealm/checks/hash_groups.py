"""The users of a realm by the kind of their hash: one group for each prefix and cost."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ..hashing import resolve_from_hash

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..formats import ParsedRealm

__all__ = ["HashGroup", "hash_groups"]

_BCRYPT: Final = "$"
#: Of ``$2a$10$``.
_BCRYPT_KIND: Final = slice(0, 7)
#: The length of ``$2a$``.
_REVISION: Final = 4
#: Of the base64 of 32 bytes, which is all that nodes before 8.7 read.
_FIELD_LENGTH: Final = 44


@dataclass(frozen=True, slots=True)
class HashGroup:
    """
    Users whose hashes are of one kind. No hash is in it.

    Attributes:
        prefix: How the hashes begin, such as ``$2a$`` or ``{PBKDF2}``.
        family: As ``Hasher.family``.
        cost: As ``Hasher.cost``.
        names: The users, in the order of the file.
        is_standard: Whether salt and key of PBKDF2 have the lengths that every release reads.
    """

    prefix: str
    family: str
    cost: int
    names: list[str]
    is_standard: bool = True


def hash_groups(realm: ParsedRealm) -> list[HashGroup]:
    """Return the groups of a realm, without the users whose hash no password matches."""
    issues = realm.hash_issues
    beginnings = {text[_BCRYPT_KIND] for text in realm.hashes.values()}
    if len(beginnings) == 1 and not issues and beginnings.pop().startswith(_BCRYPT):
        names = list(realm.hashes)  # usually all are alike, which one pass in C finds out
        return [_group(realm.hashes[names[0]], names)]
    return _sorted_out(realm, issues)


def _sorted_out(realm: ParsedRealm, issues: Mapping[str, object]) -> list[HashGroup]:
    names: dict[str, list[str]] = defaultdict(list)
    for name, text in realm.hashes.items():
        names[text[_BCRYPT_KIND] if text[0] == _BCRYPT else _kind(text)].append(name)
    if issues:
        names = {kind: [n for n in members if n not in issues] for kind, members in names.items()}
    return [_group(realm.hashes[members[0]], members) for members in names.values() if members]


def _kind(text: str) -> str:
    """Return what sound hashes other than bcrypt of one kind have in common."""
    prefix, _, rest = text.partition("}")
    return "$".join([prefix, *_pieces(rest)]) if "$" in rest else prefix


def _pieces(rest: str) -> Iterator[str]:
    """Yield the iterations of PBKDF2, and the lengths of salt and key."""
    iterations, *fields = rest.split("$", 2)
    yield iterations
    yield from (str(len(each)) for each in fields)


def _group(sample: str, names: list[str]) -> HashGroup:
    hasher = resolve_from_hash(sample)
    prefix = sample[: sample.index("}") + 1] if sample[0] != _BCRYPT else sample[:_REVISION]
    lengths = {len(each) for each in sample.split("$")[1:]}
    is_standard = not prefix.startswith("{PBKDF2") or lengths == {_FIELD_LENGTH}
    return HashGroup(prefix, hasher.family, hasher.cost, names, is_standard=is_standard)
