"""The subcommands of ``audit``."""

from __future__ import annotations

from typing import Final

from . import exits
from . import shared_options as shared
from .options import Command, Option, OptionGroup

__all__ = ["SUBCOMMANDS"]

_FILES: Final = (
    "FILE is an audit log; default: that of ESFILEREALM_AUDIT. Several are given in order, the "
    "oldest first; one whose name ends with .gz is unpacked."
)
_UNREADABLE: Final = (exits.IO, "an audit log or the key cannot be read")

SUBCOMMANDS: Final = (
    Command(
        "audit show",
        "Show who changed what, and when",
        OptionGroup(
            "Which changes",
            Option("user", "Only changes of this user", metavar="NAME"),
            Option(
                "since",
                "Only changes since then: 90m, 8h or 2d ago, or a time such as 2026-12-01T08:00Z; "
                "without a zone it is UTC",
                metavar="TIME",
            ),
        ),
        shared.general(shared.JSON),
        run="audit:run_show",
        arguments="[FILE...]",
        notes=(_FILES, "Whether the lines are true says 'esfilerealm audit verify'."),
        examples=(
            "esfilerealm audit show audit.log --since 2d",
            "esfilerealm audit show audit.log --user jane --json",
        ),
        exits=((exits.DATA, "an invalid time"), _UNREADABLE),
    ),
    Command(
        "audit verify",
        "Check that no line was removed, changed, moved or forged",
        OptionGroup(
            "What is checked",
            Option(
                "head",
                "What an earlier run printed as head: that line must still be there, or right "
                "before the first; may be repeated",
                metavar="HASH",
                repeatable=True,
            ),
            Option(
                "key-file",
                "The key that sealed the lines; default: that of ESFILEREALM_AUDIT_KEY",
                metavar="FILE",
            ),
            Option(
                "also",
                "With -c, another directory whose files are compared with the lines; may be "
                "repeated",
                metavar="DIR",
                repeatable=True,
            ),
        ),
        shared.general(shared.JSON),
        run="audit:run_verify",
        arguments="[FILE...]",
        notes=(
            _FILES,
            "With -c, the files of that directory are compared with what the lines say of them.",
            "Without a key, only a head that is kept elsewhere shows a log that is forged whole.",
        ),
        examples=(
            "esfilerealm audit verify audit.log -c node-a",
            "esfilerealm audit verify sealed.log.1 sealed.log --key-file audit.key",
        ),
        exits=((exits.UNPROVEN, "something is wrong"), _UNREADABLE),
    ),
)
