"""
Words to options, by the rules of ``elasticsearch-users``.

No library has these rules: a value may look like an option (``-p -secret-``), a long option may
have one dash (``-roles x``) and be abbreviated (``--rol x``), a short one may carry its value
(``-rx``, ``-r=x``), and repeating an option is an error. They are those of joptsimple.
"""

from __future__ import annotations

from .exits import UsageError

__all__ = ["Command", "Option", "ParsedWords", "parse"]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from collections.abc import Sequence


class Option:
    """
    An option of a command.

    Args:
        names: Without dashes, as a text with blanks between: ``"p password"``.

        help: One sentence.

        metavar: What its value is called; None for an option without a value.

        repeatable: Whether it may be given more than once.

        is_ours: Whether ``elasticsearch-users`` lacks it. Such a name has to be written out, so
            that every abbreviation that is clear there is clear here.
    """

    __slots__ = ("help", "is_ours", "metavar", "names", "repeatable")

    def __init__(
        self,
        names: str,
        help: str,
        *,
        metavar: str | None = None,
        repeatable: bool = False,
        is_ours: bool = False,
    ) -> None:
        self.names = names.split()
        self.help = help
        self.metavar = metavar
        self.repeatable = repeatable
        self.is_ours = is_ours

    @property
    def key(self) -> str:
        """The name by which its value is asked for: the long one, if it has one."""
        return self.names[-1]

    def __str__(self) -> str:
        return "/".join(self.names)


class Command:
    """
    A subcommand, or the command itself.

    Args:
        name: As it is typed.

        summary: One sentence.

        notes: Lines of help between the summary and the options.

        options: In any order.

        argument: What its only positional word is called, None if it takes none.

        argument_is_optional: Whether that word may be left out.

        argument_is_repeatable: Whether there may be several of them.

        home: The module in this package that has the function ``run_<name>``.
    """

    __slots__ = (
        "argument",
        "argument_is_optional",
        "argument_is_repeatable",
        "home",
        "name",
        "notes",
        "options",
        "summary",
    )

    def __init__(
        self,
        name: str,
        summary: str,
        options: Sequence[Option],
        *,
        notes: Sequence[str] = (),
        argument: str | None = None,
        argument_is_optional: bool = False,
        argument_is_repeatable: bool = False,
        home: str = "",
    ) -> None:
        self.name = name
        self.summary = summary
        self.options = options
        self.notes = notes
        self.argument = argument
        self.argument_is_optional = argument_is_optional
        self.argument_is_repeatable = argument_is_repeatable
        self.home = home


class ParsedWords:
    """
    What the words of a command line say.

    Attributes:
        values: From an option's key to its values, one unless it is repeatable; an option
            without a value has an empty one.
        positionals: The other words.
    """

    def __init__(self) -> None:
        self.values: dict[str, list[str]] = {}
        self.positionals: list[str] = []

    def add(self, option: Option, value: str) -> None:
        """Note one occurrence of an option."""
        values = self.values.setdefault(option.key, [])
        if values and not option.repeatable:
            raise UsageError(f"option [{option}] is given more than once")
        values.append(value)


def parse(
    words: Sequence[str], options: Sequence[Option], *, stop_at_first_positional: bool = False
) -> ParsedWords:
    """
    Read *words*; ``--`` ends the options, a lone ``-`` is a positional word.

    Raises:
        UsageError: For an unknown or repeated option, or one without its value.
    """
    reader = _Reader(words, options)
    while reader.rest:
        word = reader.rest.pop(0)
        if word == "--":
            break
        if word.startswith("-") and word != "-":
            reader.read_option(word)
            continue
        reader.parsed.positionals.append(word)
        if stop_at_first_positional:
            break
    reader.parsed.positionals += reader.rest
    return reader.parsed


class _Reader:
    """
    The state of ``parse``.

    Attributes:
        rest: The words not yet read.
        parsed: What was read.
    """

    def __init__(self, words: Sequence[str], options: Sequence[Option]) -> None:
        self.rest = list(words)
        self.parsed = ParsedWords()
        self._options = options

    def read_option(self, word: str) -> None:
        is_long = word.startswith("--")
        name, equals, attached = word[2 if is_long else 1 :].partition("=")
        option = self._find(name)
        if option is not None:
            self._take(option, attached if equals else None)
        elif is_long:
            raise UsageError(f"[--{name}] is not an option{self._suggestion(name)}")
        else:
            self._read_cluster(word[1:])

    def _read_cluster(self, letters: str) -> None:
        """Read one-letter options behind one dash; the last may have its value attached."""
        for position, letter in enumerate(letters, 1):
            option = next((option for option in self._options if letter in option.names), None)
            if option is None:
                raise UsageError(f"[-{letter}] is not an option")
            if option.metavar is not None:
                self._take(option, letters[position:] or None)
                return
            self.parsed.add(option, "")

    def _take(self, option: Option, attached: str | None) -> None:
        value = attached
        if option.metavar is None:
            if attached is not None:
                raise UsageError(f"option [{option}] takes no value")
            value = ""
        elif attached is None:
            if not self.rest:
                raise UsageError(f"option [{option}] needs a value")
            value = self.rest.pop(0)
        self.parsed.add(option, value or "")

    def _find(self, name: str) -> Option | None:
        """Find an option by a name of it, or by the beginning of just one option's long name."""
        exact = [option for option in self._options if name in option.names]
        if exact or not name:
            return exact[0] if exact else None
        begun = [
            option
            for option in self._options
            if not option.is_ours and len(option.key) > 1 and option.key.startswith(name)
        ]
        return begun[0] if len(begun) == 1 else None

    def _suggestion(self, name: str) -> str:
        from difflib import get_close_matches

        close = get_close_matches(name, [option.key for option in self._options], 1)
        return f"; did you mean [--{close[0]}]?" if close else ""
