"""The file of a keystore: read beside writers, and saved by the transaction of the realm."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from .._storage import RealmFolder, Unit, read_file
from ..errors import ConfigurationFileMissingError, FileAccessError
from .reader import LARGEST_FILE

if TYPE_CHECKING:
    from .._storage import FileContent, WriteOptions
    from ..results import WriteResult
    from .contents import Draft

__all__ = ["FILE_NAME", "read_keystore_file", "save_draft"]

FILE_NAME: Final = "elasticsearch.keystore"
"""The name of the file in the configuration directory."""


def read_keystore_file(path: str) -> FileContent:
    """
    Read the file at *path*.

    Raises:
        ConfigurationFileMissingError: If there is none.
        FilePermissionError, FileAccessError: If it cannot be read, or is too large.
    """
    folder, name = os.path.split(path)
    if name == FILE_NAME:
        content = RealmFolder(folder or ".").read_other(FILE_NAME, LARGEST_FILE)
    else:
        content = read_file(path, largest=LARGEST_FILE)
    if not content.exists:
        advice = "check the path, or create a keystore there"
        raise ConfigurationFileMissingError(path, advice)
    return content


def save_draft(
    draft: Draft, path: str, options: WriteOptions, *, overwrite: bool
) -> tuple[WriteResult, Draft]:
    """
    Write a keystore to *path* under the lock; for the rest see ``Keystore.save``.

    Args:
        draft: What to save.

        path: Where to.

        options: How.

        overwrite: Whether to replace a keystore that is not the one that was read.

    Returns:
        What was written, and what the next save has to start from.
    """
    if os.path.basename(path) != FILE_NAME:
        raise FileAccessError(path, errno.EINVAL, f"its name must be [{FILE_NAME}]")
    folder = RealmFolder(os.path.dirname(path) or ".")
    if options.dry_run:
        return _save(draft, path, folder, options, overwrite=overwrite)
    folder.prepare_to_write()
    with folder.locked(options) as recovery:
        result, saved = _save(draft, path, folder, options, overwrite=overwrite)
        return replace(result, recovery=recovery), saved


def _save(
    draft: Draft, path: str, folder: RealmFolder, options: WriteOptions, *, overwrite: bool
) -> tuple[WriteResult, Draft]:
    files = folder.read_any(FILE_NAME)
    file = files.others[FILE_NAME]
    contents = draft.onto(path, file.digest, file.data, overwrite=overwrite)
    written = [] if contents is None else [(file, contents.encrypted())]
    result = _of_keystore(folder.commit(Unit(files, written), options))
    if contents is None or options.dry_run:
        return result, draft
    return result, draft.saved(path, result.files[0].after, contents)


def _of_keystore(result: WriteResult) -> WriteResult:
    """Return what a write did to the keystore alone."""
    file = result.files[-1]
    created = (file.path,) if file.before is None and file.changed else ()
    return replace(result, files=(file,), created=created)
