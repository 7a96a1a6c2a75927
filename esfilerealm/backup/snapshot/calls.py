"""Steps as calls of the official client, whose arguments have other names in 7 than later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .step import Request

__all__ = ["python_call"]

_LAST_WITH_BODIES: Final = 7
_ASKS: Final = 'getpass.getpass("Password of the new user: ")'

#: By step: the method of the client, and which words of the path are its arguments, by name.
_CALLS: Final[dict[str, tuple[str, dict[str, int]]]] = {
    "register-repository": ("snapshot.create_repository", {"name": 1}),
    "look-at-repository": ("snapshot.get_repository", {"name": 1}),
    "verify-repository": ("snapshot.verify_repository", {"name": 1}),
    "make-backup-user": ("security.put_user", {"username": -1}),
    "list-features": ("features.get_features", {}),
    "look-at-index": ("indices.get_settings", {"index": 0}),
    "make-snapshot": ("snapshot.create", {"repository": 1, "snapshot": 2}),
    "look-at-snapshot": ("snapshot.get", {"repository": 1, "snapshot": 2}),
    "delete-indices": ("indices.delete", {"index": 0}),
    "restore-snapshot": ("snapshot.restore", {"repository": 1, "snapshot": 2}),
}


def python_call(step: str, request: Request, major: int) -> str:
    """
    Return a request as a call of ``client``.

    Args:
        step: The name of the step.

        request: The request.

        major: The major release of the cluster: up to 7, client 7.17 is meant, else 8 or 9.
    """
    method, places = _CALLS[step]
    words = request.path.strip("/").split("/")
    values = {name: repr(unquote(words[place])) for name, place in places.items()}
    arguments = (
        [*values.values(), *_whole_body(request)]
        if major <= _LAST_WITH_BODIES
        else [*_named(values), *_named(_fields(step, request))]
    )
    waits = ["wait_for_completion=True"] if "wait_for_completion" in request.query else []
    return f"client.{method}({', '.join([*arguments, *waits])})"


def _whole_body(request: Request) -> Iterator[str]:
    """Yield the body as the client of 7 takes it."""
    if request.body is None:
        return
    secret = f"{request.secret!r}: {_ASKS}, " if request.secret else ""
    yield f"body={{{secret}{repr(dict(request.body))[1:]}"


def _fields(step: str, request: Request) -> dict[str, str]:
    """Return the body as clients from 8 on take it: by the names of its keys, as a rule."""
    if request.body is None:
        return {}
    if step == "register-repository":
        return {"repository": repr(dict(request.body))}
    secret = {request.secret: _ASKS} if request.secret else {}
    return {**secret, **{key: repr(value) for key, value in request.body.items()}}


def _named(values: Mapping[str, str]) -> Iterator[str]:
    for name, value in values.items():
        yield f"{name}={value}"
