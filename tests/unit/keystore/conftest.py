"""The tests of keystores need the extra; without it they are skipped."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _extra():
    pytest.importorskip("cryptography", reason="needs the extra keystore")
