"""``certificate show``: which user a certificate is, and whether this node trusts it."""

from __future__ import annotations

import datetime as dt
import os
import shlex
import warnings
from typing import TYPE_CHECKING, Any, Final

from .._ground.showing import printable, shown
from .._storage import read_file
from ..certificates import (
    DEFAULT_USERNAME_PATTERN,
    DistinguishedName,
    canonical_name,
    extract_rdn,
    principal_from,
)
from ..certificates.description import describe
from ..certificates.facts import facts_of
from ..certificates.pem import read_client_certificates
from ..certificates.trust import LARGEST_FILE, store_entries
from ..errors import (
    InvalidCertificateError,
    InvalidDistinguishedNameError,
    InvalidTrustStoreError,
    InvalidUsernamePatternError,
)
from ..settings.mapped_realm import PkiSettings
from .certificate_trust import exit_code_of_verdicts, verdicts_of_realms, verdicts_of_stores
from .exits import DATA, NO_INPUT, CommandError
from .output import titled
from .passwords import named_password, refuse_two_sources

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..certificates.description import Description
    from .arguments import Arguments
    from .target import Target
    from .terminal import Terminal

__all__ = ["run_show"]

_PASSWORDS: Final = ("password", "trust-password", "keystore-password")
_MOST_ISSUERS: Final = 10
_DAY: Final = dt.timedelta(days=1)
_NOBODY: Final = "not asked: no realm of type pki is configured, and --trust names no store"


def run_show(arguments: Arguments, target: Target, terminal: Terminal) -> int:
    """Print what a certificate says, its username, and who trusts it."""
    for option in _PASSWORDS:
        refuse_two_sources(arguments, option)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the library, about certificates that are odd
        chain = _read(arguments, terminal)
        is_needed = not (arguments.has("trust") and arguments.has("pattern"))
        realms = _pki_realms(target) if is_needed else []
        verdicts = (
            verdicts_of_stores(arguments, chain)
            if arguments.has("trust")
            else verdicts_of_realms(arguments, target, terminal, chain, realms)
        )
        certificate = describe(chain[0])
        above = [describe(each) for each in chain[1 : _MOST_ISSUERS + 1]]
        names = _usernames(arguments, chain[0], certificate.subject, realms)
    now = dt.datetime.now(dt.UTC)
    dn = _distinguished_name(certificate.subject)
    terminal.result.update(
        path=arguments.first,
        certificate_count=len(chain),
        **_for_programs(certificate, now),
        dn=dn,
        usernames=names,
        issuers=[{"subject": each.subject, "not_after": _moment(each.not_after)} for each in above],
        verdicts=[verdict.to_dict() for verdict in verdicts],
    )
    rows = [
        ("Subject", [certificate.subject]),
        ("Username", [_username_text(name) for name in names]),
        ("DN", [dn or "none: a role mapping file cannot name it"]),
        *_rows(certificate, now),
        ("Issuers", _issuer_texts(above, len(chain))),
        ("Trust", [str(verdict) for verdict in verdicts] or [_NOBODY]),
        ("Roles", _roles_command(certificate.subject)),
    ]
    terminal.print(*titled(rows))
    return exit_code_of_verdicts(verdicts)


def _pki_realms(target: Target) -> list[PkiSettings]:
    return [realm for realm in target.mapped_realms() if isinstance(realm, PkiSettings)]


def _read(arguments: Arguments, terminal: Terminal) -> list[bytes]:
    """Return the certificates of the file, the client's first."""
    path = arguments.first
    data = _data(path, terminal)
    password = named_password(arguments, "password")
    try:
        entries = store_entries(data, password or "")
        if entries is None:
            return read_client_certificates(data)
    except InvalidCertificateError as error:
        raise CommandError(f"[{path}] is not a certificate: {error.rule}", DATA) from None
    except InvalidTrustStoreError as error:
        advice = ""
        if error.kind == "password" and password is None:
            advice = ": give its password by --password-file or --password-env"
        raise CommandError(f"keystore [{path}]: {error.reason}{advice}", DATA) from None
    entries = [entry for entry in entries if entry.certificates]
    entries.sort(key=lambda entry: not entry.is_key)
    if not entries:
        reason = "holds no private key with its certificate, and no certificate that Java trusts"
        raise CommandError(f"keystore [{path}] {reason}", DATA)
    if len(entries) > 1:
        names = ", ".join(f"[{shown(entry.alias)}]" for entry in entries[:_MOST_ISSUERS])
        text = f"keystore [{path}] has {len(entries)} entries, {names}: the first is shown"
        terminal.note(f"NOTE: {text}")
    return _in_order(entries[0].certificates)


def _data(path: str, terminal: Terminal) -> bytes:
    if path == "-":
        data = terminal.read_document(LARGEST_FILE + 1)
        if len(data) > LARGEST_FILE:
            raise CommandError(f"standard input has more than [{LARGEST_FILE}] bytes", DATA)
        return data
    content = read_file(os.path.abspath(path), largest=LARGEST_FILE)
    if not content.exists:
        raise CommandError(f"file [{path}] does not exist", NO_INPUT)
    return content.data


def _in_order(certificates: Sequence[bytes]) -> list[bytes]:
    """Return the first certificate and those above it, as a client sends them."""
    chain = [facts_of(certificates[0])]
    others = [facts_of(certificate) for certificate in certificates[1:]]
    while above := [facts for facts in others if facts.subject == chain[-1].issuer]:
        chain.append(above[0])
        others.remove(above[0])
    return [facts.der for facts in chain]


def _usernames(
    arguments: Arguments, certificate: bytes, subject: str, realms: Sequence[PkiSettings]
) -> list[dict[str, Any]]:
    """Return each way to find the username, with the realms that go it."""
    ways: dict[tuple[str | None, str | None], list[str]] = {}
    given = arguments.value("pattern")
    for realm in realms if given is None else ():
        oid = realm.username_oid
        way = (None, oid) if oid else (realm.username_pattern, None)
        ways.setdefault(way, []).append(realm.name)
    if not ways:
        ways[given or DEFAULT_USERNAME_PATTERN, None] = []
    names = []
    for (pattern, oid), users in ways.items():
        problem = principal = None
        try:
            if oid is None:
                principal = principal_from(subject, pattern or "")
            else:
                name = canonical_name(facts_of(certificate).subject_der)
                principal = extract_rdn(name, oid) or None
        except InvalidUsernamePatternError as error:
            if given is not None:
                raise
            problem = str(error)
        names.append(
            {
                "principal": principal,
                "pattern": pattern,
                "oid": oid,
                "realms": users,
                "problem": problem,
            }
        )
    return names


def _username_text(name: dict[str, Any]) -> str:
    way = f"attribute [{name['oid']}]" if name["oid"] else f"pattern [{name['pattern']}]"
    of = f" of {_realm_names(name['realms'])}" if name["realms"] else ""
    if name["problem"]:
        return f"{name['problem']}{of}"
    if name["principal"] is None:
        return f"none: {way}{of} finds nothing, so nobody logs in with it"
    return f"[{name['principal']}], by {way}{of}"


def _realm_names(names: Sequence[str]) -> str:
    return f"realm{'s' if len(names) > 1 else ''} {', '.join(f'[{name}]' for name in names)}"


def _distinguished_name(subject: str) -> str | None:
    """Return the normal form of a subject, or None if a role mapping cannot name it."""
    try:
        return DistinguishedName.parse(subject).normalized
    except InvalidDistinguishedNameError:
        return None


def _for_programs(certificate: Description, now: dt.datetime) -> dict[str, Any]:
    key = certificate.public_key
    return {
        "subject": certificate.subject,
        "rdns": list(certificate.rdns),
        "issuer": certificate.issuer,
        "serial": certificate.serial,
        "not_before": _moment(certificate.not_before),
        "not_after": _moment(certificate.not_after),
        "days_left": (certificate.not_after - now) // _DAY,
        "public_key": {"kind": key.kind, "bits": key.bits, "curve": key.curve},
        "signature_algorithm": certificate.signature_algorithm,
        "key_usage": _listed(certificate.key_usage),
        "extended_key_usage": _listed(certificate.extended_key_usage),
        "alternative_names": list(certificate.alternative_names),
        "is_authority": certificate.is_authority,
        "fingerprints": {"sha256": certificate.sha256, "sha1": certificate.sha1},
    }


def _listed(names: Sequence[str] | None) -> list[str] | None:
    return None if names is None else list(names)


def _rows(certificate: Description, now: dt.datetime) -> Iterator[tuple[str, Sequence[str]]]:
    key = certificate.public_key
    size = key.curve or (f"{key.bits} bits" if key.bits else "")
    yield "RDNs", certificate.rdns
    yield "Issuer", [certificate.issuer]
    yield "Serial", [certificate.serial]
    yield "Valid", [_validity(certificate, now)]
    yield "Key", [f"{key.kind}, {size}" if size else key.kind]
    yield "Signature", [certificate.signature_algorithm]
    yield "Key usage", [_usage(certificate.key_usage)]
    yield "Purposes", [_usage(certificate.extended_key_usage)]
    yield "Authority", ["yes: it may sign certificates"] if certificate.is_authority else []
    yield "Other names", certificate.alternative_names
    yield "SHA-256", [certificate.sha256]
    yield "SHA-1", [certificate.sha1]


def _usage(names: Sequence[str] | None) -> str:
    return "any, since nothing is said" if names is None else ", ".join(names) or "none"


def _validity(certificate: Description, now: dt.datetime) -> str:
    begin, end = certificate.not_before, certificate.not_after
    if now < begin:
        when = f"begins in {_days(begin - now)}"
    elif now > end:
        when = f"expired {_days(now - end)} ago"
    else:
        when = f"expires in {_days(end - now)}"
    return f"{_moment(begin)} to {_moment(end)}, {when}"


def _days(time: dt.timedelta) -> str:
    days = time // _DAY
    return "less than a day" if not days else f"{days} day{'' if days == 1 else 's'}"


def _moment(time: dt.datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def _issuer_texts(above: Sequence[Description], count: int) -> Iterator[str]:
    for each in above:
        yield f"{each.subject}, until {_moment(each.not_after)}"
    if count > len(above) + 1:
        yield f"and {count - len(above) - 1} more certificates"


def _roles_command(subject: str) -> list[str]:
    """Return the command that shows the roles; none if a shell could not take the subject."""
    if printable(subject) != subject:
        return []
    return [f"esfilerealm roles-of --dn {shlex.quote(subject)}"]
