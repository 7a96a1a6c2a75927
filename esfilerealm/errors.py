"""
Every error that this package raises on purpose.

```text
FileRealmError
├── InvalidUsernameError, InvalidRoleNameError, InvalidPasswordError   also ValueError
├── UserNotFoundError                                                  also LookupError
├── UserExistsError
├── ConfigurationFileMissingError                                      also FileNotFoundError
├── FileFormatError                                                    also ValueError
├── InvalidSettingError                                                also ValueError
├── InvalidDistinguishedNameError, InvalidRoleMappingError             also ValueError
├── InvalidCertificateError                                            also ValueError
├── InvalidUsernamePatternError                                        also ValueError
├── InvalidTrustStoreError                                             also ValueError
├── CertificateNotTrustedError
├── InvalidRuleCodeError, InvalidRulesFileError                        also ValueError
├── InvalidUserDataError                                               also ValueError
├── InvalidAttributeError, InvalidExpiryError                          also ValueError
├── InvalidDesiredStateError                                           also ValueError
├── InvalidFingerprintError                                            also ValueError
├── UnsafePlanError
├── PlanOutdatedError
├── InvalidSnapshotValueError                                          also ValueError
├── SnapshotNotCompatibleError
├── ClusterError
├── RescueRefusedError
├── InvalidAuthorizationHeaderError, InvalidProxyHeaderError           also ValueError
├── ChallengeError
├── UnknownHashAlgorithmError, InvalidHashError                        also ValueError
├── KeystorePasswordError
├── KeystoreCorruptedError, KeystoreVersionError                       also ValueError
├── InvalidSecureSettingError                                          also ValueError
├── SecureSettingNotFoundError                                         also LookupError
├── SecureSettingExistsError
├── KeystoreExistsError                                                also FileExistsError
├── BackupError
│   ├── BackupFormatError, BackupKeyError                              also ValueError
│   ├── BackupLimitError
│   ├── BackupVersionError
│   ├── BackupDecryptionError
│   ├── BackupSignatureError
│   ├── BackupContentError
│   ├── BackupOutdatedError
│   └── ConfidentialBackupError
├── MissingExtraError                                                  also ImportError
├── RealmClosedError                                                   also RuntimeError
├── LockTimeoutError                                                   also TimeoutError
├── JournalVersionError
├── NoEarlierVersionError, NoKeptHashError                             also LookupError
├── FilePermissionError                                                also PermissionError
├── AuditLogError                                                      also OSError
└── FileAccessError                                                    also OSError
    └── FileChangedError
```

All of them can be pickled and carry their facts as attributes. None contains a password or a hash.
A message says what is wrong, where, and what to do, in this order.
"""

from __future__ import annotations

import errno

from ._ground.showing import in_one_line, printable, printable_lines, shown

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from typing import Literal

    TrustStoreProblemKind = Literal["damaged", "password", "unsupported", "empty"]
    HashProblemKind = Literal["malformed", "unsupported", "clear-text"]

__all__ = [
    "AuditLogError",
    "BackupContentError",
    "BackupDecryptionError",
    "BackupError",
    "BackupFormatError",
    "BackupKeyError",
    "BackupLimitError",
    "BackupOutdatedError",
    "BackupSignatureError",
    "BackupVersionError",
    "CertificateNotTrustedError",
    "ChallengeError",
    "ClusterError",
    "ConfidentialBackupError",
    "ConfigurationFileMissingError",
    "FileAccessError",
    "FileChangedError",
    "FileFormatError",
    "FilePermissionError",
    "FileRealmError",
    "InvalidAttributeError",
    "InvalidAuthorizationHeaderError",
    "InvalidCertificateError",
    "InvalidDesiredStateError",
    "InvalidDistinguishedNameError",
    "InvalidExpiryError",
    "InvalidFingerprintError",
    "InvalidHashError",
    "InvalidPasswordError",
    "InvalidProxyHeaderError",
    "InvalidRoleMappingError",
    "InvalidRoleNameError",
    "InvalidRuleCodeError",
    "InvalidRulesFileError",
    "InvalidSecureSettingError",
    "InvalidSettingError",
    "InvalidSnapshotValueError",
    "InvalidTrustStoreError",
    "InvalidUserDataError",
    "InvalidUsernameError",
    "InvalidUsernamePatternError",
    "JournalVersionError",
    "KeystoreCorruptedError",
    "KeystoreExistsError",
    "KeystorePasswordError",
    "KeystoreVersionError",
    "LockTimeoutError",
    "MissingExtraError",
    "NoEarlierVersionError",
    "NoKeptHashError",
    "PasswordTruncatedWarning",
    "PlanOutdatedError",
    "RealmClosedError",
    "RescueRefusedError",
    "SecureSettingExistsError",
    "SecureSettingNotFoundError",
    "SnapshotNotCompatibleError",
    "UnknownHashAlgorithmError",
    "UnknownRoleWarning",
    "UnsafePlanError",
    "UserExistsError",
    "UserNotFoundError",
]

_LONGEST_HOLDER = 200
_LONGEST_PATH = 4096
_LONGEST_MEMBER = 200


class FileRealmError(Exception):
    """The root of every error that this package raises on purpose."""

    def __init__(self, *arguments: object) -> None:
        # Kept for pickling: OSError rewrites `args`.
        super().__init__(*arguments)
        self._arguments = arguments

    def __reduce__(self) -> tuple[type[FileRealmError], tuple[object, ...]]:
        return type(self), self._arguments

    def __str__(self) -> str:
        # Here and in no other class, so that no message shows what it must not.
        return printable(self._message())

    def _message(self) -> str:
        """Return the message; its values need not be printable."""
        return super().__str__()


class _InvalidNameError(FileRealmError, ValueError):
    """A name that breaks a rule."""

    _what: str

    def __init__(self, name: object, rule: str) -> None:
        super().__init__(name, rule)
        self.name = name
        self.rule = rule

    def _message(self) -> str:
        return f"invalid {self._what} [{shown(self.name)}]: {self.rule}"


class InvalidUsernameError(_InvalidNameError):
    """A username that a node would not accept, or would not read as it was written."""

    _what = "username"


class InvalidRoleNameError(_InvalidNameError):
    """A role name that a node would not accept, or would not read as it was written."""

    _what = "role name"


class InvalidPasswordError(FileRealmError, ValueError):
    """A password that must not be set. The error does not contain it."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule

    def _message(self) -> str:
        return f"invalid password: {self.rule}"


class InvalidCertificateError(FileRealmError, ValueError):
    """
    Bytes that are not a certificate, or not the part of one that they should be.

    Attributes:
        rule: What is wrong.
    """

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule

    def _message(self) -> str:
        return f"invalid certificate: {self.rule}"


class InvalidTrustStoreError(FileRealmError, ValueError):
    """
    A file that cannot serve as a trust store.

    Attributes:
        reason: Why not.
        kind: ``damaged``, ``password`` if that may be wrong, ``unsupported``, or ``empty`` if it
            holds nothing that Java trusts.
        path: The file, if it is known.
    """

    def __init__(
        self, reason: str, kind: TrustStoreProblemKind = "damaged", path: str = ""
    ) -> None:
        super().__init__(reason, kind, path)
        self.reason = reason
        self.kind: TrustStoreProblemKind = kind
        self.path = path

    def _message(self) -> str:
        return f"invalid trust store [{shown(self.path)}]: {self.reason}"


class CertificateNotTrustedError(FileRealmError):
    """
    A chain of certificates that a node does not trust.

    Attributes:
        reason: Why not.
        subject: The subject of the first certificate.
    """

    def __init__(self, subject: str, reason: str) -> None:
        super().__init__(subject, reason)
        self.subject = subject
        self.reason = reason

    def _message(self) -> str:
        return f"the certificate [{shown(self.subject)}] is not trusted: {self.reason}"


class InvalidUsernamePatternError(FileRealmError, ValueError):
    """
    A pattern for usernames that a PKI realm cannot use.

    Attributes:
        pattern: The pattern.
        rule: What is wrong with it.
    """

    def __init__(self, pattern: str, rule: str) -> None:
        super().__init__(pattern, rule)
        self.pattern = pattern
        self.rule = rule

    def _message(self) -> str:
        return f"invalid username pattern [{shown(self.pattern)}]: {self.rule}"


class InvalidDistinguishedNameError(FileRealmError, ValueError):
    """
    A text that is not a distinguished name.

    Attributes:
        text: The text.
        rule: What is wrong with it.
    """

    def __init__(self, text: str, rule: str) -> None:
        super().__init__(text, rule)
        self.text = text
        self.rule = rule

    def _message(self) -> str:
        return f"invalid distinguished name [{shown(self.text)}]: {self.rule}"


class InvalidRoleMappingError(FileRealmError, ValueError):
    """
    A rule, pattern or template of a role mapping that a node would not take.

    Attributes:
        where: The place within the document, such as ``rules.all[0].field``; may be empty.
        rule: What is wrong there.
    """

    def __init__(self, where: str, rule: str) -> None:
        super().__init__(where, rule)
        self.where = where
        self.rule = rule

    def _message(self) -> str:
        return (
            f"invalid role mapping: {self.where}: {self.rule}"
            if self.where
            else f"invalid role mapping: {self.rule}"
        )


class InvalidUserDataError(FileRealmError, ValueError):
    """
    Metadata of a user that rules of role mappings cannot be held against.

    Attributes:
        key: The key of the metadata.
    """

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key

    def _message(self) -> str:
        return (
            f"the metadata [{shown(self.key)}] must be a string, a boolean, a number of 64 bits, "
            "null or a list of these"
        )


class UserNotFoundError(FileRealmError, LookupError):
    """A user that is not in the ``users`` file; scripts match the words of the message."""

    def __init__(self, username: str, path: str) -> None:
        super().__init__(username, path)
        self.username = username
        self.path = path

    def _message(self) -> str:
        return f"user [{shown(self.username)}] doesn't exist in the users file [{self.path}]"


class UserExistsError(FileRealmError):
    """A user that is already in the ``users`` file; scripts match the words of the message."""

    def __init__(self, username: str, path: str) -> None:
        super().__init__(username, path)
        self.username = username
        self.path = path

    def _message(self) -> str:
        return f"user [{shown(self.username)}] already exists in the users file [{self.path}]"


class ConfigurationFileMissingError(FileRealmError, FileNotFoundError):
    """A file or directory without which there is no realm."""

    def __init__(self, path: str, advice: str) -> None:
        super().__init__(path, advice)
        self.errno = errno.ENOENT
        self.filename = path
        self.path = path
        self.advice = advice

    def _message(self) -> str:
        return f"[{self.path}] does not exist: {self.advice}"


class FileFormatError(FileRealmError, ValueError):
    """
    A file that cannot be used as a whole. A single invalid line is a ``LineIssue`` instead.

    Attributes:
        path: The file, as the caller named it.
        line_number: Counted from 1.
        reason: The rule that is broken.
        offset: The position in the file, in bytes from 0, or None.
    """

    def __init__(self, path: str, line_number: int, reason: str, offset: int | None = None) -> None:
        super().__init__(path, line_number, reason, offset)
        self.path = path
        self.line_number = line_number
        self.reason = reason
        self.offset = offset

    def _message(self) -> str:
        where = "" if self.offset is None else f", byte [{self.offset}]"
        return f"file [{self.path}], line [{self.line_number}]{where}: {self.reason}"


class InvalidSettingError(FileRealmError, ValueError):
    """
    A setting whose value breaks a rule, or a settings file that cannot be read as settings.

    Attributes:
        key: The setting, or None if it is about the file.
        value: Its value, or None if it is not shown, since other settings may be secrets.
        rule: The rule that is broken.
        where: The file with its line, or another source of the value.
    """

    def __init__(self, key: str | None, value: object, rule: str, where: str) -> None:
        super().__init__(key, value, rule, where)
        self.key = key
        self.value = value
        self.rule = rule
        self.where = where

    def _message(self) -> str:
        if self.key is None:
            return f"settings in {self.where}: {self.rule}"
        value = "" if self.value is None else f" is [{shown(self.value)}]"
        return f"setting [{self.key}]{value} in {self.where}: {self.rule}"


class InvalidAttributeError(FileRealmError, ValueError):
    """An owner, group or mode that was requested and does not exist."""

    def __init__(self, attribute: str, value: object, rule: str) -> None:
        super().__init__(attribute, value, rule)
        self.attribute = attribute
        self.value = value
        self.rule = rule

    def _message(self) -> str:
        return f"invalid {self.attribute} [{shown(self.value)}]: {self.rule}"


class InvalidExpiryError(FileRealmError, ValueError):
    """A time at which a user is to end, and that is no time or not in the future."""

    def __init__(self, value: str, rule: str) -> None:
        value = shown(value)  # which may be anything
        super().__init__(value, rule)
        self.value = value
        self.rule = rule

    def _message(self) -> str:
        return f"invalid time [{self.value}]: {self.rule}"


class InvalidDesiredStateError(FileRealmError, ValueError):
    """
    A description of users that breaks rules. Nothing was changed.

    Attributes:
        issues: One line for each problem, with its place in the document.
    """

    def __init__(self, issues: tuple[str, ...]) -> None:
        super().__init__(issues)
        self.issues = tuple(map(printable, issues))

    def __str__(self) -> str:
        return printable_lines(self._message())

    def _message(self) -> str:
        if len(self.issues) == 1:
            return f"invalid desired state: {self.issues[0]}"
        lines = "\n".join(f"  {issue}" for issue in self.issues)
        return f"invalid desired state, {len(self.issues)} issues:\n{lines}"


class InvalidFingerprintError(FileRealmError, ValueError):
    """
    A fingerprint that cannot be read or made, or cannot be compared with others.

    Attributes:
        source: The file or node that it is of, or nothing.
        rule: The rule that is broken.
    """

    def __init__(self, source: str, rule: str) -> None:
        super().__init__(source, rule)
        self.source = source
        self.rule = rule

    def _message(self) -> str:
        source = f" [{self.source}]" if self.source else ""
        return f"fingerprint{source} {self.rule}"


class InvalidRulesFileError(FileRealmError, ValueError):
    """
    A file for ``esfilerealm check``, of rules or of a baseline, that breaks rules itself.

    Attributes:
        issues: One line for each problem, with its place in the file.
    """

    def __init__(self, issues: tuple[str, ...]) -> None:
        super().__init__(issues)
        self.issues = tuple(map(printable, issues))

    def _message(self) -> str:
        return f"cannot be used: {'; '.join(self.issues)}"


class UnsafePlanError(FileRealmError):
    """A plan that was not applied: it is probably a mistake, and *reason* says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def _message(self) -> str:
        return f"refused: {self.reason}"


class PlanOutdatedError(FileRealmError):
    """A file that has changed since a plan was made; the plan was not applied."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path

    def _message(self) -> str:
        return f"[{self.path}] has changed since the plan was made; make a new plan"


class InvalidSnapshotValueError(FileRealmError, ValueError):
    """
    A name, release or address that a snapshot cannot be made or restored with.

    Attributes:
        what: What it is to be, such as ``repository``.
        value: The value; None if it is not shown, since it may hold a secret.
        rule: What is wrong with it.
    """

    def __init__(self, what: str, value: str | None, rule: str) -> None:
        super().__init__(what, value, rule)
        self.what = what
        self.value = value
        self.rule = rule

    def _message(self) -> str:
        value = "" if self.value is None else f" [{shown(self.value)}]"
        return f"invalid {self.what}{value}: {self.rule}"


class SnapshotNotCompatibleError(FileRealmError):
    """
    A snapshot that a release of Elasticsearch cannot restore. Nothing was changed.

    Attributes:
        source: The release that made it.
        target: The release that was to restore it.
        reasons: Why it cannot.
    """

    def __init__(self, source: str, target: str, reasons: tuple[str, ...]) -> None:
        super().__init__(source, target, reasons)
        self.source = source
        self.target = target
        self.reasons = reasons

    def _message(self) -> str:
        verdict = f"[{self.target}] cannot restore security data of [{self.source}]"
        return f"{verdict}: {'; '.join(self.reasons)}"


class ClusterError(FileRealmError):
    """
    A cluster that cannot be reached, or refuses a request, or gives another answer than it should.

    Attributes:
        doing: What was asked for, such as ``PUT /_snapshot/backup/first``.
        reason: What went wrong, and what to do.
        status: The status of the answer, or None if there was none.
    """

    def __init__(self, doing: str, reason: str, status: int | None = None) -> None:
        super().__init__(doing, reason, status)
        self.doing = doing
        self.reason = reason
        self.status = status

    def _message(self) -> str:
        status = "" if self.status is None else f" answered with {self.status}"
        return f"[{self.doing}]{status}: {self.reason}"


class RescueRefusedError(FileRealmError):
    """
    No user for an emergency was made, since this node would not let it in, or not out again.

    Attributes:
        obstacles: Why not: one line for each reason, with its place and the way out.
    """

    def __init__(self, obstacles: tuple[str, ...]) -> None:
        super().__init__(obstacles)
        self.obstacles = tuple(map(printable, obstacles))

    def _message(self) -> str:
        return (
            f"no user was made, since it would be of no use on this node: "
            f"{'; '.join(self.obstacles)}; with --force (check=False) one is made nevertheless"
        )


class InvalidAuthorizationHeaderError(FileRealmError, ValueError):
    """
    An ``Authorization`` header without a readable name and password. The error does not contain it.

    Attributes:
        rule: The rule that is broken.
        status: The HTTP status of the answer, 401 or 400.
        challenge: The ``WWW-Authenticate`` header of an answer with status 401.

    Source:
        ``UsernamePasswordToken``, ``DefaultAuthenticationFailureHandler``.
    """

    challenge = 'Basic realm="security", charset="UTF-8"'

    def __init__(self, rule: str, status: Literal[400, 401] = 401) -> None:
        super().__init__(rule, status)
        self.rule = rule
        self.status: Literal[400, 401] = status

    def _message(self) -> str:
        return f"invalid [Authorization] header: {self.rule}"


class ChallengeError(FileRealmError):
    """
    What a realm that refuses a login for good has to say to the client.

    Attributes:
        text: The message for the client.
        challenges: The ``WWW-Authenticate`` headers of the answer; with none, that of HTTP Basic.

    Source:
        ``ElasticsearchSecurityException``, as the cause of ``AuthenticationResult.terminate``.
    """

    def __init__(self, text: str, challenges: tuple[str, ...] = ()) -> None:
        super().__init__(text, challenges)
        self.text = text
        self.challenges = challenges

    def _message(self) -> str:
        return self.text


class InvalidProxyHeaderError(FileRealmError, ValueError):
    """
    A header of a trusted proxy that does not say which certificates its client has.

    Attributes:
        header: The name of the header.
        rule: The rule that is broken.
        status: The HTTP status of the answer, 400.
    """

    status: Literal[400] = 400

    def __init__(self, header: str, rule: str) -> None:
        super().__init__(header, rule)
        self.header = header
        self.rule = rule

    def _message(self) -> str:
        return f"invalid header [{shown(self.header)}] of a trusted proxy: {self.rule}"


class UnknownHashAlgorithmError(FileRealmError, ValueError):
    """A name that is not a hash algorithm, or not one for this purpose."""

    def __init__(self, name: str, advice: str) -> None:
        super().__init__(name, advice)
        self.name = name
        self.advice = advice

    def _message(self) -> str:
        return f"unknown hash function [{shown(self.name)}]: {self.advice}"


class InvalidHashError(FileRealmError, ValueError):
    """
    A text that is not a usable hash. The error does not contain it.

    Attributes:
        reason: The rule that is broken.
        kind: ``malformed``; ``unsupported`` for a hash of an algorithm or cost that a node does not
            know; ``clear-text`` for a text that looks like no hash at all.
    """

    def __init__(self, reason: str, kind: HashProblemKind = "malformed") -> None:
        super().__init__(reason, kind)
        self.reason = reason
        self.kind: HashProblemKind = kind

    def _message(self) -> str:
        return f"invalid password hash: {self.reason}"


class KeystorePasswordError(FileRealmError):
    """
    A keystore that the password does not open. The error does not contain the password.

    A keystore whose encrypted content was altered, and whose checksum was repaired, looks the same.

    Attributes:
        source: The file, as the caller named it.
        has_password: Whether the file says that it is protected by a password.
    """

    def __init__(self, source: str, has_password: bool) -> None:  # noqa: FBT001 - for pickling
        super().__init__(source, has_password)
        self.source = source
        self.has_password = has_password

    def _message(self) -> str:
        advice = (
            "give the password with which it was saved"
            if self.has_password
            else "it says that it has none, so try without a password first"
        )
        return (
            f"the password of keystore [{shown(self.source, _LONGEST_PATH)}] is wrong: {advice}. "
            "If the password is right, the encrypted content was altered: restore the file from a "
            "backup"
        )


class KeystoreCorruptedError(FileRealmError, ValueError):
    """
    A file that is not a keystore of Elasticsearch, or that is damaged.

    Attributes:
        source: The file, as the caller named it.
        kind: The check that failed, such as ``truncated`` or ``checksum_mismatch``.
        offset: The position in the file, in bytes from 0; None if the decrypted content is
            damaged.
        reason: What is wrong, and what to do.
    """

    def __init__(self, source: str, kind: str, offset: int | None, reason: str) -> None:
        super().__init__(source, kind, offset, reason)
        self.source = source
        self.kind = kind
        self.offset = offset
        self.reason = reason

    def _message(self) -> str:
        where = "decrypted content" if self.offset is None else f"byte [{self.offset}]"
        source = shown(self.source, _LONGEST_PATH)
        return f"keystore [{source}] is unusable [{self.kind}], {where}: {self.reason}"


class KeystoreVersionError(FileRealmError, ValueError):
    """
    A keystore in a format that this package does not read.

    Attributes:
        source: The file, as the caller named it.
        version: The version of its format.
        known_versions: The oldest and the newest version that this package reads.
        kind: ``too_old`` or ``too_new``.
    """

    def __init__(self, source: str, version: int, known_versions: tuple[int, int]) -> None:
        super().__init__(source, version, known_versions)
        self.source = source
        self.version = version
        self.known_versions = known_versions
        self.kind: Literal["too_old", "too_new"] = (
            "too_old" if version < known_versions[0] else "too_new"
        )

    def _message(self) -> str:
        oldest, newest = self.known_versions
        if self.kind == "too_old":
            advice = (
                "the format is too old, and Elasticsearch 8.4 and later refuse it too. Let a node "
                "of Elasticsearch 6.8 or 7.17 start with it once, which writes it in a newer format"
            )
        else:
            advice = (
                "the format is too new. Use a later esfilerealm, or restore the file from a backup "
                "if no later Elasticsearch has written it"
            )
        return (
            f"keystore [{shown(self.source, _LONGEST_PATH)}] has format [{self.version}], and this "
            f"esfilerealm reads [{oldest}] to [{newest}]: {advice}"
        )


class InvalidSecureSettingError(_InvalidNameError):
    """A setting that cannot be put into a keystore. The error does not contain its value."""

    _what = "secure setting"


class InvalidRuleCodeError(FileRealmError, ValueError):
    """
    A code, or the beginning of one, that no rule of ``esfilerealm.checks`` has.

    Attributes:
        code: What was given.
        hint: What was probably meant, as a question; may be empty.
    """

    def __init__(self, code: str, hint: str = "") -> None:
        super().__init__(code, hint)
        self.code = code
        self.hint = hint

    def _message(self) -> str:
        advice = self.hint or "`esfilerealm check --list-rules` lists all codes"
        return f"no rule has the code [{shown(self.code)}], or a code that begins with it: {advice}"


class SecureSettingNotFoundError(FileRealmError, LookupError):
    """A setting that is not in the keystore; scripts match the words of the message."""

    def __init__(self, name: str, source: str) -> None:
        super().__init__(name, source)
        self.name = name
        self.source = source

    def _message(self) -> str:
        return (
            f"Setting [{shown(self.name)}] does not exist in the keystore. "
            f"The keystore is [{shown(self.source, _LONGEST_PATH)}]"
        )


class SecureSettingExistsError(FileRealmError):
    """A setting that is in the keystore already and would be overwritten."""

    def __init__(self, name: str, source: str) -> None:
        super().__init__(name, source)
        self.name = name
        self.source = source

    def _message(self) -> str:
        return (
            f"setting [{shown(self.name)}] already exists in the keystore "
            f"[{shown(self.source, _LONGEST_PATH)}]: remove it first"
        )


class KeystoreExistsError(FileRealmError, FileExistsError):
    """A file that would be overwritten by another keystore; nothing was changed."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.errno = errno.EEXIST
        self.filename = path
        self.path = path

    def _message(self) -> str:
        return (
            f"[{self.path}] already exists, and another keystore would replace it: read it and "
            "change it, or pass overwrite=True"
        )


class BackupError(FileRealmError):
    """
    A backup that cannot be made, read or trusted. Nothing was written.

    Attributes:
        source: The backup, normally its path.
        reason: What is wrong, and what to do.
        member: The file in the backup that it is about, or None.
    """

    def __init__(self, source: str, reason: str, member: str | None = None) -> None:
        super().__init__(source, reason, member)
        self.source = source
        self.reason = reason
        self.member = member

    def _message(self) -> str:
        member = "" if self.member is None else f", member [{shown(self.member, _LONGEST_MEMBER)}]"
        return f"backup [{self.source}]{member}: {self.reason}"


class BackupFormatError(BackupError, ValueError):
    """An archive, or a document in it, that no backup looks like: damaged, or made to do harm."""


class BackupLimitError(BackupError):
    """A backup that is larger, or has more files or longer names, than ``Limits`` allow."""


class BackupVersionError(BackupError):
    """A backup in a form that this version of the package does not know."""


class BackupKeyError(BackupError, ValueError):
    """
    A key that cannot be used: to sign, to encrypt or to decrypt, or in ``allowed_signers``.

    Attributes:
        source: The file of the key, not a backup.
    """

    def _message(self) -> str:
        return f"key [{self.source}]: {self.reason}"


class BackupDecryptionError(BackupError):
    """A backup that none of the given keys opens, or whose encrypted content was changed."""


class BackupSignatureError(BackupError):
    """A backup without a signature, or with one that is not by a trusted key."""


class BackupContentError(BackupError):
    """A backup whose files are not those that its manifest names: missing, added or changed."""


class BackupOutdatedError(BackupError):
    """A genuine backup in the wrong place: older than one seen before, or of another node."""


class ConfidentialBackupError(BackupError):
    """A backup of confidential files that would be written without encryption."""


class MissingExtraError(FileRealmError, ImportError):
    """
    A package that is not installed, and that an optional part of this one needs.

    Attributes:
        extra: The extra of ``esfilerealm`` that installs it.
        purpose: What needs it.
    """

    def __init__(self, extra: str, purpose: str) -> None:
        super().__init__(extra, purpose)
        self.extra = extra
        self.purpose = purpose

    def _message(self) -> str:
        return (
            f"{self.purpose} needs the extra [{self.extra}]: "
            f"run `pip install 'esfilerealm[{self.extra}]'`"
        )


class RealmClosedError(FileRealmError, RuntimeError):
    """A realm that was closed and can no longer be used."""

    def __init__(self, config_dir: str) -> None:
        super().__init__(config_dir)
        self.config_dir = config_dir

    def _message(self) -> str:
        return f"the realm of [{self.config_dir}] is closed; create a new one"


class LockTimeoutError(FileRealmError, TimeoutError):
    """
    The write lock was not released in time.

    Attributes:
        lock_path: The lock file.
        timeout: In seconds.
        holder: Program, process, host and start of the lock holder; None if unknown.
    """

    def __init__(self, lock_path: str, timeout: float, holder: str | None = None) -> None:
        super().__init__(lock_path, timeout, holder)
        self.lock_path = lock_path
        self.timeout = timeout
        self.holder = holder

    def _message(self) -> str:
        holder = "another writer" if self.holder is None else shown(self.holder, _LONGEST_HOLDER)
        return (
            f"write lock [{self.lock_path}] was not released within {self.timeout:g} s: "
            f"held by {holder}; try again"
        )


class JournalVersionError(FileRealmError):
    """
    A journal of an interrupted write by a later version of this package; nothing was changed.

    Attributes:
        path: The journal.
        version: The version of its format.
        known_version: The latest version that this version of the package supports.
    """

    def __init__(self, path: str, version: int, known_version: int) -> None:
        super().__init__(path, version, known_version)
        self.path = path
        self.version = version
        self.known_version = known_version

    def _message(self) -> str:
        return (
            f"journal [{self.path}] of an interrupted write has version [{self.version}], and this "
            f"esfilerealm supports up to [{self.known_version}]; use a later esfilerealm"
        )


class NoEarlierVersionError(FileRealmError, LookupError):
    """No earlier version was kept to go back to; *path* is where it would be."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path

    def _message(self) -> str:
        return (
            f"nothing to undo: [{self.path}] does not exist. The command that changed the files "
            "would have kept the version before it with --keep 1 (in Python keep=1)"
        )


class NoKeptHashError(FileRealmError, LookupError):
    """A locked user whose own hash was kept nowhere; *path* is the record that would have it."""

    def __init__(self, username: str, path: str) -> None:
        super().__init__(username, path)
        self.username = username
        self.path = path

    def _message(self) -> str:
        return (
            f"user [{shown(self.username)}] cannot be unlocked: [{self.path}] does not have its "
            "password hash: set a password (passwd) first, and then unlock"
        )


class FilePermissionError(FileRealmError, PermissionError):
    """
    An operation that the operating system does not permit; nothing was changed.

    ``errno`` is ``EACCES``, ``EPERM`` or ``EROFS``.
    """

    def __init__(self, path: str, reason: str, number: int = errno.EPERM) -> None:
        super().__init__(path, reason, number)
        self.errno = number
        self.filename = path
        self.path = path
        self.reason = reason

    def _message(self) -> str:
        return f"permission denied for [{self.path}]: {self.reason}"


class FileAccessError(FileRealmError, OSError):
    """
    Any other error of the operating system while reading or writing.

    Nothing was changed, or the message says what is left to do.
    """

    def __init__(self, path: str, number: int, reason: str) -> None:
        super().__init__(path, number, reason)
        self.errno = number
        self.filename = path
        self.path = path
        self.reason = reason

    def _message(self) -> str:
        return f"cannot use [{self.path}]: {self.reason}"


class FileChangedError(FileAccessError):
    """A file that another program has just written without the lock; nothing was changed."""

    def __init__(self, path: str) -> None:
        super().__init__(path, errno.EAGAIN, "another program has just written it; try again")
        self._arguments = (path,)


class AuditLogError(FileRealmError, OSError):
    """
    A line of an audit log cannot be written, so the change was not made; or a log cannot be read.

    Attributes:
        path: The log, or the file with its key.
        reason: Why, and what to do.
    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason

    def _message(self) -> str:
        return f"audit log [{self.path}] cannot be used: {self.reason}"


class PasswordTruncatedWarning(UserWarning):
    """A password of more than 72 bytes was hashed by bcrypt, which reads only the first 72."""


class UnknownRoleWarning(UserWarning):
    """
    Roles were given to a user that no file defines; they may be misspelled, or of the role API.

    Attributes:
        roles: Their names.
    """

    def __init__(self, message: str, roles: tuple[str, ...] = ()) -> None:
        super().__init__(message, roles)
        self.roles = roles

    @in_one_line
    def __str__(self) -> str:
        return str(self.args[0])
