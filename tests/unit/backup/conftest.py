"""A configuration directory as automatic configuration leaves it."""

from __future__ import annotations

import pytest
from support.backups import make_folder, make_key, make_trust
from support.hashes import CHEAP_HASH

SETTINGS = """\
xpack.security.enabled: true
xpack.security.http.ssl:
  enabled: true
  keystore.path: certs/http.p12
xpack.security.transport.ssl:
  enabled: true
  verification_mode: certificate
  keystore.path: certs/transport.p12
  truststore.path: certs/transport.p12
"""


@pytest.fixture
def node_dir(tmp_path):
    folder = tmp_path / "config"
    (folder / "certs").mkdir(parents=True)
    (folder / "jvm.options.d").mkdir()
    (folder / "elasticsearch.yml").write_text(SETTINGS)
    (folder / "elasticsearch.keystore").write_bytes(b"keystore")
    (folder / "users").write_text(f"bob:{CHEAP_HASH}\n")
    (folder / "users_roles").write_text("viewer:bob\n")
    (folder / "roles.yml").write_text("viewer:\n  cluster: [monitor]\n")
    (folder / "log4j2.properties").write_text("status = error\n")
    for name in ("http.p12", "transport.p12", "http_ca.crt"):
        (folder / "certs" / name).write_bytes(name.encode())
    return folder


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
