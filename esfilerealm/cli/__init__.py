"""The command ``esfilerealm``: arguments, prompts, printing, exit codes."""

from __future__ import annotations

from .app import main, program

__all__ = ["main", "program"]
