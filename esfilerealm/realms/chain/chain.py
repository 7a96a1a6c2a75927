"""The realms of a node, asked one after another, as one face."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, overload

from ..._ground.logs import get_logger
from ..base import UsernamePasswordToken
from ..request import Request
from .asking import Asking, NoAnswerError, is_async
from .steps import ChainResult, ResultKind
from .success_cache import SuccessCache
from .walk import Walk, failed_step, principal_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ..base import Realm

__all__ = ["RealmChain"]

_LOG: Final = get_logger(__name__)

#: In place of a password: a token has one.
_MISSING: Final[Any] = None


class RealmChain:
    """
    Realms that are asked one after another, as a node does.

    A context manager, also for ``async with``: it enters and leaves those realms that are context
    managers. Any number of threads may use it.

    Args:
        realms: In the order in which they are asked.

        realm_timeout: Seconds that a realm of a program may take for an answer.

    Attributes:
        realms: The realms, in order.

    Raises:
        ValueError: If two realms have the same name.

    Source:
        ``RealmsAuthenticator``, ``AuthenticatorChain``.
    """

    def __init__(self, realms: Iterable[Realm[Any]], *, realm_timeout: float = 30.0) -> None:
        self.realms: tuple[Realm[Any], ...] = tuple(realms)
        names = [realm.name for realm in self.realms]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two realms of the chain have the name [{name}]")
        self._asking = Asking(realm_timeout)
        self._memory = SuccessCache()
        self._listeners: list[Callable[[ChainResult], object]] = []
        self._async_realms = [realm.name for realm in self.realms if is_async(realm)]

    @overload
    def authenticate(self, username: str, password: str) -> ChainResult: ...

    @overload
    def authenticate(self, username: object, /) -> ChainResult: ...

    def authenticate(self, username: object, password: str = _MISSING) -> ChainResult:
        """Check a username and a password, or the credentials in one token of any kind."""
        self._require_sync()
        return self._told(self._log_in(_token(username, password)))

    def authenticate_request(
        self,
        request: Request | Mapping[str, str | Iterable[str]],
        peer_certificates: Iterable[bytes] = (),
    ) -> ChainResult:
        """
        Find credentials in a request, and check them.

        Args:
            request: A request, or its headers.
            peer_certificates: With headers, the certificates of the connection; see ``Request``.
        """
        self._require_sync()
        found = self._found(_request(request, peer_certificates))
        return self._told(found if isinstance(found, ChainResult) else self._log_in(found[0]))

    def on_failure(self, listener: Callable[[ChainResult], object]) -> None:
        """Call *listener* with every answer that is a refusal; what it raises is logged."""
        self._listeners.append(listener)

    def _require_sync(self) -> None:
        if self._async_realms:
            raise TypeError(
                f"realm [{self._async_realms[0]}] can only be awaited: use the async methods"
            )

    def _log_in(self, token: object) -> ChainResult:
        memory = self._memory
        epoch, remembered = memory.epoch, memory.get(principal_of(token))
        walk = Walk(self.realms, token, None if remembered is None else remembered.realm)
        try:
            for realm in walk:
                walk.hear(realm, self._asking.call(realm, partial(realm.authenticate, token)))
        except NoAnswerError as error:
            walk.fail(error)
        return self._ended(walk, epoch)

    def _ended(self, walk: Walk, epoch: int) -> ChainResult:
        result = walk.end()
        if result and walk.realm is not None:
            self._memory.put(result.principal, walk.realm, epoch)
        return result

    def _found(self, request: Request) -> ChainResult | tuple[object]:
        """Return the credentials of a request, or the answer to one that has none."""
        for realm in self.realms:
            try:
                token = realm.token(request)
            except Exception as error:  # noqa: BLE001 - of whatever kind, it is the answer
                failure = NoAnswerError("raised", f"it raised {type(error).__name__}")
                steps = (failed_step(realm, failure, "read", 0.0),)
                return ChainResult(kind=ResultKind.INVALID_REQUEST, steps=steps, error=error)
            if token is not None:
                return (token,)
        return ChainResult(kind=ResultKind.MISSING_CREDENTIALS)

    def _told(self, result: ChainResult) -> ChainResult:
        """Tell the listeners of a refusal."""
        if not result:
            for listener in list(self._listeners):
                try:
                    listener(result)
                except Exception:  # noqa: BLE001 - it changes nothing
                    _LOG.exception("a listener of a chain of realms has failed")
        return result

    def __repr__(self) -> str:
        return f"<RealmChain of {', '.join(realm.name for realm in self.realms) or 'no realms'}>"


def _token(username: object, password: str) -> object:
    return username if password is _MISSING else UsernamePasswordToken(username, password)  # type: ignore[arg-type]


def _request(
    request: Request | Mapping[str, str | Iterable[str]], peer_certificates: Iterable[bytes]
) -> Request:
    if isinstance(request, Request):
        return request
    return Request(request, tuple(peer_certificates))
