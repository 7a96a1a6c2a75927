"""Cases of the rules about secrets in ``elasticsearch.yml``."""

from __future__ import annotations

from ..settings_cases import KEYSTORE, about_keystore, about_settings, keystore_with, yml

__all__ = ["CASES"]

HTTP = "xpack.security.http.ssl"
LDAP = "xpack.security.authc.realms.ldap.l"
#: A password in the clear, and the name of its twin.
TWINS = [
    (f"{HTTP}.keystore.password", f"{HTTP}.keystore.secure_password"),
    (f"{HTTP}.keystore.key_password", f"{HTTP}.keystore.secure_key_password"),
    (f"{HTTP}.truststore.password", f"{HTTP}.truststore.secure_password"),
    (f"{HTTP}.key_passphrase", f"{HTTP}.secure_key_passphrase"),
    (f"{LDAP}.bind_password", f"{LDAP}.secure_bind_password"),
]
SECURE = [
    "bootstrap.password",
    "keystore.seed",
    "autoconfiguration.password_hash",
    f"{HTTP}.keystore.secure_password",
    f"{LDAP}.secure_bind_password",
    "xpack.security.authc.realms.oidc.o.rp.client_secret",
    "xpack.security.authc.realms.jwt.j.client_authentication.shared_secret",
    "xpack.security.authc.realms.jwt.j.hmac_key",
    "xpack.security.authc.realms.jwt.j.hmac_jwkset",
]
PLAIN, TWIN = TWINS[0]

CASES = {
    "EFR430": about_settings(
        *(
            yml(
                plain,
                f"a: 1\n{plain}: hidden1\n",
                line=2,
                subject=plain,
                severity="warning",
                message=f"[{twin}]",
            )
            for plain, twin in TWINS
        ),
        yml("from the environment", f"{PLAIN}: ${{NO_SUCH_ONE}}\n"),
        yml("the twin", f"{TWIN}: hidden1\n"),
        yml("a path", f"{HTTP}.keystore.path: a\n"),
        yml("the hash of new ones", "xpack.security.authc.password_hashing.algorithm: bcrypt\n"),
    ),
    "EFR431": about_keystore(
        *(
            yml(
                plain,
                f"a: 1\n{plain}: hidden1\n",
                files={KEYSTORE: keystore_with(twin)},
                line=2,
                subject=plain,
                severity="error",
                message=f"[{twin}]",
            )
            for plain, twin in TWINS
        ),
        yml("only in the file", f"{PLAIN}: hidden1\n"),
        yml(
            "another in the keystore", f"{PLAIN}: a\n", files={KEYSTORE: keystore_with(TWINS[1][1])}
        ),
        yml(
            "no password in the file, and a locked keystore",
            "a: 1\n",
            files={KEYSTORE: keystore_with(password="locked")},
        ),
        yml("only in the keystore", "", files={KEYSTORE: keystore_with(TWIN)}),
        unreadable=f"{PLAIN}: hidden1\n",
    ),
    "EFR432": about_settings(
        *(
            yml(name, f"a: 1\n{name}: hidden1\n", line=2, subject=name, severity="error")
            for name in SECURE
        ),
        yml("a password in the clear", f"{PLAIN}: hidden1\n"),
        yml("a client's name", "xpack.security.authc.realms.oidc.o.rp.client_id: a\n"),
        yml("a part of a key", "xpack.secure_x.a: 1\n"),
    ),
}
