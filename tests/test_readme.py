"""The README is true: its examples run and print what it shows."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from esfilerealm import UsersTool, errors
from esfilerealm.cli import exits
from esfilerealm.cli.commands import COMMANDS, PROGRAM

ROOT = Path(__file__).parent.parent


def blocks(readme, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", readme, re.DOTALL | re.MULTILINE)


def test_python_examples(readme, tmp_path, monkeypatch, capsys):
    """Every statement runs; a comment that is a value is the statement's, or what it printed."""
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    compared = 0
    for block in blocks(readme, "python"):
        for node in ast.parse(block).body:
            value = run(node, names)
            printed = capsys.readouterr().out.strip()
            for shown in re.findall(r"# (.*)", with_line_below(block, node)):
                if printed or is_value(shown):
                    assert (printed or repr(value)) == shown
                    compared += 1
    assert compared == 20


def run(node, names):
    if isinstance(node, ast.Expr):
        return eval(compile(ast.Expression(node.value), "README", "eval"), names)
    exec(compile(ast.Module([node], []), "README", "exec"), names)
    return None


def with_line_below(block, node):
    """The source of a statement without its literals, and a comment on the line below it."""
    lines = block.splitlines()
    below = lines[node.end_lineno] if node.end_lineno < len(lines) else ""
    behind = lines[node.end_lineno - 1]
    return re.sub(r'b?"[^"]*"', "", behind) + "\n" + (below if below.startswith("#") else "")


def is_value(comment):
    try:
        ast.parse(comment, mode="eval")
    except SyntaxError:
        return False
    return True


@pytest.mark.skipif(os.name == "nt", reason="the examples are for a POSIX shell")
def test_console_examples(readme, tmp_path):
    for name, content in re.findall(
        r"^```yaml\n# (\S+)\n(.*?)^```$", readme, re.DOTALL | re.MULTILINE
    ):
        (tmp_path / name).write_text(content)
    command = f"{sys.executable} -m esfilerealm"
    for block in blocks(readme, "console"):
        for example in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            line, _, shown = example.partition("\n")
            done = subprocess.run(
                re.sub(r"\besfilerealm\b", command, line),
                shell=True,
                cwd=tmp_path,
                text=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                check=False,
            )
            pattern = re.escape(shown.replace("/home/you", str(tmp_path))).replace("…", ".*")
            assert re.fullmatch(pattern, done.stdout), f"{line}\n{done.stdout}"


def test_tables_are_complete(readme):
    section = readme.partition("## Command line")[2].partition("\n## ")[0]
    for command in COMMANDS:
        assert f"| `{command.name}" in section
    codes = {value for name, value in vars(exits).items() if isinstance(value, int)}
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", section, re.MULTILINE)} == codes


def test_options_of_ours_are_mentioned(readme):
    for command in (*COMMANDS, PROGRAM):
        for option in command.options:
            if option.is_ours and option.key != "version":
                assert f"--{option.key}" in readme, option


def test_the_tree_of_errors(readme):
    tree = errors.__doc__.partition("```text\n")[2].partition("```")[0]
    assert tree in readme


def test_the_number_of_cases(readme):
    files = (ROOT / "tests" / "vectors").glob("*.json")
    count = sum(len(json.loads(path.read_text(encoding="utf-8"))) for path in files)
    assert f"a table of {count} cases" in re.sub(r"\s+", " ", readme)


@pytest.mark.skipif(os.name == "nt", reason="a container's entrypoint is for a POSIX shell")
def test_the_entrypoint_of_a_container(readme, tmp_path):
    """It makes the user from the secret at the first start, and is idle at the second."""
    lines = dict(line.split(" ", 1) for line in blocks(readme, "dockerfile")[0].splitlines())
    secret, program, config = tmp_path / "secret", tmp_path / "entrypoint", tmp_path / "config"
    secret.write_text("correct-horse\n")
    program.write_text('#!/bin/sh\necho "started $3"\n')
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "esfilerealm"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m esfilerealm "$@"\n')
    for path in (program, command):
        path.chmod(0o755)
    words = json.loads(lines["ENTRYPOINT"]) + json.loads(lines["CMD"])
    assert lines["ENV"].startswith("ES_PATH_CONF=")
    words = [
        word.replace("/run/secrets/es_admin", str(secret)).replace("/bin/tini", str(program))
        for word in words
    ]
    surroundings = {
        **os.environ,
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "ES_PATH_CONF": str(config),
    }

    def start():
        done = subprocess.run(words, capture_output=True, text=True, env=surroundings, check=True)
        assert done.stdout.splitlines()[-1] == "started eswrapper"
        return (config / "users").read_bytes(), (config / "users").stat().st_mtime_ns

    first = start()
    assert UsersTool(config).verify("admin", "correct-horse")
    assert UsersTool(config).list_users() == {"admin": ("superuser",)}
    assert start() == first
    secret.unlink()
    done = subprocess.run(words, capture_output=True, text=True, env=surroundings, check=False)
    assert (done.returncode, done.stdout.count("started")) == (65, 0)
