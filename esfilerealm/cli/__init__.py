"""The command ``esfilerealm``: arguments, prompts, printing, exit codes."""

from __future__ import annotations

from .process import program

__all__ = ["main", "program"]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from .app import main


def __getattr__(name: str) -> object:
    # On first use (PEP 562): an interrupt or a fault while it is loaded is for `program` to report.
    if name != "main":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .app import main

    globals()["main"] = main
    return main
