"""The fingerprint of a realm: who is a user with which roles, and keyed digests."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from .._ground.locked import is_locked
from .._ground.values import ReadOnlyDict
from ..errors import InvalidFingerprintError
from .described import DescribedRealm
from .document import FIRST_VERSION, KIND, VERSION, read, read_each
from .keyed import (
    SHORTEST_KEY,
    UNSAID,
    Digester,
    digest_of_all,
    hash_part,
    roles_part,
    standing_part,
    without_hash,
)
from .result import Unreadable
from .standing import ORDINARY, UNSAID_STANDING, Standing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Self

    from ..formats import ParsedRealm
    from ..results import AccountState

__all__ = ["Fingerprint"]

#: Characters of a label; of a hundred thousand states, two share one in 1 of 50 000 cases.
_LABEL: Final = 12


class Fingerprint:
    """
    What one node, or one document, says about users: names, roles, standing, and no hash.

    The order of lines, comments, line ends, repeated roles, and lines or names that a node ignores
    do not change it. Everything that a login or a look-up could notice does. Two of them are equal
    if they say the same with the same key, whatever the nodes. A locked user has no digest of a
    hash: the one in the file is another on each node, and means the same.

    Args:
        records: From username to the digest of its roles, then that of its hash, then who is locked
            or expires.

        roles: From each digest of roles to these roles, sorted.

        node: See below.

        key_id: See below.

        skipped: See below.

        is_document: See below.

    Attributes:
        node: The name of the node, or None.
        key_id: What tells the key from others. None if it was made without: then the digests of
            hashes count in this process only, and ``to_json`` leaves them out.
        skipped: A sentence for each line, or part of a document, that a node would not read.
        is_document: Whether it leaves unsaid who is locked and who expires, where it says nothing.
    """

    __slots__ = ("_records", "_roles", "is_document", "key_id", "node", "skipped")

    def __init__(
        self,
        records: dict[str, bytes],
        roles: dict[bytes, tuple[str, ...]],
        *,
        node: str | None,
        key_id: str | None,
        skipped: tuple[str, ...],
        is_document: bool = False,
    ) -> None:
        self._records = records
        self._roles = roles
        self.node = node
        self.key_id = key_id
        self.skipped = skipped
        self.is_document = is_document

    @classmethod
    def of(
        cls,
        source: ParsedRealm | DescribedRealm,
        *,
        key: bytes | None = None,
        node: str | None = None,
        accounts: Mapping[str, AccountState] = ReadOnlyDict(),
        unknown: tuple[str, ...] = (),
    ) -> Self:
        """
        Make the fingerprint of what a node reads, or of what a document describes.

        Args:
            source: What ``UsersTool.listing()`` or ``ParsedRealm.parse()`` return, or a document.

            key: A secret of at least 16 random bytes, the same for all that are to be compared.
                None for a random one of this process.

            node: The name of the node, for reports.

            accounts: What ``UsersTool.accounts()`` returns: who expires, and who gives emergency
                access. Who is locked can be told by the hash.

            unknown: What else could not be read, one sentence each, for the attribute *skipped*.

        Raises:
            InvalidFingerprintError: If the key is too short.
        """
        if key is not None:
            cls.check_key(key)
        digester = Digester(key)
        records: dict[str, bytes] = {}
        sets: dict[bytes, tuple[str, ...]] = {}
        is_document = isinstance(source, DescribedRealm) and not source.is_whole
        for name, text, roles, standing in _users(source, accounts):
            digest, in_order = digester.of_roles(roles)
            sets[digest] = in_order
            hashed = digester.of_hash(name, None if standing.is_locked else text)
            records[name] = digest + hashed + standing.packed(is_document=is_document)
        return cls(
            records,
            sets,
            node=node,
            key_id=digester.key_id,
            skipped=(*_skipped(source), *unknown),
            is_document=is_document,
        )

    @staticmethod
    def check_key(key: bytes) -> None:
        """
        Check that a key is long enough.

        Raises:
            InvalidFingerprintError: If it is not.
            TypeError: If it is text, which has no bytes of its own.
        """
        if isinstance(key, str):
            raise TypeError("a key is bytes, not text: encode it")
        if len(key) < SHORTEST_KEY:
            rule = f"needs a key of at least {SHORTEST_KEY} bytes, and this one has [{len(key)}]"
            raise InvalidFingerprintError("", f"{rule}: make one with `openssl rand -hex 32`")

    @classmethod
    def from_json(cls, text: str | bytes, *, source: str = "fingerprint") -> Self:
        """
        Read what ``to_json`` wrote, or what ``esfilerealm digest --json`` printed.

        Args:
            text: The whole text.

            source: Its name for errors, normally the path of the file.

        Raises:
            InvalidFingerprintError: If it is not whole, was changed, or has a later version.
        """
        return cls(**read(text, source))

    @classmethod
    def all_from_json(
        cls, text: str | bytes, *, source: str = "fingerprint"
    ) -> tuple[Self | Unreadable, ...]:
        """
        Read what ``esfilerealm digest --json`` printed of one node or, with several ``-c``, of all.

        For arguments and errors see ``from_json``.

        Returns:
            For each node its fingerprint, or why it has none.
        """
        found = read_each(text, source)
        return tuple(each if isinstance(each, Unreadable) else cls(**each) for each in found)

    def to_json(self) -> str:
        """Return it as one line of JSON, in which there is no hash; ``from_json`` reads it."""
        return json.dumps(self.to_dict()) + "\n"

    def to_dict(self) -> dict[str, object]:
        """Return it as a dictionary fit for JSON."""
        if (portable := self.portable) is not self:
            return portable.to_dict()
        users = [self._user(name) for name in sorted(self._records)]
        is_plain = all(self.standing_of(name).said == ORDINARY for name in self._records)
        return {
            "kind": KIND,
            # Earlier versions of this package read a fingerprint of nothing but ordinary users.
            "version": FIRST_VERSION if is_plain else VERSION,
            "node": self.node,
            "key_id": self.key_id,
            "label": self.label,
            "digest": self.digest,
            "roles_digest": self.roles_digest,
            "hashes_digest": self.hashes_digest if self.knows_hashes else None,
            "user_count": len(users),
            "skipped": list(self.skipped),
            "is_document": self.is_document,
            "users": users,
        }

    def _user(self, name: str) -> dict[str, object]:
        record, roles, standing = self._records[name], self.roles_of(name), self.standing_of(name)
        return {
            "username": name,
            "roles": None if roles is None else list(roles),
            "roles_digest": _hex(roles_part(record)),
            "hash_digest": _hex(hash_part(record)),
            "is_locked": standing.is_locked,
            "expires": standing.expires,
            "is_emergency": standing.is_emergency,
        }

    @property
    def portable(self) -> Fingerprint:
        """The same as others may read it: itself, or without digests that only count here."""
        if self.key_id is not None or not self.knows_hashes:
            return self
        records = {name: without_hash(record) for name, record in self._records.items()}
        return self._copy(records, self.node, key_id=None)

    def named(self, node: str | None) -> Fingerprint:
        """Return the same with another name of the node."""
        return self._copy(self._records, node, self.key_id)

    def _copy(self, records: dict[str, bytes], node: str | None, key_id: str | None) -> Fingerprint:
        return Fingerprint(
            records,
            self._roles,
            node=node,
            key_id=key_id,
            skipped=self.skipped,
            is_document=self.is_document,
        )

    @property
    def records(self) -> Mapping[str, bytes]:
        """From username to the digest of its roles, then that of its hash, then its standing."""
        return self._records

    @property
    def usernames(self) -> tuple[str, ...]:
        """The users."""
        return tuple(self._records)

    def roles_of(self, username: str) -> tuple[str, ...] | None:
        """Return the roles of a user, sorted; None if the document leaves them unsaid."""
        digest = roles_part(self._records[username])
        return None if digest == UNSAID else self._roles[digest]

    def standing_of(self, username: str) -> Standing:
        """Return who is locked, whose time ends, and who is there for an emergency."""
        packed = standing_part(self._records[username])
        return Standing.unpacked(packed, is_document=self.is_document)

    @property
    def role_sets(self) -> Mapping[bytes, tuple[str, ...]]:
        """From each digest of roles to these roles, sorted."""
        return self._roles

    @property
    def knows_hashes(self) -> bool:
        """Whether there is a digest of the hash of some user."""
        return any(hash_part(record) != UNSAID for record in self._records.values())

    @property
    def digest(self) -> str:
        """One digest of all users with roles, hashes and standing, in hexadecimal."""
        return digest_of_all(self._records)

    @property
    def roles_digest(self) -> str:
        """One digest of all users with roles, in hexadecimal."""
        return digest_of_all(self._records, roles_part)

    @property
    def hashes_digest(self) -> str:
        """One digest of all users with hashes, in hexadecimal."""
        return digest_of_all(self._records, hash_part)

    @property
    def label(self) -> str:
        """A short digest of all that others may read, such as for a metric."""
        return self.portable.digest[:_LABEL]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Fingerprint):
            return NotImplemented
        return self.key_id == other.key_id and self._records == other._records

    def __hash__(self) -> int:
        return hash((self.key_id, frozenset(self._records.items())))

    def __repr__(self) -> str:
        node = "" if self.node is None else f" of {self.node!r}"
        return f"<Fingerprint{node}: {len(self._records)} users, {self.label}>"


def _hex(digest: bytes) -> str | None:
    return None if digest == UNSAID else digest.hex()


def _users(
    source: ParsedRealm | DescribedRealm, accounts: Mapping[str, AccountState]
) -> Iterator[tuple[str, str | None, tuple[str, ...] | None, Standing]]:
    if isinstance(source, DescribedRealm):
        unsaid = ORDINARY if source.is_whole else UNSAID_STANDING
        for name, (text, roles) in source.users.items():
            standing = source.standings.get(name, unsaid)
            if text is not None and is_locked(text):
                standing = replace(standing, is_locked=True)
            yield name, text, roles, standing
        return
    roles_by_user = source.roles_by_user
    for name, stored in source.hashes.items():
        standing = Standing.of(accounts.get(name), is_locked=is_locked(stored))
        yield name, stored, roles_by_user.get(name, ()), standing


def _skipped(source: ParsedRealm | DescribedRealm) -> Iterator[str]:
    if isinstance(source, DescribedRealm):
        yield from source.skipped
        return
    for file, issues in source.issues.items():
        for issue in issues:
            if issue.kind != "blank":
                yield f"{file}, line [{issue.line_number}]: {issue.reason}"
