"""What a keystore holds, and the changes to it that are not saved yet. No disk."""

from __future__ import annotations

import os
import re
import secrets
import string
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from .._ground.ahead import password_bytes
from .._ground.extras import require_extra
from ..errors import (
    ConfigurationFileMissingError,
    InvalidPasswordError,
    InvalidSecureSettingError,
    KeystoreExistsError,
    KeystorePasswordError,
    SecureSettingExistsError,
    SecureSettingNotFoundError,
)
from .crypto import decrypt, encrypt
from .reader import LARGEST_FILE, MOST_SETTINGS, Block, read_block, read_sealed, read_settings
from .writer import write_sealed, write_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from .reader import Sealed
    from .versions import Format

__all__ = [
    "SEED",
    "Contents",
    "Draft",
    "Origin",
    "encoded_value",
    "new_seed",
    "validate_setting_name",
]

#: The extra, what needs it, and the package that encrypts.
_CRYPTOGRAPHY: Final = (
    "keystore",
    "a keystore",
    "cryptography.hazmat.primitives.ciphers.aead",
)

SEED: Final = "keystore.seed"
"""The setting that each keystore has: random characters, from which a node makes other secrets."""

_SEED_CHARACTERS: Final = string.ascii_letters + string.digits + "~!@#$%^&*-_=+?"
_SEED_LENGTH: Final = 20
_SALT_SIZE: Final = 64
_IV_SIZE: Final = 12

_NAME: Final = re.compile(r"[A-Za-z0-9_\-.]+")
_LONGEST_NAME: Final = 2**16 - 1

#: Bytes that a setting takes at most besides its value: in all, and for each character of its name.
_PER_SETTING: Final = 64
_MOST_PER_CHARACTER: Final = 6


def validate_setting_name(name: str) -> str:
    """
    Return *name* if a setting of that name can be put into a keystore.

    Names that other programs have put there may be any.

    Raises:
        InvalidSecureSettingError: If it has other characters than ASCII letters, digits, ``_``,
            ``-`` and ``.``, or none.

    Source:
        ``KeyStoreWrapper.validateSettingName``.
    """
    if _NAME.fullmatch(name) is None:
        rule = (
            "does not match the allowed setting name pattern [A-Za-z0-9_\\-.]+: use ASCII letters, "
            "digits, [_], [-] and [.] only"
        )
        raise InvalidSecureSettingError(name, rule)
    if len(name) > _LONGEST_NAME:
        raise InvalidSecureSettingError(name, f"must have at most {_LONGEST_NAME} characters")
    return name


@dataclass(slots=True)
class Contents:
    """
    The decrypted content, which can be changed.

    Attributes:
        source: The file, for messages.
        form: Its format.
        settings: Values by name.
        password: With which it is encrypted.
        has_password: Whether the file says that it has a password.
    """

    source: str
    form: Format
    settings: dict[str, bytes] = field(repr=False)
    password: str = field(default="", repr=False)
    has_password: bool = False

    @classmethod
    def new(cls, source: str, form: Format) -> Contents:
        """Return the content of a new keystore: the seed alone, without password."""
        return cls(source, form, {SEED: new_seed()})

    @classmethod
    def decrypted(cls, sealed: Sealed, password: str, source: str) -> Contents:
        """
        Decrypt a keystore.

        Raises:
            KeystorePasswordError: If the password is wrong, or the encrypted content was altered.
            KeystoreCorruptedError: If it is malformed under a right checksum.
            MissingExtraError: If ``cryptography`` is not installed.
        """
        _check_password(password)
        require_extra(*_CRYPTOGRAPHY)
        block = read_block(sealed, source)
        plaintext = decrypt(sealed.form, password, block.salt, block.iv, block.ciphertext)
        if plaintext is None:
            raise KeystorePasswordError(source, sealed.has_password)
        settings = read_settings(sealed.form, plaintext, source)
        return cls(source, sealed.form, settings, password, sealed.has_password)

    def encrypted(self) -> bytes:
        """
        Return the file, encrypted with a fresh salt and initialization vector.

        Raises:
            InvalidSecureSettingError: If it would be too large.
            MissingExtraError: If ``cryptography`` is not installed.
        """
        require_extra(*_CRYPTOGRAPHY)
        self._check_size()
        salt, iv = secrets.token_bytes(_SALT_SIZE), secrets.token_bytes(_IV_SIZE)
        plaintext = write_settings(self.form, self.settings)
        ciphertext = encrypt(self.form, self.password, salt, iv, plaintext)
        block = Block(salt, iv, ciphertext)
        return write_sealed(self.form, block, has_password=bool(self.password))

    def value(self, name: str) -> bytes:
        """Return a value; for errors see ``Keystore.file``."""
        if name not in self.settings:
            raise SecureSettingNotFoundError(name, self.source)
        return self.settings[name]

    def put(self, name: str, value: bytes) -> None:
        """Add a setting, or replace its value."""
        self.settings[name] = value

    def remove(self, name: str) -> None:
        """Remove a setting; for errors see ``Keystore.remove``."""
        self.value(name)
        del self.settings[name]

    def rename(self, old: str, new: str) -> None:
        """Change the name of a setting; for errors see ``Keystore.rename``."""
        value = self.value(old)
        if new in self.settings:
            raise SecureSettingExistsError(new, self.source)
        del self.settings[old]
        self.settings[new] = value

    def set_password(self, password: str) -> None:
        """Set the password with which the content is encrypted."""
        _check_password(password)
        self.password = password
        self.has_password = bool(password)

    def set_format(self, form: Format) -> None:
        """Change the format."""
        self.form = form

    def add_seed(self, seed: bytes) -> None:
        """Add the seed if there is none."""
        self.settings.setdefault(SEED, seed)

    def _check_size(self) -> None:
        """Refuse to write what could not be read again."""
        if len(self.settings) > MOST_SETTINGS:
            rule = f"the keystore would have more than {MOST_SETTINGS} settings"
            raise InvalidSecureSettingError(next(reversed(self.settings)), rule)
        sizes = {
            name: len(value) + len(name) * _MOST_PER_CHARACTER + _PER_SETTING
            for name, value in self.settings.items()
        }
        if sum(sizes.values()) > LARGEST_FILE - _PER_SETTING * 4:
            rule = f"the keystore would have more than {LARGEST_FILE} bytes, this one most of them"
            raise InvalidSecureSettingError(max(sizes, key=sizes.__getitem__), rule)


@dataclass(frozen=True, slots=True)
class Origin:
    """
    The file in which a keystore was read, or to which it was saved last.

    Attributes:
        path: An absolute path, links not followed.
        digest: Of the file.
        password: What opened it.
    """

    path: str
    digest: str | None
    password: str = field(repr=False)


@dataclass(slots=True)
class Draft:
    """
    A keystore with changes that are not saved yet.

    Attributes:
        contents: With all changes.
        origin: Where it comes from; None if it is new.
        changes: The changes, to be made again on a file that another program has written since.
    """

    contents: Contents
    origin: Origin | None = None
    changes: list[Callable[[Contents], object]] = field(default_factory=list, repr=False)
    _before: dict[str, bytes] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._before = {} if self.origin is None else dict(self.contents.settings)

    def noted(self) -> dict[str, list[str]]:
        """Return the names of the settings that change, by what happens to them; no value."""
        before, after = self._before, self.contents.settings
        told = {
            "settings_added": sorted(after.keys() - before.keys()),
            "settings_changed": sorted(
                name for name in before if after.get(name, before[name]) != before[name]
            ),
            "settings_removed": sorted(before.keys() - after.keys()),
        }
        if self.contents.password != ("" if self.origin is None else self.origin.password):
            told["keystore_password"] = ["changed"]
        return {what: names for what, names in told.items() if names}

    def change(self, change: Callable[[Contents], object]) -> None:
        """Make a change, and note it."""
        change(self.contents)
        self.changes.append(change)

    def onto(
        self, path: str, digest: str | None, data: bytes, *, overwrite: bool
    ) -> Contents | None:
        """
        Return the content to write in place of a file as it is now; None if the file stays.

        Args:
            path: The file.

            digest: Of its content; None if it does not exist.

            data: Its content.

            overwrite: Whether to replace a keystore that is not the origin.

        Raises:
            KeystoreExistsError: If it is not the origin, and not to be replaced.
            ConfigurationFileMissingError: If it is the origin, and was removed.
            KeystorePasswordError, KeystoreCorruptedError, KeystoreVersionError,
            SecureSettingNotFoundError, SecureSettingExistsError: If the changes cannot be made on
                what another program has written.
        """
        origin = self.origin
        if origin is None or origin.path != os.path.abspath(path):
            if digest is not None and not overwrite:
                raise KeystoreExistsError(path)
            return self.contents
        if digest is None:
            advice = "it was removed since it was read: read it again, or save to another path"
            raise ConfigurationFileMissingError(path, advice)
        if not self.changes:
            return None
        if digest == origin.digest:
            return self.contents
        found = Contents.decrypted(read_sealed(data, path), origin.password, path)
        for change in self.changes:
            change(found)
        return found

    def saved(self, path: str, digest: str | None, contents: Contents) -> Draft:
        """Return what is to be changed after *contents* were written to *path*."""
        written = replace(contents, source=path, has_password=bool(contents.password))
        return Draft(written, Origin(os.path.abspath(path), digest, contents.password))


def new_seed() -> bytes:
    """Return a value for a new ``keystore.seed``."""
    return "".join(secrets.choice(_SEED_CHARACTERS) for _ in range(_SEED_LENGTH)).encode()


def encoded_value(name: str, value: str | bytes) -> bytes:
    """
    Return a value as it is stored.

    Raises:
        InvalidSecureSettingError: If it is neither string nor bytes, or too large.
    """
    if isinstance(value, str):
        value = password_bytes(value)
    if not isinstance(value, bytes):
        rule = f"its value must be a string or bytes, not {type(value).__name__}"
        raise InvalidSecureSettingError(name, rule)
    if len(value) > LARGEST_FILE:
        rule = f"its value has {len(value)} bytes, and a keystore at most {LARGEST_FILE}"
        raise InvalidSecureSettingError(name, rule)
    return value


def _check_password(password: str) -> None:
    if not isinstance(password, str):
        raise InvalidPasswordError(f"must be a string, not {type(password).__name__}")
