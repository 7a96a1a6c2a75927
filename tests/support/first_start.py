"""Layouts of a node before its first start, and what becomes of them."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from support.keystore_bytes import build

from esfilerealm._storage import system
from esfilerealm.checks.autoconfiguration import AutoConfiguration, explain

if TYPE_CHECKING:
    from pathlib import Path

SEED = {"keystore.seed": b"abcdefghijklmnopqrst"}


@dataclass(frozen=True, kw_only=True)
class Layout:
    """
    What is given; by default a fresh installation.

    A file is text, bytes, ``None`` if it is missing, or how it is: ``link``, ``dangling``,
    ``directory`` or ``unreadable``; then its content is that of the default.
    """

    yml: str | bytes | None = ""
    yml_is: str = "file"
    keystore: bytes | None = None
    keystore_is: str = "file"
    log4j2: str | None = ""
    log4j2_is: str = "file"
    data: tuple[str, ...] | None = ()
    unlistable: bool = False
    writable: bool = True
    files: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    password: str = ""
    enrollment: bool = False

    def enrolling(self) -> Layout:
        return replace(self, enrollment=True)

    def create(self, home: Path) -> None:
        """Create the files below *home*."""
        config = home / "config"
        config.mkdir()
        for name, content, kind in (
            ("elasticsearch.yml", self.yml, self.yml_is),
            ("elasticsearch.keystore", self.keystore, self.keystore_is),
            ("log4j2.properties", self.log4j2, self.log4j2_is),
        ):
            if content is not None or kind != "file":
                _put(config / name, content or "", kind)
        for name, text in self.files.items():
            path = home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        if self.data is not None:
            (home / "data").mkdir(exist_ok=True)
            for name in self.data:
                (home / "data" / name).mkdir()

    def explain(self, home: Path, monkeypatch: Any) -> AutoConfiguration:
        """Create the files, and explain what becomes of them."""
        self.create(home)
        with monkeypatch.context() as patch:
            self._refuse(home, patch)
            return explain(
                home / "config",
                home=home,
                settings=self.settings,
                environment=self.environment,
                keystore_password=self.password,
                enrollment=self.enrollment,
            )

    def _refuse(self, home: Path, patch: Any) -> None:
        """Let the system refuse what the layout says; root would be allowed everything."""
        config = home / "config"
        refused = {
            os.path.realpath(config / name)
            for name, kind in (
                ("elasticsearch.yml", self.yml_is),
                ("elasticsearch.keystore", self.keystore_is),
            )
            if kind == "unreadable"
        }
        opened, listed, asked = system.open, os.scandir, os.access

        def open_(path: str, *args: Any, **kwargs: Any) -> int:
            if os.fspath(path) in refused:
                raise PermissionError(13, "Permission denied", path)
            return opened(path, *args, **kwargs)

        def scandir(path: str) -> Any:
            if self.unlistable:
                raise PermissionError(13, "Permission denied", path)
            return listed(path)

        def access(path: str, mode: int, **kwargs: Any) -> bool:
            if not self.writable and mode & os.W_OK and os.fspath(path) == str(config):
                return False
            return asked(path, mode, **kwargs)

        patch.setattr(system, "open", open_)
        patch.setattr(os, "scandir", scandir)
        patch.setattr(os, "access", access)
        patch.setattr(os, "supports_effective_ids", {access})


def _put(path: Path, content: str | bytes, kind: str) -> None:
    data = content.encode() if isinstance(content, str) else content
    if kind == "directory":
        path.mkdir()
    elif kind == "dangling":
        path.symlink_to("nowhere")
    elif kind == "link":
        target = path.parent / f"{path.name}.target"
        target.write_bytes(data)
        path.symlink_to(target.name)
    else:
        path.write_bytes(data)


def keystore(*names: str, version: int = 4, password: str = "", flag: int | None = None) -> bytes:
    """Return a keystore that holds these secure settings."""
    settings = SEED | dict.fromkeys(names, b"changeme")
    return build(settings, version=version, password=password, flag=flag)
