"""The desired state of a realm: which users there are to be, with what."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final, Literal, get_args

from ..documents.document import Document, content_of, format_of, read_document
from ..documents.fields import Fields
from ..errors import InvalidDesiredStateError
from .merging import merge_records, merge_users
from .parsing import pattern_rule, read_attributes, read_policy, read_users
from .users import DesiredUser, FileAttributes, HashPolicy

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Self

__all__ = ["PURGES", "DesiredState", "Purge"]

Purge = Literal["none", "managed", "all"]

_FIELDS: Final = ("users", "purge", "protect", "hash_policy", "attributes")
PURGES: Final[tuple[Purge, ...]] = get_args(Purge)


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredState:
    """
    What is wanted of a realm. Made by ``from_dict``, ``load``, ``parse`` and ``merged``.

    Attributes:
        users: What is wanted of each user; nobody is in it twice.
        purge: Who is removed of those who are not in it: ``none`` (what None means), ``managed``
            for those whom provisioning with this setting has made, or ``all``.
        protect: Patterns (``*``, ``?``, ``[…]``) of names that are never purged.
        hash_policy: What hashes are good enough.
        attributes: What both files are to have.
        sources: The documents, in order.
        notes: Which of them overrides which, in words.
    """

    users: tuple[DesiredUser, ...] = ()
    purge: Purge | None = None
    protect: tuple[str, ...] = ()
    hash_policy: HashPolicy = field(default_factory=HashPolicy)
    attributes: FileAttributes = field(default_factory=FileAttributes)
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
        Make one of a dictionary.

        Args:
            content: Any of ``users`` (a list of dictionaries with the fields of ``DesiredUser``),
                ``purge``, ``protect``, ``hash_policy`` (``algorithm``, ``minimum_cost``) and
                ``attributes`` (``owner``, ``group``, ``mode`` as octal text).

            source: What it comes from, for messages.

            folder: Where a ``password_file`` begins that is not absolute; by default the working
                folder.

        Raises:
            InvalidDesiredStateError: With all that is wrong, each with its place.
        """
        return cls._of(Document(content, source, folder=folder))

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, format: str | None = None) -> Self:
        """
        Read one from a file.

        Args:
            path: Of the file. Where a ``password_file`` in it is not absolute, it begins beside it.

            format: ``yaml``, ``json`` or ``toml``; by default by the ending of its name.

        Raises:
            ConfigurationFileMissingError: If there is no such file.
            FilePermissionError, FileAccessError: If it cannot be read.
            InvalidDesiredStateError: As for ``from_dict``.
        """
        path = os.fsdecode(path)
        folder = os.path.dirname(path)
        return cls.parse(content_of(path), source=path, format=format, folder=folder)

    @classmethod
    def parse(
        cls, data: bytes, *, source: str, format: str | None = None, folder: str = ""
    ) -> Self:
        """Make one of the bytes of a document; for the arguments see ``load`` and ``from_dict``."""
        document = read_document(data, format or format_of(source, data), source)
        return cls._of(replace(document, folder=folder))

    @classmethod
    def _of(cls, document: Document) -> Self:
        faults = list(document.issues)
        fields = Fields(
            document, (), {} if document.value is None else document.value, _FIELDS, faults
        )
        state = cls(
            users=read_users(fields),
            purge=fields.choice("purge", PURGES),
            protect=fields.strings("protect", pattern_rule) or (),
            hash_policy=read_policy(fields),
            attributes=read_attributes(fields),
            sources=(document.source,),
        )
        if not faults and not fields.given:
            fields.refuse(None, "asks for nothing: name at least [users], be it an empty list")
        if faults:
            raise InvalidDesiredStateError(tuple(faults))
        return state

    @classmethod
    def merged(cls, states: Iterable[DesiredState], *, strict: bool = False) -> Self:
        """
        Merge several, in order: for a user the later one wins, and roles are united.

        So are ``protect`` patterns; of other settings the latest that is given counts.

        Args:
            states: At least one.

            strict: Refuse what would override something.

        Raises:
            InvalidDesiredStateError: If *strict* and anything would; all of it is named.
            ValueError: If there are none.
        """
        states = tuple(states)
        if not states:
            raise ValueError("there is nothing to merge")
        notes: list[str] = []
        merged = cls(
            users=merge_users((state.users for state in states), notes),
            purge=_latest_purge(states, notes),
            protect=_united(state.protect for state in states),
            hash_policy=merge_records(
                ((state.source, state.hash_policy) for state in states), "hash_policy", notes
            ),
            attributes=merge_records(
                ((state.source, state.attributes) for state in states), "attributes", notes
            ),
            sources=_united(state.sources for state in states),
            notes=_united([*(state.notes for state in states), tuple(notes)]),
        )
        if strict and notes:
            raise InvalidDesiredStateError(tuple(notes))
        return merged

    @property
    def source(self) -> str:
        """All documents, for messages."""
        return ", ".join(self.sources)

    def protects(self, name: str) -> bool:
        """Tell whether a user is never purged."""
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
