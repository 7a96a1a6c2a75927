"""
OpenSearch's ``internal_users.yml``: users with bcrypt hashes, and two kinds of roles.

Source:
    ``InternalUserV7`` of the OpenSearch security plugin, which refuses any other key, and its
    ``config/internal_users.yml``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ..documents.nodes import read_nodes
from ..errors import FileFormatError
from ..hashing import hash_problem
from ._names import role_of, shown_name, user
from ._text import decode_text
from .losses import Imported, Loss
from .opensearch_roles import RoleMap

if TYPE_CHECKING:
    from ..documents.nodes import Node
    from ._names import ImportRules

__all__ = ["import_internal_users"]

_BCRYPT: Final = ("$2a$", "$2b$", "$2y$")
#: As for htpasswd: the same algorithm, and read by every release of Elasticsearch.
_NODE_REVISION: Final = "$2a$"
#: Of Password4j: a number for the digest, a number for iterations and length, salt and digest.
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

        source: Its name for errors.

        rules: Which usernames a node accepts, and what becomes of a role of either kind.

    Raises:
        FileFormatError: If it is not YAML, or no such file.
        InvalidRoleNameError: If the rules map a role to a name that no role can have.
    """
    reading = _Reading(rules, RoleMap(rules.role_map))
    entries = _root(data, source)
    users = []
    for name, node in entries.items():
        entry = reading.user(name, node)
        if entry is not None:
            users.append(entry)
    return Imported({"users": users}, tuple(reading.losses))


def _root(data: bytes, source: str) -> dict[str, Node]:
    """Give all users, having made sure that the file is what it should be."""
    nodes = read_nodes(decode_text(data, source), source)
    documents = [node for node in nodes if not node.is_null]
    if not documents:
        raise FileFormatError(source, 1, "the file is empty")
    root = documents[0]
    if len(documents) > 1:
        documents[1].refuse("a second document: internal_users.yml is one")
    entries = dict(root.entries())
    meta = entries.pop("_meta", None)
    if meta is None:
        root.refuse("[_meta] is missing, with [type: internalusers] in it")
    facts = meta.entries()
    kind = facts["type"].scalar if "type" in facts else ""
    if kind != "internalusers":
        meta.refuse("[_meta.type] is not [internalusers]: this is another file")
    version = facts["config_version"].scalar if "config_version" in facts else "2"
    if version != "2":
        meta.refuse("[_meta.config_version] is another one than [2]")
    return entries


class _Reading:
    """
    The way through the users.

    Attributes:
        losses: What could not be carried so far.
    """

    def __init__(self, rules: ImportRules, role_map: RoleMap) -> None:
        self.losses: list[Loss] = []
        self._rules = rules
        self._role_map = role_map

    def user(self, name: str, node: Node) -> dict[str, object] | None:
        """Give one user as far as it can be carried, or None."""
        fields = node.entries()
        where = f"line [{node.line_number}]"
        password_hash, problem = _hash(fields)
        # All of it is read even so: whether the file is sound does not hang on the users.
        roles = {kind: _texts(fields, kind) for kind in _ROLE_KINDS}
        if reason := self._rules.problem(name) or _barred(fields) or problem:
            self._lose(where, user(name), reason)
            return None
        self._tell_unknown(name, fields)
        self._remark_extras(where, name, fields)
        if not any(roles.values()):
            reason = "it has no roles here; roles_mapping.yml may give some to its name"
            self._lose(where, user(name), reason, is_blocking=False)
        return {
            "name": name,
            "password_hash": password_hash,
            "roles": self._carried(name, roles),
        }

    def _carried(self, name: str, roles: dict[str, list[tuple[str, str]]]) -> list[str]:
        carried: dict[str, None] = {}
        for kind, named in roles.items():
            for role, where in named:
                choice = self._role_map.choose(role, is_backend_role=kind == "backend_roles")
                if choice.problem:
                    self._lose(where, role_of(role, name), choice.problem)
                if choice.remark:
                    what = f"role [{shown_name(role)}]"
                    self._lose(where, what, choice.remark, is_blocking=False)
                if choice.role is not None:
                    carried[choice.role] = None
        return list(carried)

    def _tell_unknown(self, name: str, fields: dict[str, Node]) -> None:
        for key, node in fields.items():
            if key not in _KNOWN:
                what = f"[{shown_name(key)}] of {user(name)}"
                reason = "OpenSearch knows no such key"
                self._lose(
                    f"line [{node.line_number}]", what, reason, is_blocking=key.endswith("roles")
                )

    def _remark_extras(self, where: str, name: str, fields: dict[str, Node]) -> None:
        extras = [f"[{flag}]" for flag in _FLAGS if flag in fields and fields[flag].is_true]
        if "attributes" in fields and fields["attributes"].entries():
            extras.append("[attributes]")
        if "description" in fields and fields["description"].scalar:
            extras.append("[description]")
        if extras:
            what = f"{', '.join(extras)} of {user(name)}"
            self._lose(where, what, "a file realm has no such thing", is_blocking=False)

    def _lose(self, where: str, what: str, reason: str, *, is_blocking: bool = True) -> None:
        self.losses.append(Loss(where, what, reason, is_blocking))


def _hash(fields: dict[str, Node]) -> tuple[str, str | None]:
    """Give the hash as a node is to have it, and what is wrong with it."""
    node = fields.get("hash")
    text = "" if node is None or node.is_null else node.string()
    if not text:
        return "", "it has no hash"
    if _PBKDF2.fullmatch(text):
        return "", "PBKDF2 in OpenSearch's own form, which a node does not know"
    if text.startswith(_BCRYPT):
        text = _NODE_REVISION + text[len(_NODE_REVISION) :]
    problem = hash_problem(text)
    if problem is not None:
        return text, problem.reason
    is_known = text.startswith(_NODE_REVISION)
    return text, None if is_known else "a hash that OpenSearch does not know"


def _barred(fields: dict[str, Node]) -> str | None:
    """Say why somebody is not to be let in, whom a file realm would let in."""
    # Service accounts have these two as attributes as well. Source: ``UserService``.
    attributes = fields["attributes"].entries() if "attributes" in fields else {}
    for place in (fields, attributes):
        if "enabled" in place and place["enabled"].is_false:
            return "it is disabled, and a file realm knows no disabled users"
        if "service" in place and place["service"].is_true:
            return "it is a service account, which has no password"
    return None


def _texts(fields: dict[str, Node], key: str) -> list[tuple[str, str]]:
    """Return the strings of a list, each with its place."""
    if key not in fields:
        return []
    return [(item.string(), f"line [{item.line_number}]") for item in fields[key].items()]
