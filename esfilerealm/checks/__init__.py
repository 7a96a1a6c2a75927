"""
Checks: they read, and report what a person should look at. Nothing here writes or takes a lock.

``check_realm`` checks the files of a realm on disk, ``check_parsed`` what the files say, and
``check_entries`` that line by line.
"""

from __future__ import annotations

from ..findings import Finding
from .realm import check_entries, check_parsed, check_realm
from .rules import TITLES

__all__ = ["TITLES", "Finding", "check_entries", "check_parsed", "check_realm"]
