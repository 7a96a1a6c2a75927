"""Keys that sign a backup."""

from __future__ import annotations

import base64
import os
import stat
from typing import TYPE_CHECKING, Final, NoReturn

from ..._ground.extras import require_extra
from ..._ground.faults import FaultsOf
from ..._storage import read_file
from ...errors import BackupKeyError
from .agent import sign_by_agent
from .sshsig import (
    ED25519,
    NAMESPACE,
    Signature,
    fingerprint,
    message_to_sign,
    public_blob,
    raw_key,
    read_string,
    string,
)

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SigningKey", "read_key_file"]

_LARGEST: Final = 2**16
_BEGIN: Final = b"-----BEGIN OPENSSH PRIVATE KEY-----"
_END: Final = b"-----END OPENSSH PRIVATE KEY-----"
_MAGIC: Final = b"openssh-key-v1\0"
_MAKE_ONE: Final = "make one by `ssh-keygen -t ed25519`"


class SigningKey:
    """
    An Ed25519 key of OpenSSH that signs backups; ``SigningKey.read`` makes one.

    Attributes:
        path: The file that it was read from.
        fingerprint: As ``ssh-keygen -l`` prints it: ``SHA256:…``.
    """

    def __init__(self, path: str, public: bytes, sign: Callable[[bytes], bytes]) -> None:
        self.path = path
        self.fingerprint = fingerprint(public)
        self._public = public
        self._sign = sign

    @property
    def public_key(self) -> str:
        """The public key as one line, for ``allowed_signers`` behind an identity."""
        return f"{ED25519} {base64.b64encode(self._public).decode()}"

    def sign(self, data: bytes) -> bytes:
        """
        Return the SSH signature of *data* for backups.

        Raises:
            BackupKeyError: If the agent does not sign.
        """
        try:
            blob = self._sign(message_to_sign(data))
        except (OSError, ValueError) as error:
            reason = f"the SSH agent did not sign: {error}; add the key to it by `ssh-add`"
            raise BackupKeyError(self.path, reason) from None
        return Signature(self._public, NAMESPACE, blob).to_bytes()

    @staticmethod
    def is_protected(path: str | os.PathLike[str]) -> bool:
        """
        Check whether a private key needs a passphrase; False if it is none.

        Raises:
            BackupKeyError: If the file is too large.
            FilePermissionError, FileAccessError: If it cannot be read.
        """
        try:
            return _cipher(read_key_file(path)) != b"none"
        except ValueError:
            return False

    @classmethod
    def read(cls, path: str | os.PathLike[str], passphrase: str | None = None) -> SigningKey:
        """
        Read a key as ``ssh-keygen -t ed25519`` writes it.

        Args:
            path: Of the private key; or of the public one, whose private one ``ssh-agent`` has.

            passphrase: Of the private key.

        Raises:
            MissingExtraError: If the extra ``backup`` is not installed.
            BackupKeyError: If it is another kind of key, or the passphrase is wrong.
            FilePermissionError, FileAccessError: If it cannot be read.
        """
        require_extra("backup", "signing a backup", "cryptography")
        data = read_key_file(path)
        name = os.fspath(path)
        if _BEGIN not in data:
            public = _public_key(data, name)
            return cls(name, public, lambda message: sign_by_agent(public, message))
        return cls(name, *_private_key(data, name, passphrase))

    def __repr__(self) -> str:
        return f"SigningKey({self.fingerprint!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key cannot be pickled")


def read_key_file(path: str | os.PathLike[str]) -> bytes:
    """
    Read a file with keys; or a pipe to its end, such as ``<(pass show key)`` of a shell makes.

    Raises:
        BackupKeyError: If there is none.
        FilePermissionError, FileAccessError: If it cannot be read, or is too large to be one.
    """
    name = os.fspath(path)
    if _is_pipe(name):
        with FaultsOf(name, "reading"), open(name, "rb") as pipe:
            return pipe.read(_LARGEST)
    file = read_file(name, largest=_LARGEST)
    if not file.exists:
        raise BackupKeyError(name, "there is no such file: check the path")
    return file.data


def _is_pipe(path: str) -> bool:
    try:
        return stat.S_ISFIFO(os.stat(path).st_mode)
    except (OSError, ValueError):  # whoever reads it says more
        return False


def _cipher(data: bytes) -> bytes:
    """Return the name of the cipher of a private key."""
    blob = base64.b64decode(data.partition(_BEGIN)[2].partition(_END)[0])
    if not blob.startswith(_MAGIC):
        raise ValueError("no private key of OpenSSH")
    return read_string(blob[len(_MAGIC) :])[0]


def _public_key(data: bytes, path: str) -> bytes:
    words = data.split()
    try:
        blob = base64.b64decode(words[1], validate=True)
    except (IndexError, ValueError):
        blob = b""
    if words[:1] != [ED25519.encode()] or raw_key(blob) is None:
        reason = f"it is no Ed25519 key of OpenSSH, private or public: {_MAKE_ONE}"
        raise BackupKeyError(path, reason)
    return blob


def _private_key(
    data: bytes, path: str, passphrase: str | None
) -> tuple[bytes, Callable[[bytes], bytes]]:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_ssh_private_key

    try:
        is_protected = _cipher(data) != b"none"
        password = (passphrase or "").encode() if is_protected else None
        key = load_ssh_private_key(data, password)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if isinstance(key, Ed25519PrivateKey):
        sign = key.sign
        head = string(ED25519.encode())
        public = public_blob(key.public_key().public_bytes_raw())
        return public, lambda message: head + string(sign(message))
    raise BackupKeyError(path, _why_not(data, passphrase, is_other=key is not None))


def _why_not(data: bytes, passphrase: str | None, *, is_other: bool) -> str:
    if is_other:
        return f"it is no Ed25519 key: {_MAKE_ONE}"
    try:
        is_protected = _cipher(data) != b"none"
    except ValueError:
        is_protected = False
    if is_protected and passphrase is None:
        return "it has a passphrase: give it, or give the public key and let ssh-agent sign"
    if is_protected:
        return "the passphrase is wrong, or the key is damaged"
    return f"it is damaged, or of a kind that cannot be read: {_MAKE_ONE}"
