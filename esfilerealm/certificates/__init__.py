"""
Certificates as a node sees them: names, trust stores, verdicts.

``DistinguishedName`` parses and compares names.
"""

from __future__ import annotations

from .dn import DistinguishedName

__all__ = ["DistinguishedName"]
