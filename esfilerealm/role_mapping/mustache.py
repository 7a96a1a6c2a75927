"""Mustache as Elasticsearch's script engine renders it, by the library chevron."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote_plus

from .._ground.extras import require_extra

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    _Token = tuple[str, str]

__all__ = ["TemplateError", "render"]

_JOIN: Final = re.compile(r"join(?:\s+delimiter='(.*)')?", re.IGNORECASE | re.DOTALL)


class TemplateError(Exception):
    """A template that is not Mustache."""


def render(source: str, variables: Mapping[str, object]) -> str:
    """
    Render a template. Values are escaped for JSON, unless they stand in three braces.

    Args:
        source: The template, which may use the functions ``toJson``, ``join`` and ``url``.

        variables: Values that JSON can hold. A dotted name is looked up step by step.

    Raises:
        TemplateError: If it is not Mustache.
        MissingExtraError: Without the extra ``pki``.

    Source:
        ``MustacheScriptEngine``, ``CustomMustacheFactory``.
    """
    require_extra("pki", "a role template", "chevron")
    import chevron
    from chevron.tokenizer import ChevronError, tokenize

    scope = {**_printable(variables), "_json": _escaped, "_url": _encoded}
    try:
        tokens = list(_own_tokens(tokenize(source), variables))
        return str(chevron.render(tokens, scope, partials_path=None))
    except (ChevronError, IndexError, RecursionError, SyntaxError, ValueError):
        pass
    raise TemplateError


def _own_tokens(tokens: Iterable[_Token], variables: Mapping[str, object]) -> Iterator[_Token]:
    """Yield the tokens of chevron for those of a template, with the engine's own functions."""
    rest = iter(tokens)
    for kind, name in rest:
        if kind == "variable":
            yield from (("section", "_json"), ("no escape", name), ("end", "_json"))
        elif name.lower() == "url" and kind in ("section", "end"):
            yield kind, "_url"
        elif kind == "section" and (name.lower() == "tojson" or _JOIN.fullmatch(name)):
            inner = "".join(text for _, text in iter(rest.__next__, ("end", name)))
            yield "literal", _function(name, _looked_up(inner.strip(), variables))
        else:
            yield kind, name


def _function(name: str, value: object) -> str:
    """Return what ``toJson`` or ``join`` makes of a value."""
    match = _JOIN.fullmatch(name)
    if match is None:
        return json.dumps(value, ensure_ascii=False)
    items = value if isinstance(value, list | tuple) else [] if value is None else [value]
    return (match[1] or ",").join(map(_text, items))


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)


class _Boolean(int):
    """A boolean that is printed as in Java."""

    def __str__(self) -> str:
        return "true" if self else "false"


def _printable(value: Any) -> Any:  # noqa: ANN401 -- whatever JSON can hold
    if isinstance(value, bool):
        return _Boolean(value)
    if isinstance(value, dict):
        return {key: _printable(item) for key, item in value.items()}
    return list(map(_printable, value)) if isinstance(value, list | tuple) else value


def _looked_up(name: str, variables: Mapping[str, object]) -> object:
    value: object = variables
    for step in name.split("."):
        if isinstance(value, dict) and step in value:
            value = value[step]
        elif isinstance(value, list | tuple) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def _escaped(text: str, render_: Callable[[str], str]) -> str:
    return json.dumps(render_(text), ensure_ascii=False)[1:-1]


def _encoded(text: str, render_: Callable[[str], str]) -> str:
    return quote_plus(render_(text))
