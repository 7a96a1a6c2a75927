"""Names of users and roles: which may be brought in, and how to show one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .._ground.showing import shown_name
from ..names import DEFAULT_ANONYMOUS_USERNAME, broken_rule, reserved_usernames

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ImportRules", "role_of", "role_problem", "shown_name", "user", "written_name_problem"]


@dataclass(frozen=True, slots=True)
class ImportRules:
    """
    What an import accepts.

    Attributes:
        allow_reserved: As for ``parse_users``.
        anonymous_username: As for ``parse_users``.
        role_map: From a role of the source to one of Elasticsearch, or to None to leave it out.
    """

    allow_reserved: bool = False
    anonymous_username: str = DEFAULT_ANONYMOUS_USERNAME
    role_map: Mapping[str, str | None] = field(default_factory=dict)

    def problem(self, name: str) -> str | None:
        """Say why a node would not have a user of that name, or no new line could hold it."""
        reserved = reserved_usernames(
            allow_reserved=self.allow_reserved, anonymous_username=self.anonymous_username
        )
        rule = broken_rule(name, reserved=reserved, writable=True)
        return rule and f"invalid username: {rule}"


def written_name_problem(name: str) -> str | None:
    """Say why no new line could hold that username."""
    rule = broken_rule(name, writable=True)
    return rule and f"invalid username: {rule}"


def role_problem(role: str) -> str | None:
    """Say why a node would not have a role of that name, or no new line could hold it."""
    rule = broken_rule(role, writable=True)
    return rule and f"invalid role name: {rule}"


def user(name: str) -> str:
    """Speak of a user."""
    return f"user [{shown_name(name)}]"


def role_of(role: str, name: str) -> str:
    """Speak of a role of a user."""
    return f"role [{shown_name(role)}] of user [{shown_name(name)}]"
