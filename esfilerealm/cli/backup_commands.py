"""The subcommands of ``backup``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from . import exits
from . import shared_options as shared
from .options import Command, Option, OptionGroup

if TYPE_CHECKING:
    from ..backup.kinds import Scope

__all__ = ["SCOPES", "SUBCOMMANDS"]

SCOPES: Final[tuple[Scope, ...]] = ("all", "realm", "security")
"""What a restore writes; the first is the default."""

_SEALING: Final = OptionGroup(
    "Who made it, and who can read it",
    Option(
        "sign",
        "Sign with this Ed25519 key of OpenSSH; with a public key, ssh-agent signs",
        metavar="KEYFILE",
    ),
    Option(
        "sign-passphrase-file",
        "Read the passphrase of that key from a file; without, it is asked for",
        metavar="FILE",
    ),
    Option(
        "recipient",
        "Encrypt by age for this key (age1…, ssh-ed25519 …, ssh-rsa …); may be repeated",
        metavar="KEY",
        repeatable=True,
    ),
    Option(
        "recipients-file",
        "Encrypt for the keys in this file, one a line; may be repeated",
        metavar="FILE",
        repeatable=True,
    ),
    Option("passphrase", "Encrypt by a passphrase, which is asked for"),
    Option("passphrase-file", "Encrypt by the passphrase in this file", metavar="FILE"),
    Option("plain", "Write keys and hashes without encryption; the file is for its owner only"),
)
_OPENING: Final = (
    Option(
        "age-identity",
        "Decrypt by this file of age keys, or private key of OpenSSH; may be repeated",
        metavar="FILE",
        repeatable=True,
    ),
    Option(
        "passphrase-file",
        "Decrypt by the passphrase in this file; without, it is asked for where it is needed",
        metavar="FILE",
    ),
)
_TRUST: Final = (
    Option(
        "allowed-signers",
        "The file that says whose signatures count, as for ssh-keygen",
        metavar="FILE",
    ),
    Option("identity", "Who has to have signed it, as in that file", metavar="NAME"),
    Option("node", "Refuse a backup of another node", metavar="NAME"),
    Option("cluster", "Refuse a backup of another cluster", metavar="NAME"),
    Option("allow-older", "Accept a backup although a later one of the node was seen"),
)
_OPENING_GROUP: Final = OptionGroup("How it is opened", *_OPENING)
_TRUST_GROUP: Final = OptionGroup("Whose backup it has to be", *_TRUST)

_ONLY: Final = Option(
    "only",
    "all (default), realm (users, roles, mappings and tokens), or security (also settings, "
    "keystore, keys and certificates)",
    metavar="SCOPE",
    choices=SCOPES,
)

_REFUSED: Final = (exits.DATA, "the backup is refused: damaged, changed, or not by whom you trust")
_MISSING: Final = (exits.NO_INPUT, "a file does not exist")
_READ: Final = (
    _MISSING,
    (exits.IO, "a file cannot be read"),
    (exits.NO_PERMISSION, "no permission to read a file"),
)
_EXTRA: Final = (exits.CONFIGURATION, "no configuration directory, or the extra backup is missing")

SUBCOMMANDS: Final = (
    Command(
        "backup create",
        "Back up the configuration directory and what its settings name",
        OptionGroup(
            "Backup",
            Option("node", "Name of the node; default: node.name, or this host", metavar="NAME"),
            Option("cluster", "Name of the cluster; default: cluster.name", metavar="NAME"),
            Option("gzip", "Compress by gzip instead of zstd"),
            Option(
                "keep-last",
                "Afterwards remove the backups of this node in DEST but for the latest N",
                metavar="N",
            ),
        ),
        _SEALING,
        shared.general(shared.JSON),
        run="backup:run_create",
        arguments="DEST",
        notes=(
            "DEST is a directory, where the backup gets a name of its own, or a file.",
            "A backup that is such a file already is replaced.",
            "Do it on every node: each has keys and a keystore of its own.",
            "Keystore, keys and hashes are confidential: encrypt, or say --plain.",
        ),
        examples=(
            "esfilerealm backup create backups --sign sign_key --recipients-file ops_key.pub",
            "esfilerealm backup create backups --passphrase-file secret.txt --keep-last 7",
        ),
        exits=(
            (exits.INCOMPLETE, "written, but files are missing in it that could not be read"),
            (exits.DATA, "confidential files without encryption, or a key that cannot be used"),
            (exits.IO, "a file cannot be read, or the backup cannot be written"),
            (exits.LOCKED, "the realm is locked, or changed again and again; retry"),
            (exits.NO_PERMISSION, "no permission to read the directory, or to write to DEST"),
            _EXTRA,
        ),
    ),
    Command(
        "backup verify",
        "Check that a backup is whole, and by whom it is",
        _TRUST_GROUP,
        _OPENING_GROUP,
        shared.general(shared.JSON),
        run="backup:run_verify",
        arguments="FILE",
        notes=(
            "Nothing is written, but for what was seen last, beside the file of --allowed-signers.",
            "Without --allowed-signers, nobody knows who made the backup.",
        ),
        examples=(
            (
                "esfilerealm backup verify a.tar.zst --allowed-signers allowed_signers "
                "--identity node-a"
            ),
        ),
        exits=(_REFUSED, *_READ, _EXTRA),
    ),
    Command(
        "backup show",
        "Show what a backup holds",
        _OPENING_GROUP,
        shared.general(shared.JSON),
        run="backup:run_show",
        arguments="FILE",
        notes=("The digests are checked, and the signature is not: see backup verify.",),
        examples=("esfilerealm backup show a.tar.zst.age --age-identity ops_key",),
        exits=(_REFUSED, *_READ, _EXTRA),
    ),
    Command(
        "backup diff",
        "Show what has changed in the directory since a backup",
        OptionGroup(
            "What is compared",
            _ONLY,
            Option("lines", "Show the lines that differ in files that are not confidential"),
        ),
        _TRUST_GROUP,
        _OPENING_GROUP,
        shared.general(shared.JSON),
        run="backup_restore:run_diff",
        arguments="FILE",
        notes=(
            "A: added since; D: removed; C: content; M: mode; O: owner; X: attributes; T: type.",
            "?: it cannot be read.",
            "Of users, only names and roles are shown.",
        ),
        examples=("esfilerealm backup diff a.tar.zst --lines",),
        exits=((exits.DIFFERENT, "something differs"), _REFUSED, *_READ, _EXTRA),
    ),
    Command(
        "backup restore",
        "Make the files what they are in a backup, all or none",
        OptionGroup(
            "What is restored",
            _ONLY,
            Option("allow-unsigned", "Restore a backup although nobody's signature was checked"),
            Option("create", "Create the configuration directory if it is missing"),
        ),
        _TRUST_GROUP,
        _OPENING_GROUP,
        OptionGroup(
            "How files are written",
            shared.IF_NOT_KEPT,
            shared.KEEP,
            shared.ALLOW_LOCAL_LOCK,
            shared.AUDIT,
        ),
        shared.general(shared.DRY_RUN, shared.DIFF, shared.JSON),
        run="backup_restore:run_restore",
        arguments="FILE",
        notes=(
            "The backup is verified first, whatever is forced. Stop the node if you can.",
            "Files that are not in the backup stay. Files elsewhere are named, and not written.",
        ),
        examples=(
            (
                "esfilerealm backup restore a.tar.zst.age --age-identity ops_key "
                "--allowed-signers allowed_signers --identity node-a --dry-run"
            ),
            "esfilerealm backup restore a.tar.zst --only realm --allow-unsigned",
        ),
        exits=(
            _REFUSED,
            _MISSING,
            (exits.IO, "a file cannot be read or written; the message says what was written"),
            *shared.LOCK_EXITS,
            _EXTRA,
        ),
    ),
    Command(
        "backup list",
        "List the backups in a directory, the latest first",
        shared.general(shared.JSON),
        run="backup:run_list",
        arguments="DIR",
        notes=("Their names are read, and nothing in them.",),
        examples=("esfilerealm backup list backups",),
        exits=_READ,
    ),
)
