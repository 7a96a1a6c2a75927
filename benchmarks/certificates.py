"""
Trust: a decision should cost little more than the signatures that it checks, and a login that is
remembered little more than the SHA-256 of its chain, by which it is recognised.

The reference of a decision checks the same signatures, with keys that are loaded already. The chain
has a client, an intermediate and a root, which the store holds. Of a new client, the certificate
has to be read; the intermediate is known, since other clients have it too.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from esfilerealm import PkiRealm
from esfilerealm.certificates import TrustStore
from esfilerealm.certificates.facts import facts_of, is_signed_by
from esfilerealm.realms import PkiSettings, Request

from .measure import Options, Row, Sides, compare, repeated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from esfilerealm.certificates.facts import Facts

    Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

_AIM = 1.5
_LOGIN_AIM = 4
_TIMES = 200
_MORE_THAN_ARE_REMEMBERED = 1100
_NAMES = ("Client", "Intermediate", "Root")
_KINDS: dict[str, Callable[[], Key]] = {
    "RSA 2048": lambda: rsa.generate_private_key(65_537, 2048),
    "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
}


def rows(options: Options) -> Iterator[Row]:
    """Measure decisions about a client that comes again, and about one that is new."""
    for kind, make_key in _KINDS.items():
        keys = [make_key() for _ in _NAMES]
        client, intermediate, root = _chain(keys)
        store = TrustStore([root])
        known = itertools.repeat(client)
        new = itertools.cycle([_chain(keys, last=0)[0] for _ in range(_MORE_THAN_ARE_REMEMBERED)])
        facts = [facts_of(each) for each in (client, intermediate, root)]
        for who, clients in (("known", known), ("new", new)):
            sides = Sides(
                f"trust decision, {kind}, {who} client",
                repeated(partial(_decide, store, clients, intermediate), _TIMES),
                "its two signatures",
                repeated(partial(_check_signatures, facts), _TIMES),
            )
            yield compare(sides, rounds=options.rounds(40), aim=_AIM, unit="µs")
        yield _login(kind, [client, intermediate], root, options)


def _login(kind: str, chain: list[bytes], root: bytes, options: Options) -> Row:
    """Measure a login that is remembered, from the certificates of the connection on."""
    request = Request(peer_certificates=tuple(chain))
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        trusted = Path(folder, "ca.der")
        trusted.write_bytes(root)
        realm = PkiRealm(folder, settings=PkiSettings(authorities=(str(trusted),)))
        sides = Sides(
            f"login by certificate, {kind}, remembered",
            repeated(partial(_log_in, realm, request), _TIMES),
            "SHA-256 of its chain",
            repeated(partial(_hash, chain), _TIMES),
        )
        return compare(sides, rounds=options.rounds(40), aim=_LOGIN_AIM, unit="µs")


def _log_in(realm: PkiRealm, request: Request) -> None:
    token = realm.token(request)
    if token is None or not realm.authenticate(token):
        raise RuntimeError("the client is not let in")


def _hash(chain: list[bytes]) -> None:
    hashlib.sha256(b"".join(chain)).digest()


def _decide(store: TrustStore, clients: Iterator[bytes], intermediate: bytes) -> None:
    store.verify_client([next(clients), intermediate])


def _check_signatures(facts: list[Facts]) -> None:
    for certificate, issuer in itertools.pairwise(facts):
        is_signed_by(certificate, issuer)


def _chain(keys: list[Key], last: int = 2) -> list[bytes]:
    """Return certificates, each signed by the key of the next one, and the root by its own."""
    made = []
    for number, name in enumerate(_NAMES[: last + 1]):
        above = min(number + 1, len(_NAMES) - 1)
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(_name(_NAMES[above]))
            .public_key(keys[number].public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
            .not_valid_after(dt.datetime(2120, 1, 1, tzinfo=dt.UTC))
            .add_extension(x509.BasicConstraints(ca=number > 0, path_length=None), critical=True)
        )
        made.append(builder.sign(keys[above], hashes.SHA256()).public_bytes(Encoding.DER))
    return made


def _name(text: str) -> x509.Name:
    attributes = [
        x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Acme"),
        x509.NameAttribute(x509.NameOID.COMMON_NAME, text),
    ]
    return x509.Name(attributes)
