"""A realm as a document describes it, which may leave passwords and roles unsaid."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import NoReturn

__all__ = ["DescribedRealm"]


class DescribedRealm:
    """
    The users of a document, as a ``ParsedRealm`` has those of both files.

    Hashes are inside and are never shown: neither by ``repr`` nor by pickling, which is refused.

    Args:
        users: From username to the hash and the roles; None for what the document leaves unsaid,
            such as the hash of a password that it names.

        skipped: A sentence for each thing in the document that is not part of a realm.
    """

    __slots__ = ("skipped", "users")

    def __init__(
        self,
        users: Mapping[str, tuple[str | None, tuple[str, ...] | None]],
        *,
        skipped: tuple[str, ...] = (),
    ) -> None:
        self.users = users
        self.skipped = skipped

    def __reduce__(self) -> NoReturn:
        raise TypeError("a described realm holds password hashes and cannot be pickled")

    def __repr__(self) -> str:
        return f"<DescribedRealm: {len(self.users)} users, {len(self.skipped)} skipped>"
