"""The settings of a node that concern its chain of realms as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ..names import DEFAULT_ANONYMOUS_USERNAME
from .keys import Key, read_keys
from .realm_settings import load_with_order

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from .realm_order import RealmOrder
    from .realm_settings import RealmSettings

__all__ = ["ChainSettings", "read_chain"]

_ANONYMOUS_ROLES: Final = "xpack.security.authc.anonymous.roles"
_CACHE: Final = "xpack.security.authc.success_cache."

# fmt: off
_KEYS: Final = (
    Key("success_cache_enabled", f"{_CACHE}enabled", "boolean", "true",
        "if false, realms are always asked in their order"),
    Key("success_cache_size", f"{_CACHE}size", "integer", "10000",
        "for how many names it is known which realm authenticated them last"),
    Key("success_cache_expire_after_access", f"{_CACHE}expire_after_access", "seconds", "1h",
        "how long a name that is not used is remembered"),
    Key("run_as_enabled", "xpack.security.authc.run_as.enabled", "boolean", "true",
        "if false, the header that names another user is ignored"),
    Key("anonymous_username", "xpack.security.authc.anonymous.username", "string",
        DEFAULT_ANONYMOUS_USERNAME, "the name of who has no credentials"),
)
# fmt: on


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainSettings:
    """
    What decides how realms are asked, and about requests without credentials.

    The defaults are those of a node. Times are in seconds.

    Attributes:
        success_cache_enabled: Whether the realm that authenticated a name last is asked first.
        success_cache_size: For how many names that is remembered.
        success_cache_expire_after_access: How long a name that is not used is remembered.
        run_as_enabled: Whether a request may name another user to run as.
        anonymous_username: The name of who has no credentials.
        anonymous_roles: The roles of that user; without any, nobody is let in without credentials.
    """

    success_cache_enabled: bool = True
    success_cache_size: int = 10_000
    success_cache_expire_after_access: float = 3600.0
    run_as_enabled: bool = True
    anonymous_username: str = DEFAULT_ANONYMOUS_USERNAME
    anonymous_roles: tuple[str, ...] = ()


def read_chain(
    config_dir: str | os.PathLike[str],
    overrides: Mapping[str, str] | None = None,
    elasticsearch_version: int | None = None,
) -> tuple[ChainSettings, RealmSettings, RealmOrder]:
    """
    Read what decides about the chain, about its file realm, and which realms there are.

    For arguments and errors see ``RealmSettings.load``. Where only a node of 7 would start, the
    settings are read as it does, and a warning says so.
    """
    settings, order, reader = load_with_order(config_dir, overrides, elasticsearch_version)
    values = read_keys(reader, _KEYS)
    roles = tuple(role for role in reader.strings(_ANONYMOUS_ROLES) if role)
    reader.raise_first_problem()
    return ChainSettings(**values, anonymous_roles=roles), settings, order
