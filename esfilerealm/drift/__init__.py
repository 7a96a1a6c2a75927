"""
Whether all nodes have the same users: fingerprints of realms, and what differs among them.

A ``Fingerprint`` is made of what a node reads, whatever the order of lines, and holds neither a
password nor a hash: who has it, but not the key, cannot try passwords with it. ``compare`` finds
who differs on which node. Both are pure: ``esfilerealm.provisioning.take_fingerprint`` reads a
folder or file for them.
"""

from __future__ import annotations

from .comparison import compare
from .described import DescribedRealm
from .fingerprint import Fingerprint
from .result import Drift, Group, Unreadable, UserDrift
from .standing import Standing

__all__ = [
    "DescribedRealm",
    "Drift",
    "Fingerprint",
    "Group",
    "Standing",
    "Unreadable",
    "UserDrift",
    "compare",
]
