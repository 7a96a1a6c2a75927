"""JSON as a node reads it: strict, but comments are allowed."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from ..errors import InvalidRoleMappingError

if TYPE_CHECKING:
    from typing import NoReturn

__all__ = ["read_json"]

#: What is not closed extends to the end, so that the search takes time in proportion to the text.
_STRING_OR_COMMENT: Final = re.compile(
    r"""("(?:[^"\\]|\\.)*+(?:"|\\?\Z))|/\*.*?(?:\*/|\Z)|//[^\n]*""", re.DOTALL
)
_BLANKS: Final = " \t\r\n"


class _RefusedError(ValueError):
    """What a node refuses and the reader of Python would take."""


def read_json(text: str, where: str = "", *, whole: bool = False) -> object:
    """
    Return the first value of a text.

    Args:
        text: JSON, which may contain comments.

        where: The place of the text, for errors.

        whole: Refuse text after the value.

    Raises:
        InvalidRoleMappingError: If it is not JSON, or contains a key twice. Nothing is quoted.
    """
    bare = _STRING_OR_COMMENT.sub(lambda match: match[1] or _blanks(match[0]), text)
    start = len(bare) - len(bare.lstrip(_BLANKS))
    decoder = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_refuse_constant)
    try:
        value, end = decoder.raw_decode(bare, start)
    except json.JSONDecodeError as error:
        rule = f"not JSON in line {error.lineno}, column {error.colno}: {error.msg}"
    except _RefusedError as error:
        rule = str(error)
    except (RecursionError, ValueError):
        rule = "nested too deeply, or with a number that is too long"
    else:
        if not whole or not bare[end:].strip(_BLANKS):
            return value
        rule = "there is more text after the value"
    raise InvalidRoleMappingError(where, rule)


def _blanks(comment: str) -> str:
    """Return what keeps the places of what follows a comment."""
    return re.sub(r"[^\n]", " ", comment)


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    entries = dict(pairs)
    if len(entries) < len(pairs):
        last = {key: number for number, (key, _) in enumerate(pairs)}
        repeated = next(key for number, (key, _) in enumerate(pairs) if last[key] > number)
        raise _RefusedError(f"the key [{repeated}] is given twice")
    return entries


def _refuse_constant(name: str) -> NoReturn:
    raise _RefusedError(f"[{name}] is not a number of JSON")
