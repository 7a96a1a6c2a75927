"""The file realm as a node runs it: answers logins, and follows the files while it is open."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Any, Final, Literal, TypedDict, overload

from ..._ground.extras import require_extra
from ..._ground.faults import FaultsOf
from ..._ground.forks import renew_after_fork
from ..._ground.holding import Mutex
from ..._ground.logs import get_logger
from ...errors import InvalidUsernameError, RealmClosedError
from ...hashing.pool import available_cores
from ...hashing.registry import load_hashers
from ...settings.realm_settings import load_for_realm
from ...watcher import FileWatcher, Frequency, ResourceWatcherService
from ..base import UsernamePasswordToken
from ..request import Request
from .aside import LoginPool, in_thread
from .cache import CredentialCache
from .concurrency import BusyError, HashingSlots
from .login import REALM_DISABLED, Authenticator
from .store import FileRealmStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Self

    from passlib.context import CryptContext
    from prometheus_client.registry import Collector

    from ...settings import RealmSettings
    from ..base import AuthenticationResult, User
    from .snapshot import RealmChange, RealmHealth, RealmSnapshot
    from .upgrade import HashUpgrader

__all__ = ["CacheStats", "FileRealm", "UsageStats"]

_LOG: Final = get_logger(__name__)

#: In place of a password: a token has one, and without any a login is refused.
_MISSING: Final[Any] = None


class CacheStats(TypedDict):
    """
    The state of the cache and, since the realm was made, what its logins did.

    Keys:
        size: The number of remembered users; -1 if the cache is off.
        hits: Logins and lookups that found a remembered user.
        misses: Those that did not.
        evictions: Users dropped to make room.
        expirations: Users dropped because of their age.
        waits: Logins that waited for an identical login.
        busy: Logins refused because too many passwords were being verified.
        in_flight: Verifications that are running now.
    """

    size: int
    hits: int
    misses: int
    evictions: int
    expirations: int
    waits: int
    busy: int
    in_flight: int


class UsageStats(TypedDict):
    """
    What a node reports about a realm, and more about its cache.

    Keys:
        name: The name of the realm.
        order: Its place among the realms of the node.
        size: The number of users.
        cache: See ``CacheStats``.
    """

    name: str
    order: int
    size: int
    cache: CacheStats


class FileRealm:
    """
    The users of a configuration directory, ready to log in. A ``Realm``.

    A context manager, also for ``async with``: on entry it loads the files and starts to watch
    them, at the interval of the settings, until it is left or closed. Without that it answers from
    the files as they were at the first login or lookup, until ``reload`` is called. Any number of
    threads may use it. After a fork, the realm of the child starts threads of its own, goes on
    watching, and remembers nobody.

    Args:
        config_dir: The directory that holds ``users`` and ``users_roles``. A missing file is empty.

        settings: The settings of the node; by default read from ``elasticsearch.yml`` in
            *config_dir*.

        watch_events: Use file events to notice changes before the next poll.

        on_unreadable: What to do if a file cannot be read: ``keep`` the last good state of both
            files, or treat that file as empty as a ``node`` does.

        accept_clear_text: Accept users whose entry is the password itself instead of a hash, as a
            node does. A hash of another program is never taken for a password.

        conceal_unknown_users: Verify a hash for unknown users too, so that timing does not reveal
            which users exist. Turn it off if most users belong to other realms.

        max_concurrent_hashing: How many passwords may be verified at the same time; by default one
            for each core that this process may use.

        hashing_timeout: Seconds that a login waits for its turn; then it is refused.

        upgrade_hashes: Replace a weak hash in the file when its user logs in.

        hash_policy: Decides which hashes are weak; see ``esfilerealm.hashing.passlib_context``. By
            default, plain digests are weak, and hashes that cost less than the algorithm of
            *settings* in the same family.

    Raises:
        ValueError: If a number or choice among these arguments is invalid.
        InvalidSettingError: If the settings are invalid.
        UnknownHashAlgorithmError: If *settings* name an unknown algorithm.
        FilePermissionError, FileAccessError: If ``elasticsearch.yml`` cannot be read. On entry or
            at the first login or lookup, if the process has no free file descriptor. Later logins
            open no file.
        ConfigurationFileMissingError: On entry or at the first login or lookup, if there is no such
            directory.

    Source:
        ``FileRealm``, ``CachingUsernamePasswordRealm``.
    """

    #: A chain asks it in the thread of the login.
    is_prompt: Final = True

    def __init__(
        self,
        config_dir: str | os.PathLike[str],
        *,
        settings: RealmSettings | None = None,
        watch_events: bool = True,
        on_unreadable: Literal["keep", "node"] = "keep",
        accept_clear_text: bool = False,
        conceal_unknown_users: bool = True,
        max_concurrent_hashing: int | None = None,
        hashing_timeout: float = 10.0,
        upgrade_hashes: bool = False,
        hash_policy: CryptContext | None = None,
    ) -> None:
        with _opening(config_dir):
            self.settings = load_for_realm(config_dir) if settings is None else settings
        for warning in self.settings.warnings:
            _LOG.warning("%s", warning)
        for note in self.settings.notes:
            _LOG.info("%s", note)
        if hash_policy is not None and not upgrade_hashes:
            raise ValueError("hash_policy has no effect without upgrade_hashes=True")
        if max_concurrent_hashing is None:
            max_concurrent_hashing = available_cores()
        self._store = FileRealmStore(config_dir, self.settings, on_unreadable=on_unreadable)
        self._accept_clear_text = accept_clear_text
        self._conceal_unknown_users = conceal_unknown_users
        self._max_concurrent_hashing = max_concurrent_hashing
        self._hashing_timeout = hashing_timeout
        self._upgrade_hashes = upgrade_hashes
        self._hash_policy = hash_policy
        self._build_login()
        self._watch_events = watch_events
        self._watcher_service = self._new_watcher_service()
        self._lock = Mutex()
        self._takes_logins = self.settings.enabled and self.settings.authentication_enabled
        self._is_entered = self._is_ready = self._is_closed = False
        renew_after_fork(self)

    def _build_login(self) -> None:
        """Build everything that a login uses besides the store."""
        slots = HashingSlots(self._max_concurrent_hashing, self._hashing_timeout)
        self._cache = CredentialCache(
            ttl=self.settings.cache_ttl,
            max_users=self.settings.cache_max_users,
            hash_algo=self.settings.cache_hash_algo,
            slots=slots,
        )
        self._authenticator = Authenticator(
            self._store,
            self._cache,
            slots,
            self._upgrader(slots) if self._upgrade_hashes else None,
            accept_clear_text=self._accept_clear_text,
            conceal_unknown_users=self._conceal_unknown_users,
        )
        self._pool = LoginPool(slots.count)
        self._store.on_snapshot = self._cache.prune

    def _upgrader(self, slots: HashingSlots) -> HashUpgrader:
        from .upgrade import HashUpgrader  # loads the half that writes

        return HashUpgrader(self.settings, self._hash_policy, slots)

    def after_fork(self) -> None:
        """In a child process, replace everything that threads of the parent may be using."""
        self._lock = Mutex()
        self._store.after_fork()
        self._build_login()
        if self._is_closed:
            self._close_login()

    def __enter__(self) -> Self:
        self._require_open()
        if self._is_entered:
            raise RuntimeError(
                "a file realm can be entered only once; any number of threads may use it then"
            )
        try:
            with _opening(self.config_dir):
                self._watch(self._watcher_service)
            return self  # noqa: TRY300 - outside of the block, an exception might come before it
        except BaseException:
            self._is_entered = False
            self._watcher_service.close()
            self._watcher_service = self._new_watcher_service()
            raise

    def _new_watcher_service(self) -> ResourceWatcherService:
        return ResourceWatcherService(self.settings, watch_events=self._watch_events)

    def _watch(self, service: ResourceWatcherService) -> None:
        paths = self._store.folder.paths
        files = FileWatcher(paths.users, paths.users_roles, paths.accounts)
        # First the stamps, then the content: a change between the two is noticed later.
        files.init()
        self._load()
        self.reload()  # here, since the watcher would only log an error
        files.add_listener(self._store.follow, is_behind=self._store.is_behind)
        self._make_ready()
        service.add(files, Frequency.HIGH)
        service.start()
        self._is_entered = True

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return await in_thread(self.__enter__, undo=self.close)

    async def __aexit__(self, *_: object) -> None:
        await in_thread(self.close)

    def close(self) -> None:
        """
        Stop watching and forget all users. Later calls raise ``RealmClosedError``.

        Logins that are being verified are still answered.
        """
        try:
            self._end()
            self._watcher_service.close()
        except BaseException:
            self._end()
            self._watcher_service.stop()
            raise

    def _end(self) -> None:
        """Answer no more, without waiting for anything."""
        self._lock.run(self._set_closed)
        self._close_login()

    def _set_closed(self) -> None:
        self._is_closed, self._is_ready = True, False

    def _close_login(self) -> None:
        self._cache.close()
        self._pool.close()

    @overload
    def authenticate(self, username: str, password: str) -> AuthenticationResult: ...

    @overload
    def authenticate(self, username: UsernamePasswordToken, /) -> AuthenticationResult: ...

    def authenticate(
        self, username: str | UsernamePasswordToken, password: str = _MISSING
    ) -> AuthenticationResult:
        """
        Check whether *password* is the user's password; a token has both.

        Returns:
            ``SUCCESS`` with the user, who is the same object while the login is remembered and
            nothing about the user changes. Or ``CONTINUE``: without a message if the realm knows no
            such user, otherwise with a message. ``reason`` and ``http_status`` tell programs why.

        Raises:
            InvalidUsernameError, InvalidPasswordError: If one of them is not a string.
            RealmClosedError: If the realm is closed.
        """
        if not (self._is_ready and isinstance(username, str)):
            username, password = _pair(username, password)
            if not self._is_ready:
                self._make_ready()
        if not self._takes_logins:
            return REALM_DISABLED
        return self._authenticator.authenticate(username, password)

    @overload
    async def authenticate_async(self, username: str, password: str) -> AuthenticationResult: ...

    @overload
    async def authenticate_async(
        self, username: UsernamePasswordToken, /
    ) -> AuthenticationResult: ...

    async def authenticate_async(
        self, username: str | UsernamePasswordToken, password: str = _MISSING
    ) -> AuthenticationResult:
        """
        Do as ``authenticate``, but verify in a pool of threads and never block the event loop.

        A login that waits for the pool for twice ``hashing_timeout`` is refused, and so is one that
        finds a thousand others waiting.
        """
        username, password = _pair(username, password)
        if self._is_ready and self._takes_logins and self._cache.is_cheap:
            result = self._authenticator.authenticate_from_cache(username, password)
            if result is not None:
                return result
        patience = 2 * self._hashing_timeout
        try:
            return await self._pool.run(
                lambda: self.authenticate(username, password), patience=patience
            )
        except BusyError:
            return self._authenticator.refuse_busy()
        except RuntimeError:
            if self._is_closed:
                raise RealmClosedError(self.config_dir) from None
            raise

    def token(
        self, authorization: Request | str | Iterable[str] | None
    ) -> UsernamePasswordToken | None:
        """
        Read credentials from an ``Authorization`` header; return None if this realm is disabled.

        Args:
            authorization: A request, or what ``UsernamePasswordToken.from_basic_header`` takes. See
                there for errors.
        """
        if not self._takes_logins:
            return None
        if isinstance(authorization, Request):
            authorization = authorization.values("authorization")
        return UsernamePasswordToken.from_basic_header(authorization)

    def supports(self, token: object) -> bool:
        """Check whether *token* is of a kind that ``authenticate`` accepts now."""
        return self._takes_logins and isinstance(token, UsernamePasswordToken)

    def authenticate_token(self, token: UsernamePasswordToken) -> AuthenticationResult:
        """Do as ``authenticate`` with the username and password of *token*."""
        return self.authenticate(token.principal, token.credentials)

    async def authenticate_token_async(self, token: UsernamePasswordToken) -> AuthenticationResult:
        """Do as ``authenticate_async`` with the username and password of *token*."""
        return await self.authenticate_async(token.principal, token.credentials)

    def lookup_user(self, username: str) -> User | None:
        """Return a user without checking a password, as for run-as; None for an unknown user."""
        _require_string(username)
        self._make_ready()
        return self._authenticator.lookup(username) if self.settings.enabled else None

    def expire(self, username: str) -> None:
        """Forget the login of one user: the next one is verified again."""
        self._cache.expire(username)

    def expire_all(self) -> None:
        """Forget the logins of all users."""
        self._cache.expire_all()

    def reload(self) -> bool:
        """
        Read both files now. While the realm is open, its watcher does that whenever they change.

        Returns:
            Whether users or roles changed.

        Raises:
            ConfigurationFileMissingError: If the directory is missing and was never read.
            RealmClosedError: If the realm is closed.
        """
        self._require_open()
        return self._store.reload()

    def on_change(self, callback: Callable[[RealmChange], object]) -> None:
        """
        Call *callback* after each reload that changed users, roles or health.

        The new snapshot is in place by then. The callback runs in the thread that reloads; what it
        raises is logged.
        """
        self._store.on_change(callback)

    @property
    def name(self) -> str:
        """The name of the realm in the settings of the node."""
        return self.settings.realm_name

    @property
    def type(self) -> Literal["file"]:
        """The type of the realm in the settings of the node."""
        return "file"

    @property
    def order(self) -> int:
        """The place of the realm among those of the node; the lowest is asked first."""
        return self.settings.order

    @property
    def config_dir(self) -> str:
        """The absolute path of the directory that holds the files."""
        return self._store.config_dir

    @property
    def snapshot(self) -> RealmSnapshot:
        """The state from which logins are answered now."""
        self._make_ready()
        return self._store.snapshot

    @property
    def health(self) -> RealmHealth:
        """Whether that state is what the files say, and what in them a person should look at."""
        return self.snapshot.health

    def usage_stats(self) -> UsageStats:
        """Return what a node reports about the realm, and more about its cache."""
        cache, authenticator = self._cache, self._authenticator
        return {
            "name": self.name,
            "order": self.order,
            "size": len(self.snapshot.users),
            "cache": {
                "size": cache.size,
                "hits": cache.hits,
                "misses": cache.misses,
                "evictions": cache.evictions,
                "expirations": cache.expirations,
                "waits": authenticator.flights.waits,
                "busy": authenticator.busy,
                "in_flight": authenticator.flights.in_flight,
            },
        }

    def metrics(self, *, key: bytes | None = None, node: str | None = None) -> Collector:
        """
        Return what a registry of ``prometheus_client`` asks for the state of this realm.

        ``REGISTRY.register(realm.metrics())`` adds the metrics to those of the program. Each is
        read when it is asked for. After ``close`` there are none. A registry takes one realm.

        Args:
            key: As for ``drift.Fingerprint.of``; None leaves passwords out of the label that is
                equal on nodes with equal users.

            node: The name of the node in each metric; by default the name of this host.

        Raises:
            MissingExtraError: If the extra ``metrics`` is not installed.
            InvalidFingerprintError: If the key is too short.
        """
        require_extra("metrics", "FileRealm.metrics()", "prometheus_client")
        from .metrics import RealmCollector

        return RealmCollector(lambda: self.snapshot, node=node or socket.gethostname(), key=key)

    def __repr__(self) -> str:
        snapshot = self._store.snapshot
        state = "closed" if self._is_closed else snapshot.health.status
        users = f"{len(snapshot.users)} users" if snapshot.generation else "not loaded"
        return f"<FileRealm {self.name!r} of {self.config_dir!r}: {users}, {state}>"

    def _make_ready(self) -> None:
        if not self._is_ready:
            self._require_open()
            with _opening(self.config_dir):
                self._load()
                self._store.load()
            self._lock.run(self._set_ready)

    def _set_ready(self) -> None:
        self._is_ready = not self._is_closed

    def _load(self) -> None:
        """Load what logins need now, since later there may be no free file descriptor."""
        load_hashers()
        if self._upgrade_hashes:
            self._store.folder.prepare_to_write()

    def _require_open(self) -> None:
        if self._is_closed:
            raise RealmClosedError(self.config_dir)


def _opening(config_dir: str | os.PathLike[str]) -> FaultsOf:
    """Name the directory in every error of the system, such as one of an import."""
    return FaultsOf(os.fspath(config_dir), "opening the realm in")


def _pair(username: str | UsernamePasswordToken, password: str) -> tuple[str, str]:
    if not isinstance(username, UsernamePasswordToken):
        _require_string(username)
        return username, password
    if password is not _MISSING:
        raise TypeError("a token has a password already")
    return username.principal, username.credentials


def _require_string(username: object) -> None:
    if not isinstance(username, str):
        raise InvalidUsernameError(username, f"must be a string, not {type(username).__name__}")
