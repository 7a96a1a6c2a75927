"""What ends a start before security can be configured."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from ...errors import (
    FileAccessError,
    FilePermissionError,
    KeystoreCorruptedError,
    KeystoreVersionError,
)
from ...keystore import load_header
from .result import Hit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...keystore import SealedKeystore
    from ...settings.start import StartFault
    from .first_start import FirstStart

__all__ = ["hits_of_keystore_load", "hits_of_log4j2", "hits_of_settings"]

#: The checks that are about what cannot be read; a start does not come that far.
_CHECKS: Final = {"permission": "AUT-03", "file": "AUT-02"}
_ADVICE: Final = {
    "permission": "let the user of the node read it",
    "file": "put a regular file in its place",
    "encoding": "save the file as UTF-8",
    "syntax": "correct the line",
    "key": "correct the setting, or remove it",
    "placeholder": "set the variable, or give a default as in ${NAME:default}",
    "option": "correct the option -E",
}


def hits_of_settings(start: FirstStart) -> Iterator[Hit]:
    """Yield what stops a start while it reads its settings."""
    for fault in start.settings.faults:
        yield Hit(
            rule=_CHECKS.get(fault.kind, "settings"),
            stage="environment",
            exit="exception",
            shown=True,
            message=_what(fault),
            advice=_ADVICE[fault.kind],
            key=fault.key,
            path=fault.path,
            line=fault.line,
        )


def _what(fault: StartFault) -> str:
    if fault.key is None:
        return fault.message
    what = "option -E of" if fault.kind == "option" else "setting"
    return f"{what} [{fault.key}]: {fault.message}"


def hits_of_log4j2(start: FirstStart) -> Iterator[Hit]:
    """Yield that ``log4j2.properties`` is missing; a link that leads nowhere counts as that."""
    path = start.path("log4j2.properties")
    if not os.path.exists(path):
        yield Hit(
            rule="log4j2",
            stage="log4j2",
            exit="CONFIG",
            shown=True,
            message="the file is missing",
            advice="copy it from the installation of Elasticsearch",
            path=path,
        )


def hits_of_keystore_load(start: FirstStart) -> tuple[SealedKeystore | None, list[Hit]]:
    """Return the keystore, None if there is none or it is unusable, and what is against it."""
    path = start.keystore_file
    if not os.path.exists(path):
        return None, []
    try:
        return load_header(path), []
    except (FilePermissionError, FileAccessError) as error:
        rule, reason = "AUT-04", f"it cannot be read: {error.reason}"
        advice = "let the user of the node read it, as a regular file"
    except KeystoreCorruptedError as error:
        rule, reason, advice = "keystore", error.reason, "restore it, or create a new one"
    except KeystoreVersionError as error:
        rule, reason = "keystore", f"its format [{error.version}] is not one that a node reads"
        advice = "let a release that reads it write it in a newer format"
    hit = Hit(
        rule=rule,
        stage="keystore_load",
        exit="exception",
        shown=True,
        message=reason,
        advice=advice,
        path=path,
    )
    return None, [hit]
