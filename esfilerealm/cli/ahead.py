"""Begin to hash a new password at once, while the rest of the command is imported and read."""

from __future__ import annotations

import os

from .._ground.ahead import start_hash

__all__ = ["hash_ahead"]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from .arguments import Arguments
    from .target import Target

_ALGORITHM, _COST = "bcrypt", 10
"""What nodes hash with unless a setting names another algorithm."""

#: Any setting that names another one has one of these in its name.
_OTHERWISE = ("hashing", "fips")

_SHORTEST = 6
_LARGEST = 1024
"""Bytes of a password file that are read here; a larger one is refused later anyway."""


def hash_ahead(arguments: Arguments, target: Target) -> None:
    """
    Begin to hash the new password, if it is at hand and probably hashed by the default algorithm.

    The guess decides nothing: the hash is used only if the settings, which are read meanwhile, name
    the same algorithm, and every check of the password is made as ever.
    """
    password = _password(arguments)
    if password is not None and len(password) >= _SHORTEST and _is_default(arguments, target):
        start_hash(password, _ALGORITHM, _COST)


def _password(arguments: Arguments) -> str | None:
    """Return the password that an option gives, if it can be read without asking or waiting."""
    password = arguments.value("password")
    if password is None and (name := arguments.value("password-env")):
        password = os.environ.get(name)
    if password is None and (path := arguments.value("password-file")):
        password = _line_of(path)
    return password


def _line_of(path: str) -> str | None:
    if not os.path.isfile(path):  # a pipe is read once
        return None
    try:
        with open(path, "rb") as file:
            return file.read(_LARGEST).decode("utf-8-sig").removesuffix("\n").removesuffix("\r")
    except (OSError, ValueError):
        return None  # reported when it is read in earnest


def _is_default(arguments: Arguments, target: Target) -> bool:
    """Check that no source of settings mentions another algorithm, without parsing any."""
    settings = [*arguments.values("E"), *os.environ]
    try:
        with open(os.path.join(target.config_dir, "elasticsearch.yml"), "rb") as file:
            settings.append(file.read().decode("latin-1"))
    except FileNotFoundError:
        pass
    except Exception:  # noqa: BLE001 - whatever is wrong is reported when it is read in earnest
        return False
    text = "\n".join(settings).lower()
    return not any(word in text for word in _OTHERWISE)
