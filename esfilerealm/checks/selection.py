"""Which rules are meant: by codes, or by what codes begin with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import InvalidRuleCodeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .registry import Rule

__all__ = ["codes_of", "selected"]


def selected(
    rules: Mapping[str, Rule], select: Iterable[str] = (), ignore: Iterable[str] = ()
) -> list[Rule]:
    """
    Return the rules of *select*, or all if it is empty, without those of *ignore*.

    Raises:
        InvalidRuleCodeError: If no rule has one of these codes.
    """
    wanted = {code for text in select for code in codes_of(rules, text)}
    unwanted = {code for text in ignore for code in codes_of(rules, text)}
    return [
        each
        for code, each in rules.items()
        if (not wanted or code in wanted) and code not in unwanted
    ]


def codes_of(rules: Mapping[str, Rule], text: str) -> list[str]:
    """
    Return the codes that *text* is, or is the beginning of; in any letter case.

    Raises:
        InvalidRuleCodeError: If there is none.
    """
    wanted = text.strip().upper()
    codes = [code for code in rules if wanted and code.startswith(wanted)]
    if not codes:
        raise InvalidRuleCodeError(text, _hint(rules, wanted))
    return codes


def _hint(rules: Iterable[str], text: str) -> str:
    """Ask for the code with the same digits: other digits are another rule, not a misspelling."""
    digits = "".join(character for character in text if character in "0123456789")
    meant = f"EFR{digits}"
    is_one = bool(digits) and any(code.startswith(meant) for code in rules)
    return f"did you mean [{meant}]?" if is_one else ""
