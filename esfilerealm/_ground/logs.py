"""Loggers with a ``NullHandler``: silent unless the program configures logging."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from .showing import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["RepeatedError", "get_logger", "log_errors"]

#: Up to this many errors are logged one by one.
_MOST: Final = 100

logging.getLogger(__name__.partition(".")[0]).addHandler(logging.NullHandler())


def get_logger(name: str) -> logging.Logger:
    """Return the logger of a module of this package; what it logs is printable."""
    logger = logging.getLogger(name)
    logger.addFilter(_make_printable)
    return logger


def _make_printable(record: logging.LogRecord) -> bool:
    """Make the arguments of a message printable, whatever they are; the message itself is ours."""
    if isinstance(record.args, tuple):
        record.args = tuple(
            value if isinstance(value, (int, float)) else printable(str(value))
            for value in record.args
        )
    return True


def log_errors(
    logger: logging.Logger, message: str, faults: Sequence[tuple[object, ...]], what: str
) -> None:
    """
    Log the first hundred of many errors, and the number of the rest.

    Args:
        logger: The logger of the caller, which is recorded as the origin.

        message: The message for each error.

        faults: The arguments of *message*, for each error.

        what: A noun in the plural for the rest.
    """
    for arguments in faults[:_MOST]:
        logger.error(message, *arguments, stacklevel=2)
    if len(faults) > _MOST:
        logger.error("and [%d] more %s", len(faults) - _MOST, what, stacklevel=2)


class RepeatedError:
    """The last error of something that is retried, so that an error is logged only once."""

    def __init__(self) -> None:
        self._last: tuple[type[BaseException], str] | None = None

    def is_new(self, error: BaseException) -> bool:
        """Remember *error*, and return whether it differs from the last one."""
        before, self._last = self._last, (type(error), str(error))
        return self._last != before

    def clear(self) -> None:
        """Forget the last error after a success, so that it is logged when it comes back."""
        self._last = None
