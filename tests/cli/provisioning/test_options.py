"""``plan``, ``apply`` and ``ensure``: options and exit codes."""

from __future__ import annotations

import io
import os
import sys

import pytest
from cli.provisioning.kit import COUNTS, DIFF, NAMED, WANTED, Bytes, Endless
from support.storing import OTHER_HASH, STRANGER, root, statuses
from unit.provisioning.kit import NEW, NEW_HASH, OLD, USERS

from esfilerealm import UsersTool
from esfilerealm.cli import main
from esfilerealm.documents import document as documents


class TestTriplets:
    def test_plan_apply_apply(self, run, realm, document):
        path, before = document(WANTED), statuses(realm)
        planned = run("plan", path)
        assert planned.out.splitlines() == [
            *DIFF,
            f"Dry run. Would change: {COUNTS}",
        ]
        assert (planned.exit_code, planned.err) == (0, "")
        checked = run("apply", path, "--check", "--diff")
        assert (checked.out, checked.err, checked.exit_code) == (planned.out, "", 0)
        assert run("apply", path, "--dry-run", "--diff").out == planned.out
        assert statuses(realm) == before

        applied = run("apply", path, "--diff")
        assert applied.out.splitlines() == [*DIFF, f"Changed: {COUNTS}"]
        assert (applied.exit_code, applied.err) == (0, "")
        assert UsersTool(realm).list_users() == {
            "bob": ("viewer",),
            "ops-1": (),
            "jane": ("viewer",),
        }
        assert UsersTool(realm).verify("jane", NEW)

        before = statuses(realm)
        for words in (["plan"], ["apply"], ["apply", "--diff"], ["apply", "--check"]):
            again = run(*words, path)
            assert (again.out, again.err, again.exit_code) == ("Nothing to change\n", "", 0)
        assert statuses(realm) == before

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
        before = statuses(realm)
        checked = run("ensure", *words, "--check", "--diff", "--detailed-exitcode")
        assert statuses(realm) == before
        first = run("ensure", *words, "--diff", "--detailed-exitcode")
        again = run("ensure", *words, "--diff", "--detailed-exitcode")
        for result in (checked, first):
            assert result.out.splitlines()[:-1] == (diff.splitlines() if diff else [])
            assert (result.exit_code, result.err) == (2 if diff else 0, "")
        assert (again.out, again.exit_code) == ("Nothing to change\n", 0)
        assert (statuses(realm) == before) is (diff is None)

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
        assert run("apply", document(WANTED)).out == f"Changed: {NAMED}\n"

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
            "Changed: 1 user added [jane], 1 user removed [al], 1 password changed [ops-1], "
            "1 password rehashed [bob], 1 user with more roles [bob], "
            "1 user with fewer roles [bob], "
            "2 files with other attributes, 1 list of managed users updated\n"
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
    def test_a_blank_pattern_is_refused(self, run, realm, document, command, pattern):
        before = statuses(realm)
        result = run(command, document(WANTED), "--protect", "al", f"--protect={pattern}")
        assert (result.exit_code, result.out) == (64, "")
        assert "option [protect] must not be empty" in result.err
        assert statuses(realm) == before

    def test_force(self, run, realm, document):
        path, before = document("users: []\npurge: all\n"), statuses(realm)
        for command in ("plan", "apply"):
            result = run(command, path)
            assert result.exit_code == 65
            assert "- al (purged)\n" in result.out
            assert "ERROR: refused: the document keeps no user" in result.err
        assert statuses(realm) == before
        assert "3 users removed" in run("plan", path, "--force").out
        assert run("apply", path, "--force").exit_code == 0
        assert UsersTool(realm).list_users() == {}

    def test_force_of_ensure(self, run, realm):
        (realm / "users_roles").write_text("superuser:al\n")
        for words in (["--absent"], ["-r", "viewer"], ["--remove", "superuser"]):
            result = run("ensure", "al", *words)
            assert result.exit_code == 65
            assert "no [superuser] could log in any more" in result.err
        assert run("ensure", "al", "--absent", "--force").exit_code == 0

    @pytest.mark.parametrize("jobs", ["1", "3", "100000"])
    def test_jobs(self, run, realm, document, jobs):
        users = "".join(f"- {{name: u{n}, password: password-{n}}}\n" for n in range(9))
        names = ", ".join(f"u{n}" for n in range(9))
        path = document(f"users:\n{users}")
        assert run("plan", path, "--jobs", jobs).exit_code == 0
        assert run("apply", path, "--jobs", jobs).out == f"Changed: 9 users added [{names}]\n"
        assert UsersTool(realm).verify("u8", "password-8")

    @pytest.mark.parametrize("jobs", ["0", "-1", "x", "", "1.5", "9" * 30, "٣"])
    @pytest.mark.parametrize("command", ["plan", "apply", "ensure"])
    def test_invalid_jobs(self, run, realm, document, command, jobs):
        argument = "bob" if command == "ensure" else document(WANTED)
        before = statuses(realm)
        result = run(command, argument, f"--jobs={jobs}")
        assert result.exit_code == 64
        assert "option [jobs] needs" in result.err
        assert statuses(realm) == before

    def test_strict(self, run, realm, document):
        paths = [document(WANTED, "a.yaml"), document("users: [{name: bob}]", "b.yaml")]
        result = run("plan", *paths)
        assert f"# [bob] from [{paths[1]}] overrides [{paths[0]}]" in result.out
        before = statuses(realm)
        result = run("apply", *paths, "--strict")
        assert (result.exit_code, result.out) == (65, "")
        assert f"[bob] from [{paths[1]}] overrides [{paths[0]}]" in result.err
        assert statuses(realm) == before
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
        assert "1 user removed" in capsys.readouterr().out

    def test_standard_input_once(self, run, realm):
        result = run("apply", "-", "-", stdin=WANTED)
        assert result.exit_code == 64
        assert "[-] (standard input) can be given only once" in result.err

    def test_standard_input_beside_a_file(self, run, realm, document):
        result = run("plan", document(WANTED), "-", stdin="users: [{name: jane, state: absent}]")
        assert "+ jane" not in result.out
        assert "# [jane] from [standard input] overrides" in result.out

    def test_no_standard_input(self, realm, monkeypatch, capsys):
        monkeypatch.setattr(sys, "stdin", None)
        assert main(["-c", str(realm), "apply", "-"]) == 65
        assert "[standard input]: empty document" in capsys.readouterr().err

    @pytest.mark.parametrize("kind", [io.StringIO, Bytes])
    @pytest.mark.parametrize("words", [["apply", "-"], ["import", "--format", "yaml", "-"]])
    def test_standard_input_without_end(self, realm, monkeypatch, capsys, kind, words):
        monkeypatch.setattr(documents, "_LARGEST", 100)
        for size, exit_code in ((100, 0), (101, 65)):
            text = "users: [{name: bob}]\n".ljust(size, "#")
            monkeypatch.setattr(sys, "stdin", kind(text if kind is io.StringIO else text.encode()))
            assert main(["-c", str(realm), *words]) == exit_code
        assert "[standard input]: larger than 100 bytes" in capsys.readouterr().err

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
        assert "larger than 1048576 bytes" in capsys.readouterr().err

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
    def test_absent_excludes_options_of_a_user(self, run, realm, words):
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
    def test_absent_excludes_a_password(self, run, realm, option, value):
        before = statuses(realm)
        result = run("ensure", "bob", "--absent", f"--{option}", *value, stdin=NEW)
        assert (result.exit_code, result.out) == (64, "")
        assert f"options [absent] and [{option}] exclude each other" in result.err
        assert statuses(realm) == before

    def test_silent(self, run, realm, document):
        result = run("apply", document(WANTED), "--diff", "-s")
        assert (result.out, result.err, result.exit_code) == ("", "", 0)
