"""The options of the Java machine that a node runs in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..node import Node

__all__ = ["ENFORCE", "JvmOption", "jvm_options"]

#: What the option begins with that makes bootstrap checks count everywhere.
ENFORCE: Final = "-Des.enforce.bootstrap.checks="

#: An option may be for some releases of Java only: ``8:-X``, ``8-:-X`` or ``8-9:-X``.
_LINE: Final = re.compile(r"(?:\d+(?:-\d*)?:)?(-.*)")


@dataclass(frozen=True, slots=True)
class JvmOption:
    """
    One option.

    Attributes:
        text: The option as it is written, without the releases of Java that it is for.
        path: The file.
        line: Counted from 1.
    """

    text: str
    path: str
    line: int


def jvm_options(node: Node) -> Iterator[JvmOption]:
    """
    Iterate over the options of ``jvm.options`` and of the files in ``jvm.options.d``, in order.

    Source:
        ``JvmOptionsParser``, which takes nothing in that folder but ``*.options``.
    """
    for path, data in node.jvm_files:
        for line, text in enumerate(data.decode("utf-8", "replace").splitlines(), start=1):
            if match := _LINE.fullmatch(text.strip()):
                yield JvmOption(match[1], path, line)
