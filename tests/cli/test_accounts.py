"""Users that expire or are locked, at the command."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta

import pytest
from support.hashes import CHEAP_HASH, PASSWORD

from esfilerealm import UsersTool
from esfilerealm._ground import moments
from esfilerealm.audit import read
from esfilerealm.cli import accounts
from esfilerealm.errors import LockTimeoutError

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
LIST = "bob            : viewer"


@pytest.fixture
def clock(monkeypatch):
    """Noon, until a test says otherwise."""

    class Clock:
        time = NOON

    clock = Clock()
    now = lambda: moments.Moment(clock.time, None, None)  # noqa: E731
    monkeypatch.setattr(moments, "now", now)
    return clock


class TestExpiry:
    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("8h", "2030-01-01T20:00:00Z"),
            ("2031-02-03", "2031-02-03T00:00:00Z"),
            ("2031-02-03T04:00+02:00", "2031-02-03T02:00:00Z"),
        ],
    )
    def test_of_a_new_user(self, run, clock, text, shown):
        words = ("ann", "--hash", CHEAP_HASH, "-r", "viewer", "--expires", text)
        assert run("useradd", *words).exit_code == 0
        assert run("list").out == f"ann            : viewer (expires {shown})\n"
        (state,) = json.loads(run("list", "--json").out)["states"].values()
        expected = {"is_locked": False, "is_emergency": False, "is_over": False}
        assert {name: state[name] for name in expected} == expected
        assert datetime.fromisoformat(state["expires"]) == datetime.fromisoformat(shown)

    def test_of_a_new_user_in_a_dry_run(self, run, clock, config):
        before = sorted(config.iterdir())
        words = ("ann", "--hash", CHEAP_HASH, "--expires", "8h", "--dry-run")
        assert run("useradd", *words).exit_code == 0
        assert sorted(config.iterdir()) == before

    def test_is_checked_before_a_password_is_asked_for(self, run):
        result = run("useradd", "ann", "--expires", "soon")
        assert result.exit_code == 65
        assert "invalid time [soon]" in result.err
        assert "Enter" not in result.err

    def test_of_a_user_that_is_there(self, run, bob, clock):
        result = run("expire", bob, "1d")
        assert (result.exit_code, result.out) == (0, "[bob] expires at [2030-01-02T12:00:00Z]\n")
        assert run("list").out == f"{LIST} (expires 2030-01-02T12:00:00Z)\n"
        assert run("expire", bob, "never").exit_code == 0
        assert run("list").out == f"{LIST}\n"

    def test_in_a_dry_run(self, run, bob, clock):
        result = run("expire", bob, "1d", "--dry-run")
        assert result.out == "Dry run. Would remove [bob] at [2030-01-02T12:00:00Z]\n"
        assert run("expire", bob, "never", "--dry-run").out == "Dry run. Nothing would change\n"
        assert run("list").out == f"{LIST}\n"

    @pytest.mark.parametrize(
        ("words", "exit_code"),
        [
            (["bob"], 64),
            ([], 64),
            (["bob", "1h", "2h"], 64),
            (["bob", "1y"], 65),
            (["al", "1h"], 67),
        ],
    )
    def test_wrong_words(self, run, bob, words, exit_code):
        assert run("expire", *words).exit_code == exit_code


class TestSweep:
    @pytest.fixture
    def over(self, run, bob, clock):
        run("expire", bob, "1h")
        clock.time += timedelta(hours=2)
        return bob

    def test_removes_who_is_over(self, run, over, config):
        assert run("sweep", "--dry-run").out == "Dry run. Would remove [bob]\n"
        assert run("sweep").out == "Removed [bob]\n"
        assert run("sweep").out == "Nobody's time is over\n"
        assert (config / "users").read_text() == "# people\n"
        assert not (config / "users.accounts").exists()

    def test_for_programs(self, run, over):
        result = json.loads(run("sweep", "--json").out)
        assert result["user_changes"]["expired"] == [over]

    @pytest.mark.parametrize("words", [["list"], ["roles", "bob"], ["verify", "bob", "-p", "x"]])
    def test_happens_before_others_read(self, run, over, words):
        result = run(*words)
        assert "NOTE: removed [bob], since their time is over" in result.err
        assert UsersTool(os.environ["ES_PATH_CONF"]).list_users() == {}

    @pytest.mark.parametrize("words", [["list"], ["verify", "bob", "-p", "x"]])
    def test_of_readers_has_their_name_in_an_audit_log(
        self, run, over, tmp_path, monkeypatch, words
    ):
        log = tmp_path / "audit.log"
        monkeypatch.setenv("ESFILEREALM_AUDIT", str(log))
        run(*words)
        (entry,) = read(log)
        assert (entry.command, entry.usernames) == (words[0], {"bob"})

    def test_of_readers_is_silent_where_the_log_cannot_be(self, run, over, tmp_path, monkeypatch):
        monkeypatch.setenv("ESFILEREALM_AUDIT", str(tmp_path / "audit.log"))
        monkeypatch.setenv("ESFILEREALM_AUDIT_KEY", str(tmp_path / "no key"))
        result = run("list")
        assert (result.exit_code, result.err) == (0, "")

    def test_of_readers_is_silent_where_it_cannot_be(self, run, over, monkeypatch):
        def fail(*_):
            raise LockTimeoutError("users.lock", 0.2)

        monkeypatch.setattr(UsersTool, "sweep", fail)
        result = run("list")
        assert result.exit_code == 0
        assert result.out == f"{LIST} (expires 2030-01-01T13:00:00Z)\n"
        assert result.err == ""

    def test_of_readers_does_not_wait_long(self):
        assert accounts._PATIENCE < 1

    def test_of_other_writers_is_told(self, run, over):
        result = run("useradd", "ann", "--hash", CHEAP_HASH)
        assert result.err == "WARNING: user [bob] removed: the time is over\n"
        assert "user [bob] removed: the time is over" not in run("sweep").err

    def test_is_none_of_check(self, run, over, config):
        before = (config / "users").read_bytes()
        assert "EFR131" in run("check").out
        assert (config / "users").read_bytes() == before


class TestLock:
    def test_and_unlock(self, run, bob):
        assert (run("lock", bob).exit_code, run("lock", bob).exit_code) == (0, 0)
        assert run("list").out == f"{LIST} (locked)\n"
        result = run("verify", bob, "-p", PASSWORD)
        assert result.exit_code == 1
        assert "WARNING: [bob] is locked, so no password is right" in result.err
        assert json.loads(run("verify", bob, "-p", PASSWORD, "--json").out)["is_locked"] is True
        told = run("list", "--json"), run("check"), run("lock", bob, "--json"), result
        assert not any("$2" in each.out + each.err for each in told)
        assert run("unlock", bob).exit_code == 0
        assert run("list").out == f"{LIST}\n"
        assert run("verify", bob, "-p", PASSWORD).exit_code == 0

    def test_of_several_is_one_write(self, run, bob):
        run("useradd", "ann", "--hash", CHEAP_HASH)
        result = run("lock", "ann", bob, "ann", "--json")
        told = json.loads(result.out)
        assert told["names"] == ["ann", "bob"]
        assert sorted(told["user_changes"]["locked"]) == ["ann", "bob"]
        assert run("unlock", "ann", "nobody").exit_code == 67
        assert "ann            : - (locked)" in run("list").out

    def test_in_a_dry_run(self, run, bob):
        assert run("lock", bob, "--dry-run").out == "Dry run. Would lock [bob]\n"
        assert run("unlock", bob, "--dry-run").out == "Dry run. Nothing would change\n"
        assert run("list").out == f"{LIST}\n"

    def test_stays_with_a_new_password(self, run, bob):
        run("lock", bob)
        result = run("passwd", bob, "-p", "battery-staple")
        assert result.exit_code == 0
        assert "WARNING: user [bob] stays locked" in result.err
        assert run("verify", bob, "-p", "battery-staple").exit_code == 1
        run("unlock", bob)
        assert run("verify", bob, "-p", "battery-staple").exit_code == 0

    def test_without_the_hash(self, run, bob, config):
        run("lock", bob)
        (config / "users.accounts").unlink()
        result = run("unlock", bob)
        assert result.exit_code == 66
        assert "set a password" in result.err

    def test_with_a_time(self, run, bob, clock):
        run("lock", bob)
        run("expire", bob, "1h")
        assert run("list").out == f"{LIST} (locked) (expires 2030-01-01T13:00:00Z)\n"

    def test_of_nobody(self, run, bob):
        assert run("lock").exit_code == 64
        assert run("lock", "nobody").exit_code == 67


def test_a_time_stands_whole_in_an_audit_log(run, bob, clock, tmp_path):
    log = tmp_path / "audit.log"
    run("expire", bob, "1h", "--audit", str(log))
    (line,) = map(json.loads, log.read_text().splitlines())
    (times,) = line["changes"]["expiries"].values()
    assert datetime.fromisoformat(times["after"]) == NOON + timedelta(hours=1)
    assert line["command"] == "expire"


def test_an_emergency_is_listed(run, tool, clock):
    rescue = tool.rescue(timedelta(minutes=10), ["viewer"])
    with rescue as user:
        mark = "(emergency, until 2030-01-01T12:10:00Z)"
        assert run("list").out == f"{user.username}: viewer {mark}\n"


def test_a_record_that_is_none_stops_nobody(run, bob, config):
    (config / "users.accounts").write_text("none")
    listed = run("list")
    assert (listed.exit_code, listed.out) == (0, f"{LIST}\n")
    assert listed.err.startswith("NOTE: nobody knows who expires: file [")
    assert run("useradd", "ann", "--hash", CHEAP_HASH).exit_code == 0
    assert run("sweep").exit_code == 70
