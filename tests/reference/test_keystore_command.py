"""The recorded runs of ``elasticsearch-keystore``: every sequence by its number, step by step."""

from __future__ import annotations

import base64
import json
import re
import stat
from pathlib import Path

import pytest
from support import keystore_runs as runs
from support.keystore_bytes import parse

VECTORS = Path(__file__).parents[1] / "vectors" / "keystores"
CASES = json.loads((VECTORS / "command-cases.json").read_text("utf-8"))

NEW = "xpack.monitoring.exporters.x1.auth.secure_password"

#: Deliberate differences in what a step leaves: by sequence and step, the row of the table in
#: `compatibility.md`, and what is expected here. That a keystore keeps its format is a rule: see
#: ``expected_format``.
DIFFERENCES: dict[tuple[int, int], tuple[str, dict]] = {
    (12, 1): ("a left-over", {"exit": 0, "stderr_nonempty": False, "after": "as in step 2"}),
    (12, 2): (
        "a left-over",
        {
            "exit": 70,
            "stderr_nonempty": True,
            "prompts": [f"Setting {NEW} already exists. Overwrite? [y/N]"] * 2,
            "after": "unchanged",
        },
    ),
}
TABLE = Path(__file__).parents[2] / "esfilerealm" / "compatibility.md"


@pytest.mark.parametrize("case", [pytest.param(c, id=f"{c['id']}-{c['tag']}") for c in CASES])
def test_sequence(case, tmp_path, monkeypatch):
    if not any(step.get("console") for step in case["steps"]):  # they run in another process
        runs.cheap_keys(monkeypatch)
    conf = tmp_path / "config"
    if not case.get("config_missing"):
        conf.mkdir()
        runs.lay(conf, case["files"])
    generated: dict[int, bytes] = {}
    password = ""
    for file in case["files"].values():
        password = file.get("keystore", {}).get("password", password)
    for number, recorded in enumerate(case["steps"]):
        step = recorded | DIFFERENCES.get((case["id"], number), ("", {}))[1]
        if step["after"] == "as in step 2":
            step["after"] = case["steps"][2]["after"]
        password = play(conf, step, password, generated, monkeypatch)


def play(conf, step, password, generated, monkeypatch):
    """Run one step and compare; return the password that the keystore has then."""
    path = conf / runs.KEYSTORE
    before = path.read_bytes() if path.is_file() else None
    others = runs.others(conf)
    words = [word.replace("{CONF}", str(conf)) for word in step["argv"]]
    given = (
        base64.b64decode(step["stdin_b64"])
        if "stdin_b64" in step
        else step.get("stdin", "").encode()
    )

    ran = (
        runs.run_on_terminal(conf, *words, stdin=given)
        if step.get("console")
        else runs.run_in_process(monkeypatch, conf, *words, stdin=given)
    )

    assert ran.exit_code == step["exit"], ran.err
    assert ran.prompts == step.get("prompts", [])
    assert bool(ran.err) == step.get("stderr_nonempty", False) or "stderr_nonempty" not in step
    if step.get("stdout_nonempty"):
        assert ran.out
    elif "stdout_generated" in step:
        assert ran.out == generated[step["stdout_generated"]]
    elif "stdout_b64" in step:
        assert ran.out == base64.b64decode(step["stdout_b64"])
    else:
        assert ran.out.decode() == step["stdout"].replace("{CONF}", str(conf))
    assert runs.others(conf) == step.get("others_after", others)
    return compare(path, before, step, password, generated)


def compare(path, before, step, password, generated):
    after = step["after"]
    if after == "unchanged":
        assert (path.read_bytes() if path.is_file() else None) == before
        return password
    if after is None:
        assert not path.is_file()
        return password
    content = parse(path.read_bytes(), after["password"])
    assert content.has_password == after["has_password"]
    assert content.version == expected_format(step, before)
    assert content.settings.keys() == after["settings"].keys()
    for name, want in after["settings"].items():
        if "generated" in want:
            seed = generated.setdefault(want["generated"], content.settings[name])
            assert content.settings[name] == seed
            assert re.fullmatch(rb"[A-Za-z0-9~!@#$%^&*\-_=+?]{20}", seed)
        else:
            assert content.settings[name] == runs.value(want)
    assert f"{stat.S_IMODE(path.stat().st_mode):o}" == after["mode"]
    return after["password"]


def expected_format(step, before):
    """Java writes its newest; here a keystore keeps its format, and a new one has 4."""
    subcommand = next(word for word in step["argv"] if not word.startswith("-"))
    if before is None or subcommand == "create":
        return 4
    version = int.from_bytes(before[27:31], "big")
    return max(version, 4) if subcommand == "upgrade" else version


@pytest.mark.parametrize(("case", "row"), [(key, row) for key, (row, _) in DIFFERENCES.items()])
def test_each_difference_is_explained(case, row):
    assert f"\n| {row}" in TABLE.read_text("utf-8")


#: Without those that give a password to a keystore that says it has none: it is not asked for.
ROWS = [
    row
    for row in json.loads((VECTORS / "keystores.json").read_text("utf-8"))
    if not row["password"] or (VECTORS / row["file"]).read_bytes()[31:32] != b"\0"
]
#: How Elasticsearch's command ends by the exception that a keystore raises.
ENDS = {"IllegalStateException": 70, "SecurityException": 65}


@pytest.mark.parametrize(
    "row", [pytest.param(r, id=f"{r['file']}-{n}") for n, r in enumerate(ROWS)]
)
def test_each_keystore_ends_the_command_as_its_exception_does(row, tmp_path, monkeypatch):
    (tmp_path / runs.KEYSTORE).write_bytes((VECTORS / row["file"]).read_bytes())
    want, given = row["newest"], f"{row['password']}\n".encode()
    ran = runs.run_in_process(monkeypatch, tmp_path, "list", stdin=given)
    has_passwd = runs.run_in_process(monkeypatch, tmp_path, "has-passwd")
    if want["ok"]:
        names = sorted(want["settings"], key=lambda name: name.encode("utf-16-be"))
        assert ran.out.decode().splitlines() == names
        assert has_passwd.exit_code == (0 if want["has_password"] else 1)
        return
    exit_code = ENDS.get(want["exception"], 74)
    assert ran.exit_code == exit_code, ran.err
    if want["stage"] == "load":
        assert has_passwd.exit_code == exit_code
