"""What is printed works: scripts and programs are run against a cluster; none holds a password."""

from __future__ import annotations

import getpass
import json
import os
import re
import shutil
import subprocess

import pytest
from support.cluster import FakeCluster, User, serving

from esfilerealm.backup.snapshot import (
    FORMS,
    Access,
    Release,
    SnapshotOrder,
    render_steps,
    steps_to_create,
    steps_to_restore,
    steps_to_verify,
)
from esfilerealm.backup.snapshot.calls import python_call
from esfilerealm.errors import InvalidSnapshotValueError

ORDER = SnapshotOrder("my_backup", "snapshot_1", location="it's here", backup_user="saver")
PLANS = {"create": steps_to_create, "restore": steps_to_restore, "verify": steps_to_verify}
#: With what a shell and a config of curl would trip over.
NASTY = "q\"\\ $(x)`'p"

needs_curl = pytest.mark.skipif(
    os.name == "nt" or shutil.which("curl") is None, reason="curl and a POSIX shell are needed"
)


def rendered(what, form, version, access=None, order=ORDER):
    release = Release.parse(version)
    return render_steps(PLANS[what](release, order), form, release, access)


def state_of(version, what):
    state = FakeCluster(version, users={"restore_user": User(NASTY, ["superuser"])})
    if what != "create":
        state.repositories["my_backup"] = {}
        state.add_snapshot("snapshot_1")
    return state


def sent(state):
    return [(str(call), json.dumps(call.body), call.query) for call in state.calls]


def expected(version, what):
    steps = PLANS[what](Release.parse(version), ORDER)
    for action in (step.action for step in steps if hasattr(step.action, "method")):
        body = action.body and dict(action.body)
        if action.secret:
            body = {**body, action.secret: NASTY}
        yield action.method, action.path, body, dict(action.query)


def assert_as_planned(state, version, what, *, strict=True):
    planned = list(expected(version, what))
    assert len(state.calls) == len(planned)
    for call, (method, path, body, query) in zip(state.calls, planned, strict=True):
        # The client puts a user, which is the same.
        is_put = not strict and "/user/" in path
        assert (call.method, call.path) == ("PUT" if is_put else method, path)
        assert call.body == body
        if strict:
            assert call.query == query


class TestConsole:
    def test_lines(self):
        text = rendered("create", "console", "8.19")
        assert "\nPUT /_snapshot/my_backup/snapshot_1?wait_for_completion=true\n{\n" in text
        assert '"password": "<its password>",\n' in text
        assert text.startswith("# 1. Register the repository [my_backup] (needs manage)\n#    ")

    @pytest.mark.parametrize("what", PLANS)
    def test_bodies_are_json(self, what):
        text = rendered(what, "console", "8.19")
        for body in re.findall(r"^\{\n.*?^\}$", text, re.DOTALL | re.MULTILINE):
            json.loads(body)

    def test_what_is_done_by_hand(self):
        text = rendered("restore", "console", "7")
        assert "#      allow_restricted_indices: true\n" in text.replace("        ", "  ")
        assert "#      esfilerealm useradd restore_user --roles superuser,restore_r" in text
        assert "\n#    By hand.\n" in text


@needs_curl
class TestCurl:
    @pytest.mark.parametrize(
        ("version", "what"),
        [("6.8.23", "restore"), ("7.10.2", "create"), ("8.19.3", "restore"), ("9.1.0", "create")],
    )
    def test_the_script_sends_what_is_planned(self, tmp_path, version, what):
        state = state_of(version, what)
        with serving(state) as url:
            script = rendered(what, "curl", version, Access(url, "restore_user"))
            answers = f"{NASTY}\n" * 3  # of the user, of the new user; or Enter
            done = subprocess.run(
                ["sh", "-c", script], input=answers, capture_output=True, text=True, check=False
            )
        assert done.returncode == 0, done.stderr
        assert_as_planned(state, version, what)
        assert NASTY not in script + done.stdout + done.stderr

    def test_a_refusal_ends_it(self):
        with serving(FakeCluster("8.19.3")) as url:
            script = rendered("verify", "curl", "8.19.3", Access(url, "admin"))
            done = subprocess.run(
                ["sh", "-c", script], input="wrong\n", capture_output=True, text=True, check=False
            )
        assert done.returncode == 22
        assert "unable to authenticate" in done.stdout

    def test_with_a_file_of_passwords(self, tmp_path):
        state = state_of("8.19.3", "verify")
        netrc = tmp_path / "net rc"
        netrc.write_text("machine 127.0.0.1 login admin password admin-password\n")
        with serving(state) as url:
            access = Access(url, netrc_file=str(netrc), ca_file="un used")
            script = rendered("verify", "curl", "8.19.3", access).replace("--cacert 'un used'", "")
            subprocess.run(["sh", "-c", script], check=True, capture_output=True)
        assert_as_planned(state, "8.19.3", "verify")


class TestPython:
    @pytest.mark.parametrize("what", PLANS)
    def test_the_program_sends_what_is_planned(self, what, monkeypatch, capsys):
        elasticsearch = pytest.importorskip("elasticsearch")
        version = "9.1.0" if elasticsearch.__version__[0] == 9 else "8.19.3"
        state = state_of(version, what)
        monkeypatch.setattr(getpass, "getpass", lambda _: NASTY)
        monkeypatch.setattr("builtins.input", lambda _: "")
        with serving(state) as url, pytest.warns() as warned:
            import warnings

            warnings.warn("one at least", stacklevel=1)
            program = rendered(what, "python", version, Access(url, "restore_user"))
            names = {}
            exec(compile(program, what, "exec"), names)
            names["client"].close()
        assert {str(each.message) for each in warned} <= {
            "one at least",
            "this request accesses system indices: [.security-7]",
        }
        assert_as_planned(state, version, what, strict=False)
        assert NASTY not in program + capsys.readouterr().out

    def test_every_step_has_a_call_in_each_client(self):
        """`backup.md`, section 6: the arguments have names from 8 on, and none before."""
        calls = {}
        for version in ("7.17", "8.19"):
            for plan in PLANS.values():
                for step in plan(Release.parse(version), ORDER):
                    if hasattr(step.action, "method"):
                        major = int(version[0])
                        calls[version, step.name] = python_call(step.name, step.action, major)
        assert calls["8.19", "register-repository"] == (
            "client.snapshot.create_repository(name='my_backup', "
            "repository={'type': 'fs', 'settings': {'location': \"it's here\"}})"
        )
        assert calls["7.17", "register-repository"] == (
            "client.snapshot.create_repository('my_backup', "
            "body={'type': 'fs', 'settings': {'location': \"it's here\"}})"
        )
        assert calls["8.19", "restore-snapshot"] == (
            "client.snapshot.restore(repository='my_backup', snapshot='snapshot_1', indices='-*', "
            "include_global_state=False, feature_states=['security'], wait_for_completion=True)"
        )
        assert calls["7.17", "restore-snapshot"] == (
            "client.snapshot.restore('my_backup', 'snapshot_1', body={'indices': '-*', "
            "'include_global_state': False, 'feature_states': ['security']}, "
            "wait_for_completion=True)"
        )
        assert calls["8.19", "list-features"] == "client.features.get_features()"

    @pytest.mark.parametrize(
        ("version", "client"),
        [("6.8", ">=7.17,<8"), ("7.17", ">=7.17,<8"), ("8.19", ">=8,<9"), ("9.1", ">=9")],
    )
    def test_the_client_that_fits(self, version, client):
        text = rendered("verify", "python", version, Access(ca_file="ca.pem"))
        assert text.startswith(f"# pip install 'elasticsearch{client}'\n")
        assert "    ca_certs='ca.pem',\n" in text
        assert ("http_auth" if version < "8" else "basic_auth") in text


@pytest.mark.parametrize(
    ("what", "user"), [("create", "elastic"), ("restore", "restore_user"), ("verify", "elastic")]
)
@pytest.mark.parametrize("form", ["curl", "python"])
def test_who_asks(what, user, form):
    assert f"Password of {user}: " in rendered(what, form, "8.19")


@pytest.mark.parametrize("form", FORMS)
def test_an_address_with_a_password(form):
    with pytest.raises(InvalidSnapshotValueError):
        rendered("verify", form, "8.19", Access("https://a:b@node"))
