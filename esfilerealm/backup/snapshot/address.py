"""The address of a node, which must not hold a password, nor let one travel in clear text."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from ...errors import InvalidSnapshotValueError

__all__ = ["check_url"]


def check_url(url: str, *, allow_http: bool) -> None:
    """
    Check the address of a node.

    Raises:
        InvalidSnapshotValueError: If it is none, has a password in it, or a password would travel
            to another machine in clear text.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        parts, host, port = urlsplit(""), None, None
    if "@" in url:
        rule = "give the name by --user and the password apart: others can see an address"
        raise InvalidSnapshotValueError("address", None, rule)
    is_known = parts.scheme == "https" or (parts.scheme == "http" and port is not None)
    is_usable = url.isprintable() and " " not in url and not parts.query and not parts.fragment
    if not host or not is_known or not is_usable:
        raise InvalidSnapshotValueError("address", url, "write it as https://node:9200")
    if parts.scheme == "http" and not allow_http and not _is_this_machine(host):
        rule = "the password would travel in clear text: use https, or allow it by --allow-http"
        raise InvalidSnapshotValueError("address", url, rule)


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
