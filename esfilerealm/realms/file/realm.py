"""The file realm as a node runs it: answers logins, and follows the files while it is open."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Literal

from ..._ground.forks import renew_after_fork
from ...errors import InvalidUsernameError, RealmClosedError
from ...settings import RealmSettings
from ...watcher import Frequency, ResourceWatcherService
from ..base import UsernamePasswordToken
from .cache import CredentialCache
from .follower import StoreFollower
from .hashing_slots import HashingSlots
from .login import BUSY, NOT_HANDLED, Authenticator, LoginRules
from .login_pool import LoginPool
from .store import FileRealmStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType
    from typing import Self

    from passlib.context import CryptContext

    from ..base import AuthenticationResult, User
    from .snapshot import RealmChange, RealmHealth, RealmSnapshot
    from .upgrade import HashUpgrader

__all__ = ["FileRealm"]


class FileRealm:
    """
    The users of a configuration folder, ready to log in.

    A context manager: on entry it loads the files and starts to watch them, at the interval of the
    settings, until it is left or closed. Without that it answers from the files as they were at the
    first question, until ``reload`` is called. Any number of threads may use it. After a fork, the
    realm of the child has threads of its own, and goes on watching.

    Args:
        config_dir: The folder that holds ``users`` and ``users_roles``. A missing file is empty.

        settings: Those of the node; by default read from ``elasticsearch.yml`` in *config_dir*.

        watch_events: Let file events shorten the wait for the next look at the files.

        on_unreadable: If a file cannot be read, ``keep`` the last good state of both, or empty it
            as a ``node`` does.

        accept_clear_text: Let users in whose entry is no hash but the password itself, as a node
            does. What is recognised as the hash of another program is not taken for a password.

        conceal_unknown_users: Verify for an unknown name too, so that time does not tell names.
            Turn it off where most names are for other realms to know.

        max_concurrent_hashing: How many passwords are verified at the same time; by default as
            many as this process has cores.

        hashing_timeout: Seconds to wait for that; then the login is refused.

        upgrade_hashes: Replace a weak hash in the file when its user logs in.

        hash_policy: Says which are weak; see ``esfilerealm.hashing.passlib_context``. By default,
            mere digests, and what costs less than the algorithm of *settings* in its family.

    Raises:
        ValueError: If a number or choice among these arguments makes no sense.
        InvalidSettingError: If the settings are wrong.
        UnknownHashAlgorithmError: If *settings* name an algorithm that there is not.
        FilePermissionError, FileAccessError: If ``elasticsearch.yml`` cannot be read.
        ConfigurationFileMissingError: On entry or at the first question, if there is no folder.

    Source:
        ``FileRealm``, ``CachingUsernamePasswordRealm``.
    """

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
        self.settings = RealmSettings.load(config_dir) if settings is None else settings
        if hash_policy is not None and not upgrade_hashes:
            raise ValueError("hash_policy decides about upgrade_hashes, which is not asked for")
        if max_concurrent_hashing is None:
            max_concurrent_hashing = _usable_cores()
        slots = HashingSlots(max_concurrent_hashing, hashing_timeout)
        self._cache = CredentialCache(
            ttl=self.settings.cache_ttl,
            max_users=self.settings.cache_max_users,
            hash_algo=self.settings.cache_hash_algo,
            slots=slots,
        )
        self._store = FileRealmStore(
            config_dir,
            self.settings,
            on_unreadable=on_unreadable,
            on_snapshot=self._cache.prune,
        )
        self._authenticator = Authenticator(
            self._store,
            self._cache,
            slots,
            LoginRules(accept_clear_text, conceal_unknown_users),
            _upgrader(self.settings, hash_policy, slots) if upgrade_hashes else None,
        )
        self._watcher_service = ResourceWatcherService(self.settings, watch_events=watch_events)
        self._pool = LoginPool(slots.count)
        self._lock = threading.Lock()
        self._takes_logins = self.settings.enabled and self.settings.authentication_enabled
        self._is_entered = self._is_ready = self._is_closed = False
        self._patience = 2 * hashing_timeout
        renew_after_fork(self)

    def __enter__(self) -> Self:
        self._require_open()
        if self._is_entered:
            raise RuntimeError("a file realm is entered once; it may be used by many then")
        follower = StoreFollower(self._store)
        # First the stamps, then the content: what changes between the two is noticed later.
        follower.init()
        self.reload()
        self._make_ready()
        self._watcher_service.add(follower, Frequency.HIGH)
        self._watcher_service.start()
        self._is_entered = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """
        Stop watching and forget everyone. Every later question raises ``RealmClosedError``.

        Logins that are being verified still get their answer.
        """
        with self._lock:
            self._is_closed, self._is_ready = True, False
        self._watcher_service.close()
        self._cache.close()
        self._pool.close()

    def after_fork(self) -> None:
        """Renew the lock."""
        self._lock = threading.Lock()

    def authenticate(self, username: str, password: str) -> AuthenticationResult:
        """
        Tell whether *password* is that of the user.

        Returns:
            ``SUCCESS`` with the user: while that is remembered and nothing about it changes, always
            the same object. Or
            ``CONTINUE``: without a message for a name that is no user, with one for a password
            that is wrong, longer than 4096 bytes, or that waited too long to be verified.

        Raises:
            InvalidUsernameError, InvalidPasswordError: If one of them is no text.
            RealmClosedError: If the realm is closed.
        """
        if not (self._is_ready and isinstance(username, str)):
            _require_text(username)
            self._make_ready()
        if not self._takes_logins:
            return NOT_HANDLED
        return self._authenticator.authenticate(username, password)

    async def authenticate_async(self, username: str, password: str) -> AuthenticationResult:
        """
        Do the same without blocking the event loop: verification is done in a pool of threads.

        What waits for the pool for twice ``hashing_timeout`` is refused, and so is what finds a
        thousand waiting there.
        """
        import asyncio  # slow to load, and who calls this has it already

        _require_text(username)
        if self._is_ready and self._takes_logins and self._cache.is_cheap:
            result = self._authenticator.from_cache(username, password)
            if result is not None:
                return result
        try:
            work = self._pool.submit(lambda: self.authenticate(username, password))
        except RuntimeError:
            raise RealmClosedError(self.config_dir) from None
        try:
            if work is not None:
                # Shielded, since what is cancelled would stay in the queue, uncounted.
                waiting = asyncio.shield(asyncio.wrap_future(work))
                return await asyncio.wait_for(waiting, self._patience)
        except TimeoutError:
            pass
        self._authenticator.busy += 1
        return BUSY

    def token(self, authorization: str | Iterable[str] | None) -> UsernamePasswordToken | None:
        """
        Read credentials from an ``Authorization`` header; None also if this realm takes no logins.

        For argument and errors see ``UsernamePasswordToken.from_basic_header``.
        """
        return (
            UsernamePasswordToken.from_basic_header(authorization) if self._takes_logins else None
        )

    def authenticate_token(self, token: UsernamePasswordToken) -> AuthenticationResult:
        """Do as ``authenticate`` with the name and password of *token*."""
        return self.authenticate(token.principal, token.credentials)

    def lookup_user(self, username: str) -> User | None:
        """Give a user without a password, as for run-as; None if there is no such user."""
        _require_text(username)
        self._make_ready()
        return self._authenticator.lookup(username) if self.settings.enabled else None

    def expire(self, username: str) -> None:
        """Forget that a user logged in: the next login is verified anew."""
        self._cache.expire(username)

    def expire_all(self) -> None:
        """Forget that anybody logged in."""
        self._cache.expire_all()

    def reload(self) -> bool:
        """
        Read both files now; the watcher does that by itself.

        Returns:
            Whether users or roles are others than before.

        Raises:
            ConfigurationFileMissingError: If there is no folder, and never was one.
            RealmClosedError: If the realm is closed.
        """
        self._require_open()
        return self._store.reload()

    def on_change(self, callback: Callable[[RealmChange], object]) -> None:
        """
        Have *callback* called with what changed after each reload that changed anything.

        That is users, roles, or just the health. The new state holds by then. It is called in the
        thread that reloads; what it raises is logged.
        """
        self._store.on_change(callback)

    @property
    def config_dir(self) -> str:
        """The folder of the files, as an absolute path."""
        return self._store.config_dir

    @property
    def snapshot(self) -> RealmSnapshot:
        """The state that logins are answered from now."""
        self._make_ready()
        return self._store.snapshot

    @property
    def health(self) -> RealmHealth:
        """Whether that is what the files say."""
        return self.snapshot.health

    def usage_stats(self) -> dict[str, object]:
        """
        Give what a node reports about the realm, and more about the cache.

        Returns:
            ``name``, ``order``, ``size`` (users) and ``cache``: ``size`` (-1 if it is off), and
            counts since the start: ``hits``, ``misses``, ``evictions``, ``expirations``, ``waits``
            (logins that waited for the same verification), ``busy`` (logins refused because too
            many were verified); ``in_flight`` is the number of verifications now.
        """
        cache, authenticator = self._cache, self._authenticator
        return {
            "name": self.settings.realm_name,
            "order": self.settings.order,
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

    def __repr__(self) -> str:
        return f"<FileRealm {self.settings.realm_name!r} of {self.config_dir!r}>"

    def _make_ready(self) -> None:
        if not self._is_ready:
            self._require_open()
            self._store.load()
            with self._lock:
                self._is_ready = not self._is_closed

    def _require_open(self) -> None:
        if self._is_closed:
            raise RealmClosedError(self.config_dir)


def _require_text(username: str) -> None:
    if not isinstance(username, str):
        raise InvalidUsernameError(username, f"must be text, not {type(username).__name__}")


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _upgrader(
    settings: RealmSettings, policy: CryptContext | None, slots: HashingSlots
) -> HashUpgrader:
    from .upgrade import HashUpgrader  # loads passlib

    return HashUpgrader(settings, policy, slots)
