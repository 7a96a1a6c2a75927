"""A generated block, as automatic configuration writes it."""

from __future__ import annotations

BEGIN = "#----------------------- BEGIN SECURITY AUTO CONFIGURATION -----------------------"
END = "#----------------------- END SECURITY AUTO CONFIGURATION -------------------------"
GENERATED = """\
xpack.security.enabled: true
xpack.security.enrollment.enabled: true
xpack.security.http.ssl:
  enabled: true
  keystore.path: certs/http.p12
xpack.security.transport.ssl:
  enabled: true
  verification_mode: certificate
  keystore.path: certs/transport.p12
  truststore.path: certs/transport.p12
cluster.initial_master_nodes: ["h"]
http.host: 0.0.0.0
#transport.host: 0.0.0.0
"""


def with_block(content=GENERATED, before="a: 1\n", behind="b: 2\n"):
    return f"{before}{BEGIN}\n{content}{END}\n{behind}"
