"""Writing the bytes of a keystore: each function mirrors one of ``reader``."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from .._ground.java import encode_modified_utf8
from .reader import CODEC_NAME, FOOTER_MAGIC, MAGIC

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .reader import Block
    from .versions import Format

__all__ = ["write_sealed", "write_settings"]


def write_sealed(form: Format, block: Block, *, has_password: bool) -> bytes:
    """
    Return a whole keystore.

    Args:
        form: Its format.

        block: Salt, initialization vector and encrypted content.

        has_password: Whether the content is protected by a password.
    """
    order = form.byte_order
    inner = b"".join(
        len(part).to_bytes(4, order) + part for part in (block.salt, block.iv, block.ciphertext)
    )
    parts = [
        MAGIC,
        bytes([len(CODEC_NAME)]),
        CODEC_NAME,
        form.version.to_bytes(4, "big"),
        bytes([has_password]),
        len(inner).to_bytes(4, order),
        inner,
        FOOTER_MAGIC,
        bytes(4),  # the algorithm
    ]
    data = b"".join(parts)
    return data + zlib.crc32(data).to_bytes(8, "big")


def write_settings(form: Format, settings: Mapping[str, bytes]) -> bytes:
    """Return the content that is to be encrypted."""
    parts = [len(settings).to_bytes(4, "big")]
    for name, value in settings.items():
        parts.append(_utf(name))
        if form.has_types:
            parts.append(_utf("STRING" if _is_text(value) else "FILE"))
        parts += (len(value).to_bytes(4, "big"), value)
    return b"".join(parts)


def _utf(text: str) -> bytes:
    encoded = encode_modified_utf8(text)
    return len(encoded).to_bytes(2, "big") + encoded


def _is_text(value: bytes) -> bool:
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
