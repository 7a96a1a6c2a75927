"""
A small model of what a cluster of Elastic's operator has, by the rules of its reference.

It shares nothing with ``esfilerealm``, so that a mistake would have to be made twice. It knows
values, not YAML: ``eck_generator`` writes them down in many ways.

Source:
    The rules ECK-01 to ECK-55, and those of a node about both files.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

FILES = ("users", "users_roles")
FRESH = b"\x01fresh:"
_KEY = re.compile(r"(?!\.\Z|\.\.)[-._a-zA-Z0-9]{1,253}\Z")
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?\Z")
#: What Java's ``trim`` removes.
_BLANKS = "".join(chr(code) for code in range(33))


class Bad:
    """A value that the API server refuses."""


@dataclass
class Secret:
    """A Secret as somebody wrote it. ``data`` is decoded; a value may be ``Bad`` or None."""

    name: str | None = "s"
    namespace: str = "default"
    data: dict[str, object] = field(default_factory=dict)
    string_data: dict[str, object] = field(default_factory=dict)
    type: str | None = None
    is_refused: bool = False

    def values(self) -> dict[str, bytes] | None:
        """Return what the API server stores, or None if it refuses (ECK-50 to ECK-54)."""
        given = [*self.data.values(), *self.string_data.values()]
        if self.is_refused or any(isinstance(value, Bad) for value in given):
            return None
        if not isinstance(self.name, str) or not _NAME.match(self.name):
            return None
        stored = {key: value or b"" for key, value in self.data.items()}
        for key, value in self.string_data.items():
            stored[key] = (value or "").encode()
        if not all(_KEY.match(key) for key in stored):
            return None
        if self.type == "kubernetes.io/basic-auth" and not {"username", "password"} & stored.keys():
            return None
        return stored


@dataclass
class Cluster:
    """An Elasticsearch, and the names of Secrets in its ``fileRealm``."""

    refs: list[str]
    name: str = "es"
    namespace: str = "default"


@dataclass
class Expected:
    """By user: the hash, or the bytes of the password that is hashed afresh; and the roles."""

    hashes: dict[str, str] = field(default_factory=dict)
    passwords: dict[str, bytes] = field(default_factory=dict)
    roles: dict[str, set[str]] = field(default_factory=dict)


class SkippedError(Exception):
    """The operator takes nothing of a Secret."""


def expected(documents: list[Secret | Cluster], chosen: str | None = None) -> Expected:
    """Return what a node of the cluster has."""
    stored = {}
    for document in documents:
        if isinstance(document, Secret) and (values := document.values()) is not None:
            stored[document.namespace, document.name] = values
    clusters = [d for d in documents if isinstance(d, Cluster) and chosen in (None, d.name)]
    order = list(stored)
    if clusters:
        order = [(clusters[0].namespace, name) for name in clusters[0].refs if name]
    hashes: dict[bytes, bytes] = {}
    grants: dict[bytes, list[bytes]] = {}
    for identity in order:
        try:
            users, roles = provided(stored.get(identity, {}))
        except SkippedError:
            continue
        hashes.update(users)
        for role, names in roles.items():
            grants[role] = sorted({*grants[role], *names}) if role in grants else names
    return read_by_node(
        [name + b":" + text for name, text in hashes.items()],
        [role + b":" + b",".join(names) for role, names in grants.items()],
    )


def provided(values: dict[str, bytes]) -> tuple[dict[bytes, bytes], dict[bytes, list[bytes]]]:
    """Return the users and roles of a Secret as the operator reads it."""
    if "username" in values and "password" in values:
        return one_user(values["username"], values["password"], values.get("roles"))
    users = dict(rows(values.get("users", b"")))
    roles: dict[bytes, list[bytes]] = {}
    for role, listed in rows(values.get("users_roles", b"")):
        names = sorted(listed.split(b",")) if listed else []
        roles[role] = sorted({*roles[role], *names}) if role in roles else names
    return users, roles


def rows(data: bytes) -> list[tuple[bytes, bytes]]:
    found = []
    for row in data.split(b"\n"):
        if row:
            parts = row.split(b":")
            if len(parts) != 2:
                raise SkippedError
            found.append((parts[0], parts[1]))
    return found


def one_user(name: bytes, password: bytes, listed: bytes | None):
    roles = [] if listed is None else list(dict.fromkeys(listed.split(b",")))
    for text in (name, *roles):
        is_plain = all(0x20 <= byte <= 0x7E for byte in text)
        if not 1 <= len(text) <= 1024 or not is_plain or text != text.strip(b" "):
            raise SkippedError
    if not 6 <= len(password) <= 72:
        raise SkippedError
    # A name with a colon breaks the cluster; its row would be read as another one.
    users = {} if b":" in name else {name: FRESH + password.hex().encode()}
    return users, {role: [name] for role in roles}


def read_by_node(users: list[bytes], roles: list[bytes]) -> Expected:
    """Return what a node reads, and a line of ours can hold."""
    found = Expected()
    everybody: dict[str, str] = {}
    for line in lines(users):
        name, colon, text = line.strip(_BLANKS).partition(":")
        if colon and name and text and is_name(name):
            everybody[name] = text
    for name, text in everybody.items():
        if not is_writable(name):
            continue
        if text.startswith(FRESH.decode()):
            found.passwords[name] = bytes.fromhex(text[len(FRESH) :])
        elif is_hash(text):
            found.hashes[name] = text
    for line in lines(roles):
        role, colon, listed = line.partition(":")
        role, listed = role.strip(_BLANKS), listed.strip(_BLANKS)
        if not colon or not listed or not is_name(role) or not is_writable(role):
            continue
        for name in re.split(r"[ \t\n\x0b\f\r]*,[ \t\n\x0b\f\r]*", listed):
            if name in found.hashes or name in found.passwords:
                found.roles.setdefault(name, set()).add(role)
    return found


def lines(rows_: list[bytes]) -> list[str]:
    """Return the lines of a file, without comments; none if it is not UTF-8."""
    try:
        text = b"".join(row + b"\n" for row in sorted(rows_)).decode()
    except UnicodeDecodeError:
        return []
    return [line for line in re.split(r"\r\n|\r|\n", text) if not line.startswith("#")]


def is_name(name: str) -> bool:
    is_plain = all(" " <= character <= "~" for character in name)
    return 1 <= len(name) <= 1024 and is_plain and name == name.strip(" ")


def is_writable(name: str) -> bool:
    return name[0] != "#" and ":" not in name and "," not in name


def is_hash(text: str) -> bool:
    """Check whether a node can match the text, as far as the cases and manifests need it."""
    return bool(
        re.fullmatch(r"\$2[aby]\$(0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}", text)
        or re.fullmatch(r"\{SHA\}[A-Za-z0-9+/]{27}=", text)
        or re.fullmatch(r"\{PBKDF2\}\d+\$[A-Za-z0-9+/]{43}=\$[A-Za-z0-9+/]{43}=", text)
    )
