"""
Automatic configuration of security, explained: what a first start of Elasticsearch 8 or later
would do in a configuration directory.

A node stops at the first reason not to configure itself, mostly without a word. ``explain`` finds
all of them at once, and reads only. ``preview_removal`` shows what becomes of a block of generated
settings that a node removes again::

    start ─┬─ before     settings, log4j2.properties, keystore: what no start survives
           ├─ files      AUT-01 to AUT-04, AUT-11, AUT-12
           ├─ settings   AUT-05 to AUT-10
           └─ keystore   AUT-13, and its password

``explanation`` puts them in the order of a node; ``result`` is what comes out.
"""

from __future__ import annotations

from .block import GENERATED_KEYS, GENERATED_SECURE_SETTINGS, BlockRemoval, preview_removal
from .explanation import explain
from .result import AutoConfiguration, Hit

__all__ = [
    "GENERATED_KEYS",
    "GENERATED_SECURE_SETTINGS",
    "AutoConfiguration",
    "BlockRemoval",
    "Hit",
    "explain",
    "preview_removal",
]
