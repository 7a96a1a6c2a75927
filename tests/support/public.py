"""What is public, found by looking: modules, names, and what their annotations mention."""

from __future__ import annotations

import ast
import functools
import importlib
import importlib.util
import inspect
import pkgutil
import typing
from typing import TYPE_CHECKING, Any

import esfilerealm

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What is used by typing commands or from Ansible, not by importing.
FACES = {"ansible_collections", "cli"}

#: What may be imported by promise: whatever lies at the top and is not private.
MODULES = sorted(
    module.name
    for module in pkgutil.iter_modules(esfilerealm.__path__)
    if not module.name.startswith("_") and module.name not in FACES
)


@functools.cache
def exported() -> dict[str, object]:
    """Return every public object by the path by which it is imported."""
    found = {f"esfilerealm.{name}": getattr(esfilerealm, name) for name in esfilerealm.__all__}
    for name in MODULES:
        module = importlib.import_module(f"esfilerealm.{name}")
        found |= {f"esfilerealm.{name}.{each}": getattr(module, each) for each in module.__all__}
    return found


@functools.cache
def importable() -> list[object]:
    """Return every public object, and the aliases that public modules have for type checkers."""
    found = list(exported().values())
    for name in MODULES:
        module = importlib.import_module(f"esfilerealm.{name}")
        for statement in _for_type_checkers(module):
            if isinstance(statement, ast.ImportFrom):
                aliases = [alias.asname for alias in statement.names if alias.asname == alias.name]
            else:
                aliases = [node.id for node in ast.walk(statement) if isinstance(node, ast.Name)]
            found += [_namespace(module.__name__).get(alias) for alias in aliases]
    return found


def classes() -> set[type]:
    """Return every public class that has objects."""
    found = (value for value in exported().values() if isinstance(value, type))
    return {value for value in found if not _is_form(value)}


def _is_form(value: type) -> bool:
    """Check whether a class has no objects of its own, since others implement it."""
    return typing.is_typeddict(value) or getattr(value, "_is_protocol", False)


def mentioned(public: object) -> Iterator[tuple[str, object]]:
    """
    Yield what of ours a public function, or a public part of a class, takes or returns.

    Each class or alias comes with the name by which an annotation mentions it.
    """
    for owner in _owners(public):
        names = _namespace(owner.__module__)
        for part, annotation in owner.__annotations__.items():
            if not part.startswith("_"):
                yield from _ours_in(str(annotation), names)


def _ours_in(annotation: str, names: dict[str, object]) -> Iterator[tuple[str, object]]:
    for node in ast.walk(ast.parse(annotation, mode="eval")):
        name = node.id if isinstance(node, ast.Name) else None
        value = names.get(name)
        if isinstance(value, type):
            if value.__module__.startswith("esfilerealm"):
                yield name, value
        elif typing.get_origin(value) is not None:
            yield name, value


def _owners(public: object) -> Iterator[Any]:
    """Yield the objects that have the annotations of *public*."""
    if inspect.isfunction(public):
        yield public
    if not isinstance(public, type):
        return
    for part in public.__mro__:
        if not part.__module__.startswith("esfilerealm"):
            continue
        if "__annotations__" in vars(part):
            yield part
        for name, member in vars(part).items():
            if not name.startswith("_") or name in ("__init__", "__new__", "__call__"):
                function = member.fget if isinstance(member, property) else member
                function = inspect.unwrap(getattr(function, "__func__", function))
                if inspect.isfunction(function):
                    yield function


_namespaces: dict[str, dict[str, object]] = {}


def _namespace(name: str) -> dict[str, object]:
    """Return the names of a module, with those that only type checkers see."""
    if name in _namespaces:
        return _namespaces[name]
    module = importlib.import_module(name)
    names = _namespaces[name] = dict(vars(module))
    for statement in _for_type_checkers(module):
        if isinstance(statement, ast.ImportFrom):
            names.update(_from_import(statement, module.__package__))
        else:
            exec(compile(ast.Module([statement], []), "<for type checkers>", "exec"), names)
    return names


def _for_type_checkers(module: Any) -> Iterator[ast.stmt]:
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            yield from node.body


def _from_import(node: ast.ImportFrom, package: str | None) -> dict[str, object]:
    source = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
    found = {}
    for alias in node.names:
        if alias.name in _namespace(source):
            value = _namespace(source)[alias.name]
        else:
            value = importlib.import_module(f"{source}.{alias.name}")
        found[alias.asname or alias.name] = value
    return found
