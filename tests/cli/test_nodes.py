"""``-c`` more than once: one command on several nodes, each of which is on its own."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import sys

import pytest
from support.hashes import CHEAP_HASH
from support.storing import statuses

from esfilerealm import UsersTool
from esfilerealm.cli import main, node_plans
from esfilerealm.cli.commands import every_command
from esfilerealm.cli.terminal import Terminal
from esfilerealm.errors import FileAccessError
from esfilerealm.hashing.policy import Policy
from esfilerealm.keystore import Keystore
from esfilerealm.provisioning import many, rehearse

PASSWORD = "correct-horse"
ON_NODES = {command.name for command in every_command() if command.run_all}
CHEAP = "hash_policy: {algorithm: bcrypt4}"
DOCUMENT = f"users: [{{name: jane, password: {PASSWORD}, roles: [viewer]}}]\n{CHEAP}\n"


@pytest.fixture
def nodes(tmp_path, monkeypatch):
    """Three nodes, named by relative paths."""
    monkeypatch.chdir(tmp_path)
    names = ["a", "b", "c"]
    for name in names:
        (tmp_path / name).mkdir()
        (tmp_path / name / "users").write_text(f"bob:{CHEAP_HASH}\n")
        (tmp_path / name / "users_roles").write_text("viewer:bob\n")
    (tmp_path / "users.yml").write_text(DOCUMENT)
    return [tmp_path / name for name in names]


@pytest.fixture
def run_on(run, nodes):
    """Run a command on the three nodes."""

    def run_on(*words, only=("a", "b", "c"), **more):
        return run(*(f"-c{name}" for name in only), *words, config_dir=None, **more)

    return run_on


def test_the_commands():
    assert {"plan", "apply", "ensure", "copy", "check", "list", "digest"} == ON_NODES


@pytest.mark.parametrize(
    "name", sorted({c.name for c in every_command() if not c.subcommands} - ON_NODES)
)
def test_others_take_one(run_on, nodes, name):
    before = list(map(statuses, nodes))
    result = run_on(*name.split())
    assert (result.exit_code, result.out) == (64, "")
    assert result.err == (
        "ERROR: option [c/config] is given more than once, with exit code 64\n"
        "Try 'esfilerealm --help' for more information.\n"
    )
    assert list(map(statuses, nodes)) == before


@pytest.mark.parametrize("words", [[], ["--help"], ["nothing"], ["keystore", "list"]])
def test_no_such_command(run_on, words):
    result = run_on(*words)
    assert result.exit_code == 64
    assert "option [c/config] is given more than once" in result.err


class TestPlans:
    def test_plan(self, run_on, nodes):
        before = list(map(statuses, nodes))
        result = run_on("plan", "users.yml")
        assert result.out == (
            "[a]\n+ jane: viewer\n\n[b]\n+ jane: viewer\n\n[c]\n+ jane: viewer\n\n"
            "[a] Dry run. Would change: 1 user added\n"
            "[b] Dry run. Would change: 1 user added\n"
            "[c] Dry run. Would change: 1 user added\n"
        )
        assert (result.err, result.exit_code) == ("", 0)
        assert list(map(statuses, nodes)) == before

    def test_apply(self, run_on, nodes):
        result = run_on("apply", "users.yml")
        line = "Changed: 1 user added [jane]\n"
        assert result.out == "".join(f"[{name}] {line}" for name in "abc")
        assert (result.err, result.exit_code) == ("", 0)
        assert all(UsersTool(node).verify("jane", PASSWORD) for node in nodes)
        assert len({(node / "users").read_text() for node in nodes}) == 1
        before = list(map(statuses, nodes))
        again = run_on("apply", "users.yml", "--detailed-exitcode")
        assert again.out == "".join(f"[{name}] Nothing to change\n" for name in "abc")
        assert (again.exit_code, list(map(statuses, nodes))) == (0, before)

    def test_the_document_of_standard_input_is_read_once(self, run_on, nodes):
        assert run_on("apply", "-", stdin=DOCUMENT).exit_code == 0
        assert all(UsersTool(node).verify("jane", PASSWORD) for node in nodes)

    @pytest.mark.parametrize("option", ["--dry-run", "--check"])
    def test_check(self, run_on, nodes, option):
        before = list(map(statuses, nodes))
        result = run_on("apply", "users.yml", option, "--diff", "--detailed-exitcode")
        assert result.out == run_on("plan", "users.yml").out
        assert result.exit_code == 2
        assert list(map(statuses, nodes)) == before

    def test_ensure(self, run_on, nodes):
        words = ["ensure", "jane", "--password-stdin", "--roles", "viewer", "--jobs", "1"]
        assert run_on(*words, stdin=f"{PASSWORD}\n").exit_code == 0
        assert all(UsersTool(node).verify("jane", PASSWORD) for node in nodes)
        gone = run_on("ensure", "jane", "--absent", "--diff")
        assert gone.out.startswith("[a]\n- jane\n\n[b]\n- jane\n")
        assert not any("jane" in UsersTool(node).list_users() for node in nodes)

    @pytest.mark.parametrize(
        ("broken", "options", "is_read"),
        [
            ("abc", [], False),
            ("a", [], True),
            ("a", ["--fail-fast"], False),
            ("abc", ["--create"], True),
        ],
        ids=["all", "one", "the first", "created"],
    )
    def test_nobody_types_a_password_in_vain(
        self, run_on, nodes, monkeypatch, broken, options, is_read
    ):
        asked = []
        monkeypatch.setattr(Terminal, "read_secret", lambda _: asked.append(1) or PASSWORD)
        for node in nodes:
            if node.name in broken:
                (node / "users").unlink()
        result = run_on("ensure", "jane", "--password-stdin", *options)
        assert bool(asked) is is_read
        assert result.exit_code == (0 if options == ["--create"] else 78)

    def test_options_that_are_wrong_for_each_node(self, run_on):
        result = run_on("ensure", "jane", "--roles", "viewer")
        assert result.exit_code == 65
        assert result.err == (
            "ERROR: [a], [b], [c]: new user [jane] needs a password: give one of "
            "--password-stdin, --password-file, --password-env, --password, --hash, with exit "
            "code 65\n"
        )

    def test_options_that_are_wrong_at_once(self, run_on):
        result = run_on("ensure", "j:ane")
        assert (result.exit_code, result.out) == (65, "")
        assert "username [j:…] must not contain [:]" in result.err

    def test_one_node_that_fails(self, run_on, nodes):
        (nodes[1] / "users").write_bytes(b"\xff")
        result = run_on("apply", "users.yml", "--diff")
        assert result.exit_code == 70
        assert result.err.startswith("ERROR: [b]: ")
        assert "[a]\n+ jane: viewer\n\n[c]\n+ jane: viewer\n\n" in result.out
        assert "[b] failed, with exit code 70\n" in result.out
        assert [UsersTool(nodes[n]).verify("jane", PASSWORD) for n in (0, 2)] == [True, True]

    def test_a_guard(self, run_on, nodes):
        (nodes[1] / "users_roles").write_text("superuser:bob\n")
        for words in (["apply"], ["apply", "--check"], ["plan"]):
            result = run_on(*words, "users.yml", "--purge", "all")
            assert result.exit_code == 65
            assert "ERROR: [b]: refused: no [superuser] could log in any more" in result.err
            assert "[b]\n+ jane: viewer\n- bob (purged)\n" in result.out
            assert "[b] failed, with exit code 65\n" in result.out
        assert list(UsersTool(nodes[0]).list_users()) == ["jane"]
        assert list(UsersTool(nodes[1]).list_users()) == ["bob"]
        assert run_on("apply", "users.yml", "--purge", "all", "--force").exit_code == 0
        assert list(UsersTool(nodes[1]).list_users()) == ["jane"]

    def test_the_worst_exit_code(self, run_on, nodes):
        (nodes[0] / "users").write_bytes(b"\xff")  # 70
        (nodes[1] / "users").unlink()  # 78
        result = run_on("apply", "users.yml", "--detailed-exitcode")
        assert result.exit_code == 78
        assert "[a] failed, with exit code 70\n[b] failed, with exit code 78\n" in result.out
        assert "[c] Changed" in result.out

    def test_a_change_is_less_than_a_failure(self, run_on, nodes):
        assert run_on("apply", "users.yml", "--detailed-exitcode", only="ab").exit_code == 2
        assert run_on("apply", "users.yml", "--detailed-exitcode").exit_code == 2

    @pytest.mark.parametrize("which", range(3))
    @pytest.mark.parametrize("kind", ["missing", "not UTF-8"])
    def test_fail_fast(self, run_on, nodes, which, kind):
        before = list(map(statuses, nodes))
        if kind == "missing":
            (nodes[which] / "users").rename(nodes[which] / "gone")
        else:
            (nodes[which] / "users").write_bytes(b"\xff")
        result = run_on("apply", "users.yml", "--fail-fast")
        assert result.exit_code == (78 if kind == "missing" else 70)
        assert result.out.count("left alone, since another node has failed\n") == 2
        for number, node in enumerate(nodes):
            if number != which:
                assert statuses(node) == before[number]

    @pytest.mark.parametrize("more", [[], ["--fail-fast"]], ids=["all", "fail fast"])
    def test_a_node_that_cannot_be_written(self, run_on, nodes, monkeypatch, more):
        original = many.apply_with

        def failing(shared, plan, **how):
            if plan.config_dir == str(nodes[1]):
                raise FileAccessError(plan.config_dir, errno.EIO, "Input/output error")
            return original(shared, plan, **how)

        monkeypatch.setattr(many, "apply_with", failing)
        result = run_on("apply", "users.yml", "--diff", *more)
        assert result.exit_code == 74
        assert result.err.startswith("ERROR: [b]: ")
        assert "[a]\n+ jane: viewer\n\n" in result.out
        assert "\n[b]\n" not in result.out  # nothing changed there
        assert "[b] failed, with exit code 74\n" in result.out
        assert ("[c] left alone" in result.out) is bool(more)
        told = json.loads(run_on("apply", "users.yml", "--json", *more).out)["by_node"]
        assert [node.get("exit_code") for node in told] == [0, 74, None if more else 0]
        assert told[1]["changed"] is True
        assert told[1]["result"] is None

    def test_a_realm_that_nodes_share(self, run_on, nodes):
        """The first writes it, and the second plans again."""
        for name in ("users", "users_roles"):
            (nodes[1] / name).unlink()
            (nodes[1] / name).symlink_to(nodes[0] / name)
        result = run_on("apply", "users.yml")
        assert result.exit_code == 0
        assert "[b] Nothing to change\n[c] Changed" in result.out

    def test_create(self, run_on, nodes, tmp_path):
        result = run_on("apply", "users.yml", "--create", only=["a", "new"])
        assert result.exit_code == 0
        assert "[new] Changed: 3 files and directories created, 1 user added" in result.out
        assert UsersTool(tmp_path / "new").verify("jane", PASSWORD)

    def test_warnings_are_printed_once(self, run_on):
        text = f"users: [{{name: jane, password: {PASSWORD}, roles: [odd]}}]\n{CHEAP}\n"
        result = run_on("apply", "-", stdin=text)
        assert result.err == (
            "WARNING: [a], [b], [c]: roles [odd] are not defined in [roles.yml]; if the role API "
            "defines them, pass --known-role (known_roles)\n"
        )

    def test_what_a_write_would_not_keep(self, run_on, monkeypatch):
        def foreseeing(*args, **how):
            return dataclasses.replace(rehearse(*args, **how), faults=("it is late",))

        monkeypatch.setattr(node_plans, "rehearse", foreseeing)
        result = run_on("plan", "users.yml", "--json")
        assert result.err == "".join(f"WARNING: [{name}]: it is late\n" for name in "abc")
        told = json.loads(result.out)["by_node"]
        assert [node["warnings"] for node in told] == [["it is late"]] * 3

    def test_when_the_node_sees_it(self, run_on, nodes):
        result = run_on("apply", "users.yml", "--verbose")
        assert f"\n[b]\nThe node of [{nodes[1]}] sees this at its next poll" in result.out


class TestOthers:
    def test_list(self, run_on):
        result = run_on("list")
        block = "bob            : viewer\n\n"
        assert result.out == (
            f"[a]\n{block}[b]\n{block}[c]\n{block}[a] 1 user\n[b] 1 user\n[c] 1 user\n"
        )
        assert (result.err, result.exit_code) == ("", 0)

    def test_one_user(self, run_on, nodes):
        (nodes[2] / "users").write_text("")
        result = run_on("list", "bob")
        assert result.exit_code == 67
        assert "ERROR: [c]: user [bob] " in result.err
        assert result.out.endswith("[a] 1 user\n[b] 1 user\n[c] failed, with exit code 67\n")

    def test_csv(self, run_on):
        result = run_on("list", "--format", "csv", only="ab")
        assert result.out.startswith("[a]\nusername,role\nbob,viewer\n\n[b]\nusername,role\n")

    def test_digest(self, run_on):
        result = run_on("digest", "--json")
        told = json.loads(result.out)["by_node"]
        assert [node["fingerprint"]["node"] for node in told] == ["a", "b", "c"]
        assert len({node["fingerprint"]["digest"] for node in told}) == 1
        text = run_on("digest", only="ab")
        label = told[0]["fingerprint"]["label"]
        assert text.out.endswith(f"\n\n[a] 1 user, label {label}\n[b] 1 user, label {label}\n")

    def test_metrics_of_all_nodes_are_one_text(self, run_on, nodes):
        parser = pytest.importorskip("prometheus_client.openmetrics.parser")
        (nodes[1] / "users").write_bytes(b"\xff\n")
        result = run_on("digest", "--openmetrics")
        families = {each.name: each for each in parser.text_string_to_metric_families(result.out)}
        users = families["esfilerealm_users"].samples
        assert [(each.labels["node"], each.value) for each in users] == [("a", 1), ("c", 1)]
        health = families["esfilerealm_health"].samples
        assert [each.labels["node"] for each in health if each.labels["status"] == "empty"] == [
            *("a", "b", "c")
        ]
        assert result.exit_code == 70
        assert "ERROR: [b]: " in result.err

    def test_metrics_beside_json(self, run_on):
        assert run_on("digest", "--json", "--openmetrics").exit_code == 64

    @pytest.mark.parametrize(
        ("words", "message"),
        [
            (["digest", "--node", "x"], "option [node] is for one node"),
            (["digest", "a"], "the source stands for one node"),
            (["check", "--list-rules"], "option [list-rules] is for one node"),
            (["check", "--explain", "EFR1"], "option [explain] is for one node"),
            (["check", "--format", "sarif"], "option [format] sarif is for one node"),
            (["check", "--format", "junit"], "option [format] junit is for one node"),
            (
                ["check", "--baseline", "x", "--write-baseline"],
                "option [write-baseline] is for one node",
            ),
        ],
    )
    def test_what_is_for_one_node(self, run_on, words, message):
        result = run_on(*words)
        assert (result.exit_code, result.out) == (64, "")
        assert message in result.err

    def test_check(self, run_on, nodes):
        (nodes[1] / "users").write_text("bob:plain\n")
        result = run_on("check", "--select", "EFR201", only="ab")
        assert result.exit_code == 65
        assert result.out.startswith("[a]\nNo problems found (1 user)\n\n[b]\n")
        assert result.out.endswith("\n[a] no problems found\n[b] found 1 error\n")

    def test_fix(self, run_on, nodes):
        for node in nodes:
            (node / "users_roles").write_text("viewer:bob,ghost\n")
        result = run_on("check", "--select", "EFR1", "--fix", "--fail-on", "warning")
        assert "[b]\n" in result.out
        assert [(node / "users_roles").read_text() for node in nodes] == ["viewer:bob\n"] * 3

    @pytest.mark.parametrize("command", ["list", "check", "digest"])
    def test_fail_fast(self, run_on, nodes, command):
        (nodes[1] / "users").write_bytes(b"\xff")
        result = run_on(
            command, "--fail-fast", *(["--select", "EFR1"] if command == "check" else [])
        )
        assert result.exit_code == 70
        assert "[c] left alone, since another node has failed" in result.out
        assert "\n[a] " in result.out

    def test_silent(self, run_on, nodes):
        assert run_on("list", "--silent").out == ""
        (nodes[0] / "users").unlink()
        result = run_on("list", "--silent")
        assert result.out == ""
        assert result.err.startswith("ERROR: [a]: ")

    def test_notes_name_their_node(self, run_on, nodes):
        (nodes[1] / "users").write_text(f"bob:{CHEAP_HASH}\nodd\n")
        result = run_on("list", "--verbose")
        assert "\n" not in result.err.rstrip("\n")
        assert result.err.startswith("[b]: [")
        assert "a node skips the line" in result.err

    def test_warnings_name_their_node(self, run_on, nodes):
        (nodes[1] / "x-pack").mkdir()
        for name in ("users", "users_roles"):
            (nodes[1] / name).rename(nodes[1] / "x-pack" / name)
        result = run_on("list")
        assert result.err.startswith(f"WARNING: [b]: using [{nodes[1]}/x-pack/users, ")


class TestPipes:
    """What an option names is read once for all nodes."""

    @pytest.fixture
    def pipe(self):
        ends = []

        def pipe(text):
            reader, writer = os.pipe()
            ends.append(reader)
            os.write(writer, text)
            os.close(writer)
            return f"/dev/fd/{reader}"

        yield pipe
        for end in ends:
            os.close(end)

    def test_the_key_of_a_digest(self, run_on, pipe):
        result = run_on("digest", "--json", "--key-file", pipe(b"k" * 16))
        told = json.loads(result.out)["by_node"]
        assert result.exit_code == 0
        assert len({node["fingerprint"]["digest"] for node in told}) == 1
        assert all(node["fingerprint"]["key_id"] for node in told)

    def test_the_password_of_a_keystore(self, run_on, nodes, pipe):
        for node in nodes:
            store = Keystore.create()
            store.change_password("secret-1")
            store.save(node / "elasticsearch.keystore")
        password = pipe(b"secret-1\n")
        options = ["--select", "EFR50", "--fail-on", "error", "--keystore-password-file", password]
        result = run_on("check", *options)
        assert (result.exit_code, result.err) == (0, "")
        assert "EFR500" not in result.out

    @pytest.mark.parametrize("words", [["apply", "users.yml"], ["ensure", "jane"]])
    def test_a_password(self, run_on, nodes, pipe, tmp_path, words):
        path = pipe(PASSWORD.encode())
        document = f"users: [{{name: jane, password_file: {path}}}]\n{CHEAP}\n"
        (tmp_path / "users.yml").write_text(document)
        options = ["--password-file", path] if words[0] == "ensure" else []
        for node in nodes:
            (node / "elasticsearch.yml").write_text(
                "xpack.security.authc.password_hashing.algorithm: bcrypt4\n"
            )
        assert run_on(*words, *options).exit_code == 0
        assert all(UsersTool(node).verify("jane", PASSWORD) for node in nodes)


class TestNames:
    def test_before_and_behind_the_command(self, run, nodes):
        result = run("-c", "a", "list", "-c", "b", "--config=c", config_dir=None)
        assert [line for line in result.out.splitlines() if "1 user" in line] == [
            f"[{name}] 1 user" for name in "abc"
        ]

    @pytest.mark.parametrize("other", ["a", "./a", "b/../a", "link", "A/.", "{tmp}/a"])
    def test_one_directory_twice(self, run, nodes, tmp_path, other):
        (tmp_path / "link").symlink_to("a")
        (tmp_path / "A").symlink_to(tmp_path / "a")
        before = list(map(statuses, nodes))
        other = other.format(tmp=tmp_path)
        result = run("-cb", "-ca", f"-c{other}", "apply", "users.yml", config_dir=None)
        assert (result.exit_code, result.out) == (64, "")
        assert f"[a] and [{other}] are the same directory" in result.err
        assert list(map(statuses, nodes)) == before

    def test_an_empty_name(self, run, nodes):
        result = run("-ca", "-c", "", "list", config_dir=None)
        assert result.exit_code == 64
        assert "option [c/config] needs a directory" in result.err

    def test_a_name_is_printable(self, run, nodes, tmp_path):
        (tmp_path / "\x1b[1m").mkdir()
        result = run("-ca", "-c\x1b[1m", "list", config_dir=None)
        assert "\x1b" not in result.out + result.err
        assert r"[\x1b[1m] failed, with exit code 78" in result.out

    def test_many_names(self, run, tmp_path, nodes):
        names = [f"-cn{number}" for number in range(12)]
        result = run(*names, "ensure", "jane", config_dir=None)
        assert result.exit_code == 78
        missing = tmp_path / "users"
        for number in range(12):
            (tmp_path / f"n{number}").mkdir()
            (tmp_path / f"n{number}" / "users").write_text("")
        result = run(*names, "ensure", "jane", config_dir=None)
        assert result.err.startswith(
            "ERROR: [n0], [n1], [n2], [n3], [n4], [n5], [n6], [n7], [n8], [n9] and 2 more: new user"
        )
        assert not missing.exists()


class TestCompletion:
    def test_names_of_all_nodes(self, run, nodes):
        pytest.importorskip("shtab")
        (nodes[1] / "users").write_text(f"jane:{CHEAP_HASH}\nbob:{CHEAP_HASH}\n")
        (nodes[2] / "users").write_bytes(b"\xff")
        words = ["__complete", "users", "-ca", "-cc", "ensure", "--config=b"]
        result = run(*words, config_dir=None)
        assert (result.out, result.err) == ("bob\njane\n", "")

    def test_no_word_but_the_program(self, run, nodes):
        pytest.importorskip("shtab")
        assert run("__complete", "users", "--nothing", config_dir=None).out == ""

    def test_the_option_is_offered_again(self, run):
        pytest.importorskip("shtab")
        script = run("--print-completion", "zsh").out
        assert script.count('"*"{-c,--config}') == len(ON_NODES) + 1  # and of the program


class TestJson:
    @pytest.mark.parametrize("command", sorted(ON_NODES))
    def test_one_object_for_each_node(self, run_on, nodes, command):
        jsonschema = pytest.importorskip("jsonschema")
        from esfilerealm.cli.schemas import schema_of

        (nodes[1] / "users").write_bytes(b"\xff")
        words = {"plan": ["users.yml"], "apply": ["users.yml"], "ensure": ["bob", "--add=viewer"]}
        words |= {"check": ["--select", "EFR1"], "copy": ["a", "--yes"]}
        for more in ([], ["--fail-fast"]):
            result = run_on(command, *words.get(command, []), "--json", *more)
            told = json.loads(result.out)
            jsonschema.validate(told, schema_of(command))
            assert set(told) == {"command", "version", "by_node"}
            assert [node["node"] for node in told["by_node"]] == ["a", "b", "c"]
            failed = told["by_node"][1]
            assert failed["exit_code"] == failed["error"]["exit_code"] == result.exit_code == 70
            assert told["by_node"][2]["is_skipped"] is bool(more)
            assert ("exit_code" in told["by_node"][2]) is not bool(more)
            assert "ERROR: [b]: " in result.err

    def test_format_json_of_check(self, run_on):
        told = json.loads(run_on("check", "--format", "json").out)
        assert all("findings" in node for node in told["by_node"])

    def test_a_wrong_line(self, run_on):
        result = run_on("list", "--json", "--format", "csv")
        assert result.exit_code == 64
        assert json.loads(result.out)["error"]["exit_code"] == 64

    def test_secrets(self, run_on):
        for words in (["plan"], ["apply"]):
            result = run_on(*words, "users.yml", "--json", "--diff", "--verbose")
            assert PASSWORD not in result.out + result.err
            assert "$2a$" not in result.out + result.err


class TestInterrupts:
    @pytest.mark.parametrize("at", range(4))
    def test_it_says_which_nodes_are_done(self, nodes, monkeypatch, capsys, at):
        original, count = many.apply_with, iter(range(9))

        def interrupted(*args, **more):
            if next(count) == at:
                raise KeyboardInterrupt
            return original(*args, **more)

        monkeypatch.setattr(many, "apply_with", interrupted)
        exit_code = main(["-ca", "-cb", "-cc", "apply", "users.yml"])
        err = capsys.readouterr().err
        assert exit_code == (0 if at == 3 else 130)
        assert (
            err
            == [
                "\nInterrupted: nothing was written\n",
                "\nInterrupted: written: [a]; not written: [b], [c]\n",
                "\nInterrupted: written: [a], [b]; not written: [c]\n",
                "",
            ][at]
        )
        assert ["jane" in UsersTool(node).list_users() for node in nodes] == [
            number < at for number in range(3)
        ]

    def test_while_passwords_are_hashed(self, nodes, monkeypatch, capsys):
        def interrupt(*_):
            raise KeyboardInterrupt

        monkeypatch.setattr(Policy, "hash", interrupt)
        before = list(map(statuses, nodes))
        assert main(["-ca", "-cb", "-cc", "apply", "users.yml"]) == 130
        assert capsys.readouterr().err == "\nInterrupted: nothing was written\n"
        assert list(map(statuses, nodes)) == before

    def test_a_fault_that_nobody_expects(self, nodes, monkeypatch, capsys):
        original, count = many.apply_with, iter(range(9))

        def failing(*args, **more):
            if next(count) == 1:
                raise ZeroDivisionError
            return original(*args, **more)

        monkeypatch.setattr(many, "apply_with", failing)
        assert main(["-ca", "-cb", "-cc", "apply", "users.yml"]) == 70
        assert "written: [a]; not written: [b], [c]" in capsys.readouterr().err


def test_nothing_is_loaded_for_one_node(run, config):
    for name in list(sys.modules):
        if name in ("esfilerealm.cli.nodes", "esfilerealm.cli.node_plans"):
            del sys.modules[name]
    assert run("list").exit_code == 0
    assert "esfilerealm.cli.nodes" not in sys.modules
