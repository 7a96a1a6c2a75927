"""``ansible-path``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .exits import OK

if TYPE_CHECKING:
    from .arguments import Invocation

__all__ = ["run_ansible_path"]


def run_ansible_path(invocation: Invocation) -> int:
    """Print the folder that holds ``ansible_collections``: that of this package."""
    invocation.terminal.print(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    return OK
