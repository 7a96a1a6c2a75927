"""``import``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from .._storage import RealmFolder
from ..documents.document import content_of
from ..errors import FileFormatError, FileRealmError
from ..exchange import IMPORT_FORMATS, import_users
from ..provisioning import DesiredState, SetPassword
from .exits import DATA, CommandError, UsageError
from .output import report_losses
from .plans import STANDARD_INPUT, carry_out, read_standard_input, with_options
from .users import role_names

if TYPE_CHECKING:
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
    role_map = _role_map(arguments)
    roles = role_names(arguments, "roles", writable=True)
    path = arguments.first
    if path == "-":
        source, data = STANDARD_INPUT, read_standard_input(terminal)
    else:
        source, data = path, content_of(path)
    match format_:
        case "json" | "yaml":
            folder = os.path.dirname(path)
            desired = DesiredState.parse(data, source=source, format=format_, folder=folder)
            desired = desired.with_default_roles(roles)
        case _:
            mapping = arguments.value("roles-mapping")
            try:
                imported = import_users(
                    format_,
                    data,
                    source=source,
                    role_map=role_map,
                    roles_mapping=None if mapping is None else (mapping, content_of(mapping)),
                    roles=roles,
                    as_node=arguments.has("as-node"),
                    cluster=arguments.value("cluster"),
                    existing=_existing_users(target),
                    **target.tool.settings.name_rules,
                )
            except FileFormatError as error:  # its own exit code means a file of the realm
                raise CommandError(str(error), DATA) from error
            report_losses(arguments, terminal, imported.losses)
            desired = DesiredState.from_dict(imported.document, source=source)
    return carry_out(
        arguments,
        target,
        terminal,
        with_options(arguments, desired),
        inspect=lambda planned: _report_replaced(arguments, terminal, planned),
        replans=not arguments.has("strict"),
    )


def _existing_users(target: Target) -> bytes:
    """Return the ``users`` file; nothing if it cannot be read, which the plan reports."""
    try:
        return (
            RealmFolder(target.config_dir, in_x_pack=target.tool.settings.is_in_x_pack)
            .read()
            .users.data
        )
    except FileRealmError:
        return b""


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
