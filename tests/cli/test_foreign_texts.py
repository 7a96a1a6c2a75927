"""
Whatever others wrote, no command prints it so that a terminal obeys it or a reader does not see it.

Every source of text is tried with every command that may repeat it.
"""

from __future__ import annotations

import ast
import base64
import json
import os
from pathlib import Path

import pytest
from support.agreement import reader_and_schema_agree  # noqa: F401 - used by itself
from support.cluster import FakeCluster, serving
from support.hashes import CHEAP_HASH

import esfilerealm
from esfilerealm._ground.showing import printable
from esfilerealm.backup import create_backup

#: C0 without NUL, DEL, C1, directions of text, no width, ends of lines; then a line that deceives.
NASTY = (
    "a\x1b[31m\x07\x08\r\x7f\x9b2J\u202e\u2066\u200b\u200d\ufeff\u2028\u2029\x85\u3164\nERROR: z"
)

#: The same for sources that cannot hold the end of a line, or a BOM.
INLINE = NASTY.replace("\n", "").replace("\r", "").replace("\x85", "").replace("\ufeff", "")

PACKAGE = Path(esfilerealm.__file__).parent

USERS = [
    "list",
    "list --json",
    "list --format csv",
    "check",
    "check --json",
    "export --format json",
]
USERS += ["export --format htpasswd", "export --format k8s-secret", "roles ann", "verify ann -p x"]
USERS += ["userdel nobody", "passwd nobody -p secret1", "useradd ann -p secret1", "recover"]
USERS += ["plan plan.json --purge all", "apply plan.json --diff --purge all --check", "undo"]
USERS += ["check --fix --dry-run", "settings", "settings --json"]
USERS += ["whoami ann -p x", "whoami ann -p x --run-as root --json"]


@pytest.fixture
def config(tmp_path, monkeypatch):
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "users").write_text(f"ann:{CHEAP_HASH}\nroot:{CHEAP_HASH}\n")
    (folder / "users_roles").write_text("superuser:root\n")
    document = {"users": [{"name": "ann", "password_hash": CHEAP_HASH, "roles": ["viewer"]}]}
    (tmp_path / "plan.json").write_text(json.dumps(document))
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.fixture
def printed(config, run):
    """Run a command, and check what it prints."""

    def check(*words):
        done = run(*words)
        is_native = "already exists" in done.err or "the input ended" in done.err
        assert done.exit_code != 70 or is_native, done.err
        for text in (done.out, done.err):
            for line in text.split("\n"):
                assert line.isprintable(), line
                assert "\u3164" not in line
            assert "\nERROR: z" not in text
        return done

    return check


def document_of(**fields):
    user = {"name": "ann", "roles": ["viewer"], **fields}
    return {"users": [{key: value for key, value in user.items() if value is not ...}]}


DOCUMENTS = {
    "name": document_of(name=NASTY),
    "password_file": document_of(password_file=INLINE),
    "a password_file with a line": document_of(password_file=NASTY),
    "password_env": document_of(password_env=NASTY),
    "password_hash": document_of(password_hash=NASTY),
    "role": document_of(roles=[NASTY]),
    "role to add": document_of(roles=..., roles_add=[NASTY]),
    "role to remove": document_of(roles=..., roles_remove=[NASTY, ""]),
    "key of a user": document_of(**{NASTY: 1}),
    "state": document_of(state=NASTY),
    "update_password": document_of(update_password=NASTY),
    "top key": {NASTY: 1},
    "purge": {"users": [], "purge": NASTY},
    "protect": {"users": [], "protect": [NASTY], "purge": "all"},
    "known_roles": {"users": [], "known_roles": [NASTY]},
    "owner": {"users": [], "attributes": {"owner": NASTY}},
    "owner alone": {"users": [], "owner": NASTY},
    "mode": {"users": [], "mode": NASTY},
    "algorithm": {"users": [], "hash_policy": {"algorithm": NASTY}},
    "no mapping": [NASTY],
    "text": NASTY,
}


class TestDocuments:
    @pytest.mark.parametrize(
        "command",
        ["plan", "apply", "apply --json", "validate", "validate --json", "import --format json"],
    )
    @pytest.mark.parametrize("content", DOCUMENTS.values(), ids=DOCUMENTS)
    def test_json(self, printed, tmp_path, command, content):
        (tmp_path / "d.json").write_text(json.dumps(content))
        printed(*command.split(), "d.json")

    @pytest.mark.parametrize("content", DOCUMENTS.values(), ids=DOCUMENTS)
    def test_yaml(self, printed, tmp_path, content):
        """Every JSON is YAML."""
        (tmp_path / "d.yml").write_text(json.dumps(content))
        printed("plan", "d.yml")

    @pytest.mark.parametrize(
        "text",
        [
            f"users: [{INLINE}]",
            f"{INLINE}: *{INLINE}",
            f"!{INLINE} x",
            f"%{INLINE}\n---\n",
            f"users:\n  - name: ann\n   x{INLINE}: 1",
        ],
        ids=["list", "alias", "tag", "directive", "indent"],
    )
    def test_what_is_no_yaml(self, printed, tmp_path, text):
        (tmp_path / "d.yml").write_text(text)
        printed("plan", "d.yml")
        (tmp_path / "d.toml").write_text(text)
        printed("plan", "d.toml")

    def test_a_document_by_a_name(self, printed):
        printed("plan", f"{INLINE}.json")
        printed("apply", INLINE)
        printed("import", "--format", "htpasswd", INLINE)


class TestRealm:
    @pytest.mark.parametrize("command", USERS)
    @pytest.mark.parametrize(
        ("name", "line"),
        [
            ("users", f"{INLINE}:{CHEAP_HASH}\n"),
            ("users", f"b{INLINE}\n"),
            ("users", f"bob:{INLINE}{INLINE}\n"),
            ("users_roles", f"{INLINE}:ann\n"),
            ("users_roles", f"viewer:{INLINE},ann\n"),
            ("users_roles", f"v\x0b\x0c\x1c:{INLINE}\n"),
            ("roles.yml", f'"{INLINE}": {{}}\n'),
            ("roles.yml", f"viewer: *{INLINE}\n"),
            ("elasticsearch.yml", f'"xpack.security.authc.realms.file.{INLINE}.order": 0\n'),
            ("elasticsearch.yml", '"xpack.security.authc.realms.file.f\\e[31m\\n1.order": 0\n'),
            ("elasticsearch.yml", '"xpack.security.authc.realms.f\\e\\u202eile.g.order": 1\n'),
            ("elasticsearch.yml", f"cluster.name: *{INLINE}\n"),
            ("elasticsearch.yml", f"xpack.security.authc.password_hashing.algorithm: {INLINE}\n"),
            ("elasticsearch.yml", f"resource.reload.interval.high: '{INLINE}'\n"),
            ("users.managed", f"{INLINE}\n"),
            ("users.journal", f"{INLINE}\n{INLINE}\n"),
            ("users.lock", INLINE),
        ],
    )
    def test_files(self, printed, config, command, name, line):
        with (config / name).open("a", encoding="utf-8", newline="") as file:
            file.write(line)
        printed(*command.split())

    @pytest.mark.parametrize("command", USERS)
    def test_its_path(self, printed, config, tmp_path, command):
        (config / "users_roles").write_text(f"v:{INLINE}\n")
        config.rename(tmp_path / f"c{NASTY}".replace("/", ""))
        printed("-c", str(tmp_path / f"c{NASTY}"), *command.split())

    @pytest.mark.parametrize("command", USERS)
    def test_a_path_that_is_no_text(self, printed, config, tmp_path, command):
        folder = os.fsdecode(os.fsencode(tmp_path) + b"/\xff\x9b\x1b")
        printed("-c", folder, *command.split())
        config.rename(folder)
        printed("-c", folder, *command.split())


class TestWords:
    @pytest.mark.parametrize(
        "words",
        [
            ["@"],
            ["list", "@"],
            ["--@"],
            ["-@"],
            ["list", "--format", "@"],
            ["useradd", "@", "-p", "secret1"],
            ["useradd", "x", "-p", "secret1", "-r", "@"],
            ["useradd", "x", "--hash", "@"],
            ["useradd", "x", "--password-file", "@"],
            ["useradd", "x", "--password-env", "@"],
            ["userdel", "@"],
            ["passwd", "@", "-p", "secret1"],
            ["roles", "ann", "-a", "@"],
            ["roles", "ann", "-r", "@"],
            ["roles", "@"],
            ["verify", "@", "-p", "x"],
            ["whoami", "@", "-p", "x"],
            ["whoami", "ann", "-p", "test-password", "--run-as", "@"],
            ["whoami", "--certificate", "@"],
            ["whoami", "ann", "--role-mappings", "@"],
            ["hash", "--algorithm", "@", "-p", "secret1"],
            ["ensure", "@", "-p", "secret1"],
            ["ensure", "x", "--roles", "@", "--hash", "@"],
            ["export", "--format", "@"],
            ["export", "--format", "json", "--output", "@/@"],
            ["export", "--format", "k8s-secret", "--namespace", "@"],
            ["export", "--format", "k8s-secret", "--secret-name", "@"],
            ["export", "--format", "k8s-secret", "--basic-auth", "@"],
            ["import", "--format", "@", "x"],
            ["import", "--format", "opensearch", "--roles-mapping", "@", "@"],
            ["guide", "@"],
            ["help", "@"],
            ["schema", "@"],
            ["list", "-E", "@=1"],
            ["list", "-E", "xpack.security.authc.password_hashing.algorithm=@"],
            ["settings", "-E", "@=@"],
            ["list", "--es-version", "@"],
            ["list", "--known-role", "@"],
            ["init", "--owner", "@"],
            ["init", "--group", "@"],
            ["init", "--mode", "@"],
            ["check", "--fix", "--protect", "@"],
            ["apply", "plan.json", "--jobs", "@"],
            ["apply", "plan.json", "--purge", "@"],
            ["useradd", "x", "-p", "secret1", "--keep", "@"],
            ["useradd", "x", "-p", "secret1", "--lock-timeout", "@"],
            ["--print-completion", "@"],
            ["backup", "@"],
            ["backup", "create", "@/@", "--plain"],
            ["backup", "create", "@", "--plain", "--gzip", "--node", "@", "--cluster", "@"],
            ["backup", "create", "x", "--plain", "--sign", "@"],
            ["backup", "create", "x", "--recipient", "@"],
            ["backup", "create", "x", "--recipients-file", "@"],
            ["backup", "create", "x", "--passphrase-file", "@"],
            ["backup", "verify", "@"],
            ["backup", "verify", "plan.json", "--age-identity", "@"],
            ["backup", "verify", "plan.json", "--allowed-signers", "plan.json", "--identity", "@"],
            ["backup", "list", "@"],
            ["snapshot", "@"],
            ["snapshot", "plan", "@", "--es-version", "8"],
            ["snapshot", "plan", "--es-version", "@"],
            ["snapshot", "plan", "--es-version", "8", "--made-by", "@"],
            ["snapshot", "plan", "--es-version", "8", "--repository", "@"],
            ["snapshot", "plan", "--es-version", "8", "--snapshot", "@"],
            ["snapshot", "plan", "--es-version", "8", "--location", "@"],
            ["snapshot", "plan", "--es-version", "8", "--backup-user", "@"],
            ["snapshot", "plan", "--es-version", "8", "--url", "https://@"],
            *(
                ["snapshot", "plan", "--es-version", "8", "--format", form, option, "@"]
                for form in ("curl", "python")
                for option in ("--ca", "--user", "--netrc-file")
            ),
            ["keystore", "@"],
            ["keystore", "show", "@"],
            ["keystore", "add", "@", "--stdin"],
            ["keystore", "add-file", "@", "@"],
            ["keystore", "remove", "@"],
            ["keystore", "list", "--@"],
        ],
        ids=" ".join,
    )
    @pytest.mark.parametrize("more", [[], ["--json"]], ids=["text", "json"])
    def test_of_the_command_line(self, printed, words, more):
        printed(*(word.replace("@", NASTY) for word in words), *more)


class TestBackups:
    @pytest.fixture
    def backup(self, config, tmp_path):
        """The backup of a directory in which every name is one of others."""
        (config / INLINE).mkdir()
        (config / INLINE / NASTY).write_text("x")
        (config / "link").symlink_to(NASTY)
        (config / "pipe").symlink_to(config / INLINE / "none")
        (config / "elasticsearch.yml").write_text(f"reindex.ssl.key: '{INLINE}/a.key'\n")
        (tmp_path / "backups").mkdir()
        made = create_backup(
            config, tmp_path / "backups", plain=True, node=NASTY, cluster=NASTY, compression="gzip"
        )
        return made.path

    @pytest.mark.parametrize("more", [["-v"], ["--json"]], ids=["text", "json"])
    def test_what_is_in_one(self, printed, backup, config, more):
        printed("backup", "verify", backup, *more)
        printed("backup", "show", backup, *more)
        printed("backup", "list", "backups", *more)
        (config / INLINE / NASTY).write_text(NASTY)
        (config / "users").write_text("")
        printed("backup", "diff", backup, "--lines", *more)
        printed("backup", "restore", backup, "--allow-unsigned", *more)
        printed(
            "backup", "create", "backups", "--plain", "--node", NASTY, "--keep-last", "1", *more
        )


class TestClusters:
    """Whatever a cluster answers."""

    NAMES = ("--es-version", "8.19", "--repository", "backup", "--snapshot", "first")

    @pytest.mark.parametrize("more", [[], ["--json"]], ids=["text", "json"])
    @pytest.mark.parametrize("verb", ["create", "restore", "verify"])
    @pytest.mark.parametrize(
        ("call", "answer"),
        [
            ("GET /", (400, {"error": {"type": NASTY, "reason": NASTY}})),
            ("GET /", (500, {"error": NASTY})),
            ("GET /", (200, {"version": {"number": NASTY}, "tagline": "You Know, for Search"})),
            ("GET /", (200, NASTY)),
            ("GET /_security/_authenticate", (200, {"authentication_realm": {"type": NASTY}})),
            ("GET /_features", (200, {"features": [{"name": NASTY}]})),
            ("GET /_snapshot/backup", (200, {"backup": {"type": NASTY, "settings": NASTY}})),
            ("GET /_snapshot/backup/first", (200, {"snapshots": [{"state": NASTY}]})),
            (
                "GET /_snapshot/backup/first",
                (200, {"snapshots": [{"state": NASTY, "version": "8.1.0"}]}),
            ),
            (
                "GET /_snapshot/backup/first",
                (200, {"snapshots": [{"version": "8.1", "snapshot": NASTY, "indices": [NASTY]}]}),
            ),
            ("POST /_snapshot/backup/_verify", (403, {"error": NASTY})),
            (
                "POST /_snapshot/backup/first/_restore",
                (200, {"snapshot": {"shards": {"failed": NASTY}}}),
            ),
        ],
    )
    def test_an_answer(self, printed, monkeypatch, call, answer, verb, more):
        pytest.importorskip("elasticsearch")
        monkeypatch.setenv("CLUSTER_PASSWORD", "admin-password")
        state = FakeCluster(repositories={"backup": {"type": "fs"}}, broken={call: answer})
        state.add_snapshot("first")
        with serving(state) as url:
            who = ["--url", url, "--user", "admin", "--password-env", "CLUSTER_PASSWORD"]
            printed("snapshot", verb, *self.NAMES, *who, *more)


class TestEnvironment:
    @pytest.mark.parametrize(
        "name",
        [
            "ES_PATH_CONF",
            "CONF_DIR",
            "ES_HOME",
            "ESFILEREALM_KNOWN_ROLES",
            "ESFILEREALM_PROGRAM",
            "COLUMNS",
            "TERM",
            "PAGER",
            "HOSTNAME",
        ],
    )
    @pytest.mark.parametrize("command", ["list", "settings", "useradd x -p secret1 -r y", "check"])
    def test_a_variable(self, printed, config, monkeypatch, name, command):
        monkeypatch.setenv(name, NASTY)
        (config / "elasticsearch.yml").write_text("node.name: ${HOSTNAME}\ncluster.name: ${NO}\n")
        printed(*command.split())

    def test_what_a_variable_holds(self, printed, monkeypatch):
        monkeypatch.setenv("PW", NASTY)
        printed("useradd", "x", "--password-env", "PW")


def manifest_of(**changes):
    value = base64.b64encode(f"ann:{CHEAP_HASH}\n".encode()).decode()
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s", "namespace": "n"},
        "data": {"users": value, "users_roles": ""},
    }
    return {**secret, **changes}


MANIFESTS = {
    "name": manifest_of(metadata={"name": NASTY}),
    "namespace": manifest_of(metadata={"name": "s", "namespace": NASTY}),
    "label": manifest_of(metadata={"name": "s", "labels": {NASTY: NASTY}}),
    "annotation": manifest_of(metadata={"name": "s", "annotations": {NASTY: 1}}),
    "kind": manifest_of(kind=NASTY),
    "version": manifest_of(apiVersion=NASTY),
    "type": manifest_of(type=NASTY),
    "key": manifest_of(**{NASTY: NASTY}),
    "data": manifest_of(data={NASTY: "eA=="}),
    "value": manifest_of(data={"users": NASTY}),
    "text": manifest_of(stringData={"users": f"{NASTY}:{CHEAP_HASH}\n", "users_roles": NASTY}),
    "basic auth": manifest_of(
        type="kubernetes.io/basic-auth", stringData={"username": NASTY, "roles": NASTY}
    ),
    "cluster": {
        "apiVersion": "elasticsearch.k8s.elastic.co/v1",
        "kind": "Elasticsearch",
        "metadata": {"name": NASTY},
        "spec": {"auth": {"fileRealm": [{"secretName": NASTY}]}, NASTY: 1},
    },
}


class TestImports:
    @pytest.mark.parametrize("command", ["import --check", "import --json --partial"])
    @pytest.mark.parametrize("manifest", MANIFESTS.values(), ids=MANIFESTS)
    def test_of_kubernetes(self, printed, tmp_path, command, manifest):
        (tmp_path / "m.yml").write_text(json.dumps(manifest))
        printed(*command.split(), "--format", "k8s-secret", "m.yml")
        printed(*command.split(), "--format", "k8s-secret", "--cluster", NASTY, "m.yml")

    def test_of_htpasswd(self, printed, tmp_path):
        (tmp_path / "h").write_text(f"{INLINE}:{CHEAP_HASH}\nbob:{INLINE}\n{INLINE}\n")
        printed("import", "--format", "htpasswd", "h", "--roles", "viewer")
        printed("import", "--format", "htpasswd", "h", "--partial", "--json")

    @pytest.mark.parametrize(
        "content",
        [
            {NASTY: {"hash": CHEAP_HASH, "backend_roles": ["admin"]}},
            {"bob": {"hash": NASTY, "opendistro_security_roles": [NASTY]}},
            {"bob": {"hash": CHEAP_HASH, "backend_roles": [NASTY], NASTY: NASTY}},
            {"_meta": {"type": NASTY, "config_version": NASTY}},
        ],
        ids=["name", "hash", "role", "meta"],
    )
    def test_of_opensearch(self, printed, tmp_path, content):
        (tmp_path / "o.yml").write_text(json.dumps(content))
        for option in ("--check", "--partial"):
            printed("import", "--format", "opensearch", "o.yml", option)


class TestNoWayAround:
    """The faces through which texts go are the only ones."""

    SOURCES = sorted(
        path for path in PACKAGE.rglob("*.py") if "ansible_collections" not in path.parts
    )

    def trees(self):
        for path in self.SOURCES:
            yield path.relative_to(PACKAGE).as_posix(), ast.parse(path.read_text("utf-8"))

    def test_what_describes_itself_does_it_in_one_line(self):
        """Errors do so in their root; a ``_message`` is only for it."""
        allowed = {
            ("errors.py", "FileRealmError"),
            ("errors.py", "InvalidDesiredStateError"),  # whose lines are each printable
            ("cli/nodes.py", "Node"),  # printed as part of a line
            ("cli/options.py", "Option"),  # a text of ours
            ("role_mapping/mustache.py", "_Boolean"),
            ("realms/file/metrics.py", "RealmCollector"),  # for a registry, which wants no text
        }
        around = {
            (name, node.name)
            for name, tree in self.trees()
            for node in ast.walk(tree)
            if isinstance(node, ast.ClassDef)
            for method in node.body
            if isinstance(method, ast.FunctionDef) and method.name in ("__str__", "describe")
            if "in_one_line" not in map(ast.unparse, method.decorator_list)
        }
        assert around == allowed

    def test_loggers_come_from_one_place(self):
        made = [
            name
            for name, tree in self.trees()
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("getLogger")
        ]
        # What others log.
        reads_only = {"backup/snapshot/cluster.py", "cli/watch.py", "watcher/events.py"}
        assert set(made) == {"_ground/logs.py", *reads_only}

    def test_streams_are_written_by_the_terminal(self):
        writers = {
            name
            for name, tree in self.trees()
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            if ast.unparse(node.func) in ("print", "sys.stdout.write", "sys.stderr.write")
        }
        assert writers == {"cli/process.py"}

    def test_what_is_not_escaped_is_our_own(self):
        """Help, guides, the completion script: each is a text of this package."""
        calls = {
            (name, ast.unparse(node.args[0]))
            for name, tree in self.trees()
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            if node.func.attr in ("print_own", "note_own", "print_paged", "print_report")
            if name != "cli/terminal.py"
        }
        assert calls == {
            ("cli/app.py", "completion_script(line.values['print-completion'][0])"),
            ("cli/app.py", "help_of(PROGRAM, terminal.columns)"),
            ("cli/app.py", "help_of(command, terminal.columns)"),
            ("cli/app.py", "overview(terminal.columns) + '\\n'"),
            ("cli/app.py", "page"),
            ("cli/app.py", "page + '\\n'"),
            ("cli/check.py", "report"),  # of `checks/formats/text.py`, whose tests hold it to that
            ("cli/guides.py", "file.read().rstrip('\\n')"),
            ("cli/help.py", "help_of(command, terminal.columns)"),
            # A note that is escaped already, and the escaped name of its node.
            ("cli/nodes.py", "f'{kind}{self._shown_name}: {text.removeprefix(kind)}'"),
        }


def test_the_text_of_these_tests_is_escaped():
    assert printable(NASTY).isascii()
    assert printable(NASTY).startswith(
        r"a\x1b[31m\x07\x08\r\x7f\x9b2J\u202e\u2066\u200b\u200d\ufeff"
    )
