"""From bytes to text, and from base64 to bytes; what is wrong is told, what is there is not."""

from __future__ import annotations

import base64
import binascii

from ..errors import FileFormatError

__all__ = ["decode_text", "from_base64", "to_base64"]


def decode_text(data: bytes, source: str) -> str:
    """
    Decode a text strictly.

    Raises:
        FileFormatError: If it is not UTF-8, or has a byte 0, as no text has.
    """
    offset = data.find(b"\0")
    reason = "a byte 0: this is no text file"
    if offset < 0:
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError as error:
            # Raising in here would keep all the text in the context.
            offset = error.start
            reason = "not UTF-8"
    line_number = data.count(b"\n", 0, offset) + 1
    raise FileFormatError(source, line_number, reason, offset)


def from_base64(text: str) -> bytes | None:
    """
    Decode as Kubernetes does: standard alphabet, padding, ends of lines anywhere; None if not so.

    Source:
        Go's ``base64.StdEncoding``, which ``encoding/json`` uses for bytes.
    """
    bare = text.replace("\r", "").replace("\n", "")
    try:
        return base64.b64decode(bare, validate=True)
    except (binascii.Error, ValueError):
        return None


def to_base64(data: bytes) -> str:
    """Encode in one line."""
    return base64.b64encode(data).decode("ascii")
