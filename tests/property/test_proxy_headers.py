"""Whatever a header of a proxy holds, it is read or refused; what is read is what was written."""

from __future__ import annotations

import base64
import hashlib
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esfilerealm.certificates.der import SEQUENCE, Element
from esfilerealm.errors import InvalidProxyHeaderError
from esfilerealm.realms import TrustedProxy

PROXY = "10.0.0.7"
NAME = "Client-Cert"

pytestmark = pytest.mark.property


def element(content):
    """Not a certificate, but a sequence that is not PKCS#7 either."""
    return Element(SEQUENCE, Element(INTEGER, content).encoded()).encoded()


INTEGER = 0x02
ELEMENTS = st.lists(st.binary(max_size=300).map(element), min_size=1, max_size=4)
PIECES = st.sampled_from(
    [
        *("Cert=", "Chain=", "Hash=", "Subject=", '"', "\\", ",", ";", "=", ":", "%", "%0A", "%00"),
        *("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----", "MAA=", "MAMCAQA=", "\n"),
        *(":MAA=:", "x", "\u00e9", "\udc80", " ", "\t"),
    ]
)
VALUES = st.lists(PIECES, max_size=12).map("".join)


def certificates(kind, headers):
    proxy = TrustedProxy([PROXY], header=NAME, format=kind)
    return list(proxy.request(headers, PROXY).peer_certificates)


def pem(chain):
    blocks = (base64.b64encode(der).decode() for der in chain)
    return "".join(
        f"-----BEGIN CERTIFICATE-----\n{block}\n-----END CERTIFICATE-----\n" for block in blocks
    )


@pytest.mark.parametrize("kind", ["url-encoded-pem", "xfcc", "rfc9440"])
@given(value=VALUES, more=VALUES)
def test_any_value_is_read_or_refused(kind, value, more):
    try:
        found = certificates(kind, {NAME: value, f"{NAME}-Chain": more})
    except InvalidProxyHeaderError as error:
        assert str(error).isprintable()
    else:
        assert all(der[0] == SEQUENCE for der in found)


@given(chain=ELEMENTS, subject=st.text(st.characters(codec="ascii"), max_size=20))
def test_what_a_proxy_writes_is_read(chain, subject):
    first = f":{base64.b64encode(chain[0]).decode()}:"
    others = ", ".join(f":{base64.b64encode(der).decode()}:" for der in chain[1:])
    assert certificates("rfc9440", {NAME: first, f"{NAME}-Chain": others}) == chain
    escaped = quote(pem(chain), safe="")
    assert certificates("url-encoded-pem", {NAME: escaped}) == chain
    text = subject.replace("\n", "").replace("\\", "\\\\").replace('"', '\\"')
    digest = hashlib.sha256(chain[0]).hexdigest()
    value = f'Hash={digest};Subject="{text}";Chain="{escaped}"'
    assert certificates("xfcc", {NAME: value}) == chain
