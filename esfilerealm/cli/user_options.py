"""Options of ``ensure`` as a desired state of one user, and what is wrong with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..provisioning import DesiredState
from ..provisioning.values import PASSWORD_SOURCES
from .exits import DATA, CommandError, UsageError
from .passwords import check_one_source, given_password
from .users import split_list

if TYPE_CHECKING:
    from ..errors import InvalidDesiredStateError
    from .arguments import Arguments
    from .terminal import Terminal

__all__ = ["about_options", "check_user_options", "user_of_options"]

#: Options of ``ensure`` and the fields of a user that they set.
_USER_OPTIONS: Final = {
    "password-file": "password_file",
    "password-env": "password_env",
    "hash": "password_hash",
    "update-password": "update_password",
    "expires": "expires",
    "locked": "locked",
}
_ROLE_OPTIONS: Final = {"roles": "roles", "add": "roles_add", "remove": "roles_remove"}

_PASSWORD_KEYS: Final = ("password-stdin", "password-file", "password-env", "password", "hash")

#: What ``DesiredState`` calls its source.
_OPTIONS: Final = "options"


def check_user_options(arguments: Arguments) -> None:
    """
    Check the options that exclude each other.

    Raises:
        UsageError: If two of them are given.
    """
    if arguments.has("absent"):
        _refuse_beside_absent(arguments)
    check_one_source(arguments)


def user_of_options(arguments: Arguments, terminal: Terminal) -> DesiredState:
    """
    Return the desired state of the user; a password of standard input is read.

    Raises:
        InvalidDesiredStateError: If an option breaks a rule.
    """
    user: dict[str, object] = {"name": arguments.first}
    if arguments.has("absent"):
        user["state"] = "absent"
    if arguments.has("password") or arguments.has("password-stdin"):
        user["password"] = given_password(arguments, terminal)
    for key, field in _USER_OPTIONS.items():
        if arguments.has(key):
            user[field] = arguments.value(key)
    if arguments.has("locked"):
        user["locked"] = arguments.choice("locked", ("true", "false")) == "true"
    for key, field in _ROLE_OPTIONS.items():
        roles = arguments.value(key)
        user[field] = None if roles is None else split_list(roles)
    return DesiredState.from_dict({"users": [user]}, source=_OPTIONS)


def about_options(error: InvalidDesiredStateError) -> CommandError:
    """Return an error about the desired state as one about the options that it was made of."""
    issues = [_about_options(issue) for issue in error.issues]
    if len(issues) > 1:
        issues.insert(0, "invalid options:")
    return CommandError(issues[0], DATA, *issues[1:])


def _about_options(issue: str) -> str:
    """Name options in an issue with the desired state that ``ensure`` makes of them."""
    place, _, rule = issue.partition(": ")
    fields, sources = ", ".join(PASSWORD_SOURCES), ", ".join(f"--{key}" for key in _PASSWORD_KEYS)
    rule = rule.replace(f"one of {fields}", f"one of {sources}")
    field = place.removeprefix(f"[{_OPTIONS}], users[0]").strip(".").partition("[")[0]
    options = {field: key for key, field in {**_USER_OPTIONS, **_ROLE_OPTIONS}.items()}
    options |= {key: key for key in ("password",)}
    if field == "name":
        return f"username {rule}"
    return f"option [{options[field]}]: {rule}" if field in options else rule


def _refuse_beside_absent(arguments: Arguments) -> None:
    for other in (*_ROLE_OPTIONS, *_USER_OPTIONS, "password", "password-stdin"):
        if arguments.has(other):
            raise UsageError(f"options [absent] and [{other}] exclude each other")
