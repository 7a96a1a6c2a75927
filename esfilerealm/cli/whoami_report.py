"""What ``whoami`` prints: the answer of each realm, the verdict, the user and its roles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .._ground.showing import shown
from ..realms.chain import StepStatus
from .role_sources import source_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    from ..realms import User
    from ..realms.chain import ChainResult, Step
    from .role_sources import Source

__all__ = ["for_programs", "rows"]

_SAID: Final = {
    StepStatus.SUCCESS: "accepted",
    StepStatus.CONTINUE: "not accepted",
    StepStatus.TERMINATE: "refused, and no other realm is asked",
    StepStatus.FOUND: "knows the user to run as",
    StepStatus.NOT_FOUND: "does not know the user to run as",
    StepStatus.FAILED: "did not answer",
}
#: Of a value of metadata: a fingerprint has 64 characters, and a name of a certificate often more.
_LONGEST: Final = 300


def rows(
    result: ChainResult,
    others: Sequence[dict[str, str]],
    sources: Sequence[Source],
    *,
    is_verbose: bool,
) -> Iterator[tuple[str, Iterable[str]]]:
    """
    Yield the rows of the table for people.

    Args:
        result: The answer of the chain.
        others: The realms that were not asked.
        sources: Where each role comes from.
        is_verbose: Whether to say how long each realm took.
    """
    yield "Asked", [_step_text(step, is_verbose=is_verbose) for step in result.steps]
    yield (
        "Not asked",
        [f"{_named(each['realm'], each['type'])}: {each['reason']}" for each in others],
    )
    yield "Result", [_verdict(result)]
    user = result.user
    if user is not None:
        yield "User", [_user_text(result, user)]
        yield (
            "Metadata",
            [f"{key}: {shown(value, _LONGEST)}" for key, value in user.metadata.items()],
        )
        yield "Roles", source_lines(sources) or ["none"]


def _step_text(step: Step, *, is_verbose: bool) -> str:
    said = _SAID[step.status]
    if step.question == "read":
        said = "cannot read the credentials"
    elif step.reason == "unknown_user" and step.message is None:
        said = "does not know the user"
    why = f": {step.message}" if step.message else ""
    if not why and step.reason not in (None, "unknown_user"):
        why = f": {step.reason}"
    took = f" ({step.seconds * 1000:.1f} ms)" if is_verbose else ""
    return f"{_named(step.realm, step.type)}: {said}{why}{took}"


def _named(realm: str, kind: str) -> str:
    return f"realm [{shown(realm)}] ({shown(kind)})"


def _verdict(result: ChainResult) -> str:
    if result:
        return "let in" if result.realm is None else f"let in by realm [{shown(result.realm)}]"
    return f"refused: {result.reason}, HTTP status {result.http_status}"


def _user_text(result: ChainResult, user: User) -> str:
    caller = result.authenticating_user
    if caller is None or result.lookup_realm is None:
        return shown(user.username)
    known = f", known to realm [{shown(result.lookup_realm)}]"
    return f"{shown(user.username)}, as whom [{shown(caller.username)}] runs{known}"


def for_programs(
    result: ChainResult, others: Sequence[dict[str, str]], sources: Sequence[Source]
) -> dict[str, Any]:
    """Return the same as ``--json`` prints it."""
    user, caller = result.user, result.authenticating_user
    return {
        "authenticated": bool(result),
        "kind": result.kind.value,
        "reason": result.reason,
        "http_status": result.http_status,
        "steps": [
            {
                "realm": step.realm,
                "type": step.type,
                "question": step.question,
                "status": step.status.value,
                "reason": step.reason,
                "message": step.message,
                "seconds": round(step.seconds, 6),
            }
            for step in result.steps
        ],
        "not_asked": list(others),
        "realm": result.realm,
        "authenticating_user": None if caller is None else caller.username,
        "lookup_realm": result.lookup_realm,
        "user": None if user is None else user.username,
        "roles": [] if user is None else list(user.roles),
        "sources": list(sources),
        "metadata": {} if user is None else dict(user.metadata),
    }
