"""Where a finding is, as reports for other programs name it."""

from __future__ import annotations

import os
from urllib.parse import quote

from ..._ground.showing import printable

__all__ = ["shown_path", "uri_of"]


def shown_path(path: str) -> str:
    """Return a path below the working directory relative to it, any other one as it is."""
    return printable(_relative(path))


def uri_of(path: str) -> str:
    """Return a path as a reference of RFC 3986: relative below the working directory."""
    relative = _relative(path)
    text = quote(relative.replace(os.sep, "/").encode("utf-8", "surrogatepass"))
    return f"file://{text}" if os.path.isabs(relative) else text


def _relative(path: str) -> str:
    return path.removeprefix(os.path.join(os.getcwd(), ""))
