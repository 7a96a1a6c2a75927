"""The desired state of a realm: its users, with their credentials and roles."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final, Literal, get_args

from ..documents.document import Document, DocumentFormat, content_of, format_of, read_document
from ..documents.fields import Fields
from ..documents.kinds import Choice, Record, Texts
from ..errors import InvalidDesiredStateError
from . import rules
from .merging import merge_records, merge_users
from .parsing import (
    ATTRIBUTES,
    HASH_POLICY,
    USERS,
    excluding,
    read_attributes,
    read_policy,
    read_users,
)
from .secure_settings import (
    KEYSTORE,
    PASSWORD_FIELDS,
    PASSWORDS,
    merge_settings,
    read_keystore_password,
    read_settings,
)
from .values import DesiredSetting, DesiredUser, FileAttributes, HashPolicy, KeystorePassword

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Self

__all__ = ["PURGES", "SHAPE", "DesiredState", "Purge"]

Purge = Literal["none", "managed", "all"]

PURGES: Final[tuple[Purge, ...]] = get_args(Purge)

_PURGE: Final = Choice(
    "purge",
    "Which users are removed if they are not listed: none (default), managed (those that earlier "
    "runs created) or all.",
    PURGES,
)
_PROTECT: Final = Texts(
    "protect", "Patterns of names that are never purged, such as ops-*.", rules.PATTERN
)
_KNOWN_ROLES: Final = Texts(
    "known_roles", "Roles of the role API, which need no warning.", rules.WRITABLE_NAME
)

SHAPE: Final = Record(
    USERS,
    _PURGE,
    _PROTECT,
    _KNOWN_ROLES,
    HASH_POLICY,
    ATTRIBUTES,
    KEYSTORE,
    *PASSWORDS,
    also={"minProperties": 1, "dependentSchemas": excluding(PASSWORD_FIELDS)},
)
"""Every field of a document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredState:
    """
    The desired state of a realm. ``from_dict``, ``load``, ``parse`` and ``merged`` make it.

    Attributes:
        users: The desired users, each name once.
        purge: Which users are removed if they are not listed: ``none`` (also the meaning of None),
            ``managed`` for users that earlier runs with this setting created, or ``all``.
        protect: Patterns (``*``, ``?``, ``[…]``) of names that are never purged.
        known_roles: Roles that the role API defines, which need no warning.
        hash_policy: Which hashes are good enough.
        attributes: The attributes of both files.
        keystore: The desired settings of the keystore, each name once. All others stay.
        keystore_password: The password of the keystore.
        sources: The documents, in order.
        notes: Messages about documents that override others.
    """

    users: tuple[DesiredUser, ...] = ()
    purge: Purge | None = None
    protect: tuple[str, ...] = ()
    known_roles: tuple[str, ...] = ()
    hash_policy: HashPolicy = field(default_factory=HashPolicy)
    attributes: FileAttributes = field(default_factory=FileAttributes)
    keystore: tuple[DesiredSetting, ...] = ()
    keystore_password: KeystorePassword = field(default_factory=KeystorePassword)
    sources: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.purge not in (None, *PURGES):
            raise ValueError(f"purge is [{self.purge}]: must be one of {', '.join(PURGES)}")

    @classmethod
    def from_dict(
        cls, content: Mapping[str, object], *, source: str = "desired state", folder: str = ""
    ) -> Self:
        """
        Make a desired state from a dictionary.

        Args:
            content: Any of ``users`` (a list of dictionaries with the fields of ``DesiredUser``, or
                a dictionary from the name to the other fields), ``purge``, ``protect``,
                ``known_roles``, ``hash_policy`` (``algorithm``, ``minimum_cost``),
                ``attributes`` (``owner``, ``group``, ``mode`` as an octal string), ``keystore`` (a
                list or dictionary as for users, with the fields of ``DesiredSetting``), and
                ``keystore_password`` or this name with ``_file`` or ``_env``.

            source: The origin, for messages.

            folder: The directory where a relative ``password_file`` starts; by default the working
                directory.

        Raises:
            InvalidDesiredStateError: If anything is wrong; it lists every issue with its place.
        """
        return cls._of(Document(content, source, folder=folder))

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, format: DocumentFormat | None = None) -> Self:
        """
        Read a desired state from a file.

        Args:
            path: The path of the file. A relative ``password_file`` in it starts at its directory.

            format: ``yaml``, ``json`` or ``toml``; by default decided by the suffix of the name.

        Raises:
            ConfigurationFileMissingError: If the file does not exist.
            FilePermissionError, FileAccessError: If the file cannot be read.
            InvalidDesiredStateError: As for ``from_dict``.
        """
        path = os.fsdecode(path)
        folder = os.path.dirname(path)
        return cls.parse(content_of(path), source=path, format=format, folder=folder)

    @classmethod
    def parse(
        cls, data: bytes, *, source: str, format: DocumentFormat | None = None, folder: str = ""
    ) -> Self:
        """Make a desired state from a document; for arguments see ``load`` and ``from_dict``."""
        document = read_document(data, format or format_of(source, data), source)
        return cls._of(replace(document, folder=folder))

    @classmethod
    def _of(cls, document: Document) -> Self:
        issues = list(document.issues)
        fields = Fields(
            document, (), {} if document.value is None else document.value, SHAPE.keys, issues
        )
        state = cls(
            users=read_users(fields),
            purge=_PURGE.of(fields),
            protect=_PROTECT.of(fields) or (),
            known_roles=_KNOWN_ROLES.of(fields) or (),
            hash_policy=read_policy(fields),
            attributes=read_attributes(fields),
            keystore=read_settings(fields),
            keystore_password=read_keystore_password(fields),
            sources=(document.source,),
        )
        if not issues and not fields.given:
            fields.refuse(None, "empty document: add [users], even if the list is empty")
        if issues:
            raise InvalidDesiredStateError(tuple(issues))
        return state

    @classmethod
    def merged(cls, states: Iterable[DesiredState], *, strict: bool = False) -> Self:
        """
        Merge desired states in order. The later one wins for each user; roles are united.

        ``protect`` and ``known_roles`` are united too. For all other settings the last one wins.

        Args:
            states: At least one desired state.

            strict: Whether overriding anything is an error.

        Raises:
            InvalidDesiredStateError: If one state overrides another and *strict* is set; it lists
                everything that is overridden.
            ValueError: If there is no state.
        """
        states = tuple(states)
        if not states:
            raise ValueError("there is nothing to merge")
        notes: list[str] = []
        merged = cls(
            users=merge_users((state.users for state in states), notes),
            purge=_latest_purge(states, notes),
            protect=_united(state.protect for state in states),
            known_roles=_united(state.known_roles for state in states),
            hash_policy=merge_records(
                ((state.source, state.hash_policy) for state in states), "hash_policy", notes
            ),
            attributes=merge_records(
                ((state.source, state.attributes) for state in states), "attributes", notes
            ),
            keystore=merge_settings((state.keystore for state in states), notes),
            keystore_password=next(
                filter(None, (state.keystore_password for state in reversed(states))),
                KeystorePassword(),
            ),
            sources=_united(state.sources for state in states),
            notes=_united([*(state.notes for state in states), tuple(notes)]),
        )
        if strict and notes:
            raise InvalidDesiredStateError(tuple(notes))
        return merged

    def with_default_roles(self, roles: Iterable[str]) -> Self:
        """Return a copy in which the users of whose roles nothing is said have *roles*."""
        roles = tuple(roles)
        if not roles:
            return self
        users = (
            user
            if user.is_absent or user.roles is not None or user.roles_add or user.roles_remove
            else replace(user, roles=roles)
            for user in self.users
        )
        return replace(self, users=tuple(users))

    @property
    def source(self) -> str:
        """The names of all documents, for messages."""
        return ", ".join(self.sources)

    def protects(self, name: str) -> bool:
        """Check whether a user is never purged."""
        return any(fnmatchcase(name, pattern) for pattern in self.protect)


def _latest_purge(states: Iterable[DesiredState], notes: list[str]) -> Purge | None:
    latest: Purge | None = None
    origin = ""
    for state in states:
        if state.purge is not None:
            if latest not in (None, state.purge):
                notes.append(f"[purge] from [{state.source}] overrides [{origin}]")
            latest, origin = state.purge, state.source
    return latest


def _united(lists: Iterable[Iterable[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(item for items in lists for item in items))
