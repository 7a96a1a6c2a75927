"""Modes that a transaction changes beside its contents: by fixes, or by the undo of fixes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .._storage import ModeRecord
from ..errors import FileRealmError
from ..results import ModeChange

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._storage import ModeStep, RealmFiles, RealmFolder, WriteOptions
    from ..results import WriteResult

__all__ = ["ModeFixes"]


class ModeFixes:
    """
    The modes that a transaction is to change.

    Args:
        folder: The directory of the realm.
    """

    def __init__(self, folder: RealmFolder) -> None:
        self._folder = folder
        self._wanted: dict[str, int] = {}
        self._names: dict[str, str] = {}
        self._undone: ModeRecord | None = None

    def __bool__(self) -> bool:
        return bool(self._wanted) or self._undone is not None

    def take(self, path: str, mode: int) -> None:
        """
        Leave a file only those rights that *mode* has.

        Raises:
            FilePermissionError, FileAccessError: If that is impossible, as far as it is known now.
        """
        step = self._folder.mode_step(path, mode)
        if step is not None:
            self._names[step.path] = path
        self._wanted[path] = self._wanted.get(path, mode) & mode

    def undo(self, files: RealmFiles) -> bool:
        """
        Take back what the latest fix did, if nobody has written both files since.

        Returns:
            Whether their content has to be taken back too.
        """
        self._undone = self._folder.mode_record(files)
        return self._undone is None or self._undone.has_content

    def foreseen(self, files: RealmFiles) -> tuple[ModeChange, ...]:
        """Return the changes of modes that *made* is going to make; for errors see there."""
        return self._told(self._steps(files)) if self else ()

    def made(self, files: RealmFiles, result: WriteResult, options: WriteOptions) -> WriteResult:
        """
        Change the modes, after the contents; the caller holds the lock (or runs dry).

        Args:
            files: As they were read under the lock.

            result: Of the write of the contents.

            options: How to write; in a dry run, nothing changes.

        Returns:
            The result with the changes. What failed is one of its faults.

        Raises:
            FilePermissionError, FileAccessError: If nothing at all was changed.
        """
        steps = self._steps(files)
        if not steps:
            return result
        if options.dry_run:
            return replace(result, modes=self._told(steps))
        before, after = files.both, result.files
        digests = after[0].after, after[1].after
        has_content = any(file.digest != now for file, now in zip(before, digests, strict=True))
        record = ModeRecord(digests, has_content, tuple(steps))
        if not result.changed:
            made, faults = self._folder.noted(
                files, self._told(steps), options, lambda: _recorded(record, files)
            )
        else:
            try:
                made, faults = _recorded(record, files)
            except FileRealmError as error:
                return replace(result, faults=(*result.faults, f"no mode was changed: {error}"))
        return replace(result, modes=self._told(made), faults=(*result.faults, *faults))

    def _told(self, steps: list[ModeStep]) -> tuple[ModeChange, ...]:
        """Return changes with the paths by which they were asked for."""
        return tuple(
            ModeChange(self._names.get(step.path, step.path), step.before, step.after)
            for step in steps
        )

    def _steps(self, files: RealmFiles) -> list[ModeStep]:
        if self._undone is not None:
            record = self._folder.mode_record(files)
            steps = () if record is None else record.steps
            # Both files may be others since their content was taken back, just now.
            own = [file.path for file in files.both]
            return [(each.renewed() if each.path in own else each).reversed() for each in steps]
        found = (self._folder.mode_step(path, mode) for path, mode in self._wanted.items())
        return [step for step in found if step is not None]


def _recorded(record: ModeRecord, files: RealmFiles) -> tuple[list[ModeStep], list[str]]:
    """Note what the modes were, and change them; for the rest see ``_applied``."""
    record.write(files.users.path)
    return _applied(record.steps)


def _applied(steps: Sequence[ModeStep]) -> tuple[list[ModeStep], list[str]]:
    """Make changes; return those that were made, and what became of the others."""
    made, faults = [], []
    for step in steps:
        try:
            step.apply()
        except FileRealmError as error:
            faults.append(f"the mode of [{step.path}] stays: {error}")
        else:
            made.append(step)
    return made, faults
