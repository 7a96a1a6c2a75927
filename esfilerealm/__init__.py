"""Elasticsearch's file realm in pure Python: log in, read, check and edit its users and roles."""

from __future__ import annotations

from ._ground.lazy import lazily
from ._version import __version__

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from . import errors
    from .admin import UsersTool
    from .findings import Finding
    from .hashing import hash_password
    from .hashing.guarded import verify_hash
    from .names import validate_password, validate_role_name, validate_username
    from .realms.base import AuthenticationResult, AuthenticationStatus, User, UsernamePasswordToken
    from .realms.chain import RealmChain
    from .realms.file.realm import FileRealm
    from .realms.pki import PkiRealm
    from .settings import RealmSettings

__all__ = [
    "AuthenticationResult",
    "AuthenticationStatus",
    "FileRealm",
    "Finding",
    "PkiRealm",
    "RealmChain",
    "RealmSettings",
    "User",
    "UsernamePasswordToken",
    "UsersTool",
    "__version__",
    "errors",
    "hash_password",
    "validate_password",
    "validate_role_name",
    "validate_username",
    "verify_hash",
]

#: Where each name is. They are loaded on first use (PEP 562), so that the command starts fast.
_HOMES = {
    "AuthenticationResult": "realms.base",
    "AuthenticationStatus": "realms.base",
    "FileRealm": "realms.file.realm",
    "Finding": "findings",
    "PkiRealm": "realms.pki",
    "RealmChain": "realms.chain",
    "RealmSettings": "settings",
    "User": "realms.base",
    "UsernamePasswordToken": "realms.base",
    "UsersTool": "admin",
    "hash_password": "hashing",
    "validate_password": "names",
    "validate_role_name": "names",
    "validate_username": "names",
    "verify_hash": "hashing.guarded",
}
_load = lazily(__name__, _HOMES)


def __getattr__(name: str) -> object:
    if name == "errors":
        from importlib import import_module

        return import_module(".errors", __name__)
    return _load(name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
