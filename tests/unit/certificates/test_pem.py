"""Files with certificates: what Java 17 answered for each shape."""

from __future__ import annotations

import base64

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from support.pki import CERTIFICATES

from esfilerealm.certificates import TrustStore
from esfilerealm.certificates.pem import read_certificates, read_client_certificates
from esfilerealm.errors import InvalidTrustStoreError

PEM = (CERTIFICATES / "ec.pem").read_bytes()
PEM = PEM[PEM.index(b"-----BEGIN") :]
DER = base64.b64decode(b"".join(PEM.split(b"\n")[1:-2]))
KEY = (CERTIFICATES / "ec.key.pem").read_bytes()
PKCS7 = pkcs7.serialize_certificates([x509.load_der_x509_certificate(DER)] * 2, Encoding.DER)
PKCS7_PEM = b"-----BEGIN PKCS7-----\n" + base64.encodebytes(PKCS7) + b"-----END PKCS7-----\n"


def relabelled(begin: bytes, end: bytes) -> bytes:
    return PEM.replace(b"BEGIN CERTIFICATE", begin).replace(b"END CERTIFICATE", end)


TAKEN = {
    "one": (PEM, 1),
    "two": (PEM + PEM, 2),
    "text around": (b"subject=/CN=a\n" + PEM + b"# text\n" + PEM + b"text", 2),
    "hyphens in a line of text": (b"a ----- b\n" + PEM, 1),
    "CR LF": (PEM.replace(b"\n", b"\r\n"), 1),
    "CR": (PEM.replace(b"\n", b"\r") * 2, 2),
    "no end of the last line": (PEM.rstrip(), 1),
    "blanks behind the first and last line": (PEM.replace(b"CATE-----", b"CATE-----  "), 1),
    "empty lines in base64": (PEM.replace(b"\n", b"\n\n"), 1),
    "blanks before base64 and the last line": (PEM.replace(b"\n", b"\n "), 1),
    "any label": (relabelled(b"BEGIN X Y", b"END X Y"), 1),
    "no label": (relabelled(b"BEGIN ", b"END "), 1),
    "a beginning within a line": (b"x-----BEGIN A-----\n" + PEM, 1),
    "base64 without its padding": (PEM.replace(b"=", b""), 1),
    "DER": (DER, 1),
    "DER twice": (DER + DER, 2),
    "DER and an end of a line": (DER + b"\n", 1),
    "DER and PEM": (DER + PEM, 2),
    "PEM and DER": (PEM + DER, 2),
    "PKCS#7": (PKCS7, 2),
    "PKCS#7 in PEM": (PKCS7_PEM, 2),
    "only the first if it is PKCS#7": (PKCS7_PEM + b"-----BEGIN\n", 2),
}
REFUSED = {
    "nothing": b"",
    "text": b"text\n",
    "blanks before a block": b" " + PEM,
    "a tab before a second block": PEM + b"\t" + PEM,
    "a byte order mark": b"\xef\xbb\xbf" + PEM,
    "a line of hyphens": b"-----\n" + PEM,
    "a lower-case beginning": PEM.replace(b"BEGIN", b"begin"),
    "labels that differ": relabelled(b"BEGIN A", b"END B"),
    "six hyphens at the end": PEM.rstrip() + b"-",
    "text behind the last line": PEM.rstrip() + b"x",
    "two blocks in a line": PEM.rstrip() + PEM,
    "no last line": PEM[: PEM.index(b"-----END")],
    "no base64": PEM.replace(b"\nMII", b"\n!MII"),
    "a header of PEM": PEM.replace(b"\nMII", b"\nA: b\n\nMII"),
    "a private key": PEM + KEY,
    "PKCS#7 behind a certificate": PEM + PKCS7_PEM,
    "half a certificate": DER[:100],
    "a certificate and a byte of a sequence": DER + b"0",
}


@pytest.mark.parametrize(("data", "count"), TAKEN.values(), ids=TAKEN)
def test_what_a_node_takes(data, count):
    assert read_certificates(data) == [DER] * count


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED)
def test_what_a_node_refuses(tmp_path, data):
    (tmp_path / "store.pem").write_bytes(data)
    with pytest.raises(InvalidTrustStoreError):
        TrustStore.load(tmp_path / "store.pem")


@pytest.mark.parametrize("data", [b"\xef\xbb\xbf" + PEM, KEY + PEM + KEY, PEM], ids=len)
def test_the_file_of_a_client_may_hold_more(data):
    assert read_client_certificates(data) == [DER]
