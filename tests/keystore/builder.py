"""
A second keystore, written from the description of the format and sharing no code with the first.

``Build`` makes a whole file, good by default, in which each field can be wrong. ``judge`` reads one
and returns what it holds, or the word for the first check that fails. Even AES-GCM is made here, of
single AES blocks, since ``cryptography`` takes fewer initialization vectors than Java.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
import zlib
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

ROUNDS = {3: 10_000, 4: 10_000, 5: 10_000, 6: 210_000, 7: 210_000}
KEY_SIZES = {3: 16, 4: 16, 5: 16, 6: 16, 7: 32}
CODEC = b"elasticsearch.keystore"


def key_of(version: int, password: bytes, salt: bytes) -> bytes:
    """PBKDF2 of one block, as all keys here are at most 64 bytes long."""
    rounds = ROUNDS.get(version, 10_000)
    return hashlib.pbkdf2_hmac("sha512", password, salt, rounds)[: KEY_SIZES.get(version, 16)]


def ghash(subkey: bytes, data: bytes) -> bytes:
    """The polynomial hash of GCM, with the bits of each byte in the order of the coefficients."""

    def polynomial(block: bytes) -> int:
        return int(bytes_to_bits(block)[::-1], 2)

    factor, result = polynomial(subkey), 0
    for at in range(0, len(data), 16):
        left = result ^ polynomial(data[at : at + 16])
        product = 0
        for bit in range(128):
            if factor >> bit & 1:
                product ^= left << bit
        for bit in range(254, 127, -1):
            if product >> bit & 1:
                product ^= 0x100000000000000000000000000000087 << (bit - 128)
        result = product
    bits = f"{result:0128b}"[::-1]
    return int(bits, 2).to_bytes(16, "big")


def bytes_to_bits(block: bytes) -> str:
    return "".join(f"{byte:08b}" for byte in block)


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 16)


class Gcm:
    """AES-GCM of any initialization vector that is not empty."""

    def __init__(self, key: bytes, iv: bytes, aad: bytes) -> None:
        self._aes = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
        self._subkey = self._aes.update(bytes(16))
        self._aad = aad
        if len(iv) == 12:
            self._first = iv + b"\0\0\0\1"
        else:
            self._first = ghash(self._subkey, padded(iv) + struct.pack(">QQ", 0, len(iv) * 8))

    def crypt(self, data: bytes) -> bytes:
        head, counter = self._first[:12], int.from_bytes(self._first[12:], "big")
        stream = b""
        while len(stream) < len(data):
            counter = (counter + 1) % 2**32
            stream += self._aes.update(head + counter.to_bytes(4, "big"))
        return bytes(a ^ b for a, b in zip(data, stream, strict=False))

    def tag(self, ciphertext: bytes) -> bytes:
        lengths = struct.pack(">QQ", len(self._aad) * 8, len(ciphertext) * 8)
        hashed = ghash(self._subkey, padded(self._aad) + padded(ciphertext) + lengths)
        return bytes(a ^ b for a, b in zip(hashed, self._aes.update(self._first), strict=True))


@dataclass
class Build:
    """
    The fields of a keystore; what is None is as it should be.

    Attributes:
        entries: Encoded name and value of each setting.
        count: What is written as the number of settings.
        plaintext: In place of the settings.
        ciphertext: In place of what is encrypted, tag included.
        block: In place of salt, vector and ciphertext.
        in_block, behind: What follows them, and what follows the whole file.
        checksum_high, checksum: The upper and the lower half.
    """

    version: int = 4
    password: bytes = b""
    entries: list[tuple[bytes, bytes]] = field(default_factory=lambda: [(b"a.b", b"value")])
    flag: int | None = None
    magic: bytes = bytes.fromhex("3fd76c17")
    name: bytes = bytes([len(CODEC)]) + CODEC
    salt: bytes = bytes(range(64))
    iv: bytes = bytes(range(12))
    salt_length: int | None = None
    iv_length: int | None = None
    ciphertext_length: int | None = None
    block_length: int | None = None
    count: int | None = None
    type_name: bytes = b"STRING"
    in_plaintext: bytes = b""
    plaintext: bytes | None = None
    ciphertext: bytes | None = None
    block: bytes | None = None
    in_block: bytes = b""
    behind: bytes = b""
    footer: bytes = bytes.fromhex("c02893e8")
    algorithm: int = 0
    checksum_high: int = 0
    checksum: int | None = None

    @property
    def _order(self) -> str:
        return "<" if self.version >= 5 else ">"

    def make(self) -> bytes:
        flag = bool(self.password) if self.flag is None else self.flag
        block = self._made_block() if self.block is None else self.block
        length = len(block) if self.block_length is None else self.block_length
        data = self.magic + self.name + struct.pack(">iB", self.version, flag)
        data += struct.pack(f"{self._order}i", length) + block
        data += self.footer + struct.pack(">II", self.algorithm, self.checksum_high)
        checksum = zlib.crc32(data[:-4]) if self.checksum is None else self.checksum
        return data + struct.pack(">I", checksum) + self.behind

    def _made_block(self) -> bytes:
        ciphertext = self._encrypted() if self.ciphertext is None else self.ciphertext
        parts = (
            (self.salt, self.salt_length),
            (self.iv, self.iv_length),
            (ciphertext, self.ciphertext_length),
        )
        block = b""
        for part, length in parts:
            block += struct.pack(f"{self._order}i", len(part) if length is None else length) + part
        return block + self.in_block

    def _encrypted(self) -> bytes:
        plain = self._made_plaintext() if self.plaintext is None else self.plaintext
        gcm = Gcm(
            key_of(self.version, self.password, self.salt or b"x"), self.iv or b"x", self.salt
        )
        ciphertext = gcm.crypt(plain)
        return ciphertext + gcm.tag(ciphertext)

    def _made_plaintext(self) -> bytes:
        count = len(self.entries) if self.count is None else self.count
        plain = struct.pack(">i", count)
        for name, value in self.entries:
            plain += struct.pack(">H", len(name)) + name
            if self.version == 3:
                plain += struct.pack(">H", len(self.type_name)) + self.type_name
            plain += struct.pack(">i", len(value)) + value
        return plain + self.in_plaintext


class Wrong(Exception):  # noqa: N818 - it is a verdict
    """The word for the check that failed."""


def judge(data: bytes, password: bytes = b"") -> dict[str, bytes] | str:
    """Return the settings of a keystore, or the word for the first check that it fails."""
    try:
        return _decrypted(*_loaded(data), password)
    except Wrong as verdict:
        return str(verdict)


def _cut(data: bytes, at: int, size: int, word: str) -> tuple[bytes, int]:
    if at + size > len(data):
        raise Wrong(word)
    return data[at : at + size], at + size


def _check(is_right: bool, word: str) -> None:
    if not is_right:
        raise Wrong(word)


def _loaded(data: bytes) -> tuple[int, bytes]:
    magic, at = _cut(data, 0, 4, "truncated")
    _check(magic == b"\x3f\xd7\x6c\x17", "bad_magic")
    length = shift = 0
    for _ in range(5):
        byte, at = _cut(data, at, 1, "truncated")
        length |= (byte[0] & 127) << shift
        shift += 7
        if byte[0] < 128:
            break
    (length,) = struct.unpack("<i", struct.pack("<I", length & 0xFFFFFFFF))
    _check(length >= 0, "negative_length")
    name, at = _cut(data, at, length, "truncated")
    _check(name == CODEC, "bad_codec_name")
    field_, at = _cut(data, at, 4, "truncated")
    (version,) = struct.unpack(">i", field_)
    _check(version >= 3, "too_old")
    _check(version <= 7, "too_new")
    flag, at = _cut(data, at, 1, "truncated")
    _check(flag in (b"\0", b"\1"), "bad_password_flag")
    field_, at = _cut(data, at, 4, "truncated")
    (length,) = struct.unpack("<i" if version > 4 else ">i", field_)
    _check(length >= 0, "negative_length")
    block, at = _cut(data, at, length, "truncated")
    _check(len(data) - at >= 16, "footer_missing")
    _check(len(data) - at <= 16, "trailing_data")
    footer, algorithm, high, low = struct.unpack(">4sIII", data[at:])
    _check(footer == b"\xc0\x28\x93\xe8", "bad_footer_magic")
    _check(algorithm == 0, "bad_footer_algorithm")
    _check(high == 0, "checksum_not_32_bit")
    _check(low == zlib.crc32(data[:-8]), "checksum_mismatch")
    return version, block


def _decrypted(version: int, block: bytes, password: bytes) -> dict[str, bytes]:
    parts, at = [], 0
    for _ in range(3):
        field_, at = _cut(block, at, 4, "corrupted")
        (length,) = struct.unpack("<i" if version > 4 else ">i", field_)
        _check(length >= 0, "negative_length")
        part, at = _cut(block, at, length, "corrupted")
        parts.append(part)
    _check(at == len(block), "corrupted")
    salt, iv, ciphertext = parts
    _check(salt != b"", "empty_salt")
    _check(iv != b"", "empty_iv")
    _check(len(ciphertext) >= 16, "wrong_password")
    gcm = Gcm(key_of(version, password, salt), iv, salt)
    _check(hmac.compare_digest(gcm.tag(ciphertext[:-16]), ciphertext[-16:]), "wrong_password")
    return _settings(version, gcm.crypt(ciphertext[:-16]))


def _settings(version: int, plain: bytes) -> dict[str, bytes]:
    field_, at = _cut(plain, 0, 4, "corrupted")
    (count,) = struct.unpack(">i", field_)
    found = {}
    while count > 0:
        count -= 1
        name, at = _utf(plain, at)
        if version == 3:
            _, at = _utf(plain, at)
        field_, at = _cut(plain, at, 4, "corrupted")
        (length,) = struct.unpack(">i", field_)
        _check(length >= 0, "negative_length")
        found[name], at = _cut(plain, at, length, "corrupted")
    _check(at == len(plain), "corrupted")
    return found


def _utf(plain: bytes, at: int) -> tuple[str, int]:
    field_, at = _cut(plain, at, 2, "corrupted")
    text, at = _cut(plain, at, int.from_bytes(field_, "big"), "corrupted")
    units, left = [], list(text)
    while left:
        byte = left.pop(0)
        more = 0 if byte < 0x80 else 1 if 0xC0 <= byte < 0xE0 else 2 if 0xE0 <= byte < 0xF0 else -1
        _check(0 <= more <= len(left), "corrupted")
        unit = byte & (0x7F, 0x1F, 0x0F)[more]
        for _ in range(more):
            byte = left.pop(0)
            _check(byte & 0xC0 == 0x80, "corrupted")
            unit = unit * 64 + byte % 64
        units.append(unit)
    packed = struct.pack(f"<{len(units)}H", *units)
    return packed.decode("utf-16-le", "surrogatepass"), at
