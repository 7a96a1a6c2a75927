"""
The decision table: a layout, and what a first start does with it.

An outcome is the stage, the check, the exit, whether a message is shown, and whether the start goes
on. In enrollment mode every reason that ends the command is shown and ends the start.
"""

from __future__ import annotations

from support.first_start import Layout, keystore

CONFIGURED = ("command", None, "OK", False, "continues")
PROCEEDS = ("command", None, "PROCEEDS", False, "continues")
ENVIRONMENT = ("environment", None, "exception", True, "fails")
LOG4J2 = ("log4j2", None, "CONFIG", True, "fails")
KEYSTORE = ("keystore_load", None, "exception", True, "fails")
DECRYPTION = ("command", None, "exception", True, "fails")


def quiet(check: str) -> tuple[object, ...]:
    return ("command", check, "NOOP", False, "continues")


def told(check: str, ends: str = "CONFIG") -> tuple[object, ...]:
    return ("command", check, ends, True, "continues")


def failing(check: str, stage: str = "command") -> tuple[object, ...]:
    return (stage, check, "exception", True, "fails")


HTTP = "xpack.security.http.ssl.keystore.secure_password"
TRANSPORT = "xpack.security.transport.ssl.keystore.secure_password"
TRUST = "xpack.security.transport.ssl.truststore.secure_password"
PROTECTED = keystore(password="secret")
HOST = {"HOSTNAME": "h"}


def corrupted(data: bytes) -> bytes:
    """A keystore whose checksum is wrong."""
    return data[:-1] + bytes([data[-1] ^ 1])


def yml(text: str, **others: object) -> Layout:
    return Layout(yml=text, **others)  # type: ignore[arg-type]


#: By file: what is there, in which form.
FILES = {
    "fresh": (Layout(), CONFIGURED),
    "yml missing": (Layout(yml=None), told("AUT-02")),
    "yml link": (Layout(yml_is="link"), told("AUT-02")),
    "yml dangling link": (Layout(yml_is="dangling"), told("AUT-02")),
    "yml directory": (Layout(yml_is="directory"), failing("AUT-02", "environment")),
    "yml unreadable": (Layout(yml_is="unreadable"), failing("AUT-03", "environment")),
    "yml link with settings": (yml("xpack.security.enabled: true", yml_is="link"), told("AUT-02")),
    "log4j2 missing": (Layout(log4j2=None), LOG4J2),
    "log4j2 dangling link": (Layout(log4j2_is="dangling"), LOG4J2),
    "log4j2 link": (Layout(log4j2_is="link"), CONFIGURED),
    "log4j2 directory": (Layout(log4j2_is="directory"), CONFIGURED),
    "log4j2 missing, and data": (Layout(log4j2=None, data=("nodes",)), LOG4J2),
    "elasticsearch.yaml beside": (Layout(files={"config/elasticsearch.yaml": "a: 1"}), CONFIGURED),
    "elasticsearch.json beside": (Layout(files={"config/elasticsearch.json": "{}"}), CONFIGURED),
    "keystore absent": (Layout(keystore=None), CONFIGURED),
    "keystore dangling link": (Layout(keystore_is="dangling"), CONFIGURED),
    "keystore directory": (Layout(keystore_is="directory"), failing("AUT-04", "keystore_load")),
    "keystore unreadable": (
        Layout(keystore=keystore(), keystore_is="unreadable"),
        failing("AUT-04", "keystore_load"),
    ),
    "keystore link": (Layout(keystore=keystore(), keystore_is="link"), told("AUT-04", "NOOP")),
    "keystore link to a protected one": (
        Layout(keystore=PROTECTED, keystore_is="link", password="wrong"),
        told("AUT-04", "NOOP"),
    ),
    "keystore link to a damaged one": (
        Layout(keystore=corrupted(keystore()), keystore_is="link"),
        KEYSTORE,
    ),
    "not writable": (Layout(writable=False), told("AUT-11", "CANT_CREATE")),
}

#: By data directory.
DATA = {
    "data missing": (Layout(data=None), CONFIGURED),
    "data with a directory": (Layout(data=("nodes",)), quiet("AUT-01")),
    "data with a hidden entry": (Layout(data=(".DS_Store",)), quiet("AUT-01")),
    "data unlistable": (Layout(unlistable=True), failing("AUT-01")),
    "data is a file": (Layout(data=None, files={"data": ""}), CONFIGURED),
    "data elsewhere, relative": (yml("path.data: d", files={"d/x": ""}), quiet("AUT-01")),
    "data elsewhere, above": (yml("path.data: config/../d", files={"d/x": ""}), quiet("AUT-01")),
    "data elsewhere, the default counts no more": (
        yml("path.data: d", data=("nodes",)),
        CONFIGURED,
    ),
    "data list, first": (yml("path.data: [d, e]", files={"d/x": ""}), quiet("AUT-01")),
    "data list, second": (yml("path.data: [d, e]", files={"e/x": ""}), quiet("AUT-01")),
    "data by commas": (yml("path.data: 'd, e'", files={"e/x": ""}), quiet("AUT-01")),
    "data items are not trimmed": (yml("path.data: [' e']", files={"e/x": ""}), CONFIGURED),
    "data indexed": (yml("path.data.0: d\npath.data.1: e", files={"e/x": ""}), quiet("AUT-01")),
    "data empty list": (yml("path.data: []", data=("nodes",)), quiet("AUT-01")),
    "data empty text": (yml("path.data: ''", data=("nodes",)), quiet("AUT-01")),
    "data by option": (Layout(settings={"path.data": "d"}, files={"d/x": ""}), quiet("AUT-01")),
    "data by option, list": (
        Layout(settings={"path.data": "[d, e]"}, files={"e/x": ""}),
        quiet("AUT-01"),
    ),
    "data by variable": (
        yml("path.data: ${D}", environment={"D": "d"}, files={"d/x": ""}),
        quiet("AUT-01"),
    ),
    "data is the home itself": (yml("path.data: 'd,'", files={"x": ""}), quiet("AUT-01")),
    "data is no path": (yml(r'path.data: "a\0b"'), ENVIRONMENT),
}

#: By setting.
SETTINGS = {
    "comments only": (yml("# nothing\n"), CONFIGURED),
    "byte order mark": (Layout(yml="\ufeffnode.name: a\n".encode()), CONFIGURED),
    "byte order mark, and security": (
        Layout(yml="\ufeffxpack.security.enabled: true\n".encode()),
        quiet("AUT-06"),
    ),
    "switched off": (yml("xpack.security.autoconfiguration.enabled: false"), quiet("AUT-05")),
    "switched off, quoted": (
        yml("xpack.security.autoconfiguration.enabled: 'false'"),
        quiet("AUT-05"),
    ),
    "switched on": (yml("xpack.security.autoconfiguration.enabled: true"), CONFIGURED),
    "switch nested": (
        yml("xpack:\n  security:\n    autoconfiguration.enabled: false"),
        quiet("AUT-05"),
    ),
    "switch empty": (yml("xpack.security.autoconfiguration.enabled: ''"), CONFIGURED),
    **{
        f"switch {value}": (
            yml(f"xpack.security.autoconfiguration.enabled: {value}"),
            failing("AUT-05"),
        )
        for value in ("0", "'true '", "'False'", "FALSE", "no", "[false]", "[]", "' '")
    },
    "switch by option": (
        Layout(settings={"xpack.security.autoconfiguration.enabled": "false"}),
        quiet("AUT-05"),
    ),
    "switch by option, over the file": (
        yml(
            "xpack.security.autoconfiguration.enabled: false",
            settings={"xpack.security.autoconfiguration.enabled": "true"},
        ),
        CONFIGURED,
    ),
    "switch by option, as a value": (
        Layout(settings={"xpack.security.autoconfiguration.enabled": False}),
        quiet("AUT-05"),
    ),
    "switch forced": (
        yml(
            "force.xpack.security.autoconfiguration.enabled: true\n"
            "xpack.security.autoconfiguration.enabled: false"
        ),
        CONFIGURED,
    ),
    "security true": (yml("xpack.security.enabled: true"), quiet("AUT-06")),
    "security false": (yml("xpack.security.enabled: false"), quiet("AUT-06")),
    "security anything": (yml("xpack.security.enabled: maybe"), quiet("AUT-06")),
    "security empty text": (yml('xpack.security.enabled: ""'), CONFIGURED),
    "security empty list": (yml("xpack.security.enabled: []"), quiet("AUT-06")),
    "security indexed": (yml("xpack.security.enabled.0: true"), quiet("AUT-06")),
    "security indexed, not from 0": (yml("xpack.security.enabled.1: true"), CONFIGURED),
    "security alias": (yml("a: &b true\nxpack.security.enabled: *b"), quiet("AUT-06")),
    "security null": (yml("xpack.security.enabled:"), ENVIRONMENT),
    "security tilde": (yml("xpack.security.enabled: ~"), ENVIRONMENT),
    "security by variable": (
        yml("xpack.security.enabled: ${S}", environment={"S": "false"}),
        quiet("AUT-06"),
    ),
    "security by an empty variable": (
        yml("xpack.security.enabled: ${S}", environment={"S": ""}),
        ENVIRONMENT,
    ),
    "security by an empty variable in quotes": (
        yml('xpack.security.enabled: "${S}"', environment={"S": ""}),
        CONFIGURED,
    ),
    "security by default": (yml("xpack.security.enabled: ${S:true}"), quiet("AUT-06")),
    "security by an empty default": (yml("xpack.security.enabled: ${S:}"), CONFIGURED),
    "security by another setting": (yml("a: x\nxpack.security.enabled: ${a}"), quiet("AUT-06")),
    "security by a container": (
        Layout(environment={"ELASTIC_CONTAINER": "true", "xpack.security.enabled": "false"}),
        quiet("AUT-06"),
    ),
    "security by a variable of no container": (
        Layout(environment={"xpack.security.enabled": "false"}),
        CONFIGURED,
    ),
    "a whole line by variable": (
        yml("${LINE}\n", environment={"LINE": "xpack.security.enabled: true"}),
        quiet("AUT-06"),
    ),
    "http TLS false": (yml("xpack.security.http.ssl.enabled: false"), quiet("AUT-07")),
    "transport TLS": (yml("xpack.security.transport.ssl.enabled: true"), quiet("AUT-07")),
    "TLS nested": (yml("xpack.security.http.ssl: {key: a}"), quiet("AUT-07")),
    "TLS empty text": (yml("xpack.security.http.ssl.key: ''"), CONFIGURED),
    "TLS empty list": (yml("xpack.security.http.ssl.supported_protocols: []"), quiet("AUT-07")),
    "TLS empty mapping": (yml("xpack.security.http.ssl: {}"), CONFIGURED),
    "TLS without a key below": (yml("xpack.security.http.ssl: true"), CONFIGURED),
    "TLS of something else": (yml("xpack.http.ssl.key: a"), CONFIGURED),
    "realms": (yml("xpack.security.authc.realms.file.f.order: 0"), CONFIGURED),
    "single node": (yml("discovery.type: single-node\ndiscovery.seed_hosts: [a]"), CONFIGURED),
    "single node, in capitals": (
        yml("discovery.type: Single-Node\ndiscovery.seed_hosts: [a]"),
        quiet("AUT-08"),
    ),
    "single node, with a blank": (
        yml("discovery.type: 'single-node '\ndiscovery.seed_hosts: [a]"),
        quiet("AUT-08"),
    ),
    "single node, in a list": (
        yml("discovery.type: [single-node]\ndiscovery.seed_hosts: [a]"),
        quiet("AUT-08"),
    ),
    "another discovery type": (yml("discovery.type: multi-node"), CONFIGURED),
    "seed hosts": (yml("discovery.seed_hosts: [a]"), quiet("AUT-08")),
    "seed hosts, text": (yml("discovery.seed_hosts: a"), quiet("AUT-08")),
    "seed hosts, empty list": (yml("discovery.seed_hosts: []"), CONFIGURED),
    "seed hosts, empty text": (yml("discovery.seed_hosts: ''"), CONFIGURED),
    "seed hosts, only a comma": (yml("discovery.seed_hosts: ','"), quiet("AUT-08")),
    "seed hosts, emptied by option": (
        yml("discovery.seed_hosts: [a]", settings={"discovery.seed_hosts": "[]"}),
        CONFIGURED,
    ),
    "seed hosts, indexed option": (
        yml("discovery.seed_hosts: []", settings={"discovery.seed_hosts.0": "a"}),
        quiet("AUT-08"),
    ),
    "seed hosts, list by variable": (
        yml("discovery.seed_hosts: ${L}", environment={"L": "[a, b]"}),
        quiet("AUT-08"),
    ),
    "seed hosts, empty list by variable": (
        yml("discovery.seed_hosts: ${L}", environment={"L": "[]"}),
        CONFIGURED,
    ),
    "seed hosts, forced empty list": (yml("force.discovery.seed_hosts: []"), quiet("AUT-08")),
    "seed providers": (yml("discovery.seed_providers: file"), quiet("AUT-08")),
    "initial masters, own name": (
        yml("node.name: n\ncluster.initial_master_nodes: [n]"),
        CONFIGURED,
    ),
    "initial masters, own name, and seed hosts": (
        yml("node.name: n\ncluster.initial_master_nodes: [n]\ndiscovery.seed_hosts: [a]"),
        CONFIGURED,
    ),
    "initial masters, own name as text": (
        yml("node.name: n\ncluster.initial_master_nodes: ' n '"),
        CONFIGURED,
    ),
    "initial masters, own name twice": (
        yml("node.name: n\ncluster.initial_master_nodes: [n, n]"),
        quiet("AUT-08"),
    ),
    "initial masters, own name with a blank": (
        yml("node.name: n\ncluster.initial_master_nodes: ['n ']"),
        quiet("AUT-08"),
    ),
    "initial masters, with a comma behind": (
        yml("node.name: n\ncluster.initial_master_nodes: 'n,'"),
        quiet("AUT-08"),
    ),
    "initial masters, another name": (
        yml("node.name: n\ncluster.initial_master_nodes: [m]"),
        quiet("AUT-08"),
    ),
    "initial masters, the host": (
        yml("cluster.initial_master_nodes: [h]", environment=HOST),
        CONFIGURED,
    ),
    "initial masters, the host but named": (
        yml("node.name: n\ncluster.initial_master_nodes: [h]", environment=HOST),
        quiet("AUT-08"),
    ),
    "initial masters, the host by variable": (
        yml("cluster.initial_master_nodes: ['${HOSTNAME}']", environment=HOST),
        CONFIGURED,
    ),
    "initial masters, empty": (yml("cluster.initial_master_nodes: []"), CONFIGURED),
    "roles of all": (yml("node.roles: [master, data]"), CONFIGURED),
    "roles, empty text": (yml("node.roles: ''"), CONFIGURED),
    "roles, text": (yml("node.roles: 'master, data_hot'"), CONFIGURED),
    "roles, indexed": (yml("node.roles.0: master\nnode.roles.1: data"), CONFIGURED),
    "roles, none": (yml("node.roles: []"), quiet("AUT-09")),
    "roles, ingest": (yml("node.roles: [ingest]"), quiet("AUT-09")),
    "roles, not trimmed": (yml("node.roles: [' master', data]"), quiet("AUT-09")),
    "roles, voting only": (yml("node.roles: [master, data, voting_only]"), quiet("AUT-09")),
    "roles, voting only without master": (yml("node.roles: [voting_only]"), quiet("AUT-09")),
    "roles, unknown without master": (yml("node.roles: [nosuch]"), quiet("AUT-09")),
    "roles, no data": (yml("node.roles: [master]"), quiet("AUT-10")),
    "roles, unknown": (yml("node.roles: [master, data, nosuch]"), failing("AUT-10")),
    "roles, empty one": (yml("node.roles: 'master,data,'"), failing("AUT-10")),
    "roles, in capitals": (yml("node.roles: [master, Data]"), failing("AUT-10")),
    "roles, search": (yml("node.roles: [master, search]"), CONFIGURED),
    "roles, index": (yml("node.roles: [master, index]"), CONFIGURED),
    "old roles": (yml("node.master: false\nnode.data: false"), CONFIGURED),
    "stateless": (yml("stateless.enabled: true"), CONFIGURED),
    "stateless, no boolean": (yml("stateless.enabled: maybe"), failing("AUT-10")),
    "stateless, no boolean, but roles": (
        yml("stateless.enabled: maybe\nnode.roles: [master, data]"),
        CONFIGURED,
    ),
}

#: What no start survives, whatever else there is.
UNREADABLE_SETTINGS = {
    "not UTF-8": (Layout(yml=b"node.name: \xe4\n"), ENVIRONMENT),
    "not UTF-8 in a comment": (Layout(yml=b"# \xff\n"), ENVIRONMENT),
    "no mapping": (yml("- a"), ENVIRONMENT),
    "not YAML": (yml("a: [b"), ENVIRONMENT),
    "a tab": (yml("a:\n\tb: 1"), ENVIRONMENT),
    "only a document start": (yml("---\n"), ENVIRONMENT),
    "two documents": (yml("a: 1\n---\nb: 1"), ENVIRONMENT),
    "given twice": (yml("a: 1\na: 1"), ENVIRONMENT),
    "given twice, flat and nested": (yml("a.b: 1\na: {b: 2}"), CONFIGURED),
    "list and indexed": (yml("a: [b]\na.0: c"), ENVIRONMENT),
    "list of mappings": (yml("a: [{b: c}]"), ENVIRONMENT),
    "list with null": (yml("a: [~]"), ENVIRONMENT),
    "a null that an option overrides": (yml("a:", settings={"a": "1"}), ENVIRONMENT),
    "unresolved": (yml("a: ${NOPE}"), ENVIRONMENT),
    "unresolved in a list": (yml("a: ['${NOPE}']"), ENVIRONMENT),
    "circular": (yml("a: ${b}\nb: ${a}"), ENVIRONMENT),
    "of a removed setting": (yml("a: ''\nb: ${a}"), ENVIRONMENT),
    "a question for later": (yml("a: ${prompt.text}"), CONFIGURED),
    "option null": (Layout(settings={"a": "~"}), ENVIRONMENT),
    "option empty": (Layout(settings={"a": ""}), ENVIRONMENT),
    "option only a comment": (Layout(settings={"a": "#x"}), ENVIRONMENT),
    "option with a second colon": (Layout(settings={"a": "b: c"}), ENVIRONMENT),
    "option path.home": (Layout(settings={"path.home": "/usr"}), ENVIRONMENT),
    "before log4j2": (yml("a:", log4j2=None), ENVIRONMENT),
    "before the data": (yml("a:", data=("nodes",)), ENVIRONMENT),
}

#: By keystore.
KEYSTORES = {
    **{
        f"format {version}": (Layout(keystore=keystore(version=version)), CONFIGURED)
        for version in range(3, 8)
    },
    **{
        f"format {version} with {name}": (
            Layout(keystore=keystore(name, version=version)),
            told("AUT-13"),
        )
        for version in range(3, 8)
        for name in (HTTP, TRANSPORT, TRUST)
    },
    "the hash alone": (Layout(keystore=keystore("autoconfiguration.password_hash")), CONFIGURED),
    "another TLS password": (
        Layout(keystore=keystore("xpack.security.http.ssl.secure_key_passphrase")),
        CONFIGURED,
    ),
    "right password": (Layout(keystore=PROTECTED, password="secret"), CONFIGURED),
    "right password, and entries": (
        Layout(keystore=keystore(HTTP, password="secret"), password="secret"),
        told("AUT-13"),
    ),
    "wrong password": (Layout(keystore=PROTECTED, password="wrong"), DECRYPTION),
    "no password given": (Layout(keystore=PROTECTED), DECRYPTION),
    "a password that is not asked for": (Layout(keystore=keystore(), password="x"), CONFIGURED),
    "a password that is needed and not asked for": (
        Layout(keystore=keystore(password="secret", flag=0), password="secret"),
        DECRYPTION,
    ),
    "wrong password behind another reason": (
        yml("xpack.security.enabled: true", keystore=PROTECTED, password="wrong"),
        quiet("AUT-06"),
    ),
    "wrong password behind data": (
        Layout(keystore=PROTECTED, password="wrong", data=("nodes",)),
        quiet("AUT-01"),
    ),
    "empty": (Layout(keystore=b""), KEYSTORE),
    "truncated": (Layout(keystore=keystore()[:-3]), KEYSTORE),
    "checksum": (Layout(keystore=corrupted(keystore())), KEYSTORE),
    "no keystore at all": (Layout(keystore=b"elasticsearch"), KEYSTORE),
    "damaged, and data": (Layout(keystore=b"", data=("nodes",)), KEYSTORE),
    "damaged, and log4j2 missing": (Layout(keystore=b"", log4j2=None), LOG4J2),
}

#: Several reasons: the first in the order of a start decides.
ORDER = {
    "01 before 02": (Layout(data=("nodes",), yml=None), quiet("AUT-01")),
    "02 before 04": (
        Layout(yml_is="link", keystore=keystore(), keystore_is="link"),
        told("AUT-02"),
    ),
    "04 before 05": (
        yml(
            "xpack.security.autoconfiguration.enabled: false",
            keystore=keystore(),
            keystore_is="link",
        ),
        told("AUT-04", "NOOP"),
    ),
    "05 before 06": (
        yml("xpack.security: {enabled: true, autoconfiguration.enabled: false}"),
        quiet("AUT-05"),
    ),
    "06 before 07": (
        yml("xpack.security.http.ssl.enabled: true\nxpack.security.enabled: true"),
        quiet("AUT-06"),
    ),
    "07 before 08": (
        yml("discovery.seed_hosts: a\nxpack.security.http.ssl.enabled: true"),
        quiet("AUT-07"),
    ),
    "08 before 09": (yml("discovery.seed_hosts: a\nnode.roles: []"), quiet("AUT-08")),
    "09 before 10": (yml("node.roles: [ingest]"), quiet("AUT-09")),
    "10 before 11": (yml("node.roles: [master]", writable=False), quiet("AUT-10")),
    "11 before 13": (
        Layout(writable=False, keystore=keystore(HTTP)),
        told("AUT-11", "CANT_CREATE"),
    ),
}

TABLE = {
    **FILES,
    **DATA,
    **SETTINGS,
    **UNREADABLE_SETTINGS,
    **{f"keystore, {name}": row for name, row in KEYSTORES.items()},
    **ORDER,
}

#: Where enrollment makes another difference than that the start fails.
ENROLLING = {
    "roles are not looked at": (yml("node.roles: [ingest]"), PROCEEDS),
    "unknown roles are not looked at": (yml("node.roles: [nosuch]"), PROCEEDS),
    "stateless is not looked at": (yml("stateless.enabled: maybe"), PROCEEDS),
    "the keystore is decrypted later": (Layout(keystore=PROTECTED, password="x"), PROCEEDS),
    "entries of the keystore count later": (Layout(keystore=keystore(HTTP)), PROCEEDS),
}
