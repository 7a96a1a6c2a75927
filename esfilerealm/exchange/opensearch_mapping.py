"""
OpenSearch's ``roles_mapping.yml``: which users and backend roles have which roles.

Source:
    ``RoleMappingsV7`` and ``RoleMappings`` of the OpenSearch security plugin.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ..documents.nodes import read_nodes
from ..errors import FileFormatError
from ._shared import decode_text, shown_name, unknown_key
from .losses import Loss

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from ..documents.nodes import Node

__all__ = ["MappedRole", "RolesMapping"]

_LISTS: Final = ("users", "backend_roles", "and_backend_roles", "hosts")
_KNOWN: Final = frozenset({*_LISTS, "reserved", "hidden", "static", "description"})
_EVERYBODY: Final = "*"


@dataclass(frozen=True, slots=True)
class MappedRole:
    """
    A role that a user has by the mapping.

    Attributes:
        role: A role of OpenSearch.
        where: The place in the mapping.
        is_for_everybody: Whether every user has it.
        backend_roles: The backend roles of the user that give it.
    """

    role: str
    where: str
    is_for_everybody: bool
    backend_roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Entry:
    """The holders of one role: any of the users or backend roles, or all of the last ones."""

    role: str
    where: str
    users: tuple[str, ...]
    backend_roles: tuple[str, ...]
    and_backend_roles: tuple[str, ...]

    def match(self, name: str, backend_roles: list[str]) -> MappedRole | None:
        """Return the role if a user has it."""
        by_role = {
            role for role in backend_roles if any(_matches(p, role) for p in self.backend_roles)
        }
        if self.and_backend_roles and all(
            any(_matches(p, role) for role in backend_roles) for p in self.and_backend_roles
        ):
            by_role.update(
                role
                for role in backend_roles
                if any(_matches(p, role) for p in self.and_backend_roles)
            )
        if not by_role and not any(_matches(p, name) for p in self.users):
            return None
        return MappedRole(self.role, self.where, _EVERYBODY in self.users, frozenset(by_role))


def _matches(pattern: str, text: str) -> bool:
    """Match ``*`` for any characters and ``?`` for one."""
    parts = (".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None


class RolesMapping:
    """
    A whole mapping.

    Attributes:
        losses: What it says that has no counterpart.
    """

    def __init__(self) -> None:
        self.losses: list[Loss] = []
        self._entries: list[_Entry] = []

    @classmethod
    def parse(cls, source: str, data: bytes) -> Self:
        """
        Read a ``roles_mapping.yml``.

        Raises:
            FileFormatError: If it is not YAML, or not a ``roles_mapping.yml``.
        """
        mapping = cls()
        documents = [
            node for node in read_nodes(decode_text(data, source), source) if not node.is_null
        ]
        if not documents:
            raise FileFormatError(source, 1, "the file is empty")
        entries = dict(documents[0].entries())
        meta = entries.pop("_meta", None)
        facts = {} if meta is None else meta.entries()
        if "type" not in facts or facts["type"].scalar != "rolesmapping":
            (meta or documents[0]).refuse(
                "[_meta] with [type: rolesmapping] is missing: not a roles_mapping.yml"
            )
        for role, node in entries.items():
            mapping._add(role, node, source)
        return mapping

    def _add(self, role: str, node: Node, source: str) -> None:
        fields = node.entries()
        where = f"[{source}], line [{node.line_number}]"
        what = f"role [{shown_name(role)}]"
        lists = {
            key: tuple(item.string() for item in fields[key].items()) if key in fields else ()
            for key in _LISTS
        }
        if lists["hosts"]:
            reason = "it is given by [hosts] too, and a file realm knows no hosts"
            self.losses.append(Loss(where, what, reason, is_blocking=False))
        if any(_is_regex(pattern) for patterns in lists.values() for pattern in patterns):
            reason = "a regular expression is not read: give the role with --map-role"
            self.losses.append(Loss(where, what, reason, is_blocking=True))
        for key in fields:
            if key not in _KNOWN:
                reason = unknown_key(key, _KNOWN)
                key_of_role = f"[{shown_name(key)}] of {what}"
                self.losses.append(Loss(where, key_of_role, reason, is_blocking=False))
        users, backend_roles, and_backend_roles = (
            tuple(pattern for pattern in lists[key] if not _is_regex(pattern)) for key in _LISTS[:3]
        )
        # If one of all that are needed is not read, nobody has the role by them.
        if len(and_backend_roles) < len(lists["and_backend_roles"]):
            and_backend_roles = ()
        self._entries.append(_Entry(role, where, users, backend_roles, and_backend_roles))

    def roles_of(self, name: str, backend_roles: list[str]) -> Iterator[MappedRole]:
        """Iterate over the roles of a user."""
        for entry in self._entries:
            mapped = entry.match(name, backend_roles)
            if mapped is not None:
                yield mapped


def _is_regex(pattern: str) -> bool:
    return len(pattern) > 1 and pattern.startswith("/") and pattern.endswith("/")
