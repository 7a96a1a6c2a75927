"""Names and patterns of random shapes mean what Java 17 answered for them."""

from __future__ import annotations

import base64

import pytest
from support.pki import of_kind

from esfilerealm.certificates import canonical_name, principal_from, subject_text
from esfilerealm.errors import InvalidCertificateError, InvalidUsernamePatternError

RECORDED = "java-subjects.json"


@pytest.mark.parametrize("row", of_kind("name", RECORDED))
def test_a_name(row):
    der = base64.b64decode(row["der"])
    if row["text"] is None:
        with pytest.raises(InvalidCertificateError):
            subject_text(der)
    else:
        assert subject_text(der) == row["text"]
        assert canonical_name(der) == base64.b64decode(row["encoded"])


@pytest.mark.parametrize("row", of_kind("pattern", RECORDED))
def test_a_pattern(row):
    if row["outcome"] in ("error", "unsupported"):
        with pytest.raises(InvalidUsernamePatternError):
            principal_from(row["text"], row["pattern"])
    else:
        assert principal_from(row["text"], row["pattern"]) == (row["group"] or None)
