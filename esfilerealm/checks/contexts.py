"""The files that settings name: keys, stores, certificates, keytabs, metadata; and what for."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from .parts import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .node_settings import NodeSettings
    from .view import View

__all__ = ["Context", "NamedFile", "Use", "contexts_of", "keys_with_urls", "named_files"]

Use = Literal[
    "key",
    "store",
    "truststore",
    "certificate",
    "trust restrictions",
    "keytab",
    "metadata",
    "role mapping",
]
"""What a setting names a file for; private keys are in the first two, and secrets in a keytab."""

#: Where packages and images have their configuration.
_USUAL_DIRS: Final = ("/etc/elasticsearch", "/usr/share/elasticsearch/config")
_REALMS: Final = r"xpack\.security\.authc\.realms"
#: What the settings of one use of TLS, or of certificates, begin with.
_CONTEXT: Final = (
    rf"[\w.-]*\bssl|{_REALMS}\.pki\.[^.]+|{_REALMS}\.saml\.[^.]+\.(?:signing|encryption)"
)
_TLS_USES: Final[dict[str, Use]] = {
    "keystore.path": "store",
    "truststore.path": "truststore",
    "key": "key",
    "certificate": "certificate",
    "certificate_authorities": "certificate",
    "trust_restrictions.path": "trust restrictions",
}
_OTHER_USES: Final[dict[str, Use]] = {
    "keytab.path": "keytab",
    "idp.metadata.path": "metadata",
    "op.jwkset_path": "metadata",
    "pkc_jwkset_path": "metadata",
    "files.role_mapping": "role mapping",
}
_TLS_KEY: Final = re.compile(
    rf"(?P<context>{_CONTEXT})\.(?P<rest>{'|'.join(map(re.escape, _TLS_USES))})"
)
#: Realms of versions 5 and 6 have their type in a setting of its own, and not in their keys.
_OLD_KEY: Final = re.compile(
    rf"{_REALMS}\.[^.]+\.(?:(?:signing|encryption)\.(?P<saml>key|certificate|keystore\.path)"
    r"|(?P<pki>truststore\.path|certificate_authorities))"
)
_SETTING_OF_CONTEXT: Final = re.compile(
    rf"(?P<context>{_CONTEXT})\.(?:enabled|verification_mode|client_authentication|key|certificate"
    r"|certificate_authorities|(?:keystore|truststore)\..+)"
)
_SCHEME: Final = "file:"
_REALM: Final = re.compile(rf"{_REALMS}\.[^.]+\.[^.]+")
_SERVERS: Final = re.compile(
    r"xpack\.security\.(?:transport|http|remote_cluster_server)\.ssl|transport\.profiles\..+\.ssl"
)
_TRANSPORT: Final = re.compile(r"xpack\.security\.transport\.ssl|transport\.profiles\..+\.ssl")


@dataclass(frozen=True, slots=True)
class NamedFile:
    """
    A file that a setting names.

    Attributes:
        key: The setting.
        text: Its value.
        path: The absolute path, links not followed.
        use: What for.
        is_used: Whether the realm, or the use of TLS, is not switched off.
    """

    key: str
    text: str
    path: str
    use: Use
    is_used: bool = True


@dataclass(frozen=True, slots=True)
class Context:
    """
    One use of TLS or of certificates.

    Attributes:
        prefix: What its settings begin with, without the last dot.
        is_server: Whether the node takes connections with it.
        is_transport: Whether nodes talk to each other with it, so that it is on both sides.
    """

    prefix: str
    is_server: bool
    is_transport: bool

    def key(self, rest: str) -> str:
        """Return the full key of a setting."""
        return f"{self.prefix}.{rest}"

    def password(self, node: View, *names: str) -> str | None:
        """
        Return a password from the keystore of the node or from its settings; None if there is none.

        Args:
            node: The node.

            names: Of the secure setting and of the plain one, such as ``keystore.secure_password``
                and ``keystore.password``.

        Raises:
            Unreadable: If it may be in a keystore that cannot be read.
        """
        secure, plain = map(self.key, names)
        if plain in node.settings:
            return node.settings.get(plain)
        if node.keystore is None or secure not in node.keystore.names:
            return None
        return node.keystore.string(secure)


def contexts_of(settings: NodeSettings) -> list[Context]:
    """Return the uses of TLS and certificates that are set and not switched off, sorted."""
    found = {match["context"] for key in settings if (match := _SETTING_OF_CONTEXT.fullmatch(key))}
    return [
        Context(
            prefix,
            is_server=_SERVERS.fullmatch(prefix) is not None,
            is_transport=_TRANSPORT.fullmatch(prefix) is not None,
        )
        for prefix in sorted(found)
        if not _is_off(settings, prefix)
    ]


def _is_off(settings: NodeSettings, key: str) -> bool:
    """Check whether what a setting, or the beginning of one, is about is switched off."""
    prefix = match[0] if (match := re.match(_CONTEXT, key)) else key
    keys = [f"{prefix}.enabled"]
    if realm := _REALM.match(prefix):
        keys += [f"{realm[0]}.enabled", f"{realm[0].rpartition('.')[0]}.enabled"]
    if prefix.startswith(("xpack.security.", "transport.profiles.")):
        keys.append("xpack.security.enabled")
    if prefix.startswith("transport.profiles."):
        keys.append("xpack.security.transport.ssl.enabled")
    return any(settings.is_false(key) for key in keys)


def named_files(node: View) -> Iterator[NamedFile | Unreadable]:
    """Yield the files that settings name, with each setting whose value nobody can tell."""
    for key in node.settings:
        use = _use_of(key)
        if use is None:
            continue
        for text in node.settings.values(key):
            if "${" in text:
                yield Unreadable(f"[{key}] has a placeholder that cannot be resolved here")
            elif text and not _is_url(text):
                path = _located(node.config_dir, _without_scheme(text))
                yield NamedFile(key, text, path, use, is_used=not _is_off(node.settings, key))


def keys_with_urls(settings: NodeSettings) -> list[str]:
    """Return the settings that name a URL where they could name a file."""
    keys = [key for key in settings if _use_of(key) is not None]
    return [key for key in keys if any(map(_is_url, settings.values(key)))]


def _is_url(text: str) -> bool:
    """Check whether a node reads it from elsewhere; metadata of SAML may be a URL of a file."""
    return "://" in text and not text.startswith(_SCHEME)


def _without_scheme(text: str) -> str:
    if not text.startswith(_SCHEME):
        return text
    from urllib.parse import unquote, urlsplit

    return unquote(urlsplit(text).path)


def _located(folder: str, text: str) -> str:
    """
    Return the path of a file that a setting names.

    In a copy of a configuration directory, such as that of an image in a repository, the place of
    the original means the copy.
    """
    path = os.path.normpath(os.path.join(folder, text))
    for usual in _USUAL_DIRS:
        is_below = path.startswith(usual + os.sep)
        if is_below and folder not in _USUAL_DIRS and not os.path.isdir(usual):
            return os.path.join(folder, os.path.relpath(path, usual))
    return path


def _use_of(key: str) -> Use | None:
    if match := _TLS_KEY.fullmatch(key):
        return _TLS_USES[match["rest"]]
    if match := _OLD_KEY.fullmatch(key):
        return _TLS_USES[match["saml"] or match["pki"]]
    if not _REALM.match(key):
        return None
    return next((use for end, use in _OTHER_USES.items() if key.endswith(f".{end}")), None)
