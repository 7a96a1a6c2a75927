"""Extensions: broken ones, and names that an authority may not vouch for."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from esfilerealm.certificates.constraints import breaks_constraints
from esfilerealm.certificates.der import Element
from esfilerealm.certificates.extensions import DNS, EMAIL, URI, Extensions
from esfilerealm.errors import InvalidCertificateError

KEY_USAGE, OID_NAME = bytes((0x55, 0x1D, 0x0F)), 8


def extensions(*entries: tuple[bytes, bool, bytes]) -> Extensions:
    """Return what extensions say: each is a type, whether it is critical, and a value."""
    encoded = [
        Element(0x06, kind).encoded()
        + (Element(0x01, b"\xff").encoded() if is_critical else b"")
        + Element(0x04, value).encoded()
        for kind, is_critical, value in entries
    ]
    whole = b"".join(Element(0x30, entry).encoded() for entry in encoded)
    return Extensions(Element(0xA3, Element(0x30, whole).encoded()))


def test_a_broken_extension_counts_as_missing_if_it_is_not_critical():
    assert extensions((KEY_USAGE, False, b"\x04\x00")).may_sign_data
    assert not extensions((KEY_USAGE, False, b"\x03\x02\x02\x04")).may_sign_data
    with pytest.raises(InvalidCertificateError, match="broken"):
        extensions((KEY_USAGE, True, b"\x04\x00"))


def test_no_extension_is_given_twice():
    with pytest.raises(InvalidCertificateError, match="given twice"):
        extensions(*[(KEY_USAGE, False, b"\x03\x02\x07\x80")] * 2)


def breaks(name, permitted=(), excluded=(), *, has_distances=False) -> bool:
    own = SimpleNamespace(names=(name,))
    facts = SimpleNamespace(subject=(), subject_der=b"\x30\x00", extensions=own)
    subtrees = SimpleNamespace(
        permitted=list(permitted), excluded=list(excluded), has_distances=has_distances
    )
    return breaks_constraints(facts, SimpleNamespace(extensions=SimpleNamespace(subtrees=subtrees)))


@pytest.mark.parametrize(
    ("kind", "name", "subtree", "is_within"),
    [
        (DNS, "a.b.org", "b.org", True),
        (DNS, "ab.org", "b.org", False),
        (DNS, "a.b.org", ".b.org", True),
        (DNS, "b.org", ".b.org", False),
        (EMAIL, "u@b.org", "b.org", True),
        (EMAIL, "u@a.b.org", "b.org", False),
        (EMAIL, "u@a.b.org", ".b.org", True),
        (URI, "http://a.b.org/x", ".b.org", True),
        (URI, "http://a.b.org/x", "b.org", False),
    ],
)
def test_what_is_within_a_subtree(kind, name, subtree, is_within):
    assert breaks((kind, name), permitted=[(kind, subtree)]) is not is_within
    assert breaks((kind, name), excluded=[(kind, subtree)]) is is_within


@pytest.mark.parametrize(
    ("kind", "name", "subtree"),
    [(OID_NAME, b"a", b"b"), (URI, "urn:a", "b.org"), (DNS, "b.org", "")],
)
def test_what_java_fails_to_compare_is_refused(kind, name, subtree):
    assert breaks((kind, name), permitted=[(kind, subtree)])
    assert breaks((kind, name), excluded=[(kind, subtree)])


def test_subtrees_with_distances_are_refused():
    assert not breaks((DNS, "a"), permitted=[(DNS, "a")])
    assert breaks((DNS, "a"), permitted=[(DNS, "a")], has_distances=True)
