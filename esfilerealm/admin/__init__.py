"""The half that writes: what an administrator does to the files of a realm."""

from __future__ import annotations

from .users_tool import UsersTool

__all__ = ["UsersTool"]
