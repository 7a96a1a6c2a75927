"""Loggers that write nothing on standard error for who has not set up logging."""

from __future__ import annotations

import logging

__all__ = ["get_logger"]

logging.getLogger(__name__.partition(".")[0]).addHandler(logging.NullHandler())


def get_logger(name: str) -> logging.Logger:
    """Give the logger of a module of this package."""
    return logging.getLogger(name)
