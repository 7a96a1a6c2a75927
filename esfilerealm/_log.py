"""Loggers that write nothing on standard error for who has not set up logging."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["get_logger", "log_errors"]

#: Of many faults of one kind, so many are told one by one.
_MOST: Final = 100

logging.getLogger(__name__.partition(".")[0]).addHandler(logging.NullHandler())


def get_logger(name: str) -> logging.Logger:
    """Give the logger of a module of this package."""
    return logging.getLogger(name)


def log_errors(logger: logging.Logger, message: str, faults: Sequence[tuple[object, ...]]) -> None:
    """Log faults of one kind, given by what the message says of each; of very many, a part."""
    for arguments in faults[:_MOST]:
        logger.error(message, *arguments)
    if len(faults) > _MOST:
        logger.error("and [%d] more like these", len(faults) - _MOST)
