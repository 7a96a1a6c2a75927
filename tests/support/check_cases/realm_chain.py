"""Cases of the rules about the realms of a node."""

from __future__ import annotations

from ..settings_cases import about_settings, yml
from .security import OFF

__all__ = ["CASES"]

REALMS = "xpack.security.authc.realms"
DOMAINS = "xpack.security.authc.domains"
UID = f"{DOMAINS}.d.uid_generation"
LDAP = f"{REALMS}.ldap.l.order: 1\n"
PKI = f"{REALMS}.pki.p.order: 1\n"

CASES = {
    "EFR460": about_settings(
        yml(
            "a name only",
            f"a: 1\n{REALMS}.ldap.l.url: ldaps://a\n",
            line=2,
            subject=f"{REALMS}.ldap.l.url",
            severity="error",
            message="[l]",
        ),
        yml("with 7", f"{REALMS}.ldap.l.url: a\n", version=7, severity="warning"),
        yml("an order", LDAP),
        yml("off", f"{REALMS}.ldap.l.enabled: false\n"),
        yml("with 6", f"{REALMS}.l.type: ldap\n", version=6),
        yml("the spelling of 6", f"{REALMS}.l: {{type: ldap, user_search.base_dn: a}}\n"),
        yml(
            "the spelling of 6, with 7",
            f"{REALMS}.l: {{type: ldap, user_search.base_dn: a}}\n",
            version=7,
        ),
    ),
    "EFR461": about_settings(
        yml(
            "the same",
            f"{LDAP}{PKI}",
            line=2,
            subject=f"{REALMS}.pki.p.order",
            severity="error",
            message="[l] and [p] have the order [1]",
        ),
        yml("with 7", f"{LDAP}{PKI}", version=7, severity="warning"),
        yml("different", f"{LDAP}{REALMS}.pki.p.order: 2\n"),
        yml("one of them off", f"{LDAP}{PKI}{REALMS}.pki.p.enabled: false\n"),
        yml("no order", f"{REALMS}.ldap.l.url: a\n{REALMS}.ldap.m.url: a\n"),
        yml(
            "with 6",
            f"{REALMS}: {{a: {{type: ldap, order: 1}}, b: {{type: pki, order: 1}}}}\n",
            version=6,
        ),
    ),
    "EFR462": about_settings(
        yml(
            "that of 6",
            f"{REALMS}.f.type: file\n{REALMS}.f.order: 1\n",
            line=1,
            subject=f"{REALMS}.f.type",
            severity="error",
        ),
        yml("that of 6, with 7", f"{REALMS}.f.type: file\n", version=7, line=1),
        yml("without a name", f"{REALMS}.ldap..order: 1\n", line=1),
        yml("without a key", f"{LDAP}{REALMS}.ldap.x: 1\n", line=2),
        yml("without a type, first", f"{REALMS}.f.a: 1\n{REALMS}.f.type: file\n", line=1),
        yml("that of 7", f"a: 1\n{REALMS}.ldap.l.order: 1\n", version=6, line=2, message="[ldap]"),
        yml("that of 8", LDAP),
        yml("that of 7", LDAP, version=7),
        yml("a setting of three parts", f"{REALMS}.ldap.l.cache.ttl: 1m\n"),
        yml("of a node of 6", f"{REALMS}.f.type: file\n{REALMS}.f.order: 1\n", version=6),
    ),
    "EFR463": about_settings(
        yml(
            "mistyped",
            f"a: 1\n{REALMS}.ldpa.l.order: 1\n{REALMS}.ldpa.l.url: a\n",
            line=2,
            subject=f"{REALMS}.ldpa.l.order",
            severity="error",
            message="did you mean [ldap]?",
        ),
        yml("mistyped, with 7", f"{REALMS}.flie.f.order: 1\n", version=7, line=1),
        yml("mistyped, with 6", f"{REALMS}.l.type: flie\n", version=6, line=1, message="[file]"),
        yml("that of a plugin", f"{REALMS}.badge.l.order: 1\n", severity="info"),
        *(
            yml(kind, f"{REALMS}.{kind}.a.order: 1\n")
            for kind in ("file", "native", "ldap", "active_directory", "pki", "saml", "kerberos")
        ),
        yml("no key of a realm", f"{REALMS}.ldpa.x: 1\n"),
        yml("that of 6", f"{REALMS}.f.type: file\n", version=6),
        yml("the spelling of 6", f"{REALMS}.filee.type: file\n{REALMS}.filee.a.b: 1\n"),
    ),
    "EFR464": about_settings(
        yml(
            "off",
            f"a: 1\n{REALMS}.file.f.enabled: false\n",
            line=2,
            subject=f"{REALMS}.file.f.enabled",
            severity="warning",
            message="[f] is switched off",
        ),
        yml(
            "only for looking up",
            f"{REALMS}.file.f.order: 1\n{REALMS}.file.f.authentication.enabled: false\n",
            line=2,
            subject=f"{REALMS}.file.f.authentication.enabled",
            severity="warning",
            message="[f] can be looked up",
        ),
        yml("others, with 7", LDAP, version=7, line=1, message="no file realm"),
        yml("others, with 6", f"{REALMS}.l.type: ldap\n", version=6, line=1),
        yml("others", LDAP),
        yml("last", f"{LDAP}{REALMS}.file.f.order: 9\n"),
        yml("another only for looking up", f"{REALMS}.ldap.l.authentication.enabled: false\n"),
        yml("others and it, with 7", f"{LDAP}{REALMS}.file.f.order: 9\n", version=7),
        yml("none, with 7", "", version=7),
        yml("off with all others, with 7", f"{REALMS}.file.f.enabled: false\n", version=7),
        yml("security off", f"{OFF}{REALMS}.file.f.enabled: false\n"),
    ),
    "EFR465": about_settings(
        yml(
            "two file realms",
            f"{REALMS}.file.f.order: 1\n{REALMS}.file.g.order: 2\n",
            line=2,
            severity="error",
            message="[f] and [g] are both of the type [file]",
        ),
        yml(
            "one of them off", f"{REALMS}.file.f.order: 1\n{REALMS}.file.g.enabled: false\n", line=2
        ),
        yml(
            "one of them off, with 8",
            f"{REALMS}.file.f.order: 1\n{REALMS}.file.g.enabled: false\n",
            version=8,
            line=2,
        ),
        yml("two for Kerberos", f"{REALMS}.kerberos: {{a.order: 1, b.order: 2}}\n", line=1),
        yml("one name", f"{LDAP}{REALMS}.pki.l.order: 2\n", line=2, message="have the name [l]"),
        yml("two of LDAP", f"{LDAP}{REALMS}.ldap.m.order: 2\n"),
        yml(
            "one of them off, with 7",
            f"{REALMS}.file.f.order: 1\n{REALMS}.file.g.enabled: false\n",
            version=7,
        ),
        yml("one name, of a realm that is off", f"{LDAP}{REALMS}.pki.l.enabled: false\n"),
    ),
    "EFR466": about_settings(
        yml(
            "that of an own one", f"{REALMS}.ldap.default_file.order: 1\n", line=1, severity="error"
        ),
        yml("reserved", f"{REALMS}.ldap.reserved.order: 1\n", line=1, severity="error"),
        yml("an underscore", f"{REALMS}.ldap._l.order: 1\n", line=1, severity="warning"),
        yml("the file realm itself", f"{REALMS}.file.default_file.order: 1\n"),
        yml("with 8", f"{REALMS}.ldap.default_native.order: 1\n", version=8, line=1),
        yml("with 7", f"{REALMS}.ldap.default_file.order: 1\n", version=7),
        yml("reserved, with 7", f"{REALMS}.ldap.reserved.order: 1\n", version=7),
        yml("off", f"{REALMS}.ldap._l.enabled: false\n"),
        yml("an underscore within", f"{REALMS}.ldap.l_l.order: 1\n"),
    ),
    "EFR467": about_settings(
        yml(
            "an underscore",
            f"a: 1\n{DOMAINS}._d.realms: [l]\n",
            line=2,
            severity="error",
            message="[_d]",
        ),
        yml(
            "a realm in two of them",
            f"{DOMAINS}.d.realms: [l]\n{DOMAINS}.e.realms: [m, l]\n",
            line=2,
            message="[l] is in the domain [d]",
        ),
        yml("a suffix only", f"{DOMAINS}.d.realms: [l]\n{UID}.suffix: x1\n", line=1),
        yml(
            "literal names only", f"{DOMAINS}.d.realms: [l]\n{UID}.literal_username: true\n", line=1
        ),
        yml(
            "both",
            f"{DOMAINS}.d.realms: [l]\n{UID}: {{suffix: x1, literal_username: true}}\n",
        ),
        yml("with 8", f"{DOMAINS}._d.realms: [l]\n", version=8, line=1),
        yml("two of them", f"{DOMAINS}.d.realms: [l]\n{DOMAINS}.e_.realms: [m]\n"),
        yml("with 7", f"{DOMAINS}._d.realms: [l]\n", version=7),
    ),
    "EFR468": about_settings(
        yml(
            "in a domain",
            f"{LDAP}xpack.security.authc.domains.d.realms: [l, m]\n",
            line=2,
            severity="error",
            message="[m]",
        ),
        yml("for roles", f"{LDAP}{REALMS}.ldap.l.authorization_realms: x\n", line=2, message="[x]"),
        yml("known ones", f"{LDAP}xpack.security.authc.domains.d.realms: l, default_file\n"),
        yml("of another environment", f"{REALMS}.ldap.l.authorization_realms: ${{NO_SUCH_ONE}}\n"),
        yml("no domain", "acme.d.realms: [x]\n"),
        yml("no realm", "acme.authorization_realms: [x]\n"),
        yml("another key", f"{REALMS}.ldap.l.user_search.base_dn: x\n"),
        yml("another key of a domain", "xpack.security.authc.domains.d.uid_generation.suffix: x\n"),
    ),
    "EFR469": about_settings(
        yml(
            "mistyped",
            f"{REALMS}.file.f.order: 1\n{REALMS}.file.f.cache.tll: 1m\n",
            line=2,
            severity="error",
            message="did you mean [cache.ttl]?",
        ),
        yml("with 7", f"{REALMS}.file.f.tll: 1m\n", version=7, line=1),
        yml("known ones", f"{REALMS}.file.f: {{order: 1, enabled: true, cache.ttl: 1m}}\n"),
        yml("of another type", f"{REALMS}.ldap.l.cache.tll: 1m\n"),
        yml("with 6", f"{REALMS}.f: {{type: file, cache.tll: 1m}}\n", version=6),
    ),
}
