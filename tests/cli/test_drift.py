"""``digest`` and ``compare``."""

from __future__ import annotations

import json
import re
import socket
from datetime import UTC, datetime

import pytest
from support.hashes import CHEAP_HASH

from esfilerealm import UsersTool
from esfilerealm.cli.schemas import schema_of
from esfilerealm.drift import Fingerprint
from esfilerealm.exchange import export_realm

KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def node(tmp_path, monkeypatch):
    """Make the directory of a node, by name, with users and roles."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "key").write_text(f"{KEY}\n")
    monkeypatch.setenv("COLUMNS", "80")

    def make(name, users="", roles=""):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "users").write_text(users)
        (folder / "users_roles").write_text(roles)
        return folder

    return make


@pytest.fixture
def compare(run):
    return lambda *words: run("compare", *words, config_dir=None)


@pytest.fixture
def digest(run):
    """Digest a directory into a file."""

    def write(name, *words, path=None, node=None):
        node = ["--node", node or name]
        result = run("digest", name, "--json", *node, *words, config_dir=None)
        assert result.exit_code == 0, result.err
        with open(path or f"{name}.json", "w") as file:
            file.write(result.out)

    return write


def test_equal(node, compare):
    for name in "abc":
        node(name, "ann:h\n", "viewer:ann\n")
    result = compare("a", "b", "c")
    assert (result.exit_code, result.out, result.err) == (0, "Equal: 3 nodes, 1 user\n", "")


def test_only_what_differs_is_shown(node, compare):
    node("a", "ann:h\nbob:h\nsame:h\n", "viewer:ann\n")
    node("b", "ann:old\nbob:h\nsame:h\neve:h\n", "viewer:ann\nsuperuser:eve\n")
    node("c", "ann:h\nsame:h\n", "admin:ann\n")
    node("d", "ann:h\nbob:h\nsame:h\n", "viewer:ann\n")
    result = compare("a", "b", "c", "d")
    assert result.exit_code == 1
    assert result.out.splitlines() == [
        "4 nodes, 4 users: 3 not the same everywhere",
        "",
        "user  most nodes  b                  c",
        "ann   viewer      other password     -viewer +admin",
        "bob   no roles    =                  missing",
        "eve   absent      exists: superuser  =",
        "",
        "2 nodes say what most nodes say; = means the same",
    ]


def test_no_majority(node, compare):
    node("a", "ann:x\n", "viewer:ann\n")
    node("b", "ann:y\nbob:h\n", "admin:ann\n")
    lines = compare("a", "b").out.splitlines()
    assert lines[2:] == [
        "user  most nodes   a                   b",
        "ann   no majority  viewer; password 1  admin; password 2",
        "bob   no majority  missing             exists: no roles",
    ]


def test_no_majority_for_the_password_only(node, compare):
    node("a", "ann:x\n", "viewer:ann\n")
    node("b", "ann:y\n", "viewer:ann\n")
    lines = compare("a", "b").out.splitlines()
    assert lines[3].split("  ") == [
        "ann",
        " viewer; no majority for the",
        "password 1",
        "password 2",
    ]
    assert compare("a", "b", "--ignore-hashes").exit_code == 0


def test_a_user_whose_roles_nobody_says(node, compare, tmp_path):
    node("a", "", "")
    users = [{"name": "ann", "password_hash": CHEAP_HASH}]
    for name in ("x.json", "y.json"):
        (tmp_path / name).write_text(json.dumps({"users": users}))
    result = compare("a", "x.json", "y.json")
    assert result.out.splitlines()[3].split() == ["ann", "exists", "missing"]
    assert "[x.json] does not say the roles or the password of 1 user" in result.err


def test_what_cannot_be_read_is_told_and_the_rest_compared(node, compare):
    node("a", "ann:h\n", "viewer:ann\n")
    node("b", "ann:h\n", "")
    (node("c") / "users").write_bytes(b"ann:\xff\n")
    result = compare("a", "b", "c", "nothing")
    assert result.exit_code == 65
    assert "ann " in result.out
    assert "[c] cannot be read: file [" in result.out
    assert "[nothing] cannot be read: [nothing] does not exist" in result.out


def test_skipped_lines_are_told_and_change_nothing(node, compare):
    node("a", "ann:h\n")
    node("b", "ann:h\n" + "broken\n" * 5)
    result = compare("a", "b")
    assert result.exit_code == 0
    assert result.err.count("NOTE: [b] skips users, line [") == 3
    assert "[b] skips 2 more; see --verbose" in result.err
    assert compare("a", "b", "-v").err.count("NOTE") == 5


def test_equal_columns_stand_together_and_wide_tables_are_cut(node, compare):
    node("a", "ann:h\nbob:h\n")
    for number in range(12):
        users = "ann:h\n" if number < 5 else f"ann:h\nbob:h\nu{number}:h\n"
        node(f"node-{number:02}", users)
    result = compare("a", *(f"node-{number:02}" for number in range(12)))
    lines = result.out.splitlines()
    assert max(map(len, lines)) <= 80
    heads = [line for line in lines if line.startswith("user ")]
    assert len(heads) > 1
    assert "node-00, node-01, node-02" in heads[0]
    assert all(f"node-{number:02}" in result.out for number in range(5, 12))


def test_long_cells_are_wrapped(node, compare):
    roles = "".join(f"role_{number}:ann\n" for number in range(40))
    node("a", "ann:h\n", roles)
    node("b", "ann:h\n", roles)
    node("c", "ann:h\n", "x" * 200 + ":ann\n")
    assert max(map(len, compare("a", "b", "c").out.splitlines())) <= 80


def test_letters_that_take_two_columns(node, compare, tmp_path):
    users = [{"name": "ann", "password_hash": CHEAP_HASH, "roles": []}]
    (tmp_path / "\u6771\u4eac.json").write_text(json.dumps({"users": users}))
    node("a", f"ann:{CHEAP_HASH}\n", "viewer:ann\n")
    node("b", f"ann:{CHEAP_HASH}\n", "viewer:ann\n")
    node("c", f"ann:{CHEAP_HASH}\n", "admin:ann\n")
    lines = compare("\u6771\u4eac.json", "a", "b", "c").out.splitlines()

    head, row = lines[2], lines[3]
    # `c` stands in the same column of the terminal: the two letters before it count twice.
    assert head.index("c", head.index("json") + 4) + 2 == row.index("admin")


def test_colours_come_after_widths(node, run, monkeypatch):
    from esfilerealm.cli import terminal

    monkeypatch.setattr(terminal, "_shows_colours", lambda _: True)
    node("a", "ann:h\nbob:h\n")
    node("b", "ann:h\n")
    node("c", "ann:h\nbob:h\neve:h\n", "superuser:eve\n")
    out = run("compare", "a", "b", "c", config_dir=None).out
    assert "\x1b[33mmissing\x1b[0m  =" in out
    assert "\x1b[31mexists: superuser\x1b[0m" in out


@pytest.mark.parametrize("kind", ["tar", "k8s-secret", "json", "yaml"])
def test_mixed_kinds(node, compare, tmp_path, kind):
    users, roles = f"ann:{CHEAP_HASH}\n", "viewer:ann\n"
    node("a", users, roles)
    (tmp_path / "other").write_bytes(export_realm(kind, users.encode(), roles.encode()).data)
    assert compare("a", "other").exit_code == 0
    node("b", users, "")
    assert compare("b", "other").exit_code == 1


class TestDigest:
    """A fingerprint is made here, and compared there."""

    def test_for_people(self, node, run):
        node("a", "ann:h\n", "viewer:ann\n")
        result = run("digest", "a", "--key-file", "key", config_dir=None)
        rows = dict(line.split(" : ", 1) for line in result.out.splitlines())
        assert {name.strip() for name in rows} == {
            *("node", "users", "label", "all", "roles", "passwords")
        }
        assert (rows["node      "], rows["users     "]) == (socket.gethostname(), "1")
        assert result.err == ""

    def test_of_the_directory_of_the_options(self, run, config):
        (config / "users").write_text("ann:h\nbroken\n")
        (config / "users_roles").write_text("")
        result = run("digest", "--json", "--node", "n1", "-v")
        made = json.loads(result.out)["fingerprint"]
        assert (made["node"], made["user_count"], made["hashes_digest"]) == ("n1", 1, None)
        assert "passwords are left out" in result.err
        assert "skipped: users, line [2]" in result.err
        assert json.loads(run("digest", "--json").out)["fingerprint"]["node"] == (
            socket.gethostname()
        )

    def test_a_line_end_is_not_part_of_the_key(self, node, run, tmp_path):
        node("a", "ann:h\n")
        made = set()
        for end in ("", "\n", "\r\n"):
            (tmp_path / "key").write_bytes((KEY + end).encode())
            made.add(run("digest", "a", "--key-file", "key", config_dir=None).out)
        assert len(made) == 1

    def test_compared_elsewhere_without_the_key(self, node, digest, compare, tmp_path):
        for name, text in (("a", "h"), ("b", "h"), ("c", "old")):
            node(name, f"ann:{text}\n")
            digest(name, "--key-file", "key")
        (tmp_path / "key").unlink()
        assert compare("a.json", "b.json").out == "Equal: 2 nodes, 1 user\n"
        result = compare("a.json", "b.json", "c.json")
        assert result.exit_code == 1
        assert "other password" in result.out
        assert result.out.splitlines()[2].split() == ["user", "most", "nodes", "c"]

    def test_compared_with_a_directory(self, node, digest, compare):
        node("a", "ann:h\n")
        node("b", "ann:old\n")
        digest("a", "--key-file", "key")
        result = compare("a.json", "b")
        assert result.exit_code == 64
        assert "[a.json] was made with a key, and [b] needs the same one" in result.err
        assert compare("b", "a.json").exit_code == 64
        assert compare("a.json", "b", "--key-file", "key").exit_code == 1
        assert compare("a.json", "b", "--key-file", "key", "--ignore-hashes").exit_code == 0

    def test_without_a_key(self, node, digest, compare):
        node("a", "ann:h\n")
        node("b", "ann:old\n")
        digest("a")
        result = compare("a.json", "b")
        assert result.exit_code == 0
        assert "[a] does not say the roles or the password of 1 user" in result.err

    def test_there_is_no_hash_in_it(self, node, run):
        node("a", f"ann:{CHEAP_HASH}\n")
        node("b", "ann:other\n")
        for words in (
            ["digest", "a", "--key-file", "key", "--json"],
            ["digest", "a", "--key-file", "key"],
            ["compare", "a", "b"],
            ["compare", "a", "b", "--json"],
        ):
            result = run(*words, config_dir=None)
            assert CHEAP_HASH not in result.out + result.err
            assert KEY not in result.out + result.err

    def test_of_several_nodes_in_one_file(self, node, run, compare):
        for name, text in (("a", "h"), ("b", "h"), ("c", "old")):
            node(name, f"ann:{text}\n")
        words = ["-c", "a", "-c", "b", "-c", "none", "--key-file", "key", "--json"]
        printed = run("digest", *words, config_dir=None)
        with open("all.json", "w") as file:
            file.write(printed.out)
        result = compare("all.json")
        assert result.exit_code == 65
        assert "[none] cannot be read: configuration directory [none] does not" in result.out
        result = compare("all.json", "c", "--key-file", "key")
        assert "other password" in result.out
        assert result.out.startswith("4 nodes, 1 user: 1 not the same everywhere")

    def test_of_a_fingerprint(self, node, digest, run):
        node("a", "ann:h\n")
        digest("a", "--key-file", "key")
        again = run("digest", "a.json", "--json", config_dir=None)
        with open("a.json") as file:
            assert again.out == file.read()
        assert again.err == ""


class TestBadInput:
    """Clear errors, 64 for the command line and 65 for data."""

    def test_sources_that_are_missing(self, compare):
        result = compare()
        assert (result.exit_code, "the source is missing" in result.err) == (64, True)

    def test_one_source(self, node, compare):
        node("a")
        result = compare("a")
        assert (result.exit_code, "at least two" in result.err) == (64, True)

    @pytest.mark.parametrize("again", ["a", "./a", "a/", "link"])
    def test_a_source_twice(self, node, compare, tmp_path, again):
        node("a")
        node("b")
        (tmp_path / "link").symlink_to(tmp_path / "a")
        result = compare("a", "b", again)
        rule = f"[a] and [{again}] are the same source: give it once"
        assert (result.exit_code, rule in result.err) == (64, True)

    def test_a_file_under_two_names(self, node, digest, compare, tmp_path):
        node("a")
        digest("a")
        (tmp_path / "b.json").hardlink_to(tmp_path / "a.json")
        result = compare("a.json", "b.json")
        rule = "[a.json] and [b.json] are the same source"
        assert (result.exit_code, rule in result.err) == (64, True)

    def test_a_missing_source_twice(self, compare):
        result = compare("a", "./a")
        assert (result.exit_code, "are the same source" in result.err) == (64, True)

    def test_the_name_of_a_node_twice(self, node, digest, compare):
        node("a")
        node("b", "ann:h\n")
        digest("a", node="n1")
        digest("b", node="n1")
        result = compare("a.json", "b.json")
        assert result.exit_code == 65
        assert "[a.json] and [b.json] are both of the node [n1]" in result.err

    def test_another_key(self, node, digest, compare, tmp_path):
        node("a")
        node("b")
        digest("a", "--key-file", "key")
        (tmp_path / "key").write_text("another key, which is long enough")
        digest("b", "--key-file", "key")
        result = compare("a.json", "b.json")
        assert result.exit_code == 65
        assert "[b] was made with another key than that of [a]" in result.err

    def test_another_version(self, node, digest, compare, tmp_path):
        node("a")
        node("b")
        digest("a")
        text = (tmp_path / "a.json").read_text()
        (tmp_path / "a.json").write_text(
            text.replace('fingerprint", "version": 1', 'fingerprint", "version": 3')
        )
        result = compare("a.json", "b")
        assert result.exit_code == 65
        assert "[a.json] has version [3], and this esfilerealm reads [1, 2]" in result.out

    def test_truncated_json(self, node, digest, compare, tmp_path):
        node("a", "ann:h\n")
        node("b")
        digest("a")
        text = (tmp_path / "a.json").read_text()
        (tmp_path / "a.json").write_text(text[: len(text) // 2])
        result = compare("a.json", "b")
        assert result.exit_code == 65
        assert "[a.json] is not whole" in result.out

    @pytest.mark.parametrize("command", [["compare", "a", "b"], ["digest", "a"]])
    def test_a_short_key(self, node, run, tmp_path, command):
        node("a")
        node("b")
        (tmp_path / "key").write_text("short")
        result = run(*command, "--key-file", "key", config_dir=None)
        assert result.exit_code == 65
        assert "at least 16 bytes, and this one has [5]" in result.err

    @pytest.mark.parametrize("command", [["compare", "a", "b"], ["digest", "a"]])
    def test_no_such_key_file(self, node, run, command):
        node("a")
        node("b")
        result = run(*command, "--key-file", "none", config_dir=None)
        assert (result.exit_code, "[none] does not exist" in result.err) == (78, True)

    def test_an_empty_name(self, node, run):
        node("a")
        result = run("digest", "a", "--node", "", config_dir=None)
        assert (result.exit_code, "[node] must not be empty" in result.err) == (64, True)

    def test_names_that_a_terminal_would_obey(self, node, compare, tmp_path):
        made = Fingerprint.from_json(
            json.dumps(evil_fingerprint("n\x1b[31m\u202e", "ann\x1b[2J", "role\x07"))
        )
        (tmp_path / "a.json").write_text(made.to_json())
        node("b")
        node("c")
        out = compare("a.json", "b", "c").out
        assert "\x1b" not in out
        assert "\u202e" not in out
        assert "\x07" not in out
        assert "ann\\x1b[2J" in out


def evil_fingerprint(node, name, role):
    from esfilerealm.drift import DescribedRealm

    return Fingerprint.of(DescribedRealm({name: ("h", (role,))}), node=node).to_dict()


class TestLocksAndTimes:
    """Locked here and open there is a difference of its own."""

    @pytest.fixture
    def nodes(self, node):
        for name in ("a", "b", "c"):
            node(name, f"ann:{CHEAP_HASH}\nbob:{CHEAP_HASH}\n", "viewer:ann,bob\n")
        UsersTool("a").lock("ann")
        UsersTool("b").expire("bob", datetime(2199, 12, 1, 8, tzinfo=UTC))

    def test_as_a_table(self, nodes, compare):
        result = compare("a", "b", "c")
        assert result.exit_code == 1
        rows = [re.split(r"\s{2,}", line) for line in result.out.splitlines()[2:5]]
        assert rows == [
            ["user", "most nodes", "a", "b"],
            ["ann", "viewer; not locked", "locked", "="],
            ["bob", "viewer; never expires", "=", "expires 2199-12-01T08:00:00Z"],
        ]

    def test_as_json(self, nodes, compare):
        jsonschema = pytest.importorskip("jsonschema")
        said = json.loads(compare("a", "b", "c", "--json").out)
        jsonschema.validate(said, schema_of("compare"))
        ann, bob = said["differing"]
        assert [(group["is_locked"], group["nodes"]) for group in ann["lock_groups"]] == [
            (False, ["b", "c"]),
            (True, ["a"]),
        ]
        assert [group["expires"] for group in bob["expiry_groups"]] == [
            "never",
            "2199-12-01T08:00:00Z",
        ]
        assert ann["password_groups"] == bob["password_groups"] == []

    def test_by_files(self, nodes, digest, compare):
        for name in ("a", "b", "c"):
            digest(name, "--key-file", "key")
        there = compare("a.json", "b.json", "c.json")
        assert there.out == compare("a", "b", "c").out

    def test_all_locked_is_equal(self, nodes, compare):
        for name in ("b", "c"):
            UsersTool(name).lock("ann")
        UsersTool("b").expire("bob", None)
        assert compare("a", "b", "c").out == "Equal: 3 nodes, 2 users\n"
