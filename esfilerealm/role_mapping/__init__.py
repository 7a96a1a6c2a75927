"""
Role mapping: from distinguished names, groups and metadata to roles.

``parse_role_mapping`` reads ``role_mapping.yml``, ``parse_role_mappings`` what the API of a cluster
gives, ``parse_rule`` one rule of it. All of them are pure functions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .documents import RoleMapping, RoleTemplate, parse_role_mappings
from .file import (
    MappedName,
    MappingIssue,
    ParsedRoleMapping,
    RoleSource,
    parse_role_mapping,
    resolve_roles,
    role_sources,
)
from .rules import Rule, UserData, parse_rule

if TYPE_CHECKING:
    from .file import MappingIssueKind as MappingIssueKind

__all__ = [
    "MappedName",
    "MappingIssue",
    "ParsedRoleMapping",
    "RoleMapping",
    "RoleSource",
    "RoleTemplate",
    "Rule",
    "UserData",
    "parse_role_mapping",
    "parse_role_mappings",
    "parse_rule",
    "resolve_roles",
    "role_sources",
]
