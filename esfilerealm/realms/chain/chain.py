"""The realms of a node, asked one after another, as one face."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final, overload

from ..._ground.forks import renew_after_fork
from ..._ground.logs import get_logger
from ..._ground.showing import shown
from ..._ground.values import ReadOnlyDict
from ...errors import RealmClosedError
from ...settings.chain_settings import ChainSettings
from ..file.aside import in_thread
from .asking import Asking, is_async
from .credentials import as_request, no_name, pair_token, read_credentials, without_credentials
from .logins import Logins
from .run_as import LookUp, RunAs
from .steps import ChainResult
from .success_cache import SuccessCache

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Mapping
    from typing import Self

    from ...findings import Finding
    from ...role_mapping import RoleMapping
    from ..base import Realm, User
    from ..request import Request

__all__ = ["RealmChain"]

_LOG: Final = get_logger(__name__)
_LEVELS: Final = {"error": logging.ERROR, "warning": logging.WARNING, "info": logging.INFO}

#: In place of a password: a token has one.
_MISSING: Final[Any] = None


class RealmChain:
    """
    Realms that are asked one after another, as a node does.

    ``from_settings`` makes the chain of a node. A context manager, also for ``async with``: it
    enters and leaves the realms that it made itself; enter those of your program before. Any number
    of threads may use it.

    Args:
        realms: In the order in which they are asked.

        settings: Those of the chain; by default those of a node without settings.

        may_run_as: Decides whether a user may run as a name, which a request may ask for by the
            header ``es-security-runas-user``. Without it, nobody may.

        realm_timeout: Seconds that a realm of a program may take for an answer.

    Attributes:
        realms: The realms, in order.
        settings: Those of the chain.
        findings: What somebody should know about the chain; with ``from_settings`` only.
        unavailable: By name, the types of realms that a node asks, and this chain does not have.

    Raises:
        ValueError: If two realms have the same name, or the timeout is not a positive number.

    Source:
        ``RealmsAuthenticator``, ``AuthenticatorChain``, ``AuthenticationService``.
    """

    def __init__(
        self,
        realms: Iterable[Realm[Any]],
        *,
        settings: ChainSettings | None = None,
        may_run_as: Callable[[User, str], bool] | None = None,
        realm_timeout: float = 30.0,
    ) -> None:
        self.realms: tuple[Realm[Any], ...] = tuple(realms)
        self.settings = settings or ChainSettings()
        self.findings: tuple[Finding, ...] = ()
        self.unavailable: Mapping[str, str] = ReadOnlyDict()
        names = [realm.name for realm in self.realms]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two realms of the chain have the name [{shown(name)}]")
        self._may_run_as = may_run_as
        self._realm_timeout = realm_timeout
        self._build()
        self._listeners: list[Callable[[ChainResult], object]] = []
        self._own: tuple[Any, ...] = ()
        self._where = "a program"
        self._is_entered = self._is_closed = False
        self._async_realms = [realm.name for realm in self.realms if is_async(realm)]
        self._cannot_answer = bool(self._async_realms)
        renew_after_fork(self)

    @classmethod
    def from_settings(
        cls,
        config_dir: str | os.PathLike[str],
        *,
        realms: Mapping[str, Realm[Any]] | None = None,
        overrides: Mapping[str, str] | None = None,
        elasticsearch_version: int | None = None,
        role_mappings: Iterable[RoleMapping] = (),
        keystore_password: str | None = None,
        may_run_as: Callable[[User, str], bool] | None = None,
        realm_timeout: float = 30.0,
        watch_events: bool = True,
    ) -> Self:
        """
        Make the chain of the node whose configuration directory is *config_dir*.

        Reserved names come first: nobody logs in with one, unless *realms* has ``reserved``. Realms
        of other types than ``file`` and ``pki`` are left out, unless *realms* has them.

        Args:
            config_dir: The configuration directory.

            realms: From the name of a realm of this node to what is asked in its place.

            overrides: Settings that win over ``elasticsearch.yml``, as ``-E`` does.

            elasticsearch_version: The major version of the node; by default that of the spelling.

            role_mappings: Those of the API, for realms of type ``pki``.

            keystore_password: That of ``elasticsearch.keystore``, for the same realms.

            may_run_as: See ``RealmChain``.

            realm_timeout: See ``RealmChain``.

            watch_events: Use file events to notice changes before the next poll.

        Raises:
            InvalidSettingError: If a node would not start with the settings.
            ValueError: If a realm is given that the node does not ask, or under another name than
                its own.
            FileRealmError: Whatever opening a realm raises; see ``FileRealm`` and ``PkiRealm``.
        """
        from .assembly import assemble

        parts = assemble(
            config_dir,
            realms or {},
            overrides=overrides,
            elasticsearch_version=elasticsearch_version,
            role_mappings=role_mappings,
            keystore_password=keystore_password,
            watch_events=watch_events,
        )
        chain = cls(
            parts.realms,
            settings=parts.settings,
            may_run_as=may_run_as,
            realm_timeout=realm_timeout,
        )
        chain.findings, chain.unavailable = parts.findings, parts.unavailable
        chain._own, chain._where = parts.own, parts.config_dir
        for finding in parts.findings:
            if finding.code != "CHAIN1":  # the file realm has logged those
                _LOG.log(_LEVELS[finding.severity], "%s", finding.message)
        return chain

    def __enter__(self) -> Self:
        self._require_answers()
        return self._enter()

    def _enter(self) -> Self:
        if self._is_entered:
            raise RuntimeError(
                "a chain of realms can be entered only once; any number of threads may use it then"
            )
        try:
            self._is_entered = True
            for realm in self._own:
                realm.__enter__()
            return self  # noqa: TRY300 - outside of the block, an exception might come before it
        except BaseException:
            self.close()
            raise

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return await in_thread(self._enter, undo=self.close)

    async def __aexit__(self, *_: object) -> None:
        await in_thread(self.close)

    def close(self) -> None:
        """Close the realms that this chain made. Later logins raise ``RealmClosedError``."""
        try:
            self._end()
        except BaseException:
            self._end()
            raise

    def _end(self) -> None:
        self._is_closed = self._cannot_answer = True
        self._memory.expire_all()
        for realm in self._own:
            realm.close()

    def after_fork(self) -> None:
        """In a child process, replace everything that threads of the parent may be using."""
        self._build()

    def _build(self) -> None:
        settings = self.settings
        self._memory = SuccessCache(
            enabled=settings.success_cache_enabled,
            size=settings.success_cache_size,
            expire_after_access=settings.success_cache_expire_after_access,
        )
        self._logins = Logins(self.realms, self._memory, Asking(self._realm_timeout))
        may_run_as = self._may_run_as
        self._run_as = RunAs(self.realms, self._memory, may_run_as, enabled=settings.run_as_enabled)

    @overload
    def authenticate(self, username: str, password: str) -> ChainResult: ...

    @overload
    def authenticate(self, username: object, /) -> ChainResult: ...

    def authenticate(self, username: object, password: str = _MISSING) -> ChainResult:
        """
        Check a username and a password, or the credentials in one token of any kind.

        Returns:
            True only if the user may come in; see ``ChainResult``. While the login is remembered
            and nothing about the user changes, it is the same object.

        Raises:
            RealmClosedError: If the chain is closed.
            InvalidUsernameError, InvalidPasswordError: If one of them is not a string.
            TypeError: If a realm can only be awaited.
        """
        if self._cannot_answer:
            self._require_answers()
        if password is _MISSING:
            return self._told(self._logins.log_in(username))
        if not isinstance(username, str):
            raise no_name(username)
        remembered = self._memory.get(username)
        if remembered is None:
            return self._told(self._logins.log_in(pair_token(username, password)))
        early = remembered.ask_pair(username, password)
        if isinstance(early, ChainResult):
            return early
        return self._told(self._logins.log_in(pair_token(username, password), early))

    async def authenticate_async(self, username: object, password: str = _MISSING) -> ChainResult:
        """Do as ``authenticate`` without blocking the event loop; every realm can be awaited."""
        self._require_open()
        token = username if password is _MISSING else pair_token(username, password)
        return self._told(await self._logins.log_in_async(token))

    def authenticate_request(
        self,
        request: Request | Mapping[str, str | Iterable[str]],
        peer_certificates: Iterable[bytes] = (),
        *,
        fallback_user: User | None = None,
    ) -> ChainResult:
        """
        Find out who sends a request.

        Args:
            request: A request, or its headers.

            peer_certificates: With headers, the certificates of the connection; see ``Request``.

            fallback_user: Who sends a request without credentials, before the anonymous user.

        Raises:
            RealmClosedError, TypeError: As ``authenticate``.
        """
        self._require_answers()
        request = as_request(request, peer_certificates)
        token = read_credentials(self.realms, request)
        if token is None:
            result = without_credentials(request, self.settings, fallback_user)
        elif isinstance(token, ChainResult):
            result = token
        else:
            result = self._logins.log_in(token)
        further = self._run_as.question(request, result)
        if isinstance(further, LookUp):
            further = self._logins.ask(further).after(result)
        return self._told(further)

    async def authenticate_request_async(
        self,
        request: Request | Mapping[str, str | Iterable[str]],
        peer_certificates: Iterable[bytes] = (),
        *,
        fallback_user: User | None = None,
    ) -> ChainResult:
        """Do as ``authenticate_request`` without blocking the event loop."""
        self._require_open()
        request = as_request(request, peer_certificates)
        token = read_credentials(self.realms, request)
        if token is None:
            result = without_credentials(request, self.settings, fallback_user)
        elif isinstance(token, ChainResult):
            result = token
        else:
            result = await self._logins.log_in_async(token)
        further = self._run_as.question(request, result)
        if isinstance(further, LookUp):
            further = (await self._logins.ask_async(further)).after(result)
        return self._told(further)

    def lookup_user(self, username: str) -> User | None:
        """
        Return the user that the first realm knows by a name, without checking credentials.

        None if no realm knows it, or if one that is asked cannot say. A disabled user is returned.

        Raises:
            RealmClosedError, TypeError: As ``authenticate``.
        """
        self._require_answers()
        return self._logins.ask(LookUp(self.realms, username)).user

    def on_failure(self, listener: Callable[[ChainResult], object]) -> None:
        """
        Call *listener* with every answer that is a refusal, in the thread that asks.

        What it raises is logged, and changes nothing.
        """
        self._listeners.append(listener)

    def _told(self, result: ChainResult) -> ChainResult:
        """Call the listeners if this is a refusal, and return it."""
        if not result:
            for listener in tuple(self._listeners):
                try:
                    listener(result)
                except Exception:  # noqa: BLE001 - it changes nothing
                    _LOG.exception("a listener of a chain of realms has failed")
        return result

    def expire(self, username: str) -> None:
        """Forget one name, here and in every realm that can forget: it is verified again."""
        self._memory.expire(username)
        for realm in self.realms:
            if (expire := getattr(realm, "expire", None)) is not None:
                expire(username)

    def expire_all(self) -> None:
        """Forget all names, here and in every realm that can forget."""
        self._memory.expire_all()
        for realm in self.realms:
            if (expire_all := getattr(realm, "expire_all", None)) is not None:
                expire_all()

    def usage_stats(self) -> dict[str, object]:
        """Return what every realm reports, and for how many names a realm is remembered."""
        return {
            "realms": [realm.usage_stats() for realm in self.realms],
            "success_cache": {"size": len(self._memory)},
        }

    def _require_answers(self) -> None:
        self._require_open()
        if self._async_realms:
            raise TypeError(
                f"the realm [{self._async_realms[0]}] can only be awaited: use `async with` and "
                "methods that end in `_async`"
            )

    def _require_open(self) -> None:
        if self._is_closed:
            raise RealmClosedError(self._where)

    def __repr__(self) -> str:
        names = ", ".join(realm.name for realm in self.realms) or "no realm"
        return f"<RealmChain of {self._where}: {names}{', closed' if self._is_closed else ''}>"
