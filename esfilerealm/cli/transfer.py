"""``export`` and ``import``."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from .._storage import RealmFolder, write_private_file
from ..documents.document import content_of
from ..errors import FileFormatError
from ..exchange import (
    EXPORT_FORMATS,
    IMPORT_FORMATS,
    Exported,
    basic_auth_secret,
    export_realm,
    import_users,
)
from ..provisioning import DesiredState
from .exits import DATA, OK, WRONG_PASSWORD, CommandError, UsageError
from .passwords import current_password
from .plans import STANDARD_INPUT, carry_out, read_standard_input, with_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..exchange import Loss
    from .arguments import Arguments
    from .target import Target
    from .terminal import Terminal

__all__ = ["run_export", "run_import"]

_DOCUMENTS: Final = ("json", "yaml")
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
    _report_losses(arguments, terminal, exported.losses)
    if output is None:
        terminal.print_document(exported.data)
    else:
        _write_output(target, output, exported.data)
    return OK


def _whole_realm(arguments: Arguments, target: Target, format_: str) -> Exported:
    tool = target.tool
    files = RealmFolder(tool.config_dir).read()
    return export_realm(
        format_,
        files.users.data,
        files.users_roles.data,
        secret_name=arguments.value("secret-name") or "esfilerealm-users",
        namespace=arguments.value("namespace"),
        **tool.settings.name_rules,
    )


def _one_user(arguments: Arguments, target: Target, terminal: Terminal, format_: str) -> Exported:
    """Make a Secret of one user, whose password has to be given: a realm knows only its hash."""
    if format_ != _SECRET:
        raise UsageError(f"option [basic-auth] is for the format [{_SECRET}] only")
    username, tool = arguments.value("basic-auth") or "", target.tool
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


def run_import(arguments: Arguments, target: Target, terminal: Terminal) -> int:
    """Import users from another tool's file."""
    format_ = arguments.required_choice("format", (*IMPORT_FORMATS, *_DOCUMENTS))
    role_map = _role_map(arguments)
    if role_map and format_ != "opensearch":
        raise UsageError("option [map-role] is for the format [opensearch] only")
    path = arguments.first
    if path == "-":
        source, data = STANDARD_INPUT, read_standard_input(terminal)
    else:
        source, data = path, content_of(path)
    if format_ in _DOCUMENTS:
        folder = os.path.dirname(path)
        desired = DesiredState.parse(data, source=source, format=format_, folder=folder)
    else:
        rules = target.tool.settings.name_rules
        try:
            imported = import_users(format_, data, source=source, role_map=role_map, **rules)
        except FileFormatError as error:  # its own exit code means a file of the realm
            raise CommandError(str(error), DATA) from error
        _report_losses(arguments, terminal, imported.losses)
        desired = DesiredState.from_dict(imported.document, source=source)
    return carry_out(arguments, target, terminal, with_options(arguments, desired))


def _role_map(arguments: Arguments) -> dict[str, str | None]:
    """Return the roles to rename or leave out; a name may hold [=], as those of LDAP do."""
    roles: dict[str, str | None] = {}
    for pair in arguments.values("map-role"):
        role, equals, other = pair.rpartition("=")
        if not role or not equals:
            raise UsageError("option [map-role] needs FROM=TO, or FROM= to leave a role out")
        roles[role] = other or None
    return roles


def _report_losses(arguments: Arguments, terminal: Terminal, losses: Sequence[Loss]) -> None:
    """
    Print everything that cannot be converted.

    Raises:
        CommandError: If a user or a role would be missing, and ``--partial`` is not given.
    """
    terminal.result["losses"] = [asdict(loss) for loss in losses]
    for loss in losses:
        terminal.warn(f"WARNING: {loss}")
    blocking = sum(loss.is_blocking for loss in losses)
    if blocking and not arguments.has("partial"):
        raise CommandError(
            f"[{blocking}] users or roles cannot be converted, so nothing was written: "
            "pass --partial to leave them out",
            DATA,
        )


def _write_output(target: Target, path: str, data: bytes) -> None:
    """Write the output file, unless it is a file of the realm."""
    if RealmFolder(target.tool.config_dir).holds(path):
        raise UsageError("option [output] names a file of the realm itself")
    write_private_file(path, data)
