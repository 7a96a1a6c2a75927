"""A dry run, a check and a plan say what the write would say, about owners above all."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest
from crash.layouts import LAYOUTS, NODE, Owned, acting, lay_out, need
from crash.processes import command, open_place
from crash.scenarios import realm
from support.hashes import CHEAP_HASH
from support.storing import posix, root, statuses

from esfilerealm import UsersTool
from esfilerealm._ground import rights
from esfilerealm.errors import FileRealmError
from esfilerealm.provisioning import DesiredState, apply, plan, rehearse

pytestmark = [posix, root]

#: How to write, and whether that asks for something that a user who is not root cannot do.
WAYS = {
    "default": {},
    "in place": {"strategy": "in_place"},
    "kept versions": {"keep": 2},
    "another owner": {"owner": 4711},
    "another owner, if possible": {"owner": 4711, "attributes": "warn"},
    "another group": {"group": 4713},
    "another group, if possible": {"group": 4713, "attributes": "warn"},
    "another mode": {"mode": 0o640, "attributes": "warn"},
}


@pytest.fixture
def folder():
    with open_place() as place:
        realm(place / "config")
        yield place / "config"


def useradd(folder, **options):
    tool = UsersTool(folder, **options)
    return tool.useradd("new", password_hash=CHEAP_HASH, roles=["viewer"])


def outcome(user, group, act):
    """Return what an action says: the attributes of both files and what is lost, or its error."""
    try:
        result = acting(user, group, act)
    except FileRealmError as error:
        return type(error), str(error)
    return [
        (file.owner, file.group, file.mode, [as_done(loss) for loss in file.lost])
        for file in result.files
    ]


def as_done(loss):
    """A dry run speaks of what will be."""
    loss = loss.replace(" cannot be set", " could not be set")
    if " cannot be kept: it will be " not in loss:
        return loss
    before, _, after = loss.partition(" cannot be kept: it will be ")
    owned, comma, mode = after.partition(", with mode")
    return f"{before} could not be kept: it is {owned} now{comma}{mode}"


@pytest.mark.parametrize(
    ("name", "way"),
    [
        *((name, "default") for name in LAYOUTS),
        *((name, way) for name in ("image", "open to all") for way in list(WAYS)[1:]),
    ],
)
def test_a_dry_run_says_what_the_write_says(folder, name, way):
    layout = LAYOUTS[name]
    lay_out(folder, layout)
    need(*layout.writers[0])
    before = statuses(folder)
    dry = outcome(*layout.writers[0], lambda: useradd(folder, dry_run=True, **WAYS[way]))
    assert statuses(folder) == before
    assert outcome(*layout.writers[0], lambda: useradd(folder, **WAYS[way])) == dry


@pytest.mark.parametrize("mode", [0o660, 0o640, 0o664, 0o604])
@pytest.mark.parametrize("files", [(4711, 0), (4711, 4713), (NODE, 0)], ids=str)
def test_a_refusal_is_foreseen(folder, files, mode):
    lay_out(folder, LAYOUTS["image"]._replace(files=Owned(*files, mode)))
    dry = outcome(NODE, 0, lambda: useradd(folder, dry_run=True))
    assert outcome(NODE, 0, lambda: useradd(folder)) == dry


def state(*, attributes=None):
    user = {"name": "new", "password_hash": CHEAP_HASH, "roles": ["viewer"]}
    return DesiredState.from_dict({"users": [user], "attributes": attributes or {}})


@pytest.mark.parametrize("way", ["default", "another owner", "another owner, if possible"])
@pytest.mark.parametrize("name", ["image", "OpenShift", "open to all"])
def test_a_rehearsal_says_what_apply_says(folder, name, way):
    layout, options = LAYOUTS[name], dict(WAYS[way])
    lay_out(folder, layout)
    wanted = state(attributes={"owner": str(options.pop("owner"))} if "owner" in options else {})

    def planned():
        return plan(folder, wanted, attributes=options.get("attributes", "refuse"))

    dry = outcome(*layout.writers[0], lambda: rehearse(planned()))
    assert outcome(*layout.writers[0], lambda: apply(planned()).result) == dry


class TestCommands:
    @pytest.fixture
    def words(self, folder):
        lay_out(folder, LAYOUTS["image"])
        (folder / "state.json").write_text(
            json.dumps({"users": [{"name": "new", "password_hash": CHEAP_HASH}]})
        )
        path = str(folder / "state.json")
        return {
            "useradd": ["useradd", "new", "--hash", CHEAP_HASH, "--dry-run"],
            "plan": ["plan", path],
            "apply": ["apply", path, "--check"],
            "ensure": ["ensure", "new", "--hash", CHEAP_HASH, "--check"],
            "import": ["import", "--format", "json", path, "--check"],
        }

    @pytest.mark.parametrize("silent", [[], ["-s"]], ids=["normal", "silent"])
    @pytest.mark.parametrize("name", ["useradd", "plan", "apply", "ensure", "import"])
    def test_print_what_will_be_lost(self, folder, words, name, silent):
        line = [*words[name], "-c", str(folder), *silent]
        exit_code, error = acting(NODE, 0, lambda: command(*line))
        assert exit_code == 0
        told = f"owner [0] cannot be kept: it will be owner [{NODE}]"
        assert error.count("WARNING") == error.count(told) == 1

    @pytest.mark.parametrize("name", ["plan", "apply", "ensure", "import"])
    def test_tell_programs_too(self, folder, words, name):
        line = [*words[name], "-c", str(folder), "--json"]
        done = acting(NODE, 0, lambda: captured(line))
        (warning,) = json.loads(done)["warnings"]
        assert "cannot be kept" in warning

    @pytest.mark.parametrize("name", ["useradd", "plan", "apply", "ensure", "import"])
    def test_refuse_what_the_write_would_refuse(self, folder, words, name):
        line = [*words[name], "-c", str(folder), "--owner", "4711"]
        exit_code, error = acting(NODE, 0, lambda: command(*line))
        assert exit_code == 77
        assert "cannot set its owner [4711]" in error


def captured(line):
    """Return what a command prints."""
    import contextlib
    import io

    from esfilerealm.cli import main

    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        main(line)
    return out.getvalue()


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="no setpriv")
@pytest.mark.parametrize("option", [[], ["--dry-run"]], ids=["write", "dry run"])
def test_root_without_the_right_to_change_owners(folder, option):
    """As in a container from which all capabilities are dropped."""
    lay_out(folder, LAYOUTS["image"]._replace(files=Owned(4711, 4711, 0o600)))
    program = [sys.executable, "-m", "esfilerealm", "-c", str(folder), "useradd", "new"]
    line = ["setpriv", "--bounding-set", "-chown", *program, "--hash", CHEAP_HASH, *option]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 77
    assert "cannot set its owner [4711]" in done.stderr or "group [4711]" in done.stderr


class TestRights:
    @pytest.mark.parametrize(
        ("ids", "may"),
        [
            ((NODE, NODE, -1), True),
            ((NODE, -1, 0), True),
            ((NODE, -1, -1), True),
            ((NODE, 0, -1), False),
            ((NODE, -1, 4713), False),
            ((0, -1, 0), False),
        ],
        ids=str,
    )
    def test_of_a_user(self, ids, may):
        assert acting(NODE, 0, lambda: rights.may_change_owner(*ids)) is may

    def test_of_root(self):
        assert rights.may_change_owner(NODE, 4711, 4713)

    @pytest.mark.parametrize("text", [None, "", "CapEff:\tx\n", "CapEff:\n"], ids=str)
    def test_without_linux_root_may(self, monkeypatch, tmp_path, text):
        path = tmp_path / "status"
        if text is not None:
            path.write_text(text)
        monkeypatch.setattr(rights, "_STATUS", str(path))
        assert rights.may_change_owner(NODE, 4711, 4713)

    @pytest.mark.parametrize(
        ("text", "may"),
        [
            (None, True),
            ("0 0 4294967295\n", True),
            ("0 100000 1000\n4711 200000 1\n", True),
            ("0 100000 1000\n", False),
            ("no numbers\n", True),
        ],
    )
    def test_a_namespace_knows_some_users(self, monkeypatch, tmp_path, text, may):
        path = tmp_path / "map"
        if text is not None:
            path.write_text(text)
        monkeypatch.setattr(rights, "_MAPS", {"uid": str(path), "gid": "/proc/self/gid_map"})
        assert rights.may_change_owner(NODE, 4711, -1) is may
