"""Certificates that a trusted proxy hands on in a header."""

from __future__ import annotations

import base64
import hashlib
import ssl
from urllib.parse import quote

import pytest
from support.pki import CERTIFICATES

from esfilerealm.errors import InvalidProxyHeaderError
from esfilerealm.realms import DelegatedBy, TrustedProxy

PROXY = "10.0.0.7"
STRANGER = "10.0.0.8"
OWN = (b"presented to us",)


def pem(*names: str) -> str:
    return "".join((CERTIFICATES / f"{name}.pem").read_text() for name in names)


def der(name: str) -> bytes:
    return ssl.PEM_cert_to_DER_cert(pem(name))


def url(*names: str) -> str:
    """PEM as nginx writes it."""
    return quote(pem(*names), safe="")


def sequence(name: str) -> str:
    return f":{base64.b64encode(der(name)).decode()}:"


def digest(name: str) -> str:
    return hashlib.sha256(der(name)).hexdigest()


ALICE, INTER = der("alice"), der("inter")
HEADERS = {
    "url-encoded-pem": "X-Client",
    "xfcc": "X-Forwarded-Client-Cert",
    "rfc9440": "Client-Cert",
}


def proxy(kind="url-encoded-pem", addresses=(PROXY,), **options) -> TrustedProxy:
    return TrustedProxy(addresses, header=HEADERS[kind], format=kind, **options)


def chain_of(kind, headers):
    """The certificates in *headers*: all of them, or the value of the first one."""
    if not isinstance(headers, dict):
        headers = {HEADERS[kind]: headers}
    return proxy(kind).request(headers, PROXY).peer_certificates


XFCC = f"By=spiffe://a/b;Hash={digest('alice')}"


class TestFormats:
    @pytest.mark.parametrize(
        ("kind", "headers", "expected"),
        [
            pytest.param("url-encoded-pem", url("alice"), [ALICE], id="nginx"),
            pytest.param(
                "url-encoded-pem", quote(pem("alice", "inter"), "+=/ "), None, id="raw-blanks"
            ),
            pytest.param(
                "url-encoded-pem", quote(pem("alice", "inter"), "+=/"), [ALICE, INTER], id="aws"
            ),
            pytest.param("url-encoded-pem", "", [], id="empty"),
            pytest.param("url-encoded-pem", {}, [], id="none"),
            pytest.param("url-encoded-pem", pem("alice"), None, id="not-encoded"),
            pytest.param("url-encoded-pem", f"{url('alice')},{url('bob')}", None, id="joined"),
            pytest.param("url-encoded-pem", url("alice")[:-60], None, id="cut"),
            pytest.param("url-encoded-pem", "%3Cscript%3E", None, id="no-pem"),
            pytest.param("url-encoded-pem", quote(pem("alice.key"), safe=""), None, id="key"),
            pytest.param("url-encoded-pem", "(null)", None, id="null"),
            pytest.param("xfcc", f'{XFCC};Cert="{url("alice")}"', [ALICE], id="cert"),
            pytest.param(
                "xfcc", f'{XFCC};Chain="{url("alice", "inter")}"', [ALICE, INTER], id="chain"
            ),
            pytest.param(
                "xfcc",
                f'{XFCC};cert="{url("alice")}";CHAIN="{url("alice", "inter")}"',
                [ALICE, INTER],
                id="both",
            ),
            pytest.param(
                "xfcc",
                rf'{XFCC};Subject="CN=a\",b;Cert=\"x";URI=a=b;DNS=a;DNS=b;Cert="{url("alice")}"',
                [ALICE],
                id="subject",
            ),
            pytest.param("xfcc", "", [], id="xfcc-empty"),
            pytest.param("xfcc", XFCC, None, id="neither"),
            pytest.param("xfcc", f'{XFCC};Cert=""', None, id="empty-cert"),
            pytest.param("xfcc", f'{XFCC};Cert="{url("bob")}"', None, id="another-hash"),
            pytest.param(
                "xfcc",
                f'{XFCC};Cert="{url("alice")}";Chain="{url("bob")}"',
                None,
                id="another-chain",
            ),
            pytest.param(
                "xfcc", f'{XFCC};Cert="{url("alice")}";cert="{url("alice")}"', None, id="twice"
            ),
            pytest.param("xfcc", f'Cert="{url("alice", "inter")}"', None, id="two-certs"),
            pytest.param(
                "xfcc", f'Cert="{url("bob")}",Cert="{url("alice")}"', None, id="two-clients"
            ),
            pytest.param("xfcc", f'{XFCC};URI=a,b;Cert="{url("alice")}"', None, id="comma-in-uri"),
            pytest.param("xfcc", f'Cert="{url("alice")}', None, id="open-quote"),
            pytest.param("xfcc", f'Cert="{url("alice")}"x', None, id="after-quote"),
            pytest.param("xfcc", ";;", None, id="semicolons"),
            pytest.param("rfc9440", sequence("alice"), [ALICE], id="client-cert"),
            pytest.param(
                "rfc9440",
                {
                    "client-cert": f" {sequence('alice')}\t",
                    "CLIENT-CERT-CHAIN": f"{sequence('inter')} ,\t{sequence('root')}",
                },
                [ALICE, INTER, der("root")],
                id="client-cert-chain",
            ),
            pytest.param("rfc9440", {"Client-Cert-Chain": sequence("inter")}, None, id="no-leaf"),
            pytest.param("rfc9440", sequence("alice")[1:], None, id="no-colon"),
            pytest.param("rfc9440", ":!:", None, id="no-base64"),
            pytest.param("rfc9440", "::", None, id="no-bytes"),
            pytest.param("rfc9440", ":YWJj:", None, id="no-der"),
            pytest.param("rfc9440", f"{sequence('alice')}, {sequence('bob')}", None, id="a-list"),
            pytest.param(
                "rfc9440",
                {"Client-Cert": sequence("alice"), "Client-Cert-Chain": f"{sequence('inter')},"},
                None,
                id="last-comma",
            ),
        ],
    )
    def test_read(self, kind, headers, expected):
        """None stands for a refusal."""
        if expected is not None:
            assert chain_of(kind, headers) == tuple(expected)
            return
        with pytest.raises(InvalidProxyHeaderError) as caught:
            chain_of(kind, headers)
        assert (caught.value.header, caught.value.status) == (HEADERS[kind], 400)

    @pytest.mark.parametrize(
        ("kind", "value"),
        [
            ("url-encoded-pem", url(*["alice"] * 11)),
            ("url-encoded-pem", "A" * (64 * 1024 + 1)),
            ("xfcc", 'Cert="' + "\\" * 64_000),
            ("rfc9440", ":" + "A" * 70_000 + ":"),
        ],
    )
    def test_too_much(self, kind, value):
        with pytest.raises(InvalidProxyHeaderError, match=r"more than|no pair"):
            chain_of(kind, value)

    @pytest.mark.parametrize(("kind", "name"), [*HEADERS.items(), ("rfc9440", "Client-Cert-Chain")])
    def test_sent_twice(self, kind, name):
        """Also with the same value: the proxy has passed on what its client sent."""
        with pytest.raises(InvalidProxyHeaderError, match="sent more than once") as caught:
            chain_of(kind, {name: "a", name.lower(): "a"})
        assert caught.value.header == name


class TestTrust:
    def test_the_certificates_are_delegated(self):
        request = proxy().request({"x-client": url("alice"), "Accept": "*/*"}, PROXY)
        assert request.delegated_by == DelegatedBy("proxy", "_proxy")
        assert dict(request.headers) == {"accept": ("*/*",)}

    def test_a_proxy_that_verifies_them_itself(self):
        request = proxy(delegated_by=None).request({"x-client": url("alice")}, PROXY)
        assert (request.delegated_by, request.peer_certificates) == (None, (ALICE,))

    def test_the_certificate_of_the_proxy_is_not_that_of_the_client(self):
        assert proxy().request({}, PROXY, peer_certificates=OWN).peer_certificates == ()

    @pytest.mark.parametrize("value", [url("alice"), "broken", ["a", "b"]], ids=str.__class__)
    def test_a_stranger_is_not_believed(self, value, caplog):
        request = proxy().request({"X-CLIENT": value}, STRANGER, peer_certificates=OWN)
        assert (request.peer_certificates, request.delegated_by) == (OWN, None)
        assert request.values("X-Client") == ()
        assert caplog.messages == [
            f"header [X-Client] from [{STRANGER}], which is no trusted proxy, is ignored"
        ]

    def test_a_stranger_without_the_header_is_not_worth_a_line(self, caplog):
        proxy().request({"Accept": "*/*"}, STRANGER)
        assert caplog.messages == []

    def test_both_headers_of_a_stranger_are_left_out(self):
        headers = {"Client-Cert": "x", "client-cert-chain": "y"}
        assert not proxy("rfc9440").request(headers, STRANGER).headers

    @pytest.mark.parametrize(
        ("addresses", "peer", "is_trusted"),
        [
            ([PROXY], PROXY, True),
            ([PROXY], f"::ffff:{PROXY}", True),
            ([PROXY], STRANGER, False),
            ([PROXY], None, False),
            ([PROXY], "", False),
            (["10.0.0.0/29"], PROXY, True),
            (["10.0.0.0/29"], STRANGER, False),
            (["fd00::/120", PROXY], "fd00::17", True),
            (["fd00::/120"], "fd00::1:0", False),
            (["::ffff:10.0.0.0/125"], PROXY, True),
            (["::ffff:10.0.0.0/125"], f"::ffff:{PROXY}", True),
            (["::ffff:10.0.0.0/125"], STRANGER, False),
            (["fe80::1"], "fe80::1%eth0", True),
            (["unix:"], "", True),
            (["unix:"], None, True),
            (["unix:"], PROXY, False),
        ],
    )
    def test_who_is_the_proxy(self, addresses, peer, is_trusted):
        assert proxy(addresses=addresses).trusts(peer) is is_trusted

    def test_an_address_that_is_none(self):
        with pytest.raises(ValueError, match=r"invalid address of a peer \[10.0.0.7:80\]"):
            proxy().trusts("10.0.0.7:80")


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"addresses": "10.0.0.7"}, "put one into a list"),
        ({"addresses": []}, "at least one address"),
        ({"addresses": ["10.0.0.7/8"]}, "invalid address of a proxy"),
        ({"addresses": ["localhost"]}, "invalid address of a proxy"),
        ({"addresses": ["0.0.0.0/0"]}, "includes everybody"),
        ({"addresses": ["::/0"]}, "includes everybody"),
        ({"addresses": ["::ffff:0:0/96"]}, "includes everybody"),
        ({"format": "pem"}, r"\[pem\] is not one of \[url-encoded-pem"),
        ({"header": "X Client"}, "not the name of a header"),
        ({"header": "Ä"}, "not the name of a header"),
        ({"header": ""}, "not the name of a header"),
    ],
)
def test_a_proxy_that_makes_no_sense(change, rule):
    arguments = {"addresses": [PROXY], "header": "X-Client", "format": "url-encoded-pem", **change}
    with pytest.raises((ValueError, TypeError), match=rule):
        TrustedProxy(**arguments)
