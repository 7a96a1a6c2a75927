"""A realm with users to work on."""

from __future__ import annotations

import pytest
from support.hashes import CHEAP_HASH

from esfilerealm import UsersTool


@pytest.fixture
def realm(config):
    """A realm with a remark, an odd line and two users."""
    (config / "users").write_text(f"# people\nbob:{CHEAP_HASH}\n\nal:{CHEAP_HASH}\n")
    (config / "users_roles").write_text("# roles\nadmin: bob , al\nviewer:bob\n")
    return config


@pytest.fixture
def tool(realm):
    return UsersTool(realm)
