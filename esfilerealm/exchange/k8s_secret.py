"""
Users from the Secrets of Elastic's operator (ECK): what the cluster has is what is imported.

A Secret contains the realm's files as ``users`` and ``users_roles``, or one user as ``username``,
``password`` and ``roles``; its keys decide, and never its type. A manifest may hold other objects.
If an ``Elasticsearch`` is among them, its ``spec.auth.fileRealm`` says which Secrets count, and in
which order.

Source:
    ``user_provided.go`` of the operator: the last hash of a user counts, and the roles of all
    Secrets are united.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from .._ground.ahead import hash_of_bytes
from ..errors import FileFormatError
from ..formats.lines import COMMENT, read_lines, trim
from ..formats.realm import ParsedRealm
from ..formats.users import parse_users
from ..hashing import bcrypt, hash_password, hash_problem, password_matches
from ..names import MIN_PASSWORD_LENGTH, broken_rule
from ._shared import decode_text, role_problem, shown_name, shown_role, shown_user
from .eck import (
    FILES,
    BasicAuth,
    Merged,
    Provided,
    SecretSkippedError,
    basic_auth,
    is_basic_auth,
    is_utf8,
    provided_by_files,
)
from .k8s_documents import read_documents
from .k8s_objects import Objects
from .losses import Imported, Loss

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ._shared import ImportRules
    from .k8s_objects import Cluster, Secret

__all__ = ["import_secrets"]

#: The cost of bcrypt with which the operator hashes.
_COST: Final = 10
_FIELDS: Final = ("username", "password", "roles")
_AS_NODE: Final = "pass --as-node to read it as a node would"
_SETTING: Final = "xpack.security.authc.reserved_realm.enabled"


def import_secrets(data: bytes, source: str, rules: ImportRules) -> Imported:
    """
    Read the Secrets of a manifest.

    Args:
        data: The whole file, YAML or JSON.

        source: The name of the file for errors.

        rules: Which usernames a node accepts, which cluster counts, and whether Secrets that the
            operator would skip are read too.

    Raises:
        FileFormatError: If nothing in it is a manifest, or if it has several clusters and *rules*
            name none of them.
    """
    objects = Objects(read_documents(decode_text(data, source)))
    if objects.problem is not None:
        line_number, problem = objects.problem
        raise FileFormatError(source, line_number, problem.removeprefix(f"line [{line_number}]: "))
    if not objects.secrets:
        reason = "there is no Secret in it, so there are no users to import"
        objects.losses.append(Loss("the file", "Secrets", reason, is_blocking=False))
    reader = _Reader(rules, objects.losses)
    for secret in reader.chosen(objects, source):
        reader.read(secret)
    return reader.imported()


class _Reader:
    """Reads Secrets in the order in which they count."""

    def __init__(self, rules: ImportRules, losses: Iterable[Loss]) -> None:
        self._rules = rules
        self._losses = list(losses)
        self._merged = Merged()
        #: From the stand-in for a hash to the password of a user.
        self._passwords: dict[str, bytes] = {}
        self._mark = f"password-{os.urandom(16).hex()}-"
        self._salted_anew: set[str] = set()

    def _warn(self, where: str, what: str, reason: str) -> None:
        """Report what is left out. Nothing of a manifest blocks."""
        self._losses.append(Loss(where, what, reason, is_blocking=False))

    def _note(self, where: str, what: str, reason: str) -> None:
        """Report something that changes nothing for anybody."""
        self._losses.append(Loss(where, what, reason, is_blocking=False, is_note=True))

    def chosen(self, objects: Objects, source: str) -> list[Secret]:
        """
        Return the Secrets that count, in order.

        Raises:
            FileFormatError: If two clusters differ in it, and the rules name neither.
        """
        applied: dict[tuple[str, str], Secret] = {}
        for number, secret in enumerate(objects.secrets):
            if secret.problems:
                self._report_refused(secret, f"the API server would refuse it: {secret.problem}")
            if not secret.problems or self._rules.as_node:
                namespace, name = secret.identity
                identity = namespace, name or f"\0{number}"
                if identity in applied:
                    reason = "the file has a later Secret of that name, which replaces it"
                    self._warn(secret.label, "the Secret", reason)
                applied[identity] = secret
        if not objects.clusters:
            return list(applied.values())
        cluster = self._cluster(objects.clusters, source)
        for identity, secret in applied.items():
            if identity not in cluster.refs:
                reason = (
                    f"{cluster.label} does not name it in [spec.auth.fileRealm]: name it there, or "
                    "import it from a file of its own"
                )
                self._warn(secret.label, "the Secret", f"left out: {reason}")
        for namespace, name in dict.fromkeys(cluster.refs):
            if (namespace, name) not in applied:
                reason = f"it is not in this file, in the namespace [{shown_name(namespace)}]"
                self._warn(cluster.label, f"Secret [{shown_name(name)}]", reason)
        return [applied[identity] for identity in cluster.refs if identity in applied]

    def _cluster(self, clusters: list[Cluster], source: str) -> Cluster:
        wanted = self._rules.cluster
        named = [cluster for cluster in clusters if wanted in (None, cluster.name)]
        if not named:
            reason = f"there is no Elasticsearch [{shown_name(wanted or '')}] in it"
            raise FileFormatError(source, 1, reason)
        if any(cluster.refs != named[0].refs for cluster in named):
            names = ", ".join(f"[{shown_name(cluster.name)}]" for cluster in named)
            reason = f"the users of {names} differ: choose one with --cluster NAME"
            raise FileFormatError(source, 1, reason)
        return named[0]

    def read(self, secret: Secret) -> None:
        """Add what a Secret gives to that of the Secrets before it."""
        for key in secret.overridden:
            reason = "[stringData] has this key too, and Kubernetes uses that"
            self._note(secret.label, f"[data.{shown_name(key)}]", reason)
        try:
            provided = self._provided(secret)
        except SecretSkippedError as error:
            self._report_refused(secret, f"the operator would not take it: {error}")
            if not self._rules.as_node:
                return
            provided = self._as_node(secret)
        self._merged.add(provided, secret.label)

    def _report_refused(self, secret: Secret, reason: str) -> None:
        if self._rules.as_node:
            self._note(secret.label, "the Secret", f"read as a node would: {reason}")
        else:
            self._warn(secret.label, "the Secret", f"left out: {reason}; {_AS_NODE}")

    def _provided(self, secret: Secret) -> Provided:
        """
        Read a Secret as the operator does.

        Raises:
            SecretSkippedError: If the operator skips it.
        """
        values = secret.values
        if is_basic_auth(values):
            user = basic_auth(values, is_in_use=self._is_in_use)
            self._report_other_keys(secret, _FIELDS, "the operator reads one user instead")
            return self._user(secret, user)
        provided = provided_by_files(values)
        self._report_kind_of_files(secret)
        return provided

    def _is_in_use(self, name: bytes, password: bytes) -> bool:
        """Check whether a user has a password already."""
        try:
            return self._hash_in_use(name.decode("utf-8"), password.decode("utf-8")) is not None
        except UnicodeDecodeError:
            return False

    def _existing_hash(self, name: str) -> str:
        """Return the hash that a user has already, or nothing."""
        try:
            return parse_users(self._rules.existing, allow_reserved=True).users.get(name, "")
        except FileFormatError:
            return ""

    def _hash_in_use(self, name: str, password: str) -> str | None:
        """Return the hash that a user has already if it is one of that password, else None."""
        existing = self._existing_hash(name)
        return existing if existing and password_matches(password, existing) else None

    def _hash_of_text(self, name: str, password: str) -> str:
        """Return a hash of a short password; the one that the user has, if it is one."""
        existing = self._hash_in_use(name, password)
        if existing is not None:
            return existing
        self._salted_anew.add(name)
        return hash_password(password)

    def _hash_of_bytes(self, name: str, password: bytes) -> str:
        """Return a hash of a password that is no text; the one that the user has, if it is one."""
        existing = self._existing_hash(name)
        if bcrypt.match_sound(existing) and bcrypt.bytes_match(password, existing):
            return existing
        self._salted_anew.add(name)
        return hash_of_bytes(password, _COST)

    def _report_kind_of_files(self, secret: Secret) -> None:
        values = secret.values
        half = [key for key in ("username", "password") if key in values]
        if half:
            other = "password" if half == ["username"] else "username"
            reason = f"without [{other}] it is no user, and the operator warns of it"
            self._warn(secret.label, f"entry [{half[0]}]", reason)
        if any(key in values for key in FILES):
            self._report_other_keys(secret, (*FILES, *half), "not part of a file realm")
        elif not half:
            reason = "it has neither [users] nor [users_roles], nor [username] and [password]"
            self._note(secret.label, "the Secret", reason)

    def _report_other_keys(self, secret: Secret, known: tuple[str, ...], reason: str) -> None:
        for key in secret.values:
            if key not in known:
                what = f"entry [{shown_name(key)}]"
                if key in FILES:
                    self._warn(secret.label, what, reason)
                else:
                    self._note(secret.label, what, "not part of a file realm")

    def _user(self, secret: Secret, user: BasicAuth) -> Provided:
        """Note the password of a user, and return the rest with a stand-in for the hash."""
        if b":" in user.name or any(b":" in role for role in user.roles):
            reason = (
                "a name with [:] breaks the cluster: the operator writes it, and then cannot read "
                "its own Secret any more"
            )
            self._warn(secret.label, "the Secret", reason)
        if b":" in user.name:
            return Provided({}, {})
        stand_in = f"{self._mark}{len(self._passwords)}"
        self._passwords[stand_in] = user.password
        return user.provided(stand_in.encode())

    def _as_node(self, secret: Secret) -> Provided:
        """Read a Secret that the operator skips: blanks and comments do no harm."""
        values = secret.values
        if is_basic_auth(values):
            listed = (role.strip() for role in values.get("roles", b"").split(b","))
            roles = tuple(dict.fromkeys(role for role in listed if role))
            user = BasicAuth(values["username"].strip(), values["password"], roles)
            return self._user(secret, user)
        users, users_roles = (values.get(key, b"") for key in FILES)
        realm = ParsedRealm.parse(
            users if is_utf8(users) else b"",
            users_roles if is_utf8(users_roles) else b"",
            allow_reserved=True,
        )
        for key, issues in realm.issues.items():
            for issue in issues:
                if issue.kind != "blank":
                    where = f"{secret.label}, {key}, line [{issue.line_number}]"
                    self._warn(where, "the line", issue.reason)
        names_by_role: dict[bytes, list[bytes]] = {}
        for name, granted in realm.roles_by_user.items():
            for role in granted:
                names_by_role.setdefault(role.encode(), []).append(name.encode())
        hashes = {name.encode(): text.encode() for name, text in realm.hashes.items()}
        if not is_utf8(users):
            hashes[users] = b""
        if not is_utf8(users_roles):
            names_by_role[users_roles] = []
        return Provided(hashes, names_by_role)

    def imported(self) -> Imported:
        """Read what the Secrets give together as a node reads it."""
        self._empty_unreadable()
        files = {key: self._merged.file(key) for key in FILES}
        realm = ParsedRealm.parse(
            files["users"],
            files["users_roles"],
            allow_reserved=self._rules.allow_reserved,
            anonymous_username=self._rules.anonymous_username,
        )
        places = {name: where for name, where in self._report_lines("users", realm) if name}
        role_places = dict(self._report_lines("users_roles", realm))
        users: list[dict[str, object]] = []
        order = {
            trim(raw.decode("utf-8")): number for number, raw in enumerate(self._merged.hashes)
        }
        for name in sorted(realm.hashes, key=lambda name: order.get(name, len(order))):
            entry = self._entry(name, places[name], realm)
            if entry is not None:
                users.append(entry | {"roles": self._roles(name, realm, role_places)})
        users.extend({"name": name, "state": "absent"} for name in self._taken_away(realm))
        for name in realm.orphans:
            where = role_places.get(realm.roles_of(name)[0], "users_roles")
            self._warn(where, f"roles of [{shown_name(name)}]", "no user has that name")
        losses = tuple(dict.fromkeys(self._losses))
        return Imported({"users": users}, losses, frozenset(self._salted_anew))

    def _empty_unreadable(self) -> None:
        """Report a file that no node could decode: it holds nothing then."""
        effects = {
            "users": "so nobody of any Secret can log in, and no users are imported",
            "users_roles": "so nobody of any Secret has a role",
        }
        for key, label in self._merged.spoilers.items():
            reason = (
                f"not UTF-8: a node cannot read the file of the whole cluster, {effects[key]}; "
                "correct it, or leave this Secret out of the file"
            )
            self._warn(label, f"entry [{key}]", reason)
        self._merged.empty_unreadable()

    def _report_lines(self, key: str, realm: ParsedRealm) -> Iterator[tuple[str, str]]:
        """Note the lines that a node skips; yield the first field of others with its place."""
        issues = {issue.line_number: issue for issue in realm.issues[key]}
        number = 0
        for row, label in self._merged.rows(key):
            where = f"{label}, {key}"
            for line in read_lines(row.decode("utf-8")):
                number += 1
                name = trim(line).partition(":")[0]
                what = f"the row of [{shown_name(name)}]"
                if line.startswith(COMMENT):
                    self._note(where, what, "a node takes it for a comment")
                elif number not in issues:
                    yield name, where
                elif issues[number].kind != "blank" and not _is_empty_entry(key, line):
                    reason = f"a node skips it: {issues[number].reason}"
                    if issues[number].kind == "reserved-username":
                        reason += f"; the nodes of the operator have [{_SETTING}: false]"
                    self._warn(where, what, reason)

    def _entry(self, name: str, where: str, realm: ParsedRealm) -> dict[str, object] | None:
        """Return a user without its roles, or None if it cannot be converted."""
        text = realm.hashes[name]
        rule = broken_rule(name, writable=True)
        password = self._passwords.get(text)
        if rule is not None:
            self._warn(where, shown_user(name), f"invalid username: {rule}")
        elif password is not None:
            return self._with_password(name, password, where)
        elif (problem := hash_problem(text)) is not None:
            self._warn(where, shown_user(name), problem.reason)
        else:
            return {"name": name, "password_hash": text}
        return None

    def _with_password(self, name: str, password: bytes, where: str) -> dict[str, object] | None:
        try:
            text = password.decode("utf-8")
        except UnicodeDecodeError:
            self._note(where, shown_user(name), "its password is not UTF-8: nobody can type it")
            return {"name": name, "password_hash": self._hash_of_bytes(name, password)}
        if not text:
            self._warn(where, shown_user(name), "the password is empty")
            return None
        if len(text) + sum(c > "\uffff" for c in text) < MIN_PASSWORD_LENGTH:
            reason = f"its password has fewer than {MIN_PASSWORD_LENGTH} characters; it counts"
            self._note(where, shown_user(name), reason)
            return {"name": name, "password_hash": self._hash_of_text(name, text)}
        return {"name": name, "password": text}

    def _roles(self, name: str, realm: ParsedRealm, places: dict[str, str]) -> list[str]:
        roles = []
        for role in realm.roles_of(name):
            if reason := role_problem(role):
                where = places.get(role, "users_roles")
                self._warn(where, shown_role(role, name), reason)
            else:
                roles.append(role)
        return roles

    def _taken_away(self, realm: ParsedRealm) -> dict[str, None]:
        """Return the users whose last entry has no hash."""
        names: dict[str, None] = {}
        for raw, password_hash in self._merged.hashes.items():
            name = trim(raw.decode("utf-8"))
            is_empty = not trim(password_hash.decode("utf-8"))
            if is_empty and name not in realm.hashes and not self._rules.username_problem(name):
                where = f"{self._merged.hash_sources[raw]}, users"
                self._warn(where, shown_user(name), "its last entry has no hash: it is taken away")
                names[name] = None
        return names


def _is_empty_entry(key: str, line: str) -> bool:
    """Check whether a line is a user without a hash, which is taken away."""
    return key == "users" and trim(line).endswith(":")
