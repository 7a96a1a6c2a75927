"""What ``check`` does with rules: which it asks, in what order, and what is unreadable."""

from __future__ import annotations

import os

import pytest
from support.hashes import CHEAP_HASH
from support.storing import contents

from esfilerealm import errors
from esfilerealm.checks import check, node

ODD = {
    "users": f"oops\nbob:secret\nal:{CHEAP_HASH}\n",
    "users_roles": "viewer:bob,ghost\n",
    "elasticsearch.yml": "",
}


@pytest.fixture
def odd(tmp_path, monkeypatch):
    monkeypatch.setattr(node, "_PATIENCE", 0.05)
    for name, text in ODD.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def codes(findings):
    return [finding.code for finding in findings]


def test_writes_nothing(odd):
    before = contents(odd)
    assert codes(check(odd, select=["EFR101", "EFR111", "EFR201"])) == [
        "EFR101",
        "EFR201",
        "EFR111",
    ]
    assert contents(odd) == before


@pytest.mark.parametrize(
    ("select", "ignore", "expected"),
    [
        (["EFR101"], [], ["EFR101"]),
        (["efr10"], [], ["EFR101"]),
        ([" EFR101 ", "EFR201"], [], ["EFR101", "EFR201"]),
        (["EFR101", "EFR201"], ["EFR1"], ["EFR201"]),
    ],
    ids=["code", "beginning in small letters", "several", "ignored"],
)
def test_selects_by_code(odd, select, ignore, expected):
    assert codes(check(odd, select=select, ignore=ignore)) == expected


@pytest.mark.parametrize("argument", ["select", "ignore"])
@pytest.mark.parametrize("code", ["EFR9", "", " ", "101"])
def test_a_code_of_no_rule_is_an_error(odd, argument, code):
    with pytest.raises(errors.InvalidRuleCodeError) as caught:
        check(odd, **{argument: [code]})
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        ("EFT101", r"did you mean \[EFR101\]\?"),
        ("101", r"did you mean \[EFR101\]\?"),
        ("ERF4", r"did you mean \[EFR4\]\?"),
        ("EFR99", "--list-rules"),
        ("EFRX", "--list-rules"),
    ],
)
def test_a_code_with_known_digits_gets_a_question(odd, code, answer):
    with pytest.raises(errors.InvalidRuleCodeError, match=answer):
        check(odd, select=[code])


def test_without_a_directory(tmp_path):
    with pytest.raises(errors.ConfigurationFileMissingError):
        check(tmp_path / "nothing")


@pytest.mark.parametrize("version", ["8.x", "", "8.", "1.2.3.4.5", "\uff18"])
def test_a_version_that_is_none(odd, version):
    with pytest.raises(ValueError, match="elasticsearch_version"):
        check(odd, elasticsearch_version=version)


def test_one_finding_for_one_reason_names_all_its_rules(odd):
    (odd / "users").write_bytes(b"\xff")
    findings = check(odd, select=["EFR101", "EFR102", "EFR201"])
    assert codes(findings) == ["EFR100", "EFR200"]
    assert "[EFR101,EFR102]" in findings[0].message
    assert findings[0].path == str(odd / "users")


def test_what_was_not_examined_is_left_out_only_on_demand(odd):
    (odd / "users").write_bytes(b"\xff")
    assert check(odd, select=["EFR101"], ignore=["EFR100"]) == ()


class TestLinksOfOthers:
    @pytest.fixture(autouse=True)
    def _root(self):
        if os.name == "nt" or os.geteuid() != 0:
            pytest.skip("only root can make a link of another user")

    def link(self, odd, owner):
        secret = odd / "secret"
        (odd / "users").rename(secret)
        (odd / "users").symlink_to(secret)
        os.lchown(odd / "users", owner, owner)

    def test_a_link_of_another_user_is_not_followed(self, odd):
        self.link(odd, 4321)
        (finding,) = check(odd, select=["EFR101"])
        assert (finding.code, finding.path) == ("EFR100", str(odd / "users"))
        assert "another user could have made this link" in finding.message

    def test_a_link_where_anybody_may_write_is_not_followed(self, odd):
        self.link(odd, 0)
        odd.chmod(0o777)
        assert codes(check(odd, select=["EFR101"])) == ["EFR100"]

    @pytest.mark.parametrize("mode", [0o755, 0o1777])
    def test_a_link_of_root_is_followed_where_only_root_could_put_it(self, odd, mode):
        self.link(odd, 0)
        odd.chmod(mode)
        assert codes(check(odd, select=["EFR101"])) == ["EFR101"]

    def test_a_link_of_the_owner_of_the_directory_is_followed(self, odd):
        self.link(odd, 4321)
        os.chown(odd, 4321, 4321)
        assert codes(check(odd, select=["EFR101"])) == ["EFR101"]
