"""Locked and expiring users in the commands that plan, import, export and copy."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from esfilerealm import UsersTool

LATER = "2199-12-01T08:00:00Z"


@pytest.fixture
def tool(realm):
    return UsersTool(realm)


def test_a_plan_for_people(run, realm, document):
    path = document(
        f"users:\n  - {{name: bob, locked: true}}\n  - {{name: al, expires: {LATER}}}\n"
    )
    result = run("plan", path)
    assert result.out.splitlines() == [
        "~ bob: locked",
        f"~ al: expires never -> {LATER}",
        "Dry run. Would change: 1 user with another time, 1 user locked",
    ]
    assert run("apply", path).out == (
        "Changed: 1 user with another time [al], 1 user locked [bob]\n"
    )
    assert run("apply", path).out == "Nothing to change\n"


def test_a_plan_as_json(run, realm, document):
    path = document("users: [{name: bob, locked: true, expires: 2199-12-01}]")
    said = json.loads(run("plan", path, "--json").out)
    assert said["changes"] == [
        {
            "kind": "set_expiry",
            "username": "bob",
            "expires_before": None,
            "expires_after": "2199-12-01T00:00:00Z",
        },
        {"kind": "lock_user", "username": "bob"},
    ]


class TestEnsure:
    def test_both_options(self, run, realm, tool):
        result = run("ensure", "bob", "--expires", LATER, "--locked", "true", "--diff")
        assert result.out.splitlines()[:2] == [
            f"~ bob: expires never -> {LATER}",
            "~ bob: locked",
        ]
        assert tool.accounts()["bob"].is_locked
        run("ensure", "bob", "--expires", "never", "--locked", "false")
        assert tool.accounts() == {}

    @pytest.mark.parametrize(
        ("words", "exit_code", "message"),
        [
            (["--expires", "8h"], 65, "option [expires]: [8h] is a duration"),
            (["--expires", "soon"], 65, "option [expires]: must be [never] or a time"),
            (["--locked", "maybe"], 64, "option [locked]"),
            (["--absent", "--expires", LATER], 64, "options [absent] and [expires] exclude"),
            (["--absent", "--locked", "true"], 64, "options [absent] and [locked] exclude"),
        ],
        ids=["duration", "no-time", "no-lock", "absent-time", "absent-lock"],
    )
    def test_what_is_refused(self, run, realm, words, exit_code, message):
        result = run("ensure", "bob", *words)
        assert (result.exit_code, message in result.err) == (exit_code, True)


class TestExport:
    def test_a_user_who_expires_needs_partial(self, run, realm, tool):
        tool.expire("bob", timedelta(days=9))
        result = run("export", "--format", "htpasswd")
        assert result.exit_code == 65
        assert "user [bob]: it expires at [" in result.err
        result = run("export", "--format", "htpasswd", "--partial")
        assert result.exit_code == 0
        assert "bob:" not in result.out

    @pytest.mark.parametrize("what", ["locked", "time"])
    def test_a_secret_of_one_user(self, run, realm, tool, what):
        if what == "locked":
            tool.lock("bob")
        else:
            tool.expire("bob", timedelta(days=9))
        result = run("export", "--format", "k8s-secret", "--basic-auth", "bob")  # asks nobody
        assert (result.exit_code, result.out) == (65, "")
        assert f"[bob] is {'locked' if what == 'locked' else 'one whose time ends'}" in result.err


def test_copy_says_what_is_left_out(run, realm, tool, tmp_path):
    with tool.transaction() as change:
        change.useradd(
            "rescue",
            "correct-horse",
            expires=datetime.now(UTC) + timedelta(hours=1),
            is_emergency=True,
        )
    other = tmp_path / "other"
    UsersTool(other).init()
    result = run("copy", str(realm), "-c", str(other), "--yes", config_dir=None)
    assert result.exit_code == 0
    assert "user [rescue]: it gives emergency access to this node only" in result.err
    assert {*UsersTool(other).list_users()} == {"bob", "al", "ops-1"}
