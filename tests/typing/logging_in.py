"""Type-checked and never run: the half that logs in, as a caller uses it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, assert_type

from esfilerealm import (
    AuthenticationResult,
    AuthenticationStatus,
    FileRealm,
    Finding,
    RealmChain,
    RealmSettings,
    User,
    UsernamePasswordToken,
    errors,
)
from esfilerealm.realms import (
    CacheStats,
    ChainResult,
    ChainSettings,
    FailureReason,
    FileStamp,
    HealthStatus,
    Realm,
    RealmChange,
    RealmHealth,
    RealmSnapshot,
    Request,
    ResultKind,
    Step,
    StepStatus,
    UsageStats,
)

settings = RealmSettings.load("config", {"key": "value"})
assert_type(settings, RealmSettings)
assert_type(RealmSettings(cache_ttl=60.0).cache_ttl, float)


def note(change: RealmChange) -> None:
    """Take what a realm calls back with."""
    assert_type((change.generation, change.users), tuple[int, int])
    assert_type(change.names, frozenset[str])
    assert_type(change.health, RealmHealth)


with FileRealm(Path("config"), settings=settings, on_unreadable="node") as realm:
    any_realm: Realm[UsernamePasswordToken] = realm
    assert_type((realm.name, realm.type, realm.order), tuple[str, Literal["file"], int])
    result = realm.authenticate("bob", "secret")
    assert_type(result, AuthenticationResult)
    assert_type(result.status, AuthenticationStatus)
    assert_type(result.message, str | None)
    assert_type(result.reason, FailureReason | None)
    assert_type(result.http_status, Literal[200, 401, 503])
    assert_type(result.user, User | None)
    if result.user is not None:
        assert_type((result.user.username, result.user.roles), tuple[str, tuple[str, ...]])
    token = realm.token("Basic YTpi")
    assert_type(token, UsernamePasswordToken | None)
    if token is not None and realm.supports(token):
        assert_type(realm.authenticate_token(token), AuthenticationResult)
        assert_type(token.to_basic_header(), str)
    assert_type(realm.lookup_user("bob"), User | None)
    assert_type(realm.reload(), bool)
    realm.on_change(note)
    realm.on_change(lambda change: change.names)
    realm.expire("bob")
    realm.expire_all()

    snapshot = realm.snapshot
    assert_type(snapshot, RealmSnapshot)
    assert_type(snapshot.generation, int)
    assert_type(snapshot.roles_of("bob"), tuple[str, ...])
    assert_type(snapshot.hash_of("bob"), str | None)
    assert_type(snapshot.stamps["users"], FileStamp)
    assert_type(realm.health.status, HealthStatus)
    assert_type(realm.health.issues, tuple[Finding, ...])
    assert_type(realm.health.problems, tuple[errors.FileRealmError, ...])
    stats = realm.usage_stats()
    assert_type(stats, UsageStats)
    assert_type(stats["cache"], CacheStats)
    assert_type(stats["cache"]["hits"], int)


async def log_in(realm: FileRealm) -> bool:
    """Log in on an event loop."""
    async with FileRealm("config") as opened:
        assert_type(opened, FileRealm)
        token = UsernamePasswordToken("bob", "secret")
        assert_type(await opened.authenticate_token_async(token), AuthenticationResult)
    result = await realm.authenticate_async("bob", "secret")
    assert_type(result, AuthenticationResult)
    return bool(result)


class Directory:
    """The least that is a realm."""

    name, type, order = "ldap1", "ldap", 1

    def token(self, request: Request) -> UsernamePasswordToken | None:
        """Read HTTP Basic."""
        return UsernamePasswordToken.from_basic_header(request.values("Authorization"))

    def supports(self, token: object) -> bool:
        """Check for a name and a password."""
        return isinstance(token, UsernamePasswordToken)

    async def authenticate(self, token: UsernamePasswordToken) -> AuthenticationResult:
        """Accept everybody."""
        return AuthenticationResult.success(User(token.principal))

    def lookup_user(self, username: str) -> User | None:
        """Know nobody."""
        del username
        return None

    def usage_stats(self) -> dict[str, object]:
        """Return the name."""
        return {"name": self.name}


def hear(result: ChainResult) -> None:
    """Take what a chain calls back with."""
    assert_type(result.kind, ResultKind)
    assert_type(result.user, User | None)
    assert_type((result.realm, result.lookup_realm), tuple[str | None, str | None])
    assert_type(result.steps, tuple[Step, ...])
    assert_type([step.status for step in result.steps], list[StepStatus])
    assert_type((result.http_status, result.reason), tuple[int, str | None])
    assert_type(result.challenges, tuple[str, ...])
    assert_type(result.client_message(), str)


another: Realm[UsernamePasswordToken] = Directory()
with RealmChain.from_settings("config", realms={"ldap1": another}) as chain:
    assert_type(chain, RealmChain)
    assert_type(chain.findings, tuple[Finding, ...])
    chain.on_failure(hear)
    assert_type(chain.authenticate("bob", "secret"), ChainResult)
    assert_type(chain.authenticate(UsernamePasswordToken("bob", "secret")), ChainResult)
    assert_type(chain.authenticate_request({"Authorization": ["a"]}, [b"der"]), ChainResult)
    assert_type(chain.authenticate_request(Request(), fallback_user=User("al")), ChainResult)
    assert_type(chain.lookup_user("bob"), User | None)
with FileRealm("config") as realm:
    assert_type(realm.authenticate(UsernamePasswordToken("bob", "secret")), AuthenticationResult)
    assert_type(realm.token(Request()), UsernamePasswordToken | None)
own = RealmChain([realm, Directory()], settings=ChainSettings(run_as_enabled=False))


async def log_in_by_a_chain(chain: RealmChain) -> bool:
    """Log in on an event loop."""
    async with chain as opened:
        assert_type(await opened.authenticate_async("bob", "secret"), ChainResult)
        result = await opened.authenticate_request_async({})
    return bool(result)
