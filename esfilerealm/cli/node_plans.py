"""``plan``, ``apply`` and ``ensure`` on several nodes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..errors import InvalidDesiredStateError
from ..provisioning import apply_all, plan_all, rehearse
from .exits import CHANGED, OK
from .output import print_reload, print_warnings
from .plan_output import print_diff, summary_of, superusers_of
from .plans import plan_arguments, read_documents, with_options
from .user_options import about_options, check_user_options, user_of_options

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..errors import FileRealmError
    from ..provisioning import DesiredState, Plan, Plans
    from ..results import WriteResult
    from ..settings import RealmSettings
    from .arguments import Arguments
    from .exits import CommandError
    from .nodes import Node, Nodes
    from .terminal import Terminal

    #: From an error of a node to what is reported.
    Explain = Callable[[FileRealmError], CommandError | FileRealmError]

__all__ = ["carry_out_all", "run_apply", "run_ensure", "run_plan"]


def run_plan(arguments: Arguments, nodes: Nodes, terminal: Terminal) -> int:
    """Print what would change."""
    desired = read_documents(arguments, terminal)
    return carry_out_all(arguments, nodes, terminal, desired, is_check=True, shows_diff=True)


def run_apply(arguments: Arguments, nodes: Nodes, terminal: Terminal) -> int:
    """Make the realms as documents describe them."""
    return carry_out_all(arguments, nodes, terminal, read_documents(arguments, terminal))


def run_ensure(arguments: Arguments, nodes: Nodes, terminal: Terminal) -> int:
    """Create, update or remove one user."""
    check_user_options(arguments)
    if arguments.has("password-stdin") and not arguments.has("create"):
        nodes.each(lambda node: node.target.tool.listing())  # before anybody types a password
        if not any(nodes.left):
            return nodes.conclude()
    try:
        desired = with_options(arguments, user_of_options(arguments, terminal))
    except InvalidDesiredStateError as error:
        raise about_options(error) from None
    return carry_out_all(arguments, nodes, terminal, desired, explain=_about_options)


def _about_options(error: FileRealmError) -> CommandError | FileRealmError:
    return about_options(error) if isinstance(error, InvalidDesiredStateError) else error


def carry_out_all(
    arguments: Arguments,
    nodes: Nodes,
    terminal: Terminal,
    desired: DesiredState,
    *,
    is_check: bool = False,
    shows_diff: bool = False,
    inspect: Callable[[Plans], None] | None = None,
    explain: Explain | None = None,
    replans: bool = True,
) -> int:
    """
    Plan for all nodes, apply unless this is a check, and print the outcome of each.

    Args:
        arguments: The command line.

        nodes: The nodes.

        terminal: Where to print.

        desired: What the realms are to be.

        is_check: Whether nothing is written, whatever the command line says.

        shows_diff: Whether every change is printed, whatever the command line says.

        inspect: Called with all plans before anything is written; it may raise.

        explain: Returns what to report of an error of a node; by default the error itself.

        replans: Whether a change by another program is met by a new plan, or is an error.
    """
    is_check, shows_diff = is_check or arguments.has("check"), shows_diff or arguments.has("diff")
    settings = nodes.each(lambda node: node.target.tool.settings)
    superusers = {node.name: superusers_of(node.target, terminal) for node in nodes.left}
    if not superusers:
        return nodes.conclude()
    plans = _planned(arguments, [*superusers], terminal, desired, settings)
    _note_failures(nodes, plans, explain)
    nodes.warn({each.node: _warnings(each.plan) for each in plans.nodes if each.plan is not None})
    if inspect is not None:
        inspect(plans)
    how = arguments.write_arguments
    foreseen: dict[str, WriteResult] = {}
    if is_check:
        made = {each.node: each.plan for each in plans.nodes if each.plan is not None}
        foreseen = nodes.each(lambda node: rehearse(made[node.name], **how))
    else:
        plans = apply_all(plans, replan=replans, fail_fast=arguments.has("fail-fast"), **how)
        _note_failures(nodes, plans, explain)
    for each in plans.nodes:
        if each.plan is not None:
            node = nodes[each.node]
            node.terminal.result.update(each.plan.to_dict(), check=is_check)
            if each.plan.objections or (shows_diff and (is_check or node.error is None)):
                print_diff(node.terminal, each.plan, superusers[node.name])
            _conclude(node, each.plan, foreseen.get(node.name), has_names=not shows_diff)
    return nodes.conclude()


def _planned(
    arguments: Arguments,
    names: list[str],
    terminal: Terminal,
    desired: DesiredState,
    settings: dict[str, RealmSettings],
) -> Plans:
    how = plan_arguments(arguments, terminal)
    fail_fast = arguments.has("fail-fast")
    return plan_all(names, desired, settings=settings, fail_fast=fail_fast, **how)


def _warnings(plan: Plan) -> list[str]:
    """Return the warnings of a plan without its directory, so that nodes have the same ones."""
    return [text.replace(f"[{plan.config_dir}{os.sep}", "[") for text in plan.warnings]


def _note_failures(nodes: Nodes, plans: Plans, explain: Explain | None) -> None:
    for each in plans.nodes:
        node = nodes[each.node]
        node.is_skipped = each.skipped
        if each.error is not None:
            node.fail(explain(each.error) if explain is not None else each.error)


def _conclude(node: Node, plan: Plan, foreseen: WriteResult | None, *, has_names: bool) -> None:
    """Note the outcome of a node, unless it has failed, and print what its write has to say."""
    if node.error is not None or node.is_skipped:
        return
    terminal = node.terminal
    result = plan.result or foreseen
    if result is not None:
        print_warnings(terminal, result)
    if foreseen is not None:
        terminal.result["warnings"] = [*plan.warnings, *foreseen.warnings]
    if plan.result is not None:
        print_reload(node.target, terminal, plan.result)
    terminal.summary = summary_of(plan, is_check=foreseen is not None, has_names=has_names)
    is_told = plan.changed and node.arguments.has("detailed-exitcode")
    node.exit_code = CHANGED if is_told else OK
