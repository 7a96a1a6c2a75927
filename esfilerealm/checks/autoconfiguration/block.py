"""The block of settings that automatic configuration writes, and what its removal leaves."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ...settings.sources import Setting, as_text, gather_lists

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...errors import InvalidSettingError
    from ...settings.yaml_file import KeyIssue

__all__ = [
    "GENERATED_KEYS",
    "GENERATED_SECURE_SETTINGS",
    "BlockRemoval",
    "count_marks",
    "preview_removal",
]

GENERATED_KEYS: Final = frozenset(
    {
        "xpack.security.enabled",
        "xpack.security.enrollment.enabled",
        "xpack.security.transport.ssl.enabled",
        "xpack.security.transport.ssl.keystore.path",
        "xpack.security.transport.ssl.truststore.path",
        "xpack.security.transport.ssl.verification_mode",
        "xpack.security.http.ssl.enabled",
        "xpack.security.http.ssl.keystore.path",
        "cluster.initial_master_nodes",
        "http.host",
    }
)
"""The keys that a node takes for generated when it removes a block."""

GENERATED_SECURE_SETTINGS: Final = (
    "xpack.security.transport.ssl.keystore.secure_password",
    "xpack.security.transport.ssl.truststore.secure_password",
    "xpack.security.http.ssl.keystore.secure_password",
)
"""The secure settings that automatic configuration adds; one of them there already ends it."""

#: What an installation of a package adds.
_PASSWORD_HASH: Final = "autoconfiguration.password_hash"  # noqa: S105 - the name of a setting
_BEGIN: Final = re.compile(r"^#[^\n]*BEGIN SECURITY AUTO CONFIGURATION", re.MULTILINE)
_END: Final = re.compile(r"^#[^\n]*END SECURITY AUTO CONFIGURATION[^\n]*", re.MULTILINE)
_BY_ITSELF: Final = (*GENERATED_SECURE_SETTINGS, _PASSWORD_HASH)


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockRemoval:
    """
    What a node would leave of an ``elasticsearch.yml`` when it removes its block again.

    Attributes:
        found: Whether there is a block.
        first_line: Of the block, counted from 1, or None.
        last_line: Likewise.
        kept: The keys in the block that somebody added: they move to the end of the file.
        problem: Why the node would give up, or nothing.
        text: The new text; the old one if there is no block, or if the node would give up.
    """

    found: bool = False
    first_line: int | None = None
    last_line: int | None = None
    kept: tuple[str, ...] = ()
    problem: str = ""
    text: str = field(repr=False)


def count_marks(text: str) -> tuple[int, int]:
    """Return how many comments begin a block of generated settings, and how many end one."""
    return len(_BEGIN.findall(text)), len(_END.findall(text))


def preview_removal(text: str, *, secure_settings: Iterable[str] | None = None) -> BlockRemoval:
    """
    Tell what a node would leave of *text*; it removes its block before it enrolls anew.

    Only keys count: a generated key with another value is removed all the same.

    Args:
        text: The content of an ``elasticsearch.yml``.

        secure_settings: The names in the keystore. A node gives up if one is missing that it has to
            remove, and the hash of a password is there only after the installation of a package.
            With None, the keystore is not considered.

    Source:
        ``AutoConfigureNode.removePreviousAutoconfiguration``.
    """
    begin = _BEGIN.search(text)
    end = begin and _END.search(text, begin.end())
    if begin is None or end is None:
        return BlockRemoval(text=text)
    settings, problem = _settings_of(text[begin.start() : end.end()])
    if secure_settings is not None and not problem:
        problem = _missing(set(secure_settings))
    kept = tuple(key for key in settings if key not in GENERATED_KEYS)
    rest = text[: begin.start()] + text[end.end() :]
    lines = [*rest.rstrip("\n").split("\n"), *(f"{key}: {settings[key]}" for key in kept)]
    return BlockRemoval(
        found=True,
        first_line=text.count("\n", 0, begin.start()) + 1,
        last_line=text.count("\n", 0, end.end()) + 1,
        kept=kept,
        problem=problem,
        text=text if problem else "".join(f"{line}\n" for line in lines),
    )


def _settings_of(block: str) -> tuple[dict[str, str], str]:
    """Return the settings in a block as text, and why it cannot be read, or nothing."""
    from ...settings.yaml_file import flat_text

    problems: list[InvalidSettingError] = []
    issues: dict[str, list[KeyIssue]] = {}
    flat = flat_text(block, "block", problems, issues)
    settings = {key: Setting(value, where) for key, (value, where) in flat.items()}
    gather_lists(settings, issues)
    rules = [problem.rule for problem in problems]
    rules += [issue.rule for found in issues.values() for issue in found if issue.is_fatal]
    problem = f"the block cannot be read as settings: {rules[0]}" if rules else ""
    return {key: as_text(setting.value) for key, setting in settings.items()}, problem


def _missing(secure_settings: set[str]) -> str:
    missing = [name for name in _BY_ITSELF if name not in secure_settings]
    return f"the keystore did not contain expected setting [{missing[0]}]" if missing else ""
