"""Settings of hashing, and FIPS mode: EFR440 to EFR449."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..._ground.hints import nearest
from ..._ground.showing import shown
from ...hashing import CACHE_ALGORITHMS, STORED_ALGORITHMS, is_pbkdf2, resolve
from ..facts.places import LONGEST, finding_at
from ..facts.security import is_fips
from ..registry import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...findings import Finding
    from ..node import Node

_AUTHC: Final = "xpack.security.authc."
_PASSWORDS: Final = f"{_AUTHC}password_hashing.algorithm"
#: Secrets that Elasticsearch makes itself; they are long, so a fast hash is enough.
_SECRETS: Final = (
    f"{_AUTHC}api_key.hashing.algorithm",
    f"{_AUTHC}service_token_hashing.algorithm",
)
_CACHE_END: Final = ".cache.hash_algo"
_FAST: Final = "ssha256"
_SHORTEST_FIPS_PASSWORD: Final = 14


@rule("EFR440", "unknown hash algorithm", severity="error", source="XPackSettings")
def unknown_algorithm(node: Node) -> Iterator[Finding]:
    """
    A node does not start with the name of an algorithm that it does not know.

    Advice: Use bcrypt or pbkdf2_stretch, or remove the setting.
    """
    known = {_PASSWORDS: STORED_ALGORITHMS, **dict.fromkeys(_SECRETS, (*STORED_ALGORITHMS, _FAST))}
    known |= dict.fromkeys(_cache_keys(node), CACHE_ALGORITHMS)
    for key, names in known.items():
        name = _algorithm(node, key)
        if name is not None and name not in names:
            message = f"unknown hash algorithm [{shown(name)}]; {nearest(name, names)}"
            yield finding_at(unknown_algorithm, node, key, message)


@rule("EFR441", "new passwords are hashed at a low cost", severity="warning", source="NS-41")
def low_cost(node: Node) -> Iterator[Finding]:
    """
    Each password set from now on is hashed so that a stolen file is searched fast. A node says
    no word about it.

    Advice: Use bcrypt or pbkdf2_stretch, or remove the setting.
    """
    name = _algorithm(node, _PASSWORDS)
    if name is None or name not in STORED_ALGORITHMS:
        return
    hasher = resolve(name)
    is_bcrypt = hasher.family == "bcrypt"
    limits = node.limits
    lowest = limits.lowest_bcrypt_cost if is_bcrypt else limits.lowest_pbkdf2_iterations
    if hasher.cost < lowest:
        what = "cost" if is_bcrypt else "number of iterations"
        message = f"[{name}] has the {what} [{hasher.cost}]: below {lowest}"
        yield finding_at(low_cost, node, _PASSWORDS, message)


@rule("EFR442", "hash algorithm that FIPS mode refuses", severity="error", source="NS-42")
def no_fips_hash(node: Node) -> Iterator[Finding]:
    """
    In FIPS mode, a node starts only if passwords are hashed by PBKDF2.

    Advice: Use pbkdf2_stretch, or remove the setting, since it is the default in FIPS mode.
    """
    name = _algorithm(node, _PASSWORDS)
    if is_fips(node) and name is not None and not is_pbkdf2(name):
        message = f"FIPS mode is on, and [{shown(name)}] is not PBKDF2; the node does not start"
        yield finding_at(no_fips_hash, node, _PASSWORDS, message)


@rule("EFR443", "hash of secrets that FIPS mode warns of", severity="warning", source="NS-42")
def fast_fips_hash(node: Node) -> Iterator[Finding]:
    """
    In FIPS mode, API keys, tokens and caches should be hashed by PBKDF2, or caches by ssha256.

    Advice: Use pbkdf2, or remove the setting.
    """
    for key in (*_SECRETS, *_cache_keys(node)):
        name = _algorithm(node, key)
        if is_fips(node) and name is not None and not (name == _FAST or is_pbkdf2(name)):
            message = f"FIPS mode is on, and [{shown(name)}] is not PBKDF2"
            yield finding_at(fast_fips_hash, node, key, message)


@rule("EFR444", "store that FIPS mode refuses", severity="error", source="NS-42")
def fips_store(node: Node) -> Iterator[Finding]:
    """
    In FIPS mode, a node does not start with a store of the type JKS, which a name that does not
    end in .p12, .pfx or .pkcs12 also means.

    Advice: Use PEM files, or a store of the type BCFKS.
    """
    for key in node.settings if is_fips(node) else ():
        if key.endswith((".keystore.path", ".truststore.path")) and _is_jks(node, key):
            message = f"FIPS mode is on, and [{shown(key, LONGEST)}] names a JKS store"
            yield finding_at(fips_store, node, key, message)


def _is_jks(node: Node, key: str) -> bool:
    kind = node.settings.get(key.removesuffix(".path") + ".type")
    path = node.settings.get(key) or ""
    if kind is not None:
        return kind.lower() == "jks"
    return not path.lower().endswith((".p12", ".pfx", ".pkcs12")) and "${" not in path


@rule("EFR445", "keystore password too short for FIPS mode", severity="error", source="NS-43")
def short_fips_password(node: Node) -> Iterator[Finding]:
    """
    In FIPS mode, the keystore needs a password of at least 14 characters, or a node does not
    start.

    Advice: Set one by elasticsearch-keystore passwd.
    """
    is_short = node.length_of_keystore_password < _SHORTEST_FIPS_PASSWORD
    if is_fips(node) and node.keystore is not None and is_short:
        message = (
            "FIPS mode is on, and the keystore needs a password of at least "
            f"[{_SHORTEST_FIPS_PASSWORD}] characters; the node does not start"
        )
        yield short_fips_password.finding(message, path=node.path("elasticsearch.keystore"))


def _cache_keys(node: Node) -> list[str]:
    return [key for key in node.settings.keys_below(_AUTHC) if key.endswith(_CACHE_END)]


def _algorithm(node: Node, key: str) -> str | None:
    """Return the algorithm that is set, in lower case; None if nobody here can tell."""
    name = node.settings.get(key)
    return None if name is None or "${" in name else name.lower()
