"""The realm that a command works on: its directory, its settings and the tool for its users."""

from __future__ import annotations

import os

from ..admin.users_tool import UsersTool
from ..settings import RealmSettings, container_overrides
from .exits import CONFIGURATION, CommandError, UsageError

__all__ = ["DEFAULT_CONFIG_DIR", "Target"]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from ..settings.report import SettingsReport
    from .arguments import Arguments
    from .terminal import Terminal

DEFAULT_CONFIG_DIR = "/etc/elasticsearch"


class Target:
    """The realm that options and the environment point to; nothing is read before it is used."""

    def __init__(self, arguments: Arguments, terminal: Terminal) -> None:
        self._arguments = arguments
        self._terminal = terminal
        self._tool: UsersTool | None = None

    @property
    def tool(self) -> UsersTool:
        """The tool for the users of the realm, made at the first use."""
        if self._tool is None:
            arguments, config_dir = self._arguments, self.config_dir
            self._tool = UsersTool(
                config_dir,
                settings=RealmSettings.load(config_dir, self._overrides(), check_realm=False),
                dry_run=arguments.has("dry-run"),
                owner=arguments.value("owner"),
                group=arguments.value("group"),
                mode=arguments.mode,
                **arguments.write_arguments,
            )
            for path in self._tool.paths.legacy:
                self._terminal.warn(
                    f"WARNING: using [{path}] in the deprecated directory x-pack: "
                    "move the file up one directory"
                )
        return self._tool

    @property
    def config_dir(self) -> str:
        """
        The configuration directory.

        Raises:
            CommandError: If neither an option nor the environment names one, and the default does
                not exist.
        """
        config_dir = self._config_dir()
        if config_dir is None:
            raise CommandError(
                "no configuration directory: give -c DIR, or set ES_PATH_CONF; "
                f"[{DEFAULT_CONFIG_DIR}] is not there",
                CONFIGURATION,
            )
        return config_dir

    @property
    def settings(self) -> RealmSettings:
        """The settings of the realm; without a configuration directory, defaults and ``-E``."""
        return RealmSettings.load(self._config_dir(), self._overrides(), check_realm=False)

    @property
    def realm_settings(self) -> RealmSettings:
        """The settings of the realm, refused if a node would not start with them."""
        return RealmSettings.load(
            self.tool.config_dir,
            self._overrides(),
            elasticsearch_version=self._arguments.elasticsearch_version,
        )

    def inspect_settings(self) -> SettingsReport:
        """
        Report all settings of the realm, including the invalid ones.

        Raises:
            CommandError: If the configuration directory is named, but does not exist.
        """
        from ..settings.report import inspect_settings

        config_dir = self._config_dir()
        if config_dir is not None and not os.path.isdir(config_dir):
            raise CommandError(
                f"configuration directory [{config_dir}] does not exist", CONFIGURATION
            )
        return inspect_settings(
            config_dir,
            options=self._arguments.settings(),
            environ=os.environ,
            elasticsearch_version=self._arguments.elasticsearch_version,
        )

    def _config_dir(self) -> str | None:
        given = self._arguments.value("config")
        if given is not None:
            if not given:
                raise UsageError("option [c/config] needs a directory, not an empty string")
            return given
        from_environment = os.environ.get("ES_PATH_CONF")
        if from_environment is not None:
            if not from_environment:
                raise CommandError(
                    "environment variable [ES_PATH_CONF] is empty: set it to the configuration "
                    "directory, or unset it",
                    CONFIGURATION,
                )
            return from_environment
        return DEFAULT_CONFIG_DIR if os.path.isdir(DEFAULT_CONFIG_DIR) else None

    def _overrides(self) -> dict[str, str]:
        """Return the settings of ``-E``, overridden by those of a container's environment."""
        return {**self._arguments.settings(), **container_overrides(os.environ)}
