"""Where a password comes from."""

from __future__ import annotations

import os
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from ..admin.password_sources import one_line, password_in_file
from ..errors import PasswordTruncatedWarning
from ..names import validate_password
from .exits import CONFIGURATION, DATA, CommandError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .arguments import Invocation

__all__ = [
    "Secret",
    "asked_password",
    "check_one_source",
    "new_secret",
    "password_given",
    "truncation_shown",
]

_SOURCES: Final = (
    "password",
    "password-stdin",
    "password-file",
    "password-env",
    "hash",
    "generate",
)

#: Of letters and digits: 130 bits, far beyond guessing, and within the 72 bytes of bcrypt.
_GENERATED_LENGTH: Final = 22


class Secret:
    """A new password or a finished hash: one of the two, as ``UsersTool`` takes them."""

    def __init__(self, *, password: str | None = None, password_hash: str | None = None) -> None:
        self.password = password
        self.password_hash = password_hash


def new_secret(invocation: Invocation) -> Secret:
    """
    Give what the options say, or ask twice.

    Raises:
        UsageError: If more than one option gives it.
        CommandError: If its source cannot be used, or if the two answers differ.
        InvalidPasswordError: If it is too short; an answer before it is asked for again.
    """
    if invocation.has("hash"):
        check_one_source(invocation)
        return Secret(password_hash=invocation.value("hash"))
    if invocation.has("generate"):
        check_one_source(invocation)
        return Secret(password=_generated())
    password = password_given(invocation)
    if password is None:
        password = asked_password(invocation)
    return Secret(password=validate_password(password))


def password_given(invocation: Invocation) -> str | None:
    """Give the password that an option gives or names the source of, or None."""
    check_one_source(invocation)
    if invocation.has("password-stdin"):
        return one_line(invocation.terminal.read_secret(), "standard input")
    if (path := invocation.value("password-file")) is not None:
        return password_in_file(path)
    if (name := invocation.value("password-env")) is not None:
        if name not in os.environ:
            raise CommandError(f"environment variable [{name}] is not set", CONFIGURATION)
        return os.environ[name]
    return invocation.value("password")


def asked_password(invocation: Invocation) -> str:
    """Ask for a new password twice."""
    password = validate_password(invocation.terminal.ask_secret("Enter new password: "))
    if invocation.terminal.ask_secret("Retype new password: ") != password:
        raise CommandError("the two passwords differ", DATA)
    return password


@contextmanager
def truncation_shown(invocation: Invocation) -> Iterator[None]:
    """Print the warning of a password longer than bcrypt reads as one line."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", PasswordTruncatedWarning)
        yield
    for warning in caught:
        invocation.terminal.warn(f"WARNING: {warning.message}")


def check_one_source(invocation: Invocation) -> None:
    """Refuse options of which only one can be meant."""
    given = [f"--{key}" for key in _SOURCES if invocation.has(key)]
    if len(given) > 1:
        raise UsageError(f"only one of [{', '.join(given)}] can give the password")


def _generated() -> str:
    import secrets
    from string import ascii_letters, digits

    # Not by passlib.pwd: it imports pkg_resources, which Python 3.12 and newer come without.
    return "".join(secrets.choice(ascii_letters + digits) for _ in range(_GENERATED_LENGTH))
