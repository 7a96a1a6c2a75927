"""Cases of the rules about certificates and keys."""

from __future__ import annotations

from support.pki import CERTIFICATES, Made, made, private_key, weakened

from . import Case, RuleCases
from .keystore import keystore

__all__ = ["CASES", "ROOT", "http", "layer"]

HTTP = "xpack.security.http.ssl"
TRANSPORT = "xpack.security.transport.ssl"
PASSWORD = "secret-of-a-store"
ROOT = made("root", is_authority=True, hosts=())
BETWEEN = made("between", ROOT, is_authority=True, hosts=())

#: The name of a file in settings, and how it is called.
_FILES = {
    "certificate": "node.crt",
    "key": "node.key",
    "certificate_authorities": "ca.crt",
    "keystore.path": "node.p12",
    "truststore.path": "trust.p12",
}


def layer(
    prefix: str, settings: dict[str, object] | None = None, **files: bytes
) -> dict[str, str | bytes]:
    """
    Return the settings of a use of TLS, and its files.

    Args:
        prefix: What its settings begin with.

        settings: More of them.

        files: By the names of settings, with an underscore in place of the dot; the certificate, of
            the type ``Made``, stands for its key as well.
    """
    lines = [f"{prefix}.{name}: {value}" for name, value in (settings or {}).items()]
    contents: dict[str, str | bytes] = {}
    for name, content in files.items():
        rest = name.replace("store_", "store.")
        lines.append(f"{prefix}.{rest}: {_FILES[rest]}")
        contents[_FILES[rest]] = content
    return {"elasticsearch.yml": "\n".join(lines) + "\n", **contents}


def pem(node: Made, *others: Made, **more: bytes) -> dict[str, bytes]:
    """Return a certificate with others, and its key, as files of a layer."""
    chain = b"".join(each.pem for each in (node, *others))
    return {"certificate": chain, "key": node.key_pem(), **more}


def http(node: Made, *others: Made, **more: bytes) -> dict[str, str | bytes]:
    """Return a node that shows a certificate to clients."""
    return layer(HTTP, {"enabled": "true"}, **pem(node, *others, **more))


def transport(
    node: Made, *others: Made, mode: str = "full", **more: bytes
) -> dict[str, str | bytes]:
    """Return a node that shows a certificate to other nodes."""
    settings = {"enabled": "true", "verification_mode": mode}
    return layer(TRANSPORT, settings, **pem(node, *others, **more))


def node(**options: object) -> Made:
    """Return a certificate of a node."""
    return made("node", ROOT, **options)


#: Its signatures are of RSA.
RSA_ROOT = made("root of RSA", is_authority=True, key=private_key("RSA-2048"))
OF_RSA = made("node", RSA_ROOT, key=private_key("RSA-2048"))


def _certificate(name: str, shown: Made, **finds: object) -> Case:
    return Case(name, http(shown), finds={"path": "node.crt", **finds})


SOUND = Case("a sound certificate", http(node(), certificate_authorities=ROOT.pem))
OFF = layer(HTTP, {"enabled": "false"}, **pem(node(days=-1, since=-9)))
NO_SETTINGS = Case("settings that are broken", {"elasticsearch.yml": "a: b: c\n"})
#: Which password the store has is in a keystore that is closed.
CLOSED = Case(
    "a store whose password is in a closed keystore",
    {**layer(HTTP, keystore_path=node().store(PASSWORD)), **keystore(password="closed")},
)
NO_STORE = Case("a store of another program", layer(HTTP, keystore_path=b"BCFKS"))
DIRECTORY = Case(
    "a directory in its place",
    {**layer(HTTP, certificate=b""), "node.crt": None},
    lambda place: (place / "node.crt").mkdir(),
)
UNREADABLE = (
    Case("no library for certificates", broken="certificates"),
    NO_SETTINGS,
    CLOSED,
    NO_STORE,
    DIRECTORY,
)


def _rule(fires: tuple[Case, ...], innocent: tuple[Case, ...]) -> RuleCases:
    return RuleCases(fires, innocent, UNREADABLE)


def store(content: bytes, **settings: object) -> dict[str, str | bytes]:
    """Return a node whose key is in a store with the password ``x`` in the settings."""
    return layer(HTTP, {"keystore.password": "x", **settings}, keystore_path=content)


def trusting(prefix: str, count: int) -> dict[str, str | bytes]:
    """Return a use of TLS with so many authorities."""
    roots = (made(f"root {number}", is_authority=True) for number in range(count))
    return layer(prefix, certificate_authorities=b"".join(root.pem for root in roots))


#: Made by Java, as automatic configuration makes them: a key and a trusted certificate.
JAVA_PASSWORD = "lantern-trust-3"
KEY_AND_TRUST = (CERTIFICATES / "key-and-trust.p12").read_bytes()
PKI = "xpack.security.authc.realms.pki.p"

CASES = {
    "EFR601": _rule(
        (
            _certificate("yesterday", node(days=-1, since=-9), severity="error"),
            Case(
                "in a store",
                store(made("n", days=-1, since=-9).store("x")),
                finds={"path": "node.p12", "subject": "CN=n"},
            ),
            Case(
                "of an authority in between",
                http(node(), made("old", ROOT, days=-1, since=-9, is_authority=True)),
                finds={"subject": "CN=old"},
            ),
        ),
        (
            SOUND,
            Case("tomorrow", http(node(days=1))),
            Case("a layer that is off", OFF),
            Case("a root at the end", http(node(), made("old", days=-1, since=-9))),
        ),
    ),
    "EFR602": _rule(
        (_certificate("in nine days", node(days=10), message="in [9] days"),),
        (
            Case("in 31 days", http(node(days=31))),
            Case("yesterday", http(node(days=-1, since=-9))),
        ),
    ),
    "EFR603": _rule(
        (_certificate("from tomorrow on", node(since=1), severity="error"),),
        (Case("since yesterday", http(node(since=-1))),),
    ),
    "EFR604": _rule(
        (
            Case(
                "the key of another certificate",
                http(node(), key=made("other").key_pem()),
                finds={"path": "node.crt", "severity": "error"},
            ),
        ),
        (
            Case("a new certificate of the same key", http(made("node", ROOT))),
            Case("a store", store(node().store("x"))),
        ),
    ),
    "EFR605": _rule(
        (
            _certificate(
                "RSA of 1024 bits", made("n", key=private_key("RSA-1024")), message="[1024]"
            ),
            _certificate("a small curve", made("n", key=private_key("EC-192"))),
            _certificate("DSA", made("n", key=private_key("DSA")), message="[DSA]"),
        ),
        (Case("RSA of 2048 bits", http(made("n", key=private_key("RSA-2048")))),),
    ),
    "EFR606": _rule(
        (
            _certificate("SHA-1", weakened(OF_RSA, "SHA-1"), message="[SHA-1]"),
            _certificate("MD5", weakened(OF_RSA, "MD5"), message="[MD5]"),
        ),
        (
            Case("SHA-256 with RSA", http(OF_RSA)),
            Case(
                "a root that signs itself",
                http(node(), certificate_authorities=weakened(RSA_ROOT, "SHA-1").pem),
            ),
        ),
    ),
    "EFR607": _rule(
        (
            Case(
                "the intermediate is trusted, and not sent",
                http(made("n", BETWEEN), certificate_authorities=BETWEEN.pem + ROOT.pem),
                finds={"path": "node.crt", "message": "lacks the certificate of [CN=between]"},
            ),
            Case(
                "the intermediate of another chain",
                http(made("n", BETWEEN), made("other", ROOT, is_authority=True)),
                finds={"message": "no certificate of the file signed"},
            ),
            Case(
                "nodes that trust another authority",
                transport(node(), certificate_authorities=made("x", is_authority=True).pem),
                finds={"message": "no authority that the node trusts"},
            ),
            Case(
                "nodes that sign themselves, and trust another authority",
                transport(made("n"), certificate_authorities=ROOT.pem),
            ),
            Case(
                "an authority of the same name and another key",
                transport(
                    node(),
                    certificate_authorities=made(
                        "root", is_authority=True, key=private_key("EC", "another")
                    ).pem,
                ),
            ),
        ),
        (
            Case(
                "the intermediate is sent",
                http(made("n", BETWEEN), BETWEEN, certificate_authorities=ROOT.pem),
            ),
            Case(
                "in a store",
                store(made("n", BETWEEN).store("x", BETWEEN)),
            ),
            Case("an authority that only clients know", http(node())),
            Case(
                "nodes that trust the intermediate",
                transport(made("n", BETWEEN), certificate_authorities=BETWEEN.pem),
            ),
            Case("a certificate that signs itself", http(made("n"))),
            Case("one that signs itself, and a root beside it", http(made("n"), ROOT)),
            Case(
                "nodes that trust a certificate that signs itself",
                transport(made("n"), certificate_authorities=made("n").pem),
            ),
            Case(
                "an authority of clients alone",
                http(node(), certificate_authorities=made("x", is_authority=True).pem),
            ),
            Case("nodes that trust what Java trusts", transport(node())),
            Case(
                "a client",
                layer(
                    "xpack.http.ssl",
                    **pem(made("n", BETWEEN), certificate_authorities=BETWEEN.pem + ROOT.pem),
                ),
            ),
            Case(
                "nodes that trust each other's certificates",
                transport(node(), certificate_authorities=node().pem + ROOT.pem),
            ),
            Case(
                "nodes that check nothing",
                transport(
                    node(), mode="none", certificate_authorities=made("x", is_authority=True).pem
                ),
            ),
        ),
    ),
    "EFR608": _rule(
        (
            _certificate("no name for clients", node(hosts=()), severity="warning"),
            Case("no name for nodes", transport(node(hosts=()))),
            Case(
                "no name for clients, whatever the node verifies",
                layer(HTTP, {"verification_mode": "certificate"}, **pem(node(hosts=()))),
            ),
        ),
        (
            SOUND,
            Case("nodes that compare no names", transport(node(hosts=()), mode="certificate")),
            Case("a client", layer("xpack.http.ssl", **pem(node(hosts=())))),
        ),
    ),
    "EFR609": _rule(
        (
            _certificate(
                "for clients only", node(purposes=("clientAuth",)), message="[serverAuth]"
            ),
            Case(
                "for servers only, between nodes",
                transport(node(purposes=("serverAuth",))),
                finds={"message": "[clientAuth]"},
            ),
        ),
        (
            Case("for servers", http(node(purposes=("serverAuth",)))),
            Case("for both", transport(node(purposes=("serverAuth", "clientAuth")))),
            Case(
                "nodes that check nothing", transport(node(purposes=("serverAuth",)), mode="none")
            ),
            Case("a client", layer("xpack.http.ssl", **pem(node(purposes=("clientAuth",))))),
        ),
    ),
    "EFR610": _rule(
        (_certificate("an authority", made("n", is_authority=True), severity="warning"),),
        (Case("an authority that is sent along", http(made("n", BETWEEN), BETWEEN)),),
    ),
    "EFR611": _rule(
        (
            Case(
                "no passphrase",
                http(node()),
                finds={"path": "node.key", "severity": "info", "subject": f"{HTTP}.key"},
            ),
        ),
        (
            Case(
                "a passphrase",
                layer(
                    HTTP,
                    {"key_passphrase": PASSWORD},
                    certificate=node().pem,
                    key=node().key_pem(PASSWORD),
                ),
            ),
            Case("a store", store(node().store("x"))),
        ),
    ),
    "EFR612": _rule(
        (
            Case(
                "a store with another password",
                store(node().store("another")),
                finds={"path": "node.p12", "severity": "error", "message": "password is wrong"},
            ),
            Case(
                "a store without its password",
                layer(HTTP, keystore_path=node().store("another")),
                finds={"message": "none is set"},
            ),
            Case("a store that is cut off", store(node().store("x")[:99])),
            Case("a certificate that is none", http(node(), certificate=b"soon\n")),
            Case("a key that is none", http(node(), key=b"soon\n")),
            Case(
                "a key whose passphrase is unknown",
                http(node(), key=node().key_pem(PASSWORD)),
                finds={"path": "node.key", "message": "no passphrase is set"},
            ),
            Case(
                "a key with another passphrase",
                layer(HTTP, {"key_passphrase": "x"}, key=node().key_pem(PASSWORD)),
                finds={"message": "passphrase is wrong"},
            ),
            Case(
                "a store without a key",
                layer(
                    HTTP,
                    {"keystore.password": JAVA_PASSWORD},
                    keystore_path=(CERTIFICATES / "trust-root.p12").read_bytes(),
                ),
                finds={"message": "no private key"},
            ),
            Case(
                "a trust store without certificates",
                layer(HTTP, truststore_path=(CERTIFICATES / "trust-no-entries.jks").read_bytes()),
            ),
        ),
        (
            Case("a store with its password", store(node().store("x"))),
            Case(
                "a store whose password is in the keystore",
                {
                    **layer(HTTP, keystore_path=node().store(PASSWORD)),
                    **keystore(f"{HTTP}.keystore.secure_password"),
                },
            ),
        ),
    ),
    "EFR613": _rule(
        (
            Case(
                "between nodes",
                trusting(TRANSPORT, 21),
                finds={"path": "ca.crt", "subject": TRANSPORT, "message": "[21]"},
            ),
            Case("for logins", trusting(PKI, 21)),
        ),
        (
            Case("20", trusting(TRANSPORT, 20)),
            Case("a client of many sites", trusting("xpack.http.ssl", 21)),
        ),
    ),
    "EFR614": _rule(
        (
            Case(
                "yesterday",
                layer(HTTP, certificate_authorities=made("old", days=-1, since=-9).pem),
                finds={"path": "ca.crt", "severity": "info", "subject": "CN=old"},
            ),
        ),
        (Case("tomorrow", layer(HTTP, certificate_authorities=made("old", days=1).pem)),),
    ),
    "EFR615": _rule(
        (
            Case(
                "a store of OpenSSL",
                layer(HTTP, {"truststore.password": "x"}, truststore_path=node().store("x", ROOT)),
                finds={"path": "trust.p12", "severity": "info"},
            ),
        ),
        (
            Case(
                "a store of Java",
                layer(HTTP, {"truststore.password": JAVA_PASSWORD}, truststore_path=KEY_AND_TRUST),
            ),
            Case("a store of OpenSSL for a key", store(node().store("x", ROOT))),
        ),
    ),
}
