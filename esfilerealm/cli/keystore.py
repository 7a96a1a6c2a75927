"""``keystore``: read and change ``elasticsearch.keystore`` as ``elasticsearch-keystore`` does."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .._ground.faults import FaultsOf
from .._ground.showing import shown
from ..errors import FileAccessError, FilePermissionError, InvalidSecureSettingError
from ..keystore.reader import LARGEST_FILE
from .exits import DATA, INTERNAL, IO, OK, WRONG_PASSWORD, CommandError, UsageError
from .keystore_session import KeystoreSession
from .passwords import variable_and_source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..keystore import Keystore
    from .arguments import Arguments
    from .target import Target
    from .terminal import Terminal

__all__ = [
    "run_add",
    "run_add_file",
    "run_create",
    "run_has_passwd",
    "run_list",
    "run_passwd",
    "run_remove",
    "run_show",
    "run_upgrade",
]

# The order of checks, questions and side effects is that of Elasticsearch's command: a program that
# answers its questions, or looks at its exit code, finds the same here.


def run_create(arguments: Arguments, target: Target, terminal: Terminal) -> int:
    """Create a keystore; ask before another one is replaced."""
    session = KeystoreSession(arguments, target, terminal)
    is_protected = any(
        arguments.has(key) for key in ("password", "new-password-file", "new-password-env")
    )
    password = session.ask_new_password() if is_protected else ""
    question = "An elasticsearch keystore already exists. Overwrite?"
    if session.exists and not session.confirm(question):
        terminal.print("Exiting without creating keystore.")
        return OK
    session.create(password)
    if not session.is_dry_run:
        terminal.print(f"Created elasticsearch keystore in {session.path}")
    return OK


def run_list(arguments: Arguments, target: Target, terminal: Terminal) -> int:
    """Print the names of all settings, one a line."""
    names = KeystoreSession(arguments, target, terminal).open().names
    terminal.result["names"] = list(names)
    for name in names:
        terminal.print(name)
    return OK


def run_show(arguments: Arguments, target: Target, terminal: Terminal) -> int:
    """Print a value: on a terminal as a line of text, elsewhere its bytes."""
    keystore = KeystoreSession(arguments, target, terminal).open()
    if len(arguments.positionals) != 1:
        raise UsageError(f"expected one setting, got {len(arguments.positionals)} arguments")
    name = arguments.first
    value = keystore.file(name)
    terminal.result["name"] = name
    if terminal.is_for_programs:
        terminal.result.update(_for_programs(value))
    elif not terminal.is_console:
        terminal.print_document(value)
    elif _is_text(value):
        terminal.print_document(value + b"\n")
    else:
        raise CommandError(
            f"the value of [{shown(name)}] is not text, which a terminal cannot show: "
            "redirect the output to a file, or pass --json",
            IO,
        )
    return OK


def _for_programs(value: bytes) -> dict[str, object]:
    if _is_text(value):
        return {"value": value.decode()}
    from base64 import b64encode

    return {"value_base64": b64encode(value).decode()}


def _is_text(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def run_add(arguments: Arguments, target: Target, terminal: Terminal) -> int:
    """Add settings whose values are lines, or come from a file of text or the environment."""
    session = KeystoreSession(arguments, target, terminal)
    names = arguments.positionals
    _check_sources(arguments)
    keystore = session.open_or_create()
    if keystore is None:
        return OK
    if not names:
        raise UsageError("the setting is missing: name one or more")
    for name in names:
        if not _may_set(arguments, session, terminal, keystore, name):
            return OK
        keystore.set(name, _value_of(arguments, session, name))
    _save_set(session, terminal, keystore, names)
    return OK


def _check_sources(arguments: Arguments) -> None:
    """Refuse options for values that contradict each other."""
    given = [key for key in ("stdin", "value-file", "value-env") if arguments.has(key)]
    if len(given) > 1:
        flags = ", ".join(f"--{key}" for key in given)
        raise UsageError(f"only one of [{flags}] can give the value")
    if given and given != ["stdin"] and len(arguments.positionals) > 1:
        count = len(arguments.positionals)
        raise UsageError(f"option [{given[0]}] gives the value of one setting, got {count}")


def _may_set(
    arguments: Arguments,
    session: KeystoreSession,
    terminal: Terminal,
    keystore: Keystore,
    name: str,
) -> bool:
    """Ask before a value is replaced."""
    if name not in keystore or arguments.has("force"):
        return True
    if session.confirm(f"Setting {name} already exists. Overwrite?"):
        return True
    terminal.print("Exiting without modifying keystore.")
    return False


def _value_of(arguments: Arguments, session: KeystoreSession, name: str) -> str:
    if (path := arguments.value("value-file")) is not None:
        return _text_in_file(path)
    if (variable := arguments.value("value-env")) is not None:
        value, source = variable_and_source(variable)
        return _not_empty(value, source)
    prompt = "" if arguments.has("stdin") else f"Enter value for {name}: "
    return session.ask_secret(prompt, f"the value of [{shown(name)}]")


def _text_in_file(path: str) -> str:
    """Read a value; a byte order mark and one line end at the end are not part of it."""
    data = _bytes_in_file(path)
    text: str | None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = None
    # Not in the handler: its error, which holds the secret, would be the context of this one.
    if text is None:
        advice = "esfilerealm keystore add-file"
        raise CommandError(f"[{path}] is not UTF-8: add it byte for byte with `{advice}`", DATA)
    return _not_empty(text.removesuffix("\n").removesuffix("\r"), f"[{path}]")


def _not_empty(value: str, source: str) -> str:
    if not value:
        raise CommandError(
            f"{source} is empty: for an empty value, answer with an empty line", DATA
        )
    return value


def run_add_file(arguments: Arguments, target: Target, terminal: Terminal) -> int:
    """Add settings whose values are files."""
    session = KeystoreSession(arguments, target, terminal)
    keystore = session.open_or_create()
    if keystore is None:
        return OK
    words = arguments.positionals
    if not words or len(words) % 2:
        raise UsageError(f"expected pairs of a setting and a file, got {len(words)} arguments")
    names, paths = words[::2], words[1::2]
    for name, path in zip(names, paths, strict=True):
        if not _may_set(arguments, session, terminal, keystore, name):
            return OK
        value = _bytes_in_file(path)
        try:
            keystore.set(name, value)
        except InvalidSecureSettingError as error:
            raise CommandError(str(error), INTERNAL) from None
    _save_set(session, terminal, keystore, names)
    return OK


def _bytes_in_file(path: str) -> bytes:
    """
    Read a whole file, or what a pipe gives until it ends.

    Raises:
        CommandError: If it does not exist, cannot be read, or is too large for a keystore.
    """
    if not os.path.exists(path):
        raise CommandError(f"file [{path}] does not exist", IO)
    try:
        with FaultsOf(path, "reading"), open(path, "rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except (FileAccessError, FilePermissionError) as error:
        raise CommandError(str(error), IO) from None
    if len(data) > LARGEST_FILE:
        raise CommandError(f"file [{path}] has more than [{LARGEST_FILE}] bytes", IO)
    return data


def _save_set(
    session: KeystoreSession, terminal: Terminal, keystore: Keystore, names: Sequence[str]
) -> None:
    names = list(dict.fromkeys(names))
    terminal.result["names"] = names
    session.save(keystore, f"set {_listed(names)}")


def run_remove(arguments: Arguments, target: Target, terminal: Terminal) -> int:
    """Remove settings."""
    session = KeystoreSession(arguments, target, terminal)
    keystore = session.open()
    names = arguments.positionals
    if not names:
        raise UsageError("the setting is missing: name one or more")
    for name in names:
        keystore.remove(name)
    terminal.result["names"] = names
    session.save(keystore, f"remove {_listed(names)}")
    return OK


def run_upgrade(arguments: Arguments, target: Target, terminal: Terminal) -> int:
    """Raise the format to what ``--es-version`` reads, and add a missing seed."""
    session = KeystoreSession(arguments, target, terminal)
    keystore = session.open()
    version = keystore.format_version
    if version > session.new_format and arguments.has("es-version"):
        terminal.warn(
            f"WARNING: [{session.path}] has format [{version}], and that release reads at most "
            f"[{session.new_format}]: it stays as it is"
        )
    keystore.upgrade(max(version, session.new_format))
    session.save(keystore, f"upgrade [{session.path}] to format [{keystore.format_version}]")
    return OK


def run_passwd(arguments: Arguments, target: Target, terminal: Terminal) -> int:
    """Change the password."""
    session = KeystoreSession(arguments, target, terminal)
    keystore = session.open()
    keystore.change_password(session.ask_new_password())
    session.save(keystore, f"change the password of [{session.path}]")
    if not session.is_dry_run:
        terminal.print("Elasticsearch keystore password changed successfully.")
    return OK


def run_has_passwd(arguments: Arguments, target: Target, terminal: Terminal) -> int:
    """Print whether the keystore has a password; a missing one has none."""
    sealed = KeystoreSession(arguments, target, terminal).load()
    terminal.result["exists"] = sealed is not None
    if sealed is None:
        terminal.result["has_password"] = False
        terminal.note("ERROR: Elasticsearch keystore not found")
        return WRONG_PASSWORD
    if not sealed.has_password:
        terminal.note("ERROR: Keystore is not password-protected")
        return WRONG_PASSWORD
    terminal.print("Keystore is password-protected")
    return OK


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"[{shown(name)}]" for name in names)
