"""Role mappings as the API of a cluster gives them, with their role templates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NoReturn

from ..errors import InvalidRoleMappingError
from .json_text import read_json
from .mustache import TemplateError, render
from .rules import Rule, UserData, rule_from

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["RoleMapping", "RoleTemplate", "parse_role_mappings"]

_FIELDS: Final = frozenset({"enabled", "metadata", "role_templates", "roles", "rules"})
_FORMATS: Final = ("string", "json")


class RoleTemplate:
    """
    A template in Mustache that yields names of roles.

    Attributes:
        source: The template.
        format: ``string`` if it yields one name; ``json`` if it yields a string or an array.
        params: Further variables of the template.
    """

    __slots__ = ("format", "params", "source")

    def __init__(
        self, source: str, format: str = "string", params: dict[str, object] | None = None
    ) -> None:
        if format.lower() not in _FORMATS:
            _refuse("format", "must be [string] or [json]")
        self.source = source
        self.format = format.lower()
        self.params = dict(params or {})

    def role_names(self, user: UserData) -> list[str]:
        """
        Return the names of roles for *user*.

        Raises:
            InvalidRoleMappingError: If the template is broken or yields something else.
            MissingExtraError: Without the extra ``pki``, which contains the renderer.

        Source:
            ``TemplateRoleName``; values are escaped for JSON, as the script engine does.
        """
        try:
            text = render(self.source, {**self.params, **_variables(user)})
        except TemplateError:
            text = None
        if text is None:
            _refuse("role_templates", "the template is not valid Mustache")
        if self.format == "string":
            return [text]
        names = read_json(text, "role_templates")
        if isinstance(names, str):
            return [names]
        if not isinstance(names, list):
            _refuse("role_templates", "the template must yield a string or an array of strings")
        if not all(name is None or isinstance(name, str) for name in names):
            _refuse("role_templates", "the array that the template yields must hold strings only")
        return [name for name in names if name is not None]

    def __repr__(self) -> str:
        return f"RoleTemplate({self.source!r}, {self.format!r})"


class RoleMapping:
    """
    One role mapping of the API.

    Attributes:
        name: Its name.
        enabled: Whether it counts.
        rules: Whom it is for.
        roles: The names of roles that it gives.
        role_templates: Templates of further names.
        metadata: What its author added.
    """

    __slots__ = ("enabled", "metadata", "name", "role_templates", "roles", "rules")

    def __init__(
        self,
        name: str,
        rules: Rule,
        *,
        roles: Iterable[str] = (),
        role_templates: Iterable[RoleTemplate] = (),
        enabled: bool = True,
        metadata: dict[str, object] | None = None,
    ) -> None:
        self.name = name
        self.rules = rules
        self.roles = tuple(roles)
        self.role_templates = tuple(role_templates)
        self.enabled = enabled
        self.metadata = dict(metadata or {})

    def roles_of(self, user: UserData) -> frozenset[str]:
        """
        Return the roles that this mapping gives to *user*.

        Raises:
            InvalidRoleMappingError: If a template is broken.
            InvalidUserDataError: If a node could not hold the metadata against any rule.
        """
        if not self.enabled or not self.rules.matches(user):
            return frozenset()
        try:
            made = [name for template in self.role_templates for name in template.role_names(user)]
        except InvalidRoleMappingError as error:
            raise InvalidRoleMappingError(f"{self.name}.{error.where}", error.rule) from None
        return frozenset((*self.roles, *made))

    def __repr__(self) -> str:
        return f"RoleMapping({self.name!r}, enabled={self.enabled})"


def parse_role_mappings(text: str, *, has_classes: bool = True) -> tuple[RoleMapping, ...]:
    r"""
    Parse role mappings: an object from names to mappings.

    Args:
        text: What ``GET _security/role_mapping`` returns.

        has_classes: Whether ``\d`` and its likes are classes in regular expressions, as in
            Elasticsearch 8 and newer.

    Raises:
        InvalidRoleMappingError: If a node would not take one of them.

    Source:
        ``ExpressionRoleMapping.parse``.
    """
    mappings = read_json(text, whole=True)
    if not isinstance(mappings, dict):
        _refuse("", "must be an object from names to role mappings")
    return tuple(_mapping(name, value, has_classes=has_classes) for name, value in mappings.items())


def _mapping(name: str, value: object, *, has_classes: bool) -> RoleMapping:
    if not isinstance(value, dict):
        _refuse(name, "must be an object")
    for key in value:
        if key not in _FIELDS:
            _refuse(name, f"[{key}] is not a field of a role mapping")
    enabled = value.get("enabled")
    if not isinstance(enabled, bool):
        _refuse(f"{name}.enabled", "must be true or false")
    if "rules" not in value:
        _refuse(name, "[rules] is missing")
    rules = rule_from(value["rules"], f"{name}.rules", has_classes=has_classes)
    roles = _strings(value.get("roles"), f"{name}.roles")
    templates = _templates(value.get("role_templates"), f"{name}.role_templates")
    if not roles and not templates:
        _refuse(name, "[roles] and [role_templates] are both missing or empty")
    metadata = value.get("metadata", {})
    if not isinstance(metadata, dict):
        _refuse(f"{name}.metadata", "must be an object")
    return RoleMapping(
        name, rules, roles=roles, role_templates=templates, enabled=enabled, metadata=metadata
    )


def _strings(value: object, where: str) -> list[str]:
    values = value if isinstance(value, list) else [] if value is None else [value]
    strings = [item for item in values if isinstance(item, str)]
    if len(strings) < len(values):
        _refuse(where, "must be an array of strings")
    return strings


def _templates(value: object, where: str) -> list[RoleTemplate]:
    values = value if isinstance(value, list) else [] if value is None else [value]
    return [_template(item, f"{where}[{number}]") for number, item in enumerate(values)]


def _template(value: object, where: str) -> RoleTemplate:
    if not isinstance(value, dict) or "template" not in value:
        _refuse(where, "must be an object with [template] and, if need be, [format]")
    for key in value:
        if key not in ("template", "format"):
            _refuse(where, f"[{key}] is not a field of a role template")
    kind = value.get("format", "string")
    if not isinstance(kind, str) or kind.lower() not in _FORMATS:
        _refuse(f"{where}.format", "must be [string] or [json]")
    script = value["template"]
    if isinstance(script, str):  # the API returns it as JSON within a string
        script = read_json(script, f"{where}.template")
    if isinstance(script, str):
        return RoleTemplate(script, kind)
    if isinstance(script, dict) and isinstance(script.get("source"), str):
        if script.get("lang", "mustache") != "mustache":
            _refuse(f"{where}.template.lang", "must be [mustache]")
        params = script.get("params", {})
        if isinstance(params, dict):
            return RoleTemplate(script["source"], kind, params)
    rule = "must be an object with [source]; stored scripts are not known here"
    return _refuse(f"{where}.template", rule)


def _variables(user: UserData) -> dict[str, object]:
    return {
        "username": user.username,
        "dn": user.dn,
        "groups": list(user.groups),
        "metadata": user.metadata,
        "realm": {"name": user.realm},
    }


def _refuse(where: str, rule: str) -> NoReturn:
    raise InvalidRoleMappingError(where, rule)
