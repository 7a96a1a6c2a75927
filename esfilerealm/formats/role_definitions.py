"""
What a node does not take from ``roles.yml``.

Privileges are not checked: plugins and versions add some, and a node tells of unknown ones.
"""

from __future__ import annotations

from .._ground.hints import did_you_mean
from .._ground.showing import shown_name
from ..names import broken_rule, reserved_role_names
from .roles_yml import first_key, segments

__all__ = ["RoleIssue", "check_role_definitions"]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Final, Literal

    from ..documents.yaml import YamlPath
    from .roles_yml import Segment

    RoleIssueKind = Literal[
        "not-utf-8", "unreadable", "invalid-name", "reserved-name", "repeated-name", "invalid-body"
    ]
    #: From a path within the definition to its value and its line.
    Values = dict[YamlPath, tuple[object, int]]

_LONGEST_DESCRIPTION: Final = 1000
_FIELDS: Final = frozenset(
    {
        "applications",
        "cluster",
        "description",
        "global",
        "index",
        "indices",
        "metadata",
        "remote_cluster",
        "remote_indices",
        "run_as",
        "transient_metadata",
    }
)
_INDEX_FIELDS: Final = ("indices", "index", "remote_indices")


class RoleIssue:
    """
    What a node does not take.

    Attributes:
        line_number: Counted from 1.
        kind: ``not-utf-8`` costs all roles, ``repeated-name`` the earlier role of that name, and
            anything else that one role.
        reason: What is wrong, for people.
        role: The name of the role, if it is one.
    """

    __slots__ = ("kind", "line_number", "reason", "role")

    def __init__(
        self, line_number: int, kind: RoleIssueKind, reason: str, role: str | None = None
    ) -> None:
        self.line_number = line_number
        self.kind: RoleIssueKind = kind
        self.reason = reason
        self.role = role

    def __repr__(self) -> str:
        return f"RoleIssue({self.line_number}, {self.kind!r}, {self.reason!r}, {self.role!r})"


def check_role_definitions(
    data: bytes, elasticsearch_version: int | None = None
) -> list[RoleIssue]:
    """
    Return what a node does not take from a file, in the order of its lines.

    Args:
        data: The whole file.

        elasticsearch_version: The major version of the node, which decides what names are reserved;
            None for the newest.

    Source:
        ``FileRolesStore.parseFile`` and ``RoleDescriptor.parse``.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return [RoleIssue(line, "not-utf-8", f"not UTF-8 at byte {error.start}")]
    return list(_issues(text, elasticsearch_version))


def _issues(text: str, version: int | None) -> Iterator[RoleIssue]:
    reserved = reserved_role_names(version)
    first_lines: dict[str, int] = {}
    for segment in segments(text):
        line = segment.line_numbers[0]
        name = first_key(segment.text)
        rule = broken_rule(name)
        if name is None:
            yield _unreadable(segment)
        elif rule is not None:
            yield RoleIssue(line, "invalid-name", f"the name {rule}")
        elif name in reserved:
            yield RoleIssue(
                line, "reserved-name", "a node defines a role of this name itself", name
            )
        else:
            if name in first_lines:
                reason = f"already defined in line [{first_lines[name]}], and the later one counts"
                yield RoleIssue(line, "repeated-name", reason, name)
            first_lines.setdefault(name, line)
            if (issue := _body_issue(segment, name)) is not None:
                yield issue


def _unreadable(segment: Segment) -> RoleIssue:
    _, issue = _read(segment)
    return issue or _nameless(segment)


def _nameless(segment: Segment) -> RoleIssue:
    return RoleIssue(segment.line_numbers[0], "unreadable", "must be a name with a mapping")


def _body_issue(segment: Segment, role: str) -> RoleIssue | None:
    values, issue = _read(segment)
    if issue is not None:
        return RoleIssue(issue.line_number, issue.kind, issue.reason, role)
    if (role,) not in values:  # a list, in which the name is a key further down
        return _nameless(segment)
    for path, reason in _problems(values, role):
        return RoleIssue(values[path][1], "invalid-body", reason, role)
    return None


def _read(segment: Segment) -> tuple[Values, RoleIssue | None]:
    """Return the values of a definition, and the issue that ends the reading."""
    from ..documents.yaml import YamlReader

    reader = YamlReader(segment.text, as_written=True)
    lines = segment.line_numbers
    values: Values = {
        path: (value, lines[min(reader.line_number, len(lines)) - 1]) for path, value in reader
    }
    if reader.is_broken:
        broken = reader.issues[-1]
        line = lines[min(broken.line_number, len(lines)) - 1]
        return values, RoleIssue(line, "unreadable", broken.rule)
    return values, None


def _problems(values: Values, role: str) -> Iterator[tuple[YamlPath, str]]:
    """Iterate over what is wrong with a definition, each with its path."""
    body = (role,)
    if not isinstance(values[body][0], dict):
        yield body, "must be a mapping of fields"
    for path, (value, _) in values.items():
        if len(path) == len(("role", "field")):
            yield from _problems_of_field(path, value)
        is_item = len(path) == len(("role", "indices", 0)) and isinstance(path[-1], int)
        if is_item and path[1] in _INDEX_FIELDS:
            yield from _problems_of_indices(values, path)


def _problems_of_field(path: YamlPath, value: object) -> Iterator[tuple[YamlPath, str]]:
    field = path[1]
    if field == "restriction":
        yield path, "[restriction] is for API keys, not for roles in a file"
    elif field not in _FIELDS:
        meant = did_you_mean(field, _FIELDS)
        name = shown_name(str(field))
        yield path, f"[{name}] is no field of a role; {meant}".removesuffix("; ")
    elif field in (*_INDEX_FIELDS, "applications") and not isinstance(value, list):
        yield path, f"[{field}] must be a list"
    elif field == "description" and isinstance(value, str) and len(value) > _LONGEST_DESCRIPTION:
        yield path, f"[description] must have at most [{_LONGEST_DESCRIPTION}] characters"


def _problems_of_indices(values: Values, path: YamlPath) -> Iterator[tuple[YamlPath, str]]:
    for field in ("names", "privileges"):
        if (*path, field) not in values:
            yield path, f"[{path[1]}] needs [{field}]"
    names = (*path, "names")
    if names in values and values[names][0] == [] and (*names, 0) not in values:
        yield names, "[names] must not be empty"
