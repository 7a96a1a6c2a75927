"""Name constraints: whom an authority may vouch for."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from .names import comparable_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cryptography.x509 import GeneralName

    from .facts import Facts

__all__ = ["breaks_constraints"]


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
    for name in _names(facts):
        if any(_is_within(name, subtree) for subtree in excluded):
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
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        for attribute in certificate.subject.get_attributes_for_oid(x509.OID_EMAIL_ADDRESS):
            yield x509.RFC822Name(str(attribute.value))
    else:
        yield from names


def _is_within(name: GeneralName, subtree: GeneralName) -> bool:
    from cryptography import x509

    if type(name) is not type(subtree):
        return False
    if isinstance(name, x509.DirectoryName) and isinstance(subtree, x509.DirectoryName):
        own = comparable_name(name.value.public_bytes())
        above = comparable_name(subtree.value.public_bytes())
        return own[: len(above)] == above
    if isinstance(name, x509.IPAddress) and isinstance(subtree, x509.IPAddress):
        network = subtree.value
        is_network = isinstance(network, ipaddress.IPv4Network | ipaddress.IPv6Network)
        return is_network and name.value in network
    own_text, above_text = str(name.value).lower(), str(subtree.value).lower()
    if isinstance(name, x509.DNSName):
        return _is_subdomain(own_text, above_text)
    if isinstance(name, x509.RFC822Name):
        host = own_text.rpartition("@")[2]
        if "@" in above_text:
            return own_text == above_text
        return host.endswith(above_text) if above_text[:1] == "." else host == above_text
    if isinstance(name, x509.UniformResourceIdentifier):
        host = own_text.partition("//")[2].partition("/")[0].rpartition("@")[2].partition(":")[0]
        return host.endswith(above_text) if above_text[:1] == "." else host == above_text
    return own_text == above_text


def _is_subdomain(name: str, above: str) -> bool:
    above = above.removeprefix(".")
    return not above or name == above or name.endswith(f".{above}")
