"""Passwords: from options, files, the environment, standard input or a prompt."""

from __future__ import annotations

import os
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from ..admin.credentials import hash_remark, one_line, password_in_file, variable_shown
from ..errors import PasswordTruncatedWarning
from ..names import validate_password
from .exits import CONFIGURATION, DATA, CommandError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .arguments import Arguments
    from .terminal import Terminal

__all__ = [
    "KEYSTORE_PROMPT",
    "PASSWORD_KEYS",
    "Secret",
    "ask_new_password",
    "check_one_source",
    "current_password",
    "given_password",
    "named_password",
    "new_secret",
    "refuse_two_sources",
    "truncation_shown",
    "variable_and_source",
]

PASSWORD_KEYS: Final = ("password", "password-stdin", "password-file", "password-env")
"""The options that give a password, or name its source."""

_SOURCES: Final = (*PASSWORD_KEYS, "hash", "generate")

KEYSTORE_PROMPT: Final = "Enter password for the elasticsearch keystore : "
"""What Elasticsearch asks, word for word: people and scripts wait for it."""

#: Letters and digits: 130 bits, infeasible to guess, and within the 72 bytes of bcrypt.
_GENERATED_LENGTH: Final = 22


class Secret:
    """A new password or a hash, as ``UsersTool`` takes them."""

    def __init__(self, *, password: str | None = None, password_hash: str | None = None) -> None:
        self.password = password
        self.password_hash = password_hash


def new_secret(arguments: Arguments, terminal: Terminal) -> Secret:
    """
    Return the password or hash that the options give, or ask for a password twice.

    Raises:
        UsageError: If more than one option gives it.
        CommandError: If its source cannot be used, or if the two answers differ.
        InvalidPasswordError: If it is too short; an answer is checked before the second prompt.
    """
    if arguments.has("hash"):
        check_one_source(arguments)
        return Secret(password_hash=arguments.value("hash"))
    if arguments.has("generate"):
        check_one_source(arguments)
        return Secret(password=_generated())
    password = given_password(arguments, terminal)
    if password is None:
        password = ask_new_password(terminal)
    remark = hash_remark(validate_password(password))
    if remark:
        terminal.warn(f"WARNING: {remark}")
    return Secret(password=password)


def current_password(arguments: Arguments, terminal: Terminal) -> str:
    """Return the existing password that an option gives, or ask for it once."""
    password = given_password(arguments, terminal)
    return terminal.ask_secret("Enter password: ") if password is None else password


def given_password(arguments: Arguments, terminal: Terminal) -> str | None:
    """Return the password that an option gives or names the source of, or None."""
    check_one_source(arguments)
    if arguments.has("password-stdin"):
        return one_line(terminal.read_secret(), "standard input")
    if (path := arguments.value("password-file")) is not None:
        return password_in_file(path)
    if (name := arguments.value("password-env")) is not None:
        return variable_and_source(name)[0]
    return arguments.value("password")


def named_password(arguments: Arguments, option: str) -> str | None:
    """Return the password from the file or variable that *option*-file or -env names, or None."""
    refuse_two_sources(arguments, option)
    if (path := arguments.value(f"{option}-file")) is not None:
        return password_in_file(path)
    variable = arguments.value(f"{option}-env")
    return None if variable is None else one_line(*variable_and_source(variable))


def refuse_two_sources(arguments: Arguments, option: str) -> None:
    """
    Check that *option*-file and -env are not both given.

    Raises:
        UsageError: If they are.
    """
    flags = [f"{option}-file", f"{option}-env"]
    if all(map(arguments.has, flags)):
        raise UsageError(f"only one of [--{', --'.join(flags)}] can give the password")


def variable_and_source(name: str) -> tuple[str, str]:
    """
    Return the value of an environment variable, and what to call it in an error.

    Raises:
        CommandError: If it is not set.
    """
    if name not in os.environ:
        raise CommandError(f"{variable_shown(name)} is not set", CONFIGURATION)
    return os.environ[name], f"environment variable [{name}]"


def ask_new_password(terminal: Terminal) -> str:
    """Ask for a new password twice."""
    password = validate_password(terminal.ask_secret("Enter new password: "))
    if terminal.ask_secret("Retype new password: ") != password:
        raise CommandError("the two passwords differ", DATA)
    return password


@contextmanager
def truncation_shown(terminal: Terminal) -> Iterator[None]:
    """Print the warning that bcrypt truncates a password as one line."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", PasswordTruncatedWarning)
        yield
    for warning in caught:
        terminal.warn(f"WARNING: {warning.message}")


def check_one_source(arguments: Arguments) -> None:
    """Refuse more than one source of the password."""
    given = [f"--{key}" for key in _SOURCES if arguments.has(key)]
    if len(given) > 1:
        raise UsageError(f"only one of [{', '.join(given)}] can give the password")


def _generated() -> str:
    import secrets
    from string import ascii_letters, digits

    # Without passlib.pwd: it imports pkg_resources, which newer Pythons do not install.
    return "".join(secrets.choice(ascii_letters + digits) for _ in range(_GENERATED_LENGTH))
