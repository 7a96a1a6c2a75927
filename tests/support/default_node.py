"""A node of version 8 as automatic configuration leaves it at the first start."""

from __future__ import annotations

import datetime as dt
import ipaddress
from functools import cache
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from cryptography.x509.oid import NameOID

from esfilerealm.keystore import Keystore

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.x509 import Certificate

__all__ = ["NODE", "make_default_node"]

NODE = "valley-1"
_YEAR = dt.timedelta(days=365)
_BITS = 4096
_STORE_PASSWORD = "made-up-for-each-node"
_FORMAT = 6

SETTINGS = """\
# ======================== Elasticsearch Configuration =========================
#
#cluster.name: my-application
#node.name: node-1
#network.host: 192.168.0.1

#----------------------- BEGIN SECURITY AUTO CONFIGURATION -----------------------
#
# The following settings, TLS certificates, and keys have been generated.
#
# --------------------------------------------------------------------------------

# Enable security features
xpack.security.enabled: true

xpack.security.enrollment.enabled: true

# Enable encryption for HTTP API client connections, such as Kibana, Logstash, and Agents
xpack.security.http.ssl:
  enabled: true
  keystore.path: certs/http.p12

# Enable encryption and mutual authentication between cluster nodes
xpack.security.transport.ssl:
  enabled: true
  verification_mode: certificate
  keystore.path: certs/transport.p12
  truststore.path: certs/transport.p12
# Create a new cluster with the current node only
# Additional nodes can still join the cluster later
cluster.initial_master_nodes: ["valley-1"]

# Allow HTTP API connections from anywhere
# Connections are encrypted and require user authentication
http.host: 0.0.0.0

# Allow other nodes to join the cluster from anywhere
# Connections are encrypted and mutually authenticated
#transport.host: 0.0.0.0

#----------------------- END SECURITY AUTO CONFIGURATION -------------------------
"""
SECURE_SETTINGS = (
    "autoconfiguration.password_hash",
    "xpack.security.http.ssl.keystore.secure_password",
    "xpack.security.transport.ssl.keystore.secure_password",
    "xpack.security.transport.ssl.truststore.secure_password",
)
_FILES = {
    "elasticsearch.yml": SETTINGS,
    "elasticsearch-plugins.example.yml": "# nothing\n",
    "jvm.options": "# heap\n## -Xms4g\n## -Xmx4g\n-XX:+UseG1GC\n8-13:-XX:+UseConcMarkSweepGC\n",
    "log4j2.properties": "status = error\n",
    "role_mapping.yml": "# Role mapping configuration file\n#\n# admins:\n#   - cn=admins\n",
    "roles.yml": "# The default roles file is empty.\n",
    "users": "",
    "users_roles": "",
}


def make_default_node(config: Path) -> None:
    """Make the configuration directory of such a node, with the modes that it has."""
    config.mkdir()
    (config / "jvm.options.d").mkdir()
    (config / "certs").mkdir()
    for name, text in _FILES.items():
        (config / name).write_text(text, encoding="utf-8")
    for name, data in _certificates().items():
        (config / "certs" / name).write_bytes(data)
    (config / "elasticsearch.keystore").write_bytes(_keystore())
    for path in config.rglob("*"):
        path.chmod(0o750 if path.is_dir() else 0o660)
    config.chmod(0o750)


@cache
def _keystore() -> bytes:
    keystore = Keystore.create(format_version=_FORMAT)
    for name in SECURE_SETTINGS:
        keystore.set(name, _STORE_PASSWORD)
    return keystore.to_bytes()


@cache
def _certificates() -> dict[str, bytes]:
    http_ca, http = _chain("Elasticsearch security auto-configuration HTTP CA", 3, 2)
    transport_ca, transport = _chain("Elasticsearch security auto-configuration CA", 99, 99)
    return {
        "http_ca.crt": http_ca.public_bytes(Encoding.PEM),
        "http.p12": _store("http", http, http_ca),
        "transport.p12": _store("transport", transport, transport_ca),
    }


@cache
def _key(number: int) -> RSAPrivateKey:
    assert number in (0, 1)
    return rsa.generate_private_key(public_exponent=65537, key_size=_BITS)


def _chain(authority: str, years_of_ca: int, years: int) -> tuple[Certificate, Certificate]:
    """Return an authority and a certificate of the node that it has signed."""
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, authority)])
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NODE)])
    names = x509.SubjectAlternativeName(
        [
            x509.DNSName("localhost"),
            x509.DNSName(NODE),
            x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
            x509.IPAddress(ipaddress.ip_address("::1")),
        ]
    )
    ca_basics = x509.BasicConstraints(ca=True, path_length=None)
    ca = _signed(ca_name, 0, ca_name, years_of_ca, ca_basics)
    return ca, _signed(
        name, 1, ca_name, years, x509.BasicConstraints(ca=False, path_length=None), names
    )


def _signed(
    subject: x509.Name,
    key: int,
    issuer: x509.Name,
    years: int,
    *extensions: x509.ExtensionType,
) -> Certificate:
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(_key(key).public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=1))
        .not_valid_after(now + years * _YEAR)
    )
    for extension in extensions:
        critical = isinstance(extension, x509.BasicConstraints)
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(_key(0), hashes.SHA256())


def _store(alias: str, certificate: Certificate, authority: Certificate) -> bytes:
    encryption = BestAvailableEncryption(_STORE_PASSWORD.encode())
    return serialize_key_and_certificates(
        alias.encode(), _key(1), certificate, [authority], encryption
    )
