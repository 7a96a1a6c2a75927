"""Cases of the rules about ``elasticsearch.keystore``."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from esfilerealm.keystore import SEED, Keystore

from . import Case, RuleCases
from .permissions import UNKNOWN_LAYOUT, modes

__all__ = ["CASES", "keystore"]

NAME = "elasticsearch.keystore"
VECTORS = Path(__file__).parents[2] / "vectors" / "keystores"
HTTP = "xpack.security.http.ssl.keystore.secure_password"
BIND = "xpack.security.authc.realms.ldap.l.secure_bind_password"
LDAP = "xpack.security.authc.realms.ldap.l: {order: 1, bind_dn: cn=x}\n"
BROKEN_SETTINGS = Case("settings that are broken", {NAME: b"", "elasticsearch.yml": "a: b: c\n"})


@cache
def keystore(
    *names: str, form: int = 4, password: str = "", has_seed: bool = True
) -> dict[str, bytes]:
    """Return a keystore with these settings, as files of a case."""
    made = Keystore.create(format_version=form)
    for name in names:
        made.set(name, "secret-of-a-store")
    if not has_seed:
        made.remove(SEED)
    made.change_password(password)
    return {NAME: made.to_bytes()}


def vector(name: str) -> dict[str, bytes]:
    """Return a recorded keystore."""
    return {NAME: (VECTORS / name).read_bytes()}


LOCKED = Case("a keystore whose password is unknown", keystore(password="closed"))
WRONG = Case(
    "a keystore with another password",
    keystore(password="closed"),
    options={"keystore_password": "another"},
)
DIRECTORY = Case("a directory in its place", {f"{NAME}/x": ""})
NO_FILE = (DIRECTORY,)
CLOSED = (LOCKED, WRONG, DIRECTORY)


def _settings(text: str, *names: str) -> dict[str, str | bytes]:
    return {"elasticsearch.yml": text, **keystore(*names)}


CASES = {
    "EFR501": RuleCases(
        (
            Case(
                "a checksum that does not fit",
                vector("v4-bad-checksum.keystore"),
                finds={"path": NAME, "severity": "error"},
            ),
            Case("nothing in it", {NAME: b""}),
        ),
        (Case("a sound keystore", keystore()), Case("no keystore"), LOCKED),
        NO_FILE,
    ),
    "EFR502": RuleCases(
        (
            Case(
                "a new format and an old release",
                keystore(form=5),
                options={"elasticsearch_version": "7.17"},
                finds={"path": NAME, "message": "format [5], which [7.17]"},
            ),
            Case("an old format and the newest release", vector("v2-legacy.keystore")),
            Case("a format that nobody knows", vector("v4-bad-version.keystore")),
        ),
        (
            Case(
                "the newest format of a release",
                keystore(form=4),
                options={"elasticsearch_version": "7.17"},
            ),
            Case(
                "an old format and an old release",
                vector("v2-legacy.keystore"),
                options={"elasticsearch_version": "7"},
            ),
            Case(
                "a format of which nobody knows the first release",
                keystore(form=7),
                options={"elasticsearch_version": "8.17"},
            ),
            Case("a damaged keystore", {NAME: b""}),
            Case("no keystore"),
        ),
        NO_FILE,
    ),
    "EFR503": RuleCases(
        (
            Case("format 4", keystore(form=4), finds={"message": "the node writes [7]"}),
            Case(
                "format 5 of a release of 8",
                keystore(form=5),
                options={"elasticsearch_version": "8.14"},
            ),
        ),
        (
            Case("the newest format", keystore(form=7)),
            Case(
                "the newest of a release",
                keystore(form=4),
                options={"elasticsearch_version": "7.17"},
            ),
            Case(
                "a format that the release does not read",
                keystore(form=5),
                options={"elasticsearch_version": "7.17"},
            ),
            Case("a damaged keystore", {NAME: b""}),
        ),
        NO_FILE,
    ),
    "EFR504": RuleCases(
        (Case("no password", keystore(), finds={"severity": "info", "path": NAME}),),
        (LOCKED, Case("no keystore"), Case("a damaged keystore", {NAME: b""})),
        NO_FILE,
    ),
    "EFR505": RuleCases(
        (
            Case(
                "no password for a directory",
                _settings(LDAP),
                finds={"line": 1, "subject": BIND, "message": "the keystore lacks it"},
            ),
            Case(
                "no keystore",
                {"elasticsearch.yml": "xpack.watcher.encrypt_sensitive_data: true\n"},
                finds={"message": "there is no keystore"},
            ),
            Case(
                "no secret of OpenID Connect",
                _settings("xpack.security.authc.realms.oidc.o: {order: 1, rp.client_id: x}\n"),
            ),
            Case(
                "no secret that clients share",
                _settings(
                    "xpack.security.authc.realms.jwt.j:\n"
                    "  {order: 1, client_authentication.type: shared_secret}\n"
                ),
            ),
        ),
        (
            Case("a password", _settings(LDAP, BIND)),
            Case("a realm that is off", _settings(LDAP.replace("}", ", enabled: false}"))),
            Case("a plain password", _settings(LDAP.replace("}", ", bind_password: x}"))),
            Case("an anonymous bind", _settings(LDAP.replace("bind_dn", "url"))),
            Case("other realms", _settings("xpack.security.authc.realms.file.f.order: 1\n")),
            Case(
                "clients without a secret",
                _settings(
                    "xpack.security.authc.realms.jwt.j:\n"
                    "  {order: 1, client_authentication.type: none}\n"
                ),
            ),
        ),
        (*CLOSED, BROKEN_SETTINGS),
    ),
    "EFR506": RuleCases(
        (
            Case(
                "no such realm",
                keystore(BIND),
                finds={"subject": BIND, "severity": "error", "path": NAME},
            ),
            Case(
                "another realm of that type",
                _settings(LDAP.replace(".l:", ".other:"), BIND),
            ),
            Case(
                "an older node",
                keystore(BIND),
                options={"elasticsearch_version": 7},
                finds={"severity": "warning"},
            ),
        ),
        (
            Case("its realm", _settings(LDAP, BIND)),
            Case("no realm", keystore("bootstrap.password")),
            Case("a very old node", keystore(BIND), options={"elasticsearch_version": 6}),
            Case("no keystore"),
        ),
        (*CLOSED, Case("broken settings", _settings("a: b: c\n", BIND))),
    ),
    "EFR507": RuleCases(
        (
            Case(
                "a block that was removed",
                keystore(HTTP),
                finds={"subject": HTTP, "severity": "error", "message": "enabled] is not set"},
            ),
            Case(
                "an older node",
                keystore(HTTP),
                options={"elasticsearch_version": 7},
                finds={"severity": "info"},
            ),
        ),
        (
            Case("a layer with TLS", _settings("xpack.security.http.ssl.enabled: true\n", HTTP)),
            Case("a layer without", _settings("xpack.security.http.ssl.enabled: false\n", HTTP)),
            Case("a password of something else", keystore(BIND)),
            Case("no keystore"),
        ),
        (*CLOSED, Case("broken settings", _settings("a: b: c\n", HTTP))),
    ),
    "EFR508": RuleCases(
        (
            Case(
                "a misspelling",
                keystore("xpack.security.http.ssl.keystore.secure_pasword"),
                finds={"severity": "info", "path": NAME},
            ),
            Case("a removed setting", keystore("xpack.security.authc.token.passphrase")),
        ),
        (
            Case(
                "settings of all kinds",
                keystore(
                    HTTP,
                    BIND,
                    "bootstrap.password",
                    "autoconfiguration.password_hash",
                    "xpack.security.transport.ssl.secure_key_passphrase",
                    "xpack.security.authc.realms.oidc.o.rp.client_secret",
                    "xpack.security.authc.realms.saml.s.signing.secure_key_passphrase",
                    "xpack.security.authc.realms.old.ssl.keystore.secure_password",
                    "xpack.notification.email.account.a.smtp.secure_password",
                    "xpack.notification.slack.account.a.secure_url",
                    "s3.client.default.access_key",
                    "s3.client.default.proxy.password",
                    "cluster.remote.other.credentials",
                    "cluster.state.encryption.active_password_id",
                ),
            ),
            Case("no keystore"),
        ),
        CLOSED,
    ),
    "EFR509": RuleCases(
        (Case("no seed", keystore(has_seed=False), finds={"subject": SEED}),),
        (Case("a seed", keystore()), Case("no keystore")),
        CLOSED,
    ),
    "EFR510": RuleCases(
        (
            Case(
                "readable by everybody",
                keystore(),
                modes(**{NAME: 0o664}),
                finds={"path": NAME, "severity": "error"},
            ),
            Case(
                "a copy",
                {f"{NAME}.bak": b""},
                modes(**{f"{NAME}.bak": 0o644}),
                finds={"path": f"{NAME}.bak"},
            ),
        ),
        (
            Case("as a node writes it", keystore(), modes()),
            Case("a directory that nobody reaches", keystore(), modes(0o750, **{NAME: 0o664})),
            Case("its lock", {**keystore(), f"{NAME}.lock": b""}, modes(**{f"{NAME}.lock": 0o664})),
        ),
        (UNKNOWN_LAYOUT,),
    ),
    "EFR511": RuleCases(
        (
            Case(
                "a bootstrap password",
                keystore("bootstrap.password"),
                finds={"subject": "bootstrap.password", "severity": "info"},
            ),
        ),
        (Case("another setting", keystore(HTTP)), Case("no keystore")),
        CLOSED,
    ),
    "EFR512": RuleCases(
        (
            Case("no such store", keystore(HTTP), finds={"subject": HTTP}),
            Case(
                "another store",
                _settings("xpack.security.http.ssl.truststore.path: a.p12\n", HTTP),
            ),
        ),
        (
            Case("its store", _settings("xpack.security.http.ssl.keystore.path: a.p12\n", HTTP)),
            Case("a password of something else", keystore("bootstrap.password")),
            Case("no keystore"),
        ),
        (*CLOSED, Case("broken settings", _settings("a: b: c\n", HTTP))),
    ),
}
