"""Elasticsearch's time values: every row of the reference, TIM-01 to TIM-09."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esfilerealm import RealmSettings
from esfilerealm.settings.time_value import TimeValueError, nanoseconds

SECOND = 10**9
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
LARGEST = 2**63 - 1


def rows(name, *examples):
    return [pytest.param(*example, id=f"{name} {example[0]!r}") for example in examples]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *rows(
            "TIM-01",
            ("3nanos", 3),
            ("3micros", 3000),
            ("3ms", 3 * 10**6),
            ("3s", 3 * SECOND),
            ("3m", 3 * MINUTE),
            ("3h", 3 * HOUR),
            ("3d", 3 * DAY),
        ),
        *rows(
            "TIM-02",
            ("20S", 20 * SECOND),
            ("20H", 20 * HOUR),
            ("20D", 20 * DAY),
            ("20MS", 20 * 10**6),
            ("5NANOS", 5),
            ("20s ", 20 * SECOND),
            ("20 m", 20 * MINUTE),
            (" 20m", 20 * MINUTE),
            ("\t20s\x00", 20 * SECOND),
        ),
        *rows(
            "TIM-03",
            ("+5s", 5 * SECOND),
            ("007s", 7 * SECOND),
            ("5 \t s", 5 * SECOND),
            (f"{LARGEST}nanos", LARGEST),
        ),
        *rows("TIM-05", ("-1s", -SECOND), ("-1d", -DAY), ("-01nanos", -1), ("-0s", 0)),
        *rows("TIM-06", *((text, -(10**6)) for text in ("-1", "-01", "-001")), ("0", 0), ("00", 0)),
        *rows("TIM-08", ("200000d", LARGEST), (f"{LARGEST}d", LARGEST)),
    ],
)
def test_values(text, expected):
    assert nanoseconds(text) == expected


UNIT = "must end with one of the units [nanos, micros, ms, s, m, h, d]"
NO_UNIT = "has no unit: add one of [nanos, micros, ms, s, m, h, d]"
WHOLE = "must be a whole number before the unit [s]"
FRACTION = "fractions are not supported"
NEGATIVE = "must not be negative, except for -1"


@pytest.mark.parametrize(
    ("text", "rule", "hint"),
    [
        *rows(
            "TIM-01",
            ("2w", UNIT, None),
            ("2 weeks", WHOLE, None),
            ("2months", WHOLE, None),
            ("1y", UNIT, None),
        ),
        *rows("TIM-02", ("20M", UNIT, "20m"), ("20m ", UNIT, "20m")),
        *rows("TIM-03", ("5_0s", WHOLE, None), ("\u0663s", WHOLE, None)),
        *rows(
            "TIM-04",
            ("1.5h", FRACTION, None),
            ("1e3s", FRACTION, None),
            (".5d", FRACTION, None),
            ("0.5nanos", FRACTION, None),
            ("0.0s", FRACTION, None),
            ("1e999999999s", FRACTION, None),
            ("1e50s", FRACTION, None),
            ("1.23456789012345678s", FRACTION, None),
            (f"{LARGEST + 1}s", f"must not have a number above {LARGEST}", None),
            (f"{'9' * 5000}s", f"must not have a number above {LARGEST}", None),
        ),
        *rows(
            "TIM-05",
            ("-2s", NEGATIVE, "2s"),
            ("-20m", NEGATIVE, "20m"),
            (f"-{'9' * 5000}s", NEGATIVE, None),
        ),
        *rows(
            "TIM-06",
            ("20", NO_UNIT, "20s] or [20m"),
            (str(LARGEST + 1), NO_UNIT, None),
            ("-0", NO_UNIT, "0"),
            ("", UNIT, None),
            ("5w", UNIT, None),
            ("5y", UNIT, None),
            ("20min", UNIT, "20m"),
            ("1 hour", UNIT, "1h"),
        ),
        *rows("TIM-07", ("5days", WHOLE, "5d"), ("s", WHOLE, None), ("20\u00b5s", WHOLE, None)),
    ],
)
def test_refusals(text, rule, hint):
    with pytest.raises(TimeValueError) as caught:
        nanoseconds(text)
    assert (caught.value.rule, caught.value.hint) == (
        rule,
        f"did you mean [{hint}]?" if hint else "",
    )


@pytest.mark.parametrize("text", ["0", "0s", "-1", "-1s"], ids=lambda text: f"TIM-09 {text!r}")
def test_values_that_switch_a_cache_off(text):
    prefix = "xpack.security.authc.realms.file.f"
    overrides = {f"{prefix}.order": "0", f"{prefix}.cache.ttl": text}
    assert RealmSettings.load(None, overrides).cache_ttl <= 0


def test_the_shortest_time_keeps_a_cache_on():
    prefix = "xpack.security.authc.realms.file.f"
    overrides = {f"{prefix}.order": "0", f"{prefix}.cache.ttl": "1nanos"}
    assert RealmSettings.load(None, overrides).cache_ttl > 0


@pytest.mark.property
@given(
    st.one_of(st.text(), st.from_regex(r"[ +-]?[0-9.eE_]{0,25} ?[a-zA-Z]{0,6} ?", fullmatch=True))
)
def test_any_text_is_a_time_or_has_a_hint_that_is_one(text):
    try:
        assert -DAY <= nanoseconds(text) <= LARGEST
    except TimeValueError as error:
        for hint in re.findall(r"\[(.*?)\]", error.hint):
            assert nanoseconds(hint) >= 0
