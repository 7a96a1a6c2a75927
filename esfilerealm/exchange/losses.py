"""The results of an import or export, with everything that is missing in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._ground.showing import in_one_line

if TYPE_CHECKING:
    from typing import NoReturn

__all__ = ["Exported", "Imported", "Loss"]


@dataclass(frozen=True, slots=True)
class Loss:
    """
    Something that cannot be converted. It contains no password and no hash.

    Attributes:
        where: The place in the source, such as ``line [3]``.
        what: The thing, such as ``user [bob]``, ``role [x] of user [bob]`` or ``2 comments``.
        reason: Why it cannot be converted, and what to do about it.
        is_blocking: Whether a command needs ``--partial`` to go on: a user or a role of a user is
            missing. What a cluster's Secrets give and a file cannot hold never blocks.
        is_note: Whether nobody loses anything by it: something was converted, or has nothing to do
            with users.
    """

    where: str
    what: str
    reason: str
    is_blocking: bool
    is_note: bool = False

    @in_one_line
    def __str__(self) -> str:
        return f"{self.where}: {self.what}: {self.reason}"


class _Outcome:
    """Losses, and a result that no message may show."""

    __slots__ = ("losses",)

    def __init__(self, losses: tuple[Loss, ...]) -> None:
        self.losses = losses

    @property
    def is_complete(self) -> bool:
        """Whether all users and all their roles were converted."""
        return not any(loss.is_blocking for loss in self.losses)

    def __reduce__(self) -> NoReturn:
        raise TypeError("converted users have password hashes and cannot be pickled")


class Imported(_Outcome):
    """
    Users from another tool's file.

    Attributes:
        document: ``{"users": [{"name": …, "password_hash": …, "roles": […]}, …]}``. A format
            without roles leaves ``roles`` out; there may be a ``password`` in place of the hash.
        losses: What is missing in the document.
        salted_anew: Users whose ``password_hash`` was made from a password of the source. It has a
            new salt, so the next import gives them another.
    """

    __slots__ = ("document", "salted_anew")

    def __init__(
        self,
        document: dict[str, list[dict[str, object]]],
        losses: tuple[Loss, ...],
        salted_anew: frozenset[str] = frozenset(),
    ) -> None:
        super().__init__(losses)
        self.document = document
        self.salted_anew = salted_anew

    def __repr__(self) -> str:
        users = len(self.document["users"])
        return f"<Imported: {users} users, {len(self.losses)} losses>"


class Exported(_Outcome):
    """
    A realm as another tool's file.

    Attributes:
        data: The content of the file.
        losses: What is missing in the file.
    """

    __slots__ = ("data",)

    def __init__(self, data: bytes, losses: tuple[Loss, ...]) -> None:
        super().__init__(losses)
        self.data = data

    def __repr__(self) -> str:
        return f"<Exported: {len(self.data)} bytes, {len(self.losses)} losses>"
