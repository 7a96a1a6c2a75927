"""Names of any shape: equality, normal forms, and single values of a subject."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from esfilerealm.certificates import (
    DistinguishedName,
    canonical_name,
    extract_rdn,
    subject_text,
)
from esfilerealm.certificates.der import SEQUENCE, SET, Element
from esfilerealm.errors import InvalidCertificateError, InvalidDistinguishedNameError

pytestmark = pytest.mark.property

COMMON_NAME, UNIT = b"\x55\x04\x03", b"\x55\x04\x0b"
TEXTS = st.text(st.sampled_from('aB \u00e9\u0130\u01c5#,+=;<>"\\\n\x00'), max_size=5)
ESCAPED = TEXTS.map(lambda text: re.sub(r'[#,+;"\\]', r"\\\g<0>", text))
VALUES = st.one_of(
    ESCAPED, ESCAPED.map(lambda text: f'"{text}"'), st.sampled_from(["#0c0161", "\\c3\\98"])
)
PAIRS = st.builds(
    "{}={}{}".format,
    st.sampled_from(["cn", "CN ", "ou", "\u01c5"]),
    VALUES,
    st.sampled_from(["", " "]),
)
NAMES = st.lists(PAIRS, max_size=3).flatmap(
    lambda pairs: st.sampled_from([",", ";", "+", " , "]).map(lambda sign: sign.join(pairs))
)
FILLED = NAMES.filter(bool)


def parsed(text: str) -> DistinguishedName:
    try:
        return DistinguishedName.parse(text)
    except InvalidDistinguishedNameError:
        assume(False)
        raise


@given(NAMES)
def test_the_normal_form_is_a_fixed_point(text):
    name = parsed(text)
    again = DistinguishedName.parse(name.normalized)
    assert again.normalized == name.normalized
    assert again == name
    assert hash(again) == hash(name)


@given(st.lists(NAMES, min_size=3, max_size=3))
def test_equality_is_an_equivalence(texts):
    one, other, third = map(parsed, texts)
    assert one == DistinguishedName.parse(one.text)
    assert (one == other) == (other == one) == (one.normalized == other.normalized)
    assert not (one == other and other == third) or one == third
    assert not (one == other and one.is_below(other))


@given(FILLED, FILLED)
def test_a_name_is_below_what_it_ends_with(text, above):
    below = DistinguishedName.parse(f"{parsed(text).text},{parsed(above).text}")
    assert below.is_below(DistinguishedName.parse(above))


@st.composite
def subjects(draw):
    """An encoded name, and the values of its parts in the order of the encoding."""
    sets, values = [], []
    for _ in range(draw(st.integers(0, 3))):
        pairs = []
        for _ in range(draw(st.integers(1, 2))):
            kind = draw(st.sampled_from([COMMON_NAME, UNIT]))
            text = draw(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=4))
            value = Element(0x0C, text.encode())
            pairs.append(Element(SEQUENCE, Element(6, kind).encoded() + value.encoded()).encoded())
            values.append((kind, text))
        sets.append(Element(SET, b"".join(pairs)).encoded())
    return Element(SEQUENCE, b"".join(sets)).encoded(), values


@given(subjects())
def test_a_single_value_is_the_last_one(subject):
    der, values = subject
    for kind, oid in ((COMMON_NAME, "2.5.4.3"), (UNIT, "2.5.4.11")):
        found = [text for each, text in values if each == kind]
        assert extract_rdn(der, oid) == (found[-1] if found else None)


@given(subjects())
def test_a_subject_has_a_text_with_all_its_values(subject):
    der, values = subject
    text = subject_text(der)
    assert all(value in text for _, value in values if not set(value) & set('"\\'))
    assert text.count("CN=") + text.count("OU=") >= len(values)
    once = canonical_name(der)
    assert canonical_name(once) == once
    assert sorted(subject_text(once)) == sorted(text)


@given(st.binary(max_size=40))
def test_any_bytes_are_a_name_or_an_error(data):
    for read in (subject_text, canonical_name):
        try:
            read(Element(SEQUENCE, data).encoded())
        except InvalidCertificateError as error:
            assert error.rule
    extract_rdn(data, "2.5.4.3")
