"""
The half that logs in: what a node does with the files of a realm.

``base`` has what every kind of realm shares: ``Realm``, users, tokens and results. ``file`` is the
file realm. ``RoleMapper`` finds the roles of users whom another realm authenticates.
"""

from __future__ import annotations

from .base import (
    AuthenticationResult,
    AuthenticationStatus,
    FailureReason,
    Realm,
    User,
    UsernamePasswordToken,
)
from .file import (
    CacheStats,
    FileRealm,
    FileStamp,
    HealthStatus,
    RealmChange,
    RealmHealth,
    RealmSnapshot,
    UsageStats,
)
from .role_mapper import RoleMapper, role_mapping_failure

__all__ = [
    "AuthenticationResult",
    "AuthenticationStatus",
    "CacheStats",
    "FailureReason",
    "FileRealm",
    "FileStamp",
    "HealthStatus",
    "Realm",
    "RealmChange",
    "RealmHealth",
    "RealmSnapshot",
    "RoleMapper",
    "UsageStats",
    "User",
    "UsernamePasswordToken",
    "role_mapping_failure",
]
