"""
What a field of a document may hold: each kind reads it, and describes it as a JSON Schema.

A table of kinds is the one place that says which fields there are. So the reader and the schema
that editors use cannot drift apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from .fields import Fields

    Schema = dict[str, object]

__all__ = [
    "Choice",
    "Flag",
    "Kind",
    "Number",
    "Record",
    "Records",
    "Rule",
    "Section",
    "Text",
    "TextOrNumber",
    "Texts",
    "Time",
    "whole",
]

T_co = TypeVar("T_co", covariant=True)
C = TypeVar("C", bound=str)

_NULL: Final = "null"


def whole(pattern: str) -> str:
    """Return a pattern that the whole string must match, also where ``$`` matches before an end."""
    return rf"^(?:{pattern})$(?!\n)"


class Rule:
    """
    What a string must be.

    Args:
        broken: Returns the rule that a string breaks, or None.

        schema: The same as a JSON Schema, as far as one can say it; it refuses no string that
            *broken* accepts.
    """

    __slots__ = ("broken", "schema")

    def __init__(self, broken: Callable[[str], str | None], schema: Mapping[str, object]) -> None:
        self.broken = broken
        self.schema = dict(schema)


class Kind(Generic[T_co]):
    """
    A field.

    Args:
        key: Its name.

        about: What it means, in a sentence or two, which editors show.

        may_be_null: Whether null, which means that the field is not given, is accepted.
    """

    def __init__(self, key: str, about: str, *, may_be_null: bool = True) -> None:
        self.key = key
        self.about = about
        self._may_be_null = may_be_null

    def of(self, fields: Fields) -> T_co:
        """Read the field; what is wrong is added to the issues."""
        raise NotImplementedError

    def schema(self) -> Schema:
        """Describe the field as a JSON Schema."""
        values = self._values()
        if self._may_be_null:
            values = _or_null(values)
        return {"description": self.about, **values}

    def _values(self) -> Schema:
        raise NotImplementedError


def _or_null(schema: Schema) -> Schema:
    """Return the same schema, which accepts null too; rules for strings do not concern null."""
    if "type" not in schema:
        return {"anyOf": [*_list(schema["anyOf"]), {"type": _NULL}]}
    allowed = {"enum": [*_list(schema["enum"]), None]} if "enum" in schema else {}
    kinds = schema["type"]
    return {**schema, "type": [*_list(kinds), _NULL], **allowed}


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else [value]


class Text(Kind["str | None"]):
    """A string. Args: *rule*: what it must be, besides a string."""

    def __init__(
        self, key: str, about: str, rule: Rule | None = None, *, may_be_null: bool = True
    ) -> None:
        super().__init__(key, about, may_be_null=may_be_null)
        self._rule = rule

    def of(self, fields: Fields) -> str | None:
        """Read a string that keeps the rule, or None."""
        text = fields.string(self.key)
        broken = None if text is None or self._rule is None else self._rule.broken(text)
        if broken is not None:
            fields.refuse(self.key, broken)
            return None
        return text

    def _values(self) -> Schema:
        return {"type": "string", **(self._rule.schema if self._rule else {})}


class Choice(Kind["C | None"]):
    """One of some words. Args: *choices*: the words."""

    def __init__(self, key: str, about: str, choices: Sequence[C]) -> None:
        super().__init__(key, about)
        self._choices = choices

    def of(self, fields: Fields) -> C | None:
        """Read one of the words, or None."""
        return fields.choice(self.key, self._choices)

    def _values(self) -> Schema:
        return {"type": "string", "enum": list(self._choices)}


class Number(Kind["int | None"]):
    """A whole number above 0."""

    def of(self, fields: Fields) -> int | None:
        """Read the number, or None."""
        return fields.number(self.key)

    def _values(self) -> Schema:
        return {"type": "integer", "minimum": 1}


class Flag(Kind["bool | None"]):
    """True or false."""

    def of(self, fields: Fields) -> bool | None:
        """Read true or false, or None."""
        return fields.flag(self.key)

    def _values(self) -> Schema:
        return {"type": "boolean"}


class Time(Kind["str | None"]):
    """A time, with quotes or without. Args: *rule*: what its text must be."""

    def __init__(self, key: str, about: str, rule: Rule) -> None:
        super().__init__(key, about)
        self._rule = rule

    def of(self, fields: Fields) -> str | None:
        """Read the text of a time that keeps the rule, or None."""
        text = fields.time(self.key)
        broken = None if text is None else self._rule.broken(text)
        if broken is not None:
            fields.refuse(self.key, broken)
            return None
        return text

    def _values(self) -> Schema:
        return {"type": "string", **self._rule.schema}


class TextOrNumber(Kind["str | int | None"]):
    """A string or a whole number."""

    def of(self, fields: Fields) -> str | int | None:
        """Read the string or number, or None."""
        return fields.string_or_number(self.key)

    def _values(self) -> Schema:
        return {"type": ["string", "integer"]}


class Texts(Kind["tuple[str, ...] | None"]):
    """A list of strings. Args: *rule*: what each of them must be."""

    def __init__(self, key: str, about: str, rule: Rule) -> None:
        super().__init__(key, about)
        self._rule = rule

    def of(self, fields: Fields) -> tuple[str, ...] | None:
        """Read the strings without repetitions, or None."""
        return fields.strings(self.key, self._rule.broken)

    def _values(self) -> Schema:
        return {"type": "array", "items": {"type": "string", **self._rule.schema}}


class Record:
    """
    A mapping with known fields.

    Args:
        kinds: Its fields.

        also: What its schema says beyond the fields.

    Attributes:
        keys: The names of the fields.
    """

    def __init__(self, *kinds: Kind[object], also: Mapping[str, object] | None = None) -> None:
        self.keys = tuple(kind.key for kind in kinds)
        self._kinds = kinds
        self._also = dict(also or {})

    def schema(self) -> Schema:
        """Describe the mapping as a JSON Schema."""
        properties = {kind.key: kind.schema() for kind in self._kinds}
        return {
            "type": "object",
            "properties": properties,
            "additionalProperties": False,
            **self._also,
        }


class Section(Kind["Fields"]):
    """One mapping. Args: *record*: its fields."""

    def __init__(self, key: str, about: str, record: Record) -> None:
        super().__init__(key, about)
        self._record = record

    def of(self, fields: Fields) -> Fields:
        """Return its fields; none are given if it is not."""
        return fields.mapping(self.key, self._record.keys)

    def _values(self) -> Schema:
        return self._record.schema()


class Records(Kind["Iterator[tuple[str | None, Fields]]"]):
    """
    Mappings that each have a name: a list, or a mapping from the names to the other fields.

    Args:
        record: The fields of each.

        name: The field for the name.

        rule: What each name must be.

        exempt: A schema of mappings whose name may be any.
    """

    def __init__(
        self,
        key: str,
        about: str,
        record: Record,
        name: str,
        rule: Rule,
        exempt: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(key, about)
        self._record = record
        self._name = name
        self._rule = rule
        self._exempt = exempt

    def of(self, fields: Fields) -> Iterator[tuple[str | None, Fields]]:
        """Iterate over the names, None in a list, and the mappings."""
        return fields.mappings_by_name(self.key, self._record.keys, self._name)

    def _values(self) -> Schema:
        return {"anyOf": [self._listed(), self._by_name()]}

    def _listed(self) -> Schema:
        named: Schema = {"properties": {self._name: {"type": "string", **self._rule.schema}}}
        if self._exempt is not None:
            plain: Schema = {"properties": {self._name: {"type": "string"}}}
            named = {"if": dict(self._exempt), "then": plain, "else": named}
        one = {**self._record.schema(), "required": [self._name], "allOf": [named]}
        return {"type": "array", "items": one}

    def _by_name(self) -> Schema:
        one = _or_null(self._record.schema())
        if self._exempt is None:
            return {
                "type": "object",
                "propertyNames": self._rule.schema,
                "additionalProperties": one,
            }
        pattern = str(self._rule.schema["pattern"])
        exempt = {**one, "allOf": [dict(self._exempt)]}
        return {
            "type": "object",
            "patternProperties": {pattern: one},
            "additionalProperties": exempt,
        }
