"""``copy``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..errors import FileFormatError
from ..provisioning import take_users
from .confirming import is_confirmed
from .exits import DATA, OK, CommandError, UsageError
from .node_plans import carry_out_all
from .output import report_losses
from .plan_output import print_diff, superusers_of
from .plans import STANDARD_INPUT, carry_out, read_standard_input, with_options

if TYPE_CHECKING:
    from ..provisioning import DesiredState, Plan, Plans
    from .arguments import Arguments
    from .nodes import Nodes
    from .target import Target
    from .terminal import Terminal

__all__ = ["run_copy", "run_copy_all"]


class _DeclinedError(Exception):
    """Whoever was asked does not want the change."""


def run_copy(arguments: Arguments, target: Target, terminal: Terminal) -> int:
    """Copy the users of a source to one node."""
    _check_question(arguments)
    desired = _users(arguments, terminal)

    def show(planned: Plan) -> None:
        if planned.changed and not planned.objections and not arguments.has("check"):
            print_diff(terminal, planned, superusers_of(target, terminal))
            _confirm(arguments, terminal, [target.config_dir])

    is_check = arguments.has("check")
    try:
        return carry_out(
            *(arguments, target, terminal, desired),
            shows_diff=is_check,
            inspect=show,
            replans=arguments.has("yes"),
        )
    except _DeclinedError:
        return _leave(terminal)


def run_copy_all(arguments: Arguments, nodes: Nodes, terminal: Terminal) -> int:
    """Copy the users of a source to several nodes."""
    _check_question(arguments)
    desired = _users(arguments, terminal)
    losses = terminal.result.pop("losses")
    for node in nodes.left:
        node.terminal.result["losses"] = losses

    def show(plans: Plans) -> None:
        if arguments.has("check") or (plans.errors and arguments.has("fail-fast")):
            return  # nothing will be written
        changed = [
            (each.node, each.plan)
            for each in plans.nodes
            if each.plan is not None and each.plan.changed and not each.plan.objections
        ]
        for name, planned in changed:
            node = nodes[name]
            print_diff(node.terminal, planned, superusers_of(node.target, node.terminal))
        if changed:
            _confirm(arguments, terminal, [name for name, _ in changed])

    try:
        return carry_out_all(
            *(arguments, nodes, terminal, desired),
            shows_diff=arguments.has("check"),
            inspect=show,
            replans=arguments.has("yes"),
        )
    except _DeclinedError:
        return _leave(terminal)


def _check_question(arguments: Arguments) -> None:
    if arguments.has("json") and not (arguments.has("yes") or arguments.has("check")):
        raise UsageError("option [json] needs [yes] or [dry-run], since nobody is asked then")


def _users(arguments: Arguments, terminal: Terminal) -> DesiredState:
    """Return the users of the source as all that a node is to have."""
    path = arguments.first
    try:
        if path == "-":
            users, losses = take_users(STANDARD_INPUT, content=read_standard_input(terminal))
        else:
            users, losses = take_users(path)
    except FileFormatError as error:  # its own exit code would mean a file of the node
        raise CommandError(str(error), DATA) from error
    report_losses(arguments, terminal, losses)
    return with_options(arguments, replace(users, purge="all"))


def _confirm(arguments: Arguments, terminal: Terminal, nodes: list[str]) -> None:
    if arguments.has("yes"):
        return
    what = f"[{nodes[0]}]" if len(nodes) == 1 else f"{len(nodes)} nodes"
    if not is_confirmed(terminal, f"Change {what} as shown?"):
        raise _DeclinedError


def _leave(terminal: Terminal) -> int:
    terminal.print("Nothing was changed")
    return OK
