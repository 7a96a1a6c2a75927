"""Distinguished names as text: what is valid, equal and below."""

from __future__ import annotations

import pytest
from support.pki import of_kind

from esfilerealm.certificates import DistinguishedName
from esfilerealm.errors import InvalidDistinguishedNameError


@pytest.mark.parametrize("row", of_kind("dn"))
def test_the_normal_form(row):
    if not row["valid"]:
        with pytest.raises(InvalidDistinguishedNameError):
            DistinguishedName.parse(row["dn"])
        return
    name = DistinguishedName.parse(row["dn"])
    assert (name.normalized, len(name.rdns)) == (row["normalized"], row["rdns"])
    assert DistinguishedName.parse(name.normalized).normalized == name.normalized


@pytest.mark.parametrize("row", of_kind("equal"))
def test_equality(row):
    one, other = map(DistinguishedName.parse, (row["a"], row["b"]))
    assert (one == other) == row["equal"]
    assert (hash(one) == hash(other)) == row["equal"]


@pytest.mark.parametrize("row", of_kind("below"))
def test_descendants(row):
    name, suffix = map(DistinguishedName.parse, (row["dn"], row["suffix"]))
    assert name.is_below(suffix) == row["below"]


@pytest.mark.parametrize(
    ("text", "normal"),
    [("\u0130=a", "i\u0307=a"), ("\u01c5=a", "\u01c6=a"), ("cn=\u0130\u01c5", "cn=i\\c7\\85")],
)
def test_names_of_attributes_are_lowered_as_a_whole_and_values_sign_by_sign(text, normal):
    """As LDAP SDK 6.0.3 answers."""
    assert DistinguishedName.parse(text).normalized == normal
