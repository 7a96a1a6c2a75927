"""Cases of the rules about TLS."""

from __future__ import annotations

from ..settings_cases import about_settings, yml
from .security import OFF, ON

__all__ = ["CASES"]

TRANSPORT = "xpack.security.transport.ssl"
HTTP = "xpack.security.http.ssl"
OTHERS = "network.host: 192.0.2.1\n"
TOKENS = "xpack.security.authc.token.enabled"
SAML = "xpack.security.authc.realms.saml.s.order: 1\n"
OIDC = "xpack.security.authc.realms.oidc.o.order: 1\n"
PKI = "xpack.security.authc.realms.pki.p.order: 1\n"
NO_TLS = f"{ON}{TRANSPORT}.enabled: false\n{HTTP}.enabled: false\n"
CLIENTS = f"{HTTP}.enabled: true\n{HTTP}.client_authentication: optional\n"
DELEGATED = "xpack.security.authc.realms.pki.p.delegation.enabled: true\n"
PROFILE = "transport.profiles.a.xpack.security.ssl"
FIPS = "xpack.security.fips_mode.enabled: true\n"
UNVERIFIED = f"{HTTP}.verification_mode: none\n"
DEMANDED = {"jvm.options": "-Des.enforce.bootstrap.checks=true\n"}

CASES = {
    "EFR420": about_settings(
        yml("reached by others", f"{ON}{OTHERS}", severity="error", message="does not start"),
        yml("published", f"{ON}transport.publish_host: 192.0.2.1\n", severity="error"),
        yml("demanded", ON, files=DEMANDED, severity="error"),
        yml(
            "demanded in the folder",
            ON,
            files={"jvm.options.d/own.options": "17-:-Des.enforce.bootstrap.checks=true"},
            severity="error",
        ),
        yml(
            "demanded in another file",
            ON,
            files={"jvm.options.d/own.txt": "-Des.enforce.bootstrap.checks=true"},
            severity="warning",
        ),
        yml(
            "a comment",
            ON,
            files={"jvm.options": f"#{DEMANDED['jvm.options']}"},
            severity="warning",
        ),
        yml(
            "switched off",
            f"{ON}{TRANSPORT}.enabled: false\n",
            line=2,
            subject=f"{TRANSPORT}.enabled",
            severity="warning",
        ),
        *(
            yml(f"reached by nobody: {host}", f"{ON}network.host: '{host}'\n", severity="warning")
            for host in (
                "_local_",
                "_local:ipv4_",
                "localhost",
                "127.3.2.1",
                "127.1",
                "::ffff:127.0.0.1",
                "[::ffff:7f00:1]",
                "::1",
                "[::1]",
                "_lo_",
            )
        ),
        *(
            yml(f"reached by others: {host}", f"{ON}network.host: '{host}'\n", severity="error")
            for host in (
                "_site_",
                "_global_",
                "0",
                "10.1",
                "::ffff:10.0.0.1",
                "_eth0_",
                "0.0.0.0",
                "::",
                "10.0.0.1",
                "_local_,_site_",
            )
        ),
        yml("of an interface from elsewhere", f"{ON}network.host: _${{NO}}_\n", severity="warning"),
        yml("a name of a host", f"{ON}network.host: es1\n", severity="warning"),
        yml(
            "an address from elsewhere", f"{ON}network.host: ${{NO_SUCH_ONE}}\n", severity="warning"
        ),
        yml("only HTTP", f"{ON}http.host: 0.0.0.0\n", severity="warning"),
        yml(
            "transport by itself",
            f"{ON}{OTHERS}transport.host: _local_\n",
            severity="warning",
        ),
        yml(
            "bound before all",
            f"{ON}transport.host: _local_\ntransport.bind_host: 192.0.2.1\n",
            severity="error",
        ),
        yml("bound generally", f"{ON}network.bind_host: 192.0.2.1\n", severity="error"),
        yml(
            "a cluster of its own",
            f"{ON}{OTHERS}discovery.type: single-node\n",
            severity="warning",
        ),
        yml("with 6", f"{ON}{OTHERS}", version=6, severity="error"),
        yml("with 5", f"{ON}{OTHERS}", version=5, severity="warning"),
        yml("before the first start", "", severity="info", message="first start"),
        yml("before the first start, with 8", "", version=8, severity="info"),
        yml(
            "before the first start, with its own name",
            "node.name: n1\ncluster.initial_master_nodes: n1\n",
            severity="info",
        ),
        yml(
            "before the first start, as a cluster of its own",
            "discovery.type: single-node\ndiscovery.seed_hosts: b\n",
            severity="info",
        ),
        yml(
            "without automatic configuration",
            "xpack.security.autoconfiguration.enabled: false\n",
            severity="warning",
        ),
        yml("with HTTP set up", f"{HTTP}.enabled: true\n", severity="warning"),
        yml("with others", "discovery.seed_hosts: b\n", severity="warning"),
        yml("with a provider", "discovery.seed_providers: file\n", severity="warning"),
        yml(
            "with another name",
            "node.name: n1\ncluster.initial_master_nodes: n2\n",
            severity="warning",
        ),
        yml(
            "with a first name, and none of its own",
            "cluster.initial_master_nodes: n1\n",
            severity="warning",
        ),
        yml("without the role of a master", "node.roles: [data]\n", severity="warning"),
        yml("without data", "node.roles: [master]\n", severity="warning"),
        yml("a voter", "node.roles: [master, data, voting_only]\n", severity="warning"),
        yml("with all it needs", "node.roles: [master, data_hot]\n", severity="info"),
        yml("TLS", f"{ON}{OTHERS}{TRANSPORT}.enabled: true\n"),
        yml("security of another environment", f"xpack.security.enabled: ${{NO}}\n{OTHERS}"),
        yml("TLS of another environment", f"{ON}{TRANSPORT}.enabled: ${{NO_SUCH_ONE}}\n"),
        yml("security off", f"{OFF}{OTHERS}"),
        yml("where the license decides", OTHERS, version=7),
    ),
    "EFR421": about_settings(
        yml(
            "reached by others",
            f"{TOKENS}: true\n{OTHERS}",
            line=1,
            subject=TOKENS,
            severity="error",
        ),
        yml("reached by nobody", f"{TOKENS}: true\n", severity="warning"),
        yml("HTTPS switched off", f"{TOKENS}: true\n{HTTP}.enabled: false\n", severity="warning"),
        yml("HTTPS", f"{TOKENS}: true\n{HTTP}.enabled: true\n"),
        yml("no tokens", OTHERS),
        yml("tokens off", f"{TOKENS}: false\n"),
        yml("security off", f"{OFF}{TOKENS}: true\n"),
    ),
    "EFR422": about_settings(
        yml("SAML", f"{ON}{SAML}", line=2, severity="error", message="[s] of type saml"),
        yml("OpenID Connect", f"{ON}{OIDC}", line=2, message="[o] of type oidc"),
        yml("PKI by delegation", f"{ON}{PKI}{DELEGATED}", line=2, message="[p] of type pki"),
        yml("PKI by itself", f"{ON}{PKI}"),
        yml("tokens off", f"{ON}{SAML}{HTTP}.enabled: true\n{TOKENS}: false\n", line=2),
        yml("HTTPS", f"{ON}{SAML}{HTTP}.enabled: true\n"),
        yml("tokens on", f"{ON}{SAML}{TOKENS}: true\n"),
        yml("another realm", f"{ON}xpack.security.authc.realms.ldap.l.order: 1\n"),
        yml("switched off", f"{ON}{SAML}xpack.security.authc.realms.saml.s.enabled: false\n"),
        yml("security off", f"{OFF}{SAML}"),
        yml("before the first start", SAML),
    ),
    "EFR423": about_settings(
        yml("no TLS", f"{NO_TLS}{PKI}", line=4, severity="error", message="[p]"),
        yml("nobody is asked", f"{ON}{HTTP}.enabled: true\n{PKI}", line=3),
        yml(
            "nobody is asked on transport",
            f"{ON}{TRANSPORT}.enabled: true\n{TRANSPORT}.client_authentication: none\n{PKI}",
            line=4,
        ),
        yml(
            "no TLS on transport for a profile",
            f"{NO_TLS}{PKI}{PROFILE}.client_authentication: required\n",
            line=4,
        ),
        yml(
            "nobody is asked for a profile",
            f"{ON}{TRANSPORT}.enabled: true\n{TRANSPORT}.client_authentication: none\n{PKI}"
            f"{PROFILE}.client_authentication: none\n",
            line=4,
        ),
        yml("clients of HTTP are asked", f"{ON}{CLIENTS}{PKI}"),
        yml("nodes are asked", f"{ON}{TRANSPORT}.enabled: true\n{PKI}"),
        yml(
            "clients of a profile are asked",
            f"{ON}{TRANSPORT}.enabled: true\n{TRANSPORT}.client_authentication: none\n{PKI}"
            f"{PROFILE}.key: a\n",
        ),
        yml(
            "by delegation",
            f"{NO_TLS}{PKI}{DELEGATED}",
        ),
        yml("another realm", f"{NO_TLS}xpack.security.authc.realms.ldap.l.order: 1\n"),
        yml("security off", f"{OFF}{PKI}"),
        yml("before the first start", PKI),
    ),
    "EFR424": about_settings(
        yml(
            "unverified clients",
            f"{CLIENTS}{UNVERIFIED}{PKI}",
            line=3,
            subject=f"{HTTP}.verification_mode",
            severity="error",
            message="[p]",
        ),
        yml("nobody is asked", f"{HTTP}.enabled: true\n{UNVERIFIED}{PKI}"),
        yml("verified", f"{CLIENTS}{HTTP}.verification_mode: certificate\n{PKI}"),
        yml("no such realm", f"{CLIENTS}{UNVERIFIED}"),
        yml("security off", f"{OFF}{CLIENTS}{UNVERIFIED}{PKI}"),
        yml(
            "by delegation",
            f"{CLIENTS}{UNVERIFIED}{PKI}{DELEGATED}",
        ),
    ),
    "EFR425": about_settings(
        yml(
            "nothing",
            f"{TRANSPORT}.enabled: true\n",
            line=1,
            subject=f"{TRANSPORT}.enabled",
            severity="error",
        ),
        yml("only a key", f"{HTTP}.enabled: true\n{HTTP}.key: a.key\n", line=1),
        yml("only a certificate", f"{HTTP}.enabled: true\n{HTTP}.certificate: a.crt\n", line=1),
        yml("with 8", f"{HTTP}.enabled: true\n", version=8, severity="error"),
        yml("with 7", f"{HTTP}.enabled: true\n", version=7, severity="warning"),
        yml(
            "settings of all contexts, with 7",
            f"{HTTP}.enabled: true\nxpack.ssl.key: a\n",
            version=7,
            severity="warning",
        ),
        yml("a store", f"{HTTP}.enabled: true\n{HTTP}.keystore.path: a.p12\n"),
        yml(
            "both",
            f"{HTTP}.enabled: true\n{HTTP}.key: a.key\n{HTTP}.certificate: a.crt\n",
        ),
        yml("off", f"{HTTP}.enabled: false\n"),
        yml("of another environment", f"{HTTP}.enabled: ${{NO_SUCH_ONE}}\n"),
        yml("nothing, with 6", f"{HTTP}.enabled: true\n", version=6, severity="warning"),
        yml("settings of all contexts", f"{HTTP}.enabled: true\nxpack.ssl.key: a\n", version=6),
    ),
    "EFR426": about_settings(
        yml(
            "a store",
            f"a: 1\n{HTTP}.keystore.path: a.p12\n",
            line=2,
            subject=f"{HTTP}.keystore.path",
            severity="error",
        ),
        yml("with 7", f"{TRANSPORT}.key: a\n", version=7, severity="warning", line=1),
        yml("off", f"{HTTP}.enabled: false\n{HTTP}.keystore.path: a.p12\n"),
        yml("on", f"{HTTP}.enabled: true\n{HTTP}.key: a\n"),
        yml("of another environment", f"{HTTP}.enabled: ${{NO_SUCH_ONE}}\n{HTTP}.key: a\n"),
        yml("nothing", ""),
    ),
    "EFR427": about_settings(
        yml(
            "transport",
            f"{TRANSPORT}.enabled: true\n{TRANSPORT}.verification_mode: none\n",
            line=2,
            subject=f"{TRANSPORT}.verification_mode",
            severity="error",
            message="join",
        ),
        yml("HTTP", f"a: 1\n{UNVERIFIED}", line=2, severity="warning"),
        yml(
            "a realm",
            "xpack.security.authc.realms.ldap.l.ssl.verification_mode: none\n",
            line=1,
            severity="warning",
        ),
        yml("verified", f"{HTTP}.verification_mode: full\n"),
        yml("off", f"{HTTP}.enabled: false\n{UNVERIFIED}"),
        yml("security off", f"{OFF}{UNVERIFIED}"),
        yml(
            "a realm that is off",
            "xpack.security.authc.realms.ldap.l.ssl.verification_mode: none\n"
            "xpack.security.authc.realms.ldap.l.enabled: false\n",
        ),
    ),
    "EFR428": about_settings(
        yml(
            "two of them",
            f"{HTTP}.enabled: true\n{HTTP}.supported_protocols: [TLSv1.2, TLSv1.1, SSLv3]\n",
            line=2,
            subject=f"{HTTP}.supported_protocols",
            severity="warning",
            message="[TLSv1.1, SSLv3]",
        ),
        yml(
            "FIPS mode",
            f"{FIPS}{HTTP}.supported_protocols: SSLv2Hello,TLSv1.2\n",
            line=2,
            severity="error",
            message="[SSLv2Hello]; in FIPS mode",
        ),
        yml(
            "FIPS mode, which takes it",
            f"{FIPS}{HTTP}.supported_protocols: TLSv1\n",
            severity="warning",
        ),
        yml("new ones", f"{HTTP}.supported_protocols: [TLSv1.3, TLSv1.2]\n"),
        yml("off", f"{HTTP}.enabled: false\n{HTTP}.supported_protocols: [TLSv1]\n"),
    ),
}
