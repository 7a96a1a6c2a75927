"""
Whether some case turns red for each condition of the rules: a mutation check of one's own.

``PYTHONPATH=tests python tests/support/mutate_rules.py [module …]`` changes the modules of rules
and of what they stand on, one place at a time, asks the cases about each change in a process of its
own, and prints the changes that nobody noticed. It takes some ten minutes for all modules, so CI
does not run it. What is left cannot be seen from outside, such as ``or ""`` for the type checker.

A change negates a condition, exchanges ``and`` and ``or``, leaves out one side of them, exchanges a
comparison, drops what is yielded, or alters a severity, a number or a boolean.
"""

from __future__ import annotations

import ast
import copy
import os
import sys
import tempfile
from importlib.abc import Loader, MetaPathFinder
from importlib.util import spec_from_loader
from pathlib import Path
from typing import TYPE_CHECKING

from support.check_cases import all_cases

import esfilerealm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.check_cases import Case

    from esfilerealm.findings import Finding

PACKAGE = Path(esfilerealm.__file__).parent
MODULES = (
    *sorted((PACKAGE / "checks" / "rules").glob("*.py")),
    *sorted((PACKAGE / "checks" / "facts").glob("*.py")),
    PACKAGE / "formats" / "role_definitions.py",
    PACKAGE / "formats" / "service_tokens.py",
)
EXCHANGED = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.And: ast.Or,
    ast.Or: ast.And,
}
SEVERITIES = {"error": "warning", "warning": "info", "info": "error"}


def nodes_of(tree: ast.AST) -> Iterator[ast.AST]:
    """Walk a module in a fixed order, past what is for the type checker."""
    yield tree
    for child in ast.iter_child_nodes(tree):
        is_for_types = isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"
        if not is_for_types:
            yield from nodes_of(child)


def negated(node: ast.expr) -> ast.expr:
    return ast.UnaryOp(ast.Not(), node)


def changes_of(node: ast.AST) -> Iterator[tuple[str, Callable[[ast.AST], None]]]:
    """Iterate over the changes of one node: what it is, and a function that makes it."""
    if isinstance(node, ast.If | ast.IfExp):
        yield "negate", lambda n: setattr(n, "test", negated(n.test))
    elif isinstance(node, ast.comprehension):
        for at in range(len(node.ifs)):
            yield "negate", lambda n, at=at: n.ifs.__setitem__(at, negated(n.ifs[at]))
    elif isinstance(node, ast.BoolOp):
        yield "exchange and, or", lambda n: setattr(n, "op", EXCHANGED[type(n.op)]())
        for at, side in enumerate(node.values):
            what = f"leave out [{ast.unparse(side)[:50]}]"
            yield what, lambda n, at=at: n.values.__setitem__(at, n.values[at - 1])
    elif isinstance(node, ast.Compare):
        for at, operator in enumerate(node.ops):
            what = f"exchange {type(operator).__name__}"
            other = EXCHANGED[type(operator)]()
            yield what, lambda n, at=at, other=other: n.ops.__setitem__(at, other)
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Yield | ast.YieldFrom):
        nothing = ast.YieldFrom(ast.Tuple([], ast.Load()))
        yield "yield nothing", lambda n: setattr(n, "value", nothing)
    elif isinstance(node, ast.Constant):
        yield from _changes_of_constant(node.value)


def _changes_of_constant(value: object) -> Iterator[tuple[str, Callable[[ast.AST], None]]]:
    if value in SEVERITIES:
        yield f"severity {value}", lambda n: setattr(n, "value", SEVERITIES[n.value])
    elif isinstance(value, bool):
        yield f"not {value}", lambda n: setattr(n, "value", not n.value)
    elif isinstance(value, int) and value > 0:
        yield f"{value} + 1", lambda n: setattr(n, "value", n.value + 1)


def mutants(source: str) -> Iterator[tuple[int, str, ast.AST]]:
    """Iterate over the changed modules, each with the line and what was changed."""
    tree = ast.parse(source)
    for at, node in enumerate(nodes_of(tree)):
        for what, change in changes_of(node):
            mutant = copy.deepcopy(tree)
            change(list(nodes_of(mutant))[at])
            yield getattr(node, "lineno", 0), what, ast.fix_missing_locations(mutant)


class Changed(MetaPathFinder, Loader):
    """Imports one module from a changed tree."""

    def __init__(self, name: str, tree: ast.AST) -> None:
        self.name = name
        self.code = compile(tree, name, "exec")

    def find_spec(self, name, path=None, target=None):
        return spec_from_loader(name, self) if name == self.name else None

    def exec_module(self, module) -> None:
        exec(self.code, module.__dict__)


def is_noticed(name: str, tree: ast.AST | None, cases: list[tuple]) -> bool:
    """Ask every case in a child, which imports the rules again, until one is not as expected."""
    child = os.fork()
    if child == 0:
        for module in [module for module in sys.modules if _is_reloaded(module)]:
            del sys.modules[module]
        if tree is not None:
            sys.meta_path.insert(0, Changed(name, tree))
        try:
            os._exit(not all(map(is_as_expected, *zip(*cases, strict=True))))
        except BaseException:  # noqa: BLE001 - a change that breaks everything is noticed
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0


def _is_reloaded(module: str) -> bool:
    ends = ("formats.role_definitions", "formats.service_tokens")
    return module.startswith("esfilerealm.checks") or module.endswith(ends)


def is_as_expected(code: str, kind: str, case: Case, folder: Path) -> bool:
    from esfilerealm.checks import check, node
    from esfilerealm.checks.parts import Unreadable

    node._PATIENCE = 0.0

    def refuse(_: object) -> None:
        raise Unreadable("it cannot be read", case.broken)

    part = vars(node.Node).get(case.broken)
    read = getattr(part, "_read", None)
    if part is not None:
        part._read = refuse
    findings = check(folder, **{"select": [code], **case.options})
    if part is not None:
        part._read = read
    if kind == "innocent":
        return findings == ()
    if kind == "unreadable":
        return [finding.code for finding in findings] == [f"{code[:4]}00"]
    return any(_fits(finding, code, case, folder) for finding in findings)


def _fits(finding: Finding, code: str, case: Case, folder: Path) -> bool:
    values = {**finding.to_dict(), "code": code}
    for name, value in {"code": finding.code, **case.finds}.items():
        if name == "message" and value not in finding.message:
            return False
        expected = (
            os.path.normpath(folder / value) if name == "path" and value is not None else value
        )
        if name != "message" and values[name] != expected:
            return False
    return True


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(names: list[str]) -> None:
    with tempfile.TemporaryDirectory() as root:
        cases = []
        for code, of_rule in all_cases().items():
            for kind in ("fires", "innocent", "unreadable"):
                for case in getattr(of_rule, kind):
                    folder = Path(root) / str(len(cases)) / "config"
                    folder.mkdir(parents=True)
                    case.build(folder)
                    cases.append((code, kind, case, folder))
        assert not is_noticed("", None, cases), "some case fails without any change"
        for path in (path for path in MODULES if not names or path.stem in names):
            name = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
            own = [row for row in cases if _is_asked(row[0], path)]
            total = 0
            for line, what, tree in mutants(path.read_text(encoding="utf-8")):
                total += 1
                if not is_noticed(name, tree, own):
                    say(f"{path}:{line}: nobody notices: {what}")
            say(f"{path}: {total} changes")


def _is_asked(code: str, path: Path) -> bool:
    """Check whether a rule may depend on a module: its own, or one that rules stand on."""
    return path.parent.name != "rules" or f'"{code}"' in path.read_text(encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
