"""Loggers that write nothing on standard error for who has not set up logging."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["RepeatedError", "get_logger", "log_errors"]

#: So many faults are told one by one.
_MOST: Final = 100

logging.getLogger(__name__.partition(".")[0]).addHandler(logging.NullHandler())


def get_logger(name: str) -> logging.Logger:
    """Give the logger of a module of this package."""
    return logging.getLogger(name)


def log_errors(
    logger: logging.Logger, message: str, faults: Sequence[tuple[object, ...]], what: str
) -> None:
    """
    Log many faults, but not very many.

    Args:
        logger: The caller's, who is named as the origin.

        message: What to say of each.

        faults: The arguments of *message*.

        what: The faults in the plural, to say how many more there are.
    """
    for arguments in faults[:_MOST]:
        logger.error(message, *arguments, stacklevel=2)
    if len(faults) > _MOST:
        logger.error("and [%d] more %s", len(faults) - _MOST, what, stacklevel=2)


class RepeatedError:
    """The last error of something that is tried again and again, to be logged once."""

    def __init__(self) -> None:
        self._last: tuple[type[BaseException], str] | None = None

    def is_new(self, error: BaseException) -> bool:
        """Remember *error*, and return whether it differs from the last one."""
        before, self._last = self._last, (type(error), str(error))
        return self._last != before

    def clear(self) -> None:
        """Forget the last error after a success, so that it is logged when it comes back."""
        self._last = None
