"""Exit codes, those of ``sysexits.h``, and the table from errors to them."""

from __future__ import annotations

from .. import errors
from .._ground.showing import printable

__all__ = [
    "CHANGED",
    "CONFIGURATION",
    "DATA",
    "DIFFERENT",
    "INCOMPLETE",
    "INTERNAL",
    "INTERRUPTED",
    "IO",
    "NOT_CONFIGURED",
    "NOT_RESTORABLE",
    "NOT_TRUSTED",
    "OK",
    "UNPROVEN",
    "USAGE",
    "WRONG_PASSWORD",
    "CommandError",
    "UsageError",
    "describe_error",
    "exit_code_of",
]

OK = 0
WRONG_PASSWORD = 1
NOT_CONFIGURED = 1
DIFFERENT = 1
INCOMPLETE = 1
NOT_TRUSTED = 1
NOT_RESTORABLE = 1
UNPROVEN = 1
CHANGED = 2
USAGE = 64
DATA = 65
NO_INPUT = 66
NO_USER = 67
INTERNAL = 70
IO = 74
LOCKED = 75
NO_PERMISSION = 77
CONFIGURATION = 78
INTERRUPTED = 130

#: The first match decides. A file that is not UTF-8 and a user
#: that exists share a code with internal faults because they do in ``elasticsearch-users``.
_CODES = (
    (errors.InvalidUsernameError, DATA),
    (errors.InvalidRoleNameError, DATA),
    (errors.InvalidPasswordError, DATA),
    (errors.InvalidHashError, DATA),
    (errors.InvalidAttributeError, DATA),
    (errors.InvalidExpiryError, DATA),
    (errors.InvalidDesiredStateError, DATA),
    (errors.InvalidFingerprintError, DATA),
    (errors.KeystorePasswordError, DATA),
    (errors.InvalidSecureSettingError, DATA),
    (errors.UnsafePlanError, DATA),
    (errors.InvalidDistinguishedNameError, DATA),
    (errors.InvalidCertificateError, DATA),
    (errors.InvalidTrustStoreError, DATA),
    (errors.InvalidUsernamePatternError, DATA),
    (errors.InvalidRoleMappingError, DATA),
    (errors.InvalidUserDataError, DATA),
    (errors.BackupError, DATA),
    (errors.InvalidRuleCodeError, USAGE),
    (errors.InvalidRulesFileError, CONFIGURATION),
    (errors.UserNotFoundError, NO_USER),
    (errors.UserExistsError, INTERNAL),
    (errors.FileFormatError, INTERNAL),
    (errors.KeystoreVersionError, INTERNAL),
    (errors.NoEarlierVersionError, NO_INPUT),
    (errors.NoKeptHashError, NO_INPUT),
    (errors.LockTimeoutError, LOCKED),
    (errors.PlanOutdatedError, LOCKED),
    (errors.FilePermissionError, NO_PERMISSION),
    (errors.ConfigurationFileMissingError, CONFIGURATION),
    (errors.SecureSettingNotFoundError, CONFIGURATION),
    (errors.MissingExtraError, CONFIGURATION),
    (errors.JournalVersionError, CONFIGURATION),
    (errors.InvalidSettingError, CONFIGURATION),
    (errors.RescueRefusedError, CONFIGURATION),
    (errors.UnknownHashAlgorithmError, CONFIGURATION),
    (errors.FileChangedError, LOCKED),
    (errors.InvalidSnapshotValueError, DATA),
    (errors.SnapshotNotCompatibleError, DATA),
    (errors.ClusterError, IO),
    (errors.KeystoreCorruptedError, IO),
    (errors.FileAccessError, IO),
    (errors.AuditLogError, IO),
)


class CommandError(Exception):
    """
    An error of the command itself.

    Args:
        message: What is wrong.

        exit_code: The exit code.

        more: Further lines.
    """

    def __init__(self, message: str, exit_code: int, *more: str) -> None:
        super().__init__("\n  ".join(map(printable, (message, *more))))
        self.exit_code = exit_code


class UsageError(CommandError):
    """An invalid command line; the message is followed by how to get help."""

    def __init__(self, message: str) -> None:
        super().__init__(message, USAGE)


def describe_error(error: errors.FileRealmError | CommandError) -> dict[str, object]:
    """Return what ``--json`` prints of an error."""
    return {
        "type": type(error).__name__,
        "message": str(error),
        "exit_code": exit_code_of(error),
    }


def exit_code_of(error: errors.FileRealmError | CommandError) -> int:
    """Return the exit code of an error."""
    if isinstance(error, CommandError):
        return error.exit_code
    return next((code for kind, code in _CODES if isinstance(error, kind)), INTERNAL)
