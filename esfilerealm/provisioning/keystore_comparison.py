"""A desired state compared with the keystore: which setting needs what."""

from __future__ import annotations

import os
from codecs import BOM_UTF8
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from .._ground.ahead import password_bytes
from .._ground.faults import FaultsOf
from .._ground.values import Secret
from ..admin.credentials import password_in_file
from ..errors import FileRealmError, InvalidDesiredStateError, InvalidPasswordError
from ..keystore import DEFAULT_FORMAT, Keystore, format_for, load_header
from ..keystore.file import FILE_NAME, find_keystore_file
from ..keystore.reader import LARGEST_FILE
from .credentials import CredentialsError
from .plan_result import CreateKeystore, RemoveSecureSetting, SetSecureSetting
from .secure_settings import PASSWORD_FIELDS
from .values import VALUE_SOURCES, KeystorePassword

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .desired import DesiredState
    from .plan_result import Change
    from .shared_work import SharedWork
    from .values import DesiredSetting

__all__ = ["KeystoreComparison"]

#: By major version: its first release that reads any format, if that is not its first release.
_FIRST_READER: Final = {6: "6.3"}


class KeystoreComparison:
    """
    The differences between the desired settings and a keystore.

    Args:
        config_dir: The directory of the keystore.

        desired: The desired state; the keystore is read only if it names settings.

        release: The major version of the node, or None if that is unknown.

        shared: Reads values and the password.

    Attributes:
        changes: What is to be changed.
        store: The keystore with all changes, not saved; None if there are none.
        digest: Of the file as it was read; None if it does not exist.
        desired: The desired state with all values that were read, since a pipe can be read once.

    Raises:
        InvalidDesiredStateError: If a value cannot be read, or the password is missing.
        KeystorePasswordError, KeystoreCorruptedError, KeystoreVersionError, MissingExtraError,
        FilePermissionError, FileAccessError: If the keystore cannot be read.
    """

    def __init__(
        self, config_dir: str, desired: DesiredState, release: int | None, shared: SharedWork
    ) -> None:
        self.changes: tuple[Change, ...] = ()
        self.store: Keystore | None = None
        self.digest: str | None = None
        self.desired = desired
        self._shared = shared
        if desired.keystore:
            self._compare(os.path.join(config_dir, FILE_NAME), release)

    def _compare(self, path: str, release: int | None) -> None:
        found = find_keystore_file(path)
        self.digest = found.digest
        issues: list[str] = []
        contents = self._read_values(issues)
        password = self._read_password(issues)
        if found.exists:
            sealed = load_header(found.data, name=path)
            if sealed.has_password and not self.desired.keystore_password:
                need = f"give one of [{', '.join(PASSWORD_FIELDS)}]"
                issues.append(f"keystore [{path}] has a password: {need}")
            _raise(issues)
            store = sealed.open(password or "" if sealed.has_password else "")
        else:
            _raise(issues)
            store = Keystore.create(format_version=_format_for(release))
            store.change_password(password or "")
        changes = list(self._changes(store, contents, issues))
        _raise(issues)
        if changes and not found.exists:
            changes.insert(0, CreateKeystore(path))
        if changes:
            self.changes, self.store = tuple(changes), store

    def _read_values(self, issues: list[str]) -> dict[str, bytes]:
        contents: dict[str, bytes] = {}
        settings = []
        for setting in self.desired.keystore:
            data = None if setting.is_absent else self._read_value(setting, issues)
            settings.append(setting if data is None else setting.with_content(data))
            if data is not None:
                contents[setting.name] = data
        self.desired = replace(self.desired, keystore=tuple(settings))
        return contents

    def _read_value(self, setting: DesiredSetting, issues: list[str]) -> bytes | None:
        try:
            return self._shared.read_once("setting", setting.name, lambda: _content_of(setting))
        except CredentialsError as error:
            issues.append(str(error))
            return None

    def _read_password(self, issues: list[str]) -> str | None:
        given = self.desired.keystore_password
        try:
            password = self._shared.read_once("keystore", "", lambda: _password_of(given))
        except CredentialsError as error:
            issues.append(str(error))
            return None
        if password is not None:
            known = KeystorePassword(password=Secret(password))
            self.desired = replace(self.desired, keystore_password=known)
        return password

    def _changes(
        self, store: Keystore, contents: dict[str, bytes], issues: list[str]
    ) -> Iterator[Change]:
        for setting in self.desired.keystore:
            name, is_there = setting.name, setting.name in store
            if setting.is_absent:
                if is_there:
                    store.remove(name)
                    yield RemoveSecureSetting(name)
            elif name not in contents:
                if not is_there:
                    need = f"needs a value: give one of {', '.join(VALUE_SOURCES)}"
                    issues.append(f"{setting.place}: new setting [{name}] {need}")
            elif not is_there or store.file(name) != contents[name]:
                store.set(name, contents[name])
                yield SetSecureSetting(name, is_new=not is_there)


def _format_for(release: int | None) -> int:
    """Return the format of a new keystore that each release of a major version reads."""
    if release is None:
        return DEFAULT_FORMAT
    return format_for(_FIRST_READER.get(release, str(release)))


def _raise(issues: list[str]) -> None:
    if issues:
        raise InvalidDesiredStateError(tuple(issues))


def _content_of(setting: DesiredSetting) -> bytes | None:
    """
    Return the value of a setting, or None if the document has none.

    Raises:
        CredentialsError: If it cannot be read.
    """
    if setting.content is not None:
        return setting.content.reveal().encode("latin-1")
    try:
        if setting.value is not None:
            return password_bytes(setting.value.reveal())
        if setting.value_file is not None:
            data = _read(setting.value_file).removeprefix(BOM_UTF8)
            return data.removesuffix(b"\n").removesuffix(b"\r")
        if setting.file is not None:
            return _read(setting.file)
    except FileRealmError as error:
        field = "value_file" if setting.value_file is not None else "file"
        raise CredentialsError(f"{setting.place}.{field}: {error}") from None
    if setting.value_env is not None:
        return os.fsencode(_variable(setting.value_env, f"{setting.place}.value_env"))
    return None


def _password_of(given: KeystorePassword) -> str | None:
    """
    Return the password of the keystore, or None if the document has none.

    Raises:
        CredentialsError: If it cannot be read.
    """
    if given.password_file is not None:
        try:
            return password_in_file(given.password_file)
        except InvalidPasswordError as error:
            raise CredentialsError(f"keystore_password_file: {error.rule}") from None
        except FileRealmError as error:
            raise CredentialsError(f"keystore_password_file: {error}") from None
    if given.password_env is not None:
        return _variable(given.password_env, "keystore_password_env")
    return None if given.password is None else given.password.reveal()


def _variable(name: str, place: str) -> str:
    text = os.environ.get(name)
    if text is None:
        raise CredentialsError(f"{place}: environment variable [{name}] is not set")
    return text


def _read(path: str) -> bytes:
    with FaultsOf(path, "reading"), open(path, "rb") as file:
        return file.read(LARGEST_FILE + 1)
