"""Hashes of one password, and short ways to import and export."""

from __future__ import annotations

from pathlib import Path

import pytest

from esfilerealm.exchange import export_realm, import_users
from esfilerealm.hashing import resolve

VECTORS = Path(__file__).parents[2] / "vectors" / "exchange"

PASSWORD = "correct-horse"


@pytest.fixture(scope="session")
def hashes():
    """By algorithm, a hash of the password that a node can use."""
    names = ("bcrypt4", "pbkdf2_1000", "pbkdf2_stretch_1000", "ssha256", "sha1", "md5")
    return {name: resolve(name).hash(PASSWORD) for name in names}


@pytest.fixture
def bcrypt(hashes):
    """Any hash."""
    return hashes["bcrypt4"]


@pytest.fixture
def vector():
    """Read one of the recorded files."""
    return lambda name: (VECTORS / name).read_bytes()


@pytest.fixture
def read():
    """Import text or bytes."""

    def read(format, data, **options):
        data = data.encode() if isinstance(data, str) else data
        return import_users(format, data, source="the.file", **options)

    return read


@pytest.fixture
def write():
    """Export a realm of text."""

    def write(format, users, users_roles="", **options):
        return export_realm(format, users.encode(), users_roles.encode(), **options)

    return write


@pytest.fixture
def losses_of():
    """Show losses in short: [!] before those that block."""

    def losses_of(outcome):
        assert all("\n" not in str(loss) for loss in outcome.losses)
        return ["! " * loss.is_blocking + f"{loss.where}: {loss.what}" for loss in outcome.losses]

    return losses_of
