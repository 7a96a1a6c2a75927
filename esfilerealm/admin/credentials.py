"""A password, or a hash made elsewhere, on its way into the ``users`` file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import hashing
from .._ground.java import has_lone_surrogate
from ..errors import InvalidHashError, InvalidPasswordError, InvalidSettingError
from ..names import validate_password

if TYPE_CHECKING:
    from ..settings import RealmSettings

__all__ = ["NewCredentials"]


class NewCredentials:
    """
    What a user is to log in with: all that is cheap is checked at once, the hash computed later.

    Args:
        password: At least 6 characters; None if there is a hash.

        password_hash: One that a node can use; None if there is a password.

        settings: Of the node. They name the algorithm; with FIPS mode on, it must be PBKDF2.

    Raises:
        TypeError: If not just one of both is given.
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

    def hashed(self) -> str:
        """
        Give the hash to store. For a password this is the slow part.

        Raises:
            UnknownHashAlgorithmError: If the algorithm of the settings is none for passwords.
        """
        if self._password_hash is not None:
            return self._password_hash
        return hashing.hash_password(self._password or "", self._algorithm)


def _check_text(password: str) -> None:
    """Refuse halves of characters, such as a shell's bytes that are no UTF-8: they become ``?``."""
    if has_lone_surrogate(password):
        raise InvalidPasswordError("must be text that UTF-8 can hold")


def _check_algorithm(settings: RealmSettings) -> None:
    algorithm = settings.password_hashing_algorithm
    if settings.fips_mode_enabled and not hashing.is_pbkdf2(algorithm):
        key = "xpack.security.authc.password_hashing.algorithm"
        raise InvalidSettingError(key, algorithm, "FIPS mode allows PBKDF2 only", "the settings")


def _check_hash(password_hash: str, settings: RealmSettings) -> None:
    if not isinstance(password_hash, str):
        raise InvalidHashError(f"it must be text, not {type(password_hash).__name__}")
    hasher = hashing.check_hash(password_hash)
    if settings.fips_mode_enabled and not hashing.is_pbkdf2(hasher.name):
        raise InvalidHashError("FIPS mode allows PBKDF2 only")
