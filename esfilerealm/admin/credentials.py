"""Credentials for the ``users`` file: a new password, wherever it is kept, or a finished hash."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Final

from .._ground.ahead import PASSWORD_BYTES, password_bytes, take_hash
from .._ground.faults import FaultsOf
from .._ground.java import has_lone_surrogate
from ..errors import FileAccessError, InvalidHashError, InvalidPasswordError, InvalidSettingError
from ..names import validate_password

if TYPE_CHECKING:
    from ..settings import RealmSettings

# Hashing is imported where it is needed: a command may have begun the hash before all else.

__all__ = ["NewCredentials", "hash_remark", "one_line", "password_in_file", "variable_shown"]

#: The largest password file, in bytes.
_LONGEST: Final = 65_536

#: How every hash begins that a node knows.
_HASH_STARTS: Final = ("$2", "{")
_HASH_REMARK: Final = "the password is itself a hash: to store a hash, use password_hash (--hash)"

_UNNAMED_VARIABLE: Final = (
    "the environment variable (its name is not shown, since it may be a password)"
)


class NewCredentials:
    """
    New credentials of a user. Everything cheap is checked at once; the hash is computed later.

    Args:
        password: At least 6 characters; None if there is a hash.

        password_hash: A hash that a node can use; None if there is a password.

        settings: Of the node. They name the algorithm; in FIPS mode, it must be PBKDF2.

    Raises:
        TypeError: Unless exactly one of both is given.
        InvalidPasswordError, InvalidHashError: If it cannot be stored.
        InvalidSettingError: If FIPS mode forbids the algorithm.
    """

    def __init__(
        self, password: str | None, password_hash: str | None, settings: RealmSettings
    ) -> None:
        if (password is None) == (password_hash is None):
            raise TypeError("give either password or password_hash")
        self._password = password
        self._password_hash = password_hash
        self._algorithm = settings.password_hashing_algorithm
        if password is not None:
            _check_text(validate_password(password))
            _check_algorithm(settings)
        if password_hash is not None:
            _check_hash(password_hash, settings)

    @property
    def remark(self) -> str:
        """What somebody should know of the password, or nothing."""
        password = self._password or ""
        if remark := hash_remark(password):
            return remark
        if len(password_bytes(password)) <= PASSWORD_BYTES:
            return ""
        from ..hashing.bcrypt import truncation_of

        is_bcrypt = self._algorithm.lower().startswith("bcrypt")
        return truncation_of(password) if is_bcrypt else ""

    def hashed(self) -> str:
        """
        Return the hash to store. For a password this is the slow part.

        Raises:
            UnknownHashAlgorithmError: If the algorithm of the settings cannot hash passwords.
        """
        if self._password_hash is not None:
            return self._password_hash
        password = self._password or ""
        if len(password_bytes(password)) <= PASSWORD_BYTES:
            begun = take_hash(password, self._algorithm)
            if begun is not None:
                return begun
        from .. import hashing

        return hashing.hash_password(password, self._algorithm)


def hash_remark(password: str) -> str:
    """Return a warning if a password is itself a hash that a node knows, or nothing."""
    if not password.startswith(_HASH_STARTS):
        return ""
    from .. import hashing

    is_hash = hashing.hash_problem(password) is None
    return _HASH_REMARK if is_hash else ""


def _check_text(password: str) -> None:
    """Refuse half surrogate pairs, which come from bytes that are not UTF-8."""
    if has_lone_surrogate(password):
        raise InvalidPasswordError("must be text that UTF-8 can hold")


def _check_algorithm(settings: RealmSettings) -> None:
    if not settings.fips_mode_enabled:
        return
    from .. import hashing

    algorithm = settings.password_hashing_algorithm
    if not hashing.is_pbkdf2(algorithm):
        key = "xpack.security.authc.password_hashing.algorithm"
        raise InvalidSettingError(key, algorithm, "FIPS mode allows PBKDF2 only", "the settings")


def _check_hash(password_hash: str, settings: RealmSettings) -> None:
    if not isinstance(password_hash, str):
        raise InvalidHashError(f"it must be text, not {type(password_hash).__name__}")
    from .. import hashing

    hasher = hashing.check_hash(password_hash)
    if settings.fips_mode_enabled and not hashing.is_pbkdf2(hasher.name):
        raise InvalidHashError("FIPS mode allows PBKDF2 only")


def password_in_file(path: str) -> str:
    """
    Read a password from a file; one line end at the end of the file is not part of it.

    Raises:
        FilePermissionError, FileAccessError: If the file cannot be read.
        InvalidPasswordError: If it is not UTF-8, too large, empty, or of more than one line.
    """
    if not _exists(path):
        raise _absent(path)
    with FaultsOf(path, "reading"), open(path, "rb") as file:
        data = file.read(_LONGEST + 1)
    if len(data) > _LONGEST:
        raise InvalidPasswordError(f"password file [{path}] holds more than {_LONGEST} bytes")
    text: str | None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = None
    # Not in the handler: its error, which holds the secret, would be the context of this one.
    if text is None:
        raise InvalidPasswordError(f"password file [{path}] is not UTF-8")
    return one_line(text, f"password file [{path}]")


def variable_shown(name: str) -> str:
    """Return the name of a variable for a message, unless it may be a password by mistake."""
    is_name = name.isascii() and name.isidentifier() and name == name.upper()
    return f"environment variable [{name}]" if is_name else _UNNAMED_VARIABLE


def _exists(path: str) -> bool:
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError, ValueError):  # a NUL is in no name
        return False
    except OSError as error:
        return error.errno not in (errno.ENAMETOOLONG, errno.ELOOP)
    return True


def _absent(path: str) -> FileAccessError:
    """Return the error about a file that is not there: its name may be a password by mistake."""
    folder = os.path.dirname(os.path.abspath(path))
    place = folder if _exists(folder) else "password file"
    what = "the password file is not in it" if place == folder else "it is not there"
    return FileAccessError(place, errno.ENOENT, f"{what}: {os.strerror(errno.ENOENT)}")


def one_line(text: str, source: str) -> str:
    """
    Return *text* without the line end behind it.

    Raises:
        InvalidPasswordError: If nothing is left, or more than one line; the message names *source*.
    """
    line = text.removesuffix("\n").removesuffix("\r")
    if not line:
        raise InvalidPasswordError(f"{source} holds no password")
    if "\n" in line or "\r" in line:
        raise InvalidPasswordError(f"{source} holds more than one line")
    return line
