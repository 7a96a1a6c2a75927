"""YAML, JSON and TOML that people write: one strict reader, and typed fields."""

from __future__ import annotations

__all__: list[str] = []
