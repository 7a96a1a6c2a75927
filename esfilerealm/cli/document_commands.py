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
        "Replace the passwords of a document by hashes",
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
            "So no password travels to a node. Nothing else changes; - is standard input.",
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
    Command(
        "copy",
        "Give nodes the users of another node, after showing what changes",
        OptionGroup(
            "What may change",
            shared.PROTECT,
            shared.PARTIAL,
            *shared.PLANNING,
        ),
        shared.WRITING,
        shared.for_nodes(Option("yes", "Do not ask"), shared.CHECK, shared.JSON),
        run="copying:run_copy",
        run_all="copying:run_copy_all",
        arguments="SOURCE",
        notes=(
            f"SOURCE is {shared.SOURCES}; - is standard input.",
            "Afterwards the nodes have these users, with their roles and hashes, and no others.",
            "Only users are copied. Comments, settings and attributes of files stay.",
        ),
        examples=(
            "esfilerealm copy node-a -c node-b -c node-c",
            "esfilerealm copy backup.tar --protect 'local-*' --yes",
        ),
        exits=shared.PLAN_EXITS,
    ),
)
