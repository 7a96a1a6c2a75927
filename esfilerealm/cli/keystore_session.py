"""One run on one keystore: its file, its password, the questions, and how the run ends."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from .._storage import make_config_dir
from ..errors import (
    FilePermissionError,
    FileRealmError,
    InvalidSettingError,
    KeystoreCorruptedError,
)
from ..keystore import DEFAULT_FORMAT, Keystore, format_for, load_header
from ..keystore.file import FILE_NAME
from .confirming import is_confirmed, no_answer
from .exits import CONFIGURATION, DATA, INTERNAL, IO, CommandError, UsageError
from .output import print_warnings
from .passwords import KEYSTORE_PROMPT, named_password, refuse_two_sources
from .shared_options import ATTRIBUTES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..keystore import SealedKeystore
    from ..results import WriteResult
    from .arguments import Arguments
    from .target import Target
    from .terminal import Terminal

__all__ = ["KeystoreSession"]

# What the command asks, word for word as Elasticsearch's does: people and scripts wait for it.
_NEW_PASSWORD: Final = "Enter new password for the elasticsearch keystore (empty for no password): "  # noqa: S105
_SAME_AGAIN: Final = "Enter same password again: "
_CREATE: Final = "The elasticsearch keystore does not exist. Do you want to create it?"

#: Damage that ends Elasticsearch's command by an exception that nobody expects.
_CRASHES: Final = ("bad_password_flag", "empty_salt", "negative_length")

#: What Elasticsearch's command leaves if it is killed, and by which its next save fails.
_LEFT_OVER: Final = ".tmp"


class KeystoreSession:
    """
    A run of one subcommand.

    Args:
        arguments: Of the command line.

        target: The configuration directory.

        terminal: Where to ask and print.

    Attributes:
        path: The file.
    """

    def __init__(self, arguments: Arguments, target: Target, terminal: Terminal) -> None:
        self._arguments = arguments
        self._terminal = terminal
        self.path = os.path.join(os.path.abspath(target.location.path), FILE_NAME)
        self._source = target.location.source
        self._written = "nothing was written"
        self._changed = False
        for option in ("keystore-password", "new-password"):
            refuse_two_sources(arguments, option)
        self.new_format = self._format()
        self._attributes = arguments.choice("attributes", ATTRIBUTES)
        terminal.result["path"] = self.path
        if arguments.writes:
            terminal.describe_written = lambda: self._written
            terminal.result.update(changed=False, files=[], dry_run=self.is_dry_run)

    @property
    def is_dry_run(self) -> bool:
        """Whether nothing is to be written."""
        return self._arguments.has("dry-run")

    @property
    def exists(self) -> bool:
        """Whether anything is at the path; a link that leads nowhere does not count."""
        return os.path.exists(self.path)

    def load(self) -> SealedKeystore | None:
        """
        Load the keystore, which needs no password; return None if there is none.

        Raises:
            CommandError: If it is damaged or cannot be read.
        """
        if not self.exists:
            return None
        with _exits_of_reading(IO):
            sealed = load_header(self.path)
        self._terminal.result.update(
            format_version=sealed.format_version, has_password=sealed.has_password
        )
        return sealed

    def open(self) -> Keystore:
        """
        Open the keystore; ask for its password if it has one.

        Raises:
            CommandError: If there is none, or it cannot be opened.
            KeystorePasswordError: If the password is wrong.
        """
        sealed = self.load()
        if sealed is None:
            raise CommandError(
                f"keystore not found at [{self.path}], in the directory that is named by "
                f"{self._source}: create it with `esfilerealm keystore create`",
                DATA,
            )
        return self._opened(sealed)

    def open_or_create(self) -> Keystore | None:
        """
        Open the keystore, or create one without password; return None if that is refused.

        A new keystore is saved at once, as Elasticsearch's command does.

        Raises:
            CommandError: If it cannot be opened, or the input ends before an answer.
            KeystorePasswordError: If the password is wrong.
        """
        sealed = self.load()
        if sealed is not None:
            return self._opened(sealed)
        if not self._arguments.has("force") and not self.confirm(_CREATE):
            self._terminal.print("Exiting without creating keystore.")
            return None
        return self.create("")

    def create(self, password: str) -> Keystore:
        """Save a new keystore, in the place of whatever is there."""
        keystore = Keystore.create(format_version=self.new_format)
        if password:
            keystore.change_password(password)
        if not self.is_dry_run:
            make_config_dir(os.path.dirname(self.path))
        how = "with" if password else "without"
        effect = f"create [{self.path}] in format [{self.new_format}], {how} password"
        self.save(keystore, effect, overwrite=True)
        self._written = f"[{self.path}] was created, and nothing else was written"
        return keystore

    def save(self, keystore: Keystore, effect: str, *, overwrite: bool = False) -> None:
        """
        Save a keystore.

        Args:
            keystore: The changed one.

            effect: What a dry run "would" do.

            overwrite: Whether to replace a file that is another keystore, or none.

        Raises:
            CommandError: If the directory may not be written.
            LockTimeoutError, FileAccessError: If it cannot be written.
        """
        if self.is_dry_run and not os.path.isdir(os.path.dirname(self.path)):
            self._report(keystore, is_changed=True)
            self._terminal.print(f"Dry run. Would {effect}")
            return
        result = self._saved(keystore, overwrite=overwrite)
        self._report(keystore, is_changed=result.changed)
        self._terminal.result["files"] = result.to_dict()["files"]
        print_warnings(self._terminal, result)
        if self.is_dry_run:
            outcome = f"Would {effect}" if result.changed else "Nothing would change"
            self._terminal.print(f"Dry run. {outcome}")
            return
        self._written = f"[{self.path}] was written"
        _remove_left_over(self.path + _LEFT_OVER)

    def _saved(self, keystore: Keystore, *, overwrite: bool) -> WriteResult:
        before, self._written = self._written, f"[{self.path}] may have been written: look at it"
        try:
            return keystore.save(
                self.path,
                overwrite=overwrite,
                dry_run=self.is_dry_run,
                attributes=self._attributes,
                allow_local_lock=self._arguments.has("allow-local-lock"),
                audit=self._arguments.audit,
            )
        except FileRealmError as error:
            self._written = before
            if isinstance(error, FilePermissionError):
                raise CommandError(str(error), CONFIGURATION) from None
            raise

    def _report(self, keystore: Keystore, *, is_changed: bool) -> None:
        self._changed = self._changed or is_changed
        self._terminal.result.update(
            format_version=keystore.format_version,
            has_password=keystore.has_password,
            changed=self._changed,
        )

    def confirm(self, question: str) -> bool:
        """
        Ask a question, as ``is_confirmed``.

        Raises:
            CommandError: If the input ends, unless a person sits there.
        """
        return is_confirmed(self._terminal, question)

    def ask_secret(self, prompt: str, what: str) -> str:
        """
        Ask for a line that is not shown.

        Args:
            prompt: The question, which may be empty.

            what: What is asked for, for the error.

        Raises:
            CommandError: If the input has ended.
        """
        line = self._terminal.ask_line(prompt, is_secret=True)
        if line is None:
            raise no_answer(what)
        return line

    def ask_new_password(self) -> str:
        """
        Return the new password that an option names the source of, or ask for it twice.

        Raises:
            CommandError: If the answers differ, or the input ends.
            InvalidPasswordError: If its source holds no password.
        """
        given = named_password(self._arguments, "new-password")
        if given is not None:
            return given
        password = self.ask_secret(_NEW_PASSWORD, "the new password")
        if self.ask_secret(_SAME_AGAIN, "the same password again") != password:
            raise CommandError("the two passwords differ, so nothing was written", DATA)
        return password

    def _opened(self, sealed: SealedKeystore) -> Keystore:
        password = ""
        if sealed.has_password:
            given = named_password(self._arguments, "keystore-password")
            password = (
                self.ask_secret(KEYSTORE_PROMPT, "the password of the keystore")
                if given is None
                else given
            )
        with _exits_of_reading(DATA):
            return sealed.open(password)

    def _format(self) -> int:
        """Return the format for a new keystore."""
        release = self._arguments.value("es-version")
        if release is None:
            return DEFAULT_FORMAT
        try:
            return format_for(release)
        except InvalidSettingError as error:
            raise UsageError(f"option [es-version] {error.rule}") from None


@contextmanager
def _exits_of_reading(exit_code: int) -> Iterator[None]:
    """End the command with the exit code that Elasticsearch's has for damage of this kind."""
    try:
        yield
    except KeystoreCorruptedError as error:
        code = INTERNAL if error.kind in _CRASHES else exit_code
        raise CommandError(str(error), code) from None
    except FilePermissionError as error:
        raise CommandError(str(error), IO) from None


def _remove_left_over(path: str) -> None:
    """Remove what an interrupted run of Elasticsearch's command left; if that fails, leave it."""
    with suppress(OSError):
        (os.rmdir if os.path.isdir(path) and not os.path.islink(path) else os.unlink)(path)
