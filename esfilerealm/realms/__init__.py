"""
The half that logs in: what a node does with the files of a realm.

``base`` has what every kind of realm shares: ``Realm``, users, tokens and results. ``file`` is the
file realm. ``chain`` asks several realms one after another who a ``Request`` is. ``RoleMapper``
finds the roles of users whom another realm authenticates.
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
from .chain import ChainResult, Question, RealmChain, ResultKind, Step, StepStatus
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
from .proxy import TrustedProxy
from .proxy_headers import HeaderFormat
from .request import DelegatedBy, Request
from .role_mapper import RoleMapper, role_mapping_failure
from .tls import client_certificates

__all__ = [
    "AuthenticationResult",
    "AuthenticationStatus",
    "CacheStats",
    "ChainResult",
    "DelegatedBy",
    "FailureReason",
    "FileRealm",
    "FileStamp",
    "HeaderFormat",
    "HealthStatus",
    "Question",
    "Realm",
    "RealmChain",
    "RealmChange",
    "RealmHealth",
    "RealmSnapshot",
    "Request",
    "ResultKind",
    "RoleMapper",
    "Step",
    "StepStatus",
    "TrustedProxy",
    "UsageStats",
    "User",
    "UsernamePasswordToken",
    "client_certificates",
    "role_mapping_failure",
]
