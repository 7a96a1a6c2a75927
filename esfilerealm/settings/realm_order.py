"""
The realms that a node asks one after the other, by the rules of its generation.

Source:
    ``Realms``, in 5 and 6, in 7, and since 8.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import InvalidSettingError
from .realms import (
    BASIC_TYPES,
    FIRST,
    LAST,
    STRICT,
    TYPE_IN_KEY,
    Realm,
    configured_realms,
    implicit_realm,
)

__all__ = ["RealmChain", "realm_chain"]

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Final

    from .reader import Values

_NATIVE_USERS_ENABLED: Final = "xpack.security.authc.native_users.enabled"


class RealmChain:
    """
    The realms of a node.

    Attributes:
        version: The major version of the node.
        realms: Those that are asked, in order; the reserved realm is the first of them.
        configured: Those that are given, in the order in which they are given.
    """

    __slots__ = ("configured", "realms", "version")

    def __init__(self, version: int, realms: list[Realm], configured: list[Realm]) -> None:
        self.version = version
        self.realms = tuple(realms)
        self.configured = tuple(configured)

    @property
    def file_realm(self) -> Realm:
        """The realm of type ``file``; one that is not asked is not enabled."""
        for realm in self.realms:
            if realm.type == "file":
                return realm
        unused = next((realm for realm in self.configured if realm.type == "file"), None)
        if unused is None:
            unused = implicit_realm("file", self.version, LAST)
            unused.enabled = False
        return unused


def realm_chain(values: Values, version: int, *, reserved_realm_enabled: bool = True) -> RealmChain:
    """
    Give the realms that a node of major version *version* asks.

    Faults go to ``values.problems``; what this version accepts and a later one may not, to
    ``values.warnings``. Equal orders, where they are allowed, are sorted by name.
    """
    configured = configured_realms(values, version)
    check = _Check(values, version, configured)
    realms = sorted(check.enabled, key=lambda realm: (realm.order, realm.name))
    if version >= STRICT:
        realms = [*check.implicit(), *realms]
    elif not realms:
        realms = [implicit_realm(kind, version, LAST) for kind in BASIC_TYPES]
    if reserved_realm_enabled:
        reserved = Realm("reserved", "reserved", "")
        reserved.order = FIRST
        realms.insert(0, reserved)
    check.run(added=[realm for realm in realms if realm not in configured])
    return RealmChain(version, realms, configured)


class _Check:
    """The rules for more than one realm."""

    def __init__(self, values: Values, version: int, configured: list[Realm]) -> None:
        self.enabled = [realm for realm in configured if realm.enabled]
        self._values = values
        self._version = version
        self._configured = configured

    def implicit(self) -> list[Realm]:
        """Give the basic realms that are there without being mentioned, since 8."""
        types = {realm.type for realm in self._configured}
        if not self._values.boolean(_NATIVE_USERS_ENABLED, default=True):
            if "native" in types:
                rule = "must not be false where a native realm is configured"
                self._values.refuse(_NATIVE_USERS_ENABLED, rule)
            types.add("native")
        return [
            implicit_realm(kind, self._version, FIRST) for kind in BASIC_TYPES if kind not in types
        ]

    def run(self, *, added: list[Realm]) -> None:
        """Check all of them, beside those that a node adds by itself."""
        self._refuse_second_of_a_type()
        if self._version < TYPE_IN_KEY:
            return
        for realm, other in _repeats(self.enabled, "name"):
            rule = f"the realm of type {other.type} in {other.where} has the same name"
            self._refuse(realm, "", rule)
        for realm in self._configured:
            if realm.name.startswith("_"):
                self._warn(realm, "", "names that start with [_] are reserved")
        if self._version >= STRICT:
            self._check_strictly(added)
        else:
            self._check_leniently()

    def _refuse_second_of_a_type(self) -> None:
        """Refuse it. Since 8, disabled realms count too."""
        is_strict = self._version >= STRICT
        single = (*BASIC_TYPES, "kerberos") if self._version >= TYPE_IN_KEY else BASIC_TYPES
        for realm, other in _repeats(self._configured if is_strict else self.enabled, "type"):
            if realm.type in single:
                rule = (
                    f"there can be one realm of type {realm.type} only"
                    f"{', even if it is disabled' if is_strict else ''}; "
                    f"realm [{other.name}] in {other.where} is another"
                )
                self._refuse(realm, "", rule)

    def _check_strictly(self, added: list[Realm]) -> None:
        for realm in self.enabled:
            if not realm.has_order:
                rule = "is missing; since Elasticsearch 8, every enabled realm needs one"
                self._refuse(realm, "order", rule)
            if realm.name in [other.name for other in added]:
                rule = "its name is that of a realm which a node adds by itself"
                self._refuse(realm, "", rule)
        for realm, other in self._same_orders():
            rule = (
                f"realm [{other.name}] in {other.where} has the same order; "
                "since Elasticsearch 8, every enabled realm needs its own"
            )
            self._values.refuse(f"{realm.prefix}order", rule)

    def _check_leniently(self) -> None:
        for realm in self.enabled:
            if not realm.has_order:
                self._warn(realm, "order", "is missing, so the realm sorts last; an error since 8")
        for realm, other in self._same_orders():
            self._warn(realm, "order", f"realm [{other.name}] has the same order; an error since 8")
        for kind in BASIC_TYPES:
            same_type = [realm for realm in self._configured if realm.type == kind]
            if self.enabled and not same_type:
                self._values.warnings.append(
                    f"there is no realm of type {kind}, as others are enabled and it is not "
                    "mentioned; since 8, there is one unless it is disabled"
                )
            if not self.enabled:
                for realm in same_type:
                    rule = "in use all the same, as no realm is enabled; not so since 8"
                    self._warn(realm, "enabled", rule)

    def _same_orders(self) -> Iterator[tuple[Realm, Realm]]:
        return _repeats([realm for realm in self.enabled if realm.has_order], "order")

    def _refuse(self, realm: Realm, own_key: str, rule: str) -> None:
        key, where = self._key(realm, own_key)
        self._values.problems.append(InvalidSettingError(key, None, rule, where))

    def _warn(self, realm: Realm, own_key: str, rule: str) -> None:
        key, where = self._key(realm, own_key)
        self._values.warnings.append(f"setting [{key}] in {where}: {rule}")

    def _key(self, realm: Realm, own_key: str) -> tuple[str, str]:
        """Give a key of a realm with its place; the realm's if there is none."""
        key = f"{realm.prefix}{own_key}".removesuffix(".")
        return key, self._values.where(key) if self._values.is_given(key) else realm.where


def _repeats(realms: list[Realm], attribute: str) -> Iterator[tuple[Realm, Realm]]:
    """Give each realm that shares an attribute with an earlier one, and the first of these."""
    first: dict[object, Realm] = {}
    for realm in realms:
        other = first.setdefault(getattr(realm, attribute), realm)
        if other is not realm:
            yield realm, other
