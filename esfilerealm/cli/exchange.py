"""``export`` and ``import``."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from .._storage.paths import journal_path, managed_path
from .._storage.private_file import write_private_file
from .._storage.realm_files import RealmFiles
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
from .passwords import password_given
from .provisioning import STANDARD_INPUT, carry_out, content_of_input, with_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..exchange import Loss
    from .arguments import Invocation

__all__ = ["run_export", "run_import"]

_DOCUMENTS: Final = ("json", "yaml")
_SECRET: Final = "k8s-secret"  # noqa: S105 - the name of a format


def run_export(invocation: Invocation) -> int:
    """Write the realm as another tool reads it."""
    format_ = invocation.required_choice("format", EXPORT_FORMATS)
    output = invocation.value("output")
    if output is None and invocation.has("json"):
        raise UsageError("option [json] needs [output], since the export holds hashes")
    if output is None and format_ == "tar" and sys.stdout is not None and sys.stdout.isatty():
        raise UsageError("a tar is not for a terminal: give option [output], or redirect")
    export = _basic_auth if invocation.has("basic-auth") else _whole_realm
    exported = export(invocation, format_)
    _tell_losses(invocation, exported.losses)
    if output is None:
        invocation.terminal.print_document(exported.data)
    else:
        _write_output(invocation, output, exported.data)
    return OK


def _whole_realm(invocation: Invocation, format_: str) -> Exported:
    tool = invocation.tool
    files = RealmFiles.read(tool.paths)
    return export_realm(
        format_,
        files.users.data,
        files.users_roles.data,
        secret_name=invocation.value("secret-name") or "esfilerealm-users",
        namespace=invocation.value("namespace"),
        **tool.settings.name_rules,
    )


def _basic_auth(invocation: Invocation, format_: str) -> Exported:
    """Make a Secret of one user, whose password has to be given: a realm knows its hash only."""
    if format_ != _SECRET:
        raise UsageError(f"option [basic-auth] is for the format [{_SECRET}] only")
    username, tool = invocation.value("basic-auth") or "", invocation.tool
    password = password_given(invocation)
    if password is None:
        password = invocation.terminal.ask_secret("Enter password: ")
    if not tool.verify(username, password):
        raise CommandError(f"the password of [{username}] is wrong", WRONG_PASSWORD)
    data = basic_auth_secret(
        username,
        password,
        tool.list_users(username)[username],
        secret_name=invocation.value("secret-name") or f"esfilerealm-{username}",
        namespace=invocation.value("namespace"),
    )
    return Exported(data, ())


def run_import(invocation: Invocation) -> int:
    """Take users over from another tool's file."""
    format_ = invocation.required_choice("format", (*IMPORT_FORMATS, *_DOCUMENTS))
    role_map = _role_map(invocation)
    if role_map and format_ != "opensearch":
        raise UsageError("option [map-role] is for the format [opensearch] only")
    path = invocation.arguments[0]
    if path == "-":
        source, data = STANDARD_INPUT, content_of_input(invocation)
    else:
        source, data = path, content_of(path)
    if format_ in _DOCUMENTS:
        desired = DesiredState.parse(
            data, source=source, format=format_, folder=os.path.dirname(path)
        )
    else:
        rules = invocation.tool.settings.name_rules
        try:
            imported = import_users(format_, data, source=source, role_map=role_map, **rules)
        except FileFormatError as error:  # whose exit code is for the files of the realm
            raise CommandError(str(error), DATA) from error
        _tell_losses(invocation, imported.losses)
        desired = DesiredState.from_dict(imported.document, source=source)
    return carry_out(invocation, with_options(invocation, desired))


def _role_map(invocation: Invocation) -> dict[str, str | None]:
    """Give what options say of roles; a name may hold [=], as that of LDAP's do."""
    roles: dict[str, str | None] = {}
    for pair in invocation.values("map-role"):
        role, equals, other = pair.rpartition("=")
        if not role or not equals:
            raise UsageError("option [map-role] needs FROM=TO, or FROM= to leave a role out")
        roles[role] = other or None
    return roles


def _tell_losses(invocation: Invocation, losses: Sequence[Loss]) -> None:
    """
    Name all that cannot be carried.

    Raises:
        CommandError: If a user or a role would be missing, and that is not allowed.
    """
    invocation.result["losses"] = [asdict(loss) for loss in losses]
    for loss in losses:
        invocation.terminal.warn(f"WARNING: {loss}")
    blocking = sum(loss.is_blocking for loss in losses)
    if blocking and not invocation.has("partial"):
        raise CommandError(
            f"[{blocking}] users or roles cannot be carried, and nothing is written: "
            "--partial leaves them out",
            DATA,
        )


def _write_output(invocation: Invocation, path: str, data: bytes) -> None:
    """Write the file that is asked for, unless it is one of the realm."""
    paths = invocation.tool.paths
    users = os.path.realpath(paths.users)
    own = (users, paths.users_roles, paths.roles_yml, managed_path(users), journal_path(users))
    if os.path.realpath(path) in map(os.path.realpath, own):
        raise UsageError("option [output] names a file of the realm itself")
    write_private_file(path, data)
