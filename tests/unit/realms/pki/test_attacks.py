"""Certificates of attackers: refused in bounded time, and the reason is in the steps."""

from __future__ import annotations

import unicodedata

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from support.pki import made, private_key
from support.pki_realm import chain, der, made_realm, made_settings

from esfilerealm import PkiRealm, RealmChain
from esfilerealm.certificates import path, subject_text
from esfilerealm.errors import InvalidCertificateError
from esfilerealm.realms import Request, ResultKind, StepStatus, X509Token
from esfilerealm.realms.pki.usernames import Usernames

AUTHORITY = made("Twin CA", is_authority=True, key=private_key("EC", "true"))
OTHER_KEY = private_key("EC", "false")
#: Another authority of the same name, whose key is the attacker's.
TWIN = made("Twin CA", is_authority=True, key=OTHER_KEY)
NO_PATH = "no chain leads from it"


def of(*certificates):
    return tuple(one.certificate.public_bytes(Encoding.DER) for one in certificates)


@pytest.fixture
def realms(tmp_path):
    """Of a true authority, made here, and of the vectors'."""
    (tmp_path / "twin.pem").write_bytes(AUTHORITY.pem)
    realm = made_realm(tmp_path, authorities=("ca.pem", "twin.pem"))
    return RealmChain([realm])


ATTACKS = {
    "expired": (chain("expired", "inter"), "expired on 2021-01-01"),
    "expired long ago": (of(made("jane", AUTHORITY, since=-9, days=-2)), "expired on"),
    "not yet valid": (of(made("jane", AUTHORITY, since=2)), "is valid from"),
    "another authority": (chain("foreign", "foreign_root"), NO_PATH),
    "of an authority with the same name": (of(made("jane", TWIN)), "signature"),
    "with that authority": (of(made("jane", TWIN), TWIN), "signature"),
    "self-signed": (chain("keytool_self"), NO_PATH),
    "self-signed as that authority": (of(made("Twin CA", key=OTHER_KEY)), "signature"),
    "intermediate as leaf": (chain("inter", "root"), "does not allow digital signatures"),
    "for servers": (chain("server_eku", "inter"), "does not allow the authentication of clients"),
    "under no authority": (chain("under_no_ca", "no_ca", "root"), "is not an authority"),
    "the intermediate is missing": (chain("alice"), NO_PATH),
    "weak": (of(made("jane", AUTHORITY, key=private_key("EC-192"))), "weak"),
}  # fmt: skip


@pytest.mark.parametrize(("certificates", "reason"), ATTACKS.values(), ids=ATTACKS)
def test_who_is_not_trusted_is_refused(realms, certificates, reason):
    for _ in range(2):
        result = realms.authenticate_request(Request(peer_certificates=certificates))
        assert result.kind is ResultKind.REFUSED
        assert result.http_status == 401
        (step,) = result.steps
        assert (step.status, step.reason) == (StepStatus.CONTINUE, "certificate_not_trusted")
        assert reason in step.message
    assert realms.realms[0].usage_stats()["cache"]["size"] == 0


def test_the_true_one_is_let_in(realms):
    result = realms.authenticate_request(Request(peer_certificates=of(made("jane", AUTHORITY))))
    assert result.user.username == "jane"


@pytest.mark.parametrize(
    "certificates",
    [
        chain("root", "bob"),
        chain("inter", "alice"),
        chain("alice", "root", "inter"),
        chain("bob", "foreign_root"),
        (der("bob") + der("root"),),
        (der("bob"), b"\x30\x00"),
    ],
    ids=["turned", "turned too", "shuffled", "not its issuer", "joined", "broken"],
)
def test_a_wrong_order_is_refused_also_after_the_right_one(realms, certificates):
    for right in (chain("bob", "root"), chain("alice", "inter", "root")):
        assert realms.authenticate_request(Request(peer_certificates=right))
    result = realms.authenticate_request(Request(peer_certificates=certificates))
    assert result.kind is ResultKind.INVALID_REQUEST
    assert isinstance(result.error, InvalidCertificateError)
    assert result.steps[0].status is StepStatus.FAILED


@pytest.mark.parametrize("missing", [chain("alice"), chain("alice", "inter")[:1]])
def test_a_remembered_client_needs_its_whole_chain(realms, missing):
    assert realms.authenticate_request(Request(peer_certificates=chain("alice", "inter")))
    assert not realms.authenticate_request(Request(peer_certificates=missing))


def test_other_authorities_beside_a_remembered_chain_are_looked_at(realms):
    """What is added to a chain makes another one, which is decided anew."""
    jane = made("jane", AUTHORITY)
    assert realms.authenticate_request(Request(peer_certificates=of(jane)))
    assert realms.authenticate_request(Request(peer_certificates=of(jane, AUTHORITY)))
    assert not realms.authenticate_request(Request(peer_certificates=of(jane, TWIN)))
    assert realms.realms[0].usage_stats()["cache"]["size"] == 2


NAMES = ["jane", "JANE", "Jane", "\uff4aane", "j\u0430ne", "jane\u200b", " jane", "jane\0"]
ACCENTS = [unicodedata.normalize(form, "Zo\u00eb") for form in ("NFC", "NFD")]


def test_names_that_look_alike_are_different_users(tmp_path):
    (tmp_path / "twin.pem").write_bytes(AUTHORITY.pem)
    (tmp_path / "role_mapping.yml").write_text("admin: ['CN=Jane']\nviewer: ['CN=Zo\u00eb']\n")
    realm = PkiRealm(tmp_path, settings=made_settings(authorities=("twin.pem",)))
    found = {}
    for _ in range(2):
        for name in (*NAMES, *ACCENTS):
            certificates = of(made(name, AUTHORITY, key=OTHER_KEY))
            user = realm.authenticate(X509Token(certificates)).user
            found[user.username] = user.roles
    assert len(found) == len(NAMES) + len(ACCENTS)
    admins = [name for name, roles in found.items() if "admin" in roles]
    assert admins == ["jane", "JANE", "Jane", '" jane"']  # names of a directory are compared so
    assert [name for name, roles in found.items() if "viewer" in roles] == ACCENTS[:1]


def subject(*values):
    attributes = [
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, value, _validate=False) for value in values
    ]
    return x509.Name(attributes)


class TestBounds:
    def test_a_long_subject_is_refused_before_a_pattern_sees_it(self):
        large = made("x" * 64).certificate
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject(*["CN=" * 1500 + "\n"]))
            .issuer_name(large.subject)
            .public_key(OTHER_KEY.public_key())
            .serial_number(1)
            .not_valid_before(large.not_valid_before_utc)
            .not_valid_after(large.not_valid_after_utc)
        )
        from cryptography.hazmat.primitives.hashes import SHA256

        certificate = builder.sign(OTHER_KEY, SHA256()).public_bytes(Encoding.DER)
        with pytest.raises(InvalidCertificateError, match="its subject exceeds 4 KiB"):
            X509Token([certificate])

    def test_the_longest_subject_ends(self):
        """Quadratic, but within limits: some hundred milliseconds."""
        name = subject("CN=" * 1340 + "\n").public_bytes()
        assert len(name) < 2**12
        assert "CN=CN=" in subject_text(name)
        assert Usernames(made_settings(), accept_ambiguous=False).find(name) is None

    @pytest.mark.parametrize("count", [2, 20, 100])
    def test_many_cross_signed_authorities_end(self, realms, monkeypatch, count):
        signatures = []
        check = path.is_signed_by
        monkeypatch.setattr(
            path, "is_signed_by", lambda *pair: signatures.append(1) or check(*pair)
        )
        cross = made("X", is_authority=True, key=OTHER_KEY)
        certificates = of(made("jane", cross), *([cross] * (count - 1)))
        result = realms.authenticate_request(Request(peer_certificates=certificates))
        assert result.kind is ResultKind.REFUSED
        assert len(signatures) <= 200
