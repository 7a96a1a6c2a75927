"""Keystores written and read a second time: from the description of the format, sharing no code."""

from __future__ import annotations

import hashlib
import io
import os
import struct
import zlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

HEAD = bytes.fromhex("3fd76c17") + b"\x16elasticsearch.keystore"
FOOTER = bytes.fromhex("c02893e800000000")
#: By version: how lengths around the encrypted content are packed, rounds, bytes of the key.
FORMATS = {
    3: (">i", 10_000, 16),
    4: (">i", 10_000, 16),
    5: ("<i", 10_000, 16),
    6: ("<i", 210_000, 16),
    7: ("<i", 210_000, 32),
}


class WrongPasswordError(Exception):
    """The password does not open a keystore."""


@dataclass
class Content:
    """What a keystore holds."""

    version: int
    has_password: bool
    settings: dict[str, bytes]


def key(version: int, password: str, salt: bytes) -> bytes:
    _, rounds, size = FORMATS[version]
    return hashlib.pbkdf2_hmac("sha512", password.encode(), salt, rounds, size)


def java_utf(text: str) -> bytes:
    """Modified UTF-8 behind its length."""
    units = struct.unpack(f">{len(text.encode('utf-16-be')) // 2}H", text.encode("utf-16-be"))
    data = b"".join(
        b"\xc0\x80" if unit == 0 else chr(unit).encode("utf-8", "surrogatepass") for unit in units
    )
    return struct.pack(">H", len(data)) + data


def build(
    settings: dict[str, bytes],
    *,
    version: int = 4,
    password: str = "",
    flag: int | None = None,
    rest: bytes = b"",
) -> bytes:
    """
    Write a keystore.

    Args:
        settings: Name to value.
        version: The format.
        password: May be empty.
        flag: The password flag, which is not encrypted; by default what the password says.
        rest: What to encrypt behind the settings, where nothing belongs.
    """
    length, _, _ = FORMATS[version]
    plain = struct.pack(">i", len(settings))
    for name, value in settings.items():
        plain += java_utf(name)
        plain += java_utf("STRING") if version == 3 else b""
        plain += struct.pack(">i", len(value)) + value
    salt, iv = os.urandom(64), os.urandom(12)
    sealed = AESGCM(key(version, password, salt)).encrypt(iv, plain + rest, salt)
    block = b"".join(struct.pack(length, len(part)) + part for part in (salt, iv, sealed))
    flag = bool(password) if flag is None else flag
    data = HEAD + struct.pack(">iB", version, flag) + struct.pack(length, len(block)) + block
    return signed(data)


def signed(data: bytes) -> bytes:
    """Put the footer behind the rest of a keystore."""
    data += FOOTER
    return data + struct.pack(">Q", zlib.crc32(data))


def parse(data: bytes, password: str = "") -> Content:
    """Read a keystore that is known to be whole."""
    assert data.startswith(HEAD)
    assert signed(data[:-16]) == data
    version, flag = struct.unpack_from(">iB", data, len(HEAD))
    file = io.BytesIO(data[len(HEAD) + 5 : -16])
    length, _, _ = FORMATS[version]

    def sized(source: io.BytesIO, packed: str) -> bytes:
        (size,) = struct.unpack(packed, source.read(struct.calcsize(packed)))
        return source.read(size)

    block = io.BytesIO(sized(file, length))
    assert file.read() == b""
    salt, iv, sealed = (sized(block, length) for _ in range(3))
    try:
        plain = io.BytesIO(AESGCM(key(version, password, salt)).decrypt(iv, sealed, salt))
    except InvalidTag:
        raise WrongPasswordError from None
    settings = {}
    for _ in range(*struct.unpack(">i", plain.read(4))):
        name = sized(plain, ">H").replace(b"\xc0\x80", b"\0").decode("utf-8", "surrogatepass")
        name = name.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "surrogatepass")
        if version == 3:
            sized(plain, ">H")
        settings[name] = sized(plain, ">i")
    assert plain.read() == b""
    return Content(version, bool(flag), settings)
