"""Read the JSON of a fingerprint: names, roles and keyed digests, no hash."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from .._ground.showing import shown
from ..errors import InvalidFingerprintError
from .keyed import UNSAID, digest_of_all, hash_part
from .result import Unreadable
from .standing import NEVER, Standing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import NoReturn

__all__ = ["FIRST_VERSION", "KIND", "VERSION", "read", "read_each"]

KIND: Final = "esfilerealm fingerprint"
"""What a document has as ``kind``, so that it is recognized."""

FIRST_VERSION: Final = 1
"""The version of its format, if nobody is locked or expires."""

VERSION: Final = 2
"""The version with such users."""

_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_HEX: Final = re.compile("[0-9a-f]{64}", re.ASCII)
_CHANGED: Final = "was changed after it was made, or is damaged: make it again"


def read(text: str | bytes, source: str) -> dict[str, Any]:
    """
    Return the arguments of a ``Fingerprint``.

    Raises:
        InvalidFingerprintError: See ``Fingerprint.from_json``.
    """
    return _arguments(_parsed(text, source), source)


def read_each(text: str | bytes, source: str) -> Iterator[dict[str, Any] | Unreadable]:
    """
    Yield the arguments of each ``Fingerprint``, or why a node has none.

    Raises:
        InvalidFingerprintError: See ``Fingerprint.all_from_json``.
    """
    value = _parsed(text, source)
    nodes = value.get("by_node") if isinstance(value, dict) else None
    if nodes is None:
        yield _arguments(value, source)
        return
    if not isinstance(nodes, list) or not nodes:
        _refuse(source, "has a wrong value in [by_node]: make it again")
    for node in nodes:
        yield _unreadable(node) or _arguments(node, source)


def _unreadable(node: Any) -> Unreadable | None:  # noqa: ANN401 - any JSON
    """Return why a node has no fingerprint, if that is what stands there."""
    if not isinstance(node, dict) or not isinstance(name := node.get("node"), str):
        return None
    error = node.get("error")
    if isinstance(error, dict) and isinstance(reason := error.get("message"), str):
        return Unreadable(name, reason)
    if node.get("is_skipped") is True:
        return Unreadable(name, "left alone, since another node has failed")
    return None


def _arguments(value: Any, source: str) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    if isinstance(value, dict) and isinstance(value.get("fingerprint"), dict):
        value = value["fingerprint"]
    if not isinstance(value, dict) or value.get("kind") != KIND:
        _refuse(source, "is not one: it is what `esfilerealm digest --json` prints")
    if value.get("version") not in (FIRST_VERSION, VERSION):
        version = shown(value.get("version"))
        rule = f"has version [{version}], and this esfilerealm reads [{FIRST_VERSION}, {VERSION}]"
        _refuse(source, f"{rule}: make it again with the same esfilerealm")
    return _Reader(value, source).arguments()


def _parsed(text: str | bytes, source: str) -> Any:  # noqa: ANN401 - any JSON
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    # Not in the handler: its error, which holds the whole text, would be the context of this one.
    raise InvalidFingerprintError(source, "is not whole: it ends too early, or is no JSON")


def _refuse(source: str, rule: str) -> NoReturn:
    raise InvalidFingerprintError(source, rule)


class _Reader:
    """Checks every value of a document, and that it says what it said when it was made."""

    def __init__(self, value: dict[str, Any], source: str) -> None:
        self._value = value
        self._source = source
        self._records: dict[str, bytes] = {}
        self._roles: dict[bytes, tuple[str, ...]] = {}
        self._is_document = False

    def arguments(self) -> dict[str, Any]:
        users, key_id = self._list("users"), self._text("key_id")
        is_document = self._value.get("is_document", False)
        if not isinstance(is_document, bool):
            self._refuse_field("is_document")
        self._is_document = is_document
        for user in users:
            self._add(user)
        digests = [hash_part(record) for record in self._records.values()]
        has_hashes = any(digest != UNSAID for digest in digests)
        if self._value.get("digest") != digest_of_all(self._records) or (
            key_id is None and has_hashes
        ):
            _refuse(self._source, _CHANGED)
        skipped = self._list("skipped")
        if not all(isinstance(line, str) for line in skipped):
            self._refuse_field("skipped")
        return {
            "records": self._records,
            "roles": self._roles,
            "node": self._text("node"),
            "key_id": key_id,
            "skipped": tuple(skipped),
            "is_document": is_document,
        }

    def _add(self, user: Any) -> None:  # noqa: ANN401 - any JSON
        if not isinstance(user, dict) or not isinstance(name := user.get("username"), str):
            self._refuse_field("users")
        roles = user.get("roles")
        is_list = isinstance(roles, list) and all(isinstance(role, str) for role in roles)
        digest = self._digest(user.get("roles_digest"))
        in_order = tuple(roles) if is_list and roles is not None else ()
        if (
            name in self._records
            or (roles is None) != (digest == UNSAID)
            or (
                not (is_list or roles is None)
                or self._roles.setdefault(digest, in_order) != in_order
                or list(in_order) != sorted(set(in_order))
            )
        ):
            _refuse(self._source, _CHANGED)
        standing = self._standing(user).packed(is_document=self._is_document)
        self._records[name] = digest + self._digest(user.get("hash_digest")) + standing

    def _standing(self, user: dict[str, Any]) -> Standing:
        """Return the standing of a user; one of whom an early version says nothing is ordinary."""
        locked, expires = user.get("is_locked", False), user.get("expires", NEVER)
        emergency = user.get("is_emergency", False)
        is_time = isinstance(expires, str) and (expires == NEVER or _TIME.fullmatch(expires))
        if (
            not (isinstance(locked, bool) or locked is None)
            or not (is_time or expires is None)
            or not isinstance(emergency, bool)
        ):
            self._refuse_field("users")
        return Standing(locked, expires, emergency)

    def _digest(self, text: object) -> bytes:
        if text is None:
            return UNSAID
        if not isinstance(text, str) or _HEX.fullmatch(text) is None:
            self._refuse_field("users")
        return bytes.fromhex(text)

    def _list(self, key: str) -> list[Any]:
        value = self._value.get(key)
        if not isinstance(value, list):
            self._refuse_field(key)
        return value

    def _text(self, key: str) -> str | None:
        value = self._value.get(key)
        if value is not None and not isinstance(value, str):
            self._refuse_field(key)
        return value

    def _refuse_field(self, key: str) -> NoReturn:
        _refuse(self._source, f"has a wrong value in [{key}]: make it again")
