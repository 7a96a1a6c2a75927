"""The steps of a first start, in the order of a node."""

from __future__ import annotations

import os
from socket import gethostname
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from .before import hits_of_keystore_load, hits_of_log4j2, hits_of_settings
from .files import hits_of_config_dir, hits_of_data, hits_of_links
from .first_start import FirstStart
from .keystore import hits_of_entries
from .result import AutoConfiguration
from .settings import hits_of_keys, hits_of_roles

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .result import Hit

__all__ = ["explain", "hits_of"]

_NONE: Final[Mapping[str, object]] = MappingProxyType({})


def explain(
    config_dir: str | os.PathLike[str],
    *,
    home: str | os.PathLike[str] | None = None,
    settings: Mapping[str, object] = _NONE,
    environment: Mapping[str, str] | None = None,
    keystore_password: str = "",
    enrollment: bool = False,
) -> AutoConfiguration:
    """
    Tell what a first start of Elasticsearch 8 or later would do, as the user of this process.

    This reads, and writes nothing. A missing configuration directory is a hit, not an error.

    Args:
        config_dir: The configuration directory.

        home: The installation folder, whose ``data`` is the default of ``path.data``; by default
            ``/usr/share/elasticsearch`` for ``/etc/elasticsearch``, else the directory above.

        settings: The settings of ``-E``, from key to text, which is parsed as YAML.

        environment: The environment variables of the node; by default those of this process.

        keystore_password: Of a keystore that has one.

        enrollment: Whether the node is started with an enrollment token.

    Returns:
        The outcome, with every reason for it.

    Source:
        ``ServerCli``, ``AutoConfigureNode``, ``KeyStoreLoader``.
    """
    if environment is None:
        environment = {"HOSTNAME": gethostname(), **os.environ}
    start = FirstStart(
        os.path.abspath(os.fspath(config_dir)),
        None if home is None else os.fspath(home),
        settings,
        environment,
        keystore_password=keystore_password,
        enrollment=enrollment,
    )
    return AutoConfiguration.of(hits_of(start), enrollment=enrollment)


def hits_of(start: FirstStart) -> Iterator[Hit]:
    """Yield everything that applies, even behind what ends the start."""
    yield from hits_of_settings(start)
    yield from hits_of_log4j2(start)
    keystore, hits = hits_of_keystore_load(start)
    yield from hits
    if start.settings.is_known:
        yield from hits_of_data(start)
    yield from hits_of_links(start)
    if start.settings.is_known:
        yield from hits_of_keys(start)
        if not start.enrollment:
            yield from hits_of_roles(start)
    yield from hits_of_config_dir(start)
    if keystore is not None:
        yield from hits_of_entries(start, keystore)
