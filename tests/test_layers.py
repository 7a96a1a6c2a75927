"""The house: imports point one way, and importing is cheap."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "esfilerealm"

#: From the ground up; a module may import from its own layer's package and from lower layers.
LAYERS = [
    {"errors", "_version"},
    {"_faults"},
    {"validation"},
    {"settings"},
    {"formats"},
    {"hashing"},
    {"_storage"},
    {"credentials", "draft"},
    {"transaction"},
    {"users_tool"},
    {"cli"},
    {"__main__"},
]
HEIGHT = {room: height for height, rooms in enumerate(LAYERS) for room in rooms}


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(path: Path) -> set[str]:
    """The rooms whose modules *path* imports, wherever in the file, but not for types only."""
    depth = len(path.relative_to(PACKAGE).parts)
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            node.body = []
        if isinstance(node, ast.ImportFrom) and node.level == depth:
            names = [node.module] if node.module else [alias.name for alias in node.names]
            rooms |= {name.partition(".")[0] for name in names}
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            assert not (node.module or "").startswith("esfilerealm"), "imports are relative"
    return rooms


MODULES = sorted(
    path for path in PACKAGE.rglob("*.py") if path.name != "__init__.py" or path.parent != PACKAGE
)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down(path):
    for other in imported_rooms(path) - {room(path)}:
        assert HEIGHT[other] < HEIGHT[room(path)], f"{room(path)} must not import {other}"


def loaded_by(*args: str, cwd: Path) -> set[str]:
    """The modules that a run of the command leaves in ``sys.modules``."""
    code = (
        "import sys; from esfilerealm.cli import main\n"
        "code = main(sys.argv[1:])\n"
        "print(code, *sys.modules, file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *args],
        capture_output=True,
        text=True,
        check=True,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)},
    )
    exit_code, *modules = done.stderr.split()
    assert exit_code == "0"
    return set(modules)


HEAVY = {"bcrypt", "passlib", "filelock", "watchdog", "yaml"}
#: Of the standard library; each would be felt at every start.
SLOW = {"argparse", "dataclasses", "inspect", "json", "logging", "pathlib", "typing"}


@pytest.fixture
def realm(tmp_path):
    (tmp_path / "users").write_text("bob:x\n")
    (tmp_path / "users_roles").write_text("viewer:bob\n")
    return tmp_path


def test_list_loads_nothing_heavy(realm):
    modules = loaded_by("list", "-c", ".", cwd=realm)
    assert not modules & HEAVY
    if "coverage" not in modules:
        assert not modules & SLOW


@pytest.mark.parametrize("name", ["elasticsearch.yml", "roles.yml"])
def test_list_loads_yaml_for_a_yaml_file_only(realm, name):
    (realm / name).write_text("viewer:\n  cluster: [all]\n")
    assert loaded_by("list", "-c", ".", cwd=realm) & HEAVY == {"yaml"}


def test_no_command_loads_what_it_does_not_need(realm):
    assert loaded_by("-h", cwd=realm) & HEAVY == set()
    assert loaded_by("userdel", "bob", "-c", ".", cwd=realm) & HEAVY == {"filelock"}
