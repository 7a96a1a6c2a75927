"""
A cluster on the loopback, as far as snapshots of the security index go.

It answers over real HTTP, or HTTPS, as the reference says, refuses what a cluster refuses, and
records every call.
"""

from __future__ import annotations

import base64
import ipaddress
import json
import ssl
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

import yaml
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from support.making import AUTHORITY, as_pem, key, make_certificate

from esfilerealm import UsersTool

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Call", "FakeCluster", "User", "authority_files", "serving"]


@dataclass
class User:
    """A user: password, roles, and the type of the realm that knows it."""

    password: str
    roles: list[str]
    realm: str = "file"


@dataclass
class Call:
    """A request that was received."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    user: str
    headers: dict[str, str]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class RefusedError(Exception):
    def __init__(self, status: int, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.status, self.kind, self.reason = status, kind, reason


#: What the roles may do; `superuser` may do everything but touch restricted indices.
PRIVILEGES = {"snapshot_user": {"look", "snapshot", "index metadata"}}

SECURITY_INDICES = {6: [".security-6"], 7: [".security-7", ".security-tokens-7"]}


@dataclass
class FakeCluster:
    """
    Its state.

    Attributes:
        version: Its release.
        created: The release in which its security index was created, as one number.
        users: Users by name.
        repositories: What is registered.
        snapshots: What the repositories hold, by name of the snapshot.
        indices: The open security indices.
        unknown_for: How many requests of users of the file realm are refused at first.
        config: The configuration directory of the node that is reached, whose users are known too.
        broken: Answers by call, in place of the usual one.
        calls: What was received.
    """

    version: str = "8.19.3"
    created: str = ""
    users: dict[str, User] = field(default_factory=dict)
    repositories: dict[str, Any] = field(default_factory=dict)
    snapshots: dict[str, dict[str, Any]] = field(default_factory=dict)
    indices: list[str] = field(default_factory=list)
    unknown_for: int = 0
    config: Path | None = None
    broken: dict[str, tuple[int, Any]] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.users.setdefault("admin", User("admin-password", ["superuser"]))
        self.users.setdefault("native", User("native-password", ["superuser"], "native"))
        self.users.setdefault("backup", User("backup-password", ["snapshot_user"], "native"))
        self.indices = self.indices or SECURITY_INDICES.get(self.major, SECURITY_INDICES[7])[:]
        self.created = self.created or f"{self.major}000099"

    @property
    def major(self) -> int:
        return int(self.version.split(".")[0])

    @property
    def is_with_features(self) -> bool:
        major, minor, *_ = map(int, self.version.split("."))
        return (major, minor) >= (7, 12)

    @property
    def is_restricting(self) -> bool:
        major, minor, *_ = map(int, self.version.split("."))
        return (major, minor) >= (7, 14)

    def changes(self) -> list[str]:
        """Return the calls that change something."""
        looking = {"GET"}
        return [
            str(call)
            for call in self.calls
            if call.method not in looking and not call.path.endswith("/_verify")
        ]

    def add_snapshot(self, name: str, version: str | None = None, **more: Any) -> None:
        """Put a complete snapshot into every repository."""
        has_features = self.is_with_features if "feature_states" not in more else True
        self.snapshots[name] = {
            "snapshot": name,
            "version": version or self.version,
            "version_id": 1,
            "state": "SUCCESS",
            "indices": self.indices[:],
            "include_global_state": False,
            **({"feature_states": [{"feature_name": "security"}]} if has_features else {}),
            **more,
        }

    # What is asked.

    def answer(self, call: Call, password: str) -> tuple[int, Any]:  # noqa: PLR0911
        self.calls.append(call)
        self._check_media_type(call)
        if str(call) in self.broken:
            return self.broken[str(call)]
        user = self._user(call, password)
        words = call.path.strip("/").split("/")
        if call.path == "/":
            self._require(user, "monitor")
            return 200, self._banner()
        if words[:1] == ["_snapshot"] and len(words) > 1:
            return self._repository(call, user, words[1:])
        if call.path == "/_features" and self.is_with_features:
            self._require(user, "monitor")
            return 200, {"features": [{"name": "security"}, {"name": "kibana"}]}
        security = ["_xpack", "security"] if self.major == 6 else ["_security"]
        if words[: len(security)] == security:
            return self._security(call, user, words[len(security) :])
        if call.path == "/.security/_settings":
            self._require(user, "index metadata")
            settings = {"settings": {"index": {"version": {"created": self.created}}}}
            return 200, dict.fromkeys(self.indices[:1], settings)
        if (call.method, call.path) == ("DELETE", "/.security-*"):
            return self._delete(user)
        raise RefusedError(400, "illegal_argument_exception", f"no handler found for [{call}]")

    def _banner(self) -> dict[str, Any]:
        version = {"number": self.version, "build_flavor": "default"}
        return {"version": version, "tagline": "You Know, for Search"}

    def _check_media_type(self, call: Call) -> None:
        """From 8 on, a header of another major than this and the one before is refused."""
        for name in ("accept", "content-type"):
            _, sign, major = call.headers.get(name, "").partition("compatible-with=")
            if sign and self.major >= 8 and int(major) not in (self.major, self.major - 1):
                raise RefusedError(400, "media_type_header_exception", f"Invalid [{name}]")

    def _user(self, call: Call, password: str) -> User:
        user = self.users.get(call.user) or self._of_files(call.user, password)
        is_known = user is not None and user.password == password
        if is_known and user.realm == "file" and self.unknown_for:
            self.unknown_for -= 1
            is_known = False
        if is_known and user.realm != "file" and not self.indices:
            is_known = False  # the security index is gone
        if not is_known:
            text = f"unable to authenticate user [{call.user}] for REST request [{call.path}]"
            raise RefusedError(401, "security_exception", text)
        return user

    def _of_files(self, name: str, password: str) -> User | None:
        """Return a user of the file realm; a role may touch what `roles.yml` says it may."""
        if self.config is None or not UsersTool(self.config).verify(name, password):
            return None
        roles = list(UsersTool(self.config).list_users()[name])
        path = self.config / "roles.yml"
        known = yaml.safe_load(path.read_bytes()) or {} if path.exists() else {}
        for role in roles[:]:
            for indices in known.get(role, {}).get("indices", ()):
                roles += ["restricted"] if indices.get("allow_restricted_indices") else []
        return User(password, roles)

    def _require(self, user: User, privilege: str) -> None:
        if "superuser" in user.roles:
            return
        if not any(privilege in PRIVILEGES.get(role, ()) for role in user.roles):
            text = f"action [{privilege}] is unauthorized for user with roles {user.roles}"
            raise RefusedError(403, "security_exception", text)

    def _security(self, call: Call, user: User, words: list[str]) -> tuple[int, Any]:
        if words == ["_authenticate"]:
            realm = {"name": "some", "type": user.realm}
            return 200, {"username": call.user, "authentication_realm": realm}
        self._require(user, "manage_security")
        name = unquote(words[1])
        if call.method == "GET":
            found = self.users.get(name)
            is_native = found is not None and found.realm == "native"
            return (200, {name: {"roles": found.roles}}) if is_native else (404, {})
        if len(call.body.get("password", "")) < 6:
            text = "Validation Failed: 1: passwords must be at least [6] characters long"
            raise RefusedError(400, "action_request_validation_exception", text)
        self.users[name] = User(call.body["password"], call.body["roles"], "native")
        return 200, {"created": True}

    def _repository(self, call: Call, user: User, words: list[str]) -> tuple[int, Any]:
        name, *rest = map(unquote, words)
        if call.method == "PUT" and not rest:
            self._require(user, "manage")
            self.repositories[name] = call.body
            return 200, {"acknowledged": True}
        self._require(user, "look")
        if name not in self.repositories:
            raise RefusedError(404, "repository_missing_exception", f"[{name}] missing")
        if not rest:
            return 200, {name: self.repositories[name]}
        if rest == ["_verify"]:
            self._require(user, "manage")
            return 200, {"nodes": {"a": {"name": "node-1"}, "b": {"name": "node-2"}}}
        return self._snapshot(call, user, rest)

    def _snapshot(self, call: Call, user: User, words: list[str]) -> tuple[int, Any]:
        name, *rest = words
        if call.method == "PUT":
            return self._save(call, user, name)
        if name not in self.snapshots:
            raise RefusedError(404, "snapshot_missing_exception", f"[{name}] is missing")
        if rest == ["_restore"]:
            return self._restore(call, user, self.snapshots[name])
        return 200, {"snapshots": [self.snapshots[name]]}

    def _save(self, call: Call, user: User, name: str) -> tuple[int, Any]:
        self._require(user, "snapshot")
        if name in self.snapshots:
            text = f"snapshot with the same name [{name}] already exists"
            raise RefusedError(400, "invalid_snapshot_name_exception", text)
        features = call.body.get("feature_states")
        if not self.is_with_features:
            self._refuse_unknown(call, {"feature_states"})
        self.add_snapshot(
            name,
            include_global_state=call.body["include_global_state"],
            feature_states=[{"feature_name": each} for each in features or ()],
            metadata=call.body.get("metadata"),
            indices=self.indices[:] if features or ".security" in call.body["indices"] else [],
        )
        return 200, {"snapshot": self.snapshots[name]}

    def _refuse_unknown(self, call: Call, keys: set[str]) -> None:
        if keys & call.body.keys():
            raise RefusedError(400, "illegal_argument_exception", "Unknown parameter")

    def _delete(self, user: User) -> tuple[int, Any]:
        is_allowed = not self.is_restricting or "restricted" in user.roles
        if "superuser" not in user.roles or not is_allowed:
            text = "use and access is reserved for system operations"
            raise RefusedError(403, "security_exception", text)
        self.indices.clear()
        return 200, {"acknowledged": True}

    def _restore(self, call: Call, user: User, found: dict[str, Any]) -> tuple[int, Any]:
        self._require(user, "manage")
        numbers = [tuple(map(int, text.split("."))) for text in (found["version"], self.version)]
        if numbers[0] > numbers[1]:
            raise RefusedError(500, "snapshot_restore_exception", "the version is higher")
        if call.body["include_global_state"] and not found["include_global_state"]:
            text = "cannot restore global state since the snapshot was created without global state"
            raise RefusedError(500, "snapshot_restore_exception", text)
        features = call.body.get("feature_states", [])
        saved = [each["feature_name"] for each in found.get("feature_states", ())]
        if set(features) - set(saved):
            text = "requested feature states are not present in snapshot"
            raise RefusedError(500, "snapshot_restore_exception", text)
        if ".security" in call.body["indices"] and self.major >= 8:
            text = "system indices can only be restored as part of a feature state"
            raise RefusedError(400, "illegal_argument_exception", text)
        if not features and self.indices:
            text = "cannot restore index because an open index with same name already exists"
            raise RefusedError(500, "snapshot_restore_exception", text)
        self.indices = found["indices"][:]
        return 200, {"snapshot": {"shards": {"total": 1, "failed": 0, "successful": 1}}}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    cluster: FakeCluster

    def _serve(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        data = self.rfile.read(size)
        parts = urlsplit(self.path)
        _, _, pair = self.headers.get("Authorization", "").partition(" ")
        user, _, password = base64.b64decode(pair).decode().partition(":")
        headers = {name.lower(): value for name, value in self.headers.items()}
        query = dict(parse_qsl(parts.query))
        body = json.loads(data) if data else None
        call = Call(self.command, unquote(parts.path), query, body, user, headers)
        try:
            status, answer = self.cluster.answer(call, password)
        except RefusedError as error:
            status = error.status
            answer = {"error": {"type": error.kind, "reason": error.reason}, "status": status}
        self._answer(status, answer)

    do_GET = do_PUT = do_POST = do_DELETE = _serve  # noqa: N815 - the names of the base class

    def _answer(self, status: int, answer: Any) -> None:
        is_text = isinstance(answer, str)
        data = answer.encode() if is_text else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain" if is_text else "application/json")
        self.send_header("Content-Length", str(len(data)))
        if self.cluster.is_restricting:
            self.send_header("X-Elastic-Product", "Elasticsearch")
        if self.cluster.major >= 8 and self.path.startswith("/.security"):
            text = "this request accesses system indices: [.security-7]"
            self.send_header("Warning", f'299 Elasticsearch-{self.cluster.version} "{text}"')
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        pass


def authority_files(folder: Path) -> tuple[Path, Path]:
    """Write the certificate of an authority, and what a node needs: its own and its key."""
    names = x509.SubjectAlternativeName(
        [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    )
    authority, own = folder / "ca.pem", folder / "node.pem"
    authority.write_bytes(as_pem(make_certificate("issuer", "issuer", AUTHORITY)))
    private = key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    own.write_bytes(as_pem(make_certificate("localhost", "issuer", names)) + private)
    return authority, own


@contextmanager
def serving(cluster: FakeCluster, own: Path | None = None) -> Iterator[str]:
    """Serve a cluster, with TLS if the file of *own* is given; give its address."""
    handler = type("Handler", (_Handler,), {"cluster": cluster})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    if own is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(own)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    scheme = "http" if own is None else "https"
    try:
        yield f"{scheme}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
