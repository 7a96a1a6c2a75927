"""The half that logs in: what a node does with the files of a realm."""

from __future__ import annotations

from .base import AuthenticationResult, AuthenticationStatus, User, UsernamePasswordToken
from .file import FileRealm

__all__ = [
    "AuthenticationResult",
    "AuthenticationStatus",
    "FileRealm",
    "User",
    "UsernamePasswordToken",
]
