"""``check``: what is selected, what fails, which format, what is known already, what is tried."""

from __future__ import annotations

import json

import pytest
from support.hashes import CHEAP_HASH, PASSWORD

from esfilerealm.checks import all_rules


@pytest.fixture
def odd(config):
    (config / "users").write_text(f"bob:{CHEAP_HASH}\nal:swordfish\noops\n")
    (config / "users_roles").write_text("viewer:bob,al\n")
    return config


def codes(result):
    return [finding["code"] for finding in json.loads(result.out)["findings"]]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["--select", "EFR101,EFR201"], ["EFR201", "EFR101"]),
        (["--select", "efr101", "--select", "EFR201"], ["EFR201", "EFR101"]),
        (["--select", "EFR10,EFR20", "--ignore", "EFR2"], ["EFR101"]),
    ],
    ids=["commas", "repeated", "ignored"],
)
def test_selects(run, odd, words, found):
    assert codes(run("check", "--json", *words)) == found


@pytest.mark.parametrize("option", ["--select", "--ignore", "--explain"])
def test_a_code_of_no_rule(run, odd, option):
    result = run("check", option, "EFT101")
    assert result.exit_code == 64
    assert "did you mean [EFR101]?" in result.err


@pytest.mark.parametrize(
    ("level", "select", "exit_code"),
    [
        (None, "EFR101", 65),
        (None, "EFR115", 0),
        ("error", "EFR101", 0),
        ("error", "EFR201", 65),
        ("info", "EFR115", 65),
        ("never", "EFR2", 0),
    ],
)
def test_fails_from_a_level_on(run, odd, level, select, exit_code):
    words = [] if level is None else ["--fail-on", level]
    assert run("check", "--select", select, *words).exit_code == exit_code


def test_a_level_of_the_rules(run, odd, tmp_path):
    (odd / "esfilerealm.toml").write_text('fail_on = "never"\nselect = ["EFR2"]\n')
    assert run("check").exit_code == 0
    assert run("check", "--fail-on", "error").exit_code == 65
    assert codes(run("check", "--json", "--select", "EFR101")) == ["EFR101"]
    (tmp_path / "r.toml").write_text('ignore = ["EFR2", "EFR3", "EFR4", "EFR101"]\n')
    assert run("check", "--rules", str(tmp_path / "r.toml")).exit_code == 0


def test_rules_with_a_mistake(run, odd):
    (odd / "esfilerealm.toml").write_text("selct = []\n")
    result = run("check")
    assert result.exit_code == 78
    assert "did you mean [select]?" in result.err


@pytest.mark.parametrize("format", ["sarif", "junit", "github", "text", "json"])
def test_formats(run, odd, format):
    result = run("check", "--select", "EFR201", "--format", format)
    assert result.exit_code == 65
    assert "EFR201" in result.out
    assert result.err == ""


def test_two_formats_exclude_each_other(run, odd):
    assert run("check", "--json", "--format", "sarif").exit_code == 64
    assert codes(run("check", "--json", "--format", "json", "--select", "EFR101")) == ["EFR101"]


@pytest.mark.parametrize("code", all_rules())
def test_explains_each_rule(run, code):
    result = run("check", "--explain", code)
    rule = all_rules()[code]
    assert result.exit_code == 0
    assert " ".join(result.out.split()).startswith(f"{code} {rule.title} ({rule.severity})")
    assert rule.advice in " ".join(result.out.split())


def test_lists_all_rules(run):
    lines = run("check", "--list-rules").out.splitlines()
    assert [line.split()[0] for line in lines] == list(all_rules())


class TestBaseline:
    def test_reports_only_what_is_new(self, run, odd, tmp_path):
        baseline = ["--baseline", str(tmp_path / "b.json")]
        assert run("check", *baseline, "--write-baseline").exit_code == 0
        assert run("check", *baseline).exit_code == 0
        (odd / "users_roles").write_text("viewer:bob,al,ghost\n")
        assert codes(run("check", "--json", *baseline)) == ["EFR111"]

    def test_says_what_is_gone(self, run, odd, tmp_path):
        words = ["--select", "EFR101", "--baseline", str(tmp_path / "b.json")]
        run("check", *words, "--write-baseline")
        (odd / "users").write_text("")
        assert "[1] of the baseline are gone" in run("check", *words).err

    @pytest.mark.parametrize(
        ("words", "exit_code"),
        [
            (["--write-baseline"], 64),
            (["--write-baseline", "--fix", "--baseline", "b.json"], 64),
            (["--baseline", "missing.json"], 78),
        ],
    )
    def test_without_a_file(self, run, odd, words, exit_code):
        assert run("check", *words).exit_code == exit_code


class TestGuesses:
    def test_names_the_user_and_never_the_password(self, run, odd, tmp_path):
        (tmp_path / "list").write_text(f"other-password\n{PASSWORD}\n")
        result = run("check", "--select", "EFR221", "--try-passwords", str(tmp_path / "list"))
        assert result.exit_code == 65
        assert "the password of user [bob] was guessed" in result.out
        assert PASSWORD not in result.out + result.err

    def test_without_a_list_nothing_is_tried(self, run, odd):
        assert run("check", "--select", "EFR221").exit_code == 0

    def test_a_list_that_is_too_long(self, run, odd, tmp_path):
        (tmp_path / "list").write_text("".join(f"{n}\n" for n in range(10_001)))
        result = run("check", "--try-passwords", str(tmp_path / "list"))
        assert (result.exit_code, "[10001] lines" in result.err) == (65, True)

    def test_no_list(self, run, odd, tmp_path):
        assert run("check", "--try-passwords", str(tmp_path / "list")).exit_code == 78


class TestFix:
    def test_shows_the_plan_first_and_undo_takes_it_back(self, run, odd):
        (odd / "users_roles").write_text("viewer:bob,ghost\n")
        (odd / "users").chmod(0o666)
        words = ["check", "--select", "EFR111,EFR302", "--fix", "--keep", "1"]
        dry = run(*words, "--dry-run")
        assert "To fix:" in dry.out
        assert (odd / "users").stat().st_mode & 0o777 == 0o666
        result = run(*words)
        assert result.exit_code == 0
        steps = [line.strip() for line in result.out.partition("To fix:\n")[2].splitlines()]
        assert steps[0] == f"- change the mode of [{odd / 'users'}] to [0664]"
        assert steps[1] == "- remove [ghost] from [users_roles]"
        assert (odd / "users_roles").read_text() == "viewer:bob\n"
        assert run("undo").exit_code == 0
        assert (odd / "users_roles").read_text() == "viewer:bob,ghost\n"
        assert (odd / "users").stat().st_mode & 0o777 == 0o666

    def test_a_protected_file_keeps_its_mode(self, run, odd):
        (odd / "users").chmod(0o666)
        result = run("check", "--select", "EFR302", "--fix", "--protect", "users")
        assert (result.exit_code, "Nothing to fix" in result.out) == (65, True)


class TestUnreadable:
    def test_a_realm_that_cannot_be_read_is_an_error(self, run, odd):
        (odd / "users").write_bytes(b"\xff\n")
        result = run("check", "--select", "EFR1")
        assert result.exit_code == 70
        assert "error EFR106" in result.out
        assert "not UTF-8" in result.err

    def test_unless_no_rule_is_about_it(self, run, odd):
        (odd / "users").write_bytes(b"\xff\n")
        assert run("check", "--select", "EFR45").exit_code == 0

    def test_a_directory_that_is_none_of_a_node(self, run, tmp_path):
        (tmp_path / "empty").mkdir()
        assert run("check", "-c", str(tmp_path / "empty")).exit_code == 78
