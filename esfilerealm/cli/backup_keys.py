"""What seals and opens backups: keys and passphrases, from options or asked for, and trust."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, TypedDict

from .._ground.faults import FaultsOf
from ..admin.credentials import password_in_file
from ..backup import SigningKey, Trust, read_recipients, verify_backup
from ..errors import FileRealmError
from .exits import DATA, NO_INPUT, CommandError, UsageError

if TYPE_CHECKING:
    from ..backup import VerifiedBackup
    from .arguments import Arguments
    from .terminal import Terminal

    class Encryption(TypedDict):
        """Who can read a backup, as arguments of ``create_backup``."""

        recipients: list[str]
        passphrase: str | None
        plain: bool


__all__ = ["encryption_of", "remember", "require_file", "signing_key_of", "verified"]

_OPTION: Final = "passphrase"
_AGE_KEY: Final = "AGE-SECRET-KEY-"
_WAYS: Final = ("passphrase", "passphrase-file", "plain")
#: How a file begins that age has encrypted by a passphrase.
_BY_PASSPHRASE: Final = b"age-encryption.org/v1\n-> scrypt "


def encryption_of(arguments: Arguments, terminal: Terminal) -> Encryption:
    """
    Return who can read a new backup.

    Raises:
        UsageError: If options contradict each other.
        CommandError: If two typed passphrases differ, or a file does not exist.
        BackupKeyError: If a file of recipients names none.
    """
    recipients = [each.strip() for each in arguments.values("recipient")]
    if not all(recipients):
        raise UsageError("option [recipient] needs a key such as age1…, not an empty string")
    for path in arguments.values("recipients-file"):
        require_file("recipients-file", path)
        recipients += read_recipients(path)
    if sum(map(arguments.has, _WAYS)) + bool(recipients) > 1:
        raise UsageError(
            "only one of [--recipient with --recipients-file, --passphrase, --passphrase-file, "
            "--plain] says who can read the backup"
        )
    return {
        "recipients": recipients,
        "passphrase": _new_passphrase(arguments, terminal),
        "plain": arguments.has("plain"),
    }


def signing_key_of(arguments: Arguments, terminal: Terminal) -> SigningKey | None:
    """Return the key that signs a new backup; its passphrase is asked for if it has one."""
    path = arguments.value("sign")
    if path is None:
        return None
    require_file("sign", path)
    passphrase = _passphrase_in_file(arguments, "sign-passphrase-file")
    if passphrase is None and os.path.isfile(path) and SigningKey.is_protected(path):
        passphrase = terminal.ask_secret(f"Enter passphrase of [{path}]: ")
    return SigningKey.read(path, passphrase)


def verified(arguments: Arguments, terminal: Terminal, *, keep: bool) -> VerifiedBackup:
    """
    Verify the backup of the command line.

    Args:
        arguments: Where it is, whose it has to be, and what opens it.

        terminal: Where to ask for its passphrase.

        keep: Whether its files are needed afterwards.

    Raises:
        UsageError: If options contradict each other.
        BackupError: If it is refused.
    """
    path = arguments.first
    require_file("", path)
    if os.path.isdir(path):
        text = f"[{path}] is a directory: name a backup in it, as `esfilerealm backup list` does"
        raise CommandError(text, DATA)
    trust = _trust_of(arguments)
    identities = arguments.values("age-identity")
    for identity in identities:
        if identity.upper().startswith(_AGE_KEY):
            raise UsageError(
                "option [age-identity] needs a file with the key, and not the key itself, which "
                "other users of this machine can see in the process list"
            )
        require_file("age-identity", identity)
    return verify_backup(
        path,
        trust=trust,
        identities=identities,
        passphrase=_passphrase_of(arguments, terminal, path),
        keep=keep,
        allow_older=arguments.has("allow-older"),
    )


def remember(arguments: Arguments, terminal: Terminal, backup: VerifiedBackup) -> None:
    """Note that a verified backup was seen; if that fails, it is a warning."""
    trust = _trust_of(arguments)
    if trust is None:
        return
    try:
        trust.remember(backup)
    except FileRealmError as error:
        text = f"an older backup in the place of this one would not be found: {error}"
        terminal.warn(f"WARNING: {text}")


def require_file(option: str, path: str) -> None:
    """
    Check that a file is there.

    Raises:
        CommandError: If it is not.
    """
    what = f"option [{option}]: " if option else ""
    if not os.path.lexists(path):
        raise CommandError(f"{what}file [{path}] does not exist", NO_INPUT)


def _passphrase_in_file(arguments: Arguments, option: str) -> str | None:
    """Return the passphrase in the file that an option names; the name may be one by mistake."""
    path = arguments.value(option)
    if path is None:
        return None
    if not os.path.exists(path):
        text = "there is no such file; its name is not shown, since it may be a passphrase"
        raise CommandError(f"option [{option}]: {text}", NO_INPUT)
    return password_in_file(path)


def _new_passphrase(arguments: Arguments, terminal: Terminal) -> str | None:
    if not arguments.has(_OPTION):
        return _passphrase_in_file(arguments, f"{_OPTION}-file")
    passphrase = terminal.ask_secret("Enter passphrase for the backup: ")
    if not passphrase:
        raise CommandError("the passphrase is empty, so nothing was written", DATA)
    if terminal.ask_secret("Retype the passphrase: ") != passphrase:
        raise CommandError("the two passphrases differ, so nothing was written", DATA)
    return passphrase


def _trust_of(arguments: Arguments) -> Trust | None:
    signers, identity = arguments.value("allowed-signers"), arguments.value("identity")
    if signers is None and identity is None:
        for key in ("node", "cluster", "allow-older"):
            if arguments.has(key):
                raise UsageError(f"option [{key}] needs --allowed-signers and --identity")
        return None
    if not signers or not identity:
        missing = "identity" if signers else "allowed-signers"
        raise UsageError(f"option [{missing}] is missing: both say whose signature counts")
    require_file("allowed-signers", signers)
    return Trust(
        allowed_signers=signers,
        identity=identity,
        node=arguments.value("node"),
        cluster=arguments.value("cluster"),
    )


def _passphrase_of(arguments: Arguments, terminal: Terminal, path: str) -> str | None:
    """Return the passphrase of a backup; it is asked for only if the backup has one."""
    passphrase = _passphrase_in_file(arguments, f"{_OPTION}-file")
    if passphrase is not None or arguments.has("age-identity") or not os.path.isfile(path):
        return passphrase
    with FaultsOf(path, "reading"), open(path, "rb") as file:
        is_needed = file.read(len(_BY_PASSPHRASE)) == _BY_PASSPHRASE
    return terminal.ask_secret("Enter passphrase of the backup: ") if is_needed else None
