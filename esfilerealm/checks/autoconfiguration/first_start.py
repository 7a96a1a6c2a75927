"""What the checks look at: the directories, the settings and the keystore of a first start."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING, Final

from ..._storage import read_file
from ...keystore.file import FILE_NAME as KEYSTORE
from ...settings.start import FILE_NAME as SETTINGS
from ...settings.start import LARGEST_FILE, read_start_settings
from .block import preview_removal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FirstStart"]

#: Where packages put the configuration, and the home that belongs to it.
_PACKAGE_DIR: Final = "/etc/elasticsearch"
_PACKAGE_HOME: Final = "/usr/share/elasticsearch"


class FirstStart:
    """
    A start of a node that may be the first one.

    Args:
        config_dir: The configuration directory.

        home: The installation folder, or None to derive it.

        options: The settings of ``-E``.

        environ: The environment variables.

        keystore_password: The password of the keystore, if it has one.

        enrollment: Whether it has an enrollment token.

    Attributes:
        settings: As the start reads them.
    """

    def __init__(
        self,
        config_dir: str,
        home: str | None,
        options: Mapping[str, object],
        environ: Mapping[str, str],
        *,
        keystore_password: str = "",
        enrollment: bool = False,
    ) -> None:
        self.config_dir = config_dir
        self.home = _home_of(config_dir) if home is None else os.path.abspath(home)
        self.settings = read_start_settings(config_dir, options, environ)
        self.host = environ.get("HOSTNAME", "")
        self.keystore_password = keystore_password
        self.enrollment = enrollment

    def path(self, name: str) -> str:
        """Return the path of a file in the configuration directory."""
        return os.path.join(self.config_dir, name)

    @property
    def settings_file(self) -> str:
        """The path of ``elasticsearch.yml``."""
        return self.path(SETTINGS)

    @property
    def keystore_file(self) -> str:
        """The path of ``elasticsearch.keystore``."""
        return self.path(KEYSTORE)

    @cached_property
    def generated_lines(self) -> range:
        """The lines of the block that automatic configuration has written, if there is one."""
        data = read_file(self.settings_file, largest=LARGEST_FILE).data
        block = preview_removal(data.decode(errors="replace"))
        return range(block.first_line or 0, (block.last_line or -1) + 1)

    @property
    def data_dirs(self) -> list[str]:
        """
        The directories of ``path.data``, below the home if they are relative.

        Source:
            ``Environment``; its script changes to the home first.
        """
        paths = self.settings.items("path.data") or ["data"]
        return [os.path.normpath(os.path.join(self.home, path)) for path in paths]


def _home_of(config_dir: str) -> str:
    """Return the installation folder to which a configuration directory probably belongs."""
    path = os.path.abspath(config_dir)
    return _PACKAGE_HOME if path == _PACKAGE_DIR else os.path.dirname(path)
