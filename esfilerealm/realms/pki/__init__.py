"""The PKI realm: it knows people by the certificates of their connections."""

from __future__ import annotations

from .realm import PkiCacheStats, PkiRealm, PkiUsageStats
from .token import X509Token

__all__ = ["PkiCacheStats", "PkiRealm", "PkiUsageStats", "X509Token"]
