"""Type-checked and never run: the public API as a caller uses it."""
