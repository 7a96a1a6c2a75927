"""Logins by certificates that a proxy hands on, and by those that somebody only claims to have."""

from __future__ import annotations

import shutil
import ssl
from urllib.parse import quote

import pytest
from support.pki import CERTIFICATES

from esfilerealm import RealmChain
from esfilerealm.realms import ResultKind, TrustedProxy

PROXY, STRANGER = "10.0.0.7", "192.0.2.66"
PKI = "xpack.security.authc.realms.pki.p"
TRUST = f"{PKI}.certificate_authorities: root.pem\n"
DELEGATION = f"{PKI}.delegation.enabled: true\nxpack.security.authc.token.enabled: true\n"
PEM = (CERTIFICATES / "bob.pem").read_text()
HEADERS = {"X-Client-Cert": quote(PEM, safe="")}
DIRECT = (ssl.PEM_cert_to_DER_cert(PEM),)


def proxy(**options) -> TrustedProxy:
    return TrustedProxy([PROXY], header="X-Client-Cert", format="url-encoded-pem", **options)


@pytest.fixture
def opened(config):
    """A chain with a realm of certificates, and some more settings."""
    shutil.copy(CERTIFICATES / "root.pem", config)

    def opened(*settings):
        (config / "elasticsearch.yml").write_text(f"{PKI}.order: 1\n" + "".join(settings))
        (config / "role_mapping.yml").touch()
        return RealmChain.from_settings(config)

    return opened


def test_the_realm_must_permit_delegation(opened):
    chain = opened(TRUST)
    request = proxy().request(HEADERS, PROXY)
    assert chain.authenticate_request(request).reason == "delegation_not_permitted"


def test_a_direct_login_opens_no_door_for_the_proxy(opened):
    """Not even one that is remembered."""
    chain = opened(TRUST)
    assert chain.authenticate_request({}, DIRECT)
    assert not chain.authenticate_request(proxy().request(HEADERS, PROXY))


def test_who_vouches_is_in_the_metadata(opened):
    result = opened(TRUST, DELEGATION).authenticate_request(proxy().request(HEADERS, PROXY))
    assert result.user.username == "Goran Silva"
    assert result.user.metadata["pki_delegated_by_user"] == "proxy"
    assert result.user.metadata["pki_delegated_by_realm"] == "_proxy"


def test_a_realm_that_leaves_trust_to_tls_takes_nothing_from_a_proxy(opened):
    chain = opened()
    assert chain.authenticate_request({}, DIRECT)
    assert not chain.authenticate_request(proxy().request(HEADERS, PROXY))


def test_unless_the_proxy_verifies_certificates_itself(opened):
    request = proxy(delegated_by=None).request(HEADERS, PROXY)
    result = opened().authenticate_request(request)
    assert result.user.username == "Goran Silva"
    assert "pki_delegated_by_user" not in result.user.metadata


@pytest.mark.parametrize("settings", [(TRUST, DELEGATION), (TRUST,), ()], ids=len)
def test_a_stranger_with_the_header_is_nobody(opened, settings):
    request = proxy(delegated_by=None).request(HEADERS, STRANGER)
    result = opened(*settings).authenticate_request(request)
    assert result.kind is ResultKind.MISSING_CREDENTIALS
    assert result.http_status == 401
