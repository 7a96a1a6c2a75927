"""Packages of the extras."""

from __future__ import annotations

import importlib

from ..errors import MissingExtraError
from .system_faults import require_missing

__all__ = ["require_extra"]


def require_extra(extra: str, purpose: str, *modules: str) -> None:
    """
    Import what an extra installs.

    Args:
        extra: The extra of ``esfilerealm``.

        purpose: What needs it, for the error.

        modules: The modules to import.

    Raises:
        MissingExtraError: If one of them is not installed.
        OSError: If the system could not load it.
    """
    for module in modules:
        try:
            importlib.import_module(module)
        except ImportError as error:
            require_missing(error)
        else:
            continue
        raise MissingExtraError(extra, purpose)
