"""Realms of the folder that each module here has as its fixture *folder*."""

from __future__ import annotations

import pytest

from esfilerealm import FileRealm, RealmSettings


@pytest.fixture
def make(folder):
    """Make realms that are closed after the test, from settings and options alike."""
    made = []

    def make(**options):
        settings = {name: options.pop(name) for name in dir(RealmSettings()) if name in options}
        settings.setdefault("password_hashing_algorithm", "bcrypt4")
        made.append(FileRealm(folder, settings=RealmSettings(**settings), **options))
        return made[-1]

    yield make
    for realm in made:
        realm.close()
