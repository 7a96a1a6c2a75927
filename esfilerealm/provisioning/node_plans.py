"""The plans of many nodes: what changes on each, and which of them failed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..errors import FileRealmError
    from .plan_result import Plan
    from .shared_work import SharedWork

__all__ = ["NodePlan", "Plans", "shared_by"]


@dataclass(frozen=True, slots=True)
class NodePlan:
    """
    What a desired state changes on one node, or why nothing is known of it.

    Attributes:
        node: The directory of the node, as it was given.
        plan: Its plan, with the result once it was applied; None if there is none.
        error: Why the node failed; None if it did not.
        skipped: Whether it was left alone because another node failed.
    """

    node: str
    plan: Plan | None = None
    error: FileRealmError | None = None
    skipped: bool = False

    def to_dict(self) -> dict[str, object]:
        """Return a dictionary for JSON; it contains no secret."""
        error = self.error and {"type": type(self.error).__name__, "message": str(self.error)}
        return {
            "node": self.node,
            "plan": None if self.plan is None else self.plan.to_dict(),
            "error": error,
            "skipped": self.skipped,
        }


@dataclass(frozen=True, slots=True)
class Plans:
    """
    What a desired state changes on many nodes. ``plan_all`` makes it; ``apply_all`` adds results.

    Attributes:
        nodes: The nodes in the order in which they were given.
    """

    nodes: tuple[NodePlan, ...]
    _shared: SharedWork = field(repr=False, compare=False)

    @property
    def changed(self) -> bool:
        """Whether any node has any change; only those that did not fail count."""
        return any(
            node.plan is not None and node.plan.changed
            for node in self.nodes
            if node.error is None and not node.skipped
        )

    @property
    def errors(self) -> dict[str, tuple[str, ...]]:
        """From the message of each error to the nodes that failed by it."""
        nodes: dict[str, list[str]] = {}
        for node in self.nodes:
            if node.error is not None:
                nodes.setdefault(str(node.error), []).append(node.node)
        return {message: tuple(names) for message, names in nodes.items()}

    def to_dict(self) -> dict[str, object]:
        """Return a dictionary for JSON; it contains no secret."""
        return {"changed": self.changed, "nodes": [node.to_dict() for node in self.nodes]}


def shared_by(plans: Plans) -> SharedWork:
    """Return what the nodes share, which is private to this package."""
    return plans._shared  # noqa: SLF001 - see above
