"""
Certificates as a node sees them: names, trust stores, verdicts.

``subject_text`` and ``principal_from`` find the name of a user, ``DistinguishedName`` parses and
compares names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .dn import DistinguishedName
from .names import canonical_name, extract_rdn, subject_text
from .principal import DEFAULT_USERNAME_PATTERN, UsernamePattern, principal_from
from .trust import TrustStore, fingerprint, is_ordered

if TYPE_CHECKING:
    from .trust import StoreType as StoreType

__all__ = [
    "DEFAULT_USERNAME_PATTERN",
    "DistinguishedName",
    "TrustStore",
    "UsernamePattern",
    "canonical_name",
    "extract_rdn",
    "fingerprint",
    "is_ordered",
    "principal_from",
    "subject_text",
]
