"""The name by which the program is called, so that it answers by that name."""

from __future__ import annotations

import os
import sys

__all__ = ["PROGRAM_VARIABLE", "as_called", "implied_words", "program_name"]

#: Sets the name where the program cannot see it: behind a shell alias or in a wrapper script.
PROGRAM_VARIABLE = "ESFILEREALM_PROGRAM"

_OWN = "esfilerealm"

#: What a link to this program may be called: the names of Elastic's tools, from 2.x to the newest.
_KEYSTORE = "elasticsearch-keystore"
_NATIVE = ("elasticsearch-users", "users", "esusers", _KEYSTORE)

_ENDINGS = (".exe", ".bat", ".py")


def program_name() -> str:
    """Return ``esfilerealm``, or the name of the link or alias by which it was called."""
    given = os.environ.get(PROGRAM_VARIABLE, "")
    if given and given.isascii() and given.replace("-", "").replace("_", "").isalnum():
        return given
    name = os.path.basename(sys.argv[0]) if sys.argv else ""
    for ending in _ENDINGS:
        name = name.removesuffix(ending)
    return name if name in _NATIVE else _OWN


def as_called(text: str) -> str:
    """Return *text* with command lines of this program under the name by which it was called."""
    name = program_name()
    if name == _OWN:
        return text
    own = " ".join([_OWN, *implied_words()])
    # A word of a command line follows a blank. Texts about the package have other words behind.
    for before in ("`", "'", "Usage: ", "  ", "| "):
        text = text.replace(f"{before}{own} ", f"{before}{name} ")
    return text


def implied_words() -> list[str]:
    """Return the words that the name of the program stands for besides the program itself."""
    return ["keystore"] if program_name() == _KEYSTORE else []
