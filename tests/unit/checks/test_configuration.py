"""``esfilerealm.toml``: what it may say, and from whom it is taken."""

from __future__ import annotations

import os

import pytest

from esfilerealm.checks import Limits
from esfilerealm.checks.configuration import Configuration, find_configuration
from esfilerealm.errors import ConfigurationFileMissingError, InvalidRulesFileError


def test_everything():
    text = b"""
select = ["EFR1", "EFR201"]
ignore = ["EFR121"]
known_roles = ["ops"]
fail_on = "error"

[limits]
lowest_bcrypt_cost = 12
"""
    assert Configuration.read(text, "r.toml") == Configuration(
        select=("EFR1", "EFR201"),
        ignore=("EFR121",),
        known_roles=("ops",),
        fail_on="error",
        limits=Limits(lowest_bcrypt_cost=12),
    )


def test_nothing():
    assert Configuration.read(b"", "r.toml") == Configuration()


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("selct = []", r"did you mean \[select\]"),
        ("select = 'EFR1'", "must be a list of strings"),
        ("select = ['EFT101']", r"did you mean \[EFR101\]"),
        ("ignore = ['X']", "no rule has the code"),
        ("fail_on = 'warn'", r"did you mean \[warning\]"),
        ("known_roles = [' a']", "must not start or end with a space"),
        ("limits = 7", "must be a mapping"),
        ("[limits]\nlowest_bcrypt_cos = 7", r"did you mean \[lowest_bcrypt_cost\]"),
        ("[limits]\nlowest_bcrypt_cost = 'x'", "must be a whole number above 0"),
        ("a b", "not TOML"),
    ],
)
def test_what_it_may_not_say(text, rule):
    with pytest.raises(InvalidRulesFileError, match=rule) as caught:
        Configuration.read(text.encode(), "r.toml")
    assert "[r.toml]" in str(caught.value)


def test_all_problems_at_once():
    with pytest.raises(InvalidRulesFileError) as caught:
        Configuration.read(b"selct = []\nfail_on = 1\n", "r.toml")
    assert len(caught.value.issues) == 2


def test_a_file_that_is_named_must_exist(tmp_path):
    with pytest.raises(ConfigurationFileMissingError):
        Configuration.load(str(tmp_path / "r.toml"))


@pytest.mark.parametrize("kind", ["directory", "pipe", "large"])
def test_a_file_that_is_none(tmp_path, kind):
    path = tmp_path / "esfilerealm.toml"
    if kind == "directory":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.write_bytes(b"#" * (2**20 + 1))
    with pytest.raises((InvalidRulesFileError, OSError)):
        find_configuration(str(tmp_path))


class TestBesideTheRealm:
    def write(self, directory, text="ignore = ['EFR1']\n"):
        path = directory / "esfilerealm.toml"
        path.write_text(text)
        path.chmod(0o644)
        return path

    def test_is_found(self, tmp_path):
        self.write(tmp_path)
        assert find_configuration(str(tmp_path)).ignore == ("EFR1",)

    def test_need_not_be_there(self, tmp_path):
        assert find_configuration(str(tmp_path)) == Configuration()

    def test_everybody_could_have_written_it(self, tmp_path):
        self.write(tmp_path).chmod(0o666)
        with pytest.raises(InvalidRulesFileError, match="everybody may write it"):
            find_configuration(str(tmp_path))

    @pytest.mark.skipif(
        os.name == "nt" or os.geteuid() != 0, reason="only root can give files away"
    )
    def test_another_user_has_written_it(self, tmp_path):
        os.chown(self.write(tmp_path), 4321, 4321)
        with pytest.raises(InvalidRulesFileError, match=r"user \[4321\]"):
            find_configuration(str(tmp_path))
        os.chown(tmp_path, 4321, 4321)
        assert find_configuration(str(tmp_path)).ignore == ("EFR1",)
