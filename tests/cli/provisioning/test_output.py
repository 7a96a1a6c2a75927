"""``plan``, ``apply`` and ``ensure``: messages, streams, JSON; no secret anywhere."""

from __future__ import annotations

import io
import json
import re
import sys

import pytest
from cli.provisioning.kit import DIFF, WANTED
from support.hashes import CHEAP_HASH
from support.storing import statuses
from unit.provisioning.kit import NEW, NEW_HASH

from esfilerealm import UsersTool
from esfilerealm._storage import RealmFolder
from esfilerealm._storage.lock import write_lock
from esfilerealm.cli import main
from esfilerealm.hashing.policy import Policy


class TestMessages:
    def test_unknown_roles_are_a_warning(self, run, realm, document):
        result = run("plan", document("users: [{name: bob, roles_add: [vewer]}]"))
        assert result.exit_code == 0
        assert result.err.startswith("WARNING: roles [vewer] are not defined in")
        assert "WARNING" not in result.out

    def test_unknown_roles_that_stay_do_not_warn(self, run, realm, document):
        result = run("plan", document("users: [{name: bob, roles: [admin, old]}]"))
        assert "roles [old] are not defined" in result.err

    def test_a_truncated_password_is_a_warning(self, run, realm, document):
        path = document(f"users: [{{name: bob, password: {'x' * 73}}}]")
        for command in ("plan", "apply"):
            result = run(command, path)
            assert re.fullmatch(
                r"WARNING: user \[bob\]: the password has \[73\] bytes, .*\n", result.err
            )

    def test_recovery_is_a_warning(self, run, realm, document):
        path = document(WANTED)
        (realm / "users.journal").write_text("torn")
        assert "WARNING: the journal of an interrupted write" in run("apply", path).err

    @pytest.mark.parametrize(
        ("name", "text", "exit_code", "message"),
        [
            ("a.yaml", "- bob", 65, r"a\.yaml\], line \[1\]: must be a mapping, not a list"),
            ("a.yaml", "bob", 65, "must be a mapping, not a string"),
            ("a.yaml", "", 65, "empty document"),
            ("a.yaml", "users: &a [*a]", 65, r"line \[1\]: anchors and aliases are not supported"),
            ("a.yaml", "users:\n- {name: bob, password: *x}", 65, r"line \[2\]: anchors and al"),
            ("a.yaml", "users:\n- {name: bob, password: }", 65, r"\.password: has no value: put"),
            ("a.json", '{"users": NaN}', 65, r"a\.json\]: \[NaN\] is not JSON"),
            ("a.toml", f"\n{'a.' * 40}a = 1", 65, r"a\.toml\]: unknown field; known are"),
            ("a.yaml", "users:\n\t- bob", 65, r"line \[2\]: not YAML here: use blanks"),
            ("a.yaml", "users: []\nusers: []", 65, r"line \[2\], users: duplicate key"),
            ("a.yaml", "users: !vault x", 65, r"line \[1\], users: this tag is not supported"),
            ("a.yaml", "users: []\n---\n{}", 65, r"line \[2\]: .*a second document"),
            ("a.yaml", b"\xff", 65, r"line \[1\]: not UTF-8 at byte \[0\]"),
            ("a.json", '{"users": [],"users": []}', 65, r"users: duplicate key"),
            ("a.json", "{", 65, r"line \[1\]: not JSON at column"),
            ("a.toml", "users", 65, r"line \[1\]: not TOML here"),
            ("a.yaml", "users: [{name: a:b}]", 65, r"\[a:…\] must not contain \[:\], the field"),
            (
                "a.yaml",
                "users: [{name: b}, {name: b}]",
                65,
                r"users\[1\].name: user \[b\] is already at",
            ),
            (
                "a.yaml",
                "users: [{name: new}]",
                65,
                r"new user \[new\] needs a password",
            ),
            ("a.yaml", "user: []", 65, r"user: unknown field; did you mean \[users\]\?"),
            (
                "a.yaml",
                "users: [{name: bob, password: 12345678}]",
                65,
                "must be a string, not a number",
            ),
            (
                "a.yaml",
                "users: [{name: elastic, password: x23456}]",
                65,
                r"\[elastic\] is reserved",
            ),
            ("a.yaml", "users: [{name: bob, password_env: NOPE}]", 65, r"variable \[NOPE\] is not"),
            ("a.yaml", "users: []\nattributes: {mode: '9'}", 65, r"attributes.mode: \[9\] must be"),
            (
                "a.yaml",
                "users: []\nattributes: {owner: no-one}",
                65,
                "invalid owner .*no such user",
            ),
        ],
    )
    @pytest.mark.parametrize("command", ["plan", "apply"])
    def test_of_bad_documents(self, run, realm, document, command, name, text, exit_code, message):
        path, before = document(text, name), statuses(realm)
        result = run(command, path)
        assert (result.exit_code, result.out) == (exit_code, "")
        assert len(re.findall("ERROR: ", result.err)) == 1
        assert re.search(rf"ERROR: .*{message}", result.err)
        assert result.err.strip().count("\n") == 0
        assert statuses(realm) == before

    def test_all_faults_are_reported(self, run, realm, document):
        result = run("apply", document("users: [{name: 'a:b'}, {password: 1}]\npurge: x\n"))
        assert "ERROR: invalid desired state, 4 issues:\n  [" in result.err

    def test_of_a_file_that_is_not_there(self, run, realm, tmp_path):
        result = run("apply", str(tmp_path / "no.yaml"))
        assert result.exit_code == 78
        assert "no.yaml] does not exist: check the path" in result.err

    def test_of_a_directory(self, run, realm, tmp_path):
        assert run("apply", str(tmp_path)).exit_code == 74

    def test_of_a_directory_without_a_realm(self, run, tmp_path, document):
        assert run("apply", document(WANTED), config_dir=tmp_path).exit_code == 78

    def test_of_a_variable_that_is_not_there(self, run, realm):
        result = run("ensure", "bob", "--password-env", "NOT_SET")
        assert result.exit_code == 65
        assert "environment variable [NOT_SET] is not set" in result.err

    @pytest.mark.parametrize(
        ("words", "message"),
        [
            (["a:b"], r"username \[a:…\] must not contain"),
            (["bob", "-r", "a,,b"], r"option \[roles\]: \[\] must have 1 to 1024"),
            (["bob", "-r", "a", "-a", "b"], r"option \[roles\]: lists all"),
            (["bob", "--hash", "swordfish"], r"option \[hash\]: a node lets in whoever types"),
            (["bob", "-p", "short"], r"option \[password\]: must have at least 6"),
            (["bob", "--update-password", "never"], r"option \[update-password\]: \[never\]"),
            (["a:b", "-p", "short"], r"invalid options:\n  username .*\n  option \[password\]: "),
            (["jane"], r"new user \[jane\] needs a password: give one of --password-stdin, "),
            (["elastic", "-p", NEW], r"\[elastic\] is reserved"),
        ],
    )
    def test_of_ensure(self, run, realm, words, message):
        before = statuses(realm)
        result = run("ensure", *words)
        assert (result.exit_code, result.out) == (65, "")
        assert re.search(f"ERROR: .*{message}", result.err)
        assert statuses(realm) == before

    def test_of_two_passwords(self, run, realm):
        result = run("ensure", "bob", "-p", NEW, "--hash", NEW_HASH)
        assert result.exit_code == 64
        assert "only one of [--password, --hash]" in result.err

    def test_another_writer_that_never_stops(self, run, realm, document, monkeypatch):
        original = RealmFolder.locked

        def access(*args):
            with (realm / "users").open("a") as file:
                file.write("# again\n")
            return original(*args)

        monkeypatch.setattr(RealmFolder, "locked", access)
        result = run("apply", document(WANTED))
        assert result.exit_code == 75
        assert "has changed since the plan was made" in result.err

    def test_another_writer_that_wrote_once(self, run, realm, document, monkeypatch):
        original, times = RealmFolder.locked, iter(range(9))

        def access(*args):
            if next(times) == 0:
                UsersTool(realm).userdel("al")
            return original(*args)

        monkeypatch.setattr(RealmFolder, "locked", access)
        result = run("apply", document(WANTED), "--diff")
        assert result.exit_code == 0
        assert result.out.splitlines()[:-1] == DIFF[:-1]

    def test_an_interrupt(self, run, realm, document, monkeypatch):
        def interrupt(*_):
            raise KeyboardInterrupt

        path, before = document(WANTED), statuses(realm)
        monkeypatch.setattr(Policy, "hash", interrupt)
        result = run("apply", path)
        assert (result.exit_code, result.out) == (130, "")
        assert statuses(realm) == before


class TestJson:
    KEYS = (
        *(
            "command",
            "version",
            "changed",
            "changes",
            "notes",
            "warnings",
            "unknown_roles",
            "objections",
        ),
        "result",
        "check",
    )

    @pytest.mark.parametrize(
        ("words", "check"),
        [
            (["plan"], True),
            (["apply", "--check"], True),
            (["apply"], False),
            (["apply", "--diff"], False),
        ],
    )
    def test_keys(self, run, realm, document, words, check):
        result = run(*words, document(WANTED), "--json")
        printed = json.loads(result.out)
        assert result.out.count("\n") == 1
        assert tuple(printed) == self.KEYS
        assert (printed["command"], printed["check"], printed["changed"]) == (words[0], check, True)
        assert printed["changes"] == [
            {"kind": "add_user", "username": "jane", "roles": ["viewer"]},
            {"kind": "remove_roles", "username": "bob", "roles": ["admin"]},
            {"kind": "remove_user", "username": "al", "reason": "absent"},
        ]
        assert (printed["result"] is None) is check
        assert result.err == ""

    def test_of_nothing(self, run, realm):
        printed = json.loads(run("ensure", "bob", "--json", "--detailed-exitcode").out)
        assert tuple(printed) == self.KEYS
        assert (printed["changed"], printed["changes"], printed["result"]["changed"]) == (
            False,
            [],
            False,
        )

    def test_warnings_are_in_it_too(self, run, realm):
        result = run("ensure", "bob", "-p", "x" * 80, "-a", "vewer", "--json")
        printed = json.loads(result.out)
        assert printed["unknown_roles"] == ["vewer"]
        assert len(printed["warnings"]) == 2
        assert "WARNING" in result.err

    def test_of_an_error(self, run, realm, document):
        printed = json.loads(run("apply", document("users: x"), "--json").out)
        assert printed["error"]["type"] == "InvalidDesiredStateError"
        assert printed["error"]["exit_code"] == 65
        assert printed["command"] == "apply"


class Terminal(io.StringIO):
    def isatty(self):
        return True


class TestProgress:
    @pytest.mark.parametrize(
        ("options", "is_shown"), [([], True), (["-s"], False), (["--json"], True)], ids=str
    )
    def test_only_on_a_terminal(self, realm, document, monkeypatch, options, is_shown):
        shown = []

        def bar(done, title, *_, **__):
            shown.append(title)
            return done

        monkeypatch.setattr("tqdm.tqdm", bar)
        path = document(WANTED)
        monkeypatch.setattr(sys, "stderr", io.StringIO())
        assert main(["-c", str(realm), "plan", path, *options]) == 0
        assert shown == []
        monkeypatch.setattr(sys, "stderr", Terminal())
        assert main(["-c", str(realm), "apply", path, *options]) == 0
        assert shown == (["comparing", "hashing"] if is_shown else [])


CANARY = "Kanarienvogel-7"


class TestNoSecret:
    """No secret is printed on any stream."""

    @pytest.mark.parametrize("options", [[], ["--json"], ["-v"], ["--diff"], ["--check", "--diff"]])
    def test_of_documents(self, run, realm, document, options):
        text = f"""
        users:
        - {{name: jane, password: {CANARY}}}
        - {{name: bob, password: {CANARY}{"x" * 70}}}
        - {{name: al, password_hash: {NEW_HASH}}}
        """
        result = run("apply", document(text), *options)
        assert result.exit_code == 0
        self.assert_silent(result)

    @pytest.mark.parametrize("options", [[], ["--json"], ["-v"]])
    @pytest.mark.parametrize(
        "text",
        [
            f"users:\n- name: bob\n  password: !{CANARY} x\n",
            f"users:\n- name: bob\n  password: *{CANARY}\n",
            f"users:\n- name: bob\n  password: &{CANARY} ret1\n",
            f"users:\n- name: bob\n  password: '{CANARY}\n",
            f"users:\n- name: bob\n  password: [{CANARY}]\n",
            f"users:\n- name: bob\n  password_hash: {CANARY}\n",
            f"users:\n- name: elastic\n  password: {CANARY}\n",
            # Where a blank, a colon or quotes are missing, a part of it is a key or a name.
            f"users:\n- name: bob\n  password:{CANARY}\n",
            f"users:\n- password:{CANARY}\n",
            f"users:\n- name: bob\n  password:{CANARY}: x\n",
            f"users:\n- name: bob\n  password {CANARY}:\n",
            f"users:\n- {{name: bob, password:{CANARY}}}\n",
            f"users:\n- {{name: bob, password: correct,{CANARY}}}\n",
            f"users:\n- {{name: bob, {CANARY}}}\n",
            f"users:\n- {{name: bob, {CANARY}: x, {CANARY}: x}}\n",
            f"users:\n- name: bob\n  {CANARY}: {{}}\n",
            f"password: {CANARY}\n{CANARY}: x\n",
            f"password:{CANARY}\n",
            f"users:\n- name: bob:{CANARY}\n",
            f"users:\n- name: bob\n  roles_add: ['x:{CANARY}']\n",
            f"users:\n- name: bob\n  roles_remove: ['é:{CANARY}']\n",
            f"users:\n- name: bob\n  state: x:{CANARY}\n",
            f"users:\n- name: bob\n  state: {NEW_HASH}\n",
            f"users:\n- name: bob\n  update_password: {NEW_HASH}\n",
            f"users:\n- name: bob\n  update_password: [{CANARY}]\n",
            f"users:\n- name: {NEW_HASH}:x\n",
            f'users:\n- name: "jane:{NEW_HASH}"\n',
            f'users:\n- name: bob\n  roles: ["{NEW_HASH}:x"]\n',
            f'users:\n- name: bob\n  roles_add: ["{NEW_HASH}:x"]\n',
            f'users:\n- name: bob\n  roles_remove: ["é{NEW_HASH}:x"]\n',
            f'{{"users": [{{"name": "bob", "password:{CANARY}": null}}]}}',
            f'{{"users": [{{"name": "bob", "x {CANARY}": 1, "x {CANARY}": 2}}]}}',
            f"users: []\npurge: '{NEW_HASH}'\n",
            f"users: []\nhash_policy: {{algorithm: '{NEW_HASH}'}}\n",
            f"users: []\nattributes: {{mode: 'x:{CANARY}'}}\n",
        ],
    )
    def test_of_faulty_documents(self, run, realm, document, options, text):
        for command in ("plan", "apply"):
            result = run(command, document(text), *options)
            assert result.exit_code == 65
            self.assert_silent(result)

    @pytest.mark.parametrize("options", [[], ["--json"], ["--diff"]])
    @pytest.mark.parametrize("user", ["jane", "bob", "a:b", "elastic"])
    def test_of_ensure(self, run, realm, options, user):
        for secret in (["-p", CANARY], ["--hash", NEW_HASH], ["--hash", CANARY]):
            self.assert_silent(run("ensure", user, *secret, *options))
        self.assert_silent(run("ensure", user, "--password-stdin", *options, stdin=CANARY))

    def assert_silent(self, result):
        for secret in ("anarien", NEW_HASH[7:], CHEAP_HASH[7:]):
            assert secret not in result.out + result.err


def test_waits_for_the_lock(run, realm, document, monkeypatch):
    path, before = document(WANTED), statuses(realm)
    monkeypatch.setattr("esfilerealm.admin.users_tool.WriteOptions", shortly)
    with write_lock(lambda: str(realm / "users.lock"), 1.0):
        assert run("apply", path).exit_code == 75
    assert {n: i for n, i in statuses(realm).items() if n != "users.lock"} == before


def shortly(**options):
    from esfilerealm._storage.options import WriteOptions

    return WriteOptions(**{**options, "lock_timeout": 0.05})
