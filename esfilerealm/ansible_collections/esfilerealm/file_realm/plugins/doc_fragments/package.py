"""What the documentation of all modules has in common."""

from __future__ import annotations


class ModuleDocFragment:
    """What all modules need, and where they run."""

    DOCUMENTATION = r"""
requirements:
  - python >= 3.11 on the target
  - esfilerealm, a Python package, on the target
attributes:
  platform:
    support: full
    description: Supported systems.
    platforms: posix
author:
  - the authors of esfilerealm
"""

    READS = r"""
attributes:
  check_mode:
    support: full
    description: Does the same; it never writes anything.
  diff_mode:
    support: none
    description: Shows names and roles before and after.
  idempotent:
    support: full
    description: If nothing changes, no file is written; inodes and timestamps stay.
"""
