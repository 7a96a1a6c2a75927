"""
SSH signatures as ``ssh-keygen -Y`` makes and verifies them: their bytes, with Ed25519 keys.

Source:
    ``PROTOCOL.sshsig`` and ``PROTOCOL`` of OpenSSH, RFC 4251 (strings) and RFC 8709 (Ed25519).
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import Final

__all__ = [
    "ED25519",
    "NAMESPACE",
    "Signature",
    "armoured",
    "fingerprint",
    "message_to_sign",
    "public_blob",
    "raw_key",
    "read_string",
    "string",
]

NAMESPACE: Final = "esfilerealm-backup"
"""What a signature is for: one that was made for anything else does not count here."""

ED25519: Final = "ssh-ed25519"

_MAGIC: Final = b"SSHSIG"
_VERSION: Final = (1).to_bytes(4, "big")
_HASH: Final = "sha512"
_BEGIN: Final = b"-----BEGIN SSH SIGNATURE-----\n"
_END: Final = b"-----END SSH SIGNATURE-----\n"
_COLUMNS: Final = 70
_LARGEST: Final = 2**14
_LENGTH: Final = 4
_HASHES: Final = ("sha256", "sha512")


def string(data: bytes) -> bytes:
    """Return *data* with its length before it."""
    return len(data).to_bytes(_LENGTH, "big") + data


def read_string(data: bytes) -> tuple[bytes, bytes]:
    """
    Return the first string of *data*, and what follows.

    Raises:
        ValueError: If it is cut off.
    """
    length = int.from_bytes(data[:_LENGTH], "big")
    end = _LENGTH + length
    if len(data) < end:
        raise ValueError("cut off")
    return data[_LENGTH:end], data[end:]


def public_blob(raw: bytes) -> bytes:
    """Return the blob of an Ed25519 key from its 32 bytes."""
    return string(ED25519.encode()) + string(raw)


def raw_key(blob: bytes) -> bytes | None:
    """Return the 32 bytes of an Ed25519 key from its blob; None for any other key."""
    head = string(ED25519.encode()) + (32).to_bytes(_LENGTH, "big")
    is_one = blob.startswith(head) and len(blob) == len(head) + 32
    return blob[len(head) :] if is_one else None


def fingerprint(blob: bytes) -> str:
    """Return the fingerprint of a key as ``ssh-keygen -l`` prints it."""
    digest = base64.b64encode(hashlib.sha256(blob).digest()).decode()
    return "SHA256:" + digest.rstrip("=")


def message_to_sign(data: bytes, namespace: str = NAMESPACE, hash_name: str = _HASH) -> bytes:
    """Return what the key signs for *data*."""
    parts = (namespace.encode(), b"", hash_name.encode(), hashlib.new(hash_name, data).digest())
    return _MAGIC + b"".join(map(string, parts))


@dataclass(frozen=True, slots=True)
class Signature:
    """
    One signature.

    Attributes:
        public_key: The blob of the key.
        namespace: What it is for.
        hash_name: How the signed data was hashed.
        signature: Its kind and its bytes, as a blob.
    """

    public_key: bytes
    namespace: str
    signature: bytes
    hash_name: str = _HASH

    @property
    def raw(self) -> bytes | None:
        """The 64 bytes of an Ed25519 signature; None if it is another."""
        head = string(ED25519.encode()) + (64).to_bytes(_LENGTH, "big")
        is_one = self.signature.startswith(head) and len(self.signature) == len(head) + 64
        return self.signature[len(head) :] if is_one else None

    def to_bytes(self) -> bytes:
        """Return the signature as a file has it."""
        parts = (self.public_key, self.namespace.encode(), b"", self.hash_name.encode())
        blob = _MAGIC + _VERSION + b"".join(map(string, (*parts, self.signature)))
        return armoured(blob)

    @classmethod
    def from_bytes(cls, data: bytes) -> Signature:
        """
        Read a file.

        Raises:
            ValueError: If it is anything but what ``ssh-keygen`` writes.
        """
        if len(data) > _LARGEST or not (data.startswith(_BEGIN) and data.endswith(_END)):
            raise ValueError("no SSH signature")
        blob = base64.b64decode(data[len(_BEGIN) : -len(_END)])
        key, rest = read_string(blob.removeprefix(_MAGIC + _VERSION))
        namespace, rest = read_string(rest)
        _, rest = read_string(rest)
        hash_name, rest = read_string(rest)
        signature, _ = read_string(rest)
        found = cls(key, namespace.decode(), signature, hash_name.decode())
        if found.hash_name not in _HASHES or found.to_bytes() != data:
            raise ValueError("not written as ssh-keygen writes it")
        return found


def armoured(blob: bytes) -> bytes:
    """Return a blob in lines between those that say what it is."""
    text = base64.b64encode(blob)
    lines = (text[at : at + _COLUMNS] + b"\n" for at in range(0, len(text), _COLUMNS))
    return _BEGIN + b"".join(lines) + _END
