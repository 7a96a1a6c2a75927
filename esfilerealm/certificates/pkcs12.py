"""
PKCS#12 stores: which certificates they hold, and which of them Java trusts.

Private keys are not read. Java marks a trusted certificate with an attribute of its own, which the
libraries for this format do not show; so the bags are read here.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Final, NoReturn

from .._ground.extras import require_extra
from ..errors import InvalidCertificateError, InvalidTrustStoreError
from .der import SEQUENCE, SET, Element, elements, object_identifier, only_element
from .jks import StoreEntry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..errors import TrustStoreProblemKind

__all__ = ["read_pkcs12"]

_OCTETS: Final = 0x04
_INTEGER: Final = 0x02
_CONTEXT_0: Final = 0xA0
_PRIMITIVE_0: Final = 0x80

_DATA: Final = "1.2.840.113549.1.7.1"
_ENCRYPTED_DATA: Final = "1.2.840.113549.1.7.6"
_BAGS: Final = "1.2.840.113549.1.12.10.1."
_KEY_BAGS: Final = (f"{_BAGS}1", f"{_BAGS}2")
_CERTIFICATE_BAG: Final = f"{_BAGS}3"
_SAFE_CONTENTS_BAG: Final = f"{_BAGS}6"
_X509: Final = "1.2.840.113549.1.9.22.1"
_LOCAL_KEY_ID: Final = "1.2.840.113549.1.9.21"
_FRIENDLY_NAME: Final = "1.2.840.113549.1.9.20"
_TRUSTED_BY_JAVA: Final = "2.16.840.1.113894.746875.1.1"

_PBES2: Final = "1.2.840.113549.1.5.13"
_PBKDF2: Final = "1.2.840.113549.1.5.12"
_AES: Final = {f"2.16.840.1.101.3.4.1.{n}": bits for n, bits in ((2, 16), (22, 24), (42, 32))}
_HMACS: Final = {
    "1.2.840.113549.2.7": "sha1",
    "1.2.840.113549.2.8": "sha224",
    "1.2.840.113549.2.9": "sha256",
    "1.2.840.113549.2.10": "sha384",
    "1.2.840.113549.2.11": "sha512",
}
_TRIPLE_DES: Final = {"1.2.840.113549.1.12.1.3": 24, "1.2.840.113549.1.12.1.4": 16}
_WEAK: Final = {
    "1.2.840.113549.1.12.1.1": "RC4 with 128 bits",
    "1.2.840.113549.1.12.1.2": "RC4 with 40 bits",
    "1.2.840.113549.1.12.1.5": "RC2 with 128 bits",
    "1.2.840.113549.1.12.1.6": "RC2 with 40 bits",
}
_CONVERT: Final = (
    "convert it with "
    "[keytool -importkeystore -srckeystore OLD -destkeystore NEW -deststoretype pkcs12]"
)
_DIGESTS: Final = {
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.4": "sha224",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
    "2.16.840.1.101.3.4.2.5": "sha512_224",
    "2.16.840.1.101.3.4.2.6": "sha512_256",
}
#: Of all hashes of a store together; Java refuses more for a single one.
_MOST_ROUNDS: Final = 5_000_000
_DEEPEST: Final = 8
_KEY_MATERIAL: Final = 1
_VECTOR_MATERIAL: Final = 2
_MAC_MATERIAL: Final = 3


def read_pkcs12(data: bytes, password: str) -> list[StoreEntry]:
    """
    Return the entries of a store: what Java trusts, and the certificates of each private key.

    The first certificate of a private key is its own. All others that are not trusted follow in the
    order of the file; Java makes its chain of them.

    Args:
        data: The whole file.

        password: The password. A store that is neither sealed nor encrypted opens with any.

    Raises:
        InvalidTrustStoreError: If the password is wrong, if the file is damaged, or if it is
            encrypted with an algorithm that is too weak to be supported.
        MissingExtraError: Without the extra ``pki``, if the store is encrypted.

    Source:
        ``sun.security.pkcs12.PKCS12KeyStore``.
    """
    try:
        return _Store(data, password).entries()
    except InvalidTrustStoreError:
        raise
    except (InvalidCertificateError, ValueError, LookupError) as error:
        reason = error.rule if isinstance(error, InvalidCertificateError) else "it is malformed"
    raise InvalidTrustStoreError(reason)


class _Bag:
    """A certificate or a private key, with what is said about it."""

    def __init__(self, kind: str, certificate: bytes | None, attributes: dict[str, bytes]) -> None:
        self.is_key = kind in _KEY_BAGS
        self.certificate = certificate
        self.key_id = attributes.get(_LOCAL_KEY_ID)
        self.is_trusted = _TRUSTED_BY_JAVA in attributes
        self.alias = attributes.get(_FRIENDLY_NAME, b"").decode("utf-16-be", "replace")


class _Store:
    """The way through one store."""

    def __init__(self, data: bytes, password: str) -> None:
        parts = list(elements(only_element(data, SEQUENCE).content))
        if len(parts) not in (2, 3) or _number(parts[0]) != 3:  # noqa: PLR2004 -- the version
            _refuse("it is not a PKCS#12 store of version 3")
        kind, content = _typed(parts[1])
        if kind != _DATA:
            _refuse("it is sealed by a signature")
        self._safe = _octets(content)
        self._password = password
        self._rounds_left = _MOST_ROUNDS
        if len(parts) == 3:  # noqa: PLR2004 -- with a seal
            self._check_seal(parts[2])

    def entries(self) -> list[StoreEntry]:
        """Return the entries; one replaces another of the same name."""
        bags = [bag for safe in self._safes() for bag in _bags(safe)]
        keys = [bag for bag in bags if bag.is_key]
        others = [bag for bag in bags if bag.certificate is not None]
        if len(keys) == 1 and keys[0].key_id is None and others:
            keys[0].key_id = others[0].key_id = others[0].key_id or b"01"
        found: dict[str, StoreEntry] = {}
        for number, bag in enumerate(bags):
            alias = bag.alias or str(number)
            if bag.certificate is not None and bag.is_trusted:
                found[alias.lower()] = StoreEntry(alias, [bag.certificate], is_key=False)
            own = _certificate_of(bag, others) if bag.is_key else None
            if own is not None:
                rest = (other.certificate for other in others if not other.is_trusted)
                chain = [own, *(each for each in rest if each is not None and each != own)]
                found[alias.lower()] = StoreEntry(alias, chain, is_key=True)
        return list(found.values())

    def _safes(self) -> Iterator[bytes]:
        for part in elements(only_element(self._safe, SEQUENCE).content):
            kind, content = _typed(part)
            if kind == _DATA:
                yield _octets(content)
            elif kind == _ENCRYPTED_DATA:
                yield self._decrypted(content)
            else:
                _refuse("a part of it is encrypted for a certificate")

    def _check_seal(self, seal: Element) -> None:
        parts = list(elements(seal.expect(SEQUENCE).content))
        algorithm, expected = elements(parts[0].expect(SEQUENCE).content)
        digest = _DIGESTS.get(_algorithm(algorithm)[0])
        if digest is None:
            _refuse("its seal uses an unknown digest")
        rounds = self._rounds(parts[2]) if len(parts) > 2 else 1  # noqa: PLR2004 -- is optional
        size = hashlib.new(digest).digest_size
        for secret in _secrets(self._password):
            key = _derived(digest, secret, parts[1].content, rounds, _MAC_MATERIAL, size)
            seal_of_safe = hmac.digest(key, self._safe, digest)
            if hmac.compare_digest(seal_of_safe, expected.content):
                return
        _refuse("the password is wrong, or the file was changed", "password")

    def _decrypted(self, content: Element) -> bytes:
        _, info = elements(content.expect(SEQUENCE).content)
        parts = list(elements(info.expect(SEQUENCE).content))
        name, parameters = _algorithm(parts[1])
        secret = parts[2]
        data = secret.content
        if secret.tag != _PRIMITIVE_0:  # in pieces
            data = b"".join(piece.content for piece in elements(secret.content))
        if name in _WEAK:
            reason = f"it is encrypted with {_WEAK[name]}, which is not supported: {_CONVERT}"
            _refuse(reason, "unsupported")
        if name == _PBES2:
            return self._with_pbes2(parameters, data)
        if name in _TRIPLE_DES:
            return self._with_triple_des(_TRIPLE_DES[name], parameters, data)
        return _refuse(f"it is encrypted with an unknown algorithm [{name}]", "unsupported")

    def _with_pbes2(self, parameters: Element, data: bytes) -> bytes:
        derivation, cipher = map(_algorithm, elements(parameters.expect(SEQUENCE).content))
        if derivation[0] != _PBKDF2 or cipher[0] not in _AES:
            _refuse("it is encrypted with an unknown algorithm of PBES2", "unsupported")
        salt, *rest = elements(derivation[1].expect(SEQUENCE).content)
        numbers = [part for part in rest if part.tag == _INTEGER]
        digest = "sha1"
        for part in rest:
            if part.tag == SEQUENCE:
                digest = _HMACS[_algorithm(part)[0]]
        size = _AES[cipher[0]]
        secret = self._password.encode("utf-8", "surrogatepass")
        key = hashlib.pbkdf2_hmac(digest, secret, salt.content, self._rounds(numbers[0]), size)
        return _decrypt("AES", key, cipher[1].content, data)

    def _with_triple_des(self, size: int, parameters: Element, data: bytes) -> bytes:
        salt, number = elements(parameters.expect(SEQUENCE).content)
        rounds = self._rounds(number)
        error: InvalidTrustStoreError | None = None
        for secret in _secrets(self._password):
            arguments = ("sha1", secret, salt.content, rounds)
            key = _derived(*arguments, _KEY_MATERIAL, size)
            vector = _derived(*arguments, _VECTOR_MATERIAL, 8)
            try:
                return _decrypt("TripleDES", key, vector, data)
            except InvalidTrustStoreError as wrong:
                error = wrong
        raise error or InvalidTrustStoreError("it is malformed")

    def _rounds(self, element: Element) -> int:
        """Return how many rounds a derivation asks for, of those that one store may cost."""
        rounds = _number(element)
        if not 0 < rounds <= self._rounds_left:
            _refuse(f"it asks for {rounds} rounds of a hash; 1 to {self._rounds_left} are allowed")
        self._rounds_left -= rounds
        return rounds


def _certificate_of(key: _Bag, bags: list[_Bag]) -> bytes | None:
    own = (bag.certificate for bag in bags if bag.key_id == key.key_id is not None)
    return next(own, None)


def _bags(safe: bytes, depth: int = 0) -> Iterator[_Bag]:
    if depth > _DEEPEST:
        _refuse("its parts are nested too deeply")
    for element in elements(only_element(safe, SEQUENCE).content):
        kind, value, *rest = elements(element.expect(SEQUENCE).content)
        name = object_identifier(kind)
        inner = _first(value)
        if name == _SAFE_CONTENTS_BAG:
            yield from _bags(inner.encoded(), depth + 1)
        elif name in (*_KEY_BAGS, _CERTIFICATE_BAG):
            certificate = _certificate(inner) if name == _CERTIFICATE_BAG else None
            yield _Bag(name, certificate, _attributes(rest))


def _certificate(bag: Element) -> bytes | None:
    kind, value = elements(bag.expect(SEQUENCE).content)
    return _octets(value) if object_identifier(kind) == _X509 else None


def _attributes(rest: list[Element]) -> dict[str, bytes]:
    attributes = {}
    for element in elements(rest[0].expect(SET).content) if rest else ():
        kind, values = elements(element.expect(SEQUENCE).content)
        value = next(elements(values.expect(SET).content), None)
        attributes[object_identifier(kind)] = value.content if value else b""
    return attributes


def _typed(element: Element) -> tuple[str, Element]:
    """Return the type of a content, and the content."""
    kind, wrapped = elements(element.expect(SEQUENCE).content)
    return object_identifier(kind), _first(wrapped)


def _first(element: Element) -> Element:
    """Return the first element in another one."""
    for inner in elements(element.content):
        return inner
    raise InvalidCertificateError("a part of it is empty")


def _algorithm(element: Element) -> tuple[str, Element]:
    kind, *parameters = elements(element.expect(SEQUENCE).content)
    return object_identifier(kind), parameters[0] if parameters else Element(SEQUENCE, b"")


def _octets(element: Element) -> bytes:
    """Return the bytes of an octet string, which may be wrapped, or come in pieces."""
    if element.tag == _CONTEXT_0:
        element = _first(element)
    if element.tag == _OCTETS:
        return element.content
    return b"".join(piece.content for piece in elements(element.content))


def _number(element: Element) -> int:
    return int.from_bytes(element.expect(_INTEGER).content, "big", signed=True)


def _secrets(password: str) -> Iterator[bytes]:
    """Yield the encodings of a password; the empty one is written in two ways."""
    yield password.encode("utf-16-be", "surrogatepass") + b"\0\0"
    if not password:
        yield b""


def _derived(
    digest: str, secret: bytes, salt: bytes, rounds: int, purpose: int, size: int
) -> bytes:
    """
    Derive bytes from a password.

    Source:
        RFC 7292, appendix B.2.
    """
    block = hashlib.new(digest).block_size
    material = _filled(salt, block) + _filled(secret, block)
    derived = b""
    while len(derived) < size:
        part = bytes((purpose,)) * block + material
        for _ in range(rounds):
            part = hashlib.new(digest, part).digest()
        derived += part
        step = int.from_bytes(_filled(part, block)[:block], "big") + 1
        blocks = (material[at : at + block] for at in range(0, len(material), block))
        sums = (int.from_bytes(old, "big") + step for old in blocks)
        material = b"".join((new % (1 << 8 * block)).to_bytes(block, "big") for new in sums)
    return derived[:size]


def _filled(data: bytes, block: int) -> bytes:
    """Repeat bytes up to the next multiple of a block."""
    size = -(-len(data) // block) * block
    return (data * (size // len(data) + 1))[:size] if data else b""


def _decrypt(cipher: str, key: bytes, vector: bytes, data: bytes) -> bytes:
    require_extra("pki", "an encrypted trust store", "cryptography.hazmat.primitives.ciphers")
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
    from cryptography.hazmat.primitives import padding
    from cryptography.hazmat.primitives.ciphers import Cipher, modes
    from cryptography.hazmat.primitives.ciphers.algorithms import AES

    algorithm = AES(key) if cipher == "AES" else TripleDES(key)
    decryptor = Cipher(algorithm, modes.CBC(vector)).decryptor()
    remover = padding.PKCS7(algorithm.block_size).unpadder()
    try:
        padded = decryptor.update(data) + decryptor.finalize()
        plain: bytes = remover.update(padded) + remover.finalize()
    except ValueError:
        pass
    else:
        return plain
    return _refuse("the password is wrong, or the file was changed", "password")


def _refuse(reason: str, kind: TrustStoreProblemKind = "damaged") -> NoReturn:
    raise InvalidTrustStoreError(reason, kind)
