"""
Where the configuration directory is: found as ``elasticsearch-users`` finds it.

The order of ``find_config_dir`` is that of the help, and of a table in its tests. Nothing is read
but the file in which a package keeps its environment variables.
"""

from __future__ import annotations

import os

from .._storage import read_file
from ..errors import FileRealmError, InvalidSettingError

__all__ = ["ConfigLocation", "find_config_dir"]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Final

#: Where the packages for Debian and for Red Hat keep the variables of a node.
_PACKAGE_FILES: Final = ("/etc/default/elasticsearch", "/etc/sysconfig/elasticsearch")
_PACKAGE_DIR: Final = "/etc/elasticsearch"
_IMAGE_DIR: Final = "/usr/share/elasticsearch/config"
#: Any of them makes a directory look like one of Elasticsearch's.
_MARKS: Final = ("elasticsearch.yml", "users", "x-pack", "shield")
#: The last version that reads ``CONF_DIR``; the others read ``ES_PATH_CONF``.
_LAST_WITH_CONF_DIR: Final = 5

#: What comes before the paths of this machine; tests set it.
_root = ""


class ConfigLocation:
    """
    A configuration directory, which need not exist.

    Attributes:
        path: The directory.
        source: Where its name comes from, such as ``environment variable ES_PATH_CONF``.
        warnings: The directories that are named or found elsewhere, and differ.
    """

    __slots__ = ("path", "source", "warnings")

    def __init__(self, path: str, source: str, warnings: tuple[str, ...] = ()) -> None:
        self.path = path
        self.source = source
        self.warnings = warnings

    def __repr__(self) -> str:
        return f"<ConfigLocation: {self.path!r}, from {self.source}>"


def find_config_dir(
    given: str | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    elasticsearch_version: int | None = None,
) -> ConfigLocation | None:
    """
    Return the configuration directory of the node of this machine, or None if none is found.

    It is the first of these: *given*; the variable ``ES_PATH_CONF``; ``CONF_DIR``, which
    Elasticsearch 5 reads in its place; either of them in ``/etc/default/elasticsearch`` or
    ``/etc/sysconfig/elasticsearch``; the first that exists of ``/etc/elasticsearch``,
    ``$ES_HOME/config`` and ``/usr/share/elasticsearch/config``. A directory that is named counts
    even if it does not exist.

    Args:
        given: What a user asked for.

        environ: The environment variables; by default those of this process.

        elasticsearch_version: The major version of the node. From 6 on, ``CONF_DIR`` is ignored;
            with 5, it counts before ``ES_PATH_CONF``. With None, ``CONF_DIR`` counts unless it is
            obviously a directory of another program.

    Raises:
        InvalidSettingError: If ``ES_PATH_CONF`` is empty and the package does not set it.
    """
    if given is not None:
        return ConfigLocation(given, "option -c")
    environ = os.environ if environ is None else environ
    unreadable: list[str] = []
    named = list(_named(environ, elasticsearch_version, unreadable))
    found = list(_existing(environ))
    empty = "ES_PATH_CONF" in environ and not environ["ES_PATH_CONF"]
    if empty and not any("ES_PATH_CONF" in source for _, source in named):
        rule = "is empty: set it to the configuration directory, or unset it"
        raise InvalidSettingError("ES_PATH_CONF", None, rule, "the environment")
    if elasticsearch_version is None:
        sure = [
            (path, source)
            for path, source in named
            if "CONF_DIR" not in source or _looks_like_config(path)
        ]
        named = sure if sure or found else named
    candidates = named or found
    if not candidates:
        return None
    path, source = candidates[0]
    others = [(other, where) for other, where in candidates[1:] if not _is_same(path, other)]
    warnings = [_difference(path, source, *pair) for pair in others]
    return ConfigLocation(path, source, (*warnings, *([] if named else unreadable)))


def _named(
    environ: Mapping[str, str], version: int | None, unreadable: list[str]
) -> Iterator[tuple[str, str]]:
    """Iterate over the directories that variables name, and where."""
    names = ["ES_PATH_CONF", "CONF_DIR"]
    if version is not None:
        names = ["CONF_DIR", *names[:1]] if version <= _LAST_WITH_CONF_DIR else names[:1]
    for name in names:
        if environ.get(name):
            yield environ[name], f"environment variable {name}"
    for path in _PACKAGE_FILES:
        try:
            data = read_file(_root + path).data
        except FileRealmError:
            unreadable.append(
                f"[{_root + path}] cannot be read, and may name another configuration directory"
            )
            continue
        if b"ES_PATH_CONF" in data or b"CONF_DIR" in data:
            variables = _variables(data.decode("utf-8", "replace"), environ)
            for name in names:
                if variables.get(name):
                    yield variables[name], f"{name} in [{_root + path}]"


def _existing(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Iterate over the default directories that exist."""
    if os.path.isdir(_root + _PACKAGE_DIR):
        yield _root + _PACKAGE_DIR, "the default of the packages"
    home = environ.get("ES_HOME")
    if home and os.path.isdir(os.path.join(home, "config")):
        yield os.path.join(home, "config"), "environment variable ES_HOME"
    if _looks_like_config(_root + _IMAGE_DIR):
        yield _root + _IMAGE_DIR, "the default of the container image"


def _variables(text: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Return what a file of assignments for the shell sets; what must be run is left out."""
    import re
    import shlex

    variables: dict[str, str] = {}

    def value_of(match: re.Match[str]) -> str:
        name, default = match[1] or match[3], match[2]
        return variables.get(name) or environ.get(name) or default or ""

    for line in text.splitlines():
        match = re.fullmatch(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z_0-9]*)=(.*)", line)
        if match is None or "`" in match[2] or "$(" in match[2]:
            continue
        try:
            value = (shlex.split(match[2], comments=True) or [""])[0]
        except ValueError:  # a quote that is not closed
            continue
        if not match[2].startswith("'"):
            value = re.sub(r"\$(?:\{(\w+)(?::?-([^}]*))?\}|(\w+))", value_of, value)
        variables[match[1]] = value
    return variables


def _looks_like_config(path: str) -> bool:
    return any(os.path.exists(os.path.join(path, name)) for name in _MARKS)


def _is_same(path: str, other: str) -> bool:
    return os.path.realpath(path) == os.path.realpath(other)


def _difference(path: str, source: str, other: str, other_source: str) -> str:
    is_packaged = " in [" in other_source and " in [" not in source
    packaged = ", which elasticsearch-users of the package takes" if is_packaged else ""
    return (
        f"using the configuration directory [{path}] ({source}), not [{other}] ({other_source})"
        f"{packaged}; if that is wrong, give -c DIR"
    )
