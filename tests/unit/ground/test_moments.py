"""Moments by two clocks, and the times that people type."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta, timezone

import pytest
from support.clocks import START

from esfilerealm._ground import moments
from esfilerealm._ground.moments import Moment, expiry_of, parse_expiry, shown_time
from esfilerealm.errors import InvalidExpiryError

NOW = Moment(START, "a start", 1000.0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", START + timedelta(seconds=90)),
        ("10m", START + timedelta(minutes=10)),
        ("8h", START + timedelta(hours=8)),
        ("2d", START + timedelta(days=2)),
        ("0s", START),
        ("2026-12-01", datetime(2026, 12, 1, tzinfo=UTC)),
        ("2026-12-01T08:00", datetime(2026, 12, 1, 8, tzinfo=UTC)),
        ("2026-12-01 08:00", datetime(2026, 12, 1, 8, tzinfo=UTC)),
        ("2026-12-01T08:00Z", datetime(2026, 12, 1, 8, tzinfo=UTC)),
        ("2026-12-01T08:00:30.5Z", datetime(2026, 12, 1, 8, 0, 30, 500_000, tzinfo=UTC)),
        ("2026-12-01T08:00+01:00", datetime(2026, 12, 1, 7, tzinfo=UTC)),
        ("2026-12-01T08:00-0130", datetime(2026, 12, 1, 9, 30, tzinfo=UTC)),
        ("2020-01-01", datetime(2020, 1, 1, tzinfo=UTC)),
    ],
)
def test_times(text, expected):
    found = parse_expiry(text, NOW)
    assert (found, found.tzinfo) == (expected, UTC)


@pytest.mark.parametrize(
    "text",
    [
        *("", "soon", "never", "8", "h", "-8h", "8 h", "1h30m", "1.5h", "8H", "8w", "٨h"),
        *("2026-13-01", "2026-02-30", "2026-12-01T25:00", "26-12-01", "20261201", "2026-W01-1"),
        *("2026-12-01T08:00 Europe/Berlin", "2026-12-01T08", "2026-12-01T08:00+25:00"),
        *("2026-12-01\n", "9" * 100 + "d"),
    ],
)
def test_no_times(text):
    with pytest.raises(InvalidExpiryError, match=r"must be a duration such as 90s.*without a zone"):
        parse_expiry(text, NOW)


@pytest.mark.parametrize("text", ["9999999d", "999999999999d", "0001-01-01T00:00+10:00"])
def test_times_that_no_calendar_has(text):
    with pytest.raises(InvalidExpiryError):
        parse_expiry(text, NOW)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (timedelta(hours=8), START + timedelta(hours=8)),
        (START + timedelta(seconds=1), START + timedelta(seconds=1)),
        (
            datetime(2026, 12, 1, 8, tzinfo=timezone(timedelta(hours=1))),
            datetime(2026, 12, 1, 7, tzinfo=UTC),
        ),
    ],
    ids=["what is left", "a time", "a time elsewhere"],
)
def test_of_programs(wanted, expected):
    assert expiry_of(wanted, NOW) == expected
    assert expiry_of(wanted, NOW).tzinfo is UTC


def test_shown_without_fractions():
    assert shown_time(datetime(2026, 12, 1, 8, 0, 0, 999_999, tzinfo=UTC)) == "2026-12-01T08:00:00Z"


class TestNow:
    def test_it_goes_on(self):
        first, second = moments.now(), moments.now()
        assert first.time <= second.time
        assert first.time.tzinfo is UTC

    @pytest.mark.skipif(sys.platform != "linux", reason="only Linux names its starts")
    def test_by_the_clock_of_this_start(self):
        first, second = moments.now(), moments.now()
        assert first.boot == second.boot != ""
        assert 0 < first.uptime <= second.uptime

    def test_a_system_that_does_not_tell(self, monkeypatch, tmp_path):
        monkeypatch.setattr(moments, "_BOOT_ID", str(tmp_path / "none"))
        assert (moments.now().boot, moments.now().uptime) == (None, None)

    @pytest.mark.parametrize("content", [b"", b"\xff"], ids=["nothing", "no text"])
    def test_one_that_tells_nonsense(self, monkeypatch, tmp_path, content):
        (tmp_path / "boot").write_bytes(content)
        monkeypatch.setattr(moments, "_BOOT_ID", str(tmp_path / "boot"))
        assert moments.now().boot is None
