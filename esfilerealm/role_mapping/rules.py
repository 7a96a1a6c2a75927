"""The rules of role mappings: parsed from JSON, asked about a user."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Final, NoReturn

from .._ground.java import equal_ignoring_case
from ..certificates.dn import DistinguishedName
from ..errors import InvalidDistinguishedNameError, InvalidRoleMappingError, InvalidUserDataError
from .json_text import read_json
from .patterns import InvalidPatternError, compile_pattern, is_pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from .automaton import Automaton

__all__ = ["Rule", "UserData", "parse_rule", "rule_from"]

_SMALLEST_LONG: Final = -(2**63)
_LARGEST_LONG: Final = 2**63 - 1
#: Rules within rules. A rule that is meant comes nowhere near it.
_DEEPEST: Final = 100
_FORMS: Final = "[any], [all], [field] or [except]"


class UserData:
    """
    What a realm knows of a user whose roles are to be found.

    Args:
        username: The name of the user.

        dn: The distinguished name, if the realm knows one.

        groups: The groups; names, or distinguished names.

        metadata: From a key to a string, boolean, number, None or a list of these.

        realm: The name of the realm.
    """

    __slots__ = ("dn", "groups", "metadata", "realm", "username")

    def __init__(
        self,
        username: str | None = None,
        dn: str | None = None,
        groups: Iterable[str] = (),
        metadata: Mapping[str, object] | None = None,
        realm: str = "",
    ) -> None:
        self.username = username
        self.dn = dn
        self.groups = tuple(groups)
        self.metadata = dict(metadata or {})
        self.realm = realm

    def __repr__(self) -> str:
        return f"UserData(username={self.username!r}, realm={self.realm!r})"


class _Value:
    """
    One value of a field in a rule.

    Attributes:
        value: A string, boolean, number or None.
        automaton: Of a string that is a pattern.
    """

    __slots__ = ("automaton", "value")

    def __init__(self, value: str | int | None, automaton: Automaton | None = None) -> None:
        self.value = value
        self.automaton = automaton


if TYPE_CHECKING:
    #: Whether a value of a rule fits what a user has.
    _Test = Callable[[_Value], bool]


class Rule:
    """A rule. It is made by :func:`parse_rule`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<Rule [{type(self).__name__.strip('_').lower()}]>"

    def matches(self, user: UserData) -> bool:
        """
        Check whether the rule holds for *user*.

        Raises:
            InvalidUserDataError: If a node could not hold the metadata against any rule.
        """
        raise NotImplementedError


class _Expression(Rule):
    __slots__ = ()

    def matches(self, user: UserData) -> bool:
        """Check whether the rule holds for *user*."""
        return self.holds(_tests(user))

    def holds(self, tests: Mapping[str, _Test]) -> bool:
        """Check whether the rule holds for a user of whom the tests of the fields are known."""
        raise NotImplementedError


class _Any(_Expression):
    __slots__ = ("_rules",)

    def __init__(self, rules: list[_Expression]) -> None:
        self._rules = rules

    def holds(self, tests: Mapping[str, _Test]) -> bool:
        return any(rule.holds(tests) for rule in self._rules)


class _All(_Expression):
    __slots__ = ("_rules",)

    def __init__(self, rules: list[_Expression]) -> None:
        self._rules = rules

    def holds(self, tests: Mapping[str, _Test]) -> bool:
        return all(rule.holds(tests) for rule in self._rules)


class _Except(_Expression):
    __slots__ = ("_rule",)

    def __init__(self, rule: _Expression) -> None:
        self._rule = rule

    def holds(self, tests: Mapping[str, _Test]) -> bool:
        return not self._rule.holds(tests)


class _Field(_Expression):
    __slots__ = ("_name", "_values")

    def __init__(self, name: str, values: list[_Value]) -> None:
        self._name = name
        self._values = values

    def holds(self, tests: Mapping[str, _Test]) -> bool:
        return any(map(tests.get(self._name, _is_null), self._values))


def parse_rule(text: str, *, has_classes: bool = True) -> Rule:
    r"""
    Parse a rule. What follows its closing brace is not read.

    Args:
        text: JSON, which may contain comments.

        has_classes: Whether ``\d``, ``\w`` and ``\s`` are classes in regular expressions, as in
            Elasticsearch 8 and newer, or plain letters, as in 7.

    Raises:
        InvalidRoleMappingError: If a node would not take it.

    Source:
        ``ExpressionParser``.
    """
    return rule_from(read_json(text), "rules", has_classes=has_classes)


def rule_from(value: object, where: str, *, has_classes: bool = True) -> Rule:
    """
    Return the rule that a value of JSON is.

    Args:
        value: As :func:`json.loads` returns it.

        where: The place of the value, for errors.

        has_classes: As in :func:`parse_rule`.

    Raises:
        InvalidRoleMappingError: If a node would not take it.
    """
    return _Parser(has_classes=has_classes).rule(value, where)


class _Parser:
    def __init__(self, *, has_classes: bool) -> None:
        self._has_classes = has_classes
        self._depth = 0

    def rule(self, value: object, where: str, *, may_except: bool = False) -> _Expression:
        if self._depth > _DEEPEST:
            _refuse(where.partition(".")[0], "nested too deeply")
        self._depth += 1
        form, content = _only_entry(value, where, f"the object of a rule: {_FORMS}")
        place = f"{where}.{form}"
        if form in ("any", "all"):
            rule = self._list(form, content, place)
        elif form == "field":
            rule = self._field(content, place)
        elif form == "except":
            if not may_except:
                _refuse(place, "[except] is not allowed here: put it directly into an [all]")
            rule = _Except(self.rule(content, place))
        else:
            _refuse(where, f"[{form}] is not recognised; use {_FORMS}")
        self._depth -= 1
        return rule

    def _list(self, form: str, content: object, where: str) -> _Expression:
        if not isinstance(content, list):
            _refuse(where, f"[{form}] requires an array of rules")
        may_except = form == "all"
        rules = [
            self.rule(item, f"{where}[{number}]", may_except=may_except)
            for number, item in enumerate(content)
        ]
        return _All(rules) if form == "all" else _Any(rules)

    def _field(self, content: object, where: str) -> _Expression:
        name, value = _only_entry(content, where, "a field and its values")
        if not name:
            _refuse(where, "the name of the field is empty")
        place = f"{where}.{name}"
        values = value if isinstance(value, list) else [value]
        if not values:
            _refuse(place, "there must be at least one value")
        return _Field(name, [self._value(item, place) for item in values])

    def _value(self, value: object, where: str) -> _Value:
        if value is None or isinstance(value, bool):
            return _Value(value)
        if isinstance(value, int | float):
            return _Value(_long(value, where))
        if not isinstance(value, str):
            _refuse(where, "a value must be a string, a number, a boolean or null")
        if not is_pattern(value):
            return _Value(value)
        try:
            automaton = compile_pattern(value, has_classes=self._has_classes)
        except InvalidPatternError as error:
            rule = error.rule
        else:
            return _Value(value, automaton)
        return _refuse(where, rule)


def _only_entry(value: object, where: str, content: str) -> tuple[str, object]:
    if not isinstance(value, dict):
        _refuse(where, f"must be an object with {content}")
    if not value:
        _refuse(where, f"does not contain any fields: give it {content}")
    if len(value) > 1:
        _refuse(where, "contains multiple fields: put each into an object, and these into an [all]")
    return next(iter(value.items()))


def _long(number: float, where: str) -> int:
    """Return a number of a rule as a node does: without its fraction, of 64 bits."""
    whole = int(number) if math.isfinite(number) else _LARGEST_LONG * 2
    if not isinstance(number, int) and whole == _LARGEST_LONG + 1:
        return _LARGEST_LONG
    if _SMALLEST_LONG <= whole <= _LARGEST_LONG:
        return whole
    return _refuse(where, "the number exceeds 64 bits")


def _refuse(where: str, rule: str) -> NoReturn:
    raise InvalidRoleMappingError(where, rule)


def _tests(user: UserData) -> dict[str, _Test]:
    """
    Return the test of each field of a user, by name; other fields equal null only.

    Source:
        ``UserRoleMapper.UserData.asModel``, ``ExpressionModel``.
    """
    tests = {f"metadata.{key}": _test(key, value) for key, value in user.metadata.items()}
    tests["username"] = _test("", user.username)
    tests["realm.name"] = _test("", user.realm)
    names = _Names()
    tests["groups"] = _any_test([names.test(group) for group in user.groups])
    if user.dn is not None:
        tests["dn"] = names.test(user.dn)
    return tests


def _test(key: str, value: object) -> _Test:
    if value is None:
        return _is_null
    if isinstance(value, str):
        return functools.partial(_is_text, value)
    if isinstance(value, bool):
        return lambda other: other.value is value
    if isinstance(value, int | float):
        return functools.partial(_is_number, key, value)
    if isinstance(value, list | tuple | set | frozenset):
        return _any_test([_test(key, item) for item in value])
    raise InvalidUserDataError(key)


def _any_test(tests: Collection[_Test]) -> _Test:
    return lambda other: any(test(other) for test in tests)


def _is_null(other: _Value) -> bool:
    return other.value is None


def _is_text(text: str, other: _Value) -> bool:
    return other.automaton.accepts(text) if other.automaton else other.value == text


def _is_number(key: str, number: float, other: _Value) -> bool:
    """Compare with a number of a rule, which is whole; the negative zero equals none."""
    if isinstance(other.value, bool) or not isinstance(other.value, int):
        return False
    if isinstance(number, int) and not _SMALLEST_LONG <= number <= _LARGEST_LONG:
        raise InvalidUserDataError(key)
    if isinstance(number, float):
        return number == float(other.value) and not (number == 0 and math.copysign(1, number) < 0)
    return number == other.value


class _Names:
    """The distinguished names of one user and its rules, each parsed once."""

    def __init__(self) -> None:
        self._normalized: dict[str, str | None] = {}

    def test(self, text: str) -> _Test:
        """Return the test of a name that may be a distinguished name."""
        return functools.partial(self._is_name, text)

    def _is_name(self, text: str, other: _Value) -> bool:
        if not isinstance(other.value, str):
            return False
        if other.automaton:
            return self._fits(text, other.value, other.automaton)
        if equal_ignoring_case(text, other.value):
            return True
        own = self._normal(text)
        if own is None:
            return False
        normal = self._normal(other.value)
        return equal_ignoring_case(other.value, own) if normal is None else own == normal

    def _fits(self, text: str, pattern: str, automaton: Automaton) -> bool:
        """Try a pattern on every form of a name, and as a name to be below."""
        own = self._normal(text)
        forms = [text, text.lower(), text.upper(), *(() if own is None else (own,))]
        if any(map(automaton.accepts, forms)):
            return True
        suffix = pattern.removeprefix("*,")
        if own is None or suffix == pattern or "*" in suffix:
            return False
        above = self._normal(suffix)
        if above is None:
            return False
        return own.endswith(f",{above}") or (not above and own != "")

    def _normal(self, text: str) -> str | None:
        if text not in self._normalized:
            try:
                self._normalized[text] = DistinguishedName.parse(text).normalized
            except InvalidDistinguishedNameError:
                self._normalized[text] = None
        return self._normalized[text]
