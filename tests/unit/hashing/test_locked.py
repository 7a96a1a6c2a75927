"""The hash of a locked user: a node takes it for a hash, and it lets nobody in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.hashes import CHEAP_HASH

from esfilerealm import FileRealm, RealmSettings, UsersTool, verify_hash
from esfilerealm.hashing import check_hash, hash_problem, is_locked, locked_hash
from esfilerealm.hashing.bcrypt import match_sound

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "hash-vectors.json").read_text())
PASSWORDS = sorted({vector["password"] for vector in VECTORS})


def test_every_node_reads_it():
    text = locked_hash()
    assert text.startswith("$2a$10$esfilerealm/locked")
    assert match_sound(text)
    assert hash_problem(text) is None
    assert check_hash(text).name == "bcrypt"


def test_no_two_are_the_same():
    assert len({locked_hash() for _ in range(50)}) == 50


def test_no_public_password_opens_it():
    """Nor an empty one, nor the hash itself: by the rules of a node, and at the cheapest cost."""
    text = locked_hash()
    cheap = text.replace("$10$", "$04$")
    assert not any(verify_hash(password, cheap) for password in ["", "changeme", text, *PASSWORDS])
    assert not any(verify_hash(password, text) for password in PASSWORDS[:3])


def test_a_locked_user_cannot_log_in(config, tmp_path):
    UsersTool(config).useradd("bob", PASSWORDS[0].ljust(6), roles=["superuser"])
    UsersTool(config).lock("bob")
    with FileRealm(config, settings=RealmSettings(), watch_events=False) as realm:
        for password in (PASSWORDS[0].ljust(6), locked_hash()):
            assert not realm.authenticate("bob", password)
        assert realm.lookup_user("bob").roles == ("superuser",)


@pytest.mark.parametrize("revision", ["$2a$", "$2b$", "$2y$"])
def test_it_is_known_whatever_rewrote_it(revision):
    text = locked_hash()
    assert is_locked(revision + text[4:])
    assert is_locked(revision + "04" + text[6:])


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param(CHEAP_HASH, id="another hash"),
        pytest.param("esfilerealm/locked", id="the mark alone"),
        pytest.param("$2a$10$esfilerealm/locked", id="no digest"),
        pytest.param("$2x$10$esfilerealm/locked" + "a" * 35, id="another family"),
        pytest.param("$2a$10$Esfilerealm/locked" + "a" * 35, id="another case"),
        pytest.param("$2a$10$esfilerealm/locked" + "a" * 36, id="too long"),
    ],
)
def test_others_are_not(text):
    assert not is_locked(text)
