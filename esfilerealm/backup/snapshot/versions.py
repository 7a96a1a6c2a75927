"""Whether security data of one release can be restored by another, and why not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from ..._ground.showing import in_one_line
from ...errors import InvalidSnapshotValueError, SnapshotNotCompatibleError

__all__ = ["Compatibility", "Release", "compare_releases"]

#: Whose steps are known.
_OLDEST, _NEWEST = 6, 9
#: From this major on a cluster restores what the major before has made, too.
_FIRST_WITH_TWO_MAJORS: Final = 8

_RELEASE: Final = re.compile(r"([0-9]{1,4})(?:\.([0-9]{1,4})(?:\.([0-9]{1,4}))?)?(?:-[\w.+-]*)?")


@dataclass(frozen=True, slots=True)
class Release:
    """
    A release of Elasticsearch.

    Attributes:
        major: The first number.
        minor: The second; None if it is not known.
        patch: The third; None if it is not known.
    """

    major: int
    minor: int | None = None
    patch: int | None = None

    @classmethod
    def parse(cls, text: str) -> Release:
        """
        Read ``8``, ``8.19`` or ``8.19.3``; what follows a hyphen, as ``-SNAPSHOT``, says nothing.

        Raises:
            InvalidSnapshotValueError: If it is none.
        """
        match = _RELEASE.fullmatch(text) if text.isascii() else None
        if match is None:
            raise InvalidSnapshotValueError("release", text, "write it as 8.19.3, 8.19 or 8")
        minor, patch = (None if part is None else int(part) for part in match.groups()[1:])
        return cls(int(match[1]), minor, patch)

    @in_one_line
    def __str__(self) -> str:
        parts = (self.major, self.minor, self.patch)
        return ".".join(str(part) for part in parts if part is not None)

    def is_older_than(self, other: Release) -> bool | None:
        """Return whether it came before *other*; None if too little is known to tell."""
        for own, others in (
            (self.major, other.major),
            (self.minor, other.minor),
            (self.patch, other.patch),
        ):
            if own is None or others is None:
                return None if own != others else False
            if own != others:
                return own < others
        return False

    def is_at_least(self, major: int, minor: int) -> bool:
        """Check whether it is surely that release or a later one."""
        return (self.major, -1 if self.minor is None else self.minor) >= (major, minor)

    def require_known(self) -> None:
        """
        Check that the steps of this major release are known.

        Raises:
            InvalidSnapshotValueError: If they are not.
        """
        if not _OLDEST <= self.major <= _NEWEST:
            rule = f"the steps are known for the major releases {_OLDEST} to {_NEWEST}"
            raise InvalidSnapshotValueError("release", str(self), rule)


@dataclass(frozen=True, slots=True)
class Compatibility:
    """
    Whether security data can be restored.

    Attributes:
        source: The release that made the snapshot.
        target: The release of the cluster that is to restore it.
        created: The release in which the security index was created, or what stands for it.
        is_assumed: Whether nobody knew that release, so that *source* stands for it.
        reasons: Why it cannot be restored, one sentence each; nothing if it can.
        remarks: What to know even so.
    """

    source: Release
    target: Release
    created: Release
    is_assumed: bool
    reasons: tuple[str, ...]
    remarks: tuple[str, ...]

    @property
    def is_allowed(self) -> bool:
        """Whether it can be restored."""
        return not self.reasons

    def require(self) -> None:
        """
        Check that it can be restored.

        Raises:
            SnapshotNotCompatibleError: If it cannot; it has the reasons.
        """
        if self.reasons:
            raise SnapshotNotCompatibleError(str(self.source), str(self.target), self.reasons)

    @in_one_line
    def __str__(self) -> str:
        can = "can" if self.is_allowed else "cannot"
        verdict = f"[{self.target}] {can} restore security data of [{self.source}]"
        return ": ".join([verdict, "; ".join(self.reasons)]) if self.reasons else verdict


def compare_releases(
    source: Release, target: Release, *, created: Release | None = None
) -> Compatibility:
    """
    Decide whether *target* can restore security data that *source* has saved.

    Up to 7 only the same major release can, as the documentation of these releases says. From 8 on
    what counts is the release in which the index was created: that major or the one before. No
    release restores what a later one has made.

    Args:
        source: The release that made the snapshot.

        target: The release that is to restore it.

        created: The release in which the security index was created, which upgrades do not
            change; None if nobody knows.

    Raises:
        InvalidSnapshotValueError: If the index is newer than the snapshot, or the steps of *target*
            are not known.
    """
    target.require_known()
    if created is not None and source.is_older_than(created):
        rule = f"an index cannot be newer than the snapshot, which [{source}] has made"
        raise InvalidSnapshotValueError("release of the index", str(created), rule)
    is_assumed = created is None
    index = source if created is None else created
    reasons = (*_age(source, target), *_major(source, target, index))
    return Compatibility(
        source, target, index, is_assumed, reasons, _remarks(source, target) if is_assumed else ()
    )


def _age(source: Release, target: Release) -> tuple[str, ...]:
    is_older = target.is_older_than(source)
    if is_older is None:
        return (f"[{target}] and [{source}] say too little to compare: give whole releases",)
    if is_older:
        return (f"[{source}] is later than [{target}], and no release restores of a later one",)
    return ()


def _major(source: Release, target: Release, index: Release) -> tuple[str, ...]:
    if target.major < _FIRST_WITH_TWO_MAJORS and source.major != target.major:
        reason = (
            f"up to 7 security data is restored within a major release only, and [{source}] is not "
            f"of {target.major}: restore it in {source.major}, then upgrade that cluster"
        )
        return (reason,)
    oldest = target.major - 1
    if index.major < oldest:
        reason = (
            f"the index was created in {index.major}, and a cluster of {target.major} reads those "
            f"of {oldest} and {target.major} only; that it can read older ones as archives does "
            f"not help for security data: restore it in {index.major + 1}, migrate it there with "
            "the upgrade assistant, and make a new snapshot"
        )
        return (reason,)
    return ()


def _remarks(source: Release, target: Release) -> tuple[str, ...]:
    if source.major >= target.major:
        return ()
    remark = (
        f"nobody has said in which release the index was created: [{source}] is assumed. If that "
        f"cluster came from {source.major - 1} by upgrades, [{target}] refuses it"
    )
    return (remark,)
