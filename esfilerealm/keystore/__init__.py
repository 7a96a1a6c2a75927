"""
``elasticsearch.keystore``: the secure settings of a node, read and written without a JVM.

``Keystore.read`` decrypts a file, ``Keystore.create`` makes a new one, and ``save`` writes it by
the same transaction as the files of the realm. ``load_header`` reads what needs no password::

    bytes → reader → SealedKeystore → crypto → reader → Keystore → writer → bytes

``versions`` is a table of the formats, ``reader`` and ``writer`` mirror each other, and only
``file`` touches the disk. Encryption needs the extra ``keystore``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .contents import SEED, validate_setting_name
from .keystore import Keystore, SealedKeystore, load_header
from .versions import DEFAULT_FORMAT, FORMATS, Format, format_for

if TYPE_CHECKING:
    from .keystore import Source as Source

__all__ = [
    "DEFAULT_FORMAT",
    "FORMATS",
    "SEED",
    "Format",
    "Keystore",
    "SealedKeystore",
    "format_for",
    "load_header",
    "validate_setting_name",
]
