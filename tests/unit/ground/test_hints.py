"""Guesses of what was meant."""

from __future__ import annotations

import pytest

from esfilerealm._ground.hints import boolean_hint, did_you_mean, nearest


class TestDidYouMean:
    def test_the_closest_word(self):
        assert did_you_mean("usradd", ["userdel", "useradd"]) == "did you mean [useradd]?"

    def test_nothing_that_is_not_like_it(self):
        assert did_you_mean("bogus", ["useradd", "userdel"]) == ""

    @pytest.mark.parametrize("value", [None, 7, ["useradd"]])
    def test_a_value_that_is_not_a_string(self, value):
        assert did_you_mean(value, ["useradd"]) == ""

    def test_a_cutoff(self):
        assert did_you_mean("passwordhunter2", ["password"], 0.9) == ""
        assert did_you_mean("passwords", ["password"], 0.9) == "did you mean [password]?"

    def test_a_prefix_is_only_shown(self):
        assert did_you_mean("stratgy", ["strategy"], prefix="--") == "did you mean [--strategy]?"
        assert did_you_mean("--", ["strategy"], prefix="--") == ""


def test_the_nearest_or_all():
    assert nearest("BCRYPT", ["bcrypt", "pbkdf2"]) == "did you mean [bcrypt]?"
    assert nearest("x", ["bcrypt", "pbkdf2"]) == "known are [bcrypt, pbkdf2]"


@pytest.mark.parametrize(
    ("text", "value"), [("Yes", "true"), (" 1 ", "true"), ("off", "false"), ("maybe", None)]
)
def test_booleans_of_other_programs(text, value):
    assert boolean_hint(text) == ("" if value is None else f"did you mean [{value}]?")
