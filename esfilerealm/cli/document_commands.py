"""The commands that work on documents, without a node."""

from __future__ import annotations

from . import exits
from . import shared_options as shared
from .options import Command, OptionGroup

__all__ = ["DOCUMENTS"]

DOCUMENTS = (
    Command(
        "validate",
        "Check documents without a node and without the secrets they name",
        OptionGroup("Documents", *shared.DOCUMENTS),
        shared.general(shared.JSON),
        run="documents:run_validate",
        arguments="FILE...",
        notes=(
            "All problems of all files are reported; - is standard input.",
            "It opens no password file, variable or keystore, and needs no directory.",
            "'esfilerealm plan' also checks what only a node knows, such as its reserved names.",
        ),
        examples=(
            "esfilerealm validate users.yaml --strict",
            "esfilerealm validate users.yaml --json",
        ),
        exits=((exits.DATA, "an invalid document, or a file that cannot be read"),),
    ),
)
