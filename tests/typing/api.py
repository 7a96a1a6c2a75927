"""Type-checked and never run: the public API as a caller uses it."""

from __future__ import annotations

from pathlib import Path

import esfilerealm
from esfilerealm import (
    AuthenticationResult,
    AuthenticationStatus,
    FileRealm,
    Finding,
    RealmSettings,
    User,
    UsernamePasswordToken,
    UsersTool,
    errors,
    hash_password,
    realms,
    results,
    verify_hash,
)
from esfilerealm.formats import ParsedUsers, edit_users, edit_users_roles, parse_users
from esfilerealm.formats.roles_yml import parse_role_names
from esfilerealm.hashing import Hasher, resolve, resolve_from_hash
from esfilerealm.hashing.passlib_context import crypt_context

version: str = esfilerealm.__version__

tool = UsersTool(Path("config"), settings=RealmSettings.load("config", {"key": "value"}))
added: results.WriteResult = tool.useradd("bob", "secret", roles=["admin"])
tool.useradd("al", password_hash=hash_password("secret", "pbkdf2"), roles={"admin"})
roles: tuple[str, ...] = tool.roles("bob", add=("a",), remove=["b"])
written: results.WrittenRoles = tool.roles("bob", add=("a",))
added = written.write
users: dict[str, tuple[str, ...]] = tool.list_users()
right: bool = tool.verify("bob", "secret")
created: tuple[str, ...] = tool.init(owner="elasticsearch", group=1000, mode=0o640).created
undone: results.UserChanges = tool.undo().changes
recovery: results.Recovery = tool.recover()
findings: tuple[Finding, ...] = tool.check()
worst: list[str] = [f.message for f in findings if f.severity == "error"]

careful = UsersTool(
    "config",
    lock_timeout=2.5,
    dry_run=True,
    strategy="auto",
    owner="elasticsearch",
    group=1000,
    mode=0o640,
    attributes="warn",
    keep=3,
    allow_local_lock=True,
)
file: results.FileResult
for file in careful.userdel("bob").files:
    lost: tuple[str, ...] = file.lost

with tool.transaction() as change:
    change.userdel("al")
    change.passwd("bob", "another")
    left: tuple[str, ...] = change.roles("bob", add=["c"])
changed: bool = change.changed and change.result.changed

parsed: ParsedUsers = parse_users(b"", allow_reserved=True)
data: bytes = edit_users(b"", {"bob": None, "al": "hash"})
data = edit_users_roles(b"", {"bob": None, "al": ["admin"]})
names: set[str] = parse_role_names(b"")

hasher: Hasher = resolve("bcrypt")
hasher = resolve_from_hash("text")
right = verify_hash("secret", hasher.hash("secret"))
weak: bool = crypt_context().needs_update("text")

with FileRealm(
    Path("config"), settings=RealmSettings(cache_ttl=60.0), upgrade_hashes=True
) as realm:
    result: AuthenticationResult = realm.authenticate("bob", "secret")
    status: AuthenticationStatus = result.status
    user: User | None = result.user
    token: UsernamePasswordToken | None = realm.token("Basic YTpi")
    if token is not None:
        result = realm.authenticate_token(token)
    user = realm.lookup_user("bob")
    generation: int = realm.snapshot.generation
    problems: tuple[errors.FileRealmError, ...] = realm.health.problems
    reloaded: bool = realm.reload()
    realm.on_change(lambda change: change.names)
    stats: realms.UsageStats = realm.usage_stats()
    hits: int = stats["cache"]["hits"]
    any_realm: realms.Realm[UsernamePasswordToken] = realm


async def login(realm: FileRealm) -> bool:
    return bool(await realm.authenticate_async("bob", "secret"))


try:
    tool.userdel("bob")
except errors.UserNotFoundError as error:
    missing: str = error.username
except errors.LockTimeoutError as error:
    holder: str | None = error.holder
except errors.FileRealmError:
    raise
