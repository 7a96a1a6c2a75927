"""
A cluster, reached by the transport of the official client, whichever of 7, 8 and 9 is installed.

The transport carries the steps as they are: it has the connection and TLS. The methods of the
client would change paths and headers by its own major release, and so speak to one or two majors of
clusters only.
"""

from __future__ import annotations

import base64
import logging
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn, Self

from ..._ground.extras import require_extra
from ..._ground.showing import shown
from ...errors import ClusterError
from .address import check_url
from .trust import trusting
from .versions import Release

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Mapping
    from types import TracebackType

    from .step import Request

__all__ = ["Answer", "Cluster"]

_LAST_WITH_OTHER_TRANSPORT: Final = 7
_UNKNOWN_USER: Final = 401
_FORBIDDEN: Final = 403
_ERRORS: Final = 400
_LONGEST_REASON: Final = 500
_TOO_DEEP: Final = "the answer is nested deeper than that of any cluster: check the address"
_TAGLINE: Final = "You Know, for Search"
#: Loggers of the clients that may show a body, and so a password.
_LOGGERS: Final = ("elasticsearch", "elasticsearch.trace", "elastic_transport.node")


@dataclass(frozen=True, slots=True)
class Answer:
    """
    What a cluster answered.

    Attributes:
        status: The status of HTTP.
        body: The JSON object; empty if there was another answer.
    """

    status: int
    body: Mapping[str, Any]


class Cluster:
    """
    A cluster, by one of its nodes.

    Certificates are always verified. Name and password go to the node in a header only: no log,
    error or text that describes this object has them.

    Args:
        url: Such as ``https://node:9200``; without TLS this machine only, unless *allow_http*.

        username: Who asks.

        password: Its password.

        ca_file: Certificates in PEM to trust; None for those of the system.

        allow_http: Whether the password may travel in clear text.

        timeout: Seconds to wait for an answer; a snapshot may take long.

    Raises:
        InvalidSnapshotValueError: If the address is no such one.
        FilePermissionError, FileAccessError: If the file of certificates cannot be read.
        MissingExtraError: Without the extra ``cluster``.
    """

    def __init__(
        self,
        url: str,
        username: str,
        password: str,
        *,
        ca_file: str | None = None,
        allow_http: bool = False,
        timeout: float = 600.0,
    ) -> None:
        check_url(url, allow_http=allow_http)
        trust = trusting(ca_file) if ca_file is not None or url.startswith("https:") else None
        require_extra("cluster", "a snapshot of the security index", "elasticsearch")
        self.username = username
        self._url = url
        self._secrets = [password]
        pair = f"{username}:{password}".encode("utf-8", "surrogatepass")
        self._authorization = f"Basic {base64.b64encode(pair).decode()}"
        self._link = _link(url, trust if url.startswith("https:") else None, timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Cluster {shown(self._url)}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a cluster holds a password and cannot be pickled")

    def close(self) -> None:
        """Close the connections."""
        self._link.close()

    def release(self) -> Release:
        """
        Ask for the release.

        Raises:
            ClusterError: If it is not Elasticsearch, or does not answer.
        """
        from .step import Request

        request = Request("GET", "/")
        body = self.send(request).body
        version = body.get("version")
        number = version.get("number") if isinstance(version, dict) else None
        if body.get("tagline") != _TAGLINE or not isinstance(number, str):
            raise ClusterError(str(request), "this is not Elasticsearch: check the address")
        return Release.parse(number)

    def send(
        self, request: Request, *, accept: tuple[int, ...] = (), secret: str | None = None
    ) -> Answer:
        """
        Send a request.

        Args:
            request: What to send.

            accept: Statuses of errors that are answers here.

            secret: The password that the body lacks.

        Raises:
            ClusterError: If the cluster cannot be reached or refuses; the message has no password.
        """
        body = None if request.body is None else dict(request.body)
        if body is not None and secret is not None:
            body[request.secret] = secret
            self._secrets.append(secret)
        headers = {"accept": "application/json", "authorization": self._authorization}
        if body is not None:
            headers["content-type"] = "application/json"
        found = self._answer(request, headers, body)
        if isinstance(found, str):  # not in a handler: its error may know the password
            raise ClusterError(str(request), self._without_secrets(found))
        if found.status >= _ERRORS and found.status not in accept:
            reason = self._without_secrets(_refusal(found, self.username))
            raise ClusterError(str(request), reason, found.status)
        return found

    def _answer(
        self, request: Request, headers: dict[str, str], body: dict[str, Any] | None
    ) -> Answer | str:
        """Return the answer, or why there is none."""
        try:
            with _quietly():
                status, found = self._link.send(request.method, request.target, headers, body)
        except self._link.faults as error:
            return _fault(error)
        except RecursionError:
            return _TOO_DEEP
        return Answer(status, found if isinstance(found, dict) else {})

    def _without_secrets(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "(a password)") if secret else text
        return text


class _Dropping(logging.Filter):
    def filter(self, _record: logging.LogRecord) -> bool:
        return False


@contextmanager
def _quietly() -> Iterator[None]:
    """Drop what the client logs, which may be bodies and so passwords, and what it warns of."""
    dropping, loggers = _Dropping(), [logging.getLogger(name) for name in _LOGGERS]
    for logger in loggers:
        logger.addFilter(dropping)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger in loggers:
            logger.removeFilter(dropping)


def _refusal(answer: Answer, username: str) -> str:
    """Return why a cluster refused, in its words, and what to do."""
    error = answer.body.get("error")
    kind = error.get("type", "") if isinstance(error, dict) else ""
    reason = error.get("reason", "") if isinstance(error, dict) else error or ""
    words = shown(f"{kind}: {reason}" if kind else str(reason), _LONGEST_REASON)
    if answer.status == _UNKNOWN_USER:
        return f"user [{shown(username)}] is refused: check the name and the password ({words})"
    if answer.status == _FORBIDDEN:
        return f"user [{shown(username)}] lacks a privilege ({words})"
    return words or "the cluster does not say why"


def _fault(error: Exception) -> str:
    """Return why there is no answer."""
    text = shown(str(getattr(error, "message", "") or error), _LONGEST_REASON)
    kind = type(error).__name__
    if kind in ("TlsError", "SSLError"):
        return f"the certificate of the node is not trusted: check --ca and the address ({text})"
    if kind == "ConnectionTimeout":
        return (
            "the answer took too long; the cluster may go on: look at the snapshot before you try "
            f"again, and raise --timeout ({text})"
        )
    return f"the node cannot be reached, or does not speak as Elasticsearch does ({text})"


class _Link:
    """The transport of clients 8 and 9, which does not know the time limit of its client."""

    def __init__(
        self,
        client: Any,  # noqa: ANN401 - has other types in each major release
        faults: tuple[type[Exception], ...],
        timeout: float,
    ) -> None:
        self._client = client
        self.faults = faults
        self._timeout = timeout

    def send(
        self, method: str, target: str, headers: dict[str, str], body: dict[str, Any] | None
    ) -> tuple[int, Any]:
        found = self._client.transport.perform_request(
            method, target, headers=headers, body=body, request_timeout=self._timeout
        )
        return found.meta.status, found.body

    def close(self) -> None:
        self._client.close()


class _LinkOf7(_Link):
    """That of client 7, which raises an error for a status that is one."""

    def send(
        self, method: str, target: str, headers: dict[str, str], body: dict[str, Any] | None
    ) -> tuple[int, Any]:
        try:
            found = self._client.transport.perform_request(
                method, target, headers=headers, body=body
            )
        except self.faults as error:
            status, info = getattr(error, "status_code", None), getattr(error, "info", None)
            if not isinstance(status, int):
                raise
            return status, info
        return 200, found


def _link(url: str, trust: ssl.SSLContext | None, timeout: float) -> _Link:
    """Return the installed client, which sends each request once."""
    import elasticsearch

    major = elasticsearch.__version__[0]
    more = {} if trust is None else {"ssl_context": trust}
    client: Any = elasticsearch.Elasticsearch
    if major <= _LAST_WITH_OTHER_TRANSPORT:
        return _LinkOf7(
            client([url], timeout=timeout, max_retries=0, **more),
            (elasticsearch.exceptions.ElasticsearchException,),  # type: ignore[attr-defined]
            timeout,
        )
    from elastic_transport import TransportError

    return _Link(client(url, max_retries=0, **more), (TransportError,), timeout)
