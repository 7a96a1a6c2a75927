"""
Manifests of Kubernetes Secrets with users for Elastic's operator (ECK).

A Secret contains the realm's files as ``users`` and ``users_roles``. With the type
``kubernetes.io/basic-auth`` it contains one user as ``username``, ``password`` and ``roles``. A
manifest may be a List, and a file may contain several manifests.

Source:
    ECK's page about file-based users: if several Secrets contain a user, the last one counts; the
    roles of all Secrets are united.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final

from ..documents.nodes import read_nodes
from ..errors import FileFormatError, InvalidPasswordError
from ..formats.realm import ParsedRealm
from ..hashing import hash_problem
from ..names import validate_password
from ._realm import orphan_losses, roles_losses, users_losses
from ._shared import decode_text, role_problem, shown_name, shown_role, shown_user
from .k8s_manifest import BASIC_AUTH
from .losses import Imported, Loss

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..documents.nodes import Node
    from ._shared import ImportRules

__all__ = ["import_secrets"]

_LISTS: Final = ("List", "SecretList")
_FILES: Final = ("users", "users_roles")
_FIELDS: Final = ("username", "password", "roles")


def import_secrets(data: bytes, source: str, rules: ImportRules) -> Imported:
    """
    Read all Secrets of a file.

    Args:
        data: The whole file, YAML or JSON.

        source: The name of the file for errors.

        rules: Which usernames a node accepts.

    Raises:
        FileFormatError: If it is not YAML, or contains anything except Secrets with users.
    """
    collected = _Collected(rules)
    count = 0
    for manifest in _secrets(read_nodes(decode_text(data, source), source)):
        count += 1
        _Secret(manifest, source).read_into(collected, rules)
    if not count:
        raise FileFormatError(source, 1, "no Secret found")
    return collected.imported()


def _secrets(documents: Iterable[Node]) -> Iterator[Node]:
    """Iterate over the manifests of all Secrets; empty documents are skipped."""
    for document in documents:
        if document.is_null:
            continue
        entries = document.entries()
        kind = _required(document, entries, "kind").string()
        if kind in _LISTS:
            for item in _required(document, entries, "items").items():
                item_kind = _required(item, item.entries(), "kind").string()
                yield _of_kind(item, item_kind)
        else:
            yield _of_kind(document, kind)


def _of_kind(manifest: Node, kind: str) -> Node:
    if kind != "Secret":
        manifest.refuse(f"kind [{shown_name(kind)}] cannot be imported, only Secrets")
    version = _required(manifest, manifest.entries(), "apiVersion").string()
    if version != "v1":
        manifest.refuse("[apiVersion] must be [v1]")
    return manifest


def _required(parent: Node, entries: dict[str, Node], key: str) -> Node:
    if key not in entries:
        parent.refuse(f"[{key}] is missing: not a manifest of a Secret with users")
    return entries[key]


def _from_base64(text: str) -> bytes | None:
    """
    Decode base64 as Kubernetes does: padded, with line ends anywhere. None if it is invalid.

    Source:
        Go's ``base64.StdEncoding``, which ``encoding/json`` uses for bytes.
    """
    bare = text.replace("\r", "").replace("\n", "")
    try:
        return base64.b64decode(bare, validate=True)
    except ValueError:  # that of binascii too
        return None


class _Secret:
    """One Secret, with decoded values."""

    def __init__(self, manifest: Node, source: str) -> None:
        entries = manifest.entries()
        self._manifest = manifest
        self._source = source
        self._type = entries["type"].string() if "type" in entries else "Opaque"
        self.label = f"Secret in line [{manifest.line_number}]"
        if "metadata" in entries:
            name = entries["metadata"].entries().get("name")
            if name is not None:
                self.label = f"Secret [{shown_name(name.string())}]"
        self.losses: list[Loss] = []
        self._values = self._decoded(entries)

    def _decoded(self, entries: dict[str, Node]) -> dict[str, bytes]:
        """Return the values; as in Kubernetes, ``stringData`` overrides ``data``."""
        values: dict[str, bytes] = {}
        for key, node in self._part(entries, "data"):
            what = f"[data.{shown_name(key)}]"
            decoded = b"" if node.is_null else _from_base64(node.string())
            if decoded is None:
                node.refuse(f"{what} is not base64")
            values[key] = decoded
        for key, node in self._part(entries, "stringData"):
            if key in values:
                reason = "[stringData] has this key too, and Kubernetes uses that"
                self._remark(f"[data.{shown_name(key)}]", reason)
            text = "" if node.is_null else node.string()
            values[key] = text.encode("utf-8", "surrogatepass")
        return values

    @staticmethod
    def _part(entries: dict[str, Node], name: str) -> Iterable[tuple[str, Node]]:
        return entries[name].entries().items() if name in entries else ()

    def _remark(self, what: str, reason: str) -> None:
        self.losses.append(Loss(self.label, what, reason, is_blocking=False))

    def read_into(self, collected: _Collected, rules: ImportRules) -> None:
        """Add the content of this Secret to that of the Secrets before it."""
        collected.losses += self.losses
        read = self._read_user if self._type == BASIC_AUTH else self._read_files
        read(collected, rules)

    def _text(self, key: str) -> str:
        return decode_text(self._values.get(key, b""), f"{self._source}: {self.label}, {key}")

    def _report_other_keys(self, collected: _Collected, known: tuple[str, ...]) -> None:
        for key in self._values:
            if key not in known:
                what = f"entry [{shown_name(key)}]"
                reason = "not part of a file realm"
                collected.losses.append(Loss(self.label, what, reason, is_blocking=False))

    def _read_user(self, collected: _Collected, _: ImportRules) -> None:
        for key in ("username", "password"):
            if key not in self._values:
                self._manifest.refuse(f"[{key}] is missing in the data of this {BASIC_AUTH} Secret")
        self._report_other_keys(collected, _FIELDS)
        name = self._text("username")
        roles = [role for part in self._text("roles").split(",") if (role := part.strip())]
        collected.add_user(name, self.label, "password", self._text("password"))
        collected.add_roles({name: tuple(roles)}, self.label)

    def _read_files(self, collected: _Collected, rules: ImportRules) -> None:
        if not any(key in self._values for key in _FILES):
            self._manifest.refuse(
                "the data of this Secret has neither [users] nor [users_roles]; "
                f"[username] and [password] are for Secrets of type {BASIC_AUTH}"
            )
        self._report_other_keys(collected, _FILES)
        source, where = f"{self._source}: {self.label}, users", f"{self.label}, users"
        users, users_roles = (self._values.get(key, b"") for key in _FILES)
        parsed = ParsedRealm.parse(
            users,
            users_roles,
            sources=(source, f"{source}_roles"),
            allow_reserved=rules.allow_reserved,
            anonymous_username=rules.anonymous_username,
        )
        collected.losses += users_losses(users, parsed.issues["users"], where, is_strict=True)
        for name, password_hash in parsed.hashes.items():
            collected.add_user(name, where, "password_hash", password_hash)
        where = f"{where}_roles"
        issues = parsed.issues["users_roles"]
        collected.losses += roles_losses(users_roles, issues, where, is_strict=True)
        roles = {name: roles for name, roles in parsed.roles_by_user.items() if name}
        collected.add_roles(roles, where)


class _Collected:
    """
    The content of all Secrets together.

    Attributes:
        losses: What cannot be converted.
    """

    def __init__(self, rules: ImportRules) -> None:
        self.losses: list[Loss] = []
        self._rules = rules
        self._users: dict[str, tuple[str, str, str]] = {}
        self._roles: dict[str, dict[str, str]] = {}

    def add_user(self, name: str, where: str, key: str, secret: str) -> None:
        """Add a user. An earlier entry for the same name is lost, except its roles."""
        if name in self._users:
            reason = f"{where} has the same user, and the operator uses that entry"
            earlier = self._users[name][0]
            self.losses.append(Loss(earlier, shown_user(name), reason, is_blocking=True))
        self._users[name] = (where, key, secret)

    def add_roles(self, roles_by_user: dict[str, tuple[str, ...]], where: str) -> None:
        """Add roles to those from the Secrets before."""
        for name, roles in roles_by_user.items():
            places = self._roles.setdefault(name, {})
            for role in roles:
                places.setdefault(role, where)

    def imported(self) -> Imported:
        """Convert all users."""
        users: list[dict[str, object]] = []
        for name, (where, key, secret) in self._users.items():
            if reason := self._rules.username_problem(name) or _secret_problem(key, secret):
                self.losses.append(Loss(where, shown_user(name), reason, is_blocking=True))
            else:
                users.append({"name": name, key: secret, "roles": self._converted_roles(name)})
        places = {name: next(iter(roles.values()), "") for name, roles in self._roles.items()}
        self.losses += orphan_losses(self._users, places, is_strict=True)
        return Imported({"users": users}, tuple(self.losses))

    def _converted_roles(self, name: str) -> list[str]:
        roles = []
        for role, where in self._roles.get(name, {}).items():
            if reason := role_problem(role):
                self.losses.append(Loss(where, shown_role(role, name), reason, is_blocking=True))
            else:
                roles.append(role)
        return roles


def _secret_problem(key: str, secret: str) -> str | None:
    """Return why a hash is unusable, or which rule a password breaks; or None."""
    if key == "password_hash":
        problem = hash_problem(secret)
        return None if problem is None else problem.reason
    try:
        validate_password(secret)
    except InvalidPasswordError as error:
        return f"the password {error.rule}"
    return None
