"""Where roles come from: lines of ``users_roles`` and of mapping files, and role mappings."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from .._ground.showing import shown
from .._storage import read_file
from ..errors import FileFormatError
from ..formats.users_roles import lines_of_roles
from ..realms.role_mapper import LARGEST_MAPPING_FILE, parse_mapping_file
from ..role_mapping import ParsedRoleMapping, parse_role_mappings, role_sources
from .exits import NO_INPUT, CommandError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    from ..role_mapping import RoleMapping, UserData
    from .arguments import Arguments
    from .terminal import Terminal

    Source = dict[str, Any]
    """Of one role, where it comes from, as ``--json`` prints it."""

__all__ = [
    "MappingFile",
    "read_documents",
    "read_mapping",
    "source_lines",
    "sources_in_documents",
    "sources_in_file",
    "sources_in_users_roles",
    "unknown_source",
]


_ELSEWHERE: Final = "not in the files as they are now"


class MappingFile:
    """
    A mapping file.

    Attributes:
        path: The file.
        as_roles: Whether a group that it does not map is a role itself.
        realms: The names of the realms that use it.
    """

    def __init__(self, path: str, *, as_roles: bool, realms: Sequence[str]) -> None:
        self.path = path
        self.as_roles = as_roles
        self.realms = list(realms)


def read_mapping(path: str, terminal: Terminal, *, is_required: bool) -> ParsedRoleMapping:
    """
    Read a mapping file, and warn of what a node skips in it.

    Raises:
        CommandError: If it *is_required* and does not exist.
        FilePermissionError, FileAccessError: If it cannot be read.
    """
    content = read_file(path, largest=LARGEST_MAPPING_FILE)
    if content.exists:
        mapping = parse_mapping_file(path, content.data)
    elif is_required:
        raise CommandError(f"role mapping file [{path}] does not exist", NO_INPUT)
    else:
        mapping = ParsedRoleMapping()
        terminal.warn(f"WARNING: role mapping file [{path}] does not exist: it maps no role")
    for issue in mapping.issues:
        terminal.warn(f"WARNING: [{path}], line [{issue.line_number}]: {issue.reason}")
    return mapping


def read_documents(
    arguments: Arguments, option: str, terminal: Terminal
) -> tuple[RoleMapping, ...]:
    """
    Read the role mappings in the file that an option names; none if it is not given.

    Raises:
        CommandError: If there is no such file.
        FileFormatError: If it is not UTF-8.
        InvalidRoleMappingError: If a node would not take one of them.
    """
    given = arguments.value(option)
    return () if given is None else parse_role_mappings(_text_of(given, option, terminal))


def _text_of(given: str, option: str, terminal: Terminal) -> str:
    from .plans import read_standard_input

    if given == "-":
        data = read_standard_input(terminal)
    else:
        content = read_file(os.path.abspath(given), largest=LARGEST_MAPPING_FILE)
        if not content.exists:
            raise CommandError(f"file [{given}] of --{option} does not exist", NO_INPUT)
        data = content.data
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line_number = data.count(b"\n", 0, error.start) + 1
    raise FileFormatError(given, line_number, "not UTF-8")


def sources_in_file(
    user: UserData, mapping: ParsedRoleMapping, file: MappingFile
) -> Iterator[Source]:
    """
    Yield the roles that a mapping file gives to a user.

    Raises:
        InvalidDistinguishedNameError: As ``role_sources``.
    """
    for one in role_sources(mapping, user.dn, user.groups, unmapped_groups_as_roles=file.as_roles):
        path = None if one.line_number is None else file.path
        yield _source(one.role, path, one.line_number, dn=one.dn, realms=file.realms)


def sources_in_documents(user: UserData, documents: Iterable[RoleMapping]) -> Iterator[Source]:
    """
    Yield the roles that role mappings give to a user.

    Raises:
        InvalidRoleMappingError, InvalidUserDataError: As ``RoleMapping.roles_of``.
    """
    for mapping in documents:
        for role in mapping.roles_of(user):
            yield _source(role, mapping=mapping.name)


def sources_in_users_roles(path: str, username: str, realm: str) -> Iterator[Source]:
    """
    Yield the roles that ``users_roles`` gives to a user.

    Raises:
        FileFormatError: If the file is not UTF-8.
        FilePermissionError, FileAccessError: If it cannot be read.
    """
    content = read_file(path)
    lines = lines_of_roles(content.data, username, source=path) if content.exists else {}
    for role, line in lines.items():
        yield _source(role, path, line, realms=[realm])


def unknown_source(role: str) -> Source:
    """Return what stands for a source that is none of these, or that has just changed."""
    return _source(role)


def _source(
    role: str,
    path: str | None = None,
    line: int | None = None,
    *,
    dn: str | None = None,
    mapping: str | None = None,
    realms: Sequence[str] = (),
) -> Source:
    return {
        "role": role,
        "dn": dn,
        "path": path,
        "line": line,
        "mapping": mapping,
        "realms": list(realms),
    }


def source_lines(sources: Sequence[Source], *, is_ambiguous: bool = False) -> list[str]:
    """Return a line for each source; with the realms if these use different files."""
    names = [shown(source["role"]) for source in sources]
    width = max(map(len, names), default=0)
    lines = []
    for name, source in zip(names, sources, strict=True):
        realms = ", ".join(f"[{shown(realm)}]" for realm in source["realms"])
        only = f", for {realms} only" if is_ambiguous and realms else ""
        lines.append(f"{name:<{width}}  {_place(source)}{only}")
    return lines


def _place(source: Source) -> str:
    if source["mapping"] is not None:
        return f"role mapping [{shown(source['mapping'])}]"
    dn = source["dn"]
    if source["line"] is None:
        return (
            "not in the files as they are now"
            if dn is None
            else f"the name of the unmapped group [{shown(dn)}]"
        )
    place = f"[{source['path']}], line [{source['line']}]"
    return place if dn is None else f"{place}: [{shown(dn)}]"
