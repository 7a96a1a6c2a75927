"""Where the files of a configuration folder are."""

from __future__ import annotations

import os

__all__ = ["RealmPaths"]


class RealmPaths:
    """
    The files of one configuration folder, as absolute paths, links not yet followed.

    A file that is missing while ``x-pack/`` holds one of its name is found there, where the
    versions 5 to 6.2 of Elasticsearch kept it.

    Attributes:
        legacy: The paths that were found in ``x-pack/``.

    Source:
        ``XPackPlugin.resolveConfigFile``.
    """

    def __init__(self, config_dir: str | os.PathLike[str]) -> None:
        self.config_dir = os.path.abspath(os.fspath(config_dir))
        self.legacy: list[str] = []
        self.users = self._locate("users")
        self.users_roles = self._locate("users_roles")
        self.roles_yml = self._locate("roles.yml")

    @property
    def lock(self) -> str:
        """The lock file, beside the real ``users``; it is asked for anew whenever it matters."""
        return os.path.realpath(self.users) + ".lock"

    def _locate(self, name: str) -> str:
        path = os.path.join(self.config_dir, name)
        legacy = os.path.join(self.config_dir, "x-pack", name)
        if os.path.lexists(path) or not os.path.lexists(legacy):
            return path
        self.legacy.append(legacy)
        return legacy
