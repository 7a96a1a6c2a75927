"""
Parse a command line by the rules of Elasticsearch's tools, those of joptsimple.

No library has these rules: a value may look like an option (``-p -secret-``), a long option may
have one dash (``-roles x``) and be abbreviated (``--rol x``), the value of a short one may be
attached (``-rx``, ``-r=x``), and repeating an option with a value is an error. An option without a
value may be repeated, and ignores an attached value (``--force=no``) if it is one of those tools.
"""

from __future__ import annotations

from .exits import UsageError

__all__ = ["Command", "Option", "OptionGroup", "ParsedLine", "did_you_mean", "parse"]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Option:
    """
    An option of a command.

    Args:
        names: Without dashes, separated by blanks: ``"p password"``.

        help: One sentence or two.

        metavar: The name of its value in the help; None for an option without a value.

        choices: All values that are valid, if they can be listed.

        repeatable: Whether it may be given more than once.

        native: Whether Elasticsearch's tool has it. Only such an option may be abbreviated, so that
            each abbreviation that is unambiguous there is unambiguous here.
    """

    __slots__ = ("choices", "help", "metavar", "names", "native", "repeatable")

    def __init__(
        self,
        names: str,
        help: str,
        *,
        metavar: str | None = None,
        choices: tuple[str, ...] = (),
        repeatable: bool = False,
        native: bool = False,
    ) -> None:
        self.names = names.split()
        self.help = help
        self.metavar = metavar
        self.choices = choices
        self.repeatable = repeatable
        self.native = native

    @property
    def key(self) -> str:
        """The name by which its value is looked up: the long one, if it has one."""
        return self.names[-1]

    @property
    def is_native_flag(self) -> bool:
        """Whether it is an option without a value that Elasticsearch's tool has."""
        return self.native and self.metavar is None

    @property
    def flags(self) -> list[str]:
        """The names with their dashes."""
        return [f"-{name}" if len(name) == 1 else f"--{name}" for name in self.names]

    def __str__(self) -> str:
        return "/".join(self.names)


class OptionGroup:
    """Options that stand under one title in the help."""

    __slots__ = ("options", "title")

    def __init__(self, title: str, *options: Option) -> None:
        self.title = title
        self.options = options


class Command:
    """
    A subcommand, or the program itself.

    Args:
        name: As it is typed.

        summary: One sentence.

        groups: Its options.

        run: The function that runs it, as ``module:function`` in this package.

        run_all: The function that runs it on several nodes; nothing if it takes one only.

        for_one: What it takes for one node only: keys of options, ``key=value``, or its argument.

        subcommands: The module in this package that has its subcommands as ``SUBCOMMANDS``; their
            names begin with its own.

        arguments: Its arguments as the usage line shows them: ``USERNAME``, ``[USERNAME]`` if it
            may be omitted, ``FILE...`` if there may be several, or nothing.

        checks_arguments: Whether it checks the number of its arguments itself, once it has opened
            what it works on.

        notes: Paragraphs of help between the summary and the options.

        examples: Command lines.

        exits: Exit codes worth knowing, with their meaning.

        hashes_ahead: Whether it needs the hash of a new password.
    """

    __slots__ = (
        "_subcommands",
        "arguments",
        "checks_arguments",
        "examples",
        "exits",
        "for_one",
        "groups",
        "hashes_ahead",
        "name",
        "notes",
        "run",
        "run_all",
        "summary",
    )

    def __init__(
        self,
        name: str,
        summary: str,
        *groups: OptionGroup,
        run: str = "",
        run_all: str = "",
        for_one: Sequence[str] = (),
        subcommands: str = "",
        arguments: str = "",
        checks_arguments: bool = False,
        notes: Sequence[str] = (),
        examples: Sequence[str] = (),
        exits: Sequence[tuple[int, str]] = (),
        hashes_ahead: bool = False,
    ) -> None:
        self.name = name
        self.summary = summary
        self.groups = groups
        self.run = run
        self.run_all = run_all
        self.for_one = for_one
        self._subcommands = subcommands
        self.arguments = arguments
        self.checks_arguments = checks_arguments
        self.notes = notes
        self.examples = examples
        self.exits = exits
        self.hashes_ahead = hashes_ahead

    @property
    def options(self) -> list[Option]:
        """The options of all groups."""
        return [option for group in self.groups for option in group.options]

    def has(self, key: str) -> bool:
        """Check whether it takes an option."""
        return any(option.key == key for option in self.options)

    @property
    def subcommands(self) -> tuple[Command, ...]:
        """The commands whose names begin with the name of this one; loaded on first use."""
        if not self._subcommands:
            return ()
        from importlib import import_module

        module = import_module(f".{self._subcommands}", __package__)
        subcommands: tuple[Command, ...] = module.SUBCOMMANDS
        return subcommands

    @property
    def writes(self) -> bool:
        """Whether it changes the files of a realm."""
        return self.has("dry-run") or self.has("check")

    @property
    def takes_releases(self) -> bool:
        """Whether its ``--es-version`` may be a release such as 8.14."""
        return any(option.key == "es-version" and not option.choices for option in self.options)

    @property
    def argument(self) -> str:
        """The name of its argument, or nothing."""
        return self.arguments.strip("[].").lower()

    @property
    def argument_is_optional(self) -> bool:
        """Whether the argument may be omitted."""
        return self.arguments.startswith("[")

    @property
    def argument_is_repeatable(self) -> bool:
        """Whether there may be several arguments."""
        return "..." in self.arguments


class ParsedLine:
    """
    The options and arguments of a command line.

    Attributes:
        values: From an option's key to its values, one unless the option is repeatable; the value
            of an option without a value is empty.
        arguments: The words that belong to no option.
    """

    def __init__(self) -> None:
        self.values: dict[str, list[str]] = {}
        self.arguments: list[str] = []

    def add(self, option: Option, value: str) -> None:
        """Add one occurrence of an option."""
        values = self.values.setdefault(option.key, [])
        if values and option.is_native_flag:
            return
        if values and not option.repeatable:
            raise UsageError(f"option [{option}] is given more than once")
        values.append(value)


def parse(
    words: Sequence[str], options: Sequence[Option], *, stop_at_first_argument: bool = False
) -> ParsedLine:
    """
    Parse *words*; ``--`` ends the options, and a lone ``-`` is an argument.

    Raises:
        UsageError: If an option is unknown, repeated or lacks its value.
    """
    parser = _Parser(words, options)
    while parser.rest:
        word = parser.rest.pop(0)
        if word == "--":
            break
        if word.startswith("-") and word != "-":
            parser.parse_option(word)
            continue
        parser.parsed.arguments.append(word)
        if stop_at_first_argument:
            break
    parser.parsed.arguments += parser.rest
    return parser.parsed


def did_you_mean(name: str, known: Iterable[str], prefix: str = "") -> str:
    """Return ``" (did you mean [X]?)"`` if a known name resembles *name*, else nothing."""
    from .._ground.hints import did_you_mean as question

    hint = question(name, known, prefix=prefix)
    return f" ({hint})" if hint else ""


class _Parser:
    """
    The state of ``parse``.

    Attributes:
        rest: The words that are not parsed yet.
        parsed: The result so far.
    """

    def __init__(self, words: Sequence[str], options: Sequence[Option]) -> None:
        self.rest = list(words)
        self.parsed = ParsedLine()
        self._options = options

    def parse_option(self, word: str) -> None:
        is_long = word.startswith("--")
        name, equals, attached = word[2 if is_long else 1 :].partition("=")
        option = self._find(name)
        if option is not None:
            self._add(option, attached if equals else None)
        elif is_long:
            known = [option.key for option in self._options]
            raise UsageError(f"unknown option [--{name}]{did_you_mean(name, known, '--')}")
        else:
            self._parse_cluster(word[1:])

    def _parse_cluster(self, letters: str) -> None:
        """Parse one-letter options behind one dash; the last may have its value attached."""
        for position, letter in enumerate(letters, 1):
            option = next((option for option in self._options if letter in option.names), None)
            if option is None:
                raise UsageError(f"unknown option [-{letter}]")
            if option.metavar is not None:
                self._add(option, letters[position:] or None)
                return
            self.parsed.add(option, "")

    def _add(self, option: Option, attached: str | None) -> None:
        value = attached
        if option.metavar is None:
            if attached is not None and not option.is_native_flag:
                raise UsageError(f"option [{option}] takes no value")
            value = ""
        elif attached is None:
            if not self.rest:
                raise UsageError(f"option [{option}] needs a value")
            value = self.rest.pop(0)
        self.parsed.add(option, value or "")

    def _find(self, name: str) -> Option | None:
        """Find an option by one of its names, or by a prefix of exactly one native long name."""
        exact = [option for option in self._options if name in option.names]
        if exact or not name:
            return exact[0] if exact else None
        matches = [
            option
            for option in self._options
            if option.native and len(option.key) > 1 and option.key.startswith(name)
        ]
        return matches[0] if len(matches) == 1 else None
