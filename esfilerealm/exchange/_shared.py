"""What several formats share: the rules of an import, names in messages, decoding."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .._ground.hints import did_you_mean
from .._ground.showing import shown_name
from ..errors import FileFormatError
from ..names import (
    DEFAULT_ANONYMOUS_USERNAME,
    broken_rule,
    reserved_usernames,
    validate_role_name,
)
from .losses import Imported

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "ImportRules",
    "decode_text",
    "role_problem",
    "shown_name",
    "shown_role",
    "shown_user",
    "unknown_key",
    "username_problem",
    "with_roles",
]


@dataclass(frozen=True, slots=True)
class ImportRules:
    """
    What an import accepts.

    Attributes:
        allow_reserved: As for ``parse_users``.
        anonymous_username: As for ``parse_users``.
        role_map: From a role of the source to one of Elasticsearch, or to None to leave it out.
        as_node: Whether Secrets that Elastic's operator would skip are read as a node would.
        cluster: The ``Elasticsearch`` whose Secrets count, if a manifest has several.
        roles_mapping: Name and content of the ``roles_mapping.yml`` of OpenSearch, or None.
        existing: The ``users`` file of the realm that the users are for.
    """

    allow_reserved: bool = False
    anonymous_username: str = DEFAULT_ANONYMOUS_USERNAME
    role_map: Mapping[str, str | None] = field(default_factory=dict)
    as_node: bool = False
    cluster: str | None = None
    roles_mapping: tuple[str, bytes] | None = None
    existing: bytes = field(default=b"", repr=False)

    def username_problem(self, name: str) -> str | None:
        """Return why a node rejects a username, or why no new line can contain it; or None."""
        reserved = reserved_usernames(
            allow_reserved=self.allow_reserved, anonymous_username=self.anonymous_username
        )
        rule = broken_rule(name, reserved=reserved, writable=True)
        return rule and f"invalid username: {rule}"


def username_problem(name: str) -> str | None:
    """Return why no new line can contain a username, or None."""
    rule = broken_rule(name, writable=True)
    return rule and f"invalid username: {rule}"


def role_problem(role: str) -> str | None:
    """Return why a node rejects a role name, or why no new line can contain it; or None."""
    rule = broken_rule(role, writable=True)
    return rule and f"invalid role name: {rule}"


def shown_user(name: str) -> str:
    """Return the form of a user for messages."""
    return f"user [{shown_name(name)}]"


def shown_role(role: str, name: str) -> str:
    """Return the form of a role of a user for messages."""
    return f"role [{shown_name(role)}] of user [{shown_name(name)}]"


def unknown_key(key: str, known: Iterable[str]) -> str:
    """Return what to say about a key that OpenSearch refuses, with what was probably meant."""
    hint = did_you_mean(key, sorted(known))
    return f"OpenSearch does not know this key{'; ' if hint else ''}{hint}"


def decode_text(data: bytes, source: str) -> str:
    """
    Decode a text file strictly.

    Raises:
        FileFormatError: If it is not UTF-8, or contains a byte 0, which is not part of any text.
    """
    offset = data.find(b"\0")
    reason = "a byte 0: not a text file"
    if offset < 0:
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError as error:
            # The error is raised below: raised here, it would keep the whole text in its context.
            offset = error.start
            reason = "not UTF-8"
    line_number = data.count(b"\n", 0, offset) + 1
    raise FileFormatError(source, line_number, reason, offset)


def with_roles(imported: Imported, roles: tuple[str, ...]) -> Imported:
    """
    Return the users with *roles* for those who have none.

    Raises:
        InvalidRoleNameError: If no line could hold a role.
    """
    if not roles:
        return imported
    listed = [validate_role_name(role, writable=True) for role in dict.fromkeys(roles)]
    users = [
        user if user.get("roles") or "state" in user else {**user, "roles": listed}
        for user in imported.document["users"]
    ]
    return Imported({"users": users}, imported.losses, imported.salted_anew)
