"""
``allowed_signers``: who may sign what, until when.

Source:
    ``ssh-keygen(1)``, section "ALLOWED SIGNERS", and ``sshsig.c`` of OpenSSH.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from ...errors import BackupKeyError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["AllowedSigner", "matches", "read_allowed_signers"]

_LONGEST_PATTERN: Final = 1024
_LINE: Final = re.compile(r'("[^"]+"|[^\s"]+)[ \t]+(.+)')
_KEY: Final = re.compile(r"([a-z0-9][a-z0-9@.-]*)[ \t]+([A-Za-z0-9+/]+=*)(?:[ \t].*)?")
_OPTIONS: Final = re.compile(r'((?:[^\s"]|"[^"]*")+)[ \t]+(.+)')
_OPTION: Final = re.compile(r'([A-Za-z-]+)(?:="([^"]*)")?(?:,|$)')
_KINDS: Final = re.compile(r"(?:sk-)?(?:ssh|ecdsa)-")
_TIMES: Final = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
_TIMED: Final = ("valid-after", "valid-before")


@dataclass(frozen=True)
class AllowedSigner:
    """
    One line of the file.

    Attributes:
        line: Its number, counted from 1.
        principals: Patterns of the identities that may use the key, between commas.
        public_key: The blob of the key.
        is_authority: Whether the key only signs certificates.
        namespaces: Patterns of what it may sign, between commas; None for anything.
        valid_after: From when on it counts, or None.
        valid_before: Until when it counts, or None.
    """

    line: int
    principals: str
    public_key: bytes
    is_authority: bool = False
    namespaces: str | None = None
    valid_after: datetime | None = None
    valid_before: datetime | None = None

    def refusal(self, identity: str, namespace: str, now: datetime) -> str | None:
        """Return why its key does not count, as a predicate; None if it does."""
        if not matches(identity, self.principals):
            return "is of somebody else"
        if self.is_authority:
            return "is a cert-authority, and certificates are not supported: name the key itself"
        if self.namespaces is not None and not matches(namespace, self.namespaces):
            return f"allows the key only for other namespaces than [{namespace}]"
        if self.valid_after is not None and now < self.valid_after:
            return f"allows the key only from [{self.valid_after:%Y-%m-%d %H:%M:%S %Z}] on"
        if self.valid_before is not None and now > self.valid_before:
            return f"allows the key only until [{self.valid_before:%Y-%m-%d %H:%M:%S %Z}]"
        return None


def matches(text: str, patterns: str) -> bool:
    """Check whether one of *patterns* matches, and none that begins with an exclamation mark."""
    found = False
    for pattern in patterns.split(","):
        if _matches_one(text, pattern.removeprefix("!")):
            if pattern.startswith("!"):
                return False
            found = True
    return found


def _matches_one(text: str, pattern: str) -> bool:
    """Match ``*`` with any text and ``?`` with any character, in time bounded by both lengths."""
    at = in_pattern = 0
    star, resume = -1, 0
    while at < len(text):
        wanted = pattern[in_pattern : in_pattern + 1]
        if wanted == "*":
            star, resume = in_pattern, at
            in_pattern += 1
        elif wanted in ("?", text[at]):
            at, in_pattern = at + 1, in_pattern + 1
        elif star >= 0:  # let the latest star stand for one character more
            resume += 1
            at, in_pattern = resume, star + 1
        else:
            return False
    return not pattern[in_pattern:].strip("*")


def read_allowed_signers(data: bytes, path: str) -> list[AllowedSigner]:
    """
    Read the file.

    Args:
        data: Its content.

        path: Its path, for errors.

    Raises:
        BackupKeyError: If a line is malformed; ``ssh-keygen`` stops there, too.
    """
    return list(_Reader(path).signers(data))


class _Reader:
    def __init__(self, path: str) -> None:
        self._path = path
        self._number = 0

    def signers(self, data: bytes) -> Iterator[AllowedSigner]:
        for self._number, line in enumerate(data.split(b"\n"), 1):
            text = line.decode("utf-8", "surrogateescape").strip(" \t\r")
            if text and not text.startswith("#"):
                yield self._signer(text)

    def _signer(self, text: str) -> AllowedSigner:
        found = _LINE.fullmatch(text)
        if found is None:
            raise self._error("it has no key behind the identities")
        if _KINDS.match(text) and _KEY.fullmatch(text):
            raise self._error("it has a key without an identity in front of it")
        principals, rest = found[1].strip('"'), found[2]
        options: dict[str, str | None] = {}
        if not _KINDS.match(rest):
            parts = _OPTIONS.fullmatch(rest)
            if parts is None:
                raise self._error("its options are malformed")
            options, rest = self._options(parts[1]), parts[2]
        if (
            len(principals) > _LONGEST_PATTERN
            or len(options.get("namespaces") or "") > _LONGEST_PATTERN
        ):
            raise self._error(f"a pattern has more than [{_LONGEST_PATTERN}] characters")
        return AllowedSigner(
            line=self._number,
            principals=principals,
            public_key=self._key(rest),
            is_authority="cert-authority" in options,
            namespaces=options.get("namespaces"),
            valid_after=self._time(options.get("valid-after")),
            valid_before=self._time(options.get("valid-before")),
        )

    def _options(self, text: str) -> dict[str, str | None]:
        options: dict[str, str | None] = {}
        at = 0
        while at < len(text):
            found = _OPTION.match(text, at)
            if found is None:
                raise self._error("its options are malformed")
            key, value = found[1].lower(), found[2]
            needs_value = key in (*_TIMED, "namespaces")
            if key in options or (value is not None) != needs_value:
                raise self._error("its options are malformed")
            if not needs_value and key != "cert-authority":
                raise self._error("it has an option that is not known")
            options[key] = value
            at = found.end()
        return options

    def _key(self, text: str) -> bytes:
        found = _KEY.fullmatch(text)
        try:
            blob = base64.b64decode(found[2], validate=True) if found else b""
        except ValueError:
            blob = b""
        name = found[1].encode() if found else b""
        if not blob.startswith(len(name).to_bytes(4, "big") + name):
            raise self._error("its key is malformed")
        return blob

    def _time(self, text: str | None) -> datetime | None:
        """Read a time, which is that of this machine's zone unless a ``Z`` follows."""
        if text is None:
            return None
        digits = text.removesuffix("Z")
        try:
            time = datetime.strptime(digits, _TIMES[len(digits)])  # noqa: DTZ007 - see below
        except (KeyError, ValueError):
            raise self._error("a time in it is malformed") from None
        return time.replace(tzinfo=UTC) if text.endswith("Z") else time.astimezone(UTC)

    def _error(self, reason: str) -> BackupKeyError:
        return BackupKeyError(self._path, f"line [{self._number}]: {reason}: correct it")
