"""One run of one subcommand: what was asked for, and the realm it is about."""

from __future__ import annotations

import os

from .._ground.showing import shown
from ..admin.users_tool import UsersTool
from ..errors import InvalidAttributeError
from ..settings import RealmSettings, container_overrides
from .exits import CONFIGURATION, CommandError, UsageError
from .terminal import NORMAL, SILENT, VERBOSE

__all__ = ["DEFAULT_CONFIG_DIR", "Invocation"]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from typing import TypeVar

    from .._storage.options import WriteArguments
    from ..settings.report import SettingsReport
    from .options import Command, ParsedWords
    from .terminal import Terminal

    C = TypeVar("C", bound=str)

DEFAULT_CONFIG_DIR = "/etc/elasticsearch"

_LONGEST_NUMBER = 9


class Invocation:
    """
    The options, the argument and the realm of a run.

    Attributes:
        command: What is run.
        terminal: Where it prints and asks.
        result: What ``--json`` prints.
    """

    def __init__(self, command: Command, words: ParsedWords, terminal: Terminal) -> None:
        self.command = command
        self.terminal = terminal
        self.result: dict[str, object] = {"command": command.name}
        self._words = words
        self._tool: UsersTool | None = None

    def has(self, key: str) -> bool:
        """Tell whether an option is given."""
        return key in self._words.values

    def value(self, key: str) -> str | None:
        """Give the value of an option, or None if it is not given."""
        values = self.values(key)
        return values[0] if values else None

    def values(self, key: str) -> list[str]:
        """Give all values of an option that may be repeated."""
        return self._words.values.get(key, [])

    @property
    def arguments(self) -> list[str]:
        """The arguments of a command that may have several."""
        return self._words.positionals

    @property
    def username(self) -> str:
        """The argument of a command that needs one."""
        return self._words.positionals[0]

    @property
    def optional_username(self) -> str | None:
        """The argument of a command that may go without."""
        return self._words.positionals[0] if self._words.positionals else None

    def check(self) -> None:
        """Set the verbosity, and refuse what cannot be meant."""
        if self.has("silent") and self.has("verbose"):
            raise UsageError("options [s/silent] and [v/verbose] exclude each other")
        self.terminal.verbosity = (
            SILENT if self.has("silent") else VERBOSE if self.has("verbose") else NORMAL
        )
        self.terminal.is_for_programs = self.has("json") and not self.has("help")
        if self.has("help"):
            return
        self._overrides()
        self._check_argument()

    def _check_argument(self) -> None:
        given = self._words.positionals
        expected = self.command.argument
        # The words are not shown: one of them may be a password in the wrong place.
        if expected is None and given:
            raise UsageError(f"[{self.command.name}] takes no argument, found {len(given)}")
        if len(given) > 1 and not self.command.argument_is_repeatable:
            raise UsageError(f"expected one {expected}, found {len(given)} words")
        if expected and not given and not self.command.argument_is_optional:
            raise UsageError(f"the {expected} is missing")

    @property
    def tool(self) -> UsersTool:
        """The realm in the configuration folder, which has to be known."""
        if self._tool is None:
            config_dir = self.config_dir
            settings = RealmSettings.load(config_dir, self._overrides(), check_realm=False)
            self._tool = UsersTool(
                config_dir,
                settings=settings,
                dry_run=self.has("dry-run"),
                owner=self.value("owner"),
                group=self.value("group"),
                mode=self.mode,
                **self.write_arguments,
            )
            self._warn_of_old_folder()
        return self._tool

    @property
    def config_dir(self) -> str:
        """The configuration folder, which has to be known."""
        config_dir = self._config_dir()
        if config_dir is None:
            raise CommandError(
                "no configuration folder: give -c DIR, or set ES_PATH_CONF; "
                f"[{DEFAULT_CONFIG_DIR}] is not there",
                CONFIGURATION,
            )
        return config_dir

    @property
    def write_arguments(self) -> WriteArguments:
        """How to write, as ``UsersTool`` takes it."""
        return {
            "strategy": self.choice("strategy", ("rename", "in_place", "auto")),
            "attributes": self.choice("attributes", ("refuse", "warn")),
            "keep": self._keep(),
            "allow_local_lock": self.has("allow-local-lock"),
        }

    def choice(self, key: str, choices: tuple[C, ...]) -> C:
        """Give the value of an option that has only some; the first of them is the default."""
        text = self.value(key)
        for choice in choices:
            if text in (None, choice):
                return choice
        raise UsageError(f"option [{key}] is one of [{', '.join(choices)}], not [{shown(text)}]")

    def required_choice(self, key: str, choices: tuple[str, ...]) -> str:
        """Give the value of an option that must be given and has only some."""
        if not self.has(key):
            raise UsageError(f"option [{key}] is missing: one of [{', '.join(choices)}]")
        return self.choice(key, choices)

    @property
    def mode(self) -> int | None:
        """The permission bits that are asked for."""
        text = self.value("mode")
        if text is None:
            return None
        if not text or len(text) > _LONGEST_NUMBER or text.strip("01234567"):
            raise InvalidAttributeError("mode", text, "must be an octal number such as 640")
        return int(text, 8)

    def _keep(self) -> int | None:
        return self.number("keep", "a number of versions")

    def number(self, key: str, what: str) -> int | None:
        """Give the value of an option that is a number."""
        text = self.value(key)
        if text is None:
            return None
        if not (text.isascii() and text.isdecimal() and len(text) <= _LONGEST_NUMBER):
            raise UsageError(f"option [{key}] needs {what}, not [{shown(text)}]")
        return int(text)

    @property
    def settings(self) -> RealmSettings:
        """The settings of the realm; without a configuration folder, defaults and ``-E``."""
        return RealmSettings.load(self._config_dir(), self._overrides(), check_realm=False)

    @property
    def realm_settings(self) -> RealmSettings:
        """All settings of the realm, with which a node would start."""
        return RealmSettings.load(
            self.tool.config_dir,
            self._overrides(),
            elasticsearch_version=self._elasticsearch_version(),
        )

    def inspect_settings(self) -> SettingsReport:
        """
        Report all settings of the realm, the faulty ones too.

        Raises:
            CommandError: If the configuration folder is named, but not there.
        """
        from ..settings.report import inspect_settings

        config_dir = self._config_dir()
        if config_dir is not None and not os.path.isdir(config_dir):
            raise CommandError(f"no configuration folder [{config_dir}]", CONFIGURATION)
        return inspect_settings(
            config_dir,
            options=self._options(),
            environ=os.environ,
            elasticsearch_version=self._elasticsearch_version(),
        )

    def _elasticsearch_version(self) -> int | None:
        text = self.value("es-version")
        if text is None:
            return None
        if text not in ("5", "6", "7", "8", "9"):
            raise UsageError(f"[{text}] is no major version of Elasticsearch: use one of 5 to 9")
        return int(text)

    def _config_dir(self) -> str | None:
        given = self.value("config")
        if given is not None:
            if not given:
                raise UsageError("option [c/config] needs a folder, not an empty text")
            return given
        from_environment = os.environ.get("ES_PATH_CONF")
        if from_environment is not None:
            if not from_environment:
                raise CommandError("ES_PATH_CONF is set, but empty", CONFIGURATION)
            return from_environment
        return DEFAULT_CONFIG_DIR if os.path.isdir(DEFAULT_CONFIG_DIR) else None

    def _overrides(self) -> dict[str, str]:
        """Give the settings of ``-E``, below those of a container's environment."""
        return {**self._options(), **container_overrides(os.environ)}

    def _options(self) -> dict[str, str]:
        """Give the settings of ``-E``."""
        options: dict[str, str] = {}
        for pair in self.values("E"):
            key, _, value = pair.partition("=")
            if not key or not value:
                raise UsageError(f"setting [{key}] must be given as key=value, and not be empty")
            if key in options:
                raise UsageError(f"setting [{key}] is given twice")
            if key == "path.home":
                raise UsageError("setting [path.home] is fixed by the installation")
            options[key] = value
        return options

    def _warn_of_old_folder(self) -> None:
        for path in self._tool.paths.legacy if self._tool else ():
            self.terminal.warn(
                f"WARNING: using [{path}]; x-pack is an old place, move the file one folder up"
            )
