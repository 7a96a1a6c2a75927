"""What strangers send, or put into a file: bounded work, and errors of ours."""

from __future__ import annotations

import base64
import errno
import os

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers, generate_private_key
from support.making import AUTHORITY, make_certificate, name_of
from support.pki import CERTIFICATES

from esfilerealm.certificates import (
    TrustStore,
    canonical_name,
    extract_rdn,
    facts,
    path,
    principal_from,
    subject_text,
)
from esfilerealm.certificates.der import SEQUENCE, Element, elements, only_element
from esfilerealm.certificates.pem import read_certificates
from esfilerealm.certificates.pkcs12 import read_pkcs12
from esfilerealm.errors import (
    CertificateNotTrustedError,
    FileAccessError,
    FileRealmError,
    InvalidCertificateError,
    InvalidTrustStoreError,
)

SMALL = read_certificates((CERTIFICATES / "ec.pem").read_bytes())[0]
RSA_SIGNED = make_certificate("leaf", "giant", signer=generate_private_key(65_537, 2048))


def refusal(store: TrustStore, chain: list[bytes]) -> str:
    with pytest.raises(CertificateNotTrustedError) as caught:
        store.verify_client(chain)
    return caught.value.reason


class TestChains:
    @pytest.fixture
    def root(self):
        key = ec.generate_private_key(ec.SECP256R1()).public_key()
        return TrustStore([make_certificate("root", "root", AUTHORITY, public_key=key)])

    @pytest.fixture
    def counts(self, monkeypatch):
        """Count the signatures that are checked, and the beginnings of paths."""
        counts = {"signatures": 0, "steps": 0}
        check, paths = path.is_signed_by, path._Decision._paths

        def is_signed_by(certificate, issuer):
            counts["signatures"] += 1
            return check(certificate, issuer)

        def counted(self, begun):
            counts["steps"] += 1
            return paths(self, begun)

        monkeypatch.setattr(path, "is_signed_by", is_signed_by)
        monkeypatch.setattr(path._Decision, "_paths", counted)
        return counts

    @pytest.mark.parametrize("size", [5, 14, 100])
    def test_authorities_that_sign_one_another(self, root, counts, size):
        """Among them are as many paths as orders of them."""
        chain = [make_certificate("leaf", "a")]
        chain += [make_certificate("a", "a", AUTHORITY) for _ in range(size - 1)]
        assert "no chain leads" in refusal(root, chain)
        assert counts["signatures"] <= path._MOST_SIGNATURES
        assert counts["steps"] <= path._MOST_STEPS * 2

    def test_a_hundred_in_a_row(self, root, counts):
        chain = [make_certificate(f"a{n}", f"a{n + 1}", AUTHORITY) for n in range(100)]
        assert "no chain leads" in refusal(root, chain)
        assert counts["signatures"] <= 100

    def test_more_than_a_hundred(self, root, counts):
        assert refusal(root, [SMALL] * 101) == "the chain exceeds 100 certificates"
        assert counts == {"signatures": 0, "steps": 0}

    @pytest.mark.parametrize("bits", [8192, 16_384, 65_536])
    @pytest.mark.parametrize("exponent", ["small", "large"])
    def test_giant_keys(self, bits, exponent):
        """The library checks no signature with a key whose check would take long."""
        modulus = (1 << bits) - 0x105
        key = RSAPublicNumbers(65_537 if exponent == "small" else modulus - 2, modulus).public_key()
        giant = make_certificate("giant", "giant", AUTHORITY, public_key=key)
        store = TrustStore([giant])
        signed, algorithm, _ = elements(only_element(RSA_SIGNED, SEQUENCE).content)
        signature = Element(3, b"\0\1" + b"\x55" * (bits // 8 - 1))
        parts = (signed, algorithm, signature)
        leaf = Element(SEQUENCE, b"".join(part.encoded() for part in parts)).encoded()
        assert "a signature in the chain is wrong" in refusal(store, [leaf])
        store.verify_client([giant])

    def test_a_large_certificate_is_not_remembered(self):
        before = facts._remembered.cache_info().currsize
        facts.facts_of(make_certificate("x"))
        assert facts._remembered.cache_info().currsize in (before + 1, 1024)
        names = x509.SubjectAlternativeName([x509.DNSName(f"a{n}.example") for n in range(2000)])
        larger = make_certificate("x", "x", names)
        assert len(larger) > facts._LARGEST_REMEMBERED
        remembered = facts._remembered.cache_info()
        facts.facts_of(larger)
        assert facts._remembered.cache_info() == remembered


class TestNames:
    """Fields of a name that look like others; the default pattern is used."""

    @pytest.mark.parametrize(
        ("attributes", "principal", "common_name"),
        [
            ({"CN": "jane", "O": "CN=admin"}, 'admin"', "jane"),
            ({"O": "CN=admin", "CN": "jane"}, "jane", "jane"),
            ({"CN": "jane, CN=admin"}, '"jane', "jane, CN=admin"),
            ({"CN": "admin\0.evil"}, "admin\0.evil", "admin\0.evil"),
            ({"CN": 'a"b'}, '"a\\"b"', 'a"b'),
            ({"CN": '"admin"'}, '"admin"', '"admin"'),
            ({"CN": "a\nb", "O": "x"}, None, "a\nb"),
            ({"CN": "\u202enimda"}, "\u202enimda", "\u202enimda"),
        ],
        ids=lambda value: str(value).encode("unicode_escape").decode()[:30],
    )
    def test_what_a_node_would_see(self, attributes, principal, common_name):
        oids = {"CN": x509.NameOID.COMMON_NAME, "O": x509.NameOID.ORGANIZATION_NAME}
        name = name_of({oids[key]: value for key, value in attributes.items()}).public_bytes()
        assert principal_from(subject_text(name)) == principal
        assert extract_rdn(canonical_name(name), "2.5.4.3") == common_name

    @pytest.mark.parametrize(
        ("number", "rule"),
        [
            (b"\x81" * 5000 + b"\1", "too long"),
            (b"\x81" * 4000 + b"\1", "too large"),
            (b"\x80\1", "begins with a zero"),
            (b"\x81", "incomplete"),
            (b"", "incomplete"),
        ],
        ids=["5001 bytes", "28000 bits", "padded", "unfinished", "empty"],
    )
    def test_object_identifiers(self, number, rule):
        pair = Element(SEQUENCE, Element(6, number).encoded() + Element(0x0C, b"x").encoded())
        name = Element(SEQUENCE, Element(0x31, pair.encoded()).encoded()).encoded()
        with pytest.raises(InvalidCertificateError, match=rule):
            subject_text(name)


def damaged(data: bytes):
    """Yield *data* cut off at each byte, and with each byte replaced."""
    for at, byte in enumerate(data):
        yield data[:at]
        for other in {0, 1, 0x30, 0x80, 0xFF, byte ^ 1, byte ^ 0x20} - {byte}:
            yield data[:at] + bytes((other,)) + data[at + 1 :]


class TestDamage:
    @pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
    def test_a_certificate(self):
        """Whatever is broken, it is a certificate or an error of ours."""
        outcomes = set()
        for der in damaged(SMALL):
            try:
                facts._facts_of_der(der)
            except InvalidCertificateError as error:
                outcomes.add(error.rule)
            else:
                outcomes.add("")
        assert {"", "the encoding is broken"} <= outcomes
        assert any("extension" in rule for rule in outcomes)
        assert any("key" in rule for rule in outcomes)

    @pytest.mark.parametrize(
        "file", ["trust-root.jks", "trust-nopass.p12", "bundle-root.pem", "ec.pem"]
    )
    def test_a_store(self, file):
        data = (CERTIFICATES / file).read_bytes()
        outcomes = set()
        for number, bad in enumerate(damaged(data)):
            if number % 7:
                continue
            try:
                if file.endswith("12"):
                    read_pkcs12(bad, "")
                elif file.endswith("pem"):
                    read_certificates(bad)
                else:
                    from esfilerealm.certificates.jks import read_jks

                    read_jks(bad, "lantern-trust-3")
            except InvalidTrustStoreError as error:
                outcomes.add(error.kind)
        assert "damaged" in outcomes

    @pytest.mark.parametrize("depth", [100, 100_000])
    def test_nested_elements(self, depth):
        nested = b"\x30\x80" * depth
        for read in (read_certificates, lambda data: read_pkcs12(data, "")):
            with pytest.raises(InvalidTrustStoreError):
                read(nested)

    @pytest.mark.parametrize("parts", [0, 2], ids=["empty", "two"])
    def test_malformed_pkcs7(self, parts):
        oid = bytes.fromhex("06092a864886f70d010702")
        data = Element(SEQUENCE, oid + Element(0xA0, b"").encoded() * parts).encoded()
        with pytest.raises(InvalidTrustStoreError, match="PKCS#7"):
            read_certificates(data)


class TestFiles:
    @pytest.mark.parametrize(
        ("line", "rule"),
        [
            (b"-----BEGIN A-----\n", "malformed"),
            (b"-----BEGIN A", "has no end"),
            (b"-----END A-----\n", "malformed"),
            (b"-----BEGIN A-----\n-----END A-----\n", "ends within"),
            (b" ", "holds no certificate"),
            (b"\n", "holds no certificate"),
            (b"-----", "has no end"),
            (b"\0", "holds no certificate"),
            (b"\x30\x84\x7f", "has no definite length|ends within|too many"),
        ],
        ids=repr,
    )
    def test_ten_megabytes(self, tmp_path, line, rule):
        """One pass; each beginning of a block that looked for its end would take hours."""
        file = tmp_path / "store"
        file.write_bytes(line * (10_000_000 // len(line)))
        with pytest.raises(InvalidTrustStoreError, match=rule):
            TrustStore.load(file)

    def test_ten_thousand_certificates(self, tmp_path):
        file = tmp_path / "store.pem"
        file.write_bytes((CERTIFICATES / "ec.pem").read_bytes() * 10_000)
        assert TrustStore.load(file).certificates == (SMALL,)

    def test_a_file_that_is_too_large(self, tmp_path):
        file = tmp_path / "store"
        with file.open("wb") as opened:
            opened.truncate(2**40)
        with pytest.raises(InvalidTrustStoreError, match="exceeds 16 MiB"):
            TrustStore.load(file)

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
    def test_a_pipe_without_a_writer(self, tmp_path):
        os.mkfifo(tmp_path / "store")
        with pytest.raises(FileAccessError, match="not a regular file"):
            TrustStore.load(tmp_path / "store")

    @pytest.mark.parametrize(
        ("name", "number"), [("", errno.EISDIR), ("missing", errno.ENOENT)], ids=["folder", "none"]
    )
    def test_what_is_no_file(self, tmp_path, name, number):
        with pytest.raises(FileAccessError) as caught:
            TrustStore.load(tmp_path / name)
        assert caught.value.errno == number


def oid(dotted_hex: str) -> bytes:
    return bytes.fromhex(dotted_hex)


DATA = oid("06092a864886f70d010701")
ENCRYPTED = oid("06092a864886f70d010706")


def sequence(*parts: bytes) -> bytes:
    return Element(SEQUENCE, b"".join(parts)).encoded()


def octets(data: bytes) -> bytes:
    return Element(4, data).encoded()


def wrapped(data: bytes) -> bytes:
    return Element(0xA0, data).encoded()


def number(value: int) -> bytes:
    size = value.bit_length() // 8 + 1
    return Element(2, value.to_bytes(size, "big")).encoded()


def store_of(*safes: bytes, seal: bytes = b"") -> bytes:
    return sequence(number(3), sequence(DATA, wrapped(octets(sequence(*safes)))), seal)


def seal_with(rounds: int) -> bytes:
    algorithm = sequence(oid("06052b0e03021a"))
    return sequence(sequence(algorithm, octets(b"x" * 20)), octets(b"salt"), number(rounds))


def encrypted_with(rounds: int) -> bytes:
    """Return a part that PBES2 has encrypted: a key of AES-128, by PBKDF2."""
    derivation = sequence(
        oid("06092a864886f70d01050c"), sequence(octets(b"salt"), number(rounds), number(16))
    )
    cipher = sequence(oid("0609608648016503040102"), octets(bytes(16)))
    algorithm = sequence(oid("06092a864886f70d01050d"), sequence(derivation, cipher))
    content = sequence(DATA, algorithm, Element(0x80, bytes(16)).encoded())
    return sequence(ENCRYPTED, wrapped(sequence(number(0), content)))


class TestPkcs12:
    @pytest.mark.parametrize("rounds", [0, 5_000_001, 2**31, 2**4000])
    @pytest.mark.parametrize("place", ["seal", "part"])
    def test_rounds(self, rounds, place):
        data = (
            store_of(seal=seal_with(rounds))
            if place == "seal"
            else store_of(encrypted_with(rounds))
        )
        with pytest.raises(InvalidTrustStoreError, match="are allowed"):
            read_pkcs12(data, "x")

    def test_rounds_of_many_parts(self, monkeypatch):
        """All of a store together may cost no more than the most expensive hash."""
        from esfilerealm.certificates import pkcs12

        monkeypatch.setattr(pkcs12, "_decrypt", lambda *_: sequence())
        assert read_pkcs12(store_of(*[encrypted_with(1000)] * 50), "x") == []
        monkeypatch.setattr(pkcs12, "_MOST_ROUNDS", 10_000)
        with pytest.raises(InvalidTrustStoreError, match="1 to 400 are allowed"):
            read_pkcs12(store_of(*[encrypted_with(800)] * 50), "x")

    def test_nested_parts(self):
        nested = sequence()
        bag = oid("060b2a864886f70d010c0a0106")
        for _ in range(3000):
            nested = sequence(sequence(bag, wrapped(nested)))
        with pytest.raises(InvalidTrustStoreError, match="nested too deeply"):
            read_pkcs12(store_of(sequence(DATA, wrapped(octets(nested)))), "")

    def test_an_empty_part(self):
        with pytest.raises(InvalidTrustStoreError, match="is empty"):
            read_pkcs12(store_of(sequence(DATA, wrapped(b""))), "")


@pytest.mark.parametrize(
    "data",
    [b"", b"\0", b"-----BEGIN A-----\n" + base64.b64encode(SMALL) + b"\n-----END B-----\n", SMALL],
    ids=["empty", "zero", "two labels", "a certificate"],
)
def test_every_reader_raises_errors_of_ours(data):
    for read in (read_certificates, lambda given: read_pkcs12(given, "")):
        try:
            read(data)
        except FileRealmError:
            continue
        assert data == SMALL
