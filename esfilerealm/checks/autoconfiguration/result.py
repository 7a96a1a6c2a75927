"""What automatic configuration would do, and every reason for it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from ..._ground.showing import in_one_line

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self

__all__ = ["AutoConfiguration", "Exit", "Hit", "Stage"]

Stage = Literal["environment", "log4j2", "keystore_load", "command"]
Exit = Literal["OK", "NOOP", "CONFIG", "CANT_CREATE", "exception", "PROCEEDS"]

#: How the rules begin that are checks of automatic configuration itself.
_CHECKS: Final = "AUT-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """
    One thing that a first start would meet. No password and no secure value is in it.

    Attributes:
        rule: ``AUT-01`` to ``AUT-13``, as the guide lists them; or what else ends the start:
            ``settings``, ``log4j2`` or ``keystore``.
        stage: Where in a start it is met; see ``AutoConfiguration``.
        exit: How the command would end there; see ``AutoConfiguration``.
        shown: Whether the node says so, in a start without enrollment token.
        message: What is met, in one line.
        advice: What to change, in one line.
        key: The setting, secure ones included, or None.
        path: The file or directory, or None for ``-E`` and environment variables.
        line: The line of the file, counted from 1, or None.
        decides: Whether it ends the command if nothing before it does. False for what comes later
            than the decision, and for what could not be examined.
    """

    rule: str
    stage: Stage
    exit: Exit
    shown: bool
    message: str
    advice: str
    key: str | None = None
    path: str | None = None
    line: int | None = None
    decides: bool = True

    @in_one_line
    def __str__(self) -> str:
        return f"{self.place}{self.rule}: {self.message}; {self.advice}"

    @property
    def place(self) -> str:
        """The file and line, as the beginning of a message, or nothing."""
        line = "" if self.line is None else f", line [{self.line}]"
        return "" if self.path is None else f"[{self.path}]{line}: "


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoConfiguration:
    """
    What a first start would do.

    Attributes:
        stage: Where it is decided: ``environment`` while settings are read, ``log4j2`` when
            ``log4j2.properties`` is looked for, ``keystore_load`` when the keystore is read before
            its password is asked for, ``command`` in the command that configures security.
        configured: Whether security would be configured. With an enrollment token that takes the
            other node too: then it is whether nothing here is against it.
        check: The check that ends the command, ``AUT-01`` to ``AUT-13``; None if nothing does, or
            if the start ends for another reason, which is the first hit.
        exit: How the command ends. ``OK``: security is configured. ``NOOP``, ``CONFIG``,
            ``CANT_CREATE``: it is not. ``PROCEEDS``: the enrollment token is read next.
            ``exception``: anything else that stops the start. ``CONFIG`` with the stage ``log4j2``
            is the exit of the start itself.
        shown: Whether the node prints a reason; most often it is silent.
        start: Whether the start ``continues`` after that, or ``fails``. What comes later, such as
            a keystore that cannot be decrypted for the node, is only among the hits.
        hits: Everything that applies, in the order of a start; what comes first decides.
    """

    stage: Stage = "command"
    configured: bool = True
    check: str | None = None
    exit: Exit = "OK"
    shown: bool = False
    start: Literal["continues", "fails"] = "continues"
    hits: tuple[Hit, ...] = field(default=())

    @classmethod
    def of(cls, hits: Iterable[Hit], *, enrollment: bool) -> Self:
        """Return what the first of all *hits* that decides leads to."""
        hits = tuple(hits)
        first = next((hit for hit in hits if hit.decides), None)
        if first is None:
            return cls(exit="PROCEEDS" if enrollment else "OK", hits=hits)
        fails = enrollment or first.stage != "command" or first.exit == "exception"
        return cls(
            stage=first.stage,
            configured=False,
            check=first.rule if first.rule.startswith(_CHECKS) else None,
            exit=first.exit,
            shown=first.shown or fails,
            start="fails" if fails else "continues",
            hits=hits,
        )

    def to_dict(self) -> dict[str, object]:
        """Return the attributes as a dictionary fit for JSON."""
        return asdict(self)
