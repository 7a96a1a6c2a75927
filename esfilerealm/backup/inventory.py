"""Which files belong into a backup: the configuration directory, and what settings name."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

from .._ground.faults import FaultsOf
from .._ground.rights import whose
from .._ground.showing import shown
from .._storage import is_transient
from ..checks.contexts import NamedFile, keys_with_urls, named_files
from ..checks.entries import Entry
from ..checks.node import Node
from ..checks.opening import follow
from ..checks.parts import Unreadable
from ..checks.plain_secrets import plain_secrets
from ..errors import FileAccessError, FileRealmError
from ..findings import Finding
from .confidential import is_confidential
from .kinds import kind_of
from .limits import LIMITS
from .paths import CONFIG, OUTSIDE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ..checks.node_settings import NodeSettings
    from ..findings import Severity
    from .kinds import Kind
    from .manifest import Form

__all__ = ["BackupFile", "Inventory", "inventory"]

_DEEPEST: Final = 64
_READ: Final = 0o400
_SETTINGS_FILE: Final = "elasticsearch.yml"
_MARKS: Final = frozenset({_SETTINGS_FILE, "elasticsearch.keystore", "users", "x-pack", "shield"})


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupFile:
    """
    One file, directory or link that belongs into a backup.

    Attributes:
        name: In the archive, with slashes: ``config/users``, ``outside/etc/pki/node.key``.
        path: Where it is read, absolute. No link stands there, unless *form* is ``link``.
        form: ``file``, ``directory`` or ``link``.
        kind: What it is for.
        is_confidential: Whether it holds secrets, as far as anybody can tell; a directory and a
            link hold none.
        settings: The keys that name it, sorted.
        target: What a link holds, or None.
    """

    name: str
    path: str
    form: Form = "file"
    kind: Kind = "other"
    is_confidential: bool = False
    settings: tuple[str, ...] = ()
    target: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """
    What a backup of a node holds, and what it cannot hold.

    Attributes:
        config_dir: The configuration directory, absolute.
        files: By name in the archive, sorted; a directory comes before what is in it.
        findings: What a person should look at; those of severity ``error`` are about files that
            are missing in the backup.
        setting_names: The keys of ``elasticsearch.yml`` and what overrides it, sorted, without
            their values.
    """

    config_dir: str
    files: tuple[BackupFile, ...]
    findings: tuple[Finding, ...]
    setting_names: tuple[str, ...]

    @property
    def confidential(self) -> tuple[BackupFile, ...]:
        """The files that hold secrets."""
        return tuple(file for file in self.files if file.is_confidential)


def inventory(
    config_dir: str | os.PathLike[str],
    settings: Mapping[str, str] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
) -> Inventory:
    """
    Find out which files belong into a backup of a node. Nothing is written or locked.

    Everything in the configuration directory does, but for locks, journals and temporary files. So
    do the files that settings name elsewhere, and those that links in the directory lead to.

    Args:
        config_dir: The configuration directory.

        settings: Settings that win over those of ``elasticsearch.yml``, as with ``-E``.

        environ: Where placeholders of settings are looked up; by default that of this process.

    Raises:
        FileAccessError: If the directory cannot be listed or holds too many files.
        FilePermissionError: If the system refuses to list it.
    """
    return _Search(Node(config_dir, overrides=settings, environ=environ)).result()


@dataclass
class _Search:
    """The way through one configuration directory."""

    node: Node
    files: dict[str, BackupFile] = field(default_factory=dict)
    findings: dict[Finding, None] = field(default_factory=dict)
    #: The names in the archive, by path; of files that are left out, too.
    _seen: dict[str, str] = field(default_factory=dict)

    def result(self) -> Inventory:
        named = self._named_by_path()
        self._add_config_dir()
        for path, uses in named.items():
            self._add_named(path, uses)
        self._note_what_is_elsewhere()
        return Inventory(
            config_dir=self.node.config_dir,
            files=tuple(
                replace(file, is_confidential=self._holds_secrets(file))
                for _, file in sorted(self.files.items())
            ),
            findings=tuple(self.findings),
            setting_names=tuple(sorted(self._settings or ())),
        )

    @property
    def _settings(self) -> NodeSettings | None:
        try:
            return self.node.settings
        except Unreadable:
            return None

    def _named_by_path(self) -> dict[str, list[NamedFile]]:
        """Return what settings name, by path; what nobody can tell becomes a finding."""
        named: dict[str, list[NamedFile]] = {}
        try:
            for each in named_files(self.node):
                if isinstance(each, Unreadable):
                    self._find("BACKUP7", "warning", f"a file may be missing here: {each.reason}")
                else:
                    named.setdefault(each.path, []).append(each)
        except Unreadable as trouble:
            message = f"files that settings name elsewhere are missing here: {trouble.reason}"
            self._find("BACKUP7", "error", message, trouble.path)
        return named

    def _add_config_dir(self) -> None:
        top = self.node.config_dir
        end = Entry.of(os.path.realpath(top))
        if end is None:
            raise FileAccessError(top, errno.ENOENT, "there is no such directory")
        if end.kind != "directory":
            raise FileAccessError(top, errno.ENOTDIR, "it is not a directory")
        names = sorted(_listed(top))
        if not _MARKS.intersection(names):
            message = "it holds no elasticsearch.yml, no keystore and no users"
            advice = "Check that it is the configuration directory of a node."
            self._find("BACKUP9", "warning", message, top, advice=advice)
        self.files[CONFIG] = BackupFile(name=CONFIG, path=top, form="directory", kind="directory")
        self._add_all(names, "", 1)

    def _add_all(self, names: Iterable[str], folder: str, depth: int) -> None:
        for name in names:
            inner = f"{folder}{name}"
            if is_transient(name):
                continue
            try:
                entry = Entry.of(os.path.join(self.node.config_dir, inner))
            except FileRealmError as error:
                self._miss(os.path.join(self.node.config_dir, inner), error)
                continue
            if entry is not None:
                self._add_entry(inner, entry, depth)

    def _add_entry(self, inner: str, entry: Entry, depth: int) -> None:
        if entry.kind == "other":
            message = "it is a pipe, device or socket, and is left out"
            self._find("BACKUP6", "warning", message, entry.path)
            return
        kind: Kind = "directory" if entry.kind == "directory" else kind_of(inner)
        self._add(
            BackupFile(
                name=f"{CONFIG}/{inner}",
                path=entry.path,
                form=entry.kind,
                kind=kind,
                target=entry.target,
            )
        )
        if entry.kind == "link":
            self._add_end(entry, kind)
        elif entry.kind == "directory":
            self._add_inside(inner, entry, depth)
        else:
            self._check_readable(f"{CONFIG}/{inner}", entry.path)

    def _add_inside(self, inner: str, entry: Entry, depth: int) -> None:
        if depth >= _DEEPEST:
            reason = f"directories are nested more than [{_DEEPEST}] deep"
            raise FileAccessError(entry.path, errno.ELOOP, reason)
        try:
            names = sorted(_listed(entry.path))
        except FileRealmError as error:
            self._miss(entry.path, error)
        else:
            self._add_all(names, f"{inner}/", depth + 1)

    def _add(self, file: BackupFile) -> None:
        if len(self.files) >= LIMITS.members:
            reason = f"it holds more than [{LIMITS.members}] files, and no backup does"
            raise FileAccessError(self.node.config_dir, errno.EFBIG, reason)
        self.files[file.name] = file
        self._seen[file.path] = file.name

    def _add_end(self, link: Entry, kind: Kind) -> None:
        """Add what a link leads to, if that is a file elsewhere."""
        end = self._end_of(link.path)
        if end is None:
            return
        message = f"this link leads to [{shown(end.path)}]"
        if self._is_inside(end.path):
            self._find("BACKUP1", "info", message, link.path)
        elif end.kind == "file":
            where = f"{message}, out of the directory: a restore writes neither"
            self._find("BACKUP2", "warning", where, link.path)
            self._add_outside(end.path, kind)
        else:
            what = f"{message}; of what is there, the backup has the files that settings name"
            self._find("BACKUP2", "warning", what, link.path)

    def _end_of(self, path: str) -> Entry | None:
        """Examine what a link leads to; a finding says why nothing is known of it."""
        try:
            end = Entry.of(follow(path))
        except (Unreadable, FileRealmError) as error:
            self._miss(path, error)
            return None
        if end is None:
            self._find("BACKUP4", "warning", "this leads nowhere: there is no such file", path)
        return end

    def _add_named(self, path: str, uses: list[NamedFile]) -> None:
        """Add a file that settings name, or note for a file of the directory that they do."""
        if not os.path.lexists(path) and not any(use.is_used for use in uses):
            return
        end = self._named_end(path, uses)
        if end is None:
            return
        keys = tuple(sorted({use.key for use in uses}))
        kind = _kind_of_uses(uses)
        if self._is_inside(end.path):
            self._note_use(path, kind, keys)
            self._note_use(self._listed_path(end.path), kind, keys)
            return
        if not os.path.islink(path):  # else the link is found already
            message = (
                f"[{keys[0]}] names this file out of the directory: a restore does not write it"
            )
            self._find("BACKUP3", "warning", message, path, keys[0])
        self._note_use(path, kind, keys)
        self._add_outside(end.path, kind, keys)

    def _named_end(self, path: str, uses: list[NamedFile]) -> Entry | None:
        """Examine what settings name; a finding says why it is missing, unless one does already."""
        key, is_new = uses[0].key, path not in self._seen
        try:
            end = Entry.of(follow(path))
        except (Unreadable, FileRealmError) as error:
            if is_new:
                self._miss(path, error)
            return None
        if end is None and is_new:
            message = f"[{key}] names this file, which is not there"
            self._find("BACKUP4", "warning", message, path, key)
        elif end is not None and end.kind != "file":
            message = f"[{key}] names this, which is no regular file"
            self._find("BACKUP6", "warning", message, path, key)
            return None
        return end

    def _note_use(self, path: str, kind: Kind, keys: tuple[str, ...]) -> None:
        name = self._seen.get(path)
        if name is not None and name in self.files:
            self.files[name] = replace(self.files[name], kind=kind, settings=keys)

    def _add_outside(self, path: str, kind: Kind, keys: tuple[str, ...] = ()) -> None:
        name = f"{OUTSIDE}/{path.replace(os.sep, '/').lstrip('/')}"
        known = self.files.get(name)
        if known is None:
            self._add(BackupFile(name=name, path=path, kind=kind, settings=keys))
            self._check_readable(name, path)
        else:
            self.files[name] = replace(known, kind=kind, settings=keys or known.settings)

    def _check_readable(self, name: str, path: str) -> None:
        """Leave a file out that this user may not read."""
        if os.access(path, os.R_OK, effective_ids=os.access in os.supports_effective_ids):
            return
        reason = f"this user may not read it{whose(path, needs=_READ)}"
        self._find("BACKUP5", "error", f"it is missing in the backup: {reason}", path)
        del self.files[name]

    @cached_property
    def _top(self) -> str:
        return os.path.realpath(self.node.config_dir).rstrip(os.sep) + os.sep

    def _is_inside(self, path: str) -> bool:
        return path.startswith(self._top)

    def _listed_path(self, path: str) -> str:
        """Return a real path in the directory as the directory was named."""
        return os.path.join(self.node.config_dir, path.removeprefix(self._top))

    def _holds_secrets(self, file: BackupFile) -> bool:
        if file.form != "file":
            return False
        if file.kind == "settings":
            settings = self._settings
            if settings is None or plain_secrets(settings):
                return True
        return is_confidential(file.path, file.kind)

    def _note_what_is_elsewhere(self) -> None:
        """Note what belongs to a full restore and is no file of the node's configuration."""
        settings = self._settings
        if settings is None:
            return
        for key in keys_with_urls(settings):
            message = f"[{key}] names a URL: what is there is not in the backup"
            self._find("BACKUP8", "info", message, subject=key)
        if "path.repo" in settings:
            message = "[path.repo] names repositories of snapshots, which are not in the backup"
            self._find("BACKUP8", "info", message, subject="path.repo")
        if any(key.endswith(".keytab.path") for key in settings):
            message = "Kerberos also needs the krb5.conf of the JVM, which is not in the backup"
            self._find("BACKUP8", "info", message)

    def _miss(self, path: str, error: Unreadable | FileRealmError) -> None:
        reason = getattr(error, "reason", None) or str(error)
        self._find("BACKUP5", "error", f"it is missing in the backup: {reason}", path)

    def _find(
        self,
        code: str,
        severity: Severity,
        message: str,
        path: str | None = None,
        subject: str | None = None,
        advice: str = "",
    ) -> None:
        finding = Finding(
            code=code,
            severity=severity,
            message=message,
            path=path,
            subject=subject,
            advice=advice,
        )
        self.findings[finding] = None


def _listed(folder: str) -> Iterator[str]:
    with FaultsOf(folder, "listing"):
        yield from os.listdir(folder)


def _kind_of_uses(uses: list[NamedFile]) -> Kind:
    """Return what a file is for; of several uses the one with secrets counts."""
    found = {use.use for use in uses}
    secret: tuple[Kind, ...] = ("key", "store", "keytab")
    return next((kind for kind in secret if kind in found), uses[0].use)
