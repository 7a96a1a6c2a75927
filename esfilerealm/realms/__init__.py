"""
The half that logs in: what a node does with the files of a realm.

``base`` has what every kind of realm shares: ``Realm``, users, tokens and results. ``file`` is the
file realm, ``pki`` that of certificates. ``chain`` asks several realms one after another who a
``Request`` is. ``RoleMapper`` and ``AuthorizationRealms`` find roles for other realms.
"""

from __future__ import annotations

from ..settings.chain_settings import ChainSettings
from ..settings.mapped_realm import PkiSettings
from .authorization import AuthorizationRealms, KnowsUsers
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
from .pki import PkiCacheStats, PkiRealm, PkiUsageStats, X509Token
from .proxy import TrustedProxy
from .proxy_headers import HeaderFormat
from .request import DelegatedBy, Request
from .role_mapper import RoleMapper, role_mapping_failure
from .tls import client_certificates

__all__ = [
    "AuthenticationResult",
    "AuthenticationStatus",
    "AuthorizationRealms",
    "CacheStats",
    "ChainResult",
    "ChainSettings",
    "DelegatedBy",
    "FailureReason",
    "FileRealm",
    "FileStamp",
    "HeaderFormat",
    "HealthStatus",
    "KnowsUsers",
    "PkiCacheStats",
    "PkiRealm",
    "PkiSettings",
    "PkiUsageStats",
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
    "X509Token",
    "client_certificates",
    "role_mapping_failure",
]
