"""``role_mapping.yml``: from the names of roles to the distinguished names that have them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from ..certificates.dn import DistinguishedName
from ..documents.yaml import Unread, YamlReader
from ..errors import InvalidDistinguishedNameError, InvalidRoleMappingError
from .json_text import read_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Literal

    from ..documents.yaml import YamlPath

    #: Texts with their lines.
    _Texts = list[tuple[int, str]]

    MappingIssueKind = Literal["unusable-file", "invalid-name", "lost-role"]

__all__ = [
    "MappedName",
    "MappingIssue",
    "ParsedRoleMapping",
    "RoleSource",
    "parse_role_mapping",
    "resolve_roles",
    "role_sources",
]

#: What JSON has without escapes, and YAML may not.
_UNESCAPED: Final = re.compile(r"[^\x20-\x7e]")
#: What Java's ``String.trim`` removes.
_TRIMMED: Final = "".join(map(chr, range(0x21)))


class MappedName:
    """
    A distinguished name under a role.

    Attributes:
        role: The name of the role.
        dn: The distinguished name.
        line_number: Counted from 1.
    """

    __slots__ = ("dn", "line_number", "role")

    def __init__(self, role: str, dn: DistinguishedName, line_number: int) -> None:
        self.role = role
        self.dn = dn
        self.line_number = line_number

    def __repr__(self) -> str:
        return f"MappedName({self.role!r}, {self.dn.text!r}, line_number={self.line_number})"


class MappingIssue:
    """
    What a node does not take from a file of role mappings.

    Attributes:
        line_number: Counted from 1.
        kind: ``unusable-file`` if it costs all mappings; ``invalid-name`` if it costs one name;
            ``lost-role`` if a node ignores a role without a word.
        reason: What is wrong, for people.
    """

    __slots__ = ("line_number", "kind", "reason")  # noqa: RUF023 - the order of the arguments

    def __init__(self, line_number: int, kind: MappingIssueKind, reason: str) -> None:
        self.line_number = line_number
        self.kind: MappingIssueKind = kind
        self.reason = reason

    def __repr__(self) -> str:
        return f"MappingIssue({self.line_number}, {self.kind!r}, {self.reason!r})"


class ParsedRoleMapping:
    """
    What a node takes from a file of role mappings.

    Attributes:
        names: Every distinguished name that is mapped to a role, in the order of the file.
        issues: What a node does not take. After an issue of the file itself, it takes nothing.
        roles_by_dn: From the normal form of a distinguished name to its roles.
    """

    __slots__ = ("issues", "names", "roles_by_dn")

    def __init__(
        self, names: Iterable[MappedName] = (), issues: Iterable[MappingIssue] = ()
    ) -> None:
        self.names = tuple(names)
        self.issues = tuple(issues)
        roles: dict[str, set[str]] = {}
        for name in self.names:
            roles.setdefault(name.dn.normalized, set()).add(name.role)
        self.roles_by_dn: Mapping[str, frozenset[str]] = {
            dn: frozenset(of_dn) for dn, of_dn in roles.items()
        }

    @property
    def is_usable(self) -> bool:
        """Whether nothing is wrong with the file itself, which would cost all mappings."""
        return all(issue.kind != "unusable-file" for issue in self.issues)

    def __repr__(self) -> str:
        return f"<ParsedRoleMapping: {len(self.roles_by_dn)} names, {len(self.issues)} issues>"


class RoleSource:
    """
    Where one role of a user comes from.

    Attributes:
        role: The name of the role.
        dn: The name of the user or group, as it was asked for.
        line_number: The line of the file that maps the name; None for a group that is not mapped
            and gives its own name.
    """

    __slots__ = ("dn", "line_number", "role")

    def __init__(self, role: str, dn: str, line_number: int | None) -> None:
        self.role = role
        self.dn = dn
        self.line_number = line_number

    def __repr__(self) -> str:
        return f"RoleSource({self.role!r}, {self.dn!r}, {self.line_number})"


def parse_role_mapping(data: bytes, *, is_json: bool = False) -> ParsedRoleMapping:
    """
    Parse a file of role mappings as a node does.

    An invalid distinguished name is skipped. Anything else that is wrong costs all mappings: a
    duplicate key, a key without value, a list with anything but plain values, a second document.

    Args:
        data: The whole file.

        is_json: Whether it is JSON, which may contain comments; line numbers are 1 then.

    Source:
        ``DnRoleMapper.parseFile``; the file is read like ``elasticsearch.yml``.
    """
    try:
        entries = _entries(_decoded(data), is_json=is_json)
    except _UnusableError as error:
        reason = f"{error.rule}: a node maps no role"
        return ParsedRoleMapping(issues=[MappingIssue(error.line_number, "unusable-file", reason)])
    names: list[MappedName] = []
    issues: list[MappingIssue] = []
    for role, texts in entries.items():
        if "." in role:
            reason = f"a node ignores the role [{role}], since its name contains a dot"
            issues.append(MappingIssue(texts[0][0] if texts else 1, "lost-role", reason))
            continue
        for line_number, text in texts:
            try:
                names.append(MappedName(role, DistinguishedName.parse(text), line_number))
            except InvalidDistinguishedNameError as error:
                issues.append(MappingIssue(line_number, "invalid-name", str(error)))
    return ParsedRoleMapping(names, issues)


def _entries(text: str, *, is_json: bool) -> dict[str, _Texts]:
    if is_json:
        try:
            text = _as_yaml(read_json(text, whole=True))
        except InvalidRoleMappingError as error:
            raise _UnusableError(1, error.rule) from None
    return _Flattening(text).entries()


def _as_yaml(value: object) -> str:
    """Return a value of JSON as YAML, in one line."""
    if isinstance(value, dict):
        return (
            f"{{{', '.join(f'{_as_yaml(key)}: {_as_yaml(item)}' for key, item in value.items())}}}"
        )
    if isinstance(value, list):
        return f"[{', '.join(map(_as_yaml, value))}]"
    text = json.dumps(value, ensure_ascii=False)
    return _UNESCAPED.sub(lambda match: f"\\U{ord(match[0]):08x}", text)


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line_number = data.count(b"\n", 0, error.start) + 1
    raise _UnusableError(line_number, "not UTF-8")


def resolve_roles(
    mapping: ParsedRoleMapping,
    dn: str | None,
    groups: Iterable[str] = (),
    *,
    unmapped_groups_as_roles: bool = False,
) -> frozenset[str]:
    """
    Return the roles of a user.

    Args:
        mapping: The parsed file.

        dn: The distinguished name of the user, if the realm knows one.

        groups: The distinguished names of the user's groups.

        unmapped_groups_as_roles: Whether a group without a role gives the role that is named like
            the first value of the group's name.

    Raises:
        InvalidDistinguishedNameError: If a name is invalid, or an unmapped group has no value.

    Source:
        ``DnRoleMapper.resolveRoles``.
    """
    roles: set[str] = set()
    for group in groups:
        name = DistinguishedName.parse(group)
        mapped = mapping.roles_by_dn.get(name.normalized, frozenset())
        roles |= mapped
        if not mapped and unmapped_groups_as_roles:
            roles.add(_name_of_group(name))
    if dn is not None:
        normalized = DistinguishedName.parse(dn).normalized
        roles |= mapping.roles_by_dn.get(normalized, frozenset())
    return frozenset(roles)


def role_sources(
    mapping: ParsedRoleMapping,
    dn: str | None,
    groups: Iterable[str] = (),
    *,
    unmapped_groups_as_roles: bool = False,
) -> list[RoleSource]:
    """
    Return where each role of a user comes from: the roles are those of :func:`resolve_roles`.

    Args:
        mapping: The parsed file.

        dn: As for :func:`resolve_roles`.

        groups: As for :func:`resolve_roles`.

        unmapped_groups_as_roles: As for :func:`resolve_roles`.

    Raises:
        InvalidDistinguishedNameError: As :func:`resolve_roles`.
    """
    by_dn: dict[str, list[MappedName]] = {}
    for each in mapping.names:
        by_dn.setdefault(each.dn.normalized, []).append(each)
    sources: list[RoleSource] = []
    for text in (*groups, *(() if dn is None else (dn,))):
        name = DistinguishedName.parse(text)
        mapped = by_dn.get(name.normalized, [])
        sources += [RoleSource(each.role, text, each.line_number) for each in mapped]
        if not mapped and unmapped_groups_as_roles and text is not dn:
            sources.append(RoleSource(_name_of_group(name), text, None))
    return sources


def _name_of_group(group: DistinguishedName) -> str:
    """Return what stands after the first ``=``, as it is written, up to a second one."""
    _, *values = group.first_rdn.rstrip(" ").rstrip("=").split("=")
    if not values:
        raise InvalidDistinguishedNameError(
            group.text, "has no value to take as the name of a role"
        )
    return values[0].strip(_TRIMMED)


class _UnusableError(Exception):
    """An issue that costs all mappings."""

    def __init__(self, line_number: int, rule: str) -> None:
        super().__init__(rule)
        self.line_number = line_number
        self.rule = rule


class _Flattening:
    """From YAML to dotted keys, each with its texts."""

    def __init__(self, text: str) -> None:
        self._reader = YamlReader(text, as_written=True, one_document=True)
        self._entries: dict[str, _Texts] = {}
        self._keys: set[YamlPath] = set()

    def entries(self) -> dict[str, _Texts]:
        """Return the texts of each key."""
        for path, value in self._reader:
            if path:
                self._add(path, value)
            elif not isinstance(value, dict):
                self._refuse("must be a mapping from the names of roles to lists")
        for issue in self._reader.issues:
            raise _UnusableError(issue.line_number, issue.rule)
        self._gather_lists()
        return self._entries

    def _add(self, path: YamlPath, value: object) -> None:
        *outer, step = path
        key = ".".join(map(str, outer if isinstance(step, int) else path))
        if isinstance(step, int):
            if not isinstance(value, str | Unread):
                self._refuse(f"the list of [{key}] must hold plain values only")
            self._entries[key].append((self._reader.line_number, _plain(value)))
            return
        if path in self._keys:
            self._refuse(f"the key [{key}] is given twice")
        self._keys.add(path)
        if value is None:
            self._refuse(f"the key [{key}] has no value")
        elif isinstance(value, list):
            self._entries[key] = []
        elif not isinstance(value, dict):
            line_number = self._reader.line_number
            self._entries[key] = [(line_number, text) for text in _pieces(_plain(value))]

    def _gather_lists(self) -> None:
        """Combine the old spelling of a list, ``x.0``, ``x.1``, up to the first gap."""
        for head in [key for key in self._entries if key.endswith(".0")]:
            key = head.removesuffix(".0")
            if key in self._entries:
                rule = f"both [{key}] and [{head}] are given"
                raise _UnusableError(self._entries[head][0][0] if self._entries[head] else 1, rule)
            texts: _Texts = []
            while (item := self._entries.pop(f"{key}.{len(texts)}", None)) is not None:
                line_number = item[0][0] if item else 1
                texts.append((line_number, ",".join(text for _, text in item)))
            self._entries[key] = texts

    def _refuse(self, rule: str) -> None:
        raise _UnusableError(self._reader.line_number, rule)


def _plain(value: object) -> str:
    """Return a plain value; of an alias, which a node takes for its own name, nothing is known."""
    return value if isinstance(value, str) else "*"


def _pieces(text: str) -> list[str]:
    """Split at commas and trim, as any setting: empty pieces at the end vanish."""
    pieces = text.split(",")
    while pieces and not pieces[-1]:
        pieces.pop()
    return [piece.strip(_TRIMMED) for piece in pieces]
