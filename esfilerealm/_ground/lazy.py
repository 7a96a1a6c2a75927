"""Names of a package whose modules are loaded on first use (PEP 562)."""

from __future__ import annotations

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["lazily"]


def lazily(package: str, homes: Mapping[str, str]) -> Callable[[str], object]:
    """
    Return the ``__getattr__`` of a package.

    Args:
        package: Its ``__name__``.

        homes: From each name to the module in the package that has it.
    """

    def load(name: str) -> object:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        import sys
        from importlib import import_module

        value: object = getattr(import_module(f".{homes[name]}", package), name)
        setattr(sys.modules[package], name, value)
        return value

    return load
