"""Rules about certificates and keys of TLS: ``EFR6xx``."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final, TypedDict

from ..._ground.showing import shown
from ...certificates.facts import is_signed_by
from ...certificates.names import subject_text
from ..judging import names_of_hosts, purposes_missing, weak_key, weak_signature
from ..registry import rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ...certificates.facts import Facts
    from ...findings import Finding
    from ..node import Node
    from ..parts import Unreadable
    from ..tls import Identity, Use

_NONE: Final = "none"


class _About(TypedDict):
    """Of what a finding is, as arguments of ``Rule.finding``."""

    path: str
    subject: str


@rule("EFR601", "certificate has expired", severity="error")
def expired(node: Node) -> Iterator[Finding | Unreadable]:
    """
    Nobody who checks certificates connects to the node any more, and it finds no other nodes.

    Advice: Make a new certificate, put it in place, and restart the node if it does not reload.
    """
    found = node.certificates
    yield from found.troubles
    for path, facts in _shown_to_others(found.uses):
        if facts.not_after < found.now:
            yield expired.finding(f"expired on [{_day(facts.not_after)}]", **_about(path, facts))


@rule("EFR602", "certificate is about to expire", severity="warning")
def about_to_expire(node: Node) -> Iterator[Finding | Unreadable]:
    """
    There are only some days left in which to replace it before connections fail.

    Advice: Make a new certificate in time; certificate_days in esfilerealm.toml sets when to warn.
    """
    found = node.certificates
    yield from found.troubles
    soon = found.now + dt.timedelta(days=node.limits.certificate_days)
    for path, facts in _shown_to_others(found.uses):
        if found.now <= facts.not_after < soon:
            days = (facts.not_after - found.now).days
            message = f"expires on [{_day(facts.not_after)}], in [{days}] days"
            yield about_to_expire.finding(message, **_about(path, facts))


@rule("EFR603", "certificate is not valid yet", severity="error")
def not_yet_valid(node: Node) -> Iterator[Finding | Unreadable]:
    """
    Nobody who checks certificates connects to the node before that time. Often the clock of the
    machine that made it, or of this one, is wrong.

    Advice: Check the clocks, or make a new certificate.
    """
    found = node.certificates
    yield from found.troubles
    for path, facts in _shown_to_others(found.uses):
        if facts.not_before > found.now:
            message = f"is valid only from [{_day(facts.not_before)}] on"
            yield not_yet_valid.finding(message, **_about(path, facts))


@rule("EFR604", "private key does not fit the certificate", severity="error")
def key_of_another(node: Node) -> Iterator[Finding | Unreadable]:
    """
    The certificate is about another key, so every handshake fails. Often only one of both files
    was replaced.

    Advice: Put the certificate of this key in place, or the key of this certificate.
    """
    yield from node.certificates.troubles
    for use, identity in node.certificates.identities:
        if use.key is not None and use.key[1].public_key != identity.certificate.public_key:
            message = f"the private key [{use.key[0]}] belongs to another certificate"
            yield key_of_another.finding(message, **_about(identity.path, identity.certificate))


@rule("EFR605", "weak key", severity="warning")
def short_key(node: Node) -> Iterator[Finding | Unreadable]:
    """
    Keys of RSA below 2048 bits, of elliptic curves below 224 bits, and all of DSA are not safe any
    more, and newer Java versions refuse some of them.

    Advice: Make a new key of RSA with 3072 bits, or on the curve P-256, and a certificate for it.
    """
    yield from node.certificates.troubles
    for path, facts in _every(node.certificates.uses):
        if reason := weak_key(facts):
            yield short_key.finding(reason, **_about(path, facts))


@rule("EFR606", "weak signature", severity="warning")
def old_signature(node: Node) -> Iterator[Finding | Unreadable]:
    """
    Signatures with MD5 and SHA-1 can be forged. Java refuses MD5. The signature of a certificate
    that signs itself matters to nobody.

    Advice: Have the authority sign it again with SHA-256.
    """
    yield from node.certificates.troubles
    for path, facts in _every(node.certificates.uses):
        if not facts.is_self_issued and (digest := weak_signature(facts)):
            message = f"the authority signed it with [{digest}]"
            yield old_signature.finding(message, **_about(path, facts))


@rule("EFR607", "incomplete chain", severity="warning")
def incomplete_chain(node: Node) -> Iterator[Finding | Unreadable]:
    """
    A client that trusts the root alone needs the certificates in between from the node. Between
    nodes, each has to trust the certificate of the others, which usually come from one authority.

    Advice: Append the missing certificates to the file, or name the authority as trusted.
    """
    yield from node.certificates.troubles
    for use, identity in node.certificates.identities:
        if use.context.is_server and (reason := _gap(use, identity)):
            yield incomplete_chain.finding(reason, **_about(identity.path, identity.certificate))


@rule("EFR608", "certificate without a host name", severity="warning")
def no_host_name(node: Node) -> Iterator[Finding | Unreadable]:
    """
    Clients compare the name in the address with the alternative names of the certificate, and so
    do other nodes where verification_mode is full, its default. This certificate has none.

    Advice: Make a certificate with the host's names and addresses, or set verification_mode to
    certificate for the transport layer.
    """
    yield from node.certificates.troubles
    for use, identity in node.certificates.identities:
        is_compared = not use.context.is_transport or use.mode == "full"
        leaf = identity.certificate
        if use.context.is_server and is_compared and not names_of_hosts(leaf):
            message = "it has no alternative name of a host"
            yield no_host_name.finding(message, **_about(identity.path, leaf))


@rule("EFR609", "certificate not meant for this use", severity="error")
def other_usage(node: Node) -> Iterator[Finding | Unreadable]:
    """
    The certificate lists what it may be used for, and that is not among it, so others refuse it.
    In the transport layer a node is client and server at once.

    Advice: Make a certificate whose extended key usage has serverAuth, and between nodes also
    clientAuth.
    """
    yield from node.certificates.troubles
    for use, identity in node.certificates.identities:
        if use.context.is_server and use.mode != _NONE:
            for purpose in purposes_missing(identity.certificate, use.context):
                message = f"its extended key usage lacks [{purpose}]"
                about = _about(identity.path, identity.certificate)
                yield other_usage.finding(message, **about)


@rule("EFR610", "authority as the certificate of a node", severity="warning")
def authority_as_leaf(node: Node) -> Iterator[Finding | Unreadable]:
    """
    The node holds the key of an authority, with which whoever takes it over can make certificates
    for any other node or host.

    Advice: Sign a certificate of its own for the node, and keep the authority's key elsewhere.
    """
    yield from node.certificates.troubles
    for use in node.certificates.uses:
        # A node picks among several keys of a store; automatic configuration keeps its
        # authority beside the key of the node.
        if use.context.is_server and all(each.certificate.is_authority for each in use.identities):
            for identity in use.identities:
                message = "it may sign other certificates"
                about = _about(identity.path, identity.certificate)
                yield authority_as_leaf.finding(message, **about)


@rule("EFR611", "private key without a passphrase", severity="info")
def open_key(node: Node) -> Iterator[Finding | Unreadable]:
    """
    Whoever gets a copy of the file, such as from a backup, has the key.

    Advice: Encrypt it, and put the passphrase into the keystore as secure_key_passphrase.
    """
    yield from node.certificates.troubles
    for use in node.certificates.uses:
        if use.key is not None and not use.key[1].is_encrypted:
            key = use.context.key("key")
            yield open_key.finding("no passphrase protects this key", path=use.key[0], subject=key)


@rule("EFR612", "file that a node cannot load", severity="error", source="NS-23")
def not_loaded(node: Node) -> Iterator[Finding | Unreadable]:
    """
    A node does not start with a store whose password is wrong, or with a file that holds something
    else than it should.

    Advice: Correct the password in the keystore, or put the right file in place.
    """
    yield from node.certificates.troubles
    for use in node.certificates.uses:
        for fault in use.faults:
            message = f"a node cannot load it as [{fault.key}]: {fault.reason}"
            yield not_loaded.finding(message, path=fault.path, subject=fault.key)


@rule("EFR613", "too many trusted authorities", severity="warning")
def many_authorities(node: Node) -> Iterator[Finding | Unreadable]:
    """
    Whoever gets a certificate from any of these authorities may join the cluster, or log in. Lists
    of public authorities are for clients that visit many sites, not for nodes among each other.

    Advice: Trust only the authority that signs the certificates of the nodes or users.
    """
    yield from node.certificates.troubles
    most = node.limits.most_authorities
    for use in node.certificates.uses:
        lets_in = use.context.is_transport or ".realms.pki." in use.context.prefix
        if lets_in and len(use.trusted) > most:
            message = f"[{use.context.prefix}] trusts [{len(use.trusted)}] authorities"
            yield many_authorities.finding(
                message, path=use.trusted[0][0], subject=use.context.prefix
            )


@rule("EFR614", "expired authority", severity="info")
def expired_authority(node: Node) -> Iterator[Finding | Unreadable]:
    """
    Java still trusts an authority that has expired; other clients do not. It is time to replace it.

    Advice: Add its successor to the trusted certificates, renew what it has signed, and remove it.
    """
    found = node.certificates
    yield from found.troubles
    for path, facts in _unique((path, facts) for use in found.uses for path, facts in use.trusted):
        if facts.not_after < found.now:
            message = f"expired on [{_day(facts.not_after)}]"
            yield expired_authority.finding(message, **_about(path, facts))


@rule("EFR615", "store without a trusted certificate", severity="info")
def without_trust(node: Node) -> Iterator[Finding | Unreadable]:
    """
    Java marks the certificates of a store that it trusts. This store has keys, and no such mark,
    as OpenSSL makes them. A node does not start with it as a trust store.

    Advice: Import the authority with keytool -importcert, or name it in certificate_authorities.
    """
    yield from node.certificates.troubles
    for use in node.certificates.uses:
        for path, key in use.without_trust:
            message = f"Java finds no trusted certificate in it, and [{key}] names it"
            yield without_trust.finding(message, path=path, subject=key)


def _shown_to_others(uses: Iterable[Use]) -> Iterator[tuple[str, Facts]]:
    """Yield the certificates that a node shows to others, each once, with their files."""
    return _unique(
        (identity.path, facts)
        for use in uses
        for identity in use.identities
        for facts in (identity.certificate, *identity.others)
        if facts is identity.certificate or not facts.is_self_issued  # nobody needs a root
    )


def _every(uses: Iterable[Use]) -> Iterator[tuple[str, Facts]]:
    yield from _unique(
        [*_shown_to_others(uses), *((path, facts) for use in uses for path, facts in use.trusted)]
    )


def _unique(found: Iterable[tuple[str, Facts]]) -> Iterator[tuple[str, Facts]]:
    yield from {(path, facts.der): (path, facts) for path, facts in found}.values()


def _gap(use: Use, identity: Identity) -> str | None:
    """Return what is missing between the certificate of a node and what others trust."""
    trusted = [facts for _, facts in use.trusted]
    facts = identity.certificate
    for _ in range(len(identity.others) + 1):
        if any(facts.der == each.der for each in trusted):
            return None
        above = None if facts.is_self_issued else _issuer(facts, identity.others)
        if above is None:
            break
        facts = above
    issuer = _issuer(facts, trusted)
    if issuer is not None:
        if use.context.is_transport or issuer.is_self_issued:
            return None
        return f"the file lacks the certificate of [{_name(issuer)}]"
    if identity.others and facts is identity.certificate and not facts.is_self_issued:
        return "no certificate of the file signed that of the node"
    if use.context.is_transport and trusted and use.mode != _NONE:
        return "no authority that the node trusts signed it, so other nodes may refuse it"
    return None


def _issuer(facts: Facts, candidates: Iterable[Facts]) -> Facts | None:
    """Return who signed a certificate."""
    named = [each for each in candidates if each.subject == facts.issuer and each is not facts]
    most = 20
    return next((each for each in named[:most] if is_signed_by(facts, each)), None)


def _about(path: str, facts: Facts) -> _About:
    return {"path": path, "subject": _name(facts)}


def _name(facts: Facts) -> str:
    return shown(subject_text(facts.certificate.subject.public_bytes()))


def _day(moment: dt.datetime) -> str:
    return moment.date().isoformat()
