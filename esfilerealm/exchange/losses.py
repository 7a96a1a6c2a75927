"""What an import or export gives: its result, and by name all that is missing in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import NoReturn

__all__ = ["Exported", "Imported", "Loss"]


@dataclass(frozen=True, slots=True)
class Loss:
    """
    Something that cannot be carried. It holds no password and no hash.

    Attributes:
        where: Its place in the source, such as ``line [3]``.
        what: ``user [bob]``, ``role [x] of user [bob]``, ``2 comments``.
        reason: Why, and what to do about it.
        is_blocking: Whether a user, or a role of a user, would be missing; otherwise it is a remark
            about something that no node looks at.
    """

    where: str
    what: str
    reason: str
    is_blocking: bool

    def __str__(self) -> str:
        return f"{self.where}: {self.what}: {self.reason}"


class _Outcome:
    """Losses, and beside them what must not be seen."""

    __slots__ = ("losses",)

    def __init__(self, losses: tuple[Loss, ...]) -> None:
        self.losses = losses

    @property
    def is_complete(self) -> bool:
        """Whether no user and no role of a user is missing."""
        return not any(loss.is_blocking for loss in self.losses)

    def __reduce__(self) -> NoReturn:
        raise TypeError("exchanged users have password hashes and are not to be pickled")


class Imported(_Outcome):
    """
    Users of another tool's file.

    Attributes:
        document: ``{"users": [{"name": …, "password_hash": …, "roles": […]}, …]}``. ``roles`` is
            left out if the format knows none; in place of the hash there may be a ``password``.
        losses: What is missing in it.
    """

    __slots__ = ("document",)

    def __init__(
        self, document: dict[str, list[dict[str, object]]], losses: tuple[Loss, ...]
    ) -> None:
        super().__init__(losses)
        self.document = document

    def __repr__(self) -> str:
        users = len(self.document["users"])
        return f"<Imported: {users} users, {len(self.losses)} losses>"


class Exported(_Outcome):
    """
    A realm as another tool's file.

    Attributes:
        data: The file.
        losses: What is missing in it.
    """

    __slots__ = ("data",)

    def __init__(self, data: bytes, losses: tuple[Loss, ...]) -> None:
        super().__init__(losses)
        self.data = data

    def __repr__(self) -> str:
        return f"<Exported: {len(self.data)} bytes, {len(self.losses)} losses>"
