"""The file of a keystore: read beside writers, and saved durably."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from .._ground.holding import inside
from .._storage import SingleFile, WriteOptions
from ..errors import ConfigurationFileMissingError
from ..results import WriteResult
from .reader import LARGEST_FILE

if TYPE_CHECKING:
    from .._storage import FileContent
    from ..results import Recovery
    from .contents import Draft

__all__ = ["FILE_NAME", "find_keystore_file", "read_keystore_file", "save_draft"]

FILE_NAME: Final = "elasticsearch.keystore"
"""The name that a node looks for in its configuration directory."""

#: Of a new file, whatever the umask, as a node makes it: its group has to read it.
_MODE: Final = 0o660


def read_keystore_file(path: str) -> FileContent:
    """
    Read the file at *path*.

    Raises:
        ConfigurationFileMissingError: If there is none.
        FilePermissionError, FileAccessError: If it cannot be read, or is too large.
    """
    content = find_keystore_file(path)
    if not content.exists:
        advice = "check the path, or run `esfilerealm keystore create` to make a keystore"
        raise ConfigurationFileMissingError(path, advice)
    return content


def find_keystore_file(path: str) -> FileContent:
    """Read the file at *path*, which may be missing; for errors see ``read_keystore_file``."""
    return _file(path).read()


def save_draft(
    draft: Draft, path: str, options: WriteOptions, *, overwrite: bool
) -> tuple[WriteResult, Draft]:
    """
    Write a keystore to *path* under its lock; for the rest see ``Keystore.save``.

    Args:
        draft: What to save.

        path: Where to.

        options: How.

        overwrite: Whether to replace a keystore that is not the one that was read.

    Returns:
        What was written, and what the next save has to start from.
    """
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder):
        raise ConfigurationFileMissingError(folder, "create the directory of the keystore first")
    file = _file(path)
    if options.dry_run:
        return _save(draft, path, file, options, overwrite=overwrite)

    def save(recovery: Recovery) -> tuple[WriteResult, Draft]:
        result, saved = _save(draft, path, file, options, overwrite=overwrite)
        return WriteResult(result.files, created=result.created, recovery=recovery), saved

    faults: list[str] = []
    written, saved = inside(file.locked(options, faults), save)
    return replace(written, faults=tuple(faults)), saved


def _save(
    draft: Draft, path: str, file: SingleFile, options: WriteOptions, *, overwrite: bool
) -> tuple[WriteResult, Draft]:
    found = file.read()
    contents = draft.onto(path, found.digest, found.data, overwrite=overwrite)
    if contents is None:
        return WriteResult(()), draft
    settings = draft.noted() if options.audit else None
    written = file.commit(found, contents.encrypted(), options, settings)
    created = () if found.exists else (written.path,)
    result = WriteResult((written,), created=created)
    return result, draft if options.dry_run else draft.saved(path, written.after, contents)


def _file(path: str) -> SingleFile:
    return SingleFile(path, largest=LARGEST_FILE, new_mode=_MODE)
