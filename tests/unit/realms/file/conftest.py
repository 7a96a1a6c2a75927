"""Realms in the directory of the fixture *folder*."""

from __future__ import annotations

import pytest
from support.hashes import CHEAP_HASH

from esfilerealm import FileRealm, RealmSettings, verify_hash
from esfilerealm.realms.file import login as authenticator


@pytest.fixture
def make(folder):
    """Make realms from settings and options; they are closed after the test."""
    made = []

    def make(**options):
        settings = {name: options.pop(name) for name in dir(RealmSettings()) if name in options}
        settings.setdefault("password_hashing_algorithm", "bcrypt4")
        made.append(FileRealm(folder, settings=RealmSettings(**settings), **options))
        return made[-1]

    yield make
    for realm in made:
        realm.close()


@pytest.fixture
def folder(config):
    (config / "users").write_text(f"bob:{CHEAP_HASH}\njane:{CHEAP_HASH}\nal:swordfish\n")
    (config / "users_roles").write_text("viewer:bob,jane\nadmin:bob\n")
    return config


@pytest.fixture
def realm(make):
    return make()


@pytest.fixture
def verified(monkeypatch):
    """The hashes that passwords were verified against."""
    calls = []

    def counting(password, stored_hash):
        calls.append(stored_hash)
        return verify_hash(password, stored_hash)

    monkeypatch.setattr(authenticator, "verify_hash", counting)
    return calls
