"""The steps as texts to use elsewhere: console lines, a script for curl, a program in Python."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from ...errors import InvalidSnapshotValueError
from .address import check_url
from .calls import python_call
from .step import NodeCommand, NodeLines, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from .step import Step
    from .versions import Release

    Form = Literal["console", "curl", "python"]

__all__ = ["FORMS", "Access", "render_steps"]

FORMS: Final[tuple[Form, ...]] = ("console", "curl", "python")
"""What steps can be rendered as."""

_COLUMNS: Final = 98
#: Of the client: the releases that are called as the cluster's are.
_CLIENTS: Final = {8: ">=8,<9", 9: ">=9"}
_CLIENT_OF_7: Final = ">=7.17,<8"
#: The client of this major takes credentials and time limits by other names than those before.
_FIRST_WITH_BASIC_AUTH: Final = 8

_CURL: Final = ("curl", "--config", "-", "--fail-with-body", "--silent", "--show-error")
#: Passwords and bodies go to curl by its standard input, so that no list of processes shows them.
_QUOTED: Final = r"""quoted() { printf '%s' "$1" | sed 's/[\\"]/\\&/g'; }"""
_ASK: Final = r"""ask() {
  printf '%s' "$1" >&2
  stty -echo 2> /dev/null || true
  IFS= read -r answer
  stty echo 2> /dev/null || true
  echo >&2
}"""
_FILL_BODY: Final = (
    "import json, sys; body = json.loads(sys.argv[1]); "
    "body[sys.argv[2]] = sys.stdin.read(); print(json.dumps(body))"
)


@dataclass(frozen=True, slots=True)
class Access:
    """
    How the rendered texts reach the cluster; no password is among it.

    Args:
        url: The address of the node that gets the requests.

        username: Who asks, whose password the scripts ask for; None for the user of the file realm
            that is added, or the built-in user.

        ca_file: The authority that the certificate of the node is checked against; None for those
            of the system.

        netrc_file: A file from which curl takes name and password; None to ask.

    Raises:
        InvalidSnapshotValueError: If the address is none, or has a password in it, or a script
            cannot hold the others.
    """

    url: str = "https://localhost:9200"
    username: str | None = None
    ca_file: str | None = None
    netrc_file: str | None = None

    def __post_init__(self) -> None:
        check_url(self.url, allow_http=True)
        for what in ("username", "ca_file", "netrc_file"):
            value = getattr(self, what)
            if value is not None and not value.isprintable():
                rule = "it has characters that cannot be printed in a script"
                raise InvalidSnapshotValueError(what.replace("_", " "), value, rule)


def render_steps(
    steps: Sequence[Step], form: Form, release: Release, access: Access | None = None
) -> str:
    """
    Render steps as a text that ends with a line end.

    Args:
        steps: What to render.

        form: ``console`` for the console of Kibana, ``curl`` for a shell script, ``python`` for a
            program with the official client.

        release: That of the cluster, which decides how the client is called.

        access: How to reach the cluster.
    """
    render: Callable[[Sequence[Step], Release, Access], Iterator[str]] = _RENDERERS[form]
    return "\n".join(render(steps, release, access or Access())) + "\n"


def _console(steps: Sequence[Step], _release: Release, _access: Access) -> Iterator[str]:
    for number, step in enumerate(steps, 1):
        if number > 1:
            yield ""
        yield from _comments(number, step)
        if isinstance(step.action, Request):
            yield str(step.action)
            yield from _json_lines(step.action)
        else:
            yield from _by_hand(step)


def _json_lines(request: Request) -> Iterator[str]:
    if request.body is not None:
        secret = {request.secret: "<its password>"} if request.secret else {}
        yield from json.dumps({**secret, **request.body}, indent=2).splitlines()


def _curl(steps: Sequence[Step], _release: Release, access: Access) -> Iterator[str]:
    yield from ("#!/bin/sh", "set -eu", f"url={shlex.quote(access.url)}")
    yield from ("", _QUOTED, _ASK, "")
    if access.netrc_file is None:
        user = _username(steps, access)
        yield f"ask {shlex.quote(f'Password of {user}: ')}"
        yield f'login={shlex.quote(user)}:"$answer"'
        yield ""
    yield from _curl_function(access)
    yield from _numbered(steps, _curl_request, "printf 'Done? Press Enter. ' >&2; read -r _")


def _curl_function(access: Access) -> Iterator[str]:
    """Yield the function that sends a request: method, path, and the body if there is one."""
    words = [*_CURL, *(("--cacert", access.ca_file) if access.ca_file is not None else ())]
    words += ["--netrc-file", access.netrc_file] if access.netrc_file is not None else []
    yield "request() {"
    yield "  {"
    if access.netrc_file is None:
        yield """    printf 'user = "%s"\\n' "$(quoted "$login")\""""
    yield """    [ -z "${3-}" ] || printf 'data-binary = "%s"\\n' "$(quoted "$3")\""""
    yield f"  }} | {shlex.join(words)} \\"
    yield """    -H 'Content-Type: application/json' -X "$1" "$url$2\""""
    yield "  echo"
    yield "}"


def _curl_request(step: str, request: Request) -> Iterator[str]:  # noqa: ARG001 - as the others
    words = [f"request {request.method} {shlex.quote(request.target)}"]
    body = "" if request.body is None else shlex.quote(json.dumps(request.body))
    if request.secret:
        program = shlex.join(["python3", "-c", _FILL_BODY])
        yield "ask 'Password of the new user: '"
        yield f"body=$(printf '%s' \"$answer\" | {program} {body} {shlex.quote(request.secret)})"
        body = '"$body"'
    yield " ".join([*words, *([body] if body else ())])


def _python(steps: Sequence[Step], release: Release, access: Access) -> Iterator[str]:
    client = _CLIENTS.get(release.major, _CLIENT_OF_7)
    is_old = release.major < _FIRST_WITH_BASIC_AUTH
    user = _username(steps, access)
    yield f"# pip install 'elasticsearch{client}'"
    yield from ("import getpass", "", "from elasticsearch import Elasticsearch", "")
    yield f"password = getpass.getpass({f'Password of {user}: '!r})"
    yield "client = Elasticsearch("
    yield f"    {access.url!r},"
    yield f"    {'http_auth' if is_old else 'basic_auth'}=({user!r}, password),"
    if access.ca_file is not None:
        yield f"    ca_certs={access.ca_file!r},"
    yield f"    {'timeout' if is_old else 'request_timeout'}=600,"
    yield ")"

    def call(step: str, request: Request) -> Iterator[str]:
        yield f"print({python_call(step, request, release.major)})"

    yield from _numbered(steps, call, 'input("Done? Press Enter. ")')


def _username(steps: Sequence[Step], access: Access) -> str:
    """Return who asks: if nobody is named, whom the steps add on the node, or the built-in user."""
    if access.username is not None:
        return access.username
    added = [step.action.words for step in steps if isinstance(step.action, NodeCommand)]
    return next((words[2] for words in added if words[1] == "useradd"), "elastic")


def _numbered(
    steps: Sequence[Step], render: Callable[[str, Request], Iterable[str]], pause: str
) -> Iterator[str]:
    """
    Yield the lines of all steps of a program.

    Args:
        steps: The steps.
        render: Makes the lines of a request.
        pause: Waits for a person, where requests follow what is done by hand.
    """
    last = max(n for n, step in enumerate(steps) if isinstance(step.action, Request))
    for number, step in enumerate(steps):
        yield ""
        yield from _comments(number + 1, step)
        if isinstance(step.action, Request):
            yield from render(step.name, step.action)
            continue
        yield from _by_hand(step)
        if number < last:
            yield pause


def _comments(number: int, step: Step) -> Iterator[str]:
    import textwrap

    needs = f" (needs {step.privilege})" if step.privilege else ""
    yield from textwrap.wrap(
        f"{number}. {step.title}{needs}", _COLUMNS, initial_indent="# ", subsequent_indent="# "
    )
    yield from textwrap.wrap(step.why, _COLUMNS, initial_indent="#    ", subsequent_indent="#    ")


def _by_hand(step: Step) -> Iterator[str]:
    """Yield, as comments, what is done on a node."""
    lines: Iterable[str] = ("By hand.",)
    if isinstance(step.action, NodeCommand):
        lines = ("On that node:", f"  {shlex.join(step.action.words)}")
    elif isinstance(step.action, NodeLines):
        lines = (f"On that node, add to {step.action.file}:", *_indented(step.action.lines))
    for line in lines:
        yield f"#    {line}"


def _indented(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        yield f"  {line}"


_RENDERERS: Final[dict[Form, Callable[[Sequence[Step], Release, Access], Iterator[str]]]] = {
    "console": _console,
    "curl": _curl,
    "python": _python,
}
