"""
Every error that is raised on purpose.

```text
FileRealmError
├── InvalidUsernameError, InvalidRoleNameError, InvalidPasswordError   also ValueError
├── UserNotFoundError                                                  also LookupError
├── UserExistsError
├── ConfigurationFileMissingError                                      also FileNotFoundError
├── FileFormatError                                                    also ValueError
├── InvalidSettingError                                                also ValueError
├── InvalidAttributeError                                              also ValueError
├── InvalidDesiredStateError                                           also ValueError
├── UnsafePlanError
├── PlanOutdatedError
├── InvalidAuthorizationHeaderError                                    also ValueError
├── UnknownHashAlgorithmError, InvalidHashError                        also ValueError
├── RealmClosedError                                                   also RuntimeError
├── LockTimeoutError                                                   also TimeoutError
├── JournalVersionError
├── NoEarlierVersionError                                              also LookupError
├── FilePermissionError                                                also PermissionError
└── FileAccessError                                                    also OSError
    └── FileChangedError
```

All of them pickle, carry their facts as attributes, and none ever holds a password or a hash.
"""

from __future__ import annotations

import errno

from ._ground.showing import shown

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from typing import Literal

    HashProblemKind = Literal["malformed", "unsupported", "clear-text"]

__all__ = [
    "ConfigurationFileMissingError",
    "FileAccessError",
    "FileChangedError",
    "FileFormatError",
    "FilePermissionError",
    "FileRealmError",
    "InvalidAttributeError",
    "InvalidAuthorizationHeaderError",
    "InvalidDesiredStateError",
    "InvalidHashError",
    "InvalidPasswordError",
    "InvalidRoleNameError",
    "InvalidSettingError",
    "InvalidUsernameError",
    "JournalVersionError",
    "LockTimeoutError",
    "NoEarlierVersionError",
    "PasswordTruncatedWarning",
    "PlanOutdatedError",
    "RealmClosedError",
    "UnknownHashAlgorithmError",
    "UnsafePlanError",
    "UserExistsError",
    "UserNotFoundError",
]

_LONGEST_HOLDER = 200


class FileRealmError(Exception):
    """The root of every error that this package raises on purpose."""

    def __init__(self, *arguments: object) -> None:
        # Not only for `str`: OSError's own pickling rewrites `args`, so they are kept aside.
        super().__init__(*arguments)
        self._arguments = arguments

    def __reduce__(self) -> tuple[type[FileRealmError], tuple[object, ...]]:
        return type(self), self._arguments


class _InvalidNameError(FileRealmError, ValueError):
    """A name that breaks a rule."""

    _what: str

    def __init__(self, name: object, rule: str) -> None:
        super().__init__(name, rule)
        self.name = name
        self.rule = rule

    def __str__(self) -> str:
        return f"invalid {self._what} [{shown(self.name)}]: {self.rule}"


class InvalidUsernameError(_InvalidNameError):
    """A username that a node would not accept, or that would not read back as written."""

    _what = "username"


class InvalidRoleNameError(_InvalidNameError):
    """A role name that a node would not accept, or that would not read back as written."""

    _what = "role name"


class InvalidPasswordError(FileRealmError, ValueError):
    """A password that may not be set. The password itself is not kept."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule

    def __str__(self) -> str:
        return f"invalid password: {self.rule}"


class UserNotFoundError(FileRealmError, LookupError):
    """A user that the ``users`` file does not hold."""

    def __init__(self, username: str, path: str) -> None:
        super().__init__(username, path)
        self.username = username
        self.path = path

    def __str__(self) -> str:
        return f"no user [{shown(self.username)}] in the users file [{self.path}]"


class UserExistsError(FileRealmError):
    """A user that the ``users`` file holds already."""

    def __init__(self, username: str, path: str) -> None:
        super().__init__(username, path)
        self.username = username
        self.path = path

    def __str__(self) -> str:
        return f"user [{shown(self.username)}] is in the users file [{self.path}] already"


class ConfigurationFileMissingError(FileRealmError, FileNotFoundError):
    """A file or folder without which there is no realm."""

    def __init__(self, path: str, advice: str) -> None:
        super().__init__(path, advice)
        self.errno = errno.ENOENT
        self.filename = path
        self.path = path
        self.advice = advice

    def __str__(self) -> str:
        return f"[{self.path}] does not exist: {self.advice}"


class FileFormatError(FileRealmError, ValueError):
    """
    A file whose content as a whole cannot be used. A bad line alone is a ``LineIssue`` instead.

    Attributes:
        path: The file, as the caller named it.
        line_number: Counted from 1.
        reason: The rule that is broken.
        offset: Where in the file, in bytes from 0, or None.
    """

    def __init__(self, path: str, line_number: int, reason: str, offset: int | None = None) -> None:
        super().__init__(path, line_number, reason, offset)
        self.path = path
        self.line_number = line_number
        self.reason = reason
        self.offset = offset

    def __str__(self) -> str:
        where = "" if self.offset is None else f", byte [{self.offset}]"
        return f"file [{self.path}], line [{self.line_number}]{where}: {self.reason}"


class InvalidSettingError(FileRealmError, ValueError):
    """
    A setting whose value breaks a rule, or a settings file that cannot be read as settings.

    Attributes:
        key: The setting, or None if it is about the file.
        value: Its value, or None if that is nobody's business: other settings may be secrets.
        rule: The rule that is broken.
        where: The file with its line, or what else the value comes from.
    """

    def __init__(self, key: str | None, value: object, rule: str, where: str) -> None:
        super().__init__(key, value, rule, where)
        self.key = key
        self.value = value
        self.rule = rule
        self.where = where

    def __str__(self) -> str:
        if self.key is None:
            return f"settings in {self.where}: {self.rule}"
        value = "" if self.value is None else f" is [{shown(self.value)}]"
        return f"setting [{self.key}]{value} in {self.where}: {self.rule}"


class InvalidAttributeError(FileRealmError, ValueError):
    """An owner, group or mode that was asked for and does not exist."""

    def __init__(self, attribute: str, value: object, rule: str) -> None:
        super().__init__(attribute, value, rule)
        self.attribute = attribute
        self.value = value
        self.rule = rule

    def __str__(self) -> str:
        return f"invalid {self.attribute} [{shown(self.value)}]: {self.rule}"


class InvalidDesiredStateError(FileRealmError, ValueError):
    """
    A description of users that breaks rules. Nothing was changed.

    Attributes:
        issues: Everything that is wrong with it, one line each, with the place in the document.
    """

    def __init__(self, issues: tuple[str, ...]) -> None:
        super().__init__(issues)
        self.issues = issues

    def __str__(self) -> str:
        if len(self.issues) == 1:
            return f"invalid desired state: {self.issues[0]}"
        lines = "\n".join(f"  {issue}" for issue in self.issues)
        return f"invalid desired state, {len(self.issues)} issues:\n{lines}"


class UnsafePlanError(FileRealmError):
    """Something that was hardly meant, and is done only by force; *reason* says what and why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"refused: {self.reason}"


class PlanOutdatedError(FileRealmError):
    """A file that somebody has changed since a plan was made; nothing was done."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path

    def __str__(self) -> str:
        return f"[{self.path}] was changed since the plan was made: make a new one"


class InvalidAuthorizationHeaderError(FileRealmError, ValueError):
    """
    An ``Authorization`` header from which no name and password can be read; it is not kept.

    Attributes:
        rule: The rule that is broken.
        status: The HTTP status to answer with, 401 or 400.
        challenge: The ``WWW-Authenticate`` header to answer a 401 with.

    Source:
        ``UsernamePasswordToken``, ``DefaultAuthenticationFailureHandler``.
    """

    challenge = 'Basic realm="security", charset="UTF-8"'

    def __init__(self, rule: str, status: int = 401) -> None:
        super().__init__(rule, status)
        self.rule = rule
        self.status = status

    def __str__(self) -> str:
        return f"invalid [Authorization] header: {self.rule}"


class UnknownHashAlgorithmError(FileRealmError, ValueError):
    """A name that is no hash algorithm, or none that may be used for this purpose."""

    def __init__(self, name: str, advice: str) -> None:
        super().__init__(name, advice)
        self.name = name
        self.advice = advice

    def __str__(self) -> str:
        return f"unknown hash function [{shown(self.name)}]: {self.advice}"


class InvalidHashError(FileRealmError, ValueError):
    """
    A text that is no usable hash. The text itself is not kept.

    Attributes:
        reason: The rule that is broken.
        kind: ``malformed``; ``unsupported`` if it is a hash, but of an algorithm or cost that a
            node does not know; ``clear-text`` if it is like no hash at all.
    """

    def __init__(self, reason: str, kind: HashProblemKind = "malformed") -> None:
        super().__init__(reason, kind)
        self.reason = reason
        self.kind: HashProblemKind = kind

    def __str__(self) -> str:
        return f"invalid password hash: {self.reason}"


class RealmClosedError(FileRealmError, RuntimeError):
    """A realm that was closed, and so no longer knows what the files say."""

    def __init__(self, config_dir: str) -> None:
        super().__init__(config_dir)
        self.config_dir = config_dir

    def __str__(self) -> str:
        return f"the file realm of [{self.config_dir}] is closed: open another one"


class LockTimeoutError(FileRealmError, TimeoutError):
    """
    The write lock was not free in time.

    Attributes:
        lock_path: The lock file.
        timeout: In seconds.
        holder: Who holds it, or None if that is not known: program, process, host and since when.
    """

    def __init__(self, lock_path: str, timeout: float, holder: str | None = None) -> None:
        super().__init__(lock_path, timeout, holder)
        self.lock_path = lock_path
        self.timeout = timeout
        self.holder = holder

    def __str__(self) -> str:
        holder = "another writer" if self.holder is None else shown(self.holder, _LONGEST_HOLDER)
        return (
            f"write lock [{self.lock_path}] not free after {self.timeout:g} s: "
            f"{holder} holds it; try again"
        )


class JournalVersionError(FileRealmError):
    """
    The record of an unfinished change, made by a later version of this package; nothing is done.

    Attributes:
        path: The record.
        version: Of its form.
        known_version: The latest that this version of the package knows.
    """

    def __init__(self, path: str, version: int, known_version: int) -> None:
        super().__init__(path, version, known_version)
        self.path = path
        self.version = version
        self.known_version = known_version

    def __str__(self) -> str:
        return (
            f"an unfinished change is recorded in [{self.path}] in form [{self.version}], and this "
            f"version of esfilerealm knows forms up to [{self.known_version}]: use a later one"
        )


class NoEarlierVersionError(FileRealmError, LookupError):
    """There is nothing to go back to; *path* is where an earlier version would be."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path

    def __str__(self) -> str:
        return f"no earlier version is kept [{self.path}]: a write with keep=1 would have kept one"


class FilePermissionError(FileRealmError, PermissionError):
    """
    Something the operating system does not let us do; nothing was changed.

    ``errno`` is ``EACCES``, ``EPERM`` or ``EROFS``.
    """

    def __init__(self, path: str, reason: str, number: int = errno.EPERM) -> None:
        super().__init__(path, reason, number)
        self.errno = number
        self.filename = path
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return f"no permission for [{self.path}]: {self.reason}"


class FileAccessError(FileRealmError, OSError):
    """Any other fault of the operating system while reading or writing; nothing was changed."""

    def __init__(self, path: str, number: int, reason: str) -> None:
        super().__init__(path, number, reason)
        self.errno = number
        self.filename = path
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return f"cannot use [{self.path}]: {self.reason}"


class FileChangedError(FileAccessError):
    """A file that another program, which takes no lock, wrote just now; nothing was changed."""

    def __init__(self, path: str) -> None:
        super().__init__(path, errno.EAGAIN, "another program wrote it just now; try again")
        self._arguments = (path,)


class PasswordTruncatedWarning(UserWarning):
    """bcrypt reads 72 bytes of a password; the one that was set is longer."""
