"""One desired state for many nodes, each of which is planned and applied on its own."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from .._ground.showing import printable
from ..errors import FileRealmError
from ..settings.location import find_same
from .applier import apply_with, check_objections
from .node_plans import NodePlan, Plans, shared_by
from .plan_result import basis_of
from .planner import Draft
from .shared_work import SharedWork

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Unpack

    from .._storage import Tolerance, WriteArguments
    from ..settings import RealmSettings
    from .desired import DesiredState
    from .plan_result import Plan

__all__ = ["apply_all", "plan_all"]

T = TypeVar("T")


def plan_all(
    nodes: Iterable[str | os.PathLike[str]],
    desired: DesiredState,
    *,
    settings: Mapping[str, RealmSettings] | None = None,
    force: bool = False,
    attributes: Tolerance = "refuse",
    jobs: int | None = None,
    show_progress: bool = False,
    create: bool = False,
    fail_fast: bool = False,
) -> Plans:
    """
    Find the changes that each of many nodes needs to reach the same desired state.

    Nothing is written or hashed. A node that fails does not stop the others. Each password is read
    once, and verified once against each stored hash, however many nodes have that hash.

    Args:
        nodes: The directories of the nodes.

        desired: The desired state.

        settings: From nodes to their settings; by default, those of a node are read from its
            ``elasticsearch.yml``.

        force: As for ``plan``.

        attributes: As for ``plan``.

        jobs: The number of threads that verify and hash passwords; by default one for each core.

        show_progress: Whether to show one progress bar for all nodes on standard error, if that is
            a terminal.

        create: As for ``plan``.

        fail_fast: Leave all other nodes alone once one has failed.

    Returns:
        The plan of each node, or why it has none.

    Raises:
        ValueError: If there is no node, two nodes are one directory, or an argument has an invalid
            value.
    """
    shared = SharedWork(jobs, show_progress=show_progress)
    outcomes = _Outcomes(map(NodePlan, _names(nodes)), fail_fast=fail_fast)
    given = settings or {}
    drafts = outcomes.each(
        lambda node: Draft(
            node.node,
            desired,
            shared,
            settings=given.get(node.node),
            force=force,
            attributes=attributes,
            create=create,
        )
    )
    shared.verify(pair for draft in drafts.values() for pair in draft.unverified)
    outcomes.add_plans(outcomes.each(lambda node: drafts[node.node].finished()))
    return Plans(outcomes.nodes, _shared=shared)


def apply_all(
    plans: Plans, *, replan: bool = False, fail_fast: bool = False, **how: Unpack[WriteArguments]
) -> Plans:
    """
    Make the changes of each plan, in one transaction for each node.

    A node that fails stays as it is, and does not stop the others. Each password is hashed once,
    and all nodes that hash alike get the same hash. A node that is new, or has another password,
    gets the hash of the nodes that have the desired password already. Nothing of this is kept.

    Args:
        plans: The plans. A node that has failed already stays as it is.

        replan: As for ``apply``.

        fail_fast: Leave all other nodes alone once one has failed. If one has no plan, or a guard
            objects to a plan, nothing is written.

        how: As for ``apply``.

    Returns:
        The plan of each node with its result, or why it has none.
    """
    shared = shared_by(plans)
    outcomes = _Outcomes(plans.nodes, fail_fast=fail_fast)
    try:
        allowed = outcomes.each(lambda node: _allowed(node.plan))
        if not outcomes.are_over:
            bases = map(basis_of, allowed.values())
            shared.hash((basis.passwords, basis.rules.policy) for basis in bases)
        applied = outcomes.each(
            lambda node: apply_with(shared, allowed[node.node], replan=replan, how=how)
        )
        outcomes.add_plans(applied)
    finally:
        shared.forget()
    return replace(plans, nodes=outcomes.nodes)


def _allowed(plan: Plan | None) -> Plan:
    assert plan is not None  # noqa: S101 - the node has not failed
    check_objections(plan)
    return plan


def _names(nodes: Iterable[str | os.PathLike[str]]) -> list[str]:
    """Return the directories, each once."""
    if isinstance(nodes, str | bytes | os.PathLike):
        raise ValueError("nodes must be a list of directories, not one")  # noqa: TRY004
    names = [os.fsdecode(node) for node in nodes]
    if not names:
        raise ValueError("there is no node: give at least one directory")
    if "" in names:
        raise ValueError("the name of a node is empty: give its directory")
    same = find_same(names)
    if same is not None:
        raise ValueError(printable(f"[{same[0]}] and [{same[1]}] are the same directory"))
    return names


class _Outcomes:
    """
    What became of each node, step by step.

    Args:
        nodes: The nodes.

        fail_fast: Whether to skip the others once one has failed.
    """

    def __init__(self, nodes: Iterable[NodePlan], *, fail_fast: bool) -> None:
        self._nodes = {node.node: node for node in nodes}
        self._fail_fast = fail_fast

    @property
    def nodes(self) -> tuple[NodePlan, ...]:
        """All nodes, in order."""
        return tuple(self._nodes.values())

    @property
    def are_over(self) -> bool:
        """Whether one has failed, and so no other node is touched any more."""
        return self._fail_fast and any(node.error for node in self._nodes.values())

    def each(self, step: Callable[[NodePlan], T]) -> dict[str, T]:
        """Take a step for each node that is left, and return the results of those that succeed."""
        results: dict[str, T] = {}
        for name, node in self._nodes.items():
            if node.error is not None or node.skipped:
                continue
            if self.are_over:
                self._nodes[name] = replace(node, skipped=True)
                continue
            try:
                results[name] = step(node)
            except FileRealmError as error:
                self._nodes[name] = replace(node, error=error)
        return results

    def add_plans(self, plans: Mapping[str, Plan]) -> None:
        """Note the plans of nodes."""
        for name, plan in plans.items():
            self._nodes[name] = replace(self._nodes[name], plan=plan)
