"""Encryption with age: to recipients or a passphrase, so that the program ``age`` opens it too."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, Final

from ..._ground.extras import require_extra
from ...errors import BackupDecryptionError, BackupKeyError
from .keys import read_key_file

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Lock", "decrypt", "is_encrypted", "read_recipients"]

_HEADER: Final = b"age-encryption.org/v1\n"
_ARMOUR: Final = b"-----BEGIN AGE ENCRYPTED FILE-----"
_IDENTITY: Final = "AGE-SECRET-KEY-1"
_SSH: Final = ("ssh-ed25519 ", "ssh-rsa ")
_PRIVATE_KEY: Final = b"-----BEGIN"
#: Where the header ends, and how much work a passphrase may cost: 2 ** 22 is some seconds.
_LONGEST_HEADER: Final = 2**16
_SCRYPT: Final = re.compile(rb"\A-> scrypt [A-Za-z0-9+/]+ ([0-9]{1,3})$", re.MULTILINE)
_MOST_WORK: Final = 22


class Lock:
    """
    What encrypts a backup.

    Args:
        recipients: Public keys: ``age1…``, or lines of ``ssh-ed25519`` or ``ssh-rsa``.

        passphrase: In place of them.

    Raises:
        MissingExtraError: If the extra ``backup`` is not installed.
        BackupKeyError: If one of the keys is none.
        ValueError: If both are given, or the passphrase is empty.
    """

    def __init__(self, recipients: Sequence[str], passphrase: str | None) -> None:
        if recipients and passphrase is not None:
            raise ValueError("give recipients or a passphrase: age takes no file with both")
        if passphrase == "":
            raise ValueError("the passphrase is empty")
        self.is_closed = bool(recipients) or passphrase is not None
        if self.is_closed:
            _require_age("encrypting a backup")
        self._recipients = list(map(_recipient, recipients))
        self._passphrase = passphrase

    def encrypt(self, data: bytes) -> bytes:
        """Return *data* encrypted; as it is, if there is nobody to encrypt it to."""
        if not self.is_closed:
            return data
        import pyrage

        if self._passphrase is not None:
            sealed: bytes = pyrage.passphrase.encrypt(data, self._passphrase)
        else:
            sealed = pyrage.encrypt(data, self._recipients)
        return sealed


def read_recipients(path: str | os.PathLike[str]) -> list[str]:
    """
    Read a file of recipients as ``age -R`` does: one a line, without comments.

    Raises:
        BackupKeyError: If there is no such file, or no recipient in it.
        FilePermissionError, FileAccessError: If it cannot be read.
    """
    lines = read_key_file(path).decode("utf-8", "replace").splitlines()
    found = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    if not found:
        raise BackupKeyError(os.fspath(path), "it names no recipient: write one a line")
    return found


def is_encrypted(data: bytes) -> bool:
    """Check whether a file is encrypted by age."""
    return data.startswith((_HEADER, _ARMOUR))


def decrypt(data: bytes, identities: Sequence[str], passphrase: str | None, source: str) -> bytes:
    """
    Decrypt a file.

    Args:
        data: The whole file.

        identities: Paths of files with private keys, as for ``age -i``, or keys that begin with
            ``AGE-SECRET-KEY-1`` themselves.

        passphrase: If it was encrypted by one.

        source: The backup, for errors.

    Raises:
        MissingExtraError: If the extra ``backup`` is not installed.
        BackupDecryptionError: If nothing of this opens it, or it was changed.
        BackupKeyError: If an identity cannot be used.
        FilePermissionError, FileAccessError: If an identity cannot be read.
    """
    _require_age("decrypting a backup")
    import pyrage

    by_passphrase = _needs_passphrase(data, source)
    keys = [] if by_passphrase else [key for each in identities for key in _identities(each)]
    if passphrase is None if by_passphrase else not keys:
        what = (
            "by a passphrase: give it (for a command, --passphrase-file)"
            if by_passphrase
            else "to recipients: give the private key of one (for a command, --age-identity)"
        )
        raise BackupDecryptionError(source, f"it is encrypted {what}")
    try:
        if by_passphrase:
            opened: bytes = pyrage.passphrase.decrypt(data, passphrase)
        else:
            opened = pyrage.decrypt(data, keys)
    except pyrage.DecryptError:
        what = "the passphrase is wrong" if by_passphrase else "none of the identities opens it"
        raise BackupDecryptionError(source, f"{what}, or the backup was changed") from None
    return opened


def _needs_passphrase(data: bytes, source: str) -> bool:
    """Check whether a passphrase opens it; refuse one that would cost hours to try."""
    scrypt = _SCRYPT.search(data[len(_HEADER) : _LONGEST_HEADER])
    if scrypt is not None and int(scrypt[1]) > _MOST_WORK:
        reason = f"its passphrase costs 2^[{int(scrypt[1])}] steps, and at most 2^[{_MOST_WORK}]"
        raise BackupDecryptionError(source, f"{reason} are done")
    return scrypt is not None


def _require_age(purpose: str) -> None:
    require_extra("backup", purpose, "pyrage")


def _recipient(text: str) -> Any:  # noqa: ANN401 - pyrage has no types
    import pyrage

    kind = pyrage.ssh.Recipient if text.startswith(_SSH) else pyrage.x25519.Recipient
    try:
        return kind.from_str(text.strip())
    except pyrage.RecipientError:
        pass
    # It may be a private key by mistake.
    shown = text[:4] if text.startswith(("age1", "ssh-")) else "recipient"
    reason = "it is no recipient: give a public key, age1… or a line of ssh-ed25519 or ssh-rsa"
    raise BackupKeyError(f"{shown}…", reason)


def _identities(text: str) -> list[Any]:
    import pyrage

    if text.startswith(_IDENTITY):
        return [_identity(text, "AGE-SECRET-KEY-1…")]
    data = read_key_file(text)
    if data.startswith(_PRIVATE_KEY):
        try:
            return [pyrage.ssh.Identity.from_buffer(data)]
        except pyrage.IdentityError:
            reason = "it has a passphrase, or is of a kind that age does not know"
            raise BackupKeyError(text, f"{reason}: decrypt the backup by `age -d -i`") from None
    lines = data.decode("utf-8", "replace").splitlines()
    keys = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    if not keys:
        raise BackupKeyError(text, "it holds no identity: make one by `age-keygen`")
    return [_identity(key, text) for key in keys]


def _identity(text: str, path: str) -> Any:  # noqa: ANN401 - likewise
    import pyrage

    try:
        return pyrage.x25519.Identity.from_str(text)
    except pyrage.IdentityError:
        pass
    if text.startswith(("age1", "ssh-")):
        raise BackupKeyError(path, "it is a public key: give the private key that belongs to it")
    reason = f"it holds no identity of age, which begins with {_IDENTITY}"
    raise BackupKeyError(path, reason)
