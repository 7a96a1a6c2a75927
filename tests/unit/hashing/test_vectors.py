"""Every recorded hash has the same result as on a node."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from esfilerealm.errors import InvalidHashError
from esfilerealm.hashing import check_hash, resolve_from_hash, verify_hash

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "hash-vectors.json").read_text())
SLOW = re.compile(r"bcrypt1[234]|pbkdf2.*_(100000|500000|1000000)")


def _parameter(number, vector):
    slug = re.sub(r"[^a-z0-9]+", "-", (vector["note"] or vector["source"]).lower()).strip("-")
    verdict = "yes" if vector["valid"] else "no"
    slow = [pytest.mark.slow] if SLOW.fullmatch(vector["algorithm"]) else []
    name = f"{number:03}-{vector['algorithm']}-{verdict}-{slug[:60]}"
    return pytest.param(vector, id=name, marks=slow)


#: Elasticsearch uses plain SHA-256 for tokens only: no setting and no stored hash selects it.
ALL = [
    _parameter(number, vector)
    for number, vector in enumerate(VECTORS)
    if vector["algorithm"] != "sha256"
]


def _raises(vector):
    return vector["note"].startswith("RAISES: ")


def test_none_is_missing():
    assert len(VECTORS) == 362
    assert len(ALL) == 357
    assert sum(map(_raises, VECTORS)) == 26


@pytest.mark.parametrize("vector", ALL)
def test_the_verdict_is_a_nodes(vector):
    if _raises(vector):
        with pytest.raises(InvalidHashError):
            verify_hash(vector["password"], vector["hash"])
    else:
        assert verify_hash(vector["password"], vector["hash"]) is vector["valid"]


@pytest.mark.parametrize("vector", ALL)
def test_the_algorithm_is_a_nodes(vector):
    if vector["algorithm"] == "unresolvable":
        with pytest.raises(InvalidHashError):
            resolve_from_hash(vector["hash"])
    else:
        assert resolve_from_hash(vector["hash"]).name == vector["algorithm"]


@pytest.mark.parametrize("vector", [v for v in ALL if v.values[0]["valid"]])
def test_a_hash_that_matches_something_passes_the_check_unless_it_is_clear_text(vector):
    if vector["algorithm"] == "noop":
        with pytest.raises(InvalidHashError, match="lets in whoever types the text itself"):
            check_hash(vector["hash"])
    else:
        assert check_hash(vector["hash"]).name == vector["algorithm"]


NEVER_MATCHING = re.compile(
    "RAISES|spare bits|multiple of 128|separator|unpadded|padding removed|trailing blank"
    "|hexadecimal|empty digest|blob|digest missing"
)
CHECKED = [
    v for v in ALL if NEVER_MATCHING.search(v.values[0]["note"]) and not v.values[0]["valid"]
]


@pytest.mark.parametrize("vector", CHECKED)
def test_a_hash_that_can_never_match_fails_the_check(vector):
    with pytest.raises(InvalidHashError):
        check_hash(vector["hash"])


def test_the_check_is_tried_on_many_bad_hashes():
    assert len(CHECKED) >= 40
