"""
OpenSearch's ``internal_users.yml``: users with bcrypt hashes, and two kinds of roles.

Source:
    ``InternalUserV7`` of the OpenSearch security plugin, which rejects any other key, and the
    plugin's ``config/internal_users.yml``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ..documents.nodes import read_nodes
from ..errors import FileFormatError
from ..hashing import hash_problem
from ..hashing.bcrypt import NODE_REVISION, with_revision
from ._shared import decode_text, shown_name, shown_role, shown_user, unknown_key
from .losses import Imported, Loss
from .opensearch_mapping import RolesMapping
from .opensearch_roles import RoleMap

if TYPE_CHECKING:
    from ..documents.nodes import Node
    from ._shared import ImportRules

__all__ = ["import_internal_users"]

#: From Password4j: a number for the digest, one for iterations and length, salt and digest.
_PBKDF2: Final = re.compile(r"\$[1-5]\$[0-9]+\$.*", re.DOTALL)

_ROLE_KINDS: Final = ("backend_roles", "opendistro_security_roles")
_FLAGS: Final = ("reserved", "hidden", "static")
_KNOWN: Final = frozenset(
    {"hash", "attributes", "description", "enabled", "service", *_ROLE_KINDS, *_FLAGS}
)


def import_internal_users(data: bytes, source: str, rules: ImportRules) -> Imported:
    """
    Read an ``internal_users.yml``.

    Args:
        data: The whole file.

        source: The name of the file for errors.

        rules: Which usernames a node accepts, and what becomes of a role of either kind.

    Raises:
        FileFormatError: If it is not YAML, or not an ``internal_users.yml``.
        InvalidRoleNameError: If the rules map a role to a name that no role can have.
    """
    mapping = None
    if rules.roles_mapping is not None:
        mapping = RolesMapping.parse(*rules.roles_mapping)
    reader = _Reader(rules, mapping)
    entries = _root(data, source)
    users = []
    for name, node in entries.items():
        entry = reader.user(name, node)
        if entry is not None:
            users.append(entry)
    return Imported({"users": users}, tuple(reader.losses))


def _root(data: bytes, source: str) -> dict[str, Node]:
    """Return the entries of all users, after checking ``_meta``."""
    nodes = read_nodes(decode_text(data, source), source)
    documents = [node for node in nodes if not node.is_null]
    if not documents:
        raise FileFormatError(source, 1, "the file is empty")
    root = documents[0]
    if len(documents) > 1:
        documents[1].refuse("a second document: internal_users.yml has only one")
    entries = dict(root.entries())
    meta = entries.pop("_meta", None)
    if meta is None:
        root.refuse("[_meta] with [type: internalusers] is missing")
    facts = meta.entries()
    kind = facts["type"].scalar if "type" in facts else ""
    if kind != "internalusers":
        meta.refuse("[_meta.type] is not [internalusers]: not an internal_users.yml")
    version = facts["config_version"].scalar if "config_version" in facts else "2"
    if version != "2":
        meta.refuse("[_meta.config_version] must be [2]")
    return entries


class _Reader:
    """
    Reads the users in order.

    Attributes:
        losses: What could not be converted so far.
    """

    def __init__(self, rules: ImportRules, mapping: RolesMapping | None) -> None:
        self.losses: list[Loss] = [] if mapping is None else list(mapping.losses)
        self._rules = rules
        self._mapping = mapping
        self._role_map = RoleMap(rules.role_map)

    def user(self, name: str, node: Node) -> dict[str, object] | None:
        """Return one user, or None if it cannot be converted."""
        fields = node.entries()
        where = f"line [{node.line_number}]"
        password_hash, problem = _hash(fields)
        # Read even for a user who is lost, so that invalid roles are always an error.
        roles = {kind: _texts(fields, kind) for kind in _ROLE_KINDS}
        self._report_unknown_keys(name, fields)  # one may be a misspelled [hash]
        if reason := self._rules.username_problem(name) or _barred(fields) or problem:
            self._lose(where, shown_user(name), reason)
            return None
        self._report_extras(where, name, fields)
        if not any(roles.values()) and self._mapping is None:
            reason = (
                "the user has no roles here; roles_mapping.yml may map some to the name: "
                "pass --roles-mapping roles_mapping.yml"
            )
            self._lose(where, shown_user(name), reason, is_blocking=False)
        entry: dict[str, object] = {
            "name": name,
            "password_hash": password_hash,
            "roles": self._converted_roles(name, roles),
        }
        if _is_disabled(fields):
            self._note(where, shown_user(name), "it is disabled there, and locked here")
            entry["locked"] = True
        return entry

    def _converted_roles(self, name: str, roles: dict[str, list[tuple[str, str]]]) -> list[str]:
        converted: dict[str, None] = {}
        for role, where in roles["backend_roles"]:
            if self._mapping is None or role in self._rules.role_map:
                self._convert(name, role, where, converted, is_backend_role=True)
        if self._mapping is not None:
            self._convert_mapped(name, roles["backend_roles"], self._mapping, converted)
        for role, where in roles["opendistro_security_roles"]:
            self._convert(name, role, where, converted)
        return list(converted)

    def _convert_mapped(
        self,
        name: str,
        backend_roles: list[tuple[str, str]],
        mapping: RolesMapping,
        converted: dict[str, None],
    ) -> None:
        """Convert the roles that ``roles_mapping.yml`` gives to a user."""
        known = set(self._rules.role_map)
        for mapped in mapping.roles_of(name, [role for role, _ in backend_roles]):
            known |= mapped.backend_roles
            self._convert(
                name,
                mapped.role,
                mapped.where,
                converted,
                is_blocking=not mapped.is_for_everybody,
            )
        for role, where in backend_roles:
            if role not in known:
                self._note(where, shown_role(role, name), "roles_mapping.yml gives it no role")

    def _convert(
        self,
        name: str,
        role: str,
        where: str,
        converted: dict[str, None],
        *,
        is_backend_role: bool = False,
        is_blocking: bool = True,
    ) -> None:
        """Convert one role, and add its counterpart to *converted*."""
        choice = self._role_map.choose(role, is_backend_role=is_backend_role)
        if choice.problem:
            self._lose(where, shown_role(role, name), choice.problem, is_blocking=is_blocking)
        if choice.remark:
            what = f"role [{shown_name(role)}]"
            self._note(where, what, choice.remark)
        if choice.role is not None:
            converted[choice.role] = None

    def _report_unknown_keys(self, name: str, fields: dict[str, Node]) -> None:
        for key, node in fields.items():
            if key not in _KNOWN:
                what = f"[{shown_name(key)}] of {shown_user(name)}"
                reason = unknown_key(key, _KNOWN)
                self._lose(
                    f"line [{node.line_number}]", what, reason, is_blocking=key.endswith("roles")
                )

    def _report_extras(self, where: str, name: str, fields: dict[str, Node]) -> None:
        extras = [f"[{flag}]" for flag in _FLAGS if flag in fields and fields[flag].is_true]
        if "attributes" in fields and fields["attributes"].entries():
            extras.append("[attributes]")
        if "description" in fields and fields["description"].scalar:
            extras.append("[description]")
        if extras:
            what = f"{', '.join(extras)} of {shown_user(name)}"
            self._note(where, what, "a file realm has nothing like it")

    def _lose(self, where: str, what: str, reason: str, *, is_blocking: bool = True) -> None:
        self.losses.append(Loss(where, what, reason, is_blocking))

    def _note(self, where: str, what: str, reason: str) -> None:
        """Report what costs nobody a login or a role."""
        self.losses.append(Loss(where, what, reason, is_blocking=False, is_note=True))


def _hash(fields: dict[str, Node]) -> tuple[str, str | None]:
    """Return the hash in the form for a node, and what is wrong with it."""
    node = fields.get("hash")
    text = "" if node is None or node.is_null else node.string()
    if not text:
        return "", "the user has no hash"
    if _PBKDF2.fullmatch(text):
        return "", "PBKDF2 in the form of OpenSearch, which a node does not know"
    text = with_revision(text, NODE_REVISION)
    problem = hash_problem(text)
    if problem is not None:
        return text, problem.reason
    is_known = text.startswith(NODE_REVISION)
    return text, None if is_known else "a hash that OpenSearch does not know"


def _barred(fields: dict[str, Node]) -> str | None:
    """Return why OpenSearch rejects a user that a file realm accepts, or None."""
    if any("service" in place and place["service"].is_true for place in _places(fields)):
        return "the user is a service account, which has no password"
    return None


def _is_disabled(fields: dict[str, Node]) -> bool:
    """Check whether nobody may log in as the user there."""
    return any("enabled" in place and place["enabled"].is_false for place in _places(fields))


def _places(fields: dict[str, Node]) -> tuple[dict[str, Node], dict[str, Node]]:
    """Return the fields and the attributes of a user: service accounts have flags in either."""
    # Source: ``UserService``.
    return fields, fields["attributes"].entries() if "attributes" in fields else {}


def _texts(fields: dict[str, Node], key: str) -> list[tuple[str, str]]:
    """Return the strings of a list, each with its place."""
    if key not in fields:
        return []
    return [(item.string(), f"line [{item.line_number}]") for item in fields[key].items()]
