"""Private keys in PEM: whose they are, what protects them, and which cost too much to open."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from support.pki import CERTIFICATES, made, private_key
from support.storing import posix

from esfilerealm.certificates.der import Element
from esfilerealm.checks import check
from esfilerealm.checks.parts import Unreadable
from esfilerealm.checks.private_keys import KeyProblemError, read_private_key

SECRET = "of-the-key"


def public_key(key):
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def pem(key, form=PrivateFormat.PKCS8, passphrase=None):
    sealed = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    return key.private_bytes(Encoding.PEM, form, sealed)


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
@pytest.mark.parametrize("kind", ["EC", "RSA-2048"])
@pytest.mark.parametrize("passphrase", [None, SECRET])
def test_finds_the_public_key(form, kind, passphrase):
    key = private_key(kind)
    found = read_private_key(pem(key, form, passphrase), passphrase)
    assert found.public_key == public_key(key)
    assert found.is_encrypted == (passphrase is not None)


def test_skips_what_stands_before_and_after():
    key = private_key("EC")
    text = b"Bag Attributes\n-----BEGIN EC PARAMETERS-----\nBggqhkjO\n-----END EC PARAMETERS-----\n"
    assert read_private_key(text + pem(key) + b"\n# end\n", None).public_key == public_key(key)


@pytest.mark.parametrize(
    ("data", "passphrase", "reason"),
    [
        (b"", None, "no private key in PEM"),
        (pem(private_key("EC"))[:-30], None, "no private key in PEM"),
        (pem(private_key("EC"), passphrase=SECRET), None, "no passphrase is set"),
        (pem(private_key("EC"), passphrase=SECRET), "other", "passphrase is wrong"),
        (
            pem(private_key("EC"), PrivateFormat.TraditionalOpenSSL, SECRET),
            None,
            "no passphrase is set",
        ),
        (b"-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n", None, "damaged"),
        (
            b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nM!\n-----END ENCRYPTED PRIVATE KEY-----\n",
            SECRET,
            "damaged",
        ),
        (
            b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n",
            SECRET,
            "damaged",
        ),
    ],
    ids=[
        "empty",
        "cut off",
        "no passphrase",
        "another passphrase",
        "old form, no passphrase",
        "no key in it",
        "not base64",
        "nothing in it",
    ],
)
def test_says_why_a_node_cannot_load_it(data, passphrase, reason):
    with pytest.raises(KeyProblemError, match=reason) as caught:
        read_private_key(data, passphrase)
    assert SECRET not in caught.value.reason


def sealed(*parts):
    """Return an encrypted key whose algorithm has these parameters."""
    algorithm = Element(0x30, b"".join(parts)).encoded()
    der = Element(0x30, algorithm + Element(0x04, b"secret").encoded()).encoded()
    label = b"ENCRYPTED PRIVATE KEY"
    return b"-----BEGIN %b-----\n%b-----END %b-----\n" % (label, base64.encodebytes(der), label)


@pytest.mark.parametrize(
    "costly",
    [
        Element(0x30, Element(0x02, (2**31 - 1).to_bytes(4, "big")).encoded()).encoded(),
        bytes.fromhex("06092b06010401da47040b"),
    ],
    ids=["rounds", "scrypt"],
)
def test_opens_none_that_costs_too_much(costly):
    with pytest.raises(Unreadable, match="costs too much"):
        read_private_key(sealed(costly), SECRET)


def test_looks_only_so_deep():
    deep = Element(0x02, (2**31 - 1).to_bytes(4, "big")).encoded()
    for _ in range(20):
        deep = Element(0x30, deep).encoded()
    with pytest.raises(KeyProblemError):
        read_private_key(sealed(deep), SECRET)


def test_says_what_is_not_supported(monkeypatch):
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    def refuse(*_):
        raise UnsupportedAlgorithm("ed448")

    monkeypatch.setattr(serialization, "load_pem_private_key", refuse)
    with pytest.raises(Unreadable, match="not supported"):
        read_private_key(pem(private_key("EC")), None)


class TestStores:
    """What of a store is a fault of the node, and what only we cannot read."""

    def test_an_old_algorithm_is_not_examined(self, config):
        (config / "old.p12").write_bytes((CERTIFICATES / "trust-legacy.p12").read_bytes())
        (config / "elasticsearch.yml").write_text(
            "xpack.security.http.ssl: {truststore.path: old.p12, truststore.password: "
            "lantern-trust-3}\n"
        )
        (finding,) = check(config, select=["EFR612"])
        assert finding.code == "EFR600"
        assert "RC2" in finding.message

    @posix
    def test_no_permission_is_not_examined(self, config, monkeypatch):
        import os

        (config / "node.p12").write_bytes(made("n").store("x"))
        (config / "elasticsearch.yml").write_text(
            "xpack.security.http.ssl: {keystore.path: node.p12, keystore.password: x}\n"
        )
        real = os.open

        def refuse(path, *rest, **more):
            if str(path).endswith("node.p12"):
                raise PermissionError(13, "Permission denied")
            return real(path, *rest, **more)

        monkeypatch.setattr(os, "open", refuse)
        (finding,) = check(config, select=["EFR612"])
        assert (finding.code, finding.severity) == ("EFR600", "info")
        assert "ermission denied" in finding.message

    def test_no_secret_gets_into_a_finding(self, config):
        (config / "node.p12").write_bytes(made("n").store("the-real-one"))
        (config / "elasticsearch.yml").write_text(
            "xpack.security.http.ssl: {keystore.path: node.p12, keystore.password: the-wrong-one}\n"
        )
        found = check(config, select=["EFR6"])
        assert [finding.code for finding in found] == ["EFR612"]
        assert "the-wrong-one" not in str(found)

    def test_without_the_library_every_rule_says_so(self, config, monkeypatch):
        import sys

        monkeypatch.setitem(sys.modules, "cryptography.x509", None)
        assert check(config, select=["EFR6"]) == ()  # there is no certificate
        (config / "elasticsearch.yml").write_text("xpack.security.http.ssl.certificate: n.crt\n")
        (finding,) = check(config, select=["EFR6"])
        assert (finding.code, finding.severity) == ("EFR600", "info")
        assert "esfilerealm[pki]" in finding.message
        assert all(f"EFR6{number:02}" in finding.message for number in range(1, 16))


def test_many_beginnings_keep_nobody_busy():
    with pytest.raises(KeyProblemError):
        read_private_key(b"-----BEGIN PRIVATE KEY-----\n" * 500_000, None)
