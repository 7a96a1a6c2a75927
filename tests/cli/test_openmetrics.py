"""``digest --openmetrics``."""

from __future__ import annotations

import re
import sys
from datetime import timedelta

import pytest
from support.hashes import CHEAP_HASH
from support.pages import ROOT, blocks

from esfilerealm import FileRealm, UsersTool
from esfilerealm.exchange import export_realm


@pytest.fixture
def realm(config):
    (config / "users").write_text(f"ann:{CHEAP_HASH}\nbob:clear\nbroken\n")
    (config / "users_roles").write_text("superuser:ann\n")
    return config


def values(text):
    """The values by name and labels."""
    parser = pytest.importorskip("prometheus_client.openmetrics.parser")
    return {
        (sample.name.removeprefix("esfilerealm_"), *sorted(sample.labels.items())): sample.value
        for family in parser.text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_what_is_told(run, realm):
    pytest.importorskip("prometheus_client")
    result = run("digest", "--node", 'n"1\x1b', "--openmetrics")
    assert result.exit_code == 0
    assert CHEAP_HASH not in result.out
    assert "\x1b" not in result.out
    found = values(result.out)
    node = ("node", 'n"1\\x1b')
    assert found["users", node] == 2
    assert found["superusers", node] == 1
    assert found["skipped_lines", node] == 1
    assert found["findings", node, ("severity", "error")] >= 1
    assert found["health", node, ("status", "issues")] == 1
    assert found["health", node, ("status", "ok")] == 0
    assert found["last_change_timestamp_seconds", node] == pytest.approx(
        max((realm / name).stat().st_mtime for name in ("users", "users_roles"))
    )
    assert next(key for key in found if key[0] == "fingerprint")[2] == node


def test_every_line_is_a_gauge_that_the_textfile_collector_reads_too(run, realm):
    parser = pytest.importorskip("prometheus_client.parser")
    out = run("digest", "--node", "a", "--openmetrics").out
    families = list(parser.text_string_to_metric_families(out))
    assert {family.type for family in families} == {"gauge"}
    assert len(families) == 10


def test_equal_users_have_equal_labels(run, realm, tmp_path):
    pytest.importorskip("prometheus_client")
    files = ((realm / name).read_bytes() for name in ("users", "users_roles"))
    (tmp_path / "a.tar").write_bytes(export_realm("tar", *files).data)
    (tmp_path / "key").write_text("0123456789abcdef")
    words = ["--key-file", str(tmp_path / "key"), "--node", "a", "--openmetrics"]
    here = values(run("digest", *words).out)
    there = values(run("digest", str(tmp_path / "a.tar"), *words, config_dir=None).out)
    assert {key: here[key] for key in there} == there
    assert {key[0] for key in here.keys() - there.keys()} == {
        *("findings", "health", "last_change_timestamp_seconds")
    }


def test_the_guide_shows_what_is_printed(run, realm):
    pytest.importorskip("prometheus_client")
    (shown,) = blocks(ROOT / "esfilerealm/drift/README.md", "text")
    printed = run("digest", "--node", "node-a", "--openmetrics").out
    names = [[line.partition("}")[0] for line in text.splitlines()] for text in (shown, printed)]
    plain = [
        [re.sub(r'label="\w+"', "", name) for name in each if "#" not in name] for each in names
    ]
    assert plain[0] == plain[1]


@pytest.mark.parametrize("is_special", [False, True], ids=["ordinary", "special"])
def test_a_program_tells_the_same(run, realm, tmp_path, is_special):
    """What both know; a check is for the command, a generation for a process that goes on."""
    prometheus = pytest.importorskip("prometheus_client")
    if is_special:
        with UsersTool(realm).transaction() as change:
            change.lock("ann")
            hour, given = timedelta(hours=1), {"password_hash": CHEAP_HASH}
            change.useradd("guest", **given, expires=hour)
            change.useradd("rescue", **given, expires=hour, is_emergency=True)
    key = "0123456789abcdef"
    (tmp_path / "key").write_text(key)
    words = ["--key-file", str(tmp_path / "key"), "--node", "a", "--openmetrics"]
    by_command = values(run("digest", *words).out)
    collector = FileRealm(realm).metrics(key=key.encode(), node="a")
    exposition = pytest.importorskip("prometheus_client.openmetrics.exposition")
    registry = prometheus.CollectorRegistry()
    registry.register(collector)
    by_program = values(exposition.generate_latest(registry).decode())
    assert by_command["locked_users", ("node", "a")] == is_special
    assert by_command["expiring_users", ("node", "a")] == 2 * is_special
    assert by_command["emergency_users", ("node", "a")] == is_special
    assert {n: v for n, v in by_command.items() if n in by_program} == {
        n: v for n, v in by_program.items() if n in by_command
    }
    assert {name[0] for name in by_command.keys() ^ by_program.keys()} == {"findings", "generation"}


def test_a_file_that_is_missing_has_no_date(run, realm):
    pytest.importorskip("prometheus_client")
    (realm / "users_roles").unlink()
    found = values(run("digest", "--node", "a", "--openmetrics").out)
    modified = (realm / "users").stat().st_mtime
    assert found["last_change_timestamp_seconds", ("node", "a")] == pytest.approx(modified)


def test_files_without_mistakes(run, realm):
    pytest.importorskip("prometheus_client")
    (realm / "users").write_text(f"ann:{CHEAP_HASH}\n")
    found = values(run("digest", "--node", "a", "--openmetrics").out)
    assert found["health", ("node", "a"), ("status", "ok")] == 1


@pytest.mark.parametrize("name", ["users", "users_roles"])
def test_files_that_cannot_be_read(run, realm, name):
    """An alarm must not depend on what the files say, so the health is printed all the same."""
    pytest.importorskip("prometheus_client")
    (realm / name).write_bytes(b"\xff\n")
    result = run("digest", "--node", "a", "--openmetrics")
    assert result.exit_code == 70
    assert "not UTF-8" in result.err
    states = {key[2][1]: value for key, value in values(result.out).items()}
    assert states == {"ok": 0, "issues": 0, "stale": 0, "empty": 1}


def test_a_short_key_says_nothing_of_the_files(run, realm, tmp_path):
    pytest.importorskip("prometheus_client")
    (tmp_path / "key").write_text("short")
    result = run("digest", "--openmetrics", "--key-file", str(tmp_path / "key"))
    assert (result.exit_code, result.out) == (65, "")


def test_beside_json(run, realm):
    result = run("digest", "--json", "--openmetrics")
    assert result.exit_code == 64
    assert "[json] and [openmetrics] exclude each other" in result.err + result.out


def test_without_the_extra(run, realm, monkeypatch):
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    result = run("digest", "--openmetrics")
    assert result.exit_code == 78
    assert "pip install 'esfilerealm[metrics]'" in result.err
