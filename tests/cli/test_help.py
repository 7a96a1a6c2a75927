"""Help pages, their examples, and the answer to a command line that is wrong."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from importlib import import_module
from typing import get_args

import pytest
from support.backups import make_key
from support.hashes import CHEAP_HASH
from support.keystore_bytes import build
from support.making import AUTHORITY, as_pem, as_pkcs12, make_certificate
from support.pages import GUIDES, ROOT

from esfilerealm import UsersTool
from esfilerealm._storage.target import Strategy
from esfilerealm.backup import create_backup
from esfilerealm.cli import exits, help
from esfilerealm.cli.commands import (
    COMMAND_GROUPS,
    COMMANDS,
    PROGRAM,
    TOPICS,
    every_command,
    find_command,
)
from esfilerealm.cli.guides import wrapped
from esfilerealm.cli.shared_options import STRATEGIES
from esfilerealm.documents.document import FORMATS
from esfilerealm.drift import Fingerprint
from esfilerealm.exchange import EXPORT_FORMATS, IMPORT_FORMATS
from esfilerealm.provisioning.desired import PURGES

PASSWORD = "correct-horse"
PACKAGE = ROOT / "esfilerealm"
ALL = every_command()
EXAMPLES = [(command.name, line) for command in (PROGRAM, *ALL) for line in command.examples]

NO_STRATEGY = (
    "option [strategy] is one of [rename, in_place, auto], not [inplace] (did you mean [in_place]?)"
)

each_command = pytest.mark.parametrize("command", ALL, ids=lambda command: command.name)


def option(command, key):
    (command,) = (c for c in COMMANDS if c.name == command)
    return next(option for option in command.options if option.key == key)


class TestProgram:
    @pytest.mark.parametrize("words", [["--help"], ["-h"], ["help"]])
    def test_commands_in_groups(self, run, words):
        result = run(*words, config_dir=None)
        assert (result.exit_code, result.err) == (0, "")
        assert result.out.startswith("Usage: esfilerealm [OPTIONS] COMMAND\n")
        titles = re.findall(r"^(\w+):$", result.out, re.MULTILINE)
        assert titles[:6] == ["Users", "Realm", "Provisioning", "Exchange", "Node", "Other"]
        for command in COMMANDS:
            assert f"\n  {command.name} - {command.summary}\n" in result.out
        assert len(PROGRAM.examples) == 3

    def test_without_a_command(self, run):
        result = run(config_dir=None)
        assert (result.exit_code, result.out) == (64, "")
        assert result.err.startswith("Usage: esfilerealm [OPTIONS] COMMAND\n")
        assert result.err.endswith(
            "\n\nERROR: the command is missing, with exit code 64\n"
            "Try 'esfilerealm --help' for more information.\n"
        )

    def test_every_command_is_in_one_group(self):
        names = [command.name for _, commands in COMMAND_GROUPS for command in commands]
        assert len(set(names)) == len(names) == len(COMMANDS)


@each_command
class TestCommand:
    def test_the_three_ways_to_the_same_page(self, run, command):
        name = command.name.split()
        pages = {run(*words).out for words in ([*name, "-h"], ["help", *name])}
        assert pages == {run(*name, "--help").out}

    def test_usage_and_options(self, run, command):
        page = run(*command.name.split(), "--help").out
        arguments = f" {command.arguments}" if command.arguments else ""
        usage = f"Usage: esfilerealm {command.name} [OPTIONS]{arguments}\n\n{command.summary}.\n"
        assert page.startswith(usage)
        for group in command.groups:
            assert f"\n{group.title}:\n" in page
            for option in group.options:
                assert re.search(rf"^ +{', '.join(option.flags)}\b", page, re.MULTILINE)

    def test_choices_are_named(self, command):
        for option in command.options:
            if option.key != "es-version":
                words = set(re.findall(r"[\w-]+", option.help))
                assert set(option.choices) <= words, option

    def test_examples_and_exit_codes(self, run, command):
        assert 1 <= len(command.examples) <= 2
        page = run(*command.name.split(), "--help").out
        codes = {value for value in vars(exits).values() if isinstance(value, int)}
        for code, meaning in command.exits:
            assert code in codes
            assert re.search(rf"^  {code} +{re.escape(meaning)}$", page, re.MULTILINE)

    def test_the_function_that_runs_it(self, command):
        if command.subcommands:
            assert command.run == ""
            return
        module, _, function = command.run.partition(":")
        home = import_module(f"esfilerealm.cli.{module}")
        assert function in home.__all__
        assert callable(getattr(home, function))

    @pytest.mark.parametrize("columns", [40, 64, 80, 100])
    def test_width(self, run, monkeypatch, command, columns):
        monkeypatch.setenv("COLUMNS", str(columns))
        page, _, _ = run(*command.name.split(), "--help").out.partition("\nExamples:\n")
        assert max(map(len, page.splitlines()[1:])) <= columns


def test_width_of_the_program(run, monkeypatch):
    widths = []
    for columns in ("1", "40", "80", "", "x", "100", "1000"):
        monkeypatch.setenv("COLUMNS", columns)
        page, _, _ = run("--help").out.partition("\nExamples:\n")
        widths.append(max(map(len, page.splitlines())))
    one, forty, eighty, unset, word, hundred, thousand = widths
    assert one == forty <= 40
    assert eighty == unset == word <= 80
    assert 80 < hundred == thousand <= 100


def test_choices_are_those_of_the_library():
    assert set(STRATEGIES) == set(get_args(Strategy))
    assert set(option("export", "format").choices) == set(EXPORT_FORMATS)
    assert set(option("import", "format").choices) == {*IMPORT_FORMATS}
    assert set(option("plan", "format").choices) == set(FORMATS)
    assert set(option("apply", "purge").choices) == set(PURGES)


def test_native_options():
    """Those of Elastic's tools, and no others, may be abbreviated."""
    five = ("useradd", "userdel", "passwd", "roles", "list")
    native = {str(o) for c in COMMANDS if c.name in five for o in c.options if o.native}
    common = {"E", "h/help", "s/silent", "v/verbose"}
    assert native == {*common, "p/password", "r/roles", "a/add", "r/remove"}
    (keystore,) = (command for command in COMMANDS if command.name == "keystore")
    for command in (keystore, *keystore.subcommands):
        own = {
            "keystore create": {"p/password"},
            "keystore add": {"x/stdin", "f/force"},
            "keystore add-file": {"f/force"},
        }.get(command.name, set())
        assert {str(o) for o in command.options if o.native} == common | own


@pytest.fixture
def home(tmp_path):
    """A directory with everything that the examples name."""
    tool = UsersTool(tmp_path / "realm", keep=1)
    tool.init()
    (tmp_path / "realm" / "elasticsearch.yml").write_text(
        "xpack.security.authc.password_hashing.algorithm: bcrypt4\n"
    )
    tool.useradd("bob", password_hash=CHEAP_HASH, roles=["superuser"])
    tool = UsersTool(tmp_path / "realm")
    tool.useradd("jane", PASSWORD, roles=["viewer"])
    (tmp_path / "secret.txt").write_text(f"{PASSWORD}\n")
    (tmp_path / "htpasswd.txt").write_text(f"ann:{CHEAP_HASH}\n")
    (tmp_path / "users.yaml").write_text(
        f"users: [{{name: jane, password: {PASSWORD}, roles: [superuser]}}]\n"
    )
    (tmp_path / "users.yml").write_text(
        "_meta: {type: internalusers, config_version: 2}\n"
        f'ann: {{hash: "{CHEAP_HASH}", backend_roles: [admin]}}\n'
    )
    (tmp_path / "roles_mapping.yml").write_text(
        "_meta: {type: rolesmapping, config_version: 2}\nall_access: {backend_roles: [admin]}\n"
    )
    (tmp_path / "realm" / "elasticsearch.keystore").write_bytes(
        build({"bootstrap.password": b"1", "keystore.seed": b"2"}, version=3)
    )
    (tmp_path / "realm" / "log4j2.properties").touch()
    (tmp_path / "jane.pem").write_bytes(as_pem(make_certificate("jane")))
    (tmp_path / "jane.p12").write_bytes(as_pkcs12(make_certificate("jane"), PASSWORD))
    (tmp_path / "ca.pem").write_bytes(as_pem(make_certificate("issuer", "issuer", AUTHORITY)))
    (tmp_path / "key.json").write_text("{}")
    (tmp_path / "drift.key").write_text("0123456789abcdef0123456789abcdef\n")
    manifest = tool.export("k8s-secret").data
    (tmp_path / "secret.yaml").write_bytes(manifest)
    for node in "abc":
        made = Fingerprint.of(tool.listing(), node=node)
        (tmp_path / f"node-{node}.json").write_text(made.to_json())
        UsersTool(tmp_path / f"node-{node}").init()
        for name in ("users", "users_roles"):
            shutil.copy(tmp_path / "realm" / name, tmp_path / f"node-{node}")
    audited = UsersTool(tmp_path / "node-a", audit=tmp_path / "audit.log", mode=0o600)
    audited.roles("jane", add=["admin"])
    audited.roles("jane", remove=["admin"])
    (tmp_path / "audit.key").write_text("0123456789abcdef0123456789abcdef\n")
    sealed = {"audit": tmp_path / "sealed.log", "audit_key": tmp_path / "audit.key"}
    UsersTool(tmp_path / "node-b", **sealed).roles("jane", add=["admin"])
    (tmp_path / "sealed.log").rename(tmp_path / "sealed.log.1")
    UsersTool(tmp_path / "node-b", **sealed).roles("jane", remove=["admin"])
    (tmp_path / "backup.tar").write_bytes(tool.export("tar").data)
    (tmp_path / "mappings.json").write_text("{}")
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "esfilerealm").write_text(f'#!/bin/sh\nexec {sys.executable} -m esfilerealm "$@"\n')
    (programs / "esfilerealm").chmod(0o755)
    return tmp_path


def add_backups(home):
    """Add what the examples about backups name."""
    key = make_key(home / "sign_key")
    recipient = make_key(home / "ops_key").with_suffix(".pub").read_text()
    (home / "allowed_signers").write_text(f"node-a {key.with_suffix('.pub').read_text()}")
    (home / "backups").mkdir()
    for name, how in (
        ("a.tar.zst", {"plain": True}),
        ("a.tar.zst.age", {"recipients": [recipient]}),
    ):
        create_backup(home / "realm", home / name, sign=key, **how)


@pytest.mark.skipif(os.name == "nt", reason="the examples are for a POSIX shell")
@pytest.mark.parametrize(("command", "line"), EXAMPLES)
def test_examples(home, command, line):
    """Each line does what it shows, without an error."""
    if "useradd jane" in line:
        UsersTool(home / "realm").userdel("jane")
    if "whoami --certificate" in line:
        with (home / "realm" / "elasticsearch.yml").open("a") as file:
            file.write("xpack.security.authc.realms.pki.pki1.order: 1\n")
    if command.startswith("backup"):
        add_backups(home)
    if "keystore create" in line:
        (home / "realm" / "elasticsearch.keystore").unlink()
    surroundings = {
        **os.environ,
        "PATH": f"{home / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "ES_PATH_CONF": str(home / "realm"),
    }
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with subprocess.Popen(
            ["bash", "-c", f"exec {line}" if command == "watch" else line],
            cwd=home,
            env=surroundings,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            if command == "watch":
                assert "watching" in process.stdout.readline() or "--json" in line
                process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=30)
    finally:
        signal.signal(signal.SIGINT, before)
    expected = 2 if "--detailed-exitcode" in line else 130 if command == "watch" else 0
    if command in ("snapshot create", "snapshot restore", "snapshot verify"):
        expected = exits.IO  # there is no cluster here
    assert process.returncode == expected, err
    assert ("ERROR" in err) is (expected == exits.IO)


class TestUsageErrors:
    @pytest.mark.parametrize(
        ("line", "error", "helper"),
        [
            ("usradd", "unknown command [usradd] (did you mean [useradd]?)", ""),
            ("usermod", "unknown command [usermod] (did you mean [roles]?)", ""),
            ("qqq", "unknown command [qqq]", ""),
            ("help usradd", "unknown command [usradd] (did you mean [useradd]?)", ""),
            ("--jsn list", "unknown option [--jsn]", ""),
            ("list --jsn", "unknown option [--jsn] (did you mean [--json]?)", "list"),
            ("list -x", "unknown option [-x]", "list"),
            ("list a b", "expected one username, got 2 arguments", "list"),
            ("useradd", "the username is missing", "useradd"),
            ("useradd a --roles", "option [r/roles] needs a value", "useradd"),
            ("init x", "[init] takes no argument, got 1", "init"),
            ("list -s -v", "options [s/silent] and [v/verbose] exclude each other", "list"),
            (
                "userdel a --strategy inplace",
                NO_STRATEGY,
                "userdel",
            ),
        ],
    )
    def test_the_error_and_where_to_find_help(self, run, line, error, helper):
        result = run(*shlex.split(line))
        program = f"esfilerealm {helper}".strip()
        assert (result.exit_code, result.out) == (64, "")
        assert result.err == (
            f"ERROR: {error}, with exit code 64\nTry '{program} --help' for more information.\n"
        )

    def test_at_most_four_lines(self):
        done = subprocess.run(
            [sys.executable, "-m", "esfilerealm", "usradd"],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "COLUMNS": "80"},
        )
        lines = done.stderr.splitlines()
        assert (done.returncode, done.stdout) == (64, "")
        assert len(lines) <= 4
        assert max(map(len, lines)) <= 80
        assert "did you mean [useradd]?" in done.stderr

    def test_silence_leaves_the_error(self, run):
        assert run("list", "a", "b", "-s").err.count("\n") == 1
        assert run("list", "-s", "--config", "").err.count("\n") == 1


class TestGuide:
    @pytest.mark.parametrize("topic", TOPICS)
    def test_wrapping_changes_only_ends_of_lines(self, topic):
        """Code, tables and headings stay as they are, and a wrapped guide is not wrapped again."""
        page = (PACKAGE / TOPICS[topic][0]).read_text(encoding="utf-8")
        narrow = wrapped(page, 60)
        assert narrow.split() == page.split()
        assert wrapped(narrow, 60) == narrow

        def fixed(text):
            code, rest = (re.split(r"(?ms)^( *```.*?^ *```)$", text)[start::2] for start in (1, 0))
            return code, re.findall(r"(?m)^[|#].*", "".join(rest))

        def prose(text):
            return re.sub(r"(?ms)^ *```.*?^ *```$|^[|#].*?$", "", text).splitlines()

        assert fixed(narrow) == fixed(page)
        assert [line for line in prose(narrow) if len(line) > 60 and " " in line.strip()] == []

    def test_wrapping_keeps_the_items_of_lists(self):
        page = "- one two\n  three\n- four\n\n10. five six seven\n    eight"
        assert wrapped(page, 12) == (
            "- one two\n  three\n- four\n\n10. five six\n    seven\n    eight"
        )

    def test_every_guide_has_a_topic(self):
        assert {PACKAGE / file for file, _ in TOPICS.values()} == set(GUIDES)

    def test_topics(self, run):
        result = run("guide", config_dir=None)
        assert [line.split()[0] for line in result.out.splitlines()] == list(TOPICS)

    @pytest.mark.parametrize("topic", TOPICS)
    def test_print(self, run, topic):
        result = run("guide", topic, config_dir=None)
        text = (PACKAGE / TOPICS[topic][0]).read_text(encoding="utf-8")
        assert (result.exit_code, result.err) == (0, "")
        assert result.out == text.rstrip("\n") + "\n"

    def test_unknown(self, run):
        result = run("guide", "setings")
        assert result.exit_code == 64
        assert "unknown guide [setings] (did you mean [settings]?): use one of [" in result.err


def test_a_long_name_has_its_own_line(monkeypatch):
    monkeypatch.setattr(help, "_LEFT", 8)
    page = help.help_of(next(c for c in COMMANDS if c.name == "list"), 80)
    assert "\n  -c, --config DIR\n            Configuration directory" in page


WRITING = [
    command for command in COMMANDS if any(o.key == "allow-local-lock" for o in command.options)
]


@pytest.mark.parametrize("command", WRITING, ids=lambda command: command.name)
def test_every_command_that_writes_lists_how_that_may_end(command):
    listed = {code for code, _ in command.exits}
    assert {exits.LOCKED, exits.NO_PERMISSION, exits.CONFIGURATION} <= listed


@pytest.mark.parametrize(
    ("words", "exit_code"),
    [
        (["init", "--owner", "no-such-user"], exits.DATA),
        (["init", "--config", ""], exits.USAGE),
        (["init"], exits.CONFIGURATION),
    ],
    ids=["owner", "empty", "unnamed"],
)
def test_the_help_of_init_lists_how_it_ends(run, tmp_path, words, exit_code):
    directory = tmp_path / "new" if "--owner" in words else None
    assert run(*words, config_dir=directory).exit_code == exit_code
    assert exit_code in {exits.USAGE, *(code for code, _ in find_command("init").exits)}
