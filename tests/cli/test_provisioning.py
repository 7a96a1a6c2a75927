"""``plan``, ``apply`` and ``ensure``: options, exit codes, streams, JSON; no secret anywhere."""

from __future__ import annotations

import io
import json
import os
import re
import sys

import pytest
from support.hashes import CHEAP_HASH
from support.storing import OTHER_HASH, STRANGER, root
from unit.provisioning.kit import NEW, NEW_HASH, OLD, USERS, USERS_ROLES, identities

from esfilerealm import UsersTool
from esfilerealm._storage.lock import write_lock
from esfilerealm.admin import transaction
from esfilerealm.cli import main
from esfilerealm.documents import document as documents
from esfilerealm.hashing.policy import Policy

WANTED = f"""\
users:
- name: jane
  password: {NEW}
  roles: [viewer]
- name: bob
  password: {OLD}
  roles_remove: [admin]
- name: al
  state: absent
"""
DIFF = ["+ jane: viewer", "~ bob: roles -admin", "- al"]
COUNTS = "users added 1, users removed 1, users with fewer roles 1"


@pytest.fixture
def realm(config):
    (config / "users").write_text(USERS)
    (config / "users_roles").write_text(USERS_ROLES)
    for name in ("users", "users_roles"):
        (config / name).chmod(0o640)
    return config


@pytest.fixture
def document(tmp_path):
    """Write a document; give its path."""

    def write(text, name="state.yaml"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    return write


class Bytes:
    """A standard input of bytes."""

    def __init__(self, data):
        self.buffer = io.BytesIO(data)

    def isatty(self):
        return False


class Endless:
    """A standard input that gives as much as it is asked for."""

    @property
    def buffer(self):
        return self

    def read(self, size=-1):
        assert size >= 0, "it would never end"
        return bytes(size)

    def isatty(self):
        return False


class TestTriplets:
    def test_plan_apply_apply(self, run, realm, document):
        path, before = document(WANTED), identities(realm)
        planned = run("plan", path)
        assert planned.out.splitlines() == [
            *DIFF,
            f"Nothing is written; would be changed: {COUNTS}",
        ]
        assert (planned.exit_code, planned.err) == (0, "")
        checked = run("apply", path, "--check", "--diff")
        assert (checked.out, checked.err, checked.exit_code) == (planned.out, "", 0)
        assert run("apply", path, "--dry-run", "--diff").out == planned.out
        assert identities(realm) == before

        applied = run("apply", path, "--diff")
        assert applied.out.splitlines() == [*DIFF, f"Changed: {COUNTS}"]
        assert (applied.exit_code, applied.err) == (0, "")
        assert UsersTool(realm).list_users() == {
            "bob": ("viewer",),
            "ops-1": (),
            "jane": ("viewer",),
        }
        assert UsersTool(realm).verify("jane", NEW)

        before = identities(realm)
        for words in (["plan"], ["apply"], ["apply", "--diff"], ["apply", "--check"]):
            again = run(*words, path)
            assert (again.out, again.err, again.exit_code) == ("Nothing to change\n", "", 0)
        assert identities(realm) == before

    @pytest.mark.parametrize(
        ("words", "diff"),
        [
            (["bob"], None),
            (["bob", "-p", OLD], None),
            (["bob", "-p", NEW], "~ bob: password (changed)"),
            (["bob", "--hash", OTHER_HASH], "~ bob: password (changed)"),
            (["bob", "-p", NEW, "--update-password", "on_create"], None),
            (["bob", "-p", NEW, "--update-password", "always"], "~ bob: password (changed)"),
            (["bob", "-r", "admin,viewer"], None),
            (["bob", "-r", "admin,"], "~ bob: roles -viewer"),
            (["bob", "-r", ""], "~ bob: roles -viewer -admin"),
            (["bob", "-a", "viewer,editor"], "~ bob: roles +editor"),
            (["bob", "--remove", "viewer"], "~ bob: roles -viewer"),
            (
                ["bob", "--add", "editor", "--remove", "admin"],
                "~ bob: roles +editor\n~ bob: roles -admin",
            ),
            (["jane", "-p", NEW, "--roles", "viewer"], "+ jane: viewer"),
            (["jane", "--hash", NEW_HASH], "+ jane: -"),
            (["bob", "--absent"], "- bob"),
            (["jane", "--absent"], None),
        ],
    )
    def test_ensure(self, run, realm, words, diff):
        before = identities(realm)
        checked = run("ensure", *words, "--check", "--diff", "--detailed-exitcode")
        assert identities(realm) == before
        first = run("ensure", *words, "--diff", "--detailed-exitcode")
        again = run("ensure", *words, "--diff", "--detailed-exitcode")
        for result in (checked, first):
            assert result.out.splitlines()[:-1] == (diff.splitlines() if diff else [])
            assert (result.exit_code, result.err) == (2 if diff else 0, "")
        assert (again.out, again.exit_code) == ("Nothing to change\n", 0)
        assert (identities(realm) == before) is (diff is None)

    @pytest.mark.parametrize("source", ["--password-stdin", "--password-file", "--password-env"])
    def test_ensure_with_a_password_from_elsewhere(self, run, realm, document, monkeypatch, source):
        monkeypatch.setenv("SECRET", NEW)
        value = {"--password-file": [document(f"{NEW}\r\n", "pw")], "--password-env": ["SECRET"]}
        words = ["ensure", "bob", source, *value.get(source, [])]
        assert run(*words, "--detailed-exitcode", stdin=f"{NEW}\n").exit_code == 2
        assert run(*words, "--detailed-exitcode", stdin=f"{NEW}\n").exit_code == 0
        assert UsersTool(realm).verify("bob", NEW)


class TestOptions:
    def test_detailed_exit_codes(self, run, realm, document):
        path = document(WANTED)
        codes = [
            run(command, path, *options).exit_code
            for command, *options in (
                ("plan",),
                ("plan", "--detailed-exitcode"),
                ("apply", "--check", "--detailed-exitcode"),
                ("apply", "--detailed-exitcode"),
                ("apply", "--detailed-exitcode"),
                ("plan", "--detailed-exitcode"),
            )
        ]
        assert codes == [0, 2, 2, 2, 0, 0]

    def test_apply_shows_no_lines_unless_asked(self, run, realm, document):
        assert run("apply", document(WANTED)).out == f"Changed: {COUNTS}\n"

    def test_every_kind_is_counted(self, run, realm, document):
        text = f"""
        users:
        - {{name: jane, password: {NEW}}}
        - {{name: bob, password: {OLD}, roles: [viewer, editor]}}
        - {{name: ops-1, password: {NEW}}}
        purge: managed
        hash_policy: {{algorithm: bcrypt5}}
        attributes: {{mode: "0600"}}
        """
        (realm / "users.managed").write_text('{"version": 1, "users": ["al"]}')
        assert run("apply", document(text)).out == (
            "Changed: users added 1, users removed 1, passwords changed 1, "
            "passwords hashed anew 1, users with more roles 1, users with fewer roles 1, "
            "files with other attributes 2, list of managed users 1\n"
        )

    @pytest.mark.parametrize(
        ("written", "options", "left"),
        [
            ("", ["--purge", "all"], {"bob"}),
            ("purge: all", [], {"bob"}),
            ("purge: all", ["--purge", "none"], {"bob", "al", "ops-1"}),
            ("purge: all", ["--purge", "managed"], {"bob", "al", "ops-1"}),
            ("", ["--purge", "all", "--protect", "ops-*"], {"bob", "ops-1"}),
            (
                "",
                ["--purge", "all", "--protect", "ops-*", "--protect", "al"],
                {"bob", "al", "ops-1"},
            ),
            ("protect: [al]", ["--purge", "all", "--protect", "ops-*"], {"bob", "al", "ops-1"}),
        ],
    )
    def test_purge_and_protect(self, run, realm, document, written, options, left):
        assert (
            run("apply", document(f"users: [{{name: bob}}]\n{written}\n"), *options).exit_code == 0
        )
        assert set(UsersTool(realm).list_users()) == left

    @pytest.mark.parametrize("pattern", ["", " ", "\t"])
    @pytest.mark.parametrize("command", ["plan", "apply"])
    def test_a_pattern_that_protects_nobody(self, run, realm, document, command, pattern):
        before = identities(realm)
        result = run(command, document(WANTED), "--protect", "al", f"--protect={pattern}")
        assert (result.exit_code, result.out) == (64, "")
        assert "option [protect] must not be empty" in result.err
        assert identities(realm) == before

    def test_force(self, run, realm, document):
        path, before = document("users: []\npurge: all\n"), identities(realm)
        for command in ("plan", "apply"):
            result = run(command, path)
            assert (result.exit_code, result.out) == (65, "")
            assert "ERROR: refused: the desired state wants no user" in result.err
        assert identities(realm) == before
        assert "users removed 3" in run("plan", path, "--force").out
        assert run("apply", path, "--force").exit_code == 0
        assert UsersTool(realm).list_users() == {}

    def test_force_of_ensure(self, run, realm):
        (realm / "users_roles").write_text("superuser:al\n")
        for words in (["--absent"], ["-r", "viewer"], ["--remove", "superuser"]):
            result = run("ensure", "al", *words)
            assert result.exit_code == 65
            assert "nobody would hold [superuser] any more" in result.err
        assert run("ensure", "al", "--absent", "--force").exit_code == 0

    @pytest.mark.parametrize("jobs", ["1", "3", "100000"])
    def test_jobs(self, run, realm, document, jobs):
        users = "".join(f"- {{name: u{n}, password: password-{n}}}\n" for n in range(9))
        path = document(f"users:\n{users}")
        assert run("plan", path, "--jobs", jobs).exit_code == 0
        assert run("apply", path, "--jobs", jobs).out == "Changed: users added 9\n"
        assert UsersTool(realm).verify("u8", "password-8")

    @pytest.mark.parametrize("jobs", ["0", "-1", "x", "", "1.5", "9" * 30, "٣"])
    @pytest.mark.parametrize("command", ["plan", "apply", "ensure"])
    def test_jobs_that_are_no_number(self, run, realm, document, command, jobs):
        argument = "bob" if command == "ensure" else document(WANTED)
        before = identities(realm)
        result = run(command, argument, f"--jobs={jobs}")
        assert result.exit_code == 64
        assert "option [jobs] needs" in result.err
        assert identities(realm) == before

    def test_strict(self, run, realm, document):
        paths = [document(WANTED, "a.yaml"), document("users: [{name: bob}]", "b.yaml")]
        result = run("plan", *paths)
        assert f"# [bob] from [{paths[1]}] overrides [{paths[0]}]" in result.out
        before = identities(realm)
        result = run("apply", *paths, "--strict")
        assert (result.exit_code, result.out) == (65, "")
        assert f"[bob] from [{paths[1]}] overrides [{paths[0]}]" in result.err
        assert identities(realm) == before
        assert run("apply", paths[0], "--strict").exit_code == 0

    def test_the_later_file_wins(self, run, realm, document):
        paths = [
            document("users: [{name: bob, roles: [a]}]", "a.yaml"),
            document('{"users": [{"name": "bob", "roles": ["b"]}]}', "b.json"),
            document('[[users]]\nname = "bob"\nroles_remove = ["a"]\n', "c.toml"),
        ]
        assert run("plan", *paths).out.splitlines()[:2] == [
            "~ bob: roles +b",
            "~ bob: roles -viewer -admin",
        ]

    @pytest.mark.parametrize(
        ("text", "format"),
        [
            (WANTED, None),
            (WANTED, "yaml"),
            ('{"users": [{"name": "al", "state": "absent"}]}', None),
            ('{"users": [{"name": "al", "state": "absent"}]}', "json"),
            ('[[users]]\nname = "al"\nstate = "absent"\n', "toml"),
        ],
    )
    @pytest.mark.parametrize("kind", [io.StringIO, Bytes])
    def test_standard_input(self, realm, monkeypatch, capsys, kind, text, format):
        stream = kind(text if kind is io.StringIO else text.encode())
        monkeypatch.setattr(sys, "stdin", stream)
        options = ["--format", format] if format else []
        assert main(["-c", str(realm), "apply", "-", *options]) == 0
        assert "users removed 1" in capsys.readouterr().out

    def test_standard_input_once(self, run, realm):
        result = run("apply", "-", "-", stdin=WANTED)
        assert result.exit_code == 64
        assert "[-], standard input, can be read once" in result.err

    def test_standard_input_beside_a_file(self, run, realm, document):
        result = run("plan", document(WANTED), "-", stdin="users: [{name: jane, state: absent}]")
        assert "+ jane" not in result.out
        assert "# [jane] from [standard input] overrides" in result.out

    def test_no_standard_input(self, realm, monkeypatch, capsys):
        monkeypatch.setattr(sys, "stdin", None)
        assert main(["-c", str(realm), "apply", "-"]) == 65
        assert "[standard input]: asks for nothing" in capsys.readouterr().err

    @pytest.mark.parametrize("kind", [io.StringIO, Bytes])
    @pytest.mark.parametrize("words", [["apply", "-"], ["import", "--format", "yaml", "-"]])
    def test_standard_input_without_end(self, realm, monkeypatch, capsys, kind, words):
        monkeypatch.setattr(documents, "_LARGEST", 100)
        for size, exit_code in ((100, 0), (101, 65)):
            text = "users: [{name: bob}]\n".ljust(size, "#")
            monkeypatch.setattr(sys, "stdin", kind(text if kind is io.StringIO else text.encode()))
            assert main(["-c", str(realm), *words]) == exit_code
        assert "[standard input]: it holds more than 100 bytes" in capsys.readouterr().err

    @pytest.mark.parametrize(
        "path",
        [
            "-",
            pytest.param(
                "/dev/zero",
                marks=pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="no such device"),
            ),
        ],
    )
    def test_zeros_without_end(self, realm, monkeypatch, capsys, path):
        monkeypatch.setattr(documents, "_LARGEST", 2**20)
        monkeypatch.setattr(sys, "stdin", Endless())
        assert main(["-c", str(realm), "apply", path]) == 65
        assert "it holds more than 1048576 bytes" in capsys.readouterr().err

    def test_a_format_counts_for_every_file(self, run, realm, document):
        assert run("plan", document(WANTED, "x.json"), "--format", "yaml").exit_code == 0
        assert run("plan", document(WANTED, "x.json")).exit_code == 65

    @pytest.mark.parametrize(
        ("option", "value"), [("--format", "ini"), ("--purge", "some"), ("--strategy", "magic")]
    )
    def test_choices(self, run, realm, document, option, value):
        result = run("apply", document(WANTED), option, value)
        assert result.exit_code == 64
        assert f"option [{option[2:]}] is one of" in result.err

    @pytest.mark.parametrize("command", ["plan", "apply"])
    def test_a_file_has_to_be_named(self, run, realm, command):
        result = run(command)
        assert result.exit_code == 64
        assert "the file is missing" in result.err

    def test_options_win_over_attributes_of_documents(self, run, realm, document):
        path = document(f'users: []\nattributes: {{owner: {os.getuid()}, mode: "0600"}}')
        result = run("plan", path, "--mode", "604")
        assert "mode 0640 -> 0604" in result.out
        assert run("apply", path, "--mode", "604").exit_code == 0
        assert [(realm / n).stat().st_mode & 0o777 for n in ("users", "users_roles")] == [0o604] * 2

    @root
    def test_owner_and_group(self, run, realm, document):
        path = document("users: []\nattributes: {owner: root, group: 0}")
        options = ["--owner", str(STRANGER), "--group", str(STRANGER)]
        assert f"owner 0 -> {STRANGER}, group 0 -> {STRANGER}" in run("plan", path, *options).out
        assert run("apply", path, *options).exit_code == 0
        assert (realm / "users").stat().st_gid == STRANGER
        assert run("ensure", "bob", "--owner", "root", "--detailed-exitcode").exit_code == 2
        assert (realm / "users").stat().st_uid == 0

    def test_how_to_write(self, run, realm, document):
        before = (realm / "users").stat().st_ino
        path = document(WANTED)
        assert run("apply", path, "--strategy", "in_place", "--keep", "1").exit_code == 0
        assert (realm / "users").stat().st_ino == before
        assert (realm / "users.1~").read_text() == USERS

    def test_settings_of_the_command_line(self, run, realm):
        setting = "xpack.security.authc.password_hashing.algorithm=pbkdf2_1000"
        assert run("ensure", "jane", "-p", NEW, "-E", setting).exit_code == 0
        assert "jane:{PBKDF2}1000$" in (realm / "users").read_text()

    @pytest.mark.parametrize(
        "words",
        [
            ["--absent", "-r", "a"],
            ["--absent", "-a", "a"],
            ["--absent", "--remove", "a"],
            ["--absent", "--update-password", "always"],
        ],
    )
    def test_absent_beside_what_only_a_user_has(self, run, realm, words):
        result = run("ensure", "bob", *words)
        assert result.exit_code == 64
        assert "exclude each other" in result.err
        assert (realm / "users").read_text() == USERS

    @pytest.mark.parametrize(
        ("option", "value"),
        [
            ("password", [NEW]),
            ("password-stdin", []),
            ("password-file", ["/not/there"]),
            ("password-env", ["NOT_SET"]),
            ("hash", [NEW_HASH]),
        ],
    )
    def test_absent_beside_a_password(self, run, realm, option, value):
        before = identities(realm)
        result = run("ensure", "bob", "--absent", f"--{option}", *value, stdin=NEW)
        assert (result.exit_code, result.out) == (64, "")
        assert f"options [absent] and [{option}] exclude each other" in result.err
        assert identities(realm) == before

    def test_silent(self, run, realm, document):
        result = run("apply", document(WANTED), "--diff", "-s")
        assert (result.out, result.err, result.exit_code) == ("", "", 0)


class TestMessages:
    def test_unknown_roles_are_a_warning(self, run, realm, document):
        result = run("plan", document("users: [{name: bob, roles_add: [vewer]}]"))
        assert result.exit_code == 0
        assert result.err.startswith("WARNING: roles [vewer] are not defined in")
        assert "WARNING" not in result.out

    def test_roles_that_stay_are_none(self, run, realm, document):
        result = run("plan", document("users: [{name: bob, roles: [admin, old]}]"))
        assert "roles [old] are not defined" in result.err

    def test_a_password_that_is_cut_is_a_warning(self, run, realm, document):
        path = document(f"users: [{{name: bob, password: {'x' * 73}}}]")
        for command in ("plan", "apply"):
            result = run(command, path)
            assert re.fullmatch(r"WARNING: the password of \[bob\] is longer .*\n", result.err)

    def test_what_was_left_is_told(self, run, realm, document):
        path = document(WANTED)
        (realm / "users.journal").write_text("torn")
        assert "WARNING: the record of an unfinished change" in run("apply", path).err

    @pytest.mark.parametrize(
        ("name", "text", "exit_code", "message"),
        [
            ("a.yaml", "- bob", 65, r"a\.yaml\], line \[1\]: must be a mapping, not a list"),
            ("a.yaml", "bob", 65, "must be a mapping, not text"),
            ("a.yaml", "", 65, "asks for nothing"),
            ("a.yaml", "users: &a [*a]", 65, r"line \[1\]: anchors and aliases are not read; text"),
            ("a.yaml", "users:\n- {name: bob, password: *x}", 65, r"line \[2\]: anchors and al"),
            ("a.yaml", "users:\n- {name: bob, password: }", 65, r"\.password: has no value: put"),
            ("a.json", '{"users": NaN}', 65, r"a\.json\]: \[NaN\] is no JSON"),
            ("a.toml", f"\n{'a.' * 40}a = 1", 65, r"line \[2\]: a key of too many parts"),
            ("a.yaml", "users:\n\t- bob", 65, r"line \[2\]: not YAML here: a tab"),
            ("a.yaml", "users: []\nusers: []", 65, r"line \[2\], users: a key that is given twice"),
            ("a.yaml", "users: !vault x", 65, r"line \[1\], users: tags of other types"),
            ("a.yaml", "users: []\n---\n{}", 65, r"line \[2\]: a second document"),
            ("a.yaml", b"\xff", 65, r"line \[1\]: not UTF-8 at byte \[0\]"),
            ("a.json", '{"users": [],"users": []}', 65, r"users: it is given twice"),
            ("a.json", "{", 65, r"line \[1\]: not JSON at column"),
            ("a.toml", "users", 65, r"line \[1\]: not TOML here"),
            ("a.yaml", "users: [{name: a:b}]", 65, r"\[a:…\] must not hold \[:\], which"),
            ("a.yaml", "users: [{name: b}, {name: b}]", 65, r"users\[1\].name: user \[b\] is at"),
            (
                "a.yaml",
                "users: [{name: new}]",
                65,
                r"there is no user \[new\] yet, and nothing says",
            ),
            ("a.yaml", "user: []", 65, r"user: is no field; did you mean \[users\]\?"),
            (
                "a.yaml",
                "users: [{name: bob, password: 12345678}]",
                65,
                "must be text, not a number",
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
        path, before = document(text, name), identities(realm)
        result = run(command, path)
        assert (result.exit_code, result.out) == (exit_code, "")
        assert len(re.findall("ERROR: ", result.err)) == 1
        assert re.search(rf"ERROR: .*{message}", result.err)
        assert result.err.strip().count("\n") == 0
        assert identities(realm) == before

    def test_all_faults_are_told(self, run, realm, document):
        result = run("apply", document("users: [{name: 'a:b'}, {password: 1}]\npurge: x\n"))
        assert "ERROR: invalid desired state, 4 faults:\n  [" in result.err

    def test_of_a_file_that_is_not_there(self, run, realm, tmp_path):
        result = run("apply", str(tmp_path / "no.yaml"))
        assert result.exit_code == 78
        assert "no.yaml] does not exist: check the path" in result.err

    def test_of_a_folder(self, run, realm, tmp_path):
        assert run("apply", str(tmp_path)).exit_code == 74

    def test_of_a_folder_that_is_no_realm(self, run, tmp_path, document):
        assert run("apply", document(WANTED), config_dir=tmp_path).exit_code == 78

    def test_of_a_variable_that_is_not_there(self, run, realm):
        result = run("ensure", "bob", "--password-env", "NOT_SET")
        assert result.exit_code == 65
        assert "environment variable [NOT_SET] is not set" in result.err

    @pytest.mark.parametrize(
        ("words", "message"),
        [
            (["a:b"], r"\[options\], users\[0\].name"),
            (["bob", "-r", "a,,b"], r"\[options\], users\[0\].roles\[1\]"),
            (["bob", "-r", "a", "-a", "b"], r"\[options\], users\[0\].roles: are all"),
            (["bob", "--hash", "swordfish"], r"users\[0\].password_hash: no known hash"),
            (["bob", "-p", "short"], r"users\[0\].password: must have at least 6"),
            (["bob", "--update-password", "never"], r"users\[0\].update_password: \[never\]"),
            (["jane"], r"there is no user \[jane\] yet"),
            (["elastic", "-p", NEW], r"\[elastic\] is reserved"),
        ],
    )
    def test_of_ensure(self, run, realm, words, message):
        before = identities(realm)
        result = run("ensure", *words)
        assert (result.exit_code, result.out) == (65, "")
        assert re.search(f"ERROR: .*{message}", result.err)
        assert identities(realm) == before

    def test_of_two_passwords(self, run, realm):
        result = run("ensure", "bob", "-p", NEW, "--hash", NEW_HASH)
        assert result.exit_code == 64
        assert "only one of [--password, --hash]" in result.err

    def test_of_somebody_who_writes_all_the_time(self, run, realm, document, monkeypatch):
        original = transaction.write_access

        def access(*args):
            with (realm / "users").open("a") as file:
                file.write("# again\n")
            return original(*args)

        monkeypatch.setattr(transaction, "write_access", access)
        result = run("apply", document(WANTED))
        assert result.exit_code == 75
        assert "was changed since the plan was made" in result.err

    def test_somebody_who_wrote_once_is_no_reason_to_fail(self, run, realm, document, monkeypatch):
        original, times = transaction.write_access, iter(range(9))

        def access(*args):
            if next(times) == 0:
                UsersTool(realm).userdel("al")
            return original(*args)

        monkeypatch.setattr(transaction, "write_access", access)
        result = run("apply", document(WANTED), "--diff")
        assert result.exit_code == 0
        assert result.out.splitlines()[:-1] == DIFF[:-1]

    def test_an_interrupt(self, run, realm, document, monkeypatch):
        def interrupt(*_):
            raise KeyboardInterrupt

        path, before = document(WANTED), identities(realm)
        monkeypatch.setattr(Policy, "hash", interrupt)
        result = run("apply", path)
        assert (result.exit_code, result.out) == (130, "")
        assert identities(realm) == before


class TestJson:
    KEYS = ("command", "changed", "changes", "notes", "warnings", "result", "check")

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
        told = json.loads(result.out)
        assert result.out.count("\n") == 1
        assert tuple(told) == self.KEYS
        assert (told["command"], told["check"], told["changed"]) == (words[0], check, True)
        assert told["changes"] == [
            {"kind": "add_user", "username": "jane", "roles": ["viewer"]},
            {"kind": "remove_roles", "username": "bob", "roles": ["admin"]},
            {"kind": "remove_user", "username": "al", "reason": "absent"},
        ]
        assert (told["result"] is None) is check
        assert result.err == ""

    def test_of_nothing(self, run, realm):
        told = json.loads(run("ensure", "bob", "--json", "--detailed-exitcode").out)
        assert tuple(told) == self.KEYS
        assert (told["changed"], told["changes"], told["result"]["changed"]) == (False, [], False)

    def test_warnings_are_in_it_too(self, run, realm):
        result = run("ensure", "bob", "-p", "x" * 80, "-a", "vewer", "--json")
        told = json.loads(result.out)
        assert told["unknown_roles"] == ["vewer"]
        assert len(told["warnings"]) == 1
        assert "WARNING" in result.err

    def test_of_an_error(self, run, realm, document):
        told = json.loads(run("apply", document("users: x"), "--json").out)
        assert told["error"]["type"] == "InvalidDesiredStateError"
        assert told["error"]["exit_code"] == 65
        assert told["command"] == "apply"


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
    """Whatever is asked, on no stream."""

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


def test_who_holds_the_lock_is_waited_for(run, realm, document, monkeypatch):
    path, before = document(WANTED), identities(realm)
    monkeypatch.setattr("esfilerealm.admin.users_tool.WriteOptions", shortly)
    with write_lock(lambda: str(realm / "users.lock"), 1.0):
        assert run("apply", path).exit_code == 75
    assert {n: i for n, i in identities(realm).items() if n != "users.lock"} == before


def shortly(**options):
    from esfilerealm._storage.options import WriteOptions

    return WriteOptions(**{**options, "lock_timeout": 0.05})
