"""The house: imports point one way, and importing is cheap."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.hashes import CHEAP_HASH, PASSWORD

from esfilerealm._storage import system

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(__file__).parent.parent / "esfilerealm"

#: From the ground up. A module may import from lower layers, and from its own package.
LAYERS = [
    {"errors", "results", "names", "findings", "_ground", "_version"},
    {"formats", "hashing", "documents", "exchange", "certificates", "role_mapping", "drift"},
    {"_storage"},
    {"audit"},
    {"keystore"},
    {"settings"},
    {"watcher", "checks"},
    {"admin", "realms"},
    {"provisioning", "backup"},
    {"cli", "__main__"},
]
HEIGHT = {room: height for height, rooms in enumerate(LAYERS) for room in rooms}

#: What else may be imported from the same layer, by package or module.
BESIDE = {
    **dict.fromkeys(LAYERS[0], LAYERS[0]),
    "formats": {"hashing", "documents"},
    "exchange": {"formats", "hashing", "documents"},
    "drift": {"formats"},
    "role_mapping": {"certificates", "documents"},
    "realms.file.upgrade": {"admin"},
    "__main__": {"cli"},
}


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    """The modules of the package that *path* imports, wherever in the file, types included."""
    here = ["esfilerealm", *path.relative_to(PACKAGE).with_suffix("").parts]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
            assert not any(name.startswith("esfilerealm") for name in names), "be relative"
        if isinstance(node, ast.ImportFrom):
            assert not (node.module or "").startswith("esfilerealm") or node.level, "be relative"
            if node.level:
                base = [*here[: len(here) - node.level], *(node.module or "").split(".")]
                for alias in node.names:
                    yield module_of([part for part in base if part], alias.name)


def module_of(package: list[str], name: str) -> str:
    """``from .package import name`` is about a module of that name, if there is one."""
    path = PACKAGE.joinpath(*package[1:], f"{name}.py")
    folder = PACKAGE.joinpath(*package[1:], name)
    return ".".join([*package, name] if path.exists() or folder.is_dir() else package)


def name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


#: Run by Ansible, which knows them by other names.
ANSIBLE = PACKAGE / "ansible_collections"

MODULES = sorted(
    path
    for path in PACKAGE.rglob("*.py")
    if path != PACKAGE / "__init__.py" and not path.is_relative_to(ANSIBLE)
)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down(path):
    own = name_of(path).removeprefix("esfilerealm.")
    beside = {room(path), "esfilerealm"} | BESIDE.get(room(path), BESIDE.get(own, set()))
    for module in imports(path):
        other = module.split(".")[1] if "." in module else module
        if other not in beside:
            assert HEIGHT[other] < HEIGHT[room(path)], f"{own} must not import {other}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_the_storage_is_entered_by_its_face(path):
    """Nobody outside imports a module inside; ``_storage/__init__.py`` says what there is."""
    if room(path) != "_storage":
        inside = [module for module in imports(path) if "._storage." in module]
        assert inside == []


def test_no_module_imports_itself_by_way_of_others():
    graph = {name_of(path): set(imports(path)) for path in MODULES if path.name != "__init__.py"}
    order = TopologicalSorter(graph)
    try:
        order.prepare()
    except CycleError as error:
        pytest.fail(f"cycle: {error.args[1]}")


#: What the storage room may take from ``os`` itself: it asks the system nothing about files.
PURE = {
    *(
        "environ",
        "fspath",
        "getegid",
        "geteuid",
        "getgroups",
        "getpid",
        "kill",
        "name",
        "register_at_fork",
        "uname",
        "urandom",
    ),
    *("curdir", "pardir", "sep", "supports_effective_ids"),
    *("PathLike", "path", "stat_result"),
    *(f"path.{name}" for name in ("abspath", "basename", "dirname", "isabs", "join")),
    *(f"path.{name}" for name in ("samestat", "split", "splitdrive")),
}
#: Modules by which a file could be reached past ``system.py``; of them, only `os` may be imported.
SYSTEM = {"fcntl", "fileinput", "glob", "io", "mmap", "nt", "os", "pathlib", "posix", "shutil"}
SYSTEM |= {"subprocess", "tempfile"}


def system_calls(tree: ast.AST) -> Iterator[str]:
    """What *tree* takes from the system, by name: whatever is called, passed on or imported."""
    questions = set()  # `os.access in os.supports_effective_ids` asks nobody
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            questions.add(node.left)
        elif isinstance(node, ast.Name) and node.id in ("open", "__import__"):
            yield node.id
        elif isinstance(node, ast.Import):
            yield from (
                alias.name
                for alias in node.names
                if alias.name.split(".")[0] in SYSTEM and (alias.name != "os" or alias.asname)
            )
        elif isinstance(node, ast.ImportFrom) and not node.level:
            module = (node.module or "").split(".")[0]
            if module in SYSTEM:
                yield from (
                    f"{node.module}.{alias.name}" for alias in node.names if alias.name not in PURE
                )
        elif isinstance(node, ast.Attribute) and node not in questions:
            match = re.fullmatch(r"os\.((?:path\.)?\w+)", ast.unparse(node))
            if match and match[1] not in PURE and not match[1].isupper():
                yield match[0]


STORAGE = sorted((PACKAGE / "_storage").glob("*.py"))


@pytest.mark.parametrize("path", STORAGE, ids=lambda path: path.name)
def test_every_system_call_of_the_storage_room_goes_through_one_door(path):
    if path.name != "system.py":
        assert list(system_calls(ast.parse(path.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize(
    "code",
    [
        "os.open(path, 0)",
        "os.replace(old, new)",
        "os.path.exists(path)",
        "os.path.realpath(path)",
        "partial(os.stat, path)",
        "os.access(path, os.W_OK)",
        "os.environ.get(os.getcwd())",
        "open(path)",
        "from os import unlink",
        "from os.path import isdir",
        "import os as system",
        "import os.path",
        "import shutil",
        "from pathlib import Path",
    ],
)
def test_a_system_call_beside_the_door_is_found(code):
    assert len(list(system_calls(ast.parse(code)))) == 1


def test_every_call_of_the_door_can_be_replaced():
    """What stands in ``CALLS`` is what there is, so that a test of faults misses none."""
    public = {name for name in vars(system) if not name.startswith("_") and name.islower()}
    assert public - {"annotations", "os"} == set(system.CALLS)
    assert len(set(system.CALLS)) == len(system.CALLS)


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
    exit_code, *modules = done.stderr.splitlines()[-1].split()
    assert exit_code == "0"
    return set(modules)


HEAVY = {"bcrypt", "cryptography", "filelock", "passlib", "watchdog", "yaml"}
#: Of the standard library; each would be felt at every start.
SLOW = {"argparse", "contextlib", "dataclasses", "inspect", "json", "logging", "pathlib", "typing"}


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


@pytest.mark.parametrize(
    ("line", "needed"),
    [
        ("-h", set()),
        ("help list", set()),
        ("guide", set()),
        ("settings -c .", set()),
        ("check -c . --fail-on never", set()),
        ("roles bob -c .", set()),
        ("export --format htpasswd --silent -c .", set()),
        ("userdel bob --dry-run -c .", set()),
        ("userdel bob -c .", {"filelock"}),
        ("recover -c .", {"filelock"}),
        ("init -c .", {"filelock"}),
        ("keystore -h", set()),
        ("keystore list -h", set()),
        ("backup -h", set()),
        ("backup list .", set()),
    ],
)
def test_no_command_loads_what_it_does_not_need(realm, line, needed):
    (realm / "users").write_text(f"bob:{CHEAP_HASH}\n")
    assert loaded_by(*line.split(), cwd=realm) & HEAVY == needed


def test_a_chain_without_certificates_loads_nothing_that_reads_them(realm):
    (realm / "users").write_text(f"bob:{CHEAP_HASH}\n")
    code = (
        "import sys; from esfilerealm import RealmChain\n"
        "with RealmChain.from_settings('.') as chain:\n"
        f"    assert chain.authenticate('bob', {PASSWORD!r})\n"
        "print(*sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=realm
    )
    assert not {"cryptography", "chevron", "asyncio", "filelock"} & set(done.stdout.split())


TESTS = Path(__file__).parent


def test_unit_tests_lie_as_the_packages_do():
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")} - {"cli"}
    directories = {path.name for path in (TESTS / "unit").iterdir() if any(path.rglob("*.py"))}
    assert directories == {name.lstrip("_") for name in packages}


def test_no_file_of_tests_has_more_than_one_subject():
    """Where one has, it grows; what is longer than this is cut by subject."""
    lengths = {path: len(path.read_text("utf-8").splitlines()) for path in TESTS.rglob("*.py")}
    assert [str(path) for path, length in lengths.items() if length > 700] == []


#: What of the keystore knows bytes and values only.
PURE_KEYSTORE = ["contents", "crypto", "ghash", "reader", "versions", "writer"]


@pytest.mark.parametrize("name", PURE_KEYSTORE)
def test_the_format_of_the_keystore_needs_no_disk(name):
    path = PACKAGE / "keystore" / f"{name}.py"
    assert [module for module in imports(path) if "_storage" in module] == []
    assert list(system_calls(ast.parse(path.read_text(encoding="utf-8")))) == []
