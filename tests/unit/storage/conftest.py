"""A realm with one user, for tests that write it as a whole."""

from __future__ import annotations

import pytest
from support.hashes import CHEAP_HASH

from esfilerealm._storage import RealmFolder


@pytest.fixture
def realm(config):
    (config / "users").write_text(f"bob:{CHEAP_HASH}\n")
    (config / "users_roles").write_text("viewer:bob\n")
    return config


@pytest.fixture
def folder(realm):
    return RealmFolder(realm)


@pytest.fixture
def paths(folder):
    return folder.paths
