"""``export``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from ..exchange import EXPORT_FORMATS, Exported, basic_auth_secret
from .exits import DATA, OK, WRONG_PASSWORD, CommandError, UsageError
from .output import report_losses, write_output
from .passwords import current_password

if TYPE_CHECKING:
    from ..exchange import ExportFormat
    from .arguments import Arguments
    from .target import Target
    from .terminal import Terminal

__all__ = ["run_export"]

_SECRET: Final = "k8s-secret"  # noqa: S105 - the name of a format


def run_export(arguments: Arguments, target: Target, terminal: Terminal) -> int:
    """Export the realm for another tool."""
    format_ = arguments.required_choice("format", EXPORT_FORMATS)
    output = arguments.value("output")
    if output is None and arguments.has("json"):
        raise UsageError("option [json] needs [output], since the export holds hashes")
    if output is None and format_ == "tar" and sys.stdout is not None and sys.stdout.isatty():
        raise UsageError("a tar archive cannot go to a terminal: give option [output], or redirect")
    if arguments.has("basic-auth"):
        exported = _one_user(arguments, target, terminal, format_)
    else:
        exported = _whole_realm(arguments, target, format_)
    report_losses(arguments, terminal, exported.losses)
    if output is None:
        terminal.print_document(exported.data)
    else:
        force, config_dir = arguments.has("force"), target.tool.config_dir
        write_output("output", output, exported.data, config_dir, force=force)
    return OK


def _whole_realm(arguments: Arguments, target: Target, format_: ExportFormat) -> Exported:
    return target.tool.export(
        format_,
        secret_name=arguments.value("secret-name") or "esfilerealm-users",
        namespace=arguments.value("namespace"),
    )


def _one_user(
    arguments: Arguments, target: Target, terminal: Terminal, format_: ExportFormat
) -> Exported:
    """Make a Secret of one user, whose password has to be given: a realm knows only its hash."""
    if format_ != _SECRET:
        raise UsageError(f"option [basic-auth] is for the format [{_SECRET}] only")
    username, tool = arguments.value("basic-auth") or "", target.tool
    tool.list_users(username)  # a missing user is an error here
    state = tool.accounts().get(username)
    if state is not None:
        what = "locked" if state.is_locked else "one whose time ends"
        raise CommandError(f"[{username}] is {what}, which a Secret of one user cannot say", DATA)
    password = current_password(arguments, terminal)
    if not tool.verify(username, password):
        raise CommandError(f"the password of [{username}] is wrong", WRONG_PASSWORD)
    data = basic_auth_secret(
        username,
        password,
        tool.list_users(username)[username],
        secret_name=arguments.value("secret-name") or f"esfilerealm-{username}",
        namespace=arguments.value("namespace"),
    )
    return Exported(data, ())
