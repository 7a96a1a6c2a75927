"""The settings of a node that concern its file realm, as a value."""

from __future__ import annotations

import os

from ..errors import InvalidSettingError
from .keys import (
    FIPS_MODE,
    REALM_KEYS,
    RELOAD_INTERVAL,
    RELOAD_INTERVAL_MEDIUM,
    RELOAD_KEYS,
    RELOAD_PREFIX,
    SECURITY_KEYS,
    TOOL_KEYS,
    check_keys,
    read_keys,
)
from .reader import SettingsReader
from .sources import Setting

__all__ = [
    "RealmSettings",
    "is_valid_in_7",
    "load_for_realm",
    "load_for_writing",
    "load_with_order",
    "read_all",
]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from dataclasses import dataclass
    from typing import Any, Final, NoReturn, TypedDict

    from .realm_order import ConfiguredRealm, RealmOrder

    class NameRules(TypedDict):
        """The two settings that decide which usernames a node takes from a file."""

        allow_reserved: bool
        anonymous_username: str

else:

    def dataclass(**_: object) -> Callable[[type], type]:
        """Return the class as it is: importing ``dataclasses`` would slow down the command."""
        return lambda cls: cls


_VERSIONS: Final = range(5, 10)
_FIRST_WITH_FIPS_DEFAULT: Final = 7
_LAST_OLD_SPELLING: Final = 6
#: Of 6, some versions read files in `x-pack` only, and others want them one directory up.
_LAST_WITH_X_PACK_ONLY: Final = 5
#: It only warns of some settings that later versions refuse.
_LAST_LENIENT: Final = 7


@dataclass(frozen=True, kw_only=True)
class RealmSettings:
    """
    The settings of a node that decide how its file realm is read, written, cached and reloaded.

    Every attribute is a keyword argument whose default is that of a node. The table in
    ``settings/keys.py`` has the key and the meaning of each, and so has ``esfilerealm guide
    settings``. Times are in seconds. FIPS mode changes the default algorithm.

    Attributes:
        realm_name: The name of the file realm.
        enabled: Also false if other realms displace the file realm, as they do before
            Elasticsearch 8.
        warnings: What somebody should know: what a node accepts although it is probably not meant,
            that it does not ask the file realm, and what stops it elsewhere in its settings.
        notes: What matters only to somebody who looks for it, such as realms that need a plugin.
        elasticsearch_version: The major version of the node, or None if it was not stated.
    """

    password_hashing_algorithm: str = "bcrypt"  # noqa: S105 - not a password
    fips_mode_enabled: bool = False
    reserved_realm_enabled: bool = True
    anonymous_username: str = "_anonymous"
    security_enabled: bool = True
    realm_name: str = "default_file"
    order: int = -(2**31)
    enabled: bool = True
    authentication_enabled: bool = True
    cache_ttl: float = 1200.0
    cache_max_users: int = 100_000
    cache_hash_algo: str = "ssha256"
    reload_enabled: bool = True
    reload_interval_high: float = 5.0
    reload_interval_medium: float = 30.0
    reload_interval_low: float = 60.0
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    elasticsearch_version: int | None = None

    if not TYPE_CHECKING:  # pragma: no branch

        def __init__(self, **values: object) -> None:
            names = RealmSettings.__annotations__
            for name in values:
                if name not in names:
                    raise TypeError(f"RealmSettings has no setting [{name}]")
            fields = {name: getattr(RealmSettings, name) for name in sorted(names)}
            if values.get("fips_mode_enabled"):
                fields |= {"password_hashing_algorithm": "pbkdf2_stretch"}
            self.__dict__.update(fields, **values)

        def __setattr__(self, name: str, value: object = None) -> NoReturn:
            raise AttributeError(f"settings cannot be changed: [{name}]")

        __delattr__ = __setattr__

        def __eq__(self, other: object) -> bool:
            return isinstance(other, RealmSettings) and vars(self) == vars(other)

        def __hash__(self) -> int:
            return hash(tuple(vars(self).values()))

        def __repr__(self) -> str:
            values = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
            return f"RealmSettings({values})"

    @classmethod
    def load(
        cls,
        config_dir: str | os.PathLike[str] | None,
        overrides: Mapping[str, str] | None = None,
        *,
        check_realm: bool = True,
        elasticsearch_version: int | None = None,
    ) -> RealmSettings:
        """
        Read the settings of the node whose configuration directory is *config_dir*.

        Args:
            config_dir: The directory of ``elasticsearch.yml``. With None, or without that file,
                the defaults count.

            overrides: From key to text; they win over the file, as ``-E`` does.

            check_realm: False reads only what decides how the files are written (the first four
                attributes), and accepts unknown algorithms: ``elasticsearch-users`` works even
                where a node would not start.

            elasticsearch_version: The major version of the node, 5 to 9. With None it is inferred
                from the spelling: 6 if there is a key such as
                ``xpack.security.authc.realms.<name>.type``, else 8.

        Raises:
            InvalidSettingError: If the file is not one YAML mapping, or if a setting that is read
                here has no value, is given twice, or breaks its rule. Anything wrong elsewhere in
                the file is one of the ``warnings``.
            FilePermissionError, FileAccessError: If the file cannot be read.
            ValueError: If the version is unknown.
        """
        reader = _reader(config_dir, overrides, elasticsearch_version)
        if check_realm:
            settings, _ = read_all(reader, elasticsearch_version)
            if reader.problems and elasticsearch_version is None:
                raise _advised(reader)
        else:
            settings = _read_for_writing(reader, elasticsearch_version)
        reader.raise_first_problem()
        return settings

    @property
    def is_in_x_pack(self) -> bool:
        """Whether a node looks for its files in ``x-pack/``: as far as is known, with version 5."""
        return self.elasticsearch_version == _LAST_WITH_X_PACK_ONLY

    @property
    def name_rules(self) -> NameRules:
        """The keyword arguments by which validators and formats know reserved usernames."""
        return {
            "allow_reserved": not self.reserved_realm_enabled,
            "anonymous_username": self.anonymous_username,
        }

    def with_algorithm(self, algorithm: str) -> RealmSettings:
        """Return the same settings with another algorithm for new hashes."""
        return RealmSettings(**{**vars(self), "password_hashing_algorithm": algorithm})


def load_for_realm(config_dir: str | os.PathLike[str]) -> RealmSettings:
    """Read the settings for a realm that opens; see ``load_with_order``."""
    settings, _, _ = load_with_order(config_dir)
    return settings


def load_with_order(
    config_dir: str | os.PathLike[str],
    overrides: Mapping[str, str] | None = None,
    elasticsearch_version: int | None = None,
) -> tuple[RealmSettings, RealmOrder, SettingsReader]:
    """
    Read settings as ``RealmSettings.load`` does, the realms of the node, and what else is set.

    Where no node of 8 or later would start, but one of 7 would, they are read as 7 does, unless the
    version is stated. That is one of the warnings.
    """
    reader = _reader(config_dir, overrides, elasticsearch_version)
    settings, order = read_all(reader, elasticsearch_version)
    if elasticsearch_version is None and reader.problems and is_valid_in_7(reader):
        settings, order = read_all(reader.apart(), _LAST_LENIENT)
        reason = f"{reader.problems[0]}; read as Elasticsearch {_LAST_LENIENT} does"
        settings = RealmSettings(**{**vars(settings), "warnings": (reason, *settings.warnings)})
    else:
        reader.raise_first_problem()
    return settings, order, reader.apart()


def is_valid_in_7(reader: SettingsReader) -> bool:
    """Check whether a node of version 7 starts with settings that were read for another one."""
    apart = reader.apart()
    read_all(apart, _LAST_LENIENT)
    in_8 = reader.apart()
    read_all(in_8, _VERSIONS[-1])
    return not reader.has_file_problems and not apart.problems and bool(in_8.problems)


def _advised(reader: SettingsReader) -> InvalidSettingError:
    """Return the first problem, and what to do if the node has a version that takes it."""
    first = reader.problems[0]
    if not is_valid_in_7(reader):
        return first
    advice = f"Elasticsearch 7 takes it: state it by elasticsearch_version={_LAST_LENIENT}"
    return InvalidSettingError(first.key, first.value, f"{first.rule}; {advice}", first.where)


def load_for_writing(
    config_dir: str | os.PathLike[str] | None,
    overrides: Mapping[str, str] | None = None,
    *,
    elasticsearch_version: int | None = None,
) -> RealmSettings:
    """
    Read what decides how the files are written, as ``RealmSettings.load`` does.

    If a node does not ask the file realm, or does not start with its settings, that is one of the
    warnings.
    """
    reader = _reader(config_dir, overrides, elasticsearch_version)
    settings = _read_for_writing(reader, elasticsearch_version, warns_of_realms=True)
    reader.raise_first_problem()
    return settings


def _reader(
    config_dir: str | os.PathLike[str] | None,
    overrides: Mapping[str, str] | None,
    version: int | None,
) -> SettingsReader:
    if version is not None and version not in _VERSIONS:
        raise ValueError(f"unknown major version of Elasticsearch: {version}; known are 5 to 9")
    layer = {}
    for key, value in (overrides or {}).items():
        if not isinstance(value, str | list):
            rule = f"must be a string or a list of strings, not {type(value).__name__}"
            raise InvalidSettingError(key, None, rule, "the overrides")
        layer[key] = Setting(value, "the overrides")
    return SettingsReader(config_dir, [layer], os.environ, version)


def _read_for_writing(
    reader: SettingsReader, version: int | None, *, warns_of_realms: bool = False
) -> RealmSettings:
    values = _read_tool_keys(reader, version or _VERSIONS[-1])
    if warns_of_realms and reader.is_any_given():
        _warn_of_realms(reader, version)
    reader.finish()
    return RealmSettings(
        **values,
        warnings=tuple(reader.warnings),
        notes=tuple(dict.fromkeys(reader.notes)),
        elasticsearch_version=version,
    )


def _warn_of_realms(reader: SettingsReader, version: int | None) -> None:
    """Warn if a node does not ask the file realm, and in one line of all that stops a node."""
    apart = reader.apart()
    settings, order = read_all(apart, version)
    from .realm_order import why_file_realm_is_unused

    reason = why_file_realm_is_unused(apart, order, security_enabled=settings.security_enabled)
    if reason is not None:
        reader.warnings.append(reason)
    problems = [problem for problem in apart.problems if not reader.is_doubtful(problem.key)]
    if problems:
        takes_7 = version is None and is_valid_in_7(reader)
        reader.warnings.append(_summary(problems, takes_7=takes_7))
    reader.notes += apart.notes


def _summary(problems: list[InvalidSettingError], *, takes_7: bool) -> str:
    """Return one line about everything that stops a node, or one of another version than 7."""
    text = str(problems[0])
    effect = f"only a node of {_LAST_LENIENT} starts" if takes_7 else "a node does not start"
    text += f" {effect.capitalize()}" if text.endswith("?") else f"; {effect}"
    count = len(problems) - 1
    more = f" and {count} more problem{'' if count == 1 else 's'}" if count else ""
    stated = f" (state it by --es-version {_LAST_LENIENT})" if takes_7 else ""
    return f"{text} with this{more}{stated}: see 'esfilerealm settings'"


def read_all(reader: SettingsReader, version: int | None) -> tuple[RealmSettings, RealmOrder]:
    """
    Read everything for a node of major version *version*; problems go to ``reader.problems``.

    Raises:
        ValueError: If the version is unknown.
    """
    # A users tool, which must start fast, does not need this.
    from .realm_order import infer_major_version, realm_order, why_file_realm_is_unused

    stated, version = version, version or infer_major_version(reader)
    if stated is None and version == _LAST_OLD_SPELLING:
        reader.reads_words = True  # the node may be of version 5
    values = _read_tool_keys(reader, version)
    check_keys(reader, TOOL_KEYS, values)
    values |= read_keys(reader, SECURITY_KEYS)
    order = realm_order(reader, version, reserved_realm_enabled=values["reserved_realm_enabled"])
    # A node also reads the settings of disabled realms.
    for realm in order.configured:
        if realm.type == "file":
            _read_realm(reader, realm, values)
    realm_values = _read_realm(reader, order.file_realm, values)
    reload_values = _read_reload(reader)
    reason = why_file_realm_is_unused(reader, order, security_enabled=values["security_enabled"])
    if reason is not None and reason not in reader.warnings:
        reader.warnings.append(reason)
    reader.finish()
    settings = RealmSettings(
        **values,
        **realm_values,
        **reload_values,
        warnings=tuple(reader.warnings),
        notes=tuple(reader.notes),
        elasticsearch_version=stated,
    )
    return settings, order


def _read_tool_keys(reader: SettingsReader, version: int = _VERSIONS[-1]) -> dict[str, Any]:
    fips_mode = reader.boolean(FIPS_MODE.key, FIPS_MODE.default)
    algorithm = _default_algorithm(fips_mode_enabled=fips_mode, version=version)
    return read_keys(reader, TOOL_KEYS, password_hashing_algorithm=algorithm)


def _default_algorithm(*, fips_mode_enabled: bool, version: int) -> str:
    """
    Return what a node of that major version hashes with by default; 5 and 6 ignore FIPS mode.

    Source:
        ``XPackSettings.PASSWORD_HASHING_ALGORITHM``.
    """
    if not fips_mode_enabled or version < _FIRST_WITH_FIPS_DEFAULT:
        return "bcrypt"
    return "pbkdf2" if version == _FIRST_WITH_FIPS_DEFAULT else "pbkdf2_stretch"


def _read_realm(
    reader: SettingsReader, realm: ConfiguredRealm, tool: Mapping[str, Any]
) -> dict[str, Any]:
    enabled = "true" if realm.enabled else "false"
    values = read_keys(reader, REALM_KEYS, realm.prefix, order=str(realm.order), enabled=enabled)
    # A node checks them when it builds the realm.
    if realm.enabled:
        check_keys(reader, REALM_KEYS, {**tool, **values}, realm.prefix)
    # A realm that is in use although it is disabled counts as enabled.
    return {**values, "enabled": realm.enabled, "realm_name": realm.name}


def _read_reload(reader: SettingsReader) -> dict[str, Any]:
    reader.claim_below(RELOAD_PREFIX)
    known = [key.key for key in (*RELOAD_KEYS, RELOAD_INTERVAL)]
    for key in reader.keys_below(RELOAD_PREFIX):
        if key not in known:
            from .._ground.hints import nearest

            reader.add_key_problem(key, f"unknown setting; {nearest(key, known)}")
    values = read_keys(reader, RELOAD_KEYS)
    check_keys(reader, RELOAD_KEYS, values)
    if reader.is_given(RELOAD_INTERVAL.key):
        old = read_keys(reader, [RELOAD_INTERVAL])
        check_keys(reader, [RELOAD_INTERVAL], old)
        medium = RELOAD_INTERVAL_MEDIUM.key
        if not reader.is_given(medium):
            values |= old
            reader.effective[medium] = reader.effective[RELOAD_INTERVAL.key]
        reader.warn(RELOAD_INTERVAL.key, f"an old name, which sets only [{medium}]")
    return values
