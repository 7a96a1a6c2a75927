"""
``elasticsearch.yml`` and its overrides, as far as they concern the file realm.

Values are text, as in Elasticsearch: ``yes`` is no boolean, and ``007`` is no number.
"""

from __future__ import annotations

import os

from ._storage.read import read_file
from .errors import InvalidSettingError
from .validation import DEFAULT_ANONYMOUS_USERNAME

__all__ = ["RealmSettings", "container_overrides"]

TYPE_CHECKING = False  # as in `validation`
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import TypedDict

    import yaml

    #: A value is text, or a list of texts.
    Value = str | list[str]

    class NameRules(TypedDict):
        """The two settings that decide which usernames a node takes from a file."""

        allow_reserved: bool
        anonymous_username: str


class RealmSettings:
    """
    The settings of a node that decide how its file realm is read and written.

    Attributes:
        password_hashing_algorithm: ``xpack.security.authc.password_hashing.algorithm``; by default
            ``bcrypt``, with FIPS mode ``pbkdf2_stretch``. A name, not yet resolved.
        fips_mode_enabled: ``xpack.security.fips_mode.enabled``, false by default.
        reserved_realm_enabled: ``xpack.security.authc.reserved_realm.enabled``, true by default.
        anonymous_username: ``xpack.security.authc.anonymous.username``, ``_anonymous`` by default.
    """

    __slots__ = (
        "anonymous_username",
        "fips_mode_enabled",
        "password_hashing_algorithm",
        "reserved_realm_enabled",
    )

    def __init__(
        self,
        *,
        password_hashing_algorithm: str | None = None,
        fips_mode_enabled: bool = False,
        reserved_realm_enabled: bool = True,
        anonymous_username: str = DEFAULT_ANONYMOUS_USERNAME,
    ) -> None:
        default_algorithm = "pbkdf2_stretch" if fips_mode_enabled else "bcrypt"
        self.password_hashing_algorithm = password_hashing_algorithm or default_algorithm
        self.fips_mode_enabled = fips_mode_enabled
        self.reserved_realm_enabled = reserved_realm_enabled
        self.anonymous_username = anonymous_username

    @classmethod
    def load(
        cls,
        config_dir: str | os.PathLike[str] | None,
        overrides: Mapping[str, str] | None = None,
    ) -> RealmSettings:
        """
        Read the settings of the node whose configuration folder is *config_dir*.

        Args:
            config_dir: The folder of ``elasticsearch.yml``. A file that is not there means
                defaults, and so does None.

            overrides: From key to text; they win over the file, as ``-E`` does.

        Raises:
            InvalidSettingError: If the file is no YAML mapping, names a key twice, or if a value
                that matters here breaks its rule.
            FilePermissionError, FileAccessError: If the file cannot be read.
        """
        path = None if config_dir is None else os.path.join(config_dir, "elasticsearch.yml")
        values = _Values(path, overrides or {})
        return cls(
            password_hashing_algorithm=values.text(
                "xpack.security.authc.password_hashing.algorithm"
            ),
            fips_mode_enabled=values.boolean("xpack.security.fips_mode.enabled", default=False),
            reserved_realm_enabled=values.boolean(
                "xpack.security.authc.reserved_realm.enabled", default=True
            ),
            anonymous_username=values.text("xpack.security.authc.anonymous.username")
            or DEFAULT_ANONYMOUS_USERNAME,
        )

    @property
    def name_rules(self) -> NameRules:
        """The keyword arguments by which validators and formats know reserved usernames."""
        return {
            "allow_reserved": not self.reserved_realm_enabled,
            "anonymous_username": self.anonymous_username,
        }

    def with_algorithm(self, algorithm: str) -> RealmSettings:
        """Give the same settings with another algorithm for new hashes."""
        return RealmSettings(
            password_hashing_algorithm=algorithm,
            fips_mode_enabled=self.fips_mode_enabled,
            reserved_realm_enabled=self.reserved_realm_enabled,
            anonymous_username=self.anonymous_username,
        )

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__slots__)
        return f"RealmSettings({values})"


class _Values:
    """Settings by key, each with the place it comes from."""

    def __init__(self, path: str | None, overrides: Mapping[str, str]) -> None:
        self._values = {} if path is None else _read_file(path)
        self._values.update({key: (value, "the overrides") for key, value in overrides.items()})

    def text(self, key: str) -> str | None:
        value, where = self._values.get(key, (None, ""))
        if value is None:
            return None
        if not isinstance(value, str):
            raise InvalidSettingError(key, value, "must be one value, not a list", where)
        if not value:
            raise InvalidSettingError(key, value, "must not be empty", where)
        return _substituted(key, value, where)

    def boolean(self, key: str, *, default: bool) -> bool:
        text = self.text(key)
        if text is None:
            return default
        if text not in ("true", "false"):
            where = self._values[key][1]
            raise InvalidSettingError(key, text, "must be exactly [true] or [false]", where)
        return text == "true"


def _substituted(key: str, value: str, where: str) -> str:
    """Replace ``${NAME}`` and ``${NAME:default}`` by what the environment says."""
    if "${" not in value:
        return value
    import re

    def environment(match: re.Match[str]) -> str:
        name, default = match.group(1, 2)
        replacement = os.environ.get(name, default)
        if replacement is None:
            raise InvalidSettingError(key, value, f"[{name}] is not in the environment", where)
        return replacement

    return re.sub(r"\$\{([^}:]+)(?::([^}]*))?\}", environment, value)


def _read_file(path: str) -> dict[str, tuple[Value, str]]:
    """Flatten a YAML mapping, whose keys may be nested, dotted or both, to dotted keys."""
    file = read_file(path)
    root = _composed(file.data, path) if file.exists else None
    if root is None or root.value == "":
        return {}
    values: dict[str, tuple[Value, str]] = {}
    for key, value, line in _flatten(root, path):
        where = f"[{path}], line {line}"
        if key in values:
            raise InvalidSettingError(key, None, f"given in {values[key][1]} already", where)
        values[key] = (value, where)
    return values


def _composed(data: bytes, path: str) -> yaml.Node | None:
    import yaml

    # No word of YAML's own messages: they quote the file, which may hold secrets.
    fault = "not YAML, or nested too deeply"
    try:
        root: yaml.Node | None = yaml.compose(data.decode("utf-8"), Loader=yaml.SafeLoader)
    except UnicodeDecodeError as error:
        fault = f"not UTF-8 at byte {error.start}"
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        fault = f"not YAML at line {mark.line + 1}" if mark else fault
    except (yaml.YAMLError, RecursionError):
        pass
    else:
        return root
    # Not in a handler, whose error would be kept as the context of this one.
    raise InvalidSettingError(None, None, fault, f"[{path}]")


def _flatten(root: yaml.Node, path: str) -> Iterator[tuple[str, Value, int]]:
    import yaml

    if not isinstance(root, yaml.MappingNode):
        raise InvalidSettingError(None, None, "must be a mapping of keys to values", f"[{path}]")
    seen: set[int] = set()
    waiting = [("", root)]
    while waiting:
        prefix, mapping = waiting.pop()
        if id(mapping) in seen:
            rule = "must not be given by alias"
            raise InvalidSettingError(prefix.rstrip("."), None, rule, f"[{path}]")
        seen.add(id(mapping))
        for key_node, node in mapping.value:
            key, line = f"{prefix}{key_node.value}", key_node.start_mark.line + 1
            if isinstance(node, yaml.MappingNode):
                waiting.append((f"{key}.", node))
            elif isinstance(node, yaml.ScalarNode):
                yield key, node.value, line
            else:
                yield key, [str(item.value) for item in node.value], line


def container_overrides(environ: Mapping[str, str]) -> dict[str, str]:
    """
    Give the settings that the environment of Elasticsearch's container image carries.

    In that image, and only there, a variable whose name looks like a key (lower case, dotted) is
    that setting; of ``ES_SETTING_A_B__C`` the prefix goes, ``_`` becomes ``.`` and ``__``
    becomes ``_``. They win even over ``-E``.

    Source:
        ``EnvironmentAwareCommand``. The image sets ``ELASTIC_CONTAINER``, its scripts set
        ``ES_DISTRIBUTION_TYPE``.
    """
    in_container = (
        environ.get("ELASTIC_CONTAINER") == "true"
        or environ.get("ES_DISTRIBUTION_TYPE") == "docker"
    )
    if not in_container:
        return {}
    import re

    settings = {}
    for name, value in environ.items():
        if re.fullmatch(r"[-a-z0-9_]+(\.[-a-z0-9_]+)+", name):
            settings[name] = value
        elif name.startswith("ES_SETTING_"):
            dotted = name.removeprefix("ES_SETTING_").replace("_", ".").replace("..", "_")
            settings[dotted.lower()] = value
    return settings
