"""The realm that a command works on: its directory, its settings and the tool for its users."""

from __future__ import annotations

import os

from ..admin.users_tool import UsersTool
from ..errors import InvalidSettingError
from ..settings import ConfigLocation, RealmSettings, container_overrides, find_config_dir
from .exits import CONFIGURATION, CommandError, UsageError
from .terminal import VERBOSE

__all__ = ["Target"]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from collections.abc import Iterable

    from .._storage import RealmPaths
    from ..realms import RealmChain
    from ..role_mapping import RoleMapping
    from ..settings.mapped_realm import MappedRealm
    from ..settings.report import SettingsReport
    from .arguments import Arguments
    from .terminal import Terminal

#: Commands that may create the configuration directory.
_CREATING = ("init",)
#: Of 6, some versions read files in `x-pack` only, and others want them one directory up.
_LAST_WITH_X_PACK_ONLY = 5


class Target:
    """The realm that options and the environment point to; nothing is read before it is used."""

    def __init__(self, arguments: Arguments, terminal: Terminal) -> None:
        self._arguments = arguments
        self._terminal = terminal
        self._tool: UsersTool | None = None
        self._location: ConfigLocation | None = None
        self._stamps: list[tuple[int, int, int] | None] = []

    @property
    def tool(self) -> UsersTool:
        """The tool for the users of the realm, made at the first use."""
        if self._tool is None:
            arguments, config_dir = self._arguments, self.config_dir
            self._tool = UsersTool(
                config_dir,
                settings=self._settings_of_tool(config_dir),
                dry_run=arguments.has("dry-run"),
                owner=arguments.value("owner"),
                group=arguments.value("group"),
                mode=arguments.mode,
                known_roles=arguments.known_roles,
                **arguments.write_arguments,
            )
            if arguments.writes:
                self._stamps = _stamps(self._tool)
            self._warn_of_settings(self._tool.settings)
            self._warn_of_x_pack(self._tool.paths)
        return self._tool

    @property
    def has_written(self) -> bool:
        """Whether the command has written anything, as far as both files show it."""
        return self._tool is not None and _stamps(self._tool) != self._stamps

    def describe_written(self) -> str:
        """Return whether the command has written anything."""
        if not self.has_written:
            return "nothing was written"
        return "both files may have changed: look at them with 'esfilerealm list'"

    def _settings_of_tool(self, config_dir: str) -> RealmSettings:
        version = self._arguments.elasticsearch_version
        if self._arguments.writes:
            from ..settings.realm_settings import load_for_writing

            return load_for_writing(config_dir, self._overrides(), elasticsearch_version=version)
        return RealmSettings.load(
            config_dir, self._overrides(), check_realm=False, elasticsearch_version=version
        )

    def _warn_of_settings(self, settings: RealmSettings) -> None:
        for warning in settings.warnings:
            self._terminal.warn(f"WARNING: {warning}")
        for note in settings.notes:
            self._terminal.note(f"NOTE: {note}", VERBOSE)

    def _warn_of_x_pack(self, paths: RealmPaths) -> None:
        """
        Warn, in one line, of files in ``x-pack``, or for version 5 of files that are not.

        Up to 6.2 a node reads them only there, so whoever moves them too early loses all users.
        """
        if self._arguments.elasticsearch_version == _LAST_WITH_X_PACK_ONLY:
            if paths.users not in paths.legacy:
                text = "Elasticsearch 5 reads it in [x-pack/] only: move it there, with users_roles"
                self._terminal.note(f"NOTE: using [{paths.users}]; {text}", VERBOSE)
        elif paths.legacy:
            self._terminal.warn(
                f"WARNING: using [{', '.join(paths.legacy)}]; 6.3 and later: move it up one "
                "directory; earlier versions read it only there"
            )

    @property
    def config_dir(self) -> str:
        """
        The configuration directory.

        Raises:
            CommandError: If none is named and no default exists, or if it does not exist and the
                command does not create it.
        """
        location = self.location
        creates = self._arguments.command.name in _CREATING or self._arguments.has("create")
        if not creates:
            _check_exists(location, can_create=self._arguments.command.has("create"))
        return location.path

    @property
    def location(self) -> ConfigLocation:
        """
        The configuration directory, which need not exist, and where its name comes from.

        Raises:
            CommandError: If none is named and no default exists.
        """
        location = self._find_location()
        if location is None:
            raise CommandError(
                "no configuration directory: give -c DIR, or set ES_PATH_CONF; "
                "[/etc/elasticsearch] is not there",
                CONFIGURATION,
            )
        return location

    @property
    def settings(self) -> RealmSettings:
        """The settings of the realm; without a configuration directory, defaults and ``-E``."""
        location = self._find_location()
        return RealmSettings.load(
            None if location is None else location.path,
            self._overrides(),
            check_realm=False,
            elasticsearch_version=self._arguments.elasticsearch_version,
        )

    @property
    def realm_settings(self) -> RealmSettings:
        """The settings of the realm, refused if a node would not start with them."""
        return RealmSettings.load(
            self.config_dir,
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

        location = self._find_location()
        if location is not None:
            _check_exists(location)
        return inspect_settings(
            None if location is None else location.path,
            options=self._arguments.settings(),
            environ=os.environ,
            elasticsearch_version=self._arguments.elasticsearch_version,
        )

    def mapped_realms(self) -> tuple[MappedRealm, ...]:
        """Return the realms that find roles by mappings; none without a configuration directory."""
        if self._find_location() is None:
            return ()
        from ..settings.mapped_realms import read_mapped_realms

        return read_mapped_realms(
            self.config_dir,
            self._overrides(),
            elasticsearch_version=self._arguments.elasticsearch_version,
        )

    def realm_chain(
        self, role_mappings: Iterable[RoleMapping], keystore_password: str | None
    ) -> RealmChain:
        """
        Return the realms that a node asks, in which everybody may run as everybody.

        Args:
            role_mappings: Those of the API.

            keystore_password: That of ``elasticsearch.keystore``.

        Raises:
            FileRealmError: As ``RealmChain.from_settings``.
        """
        from ..realms import RealmChain

        return RealmChain.from_settings(
            self.config_dir,
            overrides=self._overrides(),
            elasticsearch_version=self._arguments.elasticsearch_version,
            role_mappings=role_mappings,
            keystore_password=keystore_password,
            may_run_as=lambda _, __: True,
        )

    def _find_location(self) -> ConfigLocation | None:
        """Find the configuration directory, and warn once of others that are named."""
        if self._location is None:
            given = self._arguments.value("config")
            if given == "":
                raise UsageError("option [c/config] needs a directory, not an empty string")
            path_conf = self._arguments.settings().get("path.conf")
            if given is None and path_conf is not None:
                self._location = ConfigLocation(path_conf, "setting path.conf of -E")
                return self._location
            version = self._arguments.elasticsearch_version
            try:
                self._location = find_config_dir(given, elasticsearch_version=version)
            except InvalidSettingError as error:
                message = f"environment variable [{error.key}] {error.rule}"
                raise CommandError(message, CONFIGURATION) from None
            for warning in self._location.warnings if self._location else ():
                self._terminal.warn(f"WARNING: {warning}")
        return self._location

    def _overrides(self) -> dict[str, str]:
        """Return the settings of ``-E``, overridden by those of a container's environment."""
        return {**self._arguments.settings(), **container_overrides(os.environ)}


def _check_exists(location: ConfigLocation, *, can_create: bool = False) -> None:
    """Raise an error that says where the name of a missing directory comes from."""
    try:
        is_directory = os.path.isdir(location.path)
        os.stat(location.path)
    except (FileNotFoundError, NotADirectoryError):
        rule = "does not exist"
        advice = f", or {'pass --create' if can_create else 'run `esfilerealm init`'} to create it"
    except (OSError, ValueError):  # whoever reads it will say more
        return
    else:
        if is_directory:
            return
        rule, advice = "is not a directory", ""
    raise CommandError(
        f"configuration directory [{location.path}] {rule}; it is named by "
        f"{location.source}: correct that{advice}",
        CONFIGURATION,
    )


def _stamps(tool: UsersTool) -> list[tuple[int, int, int] | None]:
    """Return what shows whether a file was written."""
    found: list[tuple[int, int, int] | None] = []
    for path in (tool.paths.users, tool.paths.users_roles):
        try:
            status = os.stat(path)
        except OSError:
            found.append(None)
        else:
            found.append((status.st_ino, status.st_mtime_ns, status.st_size))
    return found
