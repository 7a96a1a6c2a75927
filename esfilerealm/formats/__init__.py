"""
The formats of the realm's files: pure functions on bytes, without disk or clock.

``parse_users`` and ``parse_users_roles`` read as a node reads; ``edit_users`` and
``edit_users_roles`` change what they are asked to and keep every other byte.
"""

from __future__ import annotations

from .lines import LineIssue
from .users import ParsedUsers, edit_users, parse_users
from .users_roles import ParsedUsersRoles, edit_users_roles, parse_users_roles

__all__ = [
    "LineIssue",
    "ParsedUsers",
    "ParsedUsersRoles",
    "edit_users",
    "edit_users_roles",
    "parse_users",
    "parse_users_roles",
]
