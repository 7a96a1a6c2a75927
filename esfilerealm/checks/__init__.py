"""Reports what a person should look at. Nothing here writes."""

from __future__ import annotations

__all__: list[str] = []
