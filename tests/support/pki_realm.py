"""PKI realms of tests: certificates of the vectors, trust files, role mappings."""

from __future__ import annotations

import shutil
from functools import cache
from typing import TYPE_CHECKING, Any

from support.pki import CERTIFICATES

from esfilerealm import PkiRealm
from esfilerealm.certificates.pem import read_certificates
from esfilerealm.realms import DelegatedBy, PkiSettings, Request, X509Token

if TYPE_CHECKING:
    from pathlib import Path

    from esfilerealm import AuthenticationResult

BOB = "Goran Silva"
BOB_DN = "CN=Goran Silva, OU=Ops, O=Blue Lantern, C=NO"
ALICE = "Tomoko Byrne"
ALICE_DN = "CN=Tomoko Byrne, OU=Signals, O=Blue Lantern, C=NO"
PROXY = DelegatedBy("proxy", "r1")
#: Of every protected store of the vectors.
STORE_PASSWORD = "lantern-trust-3"
MAPPING = f"ops: ['{BOB_DN}']\nsignals: ['{ALICE_DN}']\n"


@cache
def der(name: str) -> bytes:
    """Return a certificate of the vectors, in DER."""
    return read_certificates((CERTIFICATES / f"{name}.pem").read_bytes())[0]


def chain(*names: str) -> tuple[bytes, ...]:
    """Return certificates of the vectors, in DER."""
    return tuple(map(der, names))


def token(*names: str, delegated_by: DelegatedBy | None = None) -> X509Token:
    """Return what a client with these certificates shows."""
    return X509Token(chain(*names), delegated_by=delegated_by)


def request(*names: str, delegated_by: DelegatedBy | None = None) -> Request:
    """Return the request of a client with these certificates."""
    return Request(peer_certificates=chain(*names), delegated_by=delegated_by)


def trust(folder: Path, *names: str, file: str = "ca.pem") -> None:
    """Write the certificates that a realm trusts."""
    content = b"".join((CERTIFICATES / f"{name}.pem").read_bytes() for name in names)
    (folder / file).write_bytes(content)


def copied(folder: Path, name: str) -> str:
    """Copy a store of the vectors into a folder."""
    shutil.copy(CERTIFICATES / name, folder / name)
    return name


def made_settings(**settings: Any) -> PkiSettings:
    """Return settings of a realm that trusts the file `ca.pem` and polls once a minute."""
    if "truststore" not in settings:
        settings.setdefault("authorities", ("ca.pem",))
    return PkiSettings(reload_interval_high=60.0, **settings)


def made_realm(
    folder: Path, authorization: Any = None, *, watch_events: bool = True, **settings: Any
) -> PkiRealm:
    """Return a realm that trusts the test root and knows both clients, unless a file says other."""
    if not (folder / "ca.pem").exists():
        trust(folder, "root")
    if not (folder / "role_mapping.yml").exists():
        (folder / "role_mapping.yml").write_text(MAPPING)
    return PkiRealm(
        folder,
        settings=made_settings(**settings),
        authorization=authorization,
        watch_events=watch_events,
    )


def login(realm: PkiRealm, *names: str, delegated_by: DelegatedBy | None = None) -> Any:
    """Log in as a request does: find a token, and check it."""
    found = realm.token(request(*names, delegated_by=delegated_by))
    assert found is not None
    result: AuthenticationResult = realm.authenticate(found)
    return result
