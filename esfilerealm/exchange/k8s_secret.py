"""
Secrets of Kubernetes that hold users for Elastic's operator (ECK), as manifests.

They have the realm's files as ``users`` and ``users_roles``, or, with the type
``kubernetes.io/basic-auth``, one user as ``username``, ``password`` and ``roles``. A manifest may
be a List, and a file may hold several.

Source:
    ECK's page about file-based users: of several Secrets with one user the last one counts, and
    the users of a role are those of all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..documents.nodes import read_nodes
from ..errors import FileFormatError, InvalidPasswordError
from ..formats.realm import ParsedRealm
from ..hashing import hash_problem
from ..names import validate_password
from ._names import role_of, role_problem, shown_name, user
from ._realm import orphan_losses, roles_losses, users_losses
from ._text import decode_text, from_base64
from .k8s_manifest import BASIC_AUTH
from .losses import Imported, Loss

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..documents.nodes import Node
    from ._names import ImportRules

__all__ = ["import_secrets"]

_LISTS: Final = ("List", "SecretList")
_FILES: Final = ("users", "users_roles")
_FIELDS: Final = ("username", "password", "roles")


def import_secrets(data: bytes, source: str, rules: ImportRules) -> Imported:
    """
    Read all Secrets of a file.

    Args:
        data: The whole file, YAML or JSON.

        source: Its name for errors.

        rules: Which usernames a node takes.

    Raises:
        FileFormatError: If it is not YAML, or holds anything but Secrets of users.
    """
    collected = _Collected(rules)
    count = 0
    for manifest in _secrets(read_nodes(decode_text(data, source), source)):
        count += 1
        _Secret(manifest, source).read_into(collected, rules)
    if not count:
        raise FileFormatError(source, 1, "there is no Secret in it")
    return collected.imported()


def _secrets(documents: Iterable[Node]) -> Iterator[Node]:
    """Give the manifests of all Secrets; an empty document is none."""
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
        manifest.refuse(f"a manifest of kind [{shown_name(kind)}]: only Secrets are read")
    version = _required(manifest, manifest.entries(), "apiVersion").string()
    if version != "v1":
        manifest.refuse("a Secret of another [apiVersion]: only [v1] is read")
    return manifest


def _required(parent: Node, entries: dict[str, Node], key: str) -> Node:
    if key not in entries:
        parent.refuse(f"[{key}] is missing: this is no manifest of a Secret with users")
    return entries[key]


class _Secret:
    """One Secret: its values, decoded."""

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
        """Give the values; ``stringData`` counts before ``data``, as in Kubernetes."""
        values: dict[str, bytes] = {}
        for key, node in self._part(entries, "data"):
            what = f"[data.{shown_name(key)}]"
            decoded = b"" if node.is_null else from_base64(node.string())
            if decoded is None:
                node.refuse(f"{what} is not base64")
            values[key] = decoded
        for key, node in self._part(entries, "stringData"):
            if key in values:
                reason = "[stringData] has it too, which counts for Kubernetes"
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
        """Add all that it says to what others said."""
        collected.losses += self.losses
        read = self._read_user if self._type == BASIC_AUTH else self._read_files
        read(collected, rules)

    def _text(self, key: str) -> str:
        return decode_text(self._values.get(key, b""), f"{self._source}: {self.label}, {key}")

    def _tell_others(self, collected: _Collected, known: tuple[str, ...]) -> None:
        for key in self._values:
            if key not in known:
                what = f"entry [{shown_name(key)}]"
                reason = "not of a file realm"
                collected.losses.append(Loss(self.label, what, reason, is_blocking=False))

    def _read_user(self, collected: _Collected, _: ImportRules) -> None:
        for key in ("username", "password"):
            if key not in self._values:
                self._manifest.refuse(f"[{key}] is missing in the data of this {BASIC_AUTH} Secret")
        self._tell_others(collected, _FIELDS)
        name = self._text("username")
        roles = [role for part in self._text("roles").split(",") if (role := part.strip())]
        collected.add_user(name, self.label, "password", self._text("password"))
        collected.add_roles({name: tuple(roles)}, self.label)

    def _read_files(self, collected: _Collected, rules: ImportRules) -> None:
        if not any(key in self._values for key in _FILES):
            self._manifest.refuse(
                "neither [users] nor [users_roles] is in the data of this Secret; "
                f"[username] and [password] are for Secrets of the type {BASIC_AUTH}"
            )
        self._tell_others(collected, _FILES)
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
    What all Secrets say together.

    Attributes:
        losses: What is missing.
    """

    def __init__(self, rules: ImportRules) -> None:
        self.losses: list[Loss] = []
        self._rules = rules
        self._users: dict[str, tuple[str, str, str]] = {}
        self._roles: dict[str, dict[str, str]] = {}

    def add_user(self, name: str, where: str, key: str, secret: str) -> None:
        """Add a user; who was there before loses its entry, but not its roles."""
        if name in self._users:
            reason = f"{where} has that user too, whose entry counts for the operator"
            earlier = self._users[name][0]
            self.losses.append(Loss(earlier, user(name), reason, is_blocking=True))
        self._users[name] = (where, key, secret)

    def add_roles(self, roles_by_user: dict[str, tuple[str, ...]], where: str) -> None:
        """Add roles to those that other Secrets give."""
        for name, roles in roles_by_user.items():
            places = self._roles.setdefault(name, {})
            for role in roles:
                places.setdefault(role, where)

    def imported(self) -> Imported:
        """Judge it all."""
        users: list[dict[str, object]] = []
        for name, (where, key, secret) in self._users.items():
            if reason := self._rules.problem(name) or _secret_problem(key, secret):
                self.losses.append(Loss(where, user(name), reason, is_blocking=True))
            else:
                users.append({"name": name, key: secret, "roles": self._carried_roles(name)})
        places = {name: next(iter(roles.values()), "") for name, roles in self._roles.items()}
        self.losses += orphan_losses(self._users, places, is_strict=True)
        return Imported({"users": users}, tuple(self.losses))

    def _carried_roles(self, name: str) -> list[str]:
        roles = []
        for role, where in self._roles.get(name, {}).items():
            if reason := role_problem(role):
                self.losses.append(Loss(where, role_of(role, name), reason, is_blocking=True))
            else:
                roles.append(role)
        return roles


def _secret_problem(key: str, secret: str) -> str | None:
    """Say why a hash is of no use, or why a password may not be set."""
    if key == "password_hash":
        problem = hash_problem(secret)
        return None if problem is None else problem.reason
    try:
        validate_password(secret)
    except InvalidPasswordError as error:
        return f"the password {error.rule}"
    return None
