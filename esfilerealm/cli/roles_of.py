"""``roles-of``: which roles a user of another realm would get, and why."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Final

from ..role_mapping import UserData
from .exits import DATA, OK, CommandError, UsageError
from .role_sources import (
    MappingFile,
    read_documents,
    read_mapping,
    source_lines,
    sources_in_documents,
    sources_in_file,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..settings.mapped_realm import MappedRealm
    from .arguments import Arguments
    from .target import Target
    from .terminal import Terminal

__all__ = ["run_roles_of"]

_FILE_NAME: Final = "role_mapping.yml"
#: Options that say who the user is.
_OF_USER: Final = ("dn", "group", "username", "metadata")


def run_roles_of(arguments: Arguments, target: Target, terminal: Terminal) -> int:
    """Print the roles of a user, each with the line or role mapping that it comes from."""
    user = _user(arguments)
    files = _mapping_files(arguments, target)
    is_required = arguments.has("mapping-file")
    mappings = [read_mapping(file.path, terminal, is_required=is_required) for file in files]
    from_files = list(zip(files, mappings, strict=True))
    if files:
        terminal.result["issues"] = [
            {"path": file.path, "line": one.line_number, "kind": one.kind, "reason": one.reason}
            for file, mapping in from_files
            for one in mapping.issues
        ]
    sources = [
        *(each for file, mapping in from_files for each in sources_in_file(user, mapping, file)),
        *sources_in_documents(user, read_documents(arguments, "mappings", terminal)),
    ]
    sources.sort(key=lambda source: source["role"])
    roles = list(dict.fromkeys(source["role"] for source in sources))
    terminal.result.update(roles=roles, sources=sources)
    table = source_lines(sources, is_ambiguous=len(files) > 1)
    terminal.print(*(table or ["No roles"]))
    return OK if all(mapping.is_usable for mapping in mappings) else DATA


def _user(arguments: Arguments) -> UserData:
    if not any(map(arguments.has, _OF_USER)):
        options = ", ".join(f"[{key}]" for key in _OF_USER)
        raise UsageError(f"at least one of the options {options} is needed: whose roles?")
    return UserData(
        arguments.value("username"),
        arguments.value("dn"),
        arguments.values("group"),
        dict(map(_entry, arguments.values("metadata"))),
        arguments.value("realm") or "",
    )


def _entry(text: str) -> tuple[str, object]:
    """Return a key of metadata and its value: JSON if it is JSON, or else text."""
    key, sign, value = text.partition("=")
    if not key or not sign:
        raise UsageError("option [metadata] must be given as key=value")
    try:
        return key, json.loads(value)
    except (ValueError, RecursionError):
        return key, value


def _mapping_files(arguments: Arguments, target: Target) -> list[MappingFile]:
    """Return the mapping files; none if only the mappings of the API are asked for."""
    as_roles = arguments.has("unmapped-groups-as-roles")
    given = arguments.value("mapping-file")
    if given == "":
        raise UsageError("option [mapping-file] needs a file, not an empty string")
    if given is not None:
        return [MappingFile(os.path.abspath(given), as_roles=as_roles, realms=[])]
    if arguments.has("mappings") and not arguments.has("config"):
        try:
            _ = target.location
        except CommandError:
            return []
    default = os.path.join(target.config_dir, _FILE_NAME)
    files: dict[tuple[str, bool], list[str]] = {}
    for realm in _chosen(arguments, target.mapped_realms()):
        way = realm.mapping_file, as_roles or realm.unmapped_groups_as_roles
        files.setdefault(way, []).append(realm.name)
    return [
        MappingFile(path, as_roles=flag, realms=realms)
        for (path, flag), realms in (files or {(default, as_roles): []}).items()
    ]


def _chosen(arguments: Arguments, realms: Sequence[MappedRealm]) -> Sequence[MappedRealm]:
    """Return the realm that ``--realm`` names; all of them if there is none of that name."""
    name = arguments.value("realm")
    return [realm for realm in realms if realm.name == name] or realms
