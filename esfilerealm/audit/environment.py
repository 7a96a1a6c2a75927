"""Which audit log a writer of files uses: the one that is given, or that of the environment."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .keys import named_by
from .log import AuditLog

if TYPE_CHECKING:
    from .._storage import ChangeLog

__all__ = ["chosen_log"]


def chosen_log(
    audit: str | os.PathLike[str] | ChangeLog | None = None,
    key: bytes | str | os.PathLike[str] | None = None,
) -> ChangeLog | None:
    """
    Return the log of the changes that somebody is about to make, or None if there is to be none.

    Args:
        audit: Its path, or the log itself. By default, ``ESFILEREALM_AUDIT`` names it.

        key: Its key, or a file that holds it. By default, ``ESFILEREALM_AUDIT_KEY`` names the file.

    Raises:
        AuditLogError: If the path is empty, or a key of bytes is too short.
    """
    path, key_file = named_by(os.environ)
    if audit is not None and not isinstance(audit, str | os.PathLike):
        return audit
    chosen = path if audit is None else os.fspath(audit)
    if chosen is None:
        return None
    return AuditLog(chosen, key_file if key is None else key)
