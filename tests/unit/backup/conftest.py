"""What most tests of backups need."""

from __future__ import annotations

import pytest
from support.backups import make_folder, make_key, make_trust


@pytest.fixture
def folder(tmp_path):
    """Return the configuration directory of a small node."""
    return make_folder(tmp_path / "config")


@pytest.fixture
def place(tmp_path):
    """Return a directory for backups."""
    (tmp_path / "backups").mkdir()
    return tmp_path / "backups"


@pytest.fixture
def key(tmp_path):
    """Return the path of a key that signs."""
    return make_key(tmp_path / "id_ed25519")


@pytest.fixture
def trust(tmp_path, key):
    """Trust the key."""
    return make_trust(tmp_path, key)
