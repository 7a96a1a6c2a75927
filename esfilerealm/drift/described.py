"""A realm as a document describes it, which may leave passwords and roles unsaid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._ground.values import ReadOnlyDict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import NoReturn

    from .standing import Standing

__all__ = ["DescribedRealm"]


class DescribedRealm:
    """
    The users of a document, as a ``ParsedRealm`` has those of both files.

    Hashes are inside and are never shown: neither by ``repr`` nor by pickling, which is refused.

    Args:
        users: From username to the hash and the roles; None for what the document leaves unsaid,
            such as the hash of a password that it names.

        skipped: A sentence for each thing in the document that is not part of a realm.

        standings: What is said of who is locked and who expires, by username.

        is_whole: Whether all other users are neither locked nor expire; otherwise that is unsaid.
            A user with a locked hash is locked in any case.
    """

    __slots__ = ("is_whole", "skipped", "standings", "users")

    def __init__(
        self,
        users: Mapping[str, tuple[str | None, tuple[str, ...] | None]],
        *,
        skipped: tuple[str, ...] = (),
        standings: Mapping[str, Standing] = ReadOnlyDict(),
        is_whole: bool = False,
    ) -> None:
        self.users = users
        self.skipped = skipped
        self.standings = standings
        self.is_whole = is_whole

    def __reduce__(self) -> NoReturn:
        raise TypeError("a described realm holds password hashes and cannot be pickled")

    def __repr__(self) -> str:
        return f"<DescribedRealm: {len(self.users)} users, {len(self.skipped)} skipped>"
