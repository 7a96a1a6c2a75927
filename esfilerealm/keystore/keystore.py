"""A keystore as a program uses it: read, changed, and written back."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from .._ground.java import decode_utf8, java_order
from .contents import SEED, Contents, Draft, Origin, encoded_value, new_seed, validate_setting_name
from .reader import read_sealed
from .versions import DEFAULT_FORMAT, format_of

if TYPE_CHECKING:
    from typing import NoReturn, Self

    from .._storage import ChangeLog, Strategy, Tolerance
    from ..results import WriteResult
    from .reader import Sealed

    Source = str | os.PathLike[str] | bytes

__all__ = ["Keystore", "SealedKeystore", "load_header"]

_IN_MEMORY: Final = "given bytes"
_NEW: Final = "new keystore"


def load_header(source: Source, *, name: str = _IN_MEMORY) -> SealedKeystore:
    """
    Read a keystore as far as that needs no password.

    Args:
        source: The path of the file, or its content as bytes.

        name: What messages call a content that is given as bytes.

    Raises:
        KeystoreCorruptedError: If it is not a keystore, or damaged.
        KeystoreVersionError: If it has another format than 3 to 7.
        ConfigurationFileMissingError: If there is no such file.
        FilePermissionError, FileAccessError: If it cannot be read.
    """
    if isinstance(source, bytes):
        return SealedKeystore(read_sealed(source, name), name)
    from .file import read_keystore_file  # only here: the rest of the package needs no disk

    path = os.fspath(source)
    content = read_keystore_file(path)
    return SealedKeystore(read_sealed(content.data, path), path, content.digest)


class SealedKeystore:
    """
    A keystore that was loaded and not opened: whole by its checksum, which needs no password.

    Made by ``load_header``.

    Attributes:
        format_version: The version of its format, 3 to 7.
        has_password: Whether it says that it has a password. Nothing protects that note: opening
            decides.
    """

    __slots__ = ("_digest", "_sealed", "_source", "format_version", "has_password")

    def __init__(self, sealed: Sealed, source: str, digest: str | None = None) -> None:
        self._sealed = sealed
        self._source = source
        self._digest = digest
        self.format_version = sealed.form.version
        self.has_password = sealed.has_password

    def __repr__(self) -> str:
        return (
            f"<SealedKeystore [{self._source}], format {self.format_version}, "
            f"{'with' if self.has_password else 'without'} password>"
        )

    def __reduce__(self) -> NoReturn:
        raise TypeError("a keystore cannot be pickled: it holds secrets")

    def open(self, password: str = "") -> Keystore:
        """
        Decrypt the settings.

        Args:
            password: Its password; empty if it has none.

        Raises:
            KeystorePasswordError: If the password is wrong, or the encrypted content was altered.
            KeystoreCorruptedError: If it is malformed under a right checksum.
            MissingExtraError: If ``cryptography`` is not installed.
        """
        contents = Contents.decrypted(self._sealed, password, self._source)
        if self._digest is None:
            return Keystore(Draft(contents))
        origin = Origin(os.path.abspath(self._source), self._digest, password)
        return Keystore(Draft(contents, origin))


class Keystore:
    """
    The settings of an ``elasticsearch.keystore``, decrypted. Values are in no ``repr``.

    Made by ``Keystore.read``, ``Keystore.create`` or ``SealedKeystore.open``. Changes are made in
    memory; ``save`` writes them. One thread at a time may use it.
    """

    __slots__ = ("_draft",)

    def __init__(self, draft: Draft) -> None:
        self._draft = draft

    @classmethod
    def create(cls, *, format_version: int = DEFAULT_FORMAT) -> Self:
        """
        Return a new keystore, in memory, without password, with a fresh ``keystore.seed``.

        Args:
            format_version: Its format; see ``format_for``.

        Raises:
            KeystoreVersionError: If there is no such format, or it is too old.
        """
        return cls(Draft(Contents.new(_NEW, format_of(format_version, _NEW))))

    @classmethod
    def read(cls, source: Source, password: str = "") -> Keystore:
        """
        Read a keystore of format 3 to 7.

        Args:
            source: The path of the file, or its content as bytes.

            password: Its password; empty if it has none.

        Raises:
            KeystorePasswordError: If the password is wrong, or the encrypted content was altered.
            KeystoreCorruptedError: If it is not a keystore, or damaged.
            KeystoreVersionError: If it has another format.
            ConfigurationFileMissingError: If there is no such file.
            FilePermissionError, FileAccessError: If it cannot be read.
            MissingExtraError: If ``cryptography`` is not installed.
        """
        return load_header(source).open(password)

    def __repr__(self) -> str:
        return (
            f"<Keystore [{self._contents.source}], format {self.format_version}, "
            f"{len(self._contents.settings)} settings, "
            f"{'with' if self.has_password else 'without'} password>"
        )

    def __reduce__(self) -> NoReturn:
        raise TypeError("a keystore cannot be pickled: it holds secrets")

    def __contains__(self, name: object) -> bool:
        return name in self._contents.settings

    @property
    def format_version(self) -> int:
        """The version of its format, 3 to 7; what a save keeps."""
        return self._contents.form.version

    @property
    def has_password(self) -> bool:
        """Whether the file says that it has a password, or was given one since."""
        return self._contents.has_password

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all settings, sorted as Java does: by UTF-16 code units."""
        return tuple(sorted(self._contents.settings, key=java_order))

    def string(self, name: str) -> str:
        """
        Return a value as a string. Each malformed part of its UTF-8 becomes U+FFFD.

        Raises:
            SecureSettingNotFoundError: If there is no such setting.
        """
        return decode_utf8(self.file(name))

    def file(self, name: str) -> bytes:
        """
        Return a value as bytes. The format does not tell strings and files apart.

        Raises:
            SecureSettingNotFoundError: If there is no such setting.
        """
        return self._contents.value(name)

    def set(self, name: str, value: str | bytes) -> None:
        """
        Add a setting, or replace its value.

        Args:
            name: Its name.

            value: A string, which is encoded as UTF-8, or the content of a file.

        Raises:
            InvalidSecureSettingError: If the name breaks a rule, or the keystore would be too
                large.
        """
        validate_setting_name(name)
        data = encoded_value(name, value)
        if self._contents.settings.get(name) != data:
            self._draft.change(lambda contents: contents.put(name, data))

    def remove(self, name: str) -> None:
        """
        Remove a setting.

        Raises:
            SecureSettingNotFoundError: If there is no such setting.
        """
        self._draft.change(lambda contents: contents.remove(name))

    def rename(self, old: str, new: str) -> None:
        """
        Change the name of a setting; the value stays.

        Raises:
            InvalidSecureSettingError: If the new name breaks a rule.
            SecureSettingNotFoundError: If there is no such setting.
            SecureSettingExistsError: If there is a setting of the new name.
        """
        validate_setting_name(new)
        self.file(old)
        if old != new:
            self._draft.change(lambda contents: contents.rename(old, new))

    def change_password(self, new: str) -> None:
        """Set the password with which the keystore is saved; an empty one removes it."""
        self._draft.change(lambda contents: contents.set_password(new))

    def upgrade(self, format_version: int | None = None) -> bool:
        """
        Add the ``keystore.seed`` if it is missing, and change the format if one is given.

        Args:
            format_version: The new format; None to keep it. An older one is possible.

        Returns:
            Whether that changed anything.

        Raises:
            KeystoreVersionError: If there is no such format.
        """
        contents = self._contents
        form = contents.form
        if format_version is not None:
            form = format_of(format_version, contents.source)
        has_seed, has_format = SEED in contents.settings, form is contents.form
        if not has_seed:
            seed = new_seed()
            self._draft.change(lambda contents: contents.add_seed(seed))
        if not has_format:
            self._draft.change(lambda contents: contents.set_format(form))
        return not (has_seed and has_format)

    def to_bytes(self) -> bytes:
        """
        Return the file, encrypted with a fresh salt and initialization vector.

        Raises:
            InvalidSecureSettingError: If it would be too large.
            MissingExtraError: If ``cryptography`` is not installed.
        """
        return self._contents.encrypted()

    def save(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        overwrite: bool = False,
        dry_run: bool = False,
        lock_timeout: float = 10.0,
        strategy: Strategy = "rename",
        attributes: Tolerance = "refuse",
        allow_local_lock: bool = False,
        audit: str | os.PathLike[str] | ChangeLog | None = None,
    ) -> WriteResult:
        """
        Write the keystore durably, all or nothing; without a change, write nothing.

        If another program has saved the file since it was read, its changes are kept and these are
        made on top of them. An existing file keeps its owner, group and mode; a new one gets the
        mode 0660. Symbolic links are followed, if they are from this user or root.

        Args:
            path: Where to; by default where it was read.

            overwrite: Whether to replace a keystore that is not the one that was read.

            dry_run: Whether only to check what would be written.

            lock_timeout: Seconds to wait for another writer.

            strategy: ``rename`` to replace the file whole, ``in_place`` to overwrite it, ``auto``
                to overwrite it only if it is a mount point.

            attributes: ``warn`` to save even if the owner or another attribute cannot be kept.

            allow_local_lock: Whether to accept a lock that other machines do not see.

            audit: The audit log that gets a line for the change, or its path. By default, the
                environment variable ``ESFILEREALM_AUDIT`` names it.

        Returns:
            What was (in a dry run: would be) written.

        Raises:
            ValueError: If there is no path, or another argument has an invalid value.
            KeystoreExistsError: If another keystore is there.
            KeystorePasswordError: If the file was given another password since it was read.
            SecureSettingNotFoundError, SecureSettingExistsError: If it no longer has a setting that
                is removed or renamed, or has the new name by now.
            LockTimeoutError: If the lock was not free in time.
            FilePermissionError, FileAccessError: If the system refuses. Nothing is changed.
        """
        from .._storage import WriteOptions
        from ..audit import chosen_log
        from .file import save_draft

        options = WriteOptions(
            lock_timeout=lock_timeout,
            dry_run=dry_run,
            strategy=strategy,
            attributes=attributes,
            allow_local_lock=allow_local_lock,
            audit=chosen_log(audit),
        )
        if path is None:
            if self._draft.origin is None:
                raise ValueError("this keystore was not read from a file: pass the path to save to")
            path = self._draft.origin.path
        result, self._draft = save_draft(self._draft, os.fspath(path), options, overwrite=overwrite)
        return result

    @property
    def _contents(self) -> Contents:
        return self._draft.contents
