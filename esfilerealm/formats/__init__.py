"""
The formats of the realm's files: pure functions on bytes, without disk or clock.

``ParsedRealm`` is what both files say. ``parse_users`` and ``parse_users_roles`` read one file as a
node does; ``edit_users`` and ``edit_users_roles`` change what they are asked to change and keep
every other byte.
"""

from __future__ import annotations

from .lines import HashIssue, LineIssue
from .realm import ParsedRealm
from .users import ParsedUsers, edit_users, parse_users
from .users_roles import ParsedUsersRoles, edit_users_roles, parse_users_roles

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from .lines import LineKind as LineKind

__all__ = [
    "HashIssue",
    "LineIssue",
    "ParsedRealm",
    "ParsedUsers",
    "ParsedUsersRoles",
    "edit_users",
    "edit_users_roles",
    "parse_users",
    "parse_users_roles",
]
