"""The files that Elastic's documentation of the file realm prints as its examples."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from esfilerealm import UsersTool

EXAMPLES = Path(__file__).parents[1] / "vectors" / "documentation"


@pytest.fixture
def realm(tmp_path):
    shutil.copytree(EXAMPLES, tmp_path, dirs_exist_ok=True)
    return tmp_path


def test_they_mean_what_they_say(realm):
    listing = UsersTool(realm).listing()
    assert listing.users == {
        "rdeniro": ("admin",),
        "alpacino": ("power_user",),
        "jacknich": ("power_user", "user"),
    }
    assert not listing.orphans
    assert not any(listing.issues.values())


def test_the_known_password(realm):
    """The documentation took this hash from the tests of Elasticsearch, which tell the password."""
    assert UsersTool(realm).verify("jacknich", "test123")
    assert not UsersTool(realm).verify("jacknich", "test1234")
    assert not UsersTool(realm).verify("rdeniro", "test123")


def test_a_change_and_back(realm):
    tool = UsersTool(realm)
    tool.roles("rdeniro", add=["user"])
    assert (realm / "users_roles").read_text().endswith("user:jacknich,rdeniro\n")
    tool.roles("rdeniro", remove=["user"])
    for name in ("users", "users_roles"):
        assert (realm / name).read_bytes() == (EXAMPLES / name).read_bytes()
