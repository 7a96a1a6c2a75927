"""The commands that work on documents, without a node."""

from __future__ import annotations

from . import exits
from . import shared_options as shared
from .options import Command, Option, OptionGroup

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
    Command(
        "hash-document",
        "Replace the passwords of a document by hashes, and change nothing else in it",
        OptionGroup(
            "Document",
            shared.DOCUMENTS[0],
            Option(
                "all-sources",
                "Also hash the passwords that password_file and password_env name",
            ),
        ),
        OptionGroup("Output", shared.ALGORITHM, *shared.OUTPUT, shared.JOBS),
        shared.general(shared.JSON),
        run="documents:run_hash_document",
        arguments="FILE",
        notes=(
            "So no password travels to a node. Comments and layout stay; - is standard input.",
            "A hash_policy of the document decides before the settings.",
        ),
        examples=(
            "esfilerealm hash-document users.yaml > hashed.yaml",
            "esfilerealm hash-document users.yaml --output users.yaml --algorithm pbkdf2_stretch",
        ),
        exits=(
            (exits.DATA, "an invalid document, or a password that cannot be read"),
            (exits.CONFIGURATION, "no such file, or an invalid setting"),
        ),
    ),
)
