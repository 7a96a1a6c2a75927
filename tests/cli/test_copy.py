"""``copy``: nodes get the users of a source, after the change was shown and confirmed."""

from __future__ import annotations

import json

import pytest
from support.hashes import CHEAP_HASH
from support.storing import statuses

from esfilerealm import UsersTool
from esfilerealm.cli import copying
from esfilerealm.hashing import resolve

OTHER_HASH = resolve("bcrypt4").hash("another-1")


@pytest.fixture
def source(tmp_path, monkeypatch):
    """A node with two users, and a comment."""
    monkeypatch.chdir(tmp_path)
    return node(
        tmp_path, "source", f"# mine\njane:{CHEAP_HASH}\nal:{OTHER_HASH}\n", "superuser:jane\n"
    )


def node(folder, name, users, roles):
    path = folder / name
    path.mkdir()
    (path / "users").write_text(users)
    (path / "users_roles").write_text(roles)
    (path / "users").chmod(0o640)
    return path


@pytest.fixture
def nodes(tmp_path, source):
    """Two nodes that differ from it."""
    users = f"# a\njane:{OTHER_HASH}\n# b\neve:{CHEAP_HASH}\n"
    first = node(tmp_path, "n1", users, "superuser:jane,eve\nviewer:ghost\n")
    (first / "elasticsearch.yml").write_text("node.name: n1\n")
    return [
        first,
        node(tmp_path, "n2", f"jane:{CHEAP_HASH}\nal:{OTHER_HASH}\n", "superuser:jane\n"),
    ]


@pytest.fixture
def copy(run, nodes):
    """Copy to both nodes, or to the first."""

    def copy(*words, to=("n1", "n2"), **more):
        return run("copy", *words, *(f"-c{name}" for name in to), config_dir=None, **more)

    return copy


def test_the_plan_is_shown_and_then_confirmed(copy, run, nodes):
    shown = copy("source", to=["n1"], stdin="n\n")
    *changes, last = shown.out.splitlines()
    assert (shown.exit_code, last) == (0, "Nothing was changed")
    assert changes[:3] == ["~ jane: password (changed)", "+ al: -", "- eve (purged)"]
    assert shown.err.endswith(f"Change [{nodes[0].name}] as shown? [y/N]")
    done = copy("source", to=["n1"], stdin="y\n")
    assert done.out.startswith(shown.out.removesuffix("Nothing was changed\n"))
    assert "\nChanged: 1 user added [al], 1 user removed [eve], " in done.out
    assert run("compare", "source", "n1", config_dir=None).exit_code == 0
    assert copy("source", to=["n1"]).out == "Nothing to change\n"


def test_only_users(copy, nodes):
    """Comments, the order, modes and settings stay."""
    copy("source", "--yes")
    assert (nodes[0] / "users").read_text() == f"# a\njane:{CHEAP_HASH}\n# b\nal:{OTHER_HASH}\n"
    assert (nodes[0] / "users_roles").read_text() == "superuser:jane\n"
    assert (nodes[0] / "users").stat().st_mode & 0o777 == 0o640
    assert (nodes[0] / "elasticsearch.yml").read_text() == "node.name: n1\n"


def test_several_nodes(copy, nodes):
    before = list(map(statuses, nodes))
    shown = copy("source", stdin="n\n")
    assert (shown.out[:5], shown.out.splitlines()[-1]) == ("[n1]\n", "Nothing was changed")
    assert "Change [n1] as shown? [y/N]" in shown.err
    assert list(map(statuses, nodes)) == before
    done = copy("source", stdin="y\n")
    assert done.out.splitlines()[-2].startswith("[n1] Changed: 1 user added [al]")
    assert done.out.splitlines()[-1] == "[n2] Nothing to change"


def test_several_that_change_are_counted(copy, nodes):
    UsersTool(nodes[1]).userdel("al")
    assert "Change 2 nodes as shown? [y/N]" in copy("source", stdin="y\n").err
    assert UsersTool(nodes[1]).list_users() == {"jane": ("superuser",), "al": ()}


@pytest.mark.parametrize("name", ["tar", "k8s-secret", "yaml", "json"])
@pytest.mark.parametrize("is_stream", [False, True], ids=["file", "stream"])
def test_other_sources(copy, run, source, nodes, tmp_path, name, is_stream, monkeypatch):
    path = tmp_path / "export"
    run("export", "--format", name, "--output", str(path), config_dir=source)
    words = ["-" if is_stream else "export"]
    text = "" if not is_stream else path.read_text()
    done = copy(*words, "--yes", stdin=text)
    assert done.exit_code == 0
    assert UsersTool(nodes[0]).list_users() == {"jane": ("superuser",), "al": ()}


def test_the_rest_of_a_document_is_not_copied(copy, nodes, tmp_path):
    document = {
        "users": [{"name": "al", "password_hash": OTHER_HASH, "roles": ["superuser"]}],
        "attributes": {"mode": "0600"},
        "purge": "none",
        "keystore": [{"name": "a.b", "value": "x"}],
    }
    (tmp_path / "d.json").write_text(json.dumps(document))
    assert copy("d.json", "--yes").exit_code == 0
    for path in nodes:
        assert UsersTool(path).list_users() == {"al": ("superuser",)}
        assert not (path / "elasticsearch.keystore").exists()
    assert (nodes[0] / "users").stat().st_mode & 0o777 == 0o640


def test_a_dry_run_asks_nothing(copy, nodes):
    before = list(map(statuses, nodes))
    for to in (["n1"], ["n1", "n2"]):
        done = copy("source", "--dry-run", to=to)
        assert done.exit_code == 0
        assert "+ al" in done.out
        assert "Dry run. Would change: 1 user added" in done.out
        assert "[y/N]" not in done.err
    assert list(map(statuses, nodes)) == before


def test_who_is_protected_stays(copy, nodes):
    copy("source", "--yes", "--protect", "ev*")
    assert UsersTool(nodes[0]).list_users() == {
        "jane": ("superuser",),
        "eve": ("superuser",),
        "al": (),
    }


@pytest.mark.parametrize("to", [["n1"], ["n1", "n2"]], ids=len)
def test_the_guards_hold(copy, nodes, source, to):
    """A source without users, or without a superuser, is probably a mistake."""
    before = list(map(statuses, nodes))
    (source / "users_roles").write_text("viewer:jane\n")
    refused = copy("source", "--yes", to=to)
    assert refused.exit_code == 65
    assert "no [superuser] could log in any more" in refused.err
    assert list(map(statuses, nodes)) == before
    assert copy("source", "--yes", "--force", to=to).exit_code == 0


def test_nobody_is_asked_about_what_is_refused(copy, source):
    (source / "users_roles").write_text("")
    assert "[y/N]" not in copy("source", to=["n1"]).err


def test_a_node_that_fails_is_alone(copy, nodes):
    (nodes[1] / "users").write_bytes(b"\xff")
    done = copy("source", "--yes")
    assert done.exit_code == 70
    assert "[n2]: cannot" not in done.out
    assert "[n2] failed, with exit code 70" in done.out
    assert UsersTool(nodes[0]).list_users() == {"jane": ("superuser",), "al": ()}


def test_nobody_is_asked_where_one_has_failed_fast(copy, nodes):
    (nodes[1] / "users").write_bytes(b"\xff")
    before = list(map(statuses, nodes))
    done = copy("source", "--fail-fast")
    assert (done.exit_code, "[y/N]" in done.err) == (70, False)
    assert list(map(statuses, nodes)) == before


@pytest.mark.parametrize("to", [["n1"], ["n1", "n2"]], ids=len)
def test_what_was_not_shown_is_not_written(copy, nodes, monkeypatch, to):
    """Another program changes a node while the question waits."""

    def answer(*_):
        UsersTool(nodes[0]).userdel("eve")
        return True

    monkeypatch.setattr(copying, "is_confirmed", answer)
    done = copy("source", to=to)
    assert done.exit_code == 75
    assert "al" not in UsersTool(nodes[0]).list_users()


class TestSources:
    def test_a_user_that_no_node_can_use(self, copy, source, nodes):
        (source / "users").write_text(f"jane:{CHEAP_HASH}\nal:swordfish\n")
        before = list(map(statuses, nodes))
        done = copy("source", "--yes")
        assert done.exit_code == 65
        assert "al" in done.err
        assert "swordfish" not in done.err
        assert list(map(statuses, nodes)) == before
        assert copy("source", "--yes", "--partial").exit_code == 0
        assert UsersTool(nodes[0]).list_users() == {"jane": ("superuser",)}

    def test_one_that_is_not_utf_8(self, copy, source):
        (source / "users").write_bytes(b"\xff")
        done = copy("source", "--yes")
        assert done.exit_code == 65
        assert "not UTF-8" in done.err

    def test_a_fingerprint(self, copy, run, source, tmp_path):
        (tmp_path / "f.json").write_text(run("digest", "--json", config_dir=source).out)
        done = copy("f.json", "--yes")
        assert done.exit_code == 65
        assert "holds no hash" in done.err

    @pytest.mark.parametrize(
        ("words", "exit_code"),
        [
            ([], 64),
            (["source", "source"], 64),
            (["source", "--json"], 64),
            (["none", "--yes"], 78),
            (["source"], 70),
        ],
        ids=str,
    )
    @pytest.mark.parametrize("to", [["n1"], ["n1", "n2"]], ids=len)
    def test_refusals(self, copy, nodes, words, exit_code, to):
        before = list(map(statuses, nodes))
        assert copy(*words, to=to).exit_code == exit_code
        assert list(map(statuses, nodes)) == before


def test_json(copy):
    one = json.loads(copy("source", "--json", "--check", to=["n1"]).out)
    kinds = [change["kind"] for change in one["changes"]]
    assert sorted(kinds) == ["add_user", "remove_orphan", "remove_user", "set_password"]
    assert CHEAP_HASH not in json.dumps(one)
    both = json.loads(copy("source", "--json", "--yes").out)
    assert [each["node"] for each in both["by_node"]] == ["n1", "n2"]


def test_a_new_node(copy, tmp_path):
    assert copy("source", "--yes", "--create", to=["n3"]).exit_code == 0
    assert UsersTool(tmp_path / "n3").list_users() == {"jane": ("superuser",), "al": ()}
