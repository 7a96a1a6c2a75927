"""``import``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, Literal

from ..documents.document import content_of
from ..errors import FileFormatError
from ..exchange import IMPORT_FORMATS, import_users
from ..provisioning import DesiredState
from .exits import DATA, CommandError, UsageError
from .output import report_losses
from .plans import STANDARD_INPUT, carry_out, read_standard_input, with_options

if TYPE_CHECKING:
    from ..exchange import ImportFormat
    from .arguments import Arguments
    from .target import Target
    from .terminal import Terminal

__all__ = ["run_import"]

#: A desired state is imported as it is.
_FORMATS: Final[tuple[ImportFormat | Literal["json", "yaml"], ...]] = (
    *IMPORT_FORMATS,
    "json",
    "yaml",
)


def run_import(arguments: Arguments, target: Target, terminal: Terminal) -> int:
    """Import users from another tool's file."""
    format_ = arguments.required_choice("format", _FORMATS)
    role_map = _role_map(arguments)
    if role_map and format_ != "opensearch":
        raise UsageError("option [map-role] is for the format [opensearch] only")
    path = arguments.first
    if path == "-":
        source, data = STANDARD_INPUT, read_standard_input(terminal)
    else:
        source, data = path, content_of(path)
    match format_:
        case "json" | "yaml":
            folder = os.path.dirname(path)
            desired = DesiredState.parse(data, source=source, format=format_, folder=folder)
        case _:
            rules = target.tool.settings.name_rules
            try:
                imported = import_users(format_, data, source=source, role_map=role_map, **rules)
            except FileFormatError as error:  # its own exit code means a file of the realm
                raise CommandError(str(error), DATA) from error
            report_losses(arguments, terminal, imported.losses)
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
