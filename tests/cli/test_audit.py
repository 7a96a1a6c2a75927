"""``--audit`` of every command that writes, and the commands that show and verify a log."""

from __future__ import annotations

import json
import os
from contextlib import suppress

import pytest
from crash.kit import Dead, DieAfterRenames, intercepted
from support.hashes import CHEAP_HASH, SHA_HASH

from esfilerealm import UsersTool
from esfilerealm.audit import read, verify
from esfilerealm.backup import create_backup
from esfilerealm.cli.commands import every_command
from esfilerealm.keystore import Keystore

pytestmark = pytest.mark.usefixtures("bob")

KEY = "0123456789abcdef0123456789abcdef"
DOCUMENT = f"users: [{{name: ann, password_hash: '{CHEAP_HASH}', roles: [viewer]}}]\n"


@pytest.fixture
def log(tmp_path):
    return tmp_path / "audit.log"


def killed_writer(config):
    """Leave a write that was interrupted."""
    with suppress(Dead), intercepted(DieAfterRenames(2)):
        UsersTool(config).useradd("new", password_hash=CHEAP_HASH, roles=["viewer"])


def kept_version(config):
    UsersTool(config, keep=1).roles("bob", add=["x"])


def locked_user(config):
    UsersTool(config).lock("bob")


def expired_user(config):
    """A user whose time is over by now."""
    from datetime import UTC, datetime

    from esfilerealm._ground import moments

    before, moments.now = (
        moments.now,
        lambda: moments.Moment(datetime(2001, 1, 1, tzinfo=UTC), None, None),
    )
    try:
        tool = UsersTool(config)
        tool.useradd("old", password_hash=CHEAP_HASH, expires=datetime(2001, 1, 2, tzinfo=UTC))
    finally:
        moments.now = before


def orphan(config):
    (config / "users_roles").write_text("viewer:bob,ghost\n")


def keystore(config):
    store = Keystore.create(format_version=3)
    store.set("a.b", "x")
    store.save(config / "elasticsearch.keystore")


def backed_up(config):
    """Make a backup, and change something after it."""
    create_backup(config, config.parent / "backup.tar", plain=True, compression="gzip")
    UsersTool(config).roles("bob", add=["later"])


def no_files(config):
    (config / "users").unlink()
    (config / "users_roles").unlink()


def nothing(_config):
    pass


#: How each command that writes is to change something, and how many lines that leaves.
CASES = {
    "useradd": (nothing, ["ann", "--hash", CHEAP_HASH, "-r", "viewer"], 1),
    "userdel": (nothing, ["bob"], 1),
    "passwd": (nothing, ["bob", "--hash", SHA_HASH], 1),
    "roles": (nothing, ["bob", "-a", "admin"], 1),
    "rescue": (nothing, ["--keep", "--force"], 1),
    "sweep": (expired_user, [], 1),
    "lock": (nothing, ["bob"], 1),
    "unlock": (locked_user, ["bob"], 1),
    "expire": (nothing, ["bob", "2d"], 1),
    "init": (no_files, [], 1),
    "check": (orphan, ["--fix", "--fail-on", "never"], 1),
    "recover": (killed_writer, [], 1),
    "undo": (kept_version, [], 1),
    "backup restore": (backed_up, ["{backup}", "--only", "realm", "--allow-unsigned"], 1),
    "plan": (nothing, ["{document}"], 0),
    "apply": (nothing, ["{document}"], 1),
    "ensure": (nothing, ["bob", "--add", "admin"], 1),
    "copy": (nothing, ["{document}", "--yes"], 1),
    "import": (nothing, ["--format", "htpasswd", "{htpasswd}", "--roles", "viewer"], 1),
    "keystore create": (nothing, [], 1),
    "keystore add": (keystore, ["c.d", "--value-file", "{htpasswd}"], 1),
    "keystore add-file": (keystore, ["c.d", "{htpasswd}"], 1),
    "keystore remove": (keystore, ["a.b"], 1),
    "keystore upgrade": (keystore, [], 1),
    "keystore passwd": (keystore, ["--new-password-file", "{htpasswd}"], 1),
}


def test_every_command_that_writes_has_the_option():
    named = {c.name for c in every_command() if any(o.key == "audit" for o in c.options)}
    assert named == set(CASES)
    assert {c.name for c in every_command() if c.writes} <= named


@pytest.fixture
def on(run, config, tmp_path, log):
    """Run a command on the realm that its case prepares."""
    (tmp_path / "document.yml").write_text(DOCUMENT)
    (tmp_path / "htpasswd").write_text(f"ann:{CHEAP_HASH}\n")

    def run_case(name, *more):
        prepare, words, _ = CASES[name]
        prepare(config)
        places = {"{document}": tmp_path / "document.yml", "{htpasswd}": tmp_path / "htpasswd"}
        places["{backup}"] = tmp_path / "backup.tar"
        return run(*name.split(), *(str(places.get(word, word)) for word in words), *more, stdin="")

    return run_case


@pytest.mark.parametrize("by", ["option", "environment"])
@pytest.mark.parametrize("name", CASES)
def test_a_change_is_one_line(on, log, config, monkeypatch, name, by):
    if by == "environment":
        monkeypatch.setenv("ESFILEREALM_AUDIT", str(log))
        prepare, words, lines = CASES[name]
        monkeypatch.setitem(CASES, name, (without_log(prepare), words, lines))
    result = on(name, *(["--audit", str(log)] if by == "option" else []))
    assert result.exit_code == 0, result.err
    entries = list(read(log)) if log.exists() else []
    assert [entry.command for entry in entries] == [name] * CASES[name][2]
    if entries:
        assert verify(log, folders=[config])
        assert entries[0].changes or entries[0].recovered or name == "init" or "upgrade" in name


def without_log(prepare):
    """The log of the environment is that of the command under test."""

    def prepared(config):
        path = os.environ.pop("ESFILEREALM_AUDIT")
        prepare(config)
        os.environ["ESFILEREALM_AUDIT"] = path

    return prepared


@pytest.mark.parametrize("name", sorted(set(CASES) - {"recover"}))
def test_a_dry_run_is_none(on, log, name):
    assert on(name, "--audit", str(log), "--dry-run").exit_code in (0, 78)
    assert not log.exists()


def test_a_log_that_cannot_be_written_refuses_the_change(run, config, tmp_path):
    before = (config / "users").read_bytes()
    result = run("userdel", "bob", "--audit", str(tmp_path))
    assert result.exit_code == 74
    assert "nothing was changed" in result.err
    assert (config / "users").read_bytes() == before


def test_options_are_told_without_secrets(run, log):
    words = ["ann", "-p", "correct-horse", "--roles", "viewer", "--keep", "1", "--json"]
    assert run("useradd", *words, "--audit", str(log)).exit_code == 0
    (entry,) = read(log)
    assert entry.options == ("keep=1", "password", "roles=viewer")
    assert "correct" not in log.read_text()


class TestShow:
    @pytest.fixture
    def filled(self, run, log):
        audit = ["--audit", str(log)]
        run("useradd", "ann", "--hash", CHEAP_HASH, "-r", "viewer", *audit)
        run("roles", "bob", "-a", "admin", *audit)
        run("keystore", "create", *audit)
        return log

    def test_all(self, run, filled, config):
        result = run("audit", "show", str(filled))
        lines = result.out.splitlines()
        assert (result.exit_code, result.err) == (0, "")
        assert [line.split()[0] for line in lines if line[0] != " "] == ["1", "2", "3"]
        assert f"useradd --hash --roles=viewer  [{config}]" in lines[0]
        assert [line for line in lines if line[0] == " "] == [
            "    added: ann [viewer]",
            "    role changes: bob [viewer] -> [viewer, admin]",
            "    settings added: [keystore.seed]",
        ]

    def test_a_time(self, run, log):
        for time in ("2099-01-01", "never"):
            run("expire", "bob", time, "--audit", str(log))
        assert run("audit", "show", str(log)).out.splitlines()[1::2] == [
            "    expiries: bob never -> 2099-01-01T00:00:00Z",
            "    expiries: bob 2099-01-01T00:00:00Z -> never",
        ]

    @pytest.mark.parametrize(
        ("words", "count"),
        [
            (["--user", "bob"], 1),
            (["--user", "nobody"], 0),
            (["--since", "1h"], 3),
            (["--since", "2999-01-01"], 0),
            (["--since", "2001-01-01T08:00Z"], 3),
        ],
        ids=str,
    )
    def test_some(self, run, filled, words, count):
        told = json.loads(run("audit", "show", str(filled), *words, "--json").out)
        assert len(told["entries"]) == count

    def test_of_the_environment(self, run, filled, monkeypatch):
        monkeypatch.setenv("ESFILEREALM_AUDIT", str(filled))
        assert run("audit", "show").out == run("audit", "show", str(filled)).out

    def test_who_used_sudo(self, run, log, monkeypatch):
        monkeypatch.setenv("SUDO_USER", "jane")
        run("userdel", "bob", "--audit", str(log))
        assert "(sudo by jane)" in run("audit", "show", str(log)).out

    def test_a_recovery(self, on, run, log):
        on("recover", "--audit", str(log))
        assert "(an interrupted write: rolled_back)" in run("audit", "show", str(log)).out

    def test_no_log_is_named(self, run):
        result = run("audit", "show")
        assert result.exit_code == 64
        assert "name an audit log" in result.err

    def test_a_time_that_is_none(self, run, filled):
        assert run("audit", "show", str(filled), "--since", "soon").exit_code == 65

    def test_what_a_terminal_obeys_is_escaped(self, run, filled):
        from esfilerealm.audit.lines import sealed

        odd = {"seq": 1, "command": "\x1b[2J", "host": "a\nb", "key": None, "previous": None}
        filled.write_bytes(sealed(odd, None))
        assert "\x1b" not in run("audit", "show", str(filled)).out


class TestVerify:
    @pytest.fixture
    def filled(self, config, log):
        UsersTool(config, audit=log).roles("bob", add=["admin"])
        return log

    def test_nothing_is_wrong(self, run, filled):
        head = verify(filled).head
        result = run("audit", "verify", str(filled))
        assert (result.exit_code, result.err) == (0, "")
        assert result.out == f"1 line: nothing is wrong\nhead {head}\n"

    def test_something_is_wrong(self, run, filled):
        filled.write_bytes(filled.read_bytes().replace(b"admin", b"nobod"))
        result = run("audit", "verify", str(filled))
        assert result.exit_code == 1
        assert f"[{filled}], line 1: line [1] was changed" in result.out
        assert "1 line: 1 problem\n" in result.out

    def test_the_files(self, run, filled, config, tmp_path):
        (config / "users").write_text("")
        words = ["audit", "verify", str(filled)]
        assert run(*words).exit_code == 0
        assert run(*words, "--also", str(config)).exit_code == 1
        assert run(*words, "-c", str(config)).exit_code == 1

    def test_a_head(self, run, filled):
        words = ["audit", "verify", str(filled), "--head"]
        assert run(*words, verify(filled).head).exit_code == 0
        assert run(*words, "0" * 64).exit_code == 1

    def test_a_key(self, run, config, tmp_path, log, monkeypatch):
        (tmp_path / "key").write_text(KEY)
        monkeypatch.setenv("ESFILEREALM_AUDIT_KEY", str(tmp_path / "key"))
        run("userdel", "bob", "--audit", str(log))
        assert run("audit", "verify", str(log)).exit_code == 0
        monkeypatch.delenv("ESFILEREALM_AUDIT_KEY")
        assert run("audit", "verify", str(log)).exit_code == 1
        words = ["--key-file", str(tmp_path / "key")]
        assert run("audit", "verify", str(log), *words).exit_code == 0

    def test_a_note(self, run, filled, config, monkeypatch):
        from datetime import UTC, datetime

        from esfilerealm.audit import log as writing

        monkeypatch.setattr(writing, "_now", lambda: datetime(2001, 1, 1, tzinfo=UTC))
        UsersTool(config, audit=filled).roles("bob", add=["later"])
        result = run("audit", "verify", str(filled))
        assert result.exit_code == 0
        assert result.err.startswith("NOTE: ")
