"""Short ways to realms and fingerprints."""

from __future__ import annotations

import pytest

from esfilerealm.drift import Fingerprint
from esfilerealm.formats import ParsedRealm

KEY = b"a key for tests only, of 32 byte"


@pytest.fixture
def fingerprint():
    """Make one from users, each ``name: (hash, roles)``."""

    def make(node=None, *, key=KEY, **users):
        lines = "".join(f"{name}:{text}\n" for name, (text, _) in users.items())
        grants = "".join(f"{role}:{name}\n" for name, (_, roles) in users.items() for role in roles)
        realm = ParsedRealm.parse(lines.encode(), grants.encode())
        return Fingerprint.of(realm, key=key, node=node)

    return make
