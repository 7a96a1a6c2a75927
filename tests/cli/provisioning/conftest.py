"""A realm with users, and documents about it."""

from __future__ import annotations

import pytest
from support.agreement import reader_and_schema_agree  # noqa: F401 - used by itself
from unit.provisioning.kit import USERS, USERS_ROLES


@pytest.fixture
def realm(config):
    (config / "users").write_text(USERS)
    (config / "users_roles").write_text(USERS_ROLES)
    for name in ("users", "users_roles"):
        (config / name).chmod(0o640)
    return config


@pytest.fixture
def document(tmp_path):
    """Write a document, and return its path."""

    def write(text, name="state.yaml"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    return write
