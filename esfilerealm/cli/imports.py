"""``import``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, NamedTuple

from ..documents.document import content_of
from ..errors import FileFormatError
from ..exchange import IMPORT_FORMATS, import_users
from ..provisioning import DesiredState, SetPassword
from ..provisioning.source_users import existing_users
from .exits import DATA, CommandError, UsageError
from .output import report_losses
from .plans import STANDARD_INPUT, carry_out, read_standard_input, with_options
from .users import role_names

if TYPE_CHECKING:
    from ..exchange import Imported, ImportFormat
    from ..provisioning import Plan
    from .arguments import Arguments
    from .target import Target
    from .terminal import Terminal

__all__ = ["run_import"]


#: Options that are for one format.
_FORMAT_OF: Final = {
    "map-role": "opensearch",
    "roles-mapping": "opensearch",
    "as-node": "k8s-secret",
    "cluster": "k8s-secret",
}


def run_import(arguments: Arguments, target: Target, terminal: Terminal) -> int:
    """Import users from another tool's file."""
    format_ = arguments.required_choice("format", IMPORT_FORMATS)
    for option, only in _FORMAT_OF.items():
        if arguments.has(option) and format_ != only:
            raise UsageError(f"option [{option}] is for the format [{only}] only")
    request = _Request(
        _role_map(arguments),
        role_names(arguments, "roles", writable=True),
        *_source(arguments.first, terminal),
    )
    match format_:
        case "json" | "yaml":
            folder = os.path.dirname(arguments.first)
            desired = DesiredState.parse(
                request.data, source=request.source, format=format_, folder=folder
            ).with_default_roles(request.roles)
        case _:
            imported = _converted(arguments, target, format_, request)
            report_losses(arguments, terminal, imported.losses)
            desired = DesiredState.from_dict(imported.document, source=request.source)
    return carry_out(
        arguments,
        target,
        terminal,
        with_options(arguments, desired),
        inspect=lambda planned: _report_replaced(arguments, terminal, planned),
        replans=not arguments.has("strict"),
    )


class _Request(NamedTuple):
    """What is imported, with options that were checked before anything was read."""

    role_map: dict[str, str | None]
    roles: list[str]
    source: str
    data: bytes


def _source(path: str, terminal: Terminal) -> tuple[str, bytes]:
    """Return the name of the source for messages, and its content."""
    if path == "-":
        return STANDARD_INPUT, read_standard_input(terminal)
    return path, content_of(path)


def _converted(
    arguments: Arguments, target: Target, format_: ImportFormat, request: _Request
) -> Imported:
    """
    Read the file of another tool.

    Raises:
        CommandError: If it is not of that format. An error of its own exit code would mean a file
            of the realm.
    """
    mapping = arguments.value("roles-mapping")
    try:
        return import_users(
            format_,
            request.data,
            source=request.source,
            role_map=request.role_map,
            roles_mapping=None if mapping is None else (mapping, content_of(mapping)),
            roles=request.roles,
            as_node=arguments.has("as-node"),
            cluster=arguments.value("cluster"),
            existing=existing_users(target.config_dir, target.tool.settings),
            **target.tool.settings.name_rules,
        )
    except FileFormatError as error:
        raise CommandError(str(error), DATA) from error


def _report_replaced(arguments: Arguments, terminal: Terminal, planned: Plan) -> None:
    """
    Name the users whose passwords the import replaces.

    Raises:
        CommandError: If there are any and ``--strict`` is given.
    """
    names = [change.username for change in planned.changes if isinstance(change, SetPassword)]
    terminal.result["replaced_passwords"] = names
    if not names:
        return
    listed = ", ".join(f"[{name}]" for name in names)
    if arguments.has("strict"):
        raise CommandError(
            f"the import would replace the password of {listed}, so nothing was written: "
            "without --strict it does",
            DATA,
        )
    terminal.warn(f"WARNING: the import replaces the password of {listed}; --strict refuses that")


def _role_map(arguments: Arguments) -> dict[str, str | None]:
    """Return the roles to rename or leave out; a name may hold [=], as those of LDAP do."""
    roles: dict[str, str | None] = {}
    for pair in arguments.values("map-role"):
        role, equals, other = pair.rpartition("=")
        if not role or not equals:
            raise UsageError("option [map-role] needs FROM=TO, or FROM= to leave a role out")
        roles[role] = other or None
    return roles
