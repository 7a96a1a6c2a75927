"""Every reason is named, with its place, and nothing is created or told that must not be."""

from __future__ import annotations

import os
import pickle

import pytest
from support.first_start import Layout, keystore
from unit.checks.autoconfiguration.block import with_block
from unit.checks.autoconfiguration.decisions import HTTP, TABLE, TRANSPORT

from esfilerealm.checks.autoconfiguration import explain
from esfilerealm.errors import MissingExtraError
from esfilerealm.keystore import SealedKeystore

EVERYTHING = Layout(
    yml="""\
xpack.security:
  autoconfiguration.enabled: false
  enabled: true
  http.ssl: {enabled: true, key: a}
discovery.seed_hosts: [a]
cluster.initial_master_nodes: [b]
node.roles: [ingest]
path.data: [data, more]
""",
    yml_is="link",
    keystore=keystore(HTTP, TRANSPORT),
    keystore_is="link",
    log4j2=None,
    data=("nodes",),
    writable=False,
    files={"more/x": ""},
)
BEHIND = "later"


def test_all_reasons_in_the_order_of_a_start(tmp_path, monkeypatch):
    result = EVERYTHING.explain(tmp_path, monkeypatch)
    config = tmp_path / "config"
    yml = str(config / "elasticsearch.yml")
    found = [(hit.rule, hit.key, hit.path, hit.line) for hit in result.hits]
    assert found == [
        ("log4j2", None, str(config / "log4j2.properties"), None),
        ("AUT-01", "path.data", str(tmp_path / "data"), None),
        ("AUT-01", "path.data", str(tmp_path / "more"), None),
        ("AUT-02", None, yml, None),
        ("AUT-04", None, str(config / "elasticsearch.keystore"), None),
        ("AUT-05", "xpack.security.autoconfiguration.enabled", yml, 2),
        ("AUT-06", "xpack.security.enabled", yml, 3),
        ("AUT-07", "xpack.security.http.ssl.enabled", yml, 4),
        ("AUT-07", "xpack.security.http.ssl.key", yml, 4),
        ("AUT-08", "cluster.initial_master_nodes", yml, 6),
        ("AUT-08", "discovery.seed_hosts", yml, 5),
        ("AUT-09", "node.roles", yml, 7),
        ("AUT-10", "node.roles", yml, 7),
        ("AUT-11", None, str(config), None),
        ("AUT-13", TRANSPORT, str(config / "elasticsearch.keystore"), None),
        ("AUT-13", HTTP, str(config / "elasticsearch.keystore"), None),
    ]
    assert (result.stage, result.exit, result.start) == ("log4j2", "CONFIG", "fails")


def test_a_setting_of_an_option_has_no_file(tmp_path, monkeypatch):
    layout = Layout(settings={"xpack.security.enabled": "true"})
    (hit,) = layout.explain(tmp_path, monkeypatch).hits
    assert (hit.key, hit.path, hit.line) == ("xpack.security.enabled", None, None)


def test_settings_that_cannot_be_read_hide_only_what_depends_on_them(tmp_path, monkeypatch):
    layout = Layout(yml="- a", data=("nodes",), keystore=keystore(HTTP), writable=False)
    result = layout.explain(tmp_path, monkeypatch)
    assert [hit.rule for hit in result.hits] == ["settings", "AUT-11", "AUT-13"]


@pytest.mark.parametrize(
    ("layout", "text"),
    [
        (Layout(yml=None), "/elasticsearch.yml]: AUT-02: the file is missing; put a "),
        (Layout(yml_is="link"), "/elasticsearch.yml]: AUT-02: the file is a symbolic link; put a "),
        (
            Layout(yml="node.roles: []"),
            "/elasticsearch.yml], line [1]: AUT-09: the node cannot be ",
        ),
        (Layout(settings={"a": "~"}), "settings: option -E of [a]: has no value"),
        (Layout(yml="a:"), "/elasticsearch.yml], line [1]: settings: setting [a]: has no value"),
        (Layout(yml=b"\xff"), "/elasticsearch.yml]: settings: it is not UTF-8 at byte 0; save"),
        (
            Layout(unlistable=True),
            "AUT-01: the start fails: the data directory cannot be listed (P",
        ),
    ],
)
def test_as_text(tmp_path, monkeypatch, layout, text):
    result = layout.explain(tmp_path, monkeypatch)
    assert text in str(result.hits[0])
    assert str(result.hits[0]).startswith(text[:8] if result.hits[0].path is None else "[/")


def test_one_bad_key_hides_nothing(tmp_path, monkeypatch):
    layout = Layout(yml="a:\nxpack.security.enabled: true", data=("nodes",))
    result = layout.explain(tmp_path, monkeypatch)
    assert [hit.rule for hit in result.hits] == ["settings", "AUT-01", "AUT-06"]


@pytest.mark.parametrize(("layout", "_"), TABLE.values(), ids=TABLE)
def test_each_hit_says_what_to_do(tmp_path, monkeypatch, layout, _):
    result = layout.explain(tmp_path, monkeypatch)
    assert all(hit.message and hit.advice for hit in result.hits)
    assert not any(hit.message.endswith(".") or "\n" in str(hit) for hit in result.hits)
    assert pickle.loads(pickle.dumps(result)) == result
    assert all(hit.shown for hit in result.hits if hit.exit == "exception")
    if result.configured:
        assert not any(hit.decides for hit in result.hits)
    else:
        first = next(hit for hit in result.hits if hit.decides)
        assert (first.stage, first.exit) == (result.stage, result.exit)


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        (
            "[voting_only]",
            [
                ("AUT-09", "NOOP", "its roles are [voting_only], not master"),
                ("AUT-10", "exception", "the role voting_only needs the role master"),
            ],
        ),
        (
            "[master, voting_only]",
            [
                ("AUT-09", "NOOP", "its roles are [master, voting_only], voting_only"),
                ("AUT-10", "NOOP", "its roles are [master, voting_only]"),
            ],
        ),
        ("[master, data, voting_only]", [("AUT-09", "NOOP", "voting_only], voting_only")]),
        ("[nosuch]", [("AUT-09", "NOOP", "not master"), ("AUT-10", "exception", "[nosuch]")]),
    ],
)
def test_roles(tmp_path, monkeypatch, roles, expected):
    hits = Layout(yml=f"node.roles: {roles}").explain(tmp_path, monkeypatch).hits
    assert [(hit.rule, hit.exit) for hit in hits] == [row[:2] for row in expected]
    assert all(hit.message.endswith(end) for hit, (*_, end) in zip(hits, expected, strict=True))


def test_a_block_that_is_there_already(tmp_path, monkeypatch):
    block = with_block(before="xpack.security.http.ssl.key: a\n")
    hits = Layout(yml=block).explain(tmp_path, monkeypatch).hits
    assert {hit.rule for hit in hits} == {"AUT-06", "AUT-07", "AUT-08"}
    generated = {hit.key for hit in hits if hit.message.endswith("configuration has written")}
    assert "xpack.security.enabled" in generated
    assert {hit.key for hit in hits if hit.rule != "AUT-08"} - generated == {
        "xpack.security.http.ssl.key"
    }


def test_what_is_configured_already(tmp_path, monkeypatch):
    text = "xpack.security: {enabled: true, http.ssl.enabled: true}"
    hits = Layout(yml=text).explain(tmp_path, monkeypatch).hits
    assert [hit.message.split()[0] for hit in hits] == ["security", "TLS"]


class TestOwner:
    def test_another_owner(self, tmp_path, monkeypatch):
        monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
        result = Layout().explain(tmp_path, monkeypatch)
        assert (result.check, result.exit, result.shown) == ("AUT-12", "CONFIG", True)
        assert f"[{os.getuid()}]" in result.hits[0].message

    def test_not_writable_counts_before(self, tmp_path, monkeypatch):
        monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
        result = Layout(writable=False).explain(tmp_path, monkeypatch)
        assert [hit.rule for hit in result.hits] == ["AUT-11", "AUT-12"]

    def test_a_link_as_configuration_directory_counts_itself(self, tmp_path, monkeypatch):
        Layout().create(tmp_path)
        (tmp_path / "link").symlink_to("config")
        asked = []
        lstat = os.lstat
        monkeypatch.setattr(os, "lstat", lambda path: asked.append(path) or lstat(path))
        explain(tmp_path / "link", environment={})
        assert str(tmp_path / "link") in asked


class TestDirectory:
    @pytest.mark.parametrize(
        ("flags", "files", "free", "reason"),
        [
            (os.ST_RDONLY, 10, 10, "Read-only file system"),
            (0, 10, 0, "No space left on device"),
            (0, 10, 1, ""),
            (0, 0, 0, ""),
        ],
    )
    def test_the_file_system(self, tmp_path, monkeypatch, flags, files, free, reason):
        Layout().create(tmp_path)
        known = os.statvfs(tmp_path)

        class Space:
            f_flag, f_files, f_ffree = flags, files, free

        monkeypatch.setattr(os, "statvfs", lambda _: Space if known else None)
        hits = explain(tmp_path / "config", environment={}).hits
        assert [hit.rule for hit in hits] == (["AUT-11"] if reason else [])
        assert reason in "".join(hit.message for hit in hits)

    def test_a_directory_that_is_not_there(self, tmp_path):
        result = explain(tmp_path / "nope", environment={})
        assert [hit.rule for hit in result.hits] == ["log4j2", "AUT-02", "AUT-11"]
        assert result.stage == "log4j2"
        assert result.hits[-1].message == "no directory can be created: it is not a directory"


class TestData:
    @pytest.mark.parametrize("target", ["full", "empty", "file", "nowhere"])
    def test_a_link_is_followed(self, tmp_path, target):
        Layout(data=None, files={"full/x": "", "file": ""}).create(tmp_path)
        (tmp_path / "empty").mkdir()
        (tmp_path / "data").symlink_to(target)
        result = explain(tmp_path / "config", environment={})
        assert result.check == ("AUT-01" if target == "full" else None)

    def test_an_absolute_path(self, tmp_path):
        text = f"path.data: {tmp_path}/elsewhere"
        Layout(yml=text, files={"elsewhere/x": ""}).create(tmp_path)
        assert explain(tmp_path / "config", home="/nope", environment={}).check == "AUT-01"

    def test_the_first_directory_that_says_something_decides(self, tmp_path, monkeypatch):
        layout = Layout(yml="path.data: [d, e]", files={"e/x": "", "d/x": ""})
        layout.create(tmp_path)
        scandir = os.scandir

        def refuse(path):
            if path.endswith("/d"):
                raise PermissionError(13, "Permission denied", path)
            return scandir(path)

        monkeypatch.setattr(os, "scandir", refuse)
        result = explain(tmp_path / "config", environment={})
        assert [hit.exit for hit in result.hits] == ["exception", "NOOP"]
        assert (result.check, result.start) == ("AUT-01", "fails")


class TestHome:
    def test_by_default_it_is_above(self, tmp_path):
        Layout(data=("nodes",)).create(tmp_path)
        assert explain(tmp_path / "config", environment={}).check == "AUT-01"

    def test_of_a_package(self, monkeypatch):
        asked = []
        monkeypatch.setattr(os.path, "isdir", lambda path: asked.append(path) or False)
        explain("/etc/elasticsearch", environment={})
        assert asked[0] == "/usr/share/elasticsearch/data"

    def test_it_may_be_relative(self, tmp_path, monkeypatch):
        Layout(data=("nodes",)).create(tmp_path)
        monkeypatch.chdir(tmp_path)
        assert explain("config", home=".", environment={}).check == "AUT-01"


class TestEnvironment:
    def test_by_default_that_of_this_process(self, tmp_path, monkeypatch):
        monkeypatch.setenv("SWITCH", "false")
        Layout(yml="xpack.security.autoconfiguration.enabled: ${SWITCH}").create(tmp_path)
        assert explain(tmp_path / "config").check == "AUT-05"

    def test_the_host_has_a_name_even_if_no_variable_says_it(self, tmp_path, monkeypatch):
        monkeypatch.delenv("HOSTNAME", raising=False)
        name = "esfilerealm.checks.autoconfiguration.explanation.gethostname"
        monkeypatch.setattr(name, lambda: "blue")
        Layout(yml="cluster.initial_master_nodes: [blue]").create(tmp_path)
        assert explain(tmp_path / "config").configured


def test_without_the_extra_the_entries_are_not_examined(tmp_path, monkeypatch):
    def missing(*_):
        raise MissingExtraError("keystore", "a keystore")

    monkeypatch.setattr(SealedKeystore, "open", missing)
    result = Layout(keystore=keystore(HTTP)).explain(tmp_path, monkeypatch)
    (hit,) = result.hits
    assert (result.configured, hit.rule, hit.decides) == (True, "AUT-13", False)
    assert "not examined" in hit.message


def test_nothing_is_changed(tmp_path, monkeypatch):
    def tree():
        return {
            path: (path.lstat().st_mtime_ns, path.lstat().st_ino)
            for path in [tmp_path, *tmp_path.rglob("*")]
        }

    layout = Layout(keystore=keystore(), yml="node.name: a")
    layout.create(tmp_path)
    before = tree()
    explain(tmp_path / "config", environment={})
    assert tree() == before


def test_no_secret_is_told(tmp_path, monkeypatch):
    secret = "correct-horse"
    layout = Layout(
        yml=f"""\
xpack.security.http.ssl.keystore.password: {secret}
xpack.security.autoconfiguration.enabled: ${{SECRET}}
stateless.enabled: ${{SECRET}}
a: ${{b-{secret}
c: ${{${{SECRET:}}{secret[:2]}${{d}}}}
d: {secret}
""",
        settings={"bind_password": f"{secret}: x", "e": secret},
        environment={"SECRET": secret},
        keystore=keystore(password=secret),
        password=f"not-{secret}",
    )
    result = layout.explain(tmp_path, monkeypatch)
    assert result.hits
    assert secret not in repr(result) + "".join(map(str, result.hits)) + str(result.to_dict())
