"""Names that a node accepts, and that no new line could hold."""

from __future__ import annotations

from ..errors import InvalidRoleNameError, InvalidUsernameError
from ..names import validate_role_name

__all__ = ["check_writable_role_name", "check_writable_username"]


def check_writable_username(name: str) -> str:
    """
    Return *name* if a new line can hold it in either file.

    Raises:
        InvalidUsernameError: If it holds ``:`` or ``,`` or starts with ``#``.
    """
    if rule := _broken_rule(name):
        raise InvalidUsernameError(name, rule)
    return name


def check_writable_role_name(name: str) -> str:
    """
    Return *name* if a node accepts it and a new line can hold it.

    Raises:
        InvalidRoleNameError: If a node refuses it, or if it holds ``:`` or ``,`` or starts with
            ``#``.
    """
    if rule := _broken_rule(validate_role_name(name)):
        raise InvalidRoleNameError(name, rule)
    return name


def _broken_rule(name: str) -> str | None:
    if name.startswith("#"):
        return "must not start with [#], since its line would be a comment"
    if ":" in name:
        return "must not hold [:], which ends the first name of a line"
    if "," in name:
        return "must not hold [,], which ends a name in users_roles and in lists of roles"
    return None
