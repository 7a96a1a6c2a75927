"""A realm, a log outside of it, and what stands in the log."""

from __future__ import annotations

import json

import pytest
from support.hashes import CHEAP_HASH

from esfilerealm import UsersTool


@pytest.fixture
def realm(config):
    (config / "users").write_text(f"bob:{CHEAP_HASH}\nal:{CHEAP_HASH}\n")
    (config / "users_roles").write_text("viewer:bob\n")
    return config


@pytest.fixture
def log(tmp_path):
    return tmp_path / "audit.log"


@pytest.fixture
def tool(realm, log):
    return UsersTool(realm, audit=log)


@pytest.fixture
def lines(log):
    """Return what the log holds by now, line by line."""

    def read():
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []

    return read
