"""
Where the configuration directory is: found as ``elasticsearch-users`` finds it.

The order of ``find_config_dir`` is that of the help, and of a table in its tests. Nothing is read
but the file in which a package keeps its environment variables.
"""

from __future__ import annotations

import os

from .._storage import read_file
from ..errors import FileRealmError, InvalidSettingError

__all__ = ["ConfigLocation", "find_config_dir", "find_same"]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
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

    It is the first of these: *given*; ``ES_PATH_CONF`` in ``/etc/default/elasticsearch`` or
    ``/etc/sysconfig/elasticsearch``, which the scripts of the packages read after the environment;
    the environment variable ``ES_PATH_CONF``; the first that exists of ``/etc/elasticsearch``,
    ``$ES_HOME/config`` and ``/usr/share/elasticsearch/config``; ``CONF_DIR``, in the same places,
    which only Elasticsearch 5 reads. A directory that is named counts even if it does not exist,
    unless a file of the packages names it and the environment an existing one.

    Args:
        given: What a user asked for.

        environ: The environment variables; by default those of this process.

        elasticsearch_version: The major version of the node. From 6 on, ``CONF_DIR`` is ignored;
            with 5, it counts before ``ES_PATH_CONF``. With None, it counts if there is nothing
            else, and a warning names it if it looks like a configuration directory.

    Raises:
        InvalidSettingError: If ``ES_PATH_CONF`` is empty and the package does not set it.
    """
    if given is not None:
        return ConfigLocation(given, "option -c")
    environ = os.environ if environ is None else environ
    files = _PackageFiles(environ)
    empty = "ES_PATH_CONF" in environ and not environ["ES_PATH_CONF"]
    if empty and not any(files.values("ES_PATH_CONF")):
        rule = "is empty: set it to the configuration directory, or unset it"
        raise InvalidSettingError("ES_PATH_CONF", None, rule, "the environment")
    candidates = _candidates(environ, files, elasticsearch_version)
    if not candidates:
        return None
    path, source = candidates[0]
    others = {os.path.realpath(other): (other, where) for other, where in reversed(candidates)}
    del others[os.path.realpath(path)]
    warnings = [_difference(path, source, *pair) for pair in reversed(others.values())]
    is_named = "ES_PATH_CONF" in source or "CONF_DIR" in source
    return ConfigLocation(path, source, (*warnings, *([] if is_named else files.unreadable)))


def find_same(paths: Iterable[str]) -> tuple[str, str] | None:
    """Return two paths of one directory, by another spelling or a link, or None."""
    found: dict[object, str] = {}
    for path in paths:
        try:
            status = os.stat(path)
            identity: object = status.st_dev, status.st_ino
        except OSError:  # it is not there yet, or whoever reads it will say more
            identity = os.path.realpath(path)
        if identity in found:
            return found[identity], path
        found[identity] = path
    return None


def _candidates(
    environ: Mapping[str, str], files: _PackageFiles, version: int | None
) -> list[tuple[str, str]]:
    """Return the directories that are named or found, the best first, each with its source."""
    named = _named("ES_PATH_CONF", environ, files)
    if version is not None and version > _LAST_WITH_CONF_DIR:
        return named or list(_existing(environ))
    old = _named("CONF_DIR", environ, files)
    if version is not None:
        return [*old, *named] or list(_existing(environ))
    candidates = named or list(_existing(environ))
    # Other programs have a variable of this name, too.
    return [*candidates, *[pair for pair in old if not candidates or _looks_like_config(pair[0])]]


def _named(name: str, environ: Mapping[str, str], files: _PackageFiles) -> list[tuple[str, str]]:
    """Return the directories that a variable names, and where it does so."""
    named = list(files.values(name))
    if not environ.get(name):
        return named
    in_environment = environ[name], f"environment variable {name}"
    if os.path.isdir(environ[name]) and not any(os.path.isdir(path) for path, _ in named):
        return [in_environment, *named]  # the package may have been removed
    return [*named, in_environment]


class _PackageFiles:
    """
    The files in which packages keep the variables of a node.

    Attributes:
        unreadable: A warning for each that cannot be read.
    """

    __slots__ = ("_variables", "unreadable")

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.unreadable: list[str] = []
        self._variables: list[tuple[str, dict[str, str]]] = []
        for path in _PACKAGE_FILES:
            try:
                data = read_file(_root + path).data
            except FileRealmError:
                text = "cannot be read, and may name another configuration directory"
                self.unreadable.append(f"[{_root + path}] {text}")
                continue
            if b"ES_PATH_CONF" in data or b"CONF_DIR" in data:
                variables = _variables(data.decode("utf-8", "replace"), environ)
                self._variables.append((_root + path, variables))

    def values(self, name: str) -> Iterator[tuple[str, str]]:
        """Iterate over the values that a variable is given, and where."""
        for path, variables in self._variables:
            if variables.get(name):
                yield variables[name], f"{name} in [{path}]"


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


def _difference(path: str, source: str, other: str, other_source: str) -> str:
    if _is_in_package(source) and other_source.startswith("environment"):
        source += ", which the commands of the package read after the environment"
    elif _is_in_package(other_source) and source.startswith("environment"):
        other_source += ", which does not exist"
    if "CONF_DIR" in other_source and "CONF_DIR" not in source:
        other_source += ", which only Elasticsearch 5 reads: with it, give --es-version 5"
    return (
        f"using the configuration directory [{path}] ({source}), not [{other}] ({other_source}); "
        "if that is wrong, give -c DIR"
    )


def _is_in_package(source: str) -> bool:
    return " in [" in source
