"""``roles-of``: which roles a user of another realm would get, and why."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Final

from .._ground.showing import shown
from .._storage import read_file
from ..errors import FileFormatError
from ..realms.role_mapper import LARGEST_MAPPING_FILE, parse_mapping_file
from ..role_mapping import ParsedRoleMapping, UserData, parse_role_mappings, role_sources
from .exits import DATA, NO_INPUT, OK, CommandError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from ..settings.mapped_realms import MappedRealm
    from .arguments import Arguments
    from .target import Target
    from .terminal import Terminal

    #: Of one role and one source of it, as ``--json`` prints it.
    _Source = dict[str, Any]

__all__ = ["run_roles_of"]

_FILE_NAME: Final = "role_mapping.yml"
#: Options that say who the user is.
_OF_USER: Final = ("dn", "group", "username", "metadata")


def run_roles_of(arguments: Arguments, target: Target, terminal: Terminal) -> int:
    """Print the roles of a user, each with the line or role mapping that it comes from."""
    user = _user(arguments)
    files = _mapping_files(arguments, target)
    mappings = [_read_mapping(arguments, file.path, terminal) for file in files]
    from_files = list(zip(files, mappings, strict=True))
    if files:
        terminal.result["issues"] = [
            {"path": file.path, "line": one.line_number, "kind": one.kind, "reason": one.reason}
            for file, mapping in from_files
            for one in mapping.issues
        ]
    sources = [
        *(source for file, mapping in from_files for source in _from_file(user, mapping, file)),
        *_from_documents(arguments, user, terminal),
    ]
    sources.sort(key=lambda source: source["role"])
    roles = list(dict.fromkeys(source["role"] for source in sources))
    terminal.result.update(roles=roles, sources=sources)
    terminal.print(*(_table(sources, is_ambiguous=len(files) > 1) if sources else ["No roles"]))
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


class _MappingFile:
    """
    A mapping file.

    Attributes:
        path: The file.
        as_roles: Whether a group that it does not map is a role itself.
        realms: The names of the realms that use it.
    """

    def __init__(self, path: str, *, as_roles: bool, realms: list[str]) -> None:
        self.path = path
        self.as_roles = as_roles
        self.realms = realms


def _mapping_files(arguments: Arguments, target: Target) -> list[_MappingFile]:
    """Return the mapping files; none if only the mappings of the API are asked for."""
    as_roles = arguments.has("unmapped-groups-as-roles")
    given = arguments.value("mapping-file")
    if given == "":
        raise UsageError("option [mapping-file] needs a file, not an empty string")
    if given is not None:
        return [_MappingFile(os.path.abspath(given), as_roles=as_roles, realms=[])]
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
        _MappingFile(path, as_roles=flag, realms=realms)
        for (path, flag), realms in (files or {(default, as_roles): []}).items()
    ]


def _chosen(arguments: Arguments, realms: Sequence[MappedRealm]) -> Sequence[MappedRealm]:
    """Return the realm that ``--realm`` names; all of them if there is none of that name."""
    name = arguments.value("realm")
    return [realm for realm in realms if realm.name == name] or realms


def _read_mapping(arguments: Arguments, path: str, terminal: Terminal) -> ParsedRoleMapping:
    content = read_file(path, largest=LARGEST_MAPPING_FILE)
    if content.exists:
        mapping = parse_mapping_file(path, content.data)
    elif arguments.has("mapping-file"):
        raise CommandError(f"role mapping file [{path}] does not exist", NO_INPUT)
    else:
        mapping = ParsedRoleMapping()
        terminal.warn(f"WARNING: role mapping file [{path}] does not exist: it maps no role")
    for issue in mapping.issues:
        terminal.warn(f"WARNING: [{path}], line [{issue.line_number}]: {issue.reason}")
    return mapping


def _from_file(user: UserData, mapping: ParsedRoleMapping, file: _MappingFile) -> Iterator[_Source]:
    for one in role_sources(mapping, user.dn, user.groups, unmapped_groups_as_roles=file.as_roles):
        is_mapped = one.line_number is not None
        yield {
            "role": one.role,
            "dn": one.dn,
            "path": file.path if is_mapped else None,
            "line": one.line_number,
            "mapping": None,
            "realms": file.realms,
        }


def _from_documents(arguments: Arguments, user: UserData, terminal: Terminal) -> Iterator[_Source]:
    given = arguments.value("mappings")
    if given is None:
        return
    for mapping in parse_role_mappings(_text_of(given, terminal)):
        for role in mapping.roles_of(user):
            yield {
                "role": role,
                "dn": None,
                "path": None,
                "line": None,
                "mapping": mapping.name,
                "realms": [],
            }


def _text_of(given: str, terminal: Terminal) -> str:
    from .plans import read_standard_input

    if given == "-":
        data = read_standard_input(terminal)
    else:
        content = read_file(os.path.abspath(given), largest=LARGEST_MAPPING_FILE)
        if not content.exists:
            raise CommandError(f"file [{given}] of --mappings does not exist", NO_INPUT)
        data = content.data
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line_number = data.count(b"\n", 0, error.start) + 1
    raise FileFormatError(given, line_number, "not UTF-8")


def _table(sources: list[_Source], *, is_ambiguous: bool) -> Iterator[str]:
    """Yield a line for each source; with the realms if these use different files."""
    names = [shown(source["role"]) for source in sources]
    width = max(map(len, names))
    for name, source in zip(names, sources, strict=True):
        realms = ", ".join(f"[{shown(realm)}]" for realm in source["realms"])
        only = f", for {realms} only" if is_ambiguous and realms else ""
        yield f"{name:<{width}}  {_place(source)}{only}"


def _place(source: _Source) -> str:
    if source["mapping"] is not None:
        return f"role mapping [{shown(source['mapping'])}]"
    name = shown(source["dn"])
    if source["line"] is None:
        return f"the name of the unmapped group [{name}]"
    return f"[{source['path']}], line [{source['line']}]: [{name}]"
