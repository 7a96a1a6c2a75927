"""Name constraints: whom an authority may vouch for."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Final

from .names import comparable_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cryptography.x509 import GeneralName

    from .facts import Facts

__all__ = ["breaks_constraints"]

#: A common name that Java takes for the name of a host.
_HOST: Final = re.compile("[a-zA-Z0-9][a-zA-Z0-9-]*(?:[.][a-zA-Z0-9][a-zA-Z0-9-]*)*")


def breaks_constraints(facts: Facts, authority: Facts) -> bool:
    """
    Check whether a certificate has a name for which *authority* may not vouch.

    Source:
        RFC 5280, section 4.2.1.10; ``NameConstraintsExtension.verify``.
    """
    constraints = authority.name_constraints
    if constraints is None:
        return False
    permitted = list(constraints.permitted_subtrees or ())
    excluded = list(constraints.excluded_subtrees or ())
    try:
        names = list(_names(facts))
    except ValueError:  # a subject that the library cannot read
        return True
    for name in names:
        if any(_is_within(name, subtree) for subtree in excluded):
            return True
        if _has_no_host(name) and any(type(one) is type(name) for one in (*permitted, *excluded)):
            return True
        alike = [subtree for subtree in permitted if type(subtree) is type(name)]
        if alike and not any(_is_within(name, subtree) for subtree in alike):
            return True
    return False


def _names(facts: Facts) -> Iterator[GeneralName]:
    """Yield the names of a certificate: its subject, and the alternative ones."""
    from cryptography import x509

    certificate = facts.certificate
    if facts.subject:
        yield x509.DirectoryName(certificate.subject)
    try:
        names = list(
            certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        )
    except x509.ExtensionNotFound:
        names = []
        for attribute in certificate.subject.get_attributes_for_oid(x509.OID_EMAIL_ADDRESS):
            yield x509.RFC822Name(str(attribute.value))
    yield from names
    if not any(isinstance(name, x509.DNSName) for name in names):
        for attribute in certificate.subject.get_attributes_for_oid(x509.OID_COMMON_NAME)[-1:]:
            if _HOST.fullmatch(str(attribute.value)):
                yield x509.DNSName(str(attribute.value))


def _has_no_host(name: GeneralName) -> bool:
    """Check for an address without a host, which Java cannot hold against a constraint."""
    from cryptography import x509

    return isinstance(name, x509.UniformResourceIdentifier) and not _host(str(name.value))


def _host(address: str) -> str:
    return address.partition("//")[2].partition("/")[0].rpartition("@")[2].partition(":")[0]


def _is_within(name: GeneralName, subtree: GeneralName) -> bool:
    from cryptography import x509

    if type(name) is not type(subtree):
        return False
    if isinstance(name, x509.DirectoryName) and isinstance(subtree, x509.DirectoryName):
        own = comparable_name(name.value.public_bytes())
        above = comparable_name(subtree.value.public_bytes())
        return own[: len(above)] == above
    if isinstance(name, x509.IPAddress) and isinstance(subtree, x509.IPAddress):
        return _is_address_within(name.value, subtree.value)
    return _is_text_within(name, str(name.value).lower(), str(subtree.value).lower())


def _is_address_within(address: object, network: object) -> bool:
    if isinstance(address, ipaddress.IPv4Address) and isinstance(network, ipaddress.IPv4Network):
        return address in network
    if isinstance(address, ipaddress.IPv6Address) and isinstance(network, ipaddress.IPv6Network):
        return address in network
    return False


def _is_text_within(name: GeneralName, own: str, above: str) -> bool:
    from cryptography import x509

    if isinstance(name, x509.DNSName):
        return _is_subdomain(own, above)
    if isinstance(name, x509.RFC822Name) and "@" not in above:
        return _is_host_within(own.rpartition("@")[2], above)
    if isinstance(name, x509.UniformResourceIdentifier):
        return _is_host_within(_host(own), above)
    return own == above


def _is_host_within(host: str, above: str) -> bool:
    return host.endswith(above) if above[:1] == "." else host == above


def _is_subdomain(name: str, above: str) -> bool:
    above = above.removeprefix(".")
    return not above or name == above or name.endswith(f".{above}")
