"""``service_tokens``: the tokens of service accounts, as a node reads them."""

from __future__ import annotations

from .lines import COMMENT, trim

__all__ = ["ParsedTokens", "TokenIssue", "parse_service_tokens"]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from typing import Final, Literal

    TokenIssueKind = Literal[
        "not-utf-8", "malformed", "unusable-hash", "repeated", "unknown-account"
    ]

#: A token is ``namespace/service/name``, and there is no other namespace.
_PIECES: Final = 3
_NAMESPACE: Final = "elastic"


class TokenIssue:
    """
    What is wrong with a line.

    Attributes:
        line_number: Counted from 1.
        kind: ``not-utf-8`` and ``malformed`` cost all tokens, ``unusable-hash`` and
            ``unknown-account`` that one, and ``repeated`` the earlier one of that name.
        reason: What is wrong, for people; no hash is in it.
        name: The name of the token, if there is one.
    """

    __slots__ = ("kind", "line_number", "name", "reason")

    def __init__(
        self, line_number: int, kind: TokenIssueKind, reason: str, name: str | None = None
    ) -> None:
        self.line_number = line_number
        self.kind: TokenIssueKind = kind
        self.reason = reason
        self.name = name

    def __repr__(self) -> str:
        return f"TokenIssue({self.line_number}, {self.kind!r}, {self.reason!r}, {self.name!r})"


class ParsedTokens:
    """
    What the file says.

    Attributes:
        names: The tokens that a node takes, each as ``namespace/service/name``.
        issues: What a node does not take, in the order of the lines.
    """

    __slots__ = ("issues", "names")

    def __init__(self) -> None:
        self.names: dict[str, int] = {}
        self.issues: list[TokenIssue] = []

    def __repr__(self) -> str:
        return f"<ParsedTokens: {len(self.names)} tokens, {len(self.issues)} issues>"


def parse_service_tokens(data: bytes) -> ParsedTokens:
    """
    Parse a file of service tokens. Nothing here is an error.

    Args:
        data: The whole file.

    Source:
        ``FileServiceAccountTokenStore`` and ``FileLineParser``.
    """
    parsed = ParsedTokens()
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        parsed.issues.append(TokenIssue(line, "not-utf-8", f"not UTF-8 at byte {error.start}"))
        return parsed
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for number, written in enumerate(lines, start=1):
        if trim(written) and not written.startswith(COMMENT):
            _add(parsed, number, trim(written))
    if any(issue.kind == "malformed" for issue in parsed.issues):
        parsed.names.clear()
    return parsed


def _add(parsed: ParsedTokens, number: int, line: str) -> None:
    from ..hashing import hash_problem

    name, colon, hashed = line.partition(":")
    if not colon:
        reason = "there is no [:] between the name and the hash"
        parsed.issues.append(TokenIssue(number, "malformed", reason))
        return
    if hash_problem(hashed) is not None:
        reason = "what follows the name is no hash that a node knows"
        parsed.issues.append(TokenIssue(number, "unusable-hash", reason, name))
        return
    pieces = name.split("/")
    if len(pieces) != _PIECES or pieces[0] != _NAMESPACE or not all(pieces):
        reason = f"must be [{_NAMESPACE}/service/name]"
        parsed.issues.append(TokenIssue(number, "unknown-account", reason, name))
    if name in parsed.names:
        reason = f"already in line [{parsed.names[name]}], and the later one counts"
        parsed.issues.append(TokenIssue(number, "repeated", reason, name))
    parsed.names[name] = number
