"""A folder that others can reach too."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest


@pytest.fixture
def open_folder():
    """Not in the folder of pytest, which is for its user only."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)
