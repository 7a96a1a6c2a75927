"""N25: what ``--json`` prints has one shape for each command, and one type for each name."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from functools import cache
from typing import get_args

import pytest
from support.backups import make_key
from support.cluster import FakeCluster, serving
from support.hashes import CHEAP_HASH
from support.keystore_bytes import build
from support.pki import CERTIFICATES

from esfilerealm import UsersTool
from esfilerealm.backup import create_backup
from esfilerealm.cli import schemas
from esfilerealm.cli.commands import every_command
from esfilerealm.cli.output import VERSION
from esfilerealm.cli.schemas import schema_of, schema_of_all
from esfilerealm.provisioning import ChangeKind, desired_state_schema

jsonschema = pytest.importorskip("jsonschema")


def test_a_plan_has_no_other_kinds_of_changes():
    kinds = schemas._CHANGE["properties"]["kind"]["enum"]
    assert sorted(kinds) == sorted(get_args(ChangeKind))


SPEAKING = [c.name for c in every_command() if any(o.key == "json" for o in c.options)]
PASSWORD = "test-password"

#: Options by which a command finds the cluster of these tests.
SNAPSHOT = ["--es-version", "8.19.3", "--repository", "backup", "--snapshot", "first"]
SNAPSHOT += ["--url", "{cluster}", "--user", "admin", "--password-env", "CLUSTER_PASSWORD"]

#: Command lines by command: some that succeed in different ways, and some that fail.
LINES = {
    "useradd": [
        ["ann", "--hash", CHEAP_HASH, "-r", "viewer,vewer"],
        ["ann", "--hash", CHEAP_HASH, "--dry-run"],
        ["bob", "--hash", CHEAP_HASH],
        ["a:b"],
        [],
    ],
    "userdel": [["bob"], ["bob", "--keep", "1"], ["nobody"]],
    "passwd": [["bob", "-p", "secret-1"], ["bob", "--generate"], ["bob", "-p", "x"]],
    "roles": [["bob"], ["bob", "-a", "x", "-r", "viewer"], ["nobody", "-a", "x"]],
    "list": [[], ["bob"], ["--role", "viewer"], ["nobody"], ["--format", "csv"]],
    "verify": [["bob", "-p", PASSWORD], ["bob", "-p", "wrong"], ["al", "-p", PASSWORD]],
    "hash": [["-p", PASSWORD], ["-p", PASSWORD, "--algorithm", "nothing"]],
    "rescue": [["--dry-run"], ["--keep"], ["--ttl", "0s"], ["-E", "xpack.security.enabled=false"]],
    "sweep": [[], ["--dry-run"]],
    "lock": [["bob"], ["bob", "nobody"], []],
    "unlock": [["bob"], ["bob", "--dry-run"]],
    "expire": [["bob", "8h"], ["bob", "never"], ["bob", "soon"], ["bob"]],
    "init": [[], ["--dry-run"], ["-c", "{new}"]],
    "check": [
        [],
        ["--fix"],
        ["--explain", "EFR1"],
        ["--list-rules"],
        ["--baseline", "{out}", "--write-baseline"],
        ["--select", "EFR9"],
    ],
    "recover": [[]],
    "undo": [[], ["--dry-run"]],
    "audit show": [["{log}"], ["{log}", "--user", "ann", "--since", "1h"], ["{missing}"], []],
    "audit verify": [["{log}", "-c", "{config}"], ["{broken}"], ["{missing}"]],
    "plan": [["{state}"], ["{missing}"]],
    "apply": [["{state}"], ["{state}", "--check"], ["{broken}"]],
    "ensure": [
        ["ann", "--hash", CHEAP_HASH, "-a", "vewer"],
        ["bob", "--locked", "true", "--expires", "2199-12-01T08:00Z"],
        ["bob", "--absent"],
        ["ann"],
    ],
    "validate": [["{state}"], ["{state}", "{state}", "--strict"], ["{broken}", "{missing}"]],
    "hash-document": [
        ["{state}", "--output", "{out}"],
        ["{broken}", "--output", "{out}"],
        ["{missing}"],
    ],
    "copy": [
        ["{state}", "--check"],
        ["{config}", "--yes", "--partial", "--force"],
        ["{state}"],
        ["{missing}", "--yes"],
    ],
    "digest": [[], ["{state}"], ["--key-file", "{broken}"], ["--key-file", "{mappings}"]],
    "compare": [["{state}", "{config}"], ["{state}", "{missing}"], ["{state}"]],
    "export": [["--format", "htpasswd", "--output", "{out}"], ["--format", "htpasswd"]],
    "import": [["--format", "htpasswd", "{htpasswd}"], ["--format", "json", "{state}"]],
    "settings": [[], ["-E", "resource.reload.interval.high=soon"]],
    "autoconfig": [[], ["--enrollment"], ["-E", "a=~"], ["-E", "xpack.security.enabled=true"]],
    "roles-of": [
        ["--dn", "cn=a"],
        ["--dn", "cn=a", "--mapping-file", "{mapping}", "--mappings", "{mappings}"],
        ["--group", "cn=x", "--mapping-file", "{mapping}", "--unmapped-groups-as-roles"],
        ["--dn", "cn=a", "--mapping-file", "{broken_mapping}"],
        ["--dn", "a"],
    ],
    "whoami": [
        ["bob", "-p", PASSWORD],
        ["bob", "-p", PASSWORD, "--run-as", "al"],
        ["--certificate", "{alice}", "-E", "xpack.security.authc.realms.pki.p.order=1"],
        [],
    ],
    "certificate show": [
        ["{alice}"],
        ["{alice}", "--trust", "{root}", "--pattern", "OU=(.*?),"],
        ["{alice}", "-E", "xpack.security.authc.realms.pki.p.username_rdn_oid=2.5.4.3"],
        ["{alice}", "-E", "xpack.security.authc.realms.pki.p.username_pattern=("],
        ["{alice}", "-E", "xpack.security.authc.realms.pki.p.truststore.path=missing"],
        ["{missing}"],
    ],
    "backup create": [
        ["{backups}", "--plain"],
        ["{backups}"],
        ["{out}", "--plain", "--sign", "{key}"],
    ],
    "backup verify": [["{backup}"], ["{backup}", "{backup}"], ["{missing}"]],
    "backup show": [["{backup}"], ["{htpasswd}"]],
    "backup diff": [["{backup}"], ["{backup}", "--lines", "--only", "realm"], ["{missing}"]],
    "backup restore": [
        ["{backup}", "--allow-unsigned", "--diff"],
        ["{backup}", "--allow-unsigned", "-c", "{new}", "--create"],
        ["{backup}"],
    ],
    "backup list": [["{backups}"], ["{missing}"]],
    "watch": [["-E", "resource.reload.enabled=false"]],
    "keystore create": [
        ["-c", "{new}"],
        ["-c", "{new}", "--dry-run"],
        ["--new-password-file", "{htpasswd}"],
        [],
    ],
    "keystore list": [[], ["-c", "{new}"]],
    "keystore show": [["a.b"], ["c.d"], ["nothing"], []],
    "keystore add": [
        ["x", "--value-file", "{missing}"],
        ["a.b", "--value-env", "PATH", "-f"],
        ["x", "-f", "--value-env", "PATH", "-c", "{new}"],
        ["x", "--dry-run", "--value-env", "PATH"],
        ["a", "b", "--value-env", "PATH"],
    ],
    "keystore add-file": [["x", "{state}", "y", "{state}"], ["x"]],
    "keystore remove": [["a.b"], ["nothing"]],
    "keystore upgrade": [[], ["--es-version", "8"], ["--es-version", "x"]],
    "keystore passwd": [["--new-password-env", "PATH"], []],
    "keystore has-passwd": [[], ["-c", "{new}"]],
    "snapshot plan": [
        ["--es-version", "8.19", "--backup-user", "saver"],
        ["restore", "--es-version", "7", "--made-by", "7.2"],
        ["restore", "--es-version", "9.1", "--made-by", "7.2"],
        [],
    ],
    "snapshot create": [[*SNAPSHOT, "--location", "x"], [*SNAPSHOT, "--by-index"], []],
    "snapshot restore": [SNAPSHOT, [*SNAPSHOT, "--global-state"], []],
    "snapshot verify": [SNAPSHOT, [*SNAPSHOT, "--index-created", "6.8"], []],
}


@cache
def validator_of(command, *, is_closed=False):
    """Checks values against the schema of a command, or of all; making one takes long."""
    schema = schema_of_all() if command is None else schema_of(command)
    return jsonschema.Draft202012Validator(closed(schema) if is_closed else schema)


def closed(schema):
    """The same schema, which allows no key that it does not name."""
    schema = copy.deepcopy(schema)

    def close(part):
        if isinstance(part, dict):
            if "properties" in part and "type" in part:
                part.setdefault("additionalProperties", False)
            for value in part.values():
                close(value)
        elif isinstance(part, list):
            for value in part:
                close(value)

    close(schema)
    return schema


@pytest.fixture(scope="module")
def cluster():
    """The address of a cluster with a snapshot."""
    state = FakeCluster(repositories={"backup": {"type": "fs", "settings": {"location": "x"}}})
    state.add_snapshot("first")
    with serving(state) as url:
        yield url


@pytest.fixture
def filled(config, tmp_path, cluster, monkeypatch):
    """A realm in which every key of the output has something to show."""
    (config / "users").write_text(f"bob:{CHEAP_HASH}\nal:clear\nbroken\n")
    (config / "users_roles").write_text("viewer:bob,ghost\nx:al\n")
    monkeypatch.setenv("CLUSTER_PASSWORD", "admin-password")
    (config / "users.1~").write_text(f"bob:{CHEAP_HASH}\nold:{CHEAP_HASH}\n")
    (config / "users_roles.1~").write_text("viewer:old\nadmin:bob\n")
    keystore = build({"a.b": b"text", "c.d": b"\xff"}, version=3)
    (config / "elasticsearch.keystore").write_bytes(keystore)
    audited = UsersTool(tmp_path / "audited", audit=tmp_path / "audit.log")
    audited.init()
    audited.useradd("ann", password_hash=CHEAP_HASH)
    users = [
        {"name": "new", "password_hash": CHEAP_HASH, "roles": ["vewer"]},
        {"name": "bob", "roles": ["admin"], "password": "secret-1"},
        {"name": "al", "state": "absent"},
    ]
    owner = {"owner": os.getuid(), "mode": "0600"}
    state = {"users": users, "purge": "managed", "attributes": owner}
    (tmp_path / "state.json").write_text(json.dumps(state))
    (tmp_path / "broken.json").write_text("[")
    (tmp_path / "htpasswd").write_text(f"bob:{CHEAP_HASH}\nann:$apr1$x$y\n# note\n")
    (tmp_path / "mapping.yml").write_text("a.b: [cn=a]\nviewer: [cn=a, x]\n")
    (tmp_path / "broken.yml").write_text("[")
    mapping = {"enabled": True, "roles": ["api"], "rules": {"field": {"dn": "*"}}}
    (tmp_path / "mappings.json").write_text(json.dumps({"m": mapping}))
    (tmp_path / "backups").mkdir()
    (config / "roles.yml").write_text("vewer: {}\n")
    (config / "alias").symlink_to("users")
    made = create_backup(config, tmp_path / "backups", plain=True, sign=make_key(tmp_path / "key"))
    (config / "roles.yml").unlink()
    (config / "users_roles").write_text("viewer:bob,ghost\nx:al\nadmin:bob\n")
    return {
        "config": config,
        "backups": tmp_path / "backups",
        "backup": made.path,
        "key": tmp_path / "key",
        "cluster": cluster,
        "alice": CERTIFICATES / "alice.pem",
        "root": CERTIFICATES / "bundle-root.pem",
        "new": tmp_path / "new",
        "mapping": tmp_path / "mapping.yml",
        "mappings": tmp_path / "mappings.json",
        "broken_mapping": tmp_path / "broken.yml",
        "state": tmp_path / "state.json",
        "missing": tmp_path / "missing.json",
        "broken": tmp_path / "broken.json",
        "htpasswd": tmp_path / "htpasswd",
        "out": tmp_path / "out",
        "log": tmp_path / "audit.log",
    }


CASES = [
    pytest.param(command, words, id=" ".join([command, *words])[:60])
    for command, lines in LINES.items()
    for words in lines
]


@pytest.mark.parametrize(("command", "words"), CASES)
def test_n25_real_output_has_the_shape(run, filled, command, words):
    words = [word.format(**filled) if word.startswith("{") else word for word in words]
    out = run(*command.split(), *words, "--json", stdin="").out
    printed = json.loads(out)
    assert out.count("\n") == 1
    assert (printed["command"], printed["version"]) == (command, VERSION)
    validator_of(command, is_closed=True).validate(printed)
    validator_of(None).validate(printed)


def test_every_command_has_lines_and_a_schema():
    assert set(LINES) == set(SPEAKING) == set(schema_of_all()["$defs"])


def test_a_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(schema_of_all())


def test_a_wrong_shape_is_refused():
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"command": "list", "version": VERSION}, schema_of("list"))


def types_of(value):
    kinds = {"str": "string", "int": "number", "float": "number"}
    name = type(value).__name__
    return kinds.get(name, name)


def test_n25_one_type_for_one_name(run, filled):
    """In all output of all commands, a name has one type; only null may stand in its place."""
    found = {}

    def walk(value, named=""):
        if named and value is not None:
            found.setdefault(named, {}).setdefault(types_of(value), value)
        for key, inner in value.items() if isinstance(value, dict) else ():
            # Below these, the keys are names of users, or those of Elasticsearch.
            walk(inner, "" if named in ("added", "role_changes", "body") else key)
        for inner in value if isinstance(value, list) else ():
            walk(inner)

    for command, lines in LINES.items():
        for words in lines:
            placed = [word.format(**filled) if word.startswith("{") else word for word in words]
            walk(json.loads(run(*command.split(), *placed, "--json", stdin="").out))
    assert {name: kinds for name, kinds in found.items() if len(kinds) > 1} == {}
    assert found["mode"] == {"string": found["mode"]["string"]}


def test_the_version_of_the_light_path_is_the_same():
    from esfilerealm.cli import app

    assert app._JSON_VERSION == VERSION


@pytest.mark.parametrize("command", SPEAKING)
def test_the_command_prints_it(run, command):
    result = run("schema", *command.split(), config_dir=None)
    assert json.loads(result.out) == schema_of(command)
    assert (result.exit_code, result.err) == (0, "")


def test_all_of_them(run):
    assert json.loads(run("schema", config_dir=None).out) == schema_of_all()


def test_that_of_a_document(run):
    result = run("schema", "desired-state", config_dir=None)
    assert json.loads(result.out) == desired_state_schema()
    assert (result.exit_code, result.err) == (0, "")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("guide", "[guide] prints no JSON"),
        ("keystore", "[keystore] prints no JSON"),
        ("frob", "[frob] has no schema: use one of [useradd, "),
        ("desired-sate", "[desired-sate] has no schema (did you mean [desired-state]?)"),
    ],
)
def test_what_has_no_schema(run, name, text):
    result = run("schema", name)
    assert result.exit_code == 64
    assert text in result.err


def test_events_of_watch(config, filled):
    words = [sys.executable, "-m", "esfilerealm", "watch", "--json", "-c", str(config)]
    words += ["-E", "resource.reload.interval.high=50ms"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            lines = [process.stdout.readline()]
            (config / "users_roles").write_text("admin:bob\n")
            (config / "users").write_text(f"bob:{CHEAP_HASH}\nzoe:{CHEAP_HASH}\n")
            lines.append(process.stdout.readline())
        finally:
            process.kill()
    events = [json.loads(line) for line in lines]
    for event in events:
        validator_of("watch", is_closed=True).validate(event)
    assert events[0]["event"] == "start"


class TestHash:
    def test_the_hash_is_on_standard_output(self, run):
        result = run("hash", "-p", PASSWORD, "--json")
        assert json.loads(result.out)["hash"].startswith("$2a$")
        assert result.err == ""


class TestAudits:
    """``list --role`` and ``list --format csv``."""

    @pytest.fixture
    def some(self, config):
        (config / "users").write_text(f"bob:{CHEAP_HASH}\nal:{CHEAP_HASH}\nz,z:{CHEAP_HASH}\n")
        (config / "users_roles").write_text("viewer:bob,al\nsuperuser:bob\n")

    @pytest.mark.parametrize(
        ("words", "out"),
        [
            (["--role", "superuser"], "bob            : viewer,superuser\n"),
            (["--role", "nothing"], "No users found\n"),
            (["al", "--role", "superuser"], "No users found\n"),
            (
                ["--format", "csv"],
                'username,role\nbob,viewer\nbob,superuser\nal,viewer\n"z,z",\n',
            ),
            (
                ["--format", "csv", "--role", "superuser"],
                "username,role\nbob,viewer\nbob,superuser\n",
            ),
        ],
    )
    def test_output(self, run, some, words, out):
        assert run("list", *words).out == out

    def test_a_role_that_nobody_has_may_be_misspelled(self, run, some):
        result = run("list", "--role", "superusr")
        assert (result.exit_code, result.out) == (0, "No users found\n")
        assert "did you mean [superuser]?" in result.err
        assert run("list", "--role", "monitoring_user").err == ""

    def test_json_has_only_those_users(self, run, some):
        printed = json.loads(run("list", "--role", "superuser", "--json").out)
        assert [user["username"] for user in printed["users"]] == ["bob"]

    def test_two_formats(self, run, some):
        assert run("list", "--json", "--format", "csv").exit_code == 64
