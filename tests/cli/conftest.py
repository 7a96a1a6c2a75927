"""A user to work on, and settings of a node."""

from __future__ import annotations

import pytest
from support.hashes import CHEAP_HASH


@pytest.fixture
def bob(config):
    """A user to work on."""
    (config / "users").write_text(f"# people\nbob:{CHEAP_HASH}\n")
    (config / "users_roles").write_text("viewer:bob\n")
    return "bob"


@pytest.fixture
def give_settings(config):
    """Write ``elasticsearch.yml``."""

    def write(*lines):
        (config / "elasticsearch.yml").write_text("".join(f"{line}\n" for line in lines))

    return write
