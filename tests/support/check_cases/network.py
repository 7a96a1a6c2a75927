"""Cases of the rules about addresses and about finding a cluster."""

from __future__ import annotations

from ..settings_cases import about_settings, directory, yml
from . import RuleCases
from .security import OFF, ON
from .tls import HTTP, OTHERS

__all__ = ["CASES"]

TYPE = "discovery.type"
ALONE = f"{TYPE}: single-node\n"
INITIAL = "cluster.initial_master_nodes"
SEEDS = "discovery.seed_hosts"
ENFORCE = "-Des.enforce.bootstrap.checks"

OPTIONS = RuleCases(
    (
        yml(
            "a program after an error",
            "",
            files={"jvm.options": "# own\n-Xmx1g\n-XX:OnError=kill -9 %p\n"},
            path="jvm.options",
            line=3,
            subject="-XX:OnError",
            severity="error",
        ),
        yml(
            "in the folder, for some releases of Java",
            "",
            files={"jvm.options.d/a.options": "8-13:-XX:OnOutOfMemoryError=kill\n"},
            path="jvm.options.d/a.options",
            line=1,
        ),
        yml("neither true nor missing", "", files={"jvm.options": f" {ENFORCE}=yes \n"}, line=1),
    ),
    (
        yml("enforced", "", files={"jvm.options": f"{ENFORCE}=true\n"}),
        yml("an exit", "", files={"jvm.options": "-XX:+ExitOnOutOfMemoryError\n"}),
        yml("a comment", "", files={"jvm.options": "# -XX:OnError=kill\n"}),
        yml("another ending", "", files={"jvm.options.d/a.bak": "-XX:OnError=kill\n"}),
        yml("a file of that name", "", files={"jvm.options.d": "-XX:OnError=kill\n"}),
    ),
    (directory("jvm.options"), directory("jvm.options.d/a.options")),
)

CASES = {
    "EFR450": about_settings(
        yml(
            "HTTP",
            f"{OFF}http.host: 0.0.0.0\n",
            line=2,
            subject="http.host",
            severity="error",
            message="http",
        ),
        yml("transport", f"{OFF}transport.host: _site_\n", line=2, message="transport"),
        yml("both", f"{OFF}{OTHERS}", line=2, subject="network.host"),
        yml("this machine", f"{OFF}network.host: _local_\n"),
        yml("nothing set", OFF),
        yml("security on", OTHERS),
        yml("where the license decides", OTHERS, version=7),
        yml("a name", f"{OFF}network.host: es1\n"),
    ),
    "EFR451": about_settings(
        yml("no TLS", f"{ON}{OTHERS}", line=2, subject="network.host", severity="warning"),
        yml("TLS off", f"{HTTP}.enabled: false\nhttp.host: 0.0.0.0\n", line=2),
        yml("where the license decides", OTHERS, version=7, line=1),
        yml("TLS", f"{HTTP}.enabled: true\nhttp.host: 0.0.0.0\n"),
        yml("this machine", f"{ON}http.host: _local_\n{OTHERS}"),
        yml("security off", f"{OFF}{OTHERS}"),
        yml("before the first start", OTHERS),
        yml("no HTTP", f"{ON}{OTHERS}http.enabled: false\n", version=6),
        yml("only transport", f"{ON}transport.host: 0.0.0.0\n"),
    ),
    "EFR452": about_settings(
        yml("HTTP", "a: 1\nhttp.host: 0.0.0.0\n", line=2, subject="http.host", severity="info"),
        yml("this machine", "http.host: _local_\n"),
        yml("security off, with TLS", f"{OFF}{HTTP}.enabled: true\nhttp.host: 0.0.0.0\n"),
        yml("in the clear, of which there is more to say", f"{ON}http.host: 0.0.0.0\n"),
        yml("security off", f"{OFF}http.host: 0.0.0.0\n"),
        yml("only transport", "transport.host: 0.0.0.0\n"),
    ),
    "EFR453": about_settings(
        yml("nothing", f"{ON}{OTHERS}", line=None, subject=SEEDS, severity="error"),
        yml("with 7", OTHERS, version=7, severity="error"),
        yml(
            "with 8, and told as 7 is",
            f"{ON}{OTHERS}discovery.zen.ping.unicast.hosts: a\n",
            severity="error",
        ),
        yml("published only", f"{ON}network.publish_host: 192.0.2.1\n", severity="error"),
        yml("seeds", f"{ON}{OTHERS}{SEEDS}: a\n"),
        yml("no seeds", f"{ON}{OTHERS}{SEEDS}: []\n"),
        yml("a provider", f"{ON}{OTHERS}discovery.seed_providers: file\n"),
        yml("first masters", f"{ON}{OTHERS}{INITIAL}: a\n"),
        yml("as 7 takes it", f"{OTHERS}discovery.zen.ping.unicast.hosts: a\n", version=7),
        yml("with 6", f"{ON}{OTHERS}", version=6),
        yml("a cluster of its own", f"{ON}{OTHERS}{ALONE}"),
        yml("this machine", ON),
        yml("a name", f"{ON}network.host: es1\n"),
        yml("before the first start", OTHERS),
    ),
    "EFR454": about_settings(
        yml("a name", f"{ALONE}{INITIAL}: a\n", line=2, subject=INITIAL, severity="error"),
        yml("no name", f"{ALONE}{INITIAL}: []\n", line=2),
        yml("only alone", ALONE),
        yml("only names", f"{INITIAL}: a\n"),
        yml("with 6", f"{ALONE}{INITIAL}: a\n", version=6),
        yml("another type", f"{TYPE}: multi-node\n{INITIAL}: a\n"),
    ),
    "EFR455": about_settings(
        yml("no role", f"{ALONE}node.roles: [data]\n", line=1, subject=TYPE, severity="error"),
        yml("no roles", f"{ALONE}node.roles: []\n", line=1),
        yml("as 7 says it", f"{ALONE}node.master: false\n", version=7, line=1),
        yml("a master", f"{ALONE}node.roles: [data, master]\n"),
        yml("all roles", ALONE),
        yml("with others", "node.roles: [data]\n"),
        yml("with 6", f"{ALONE}node.master: false\n", version=6),
    ),
    "EFR456": about_settings(
        yml("twice", f"{INITIAL}: [a, b, a]\n", line=1, severity="error", message="[a]"),
        yml("with 7", f"{INITIAL}: [a, a]\n", version=7, line=1),
        yml("once", f"{INITIAL}: [a, b]\n"),
        yml("with 6", f"{INITIAL}: [a, a]\n", version=6),
        yml("seeds", f"{SEEDS}: [a, a]\n"),
    ),
    "EFR457": about_settings(
        yml("a name", f"{INITIAL}: a\n", line=1, subject=INITIAL, severity="info"),
        yml("with 7", f"{INITIAL}: a\n", version=7, line=1),
        yml("no name", f"{INITIAL}: []\n"),
        yml("seeds", f"{SEEDS}: a\n"),
        yml("with 6", f"{INITIAL}: a\n", version=6),
    ),
    "EFR458": OPTIONS,
}
