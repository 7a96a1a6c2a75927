"""The subcommands of ``keystore``: those of ``elasticsearch-keystore``, in its order."""

from __future__ import annotations

from typing import Final

from . import exits
from . import shared_options as shared
from .options import Command, Option, OptionGroup

__all__ = ["SUBCOMMANDS"]

_FORCE: Final = Option(
    "f force", "Create a missing keystore and overwrite, without questions", native=True
)

_OPENING: Final = OptionGroup(
    "Password of the keystore (at most one; without, it is asked for)",
    Option("keystore-password-file", "Read one line from a file", metavar="FILE"),
    Option("keystore-password-env", "Read an environment variable", metavar="VARIABLE"),
)
_NEW_PASSWORD: Final = (
    Option("new-password-file", "Read one line from a file", metavar="FILE"),
    Option("new-password-env", "Read an environment variable", metavar="VARIABLE"),
)
_WRITING: Final = OptionGroup(
    "How the file is written", shared.IF_NOT_KEPT, shared.ALLOW_LOCAL_LOCK, shared.AUDIT
)

_MISSING: Final = (exits.DATA, "no keystore, or a wrong password")
_DAMAGED: Final = (
    (exits.INTERNAL, "the input ended, or the format is unknown"),
    (exits.IO, "the keystore is damaged or cannot be read"),
)
_WRITTEN: Final = (
    *_DAMAGED,
    (exits.LOCKED, "locked, or changed by another writer; retry"),
)
_NO_SETTING: Final = (exits.CONFIGURATION, "no such setting, or no permission to write")
_NO_PERMISSION: Final = (exits.CONFIGURATION, "no permission to write")


_READ: Final = shared.general(shared.JSON, version=shared.RELEASE)
_WRITE: Final = shared.general(shared.DRY_RUN, shared.JSON, version=shared.RELEASE)

SUBCOMMANDS: Final = (
    Command(
        "keystore create",
        "Create an empty keystore, or replace an existing one",
        OptionGroup(
            "Password of the new keystore (at most one; by default it has none)",
            Option("p password", "Ask for a password", native=True),
            *_NEW_PASSWORD,
        ),
        _WRITING,
        _WRITE,
        run="keystore:run_create",
        checks_arguments=True,
        examples=(
            "esfilerealm keystore create",
            "esfilerealm keystore create --new-password-file secret.txt --es-version 8",
        ),
        exits=((exits.DATA, "the two passwords differ"), *_WRITTEN, _NO_PERMISSION),
    ),
    Command(
        "keystore list",
        "List the names of the settings in the keystore",
        _OPENING,
        _READ,
        run="keystore:run_list",
        checks_arguments=True,
        examples=(
            "esfilerealm keystore list",
            "esfilerealm keystore list --keystore-password-file secret.txt --json",
        ),
        exits=(_MISSING, *_DAMAGED),
    ),
    Command(
        "keystore show",
        "Print the value of a setting",
        _OPENING,
        shared.general(
            Option("json", "Print one JSON object, with the value"), version=shared.RELEASE
        ),
        run="keystore:run_show",
        arguments="SETTING",
        checks_arguments=True,
        notes=(
            "Off a terminal, the bytes of the value are printed as they are, without a line end.",
        ),
        examples=("esfilerealm keystore show keystore.seed",),
        exits=(_MISSING, *_DAMAGED, (exits.CONFIGURATION, "no such setting")),
    ),
    Command(
        "keystore add",
        "Add settings, or replace their values",
        OptionGroup(
            "Values (by default, they are asked for)",
            Option("x stdin", "Read a line of standard input for each setting", native=True),
            Option(
                "value-file", "Read the value of one setting from a file of text", metavar="FILE"
            ),
            Option(
                "value-env",
                "Read the value of one setting from an environment variable",
                metavar="VARIABLE",
            ),
            _FORCE,
        ),
        _OPENING,
        _WRITING,
        _WRITE,
        run="keystore:run_add",
        arguments="SETTING...",
        checks_arguments=True,
        notes=("Every question and every value takes one line of standard input, in this order.",),
        examples=(
            "esfilerealm keystore add xpack.http.ssl.secure_key_passphrase --value-file secret.txt",
            "echo s3cret | esfilerealm keystore add -f -x bootstrap.password",
        ),
        exits=(
            (exits.DATA, "a wrong password, or an invalid name"),
            *_WRITTEN,
            _NO_PERMISSION,
        ),
    ),
    Command(
        "keystore add-file",
        "Add files as settings, byte for byte, or replace their values",
        OptionGroup("Values", _FORCE),
        _OPENING,
        _WRITING,
        _WRITE,
        run="keystore:run_add_file",
        arguments="SETTING FILE...",
        checks_arguments=True,
        examples=("esfilerealm keystore add-file gcs.client.default.credentials_file key.json",),
        exits=(
            (exits.DATA, "a wrong password"),
            (exits.INTERNAL, "an invalid name, the input ended, or the format is unknown"),
            (exits.IO, "a file cannot be read"),
            *_WRITTEN[2:],
            _NO_PERMISSION,
        ),
    ),
    Command(
        "keystore remove",
        "Remove settings",
        _OPENING,
        _WRITING,
        _WRITE,
        run="keystore:run_remove",
        arguments="SETTING...",
        checks_arguments=True,
        examples=("esfilerealm keystore remove bootstrap.password",),
        exits=(_MISSING, *_WRITTEN, _NO_SETTING),
    ),
    Command(
        "keystore upgrade",
        "Write the keystore in a newer format, and add a seed if it has none",
        _OPENING,
        _WRITING,
        _WRITE,
        run="keystore:run_upgrade",
        checks_arguments=True,
        notes=(
            "Without --es-version, only format 3 is raised. A node does it itself when it starts.",
        ),
        examples=("esfilerealm keystore upgrade --es-version 8.14",),
        exits=(_MISSING, *_WRITTEN, _NO_PERMISSION),
    ),
    Command(
        "keystore passwd",
        "Change the password of the keystore, or remove it",
        _OPENING,
        OptionGroup(
            "New password (at most one; without, it is asked for)",
            *_NEW_PASSWORD,
        ),
        _WRITING,
        _WRITE,
        run="keystore:run_passwd",
        checks_arguments=True,
        notes=("An empty answer removes the password.",),
        examples=("esfilerealm keystore passwd --new-password-file secret.txt",),
        exits=(
            (exits.DATA, "no keystore, a wrong password, or the two new passwords differ"),
            *_WRITTEN,
            _NO_PERMISSION,
        ),
    ),
    Command(
        "keystore has-passwd",
        "Succeed if there is a keystore and it has a password",
        _READ,
        run="keystore:run_has_passwd",
        checks_arguments=True,
        examples=("esfilerealm keystore has-passwd --silent || echo unprotected",),
        exits=(
            (exits.WRONG_PASSWORD, "no keystore, or no password"),
            *_DAMAGED,
        ),
    ),
)
