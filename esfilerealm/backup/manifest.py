"""
What a backup holds: the two documents that stand beside the files.

``manifest.json`` describes every file. ``MANIFEST`` has a digest of each, ``manifest.json``
included, in lines that ``sha256sum -c MANIFEST`` checks; whoever signs it signs everything. Both
have one form only: the same manifest gives the same bytes, and no other bytes are read.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Final, Literal, get_args

from .._ground.values import ReadOnlyDict
from ..errors import BackupFormatError, BackupVersionError
from .paths import CONFIG, encoded, is_inside, path_problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

__all__ = ["CHECKSUMS", "DESCRIPTION", "SIGNATURE", "VERSION", "Entry", "Form", "Manifest"]

Form = Literal["file", "directory", "link"]

CHECKSUMS: Final = "MANIFEST"
"""The member with the lines of ``sha256sum``."""

SIGNATURE: Final = "MANIFEST.sig"
"""The member with the SSH signature of ``MANIFEST``, if there is one."""

DESCRIPTION: Final = "manifest.json"
"""The member that describes every file."""

VERSION: Final = 1
"""The version of the form of a backup that this package writes and reads."""

_TIME: Final = "%Y-%m-%dT%H:%M:%SZ"
_HEX: Final = frozenset("0123456789abcdef")
_DIGEST_LENGTH: Final = 64
_LARGEST: Final = 2**62
_MODES: Final = 0o7777


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """
    One file, directory or link of a backup.

    Attributes:
        path: In the backup: ``config/…``, or ``outside/`` and an absolute path.
        form: ``file``, ``directory`` or ``link``.
        mode: Its permission bits, with those for set-id and sticky.
        uid: The number of its owner.
        gid: The number of its group.
        user: The name of its owner where it was; empty if it had none.
        group: The name of its group; likewise.
        size: Bytes of a file.
        digest: SHA-256 of a file, in hexadecimal; empty for everything else.
        kind: What it is for, as ``Inventory`` says.
        confidential: Whether it holds keys, hashes or passwords.
        xattrs: Its extended attributes that can be copied.
        target: What a link holds.
    """

    path: str
    form: Form = "file"
    mode: int = 0o600
    uid: int = 0
    gid: int = 0
    user: str = ""
    group: str = ""
    size: int = 0
    digest: str = ""
    kind: str = "other"
    confidential: bool = False
    xattrs: Mapping[str, bytes] = field(default_factory=ReadOnlyDict)
    target: str = ""

    @property
    def is_outside(self) -> bool:
        """Whether it was outside of the configuration directory, where a setting named it."""
        return self.path != CONFIG and not self.path.startswith(f"{CONFIG}/")

    @property
    def is_member(self) -> bool:
        """Whether it is a member of the archive; a link that leads out of it is only described."""
        return self.form != "link" or is_inside(self.path, self.target)

    @property
    def original(self) -> str:
        """
        Where it was: its path below the configuration directory, or its absolute path.

        The configuration directory itself is the empty text.
        """
        head, _, rest = self.path.partition("/")
        return rest if head == CONFIG else f"/{rest}"

    def to_dict(self) -> dict[str, object]:
        """Return the attributes as a dictionary fit for JSON; extended ones are in base64."""
        values: dict[str, Any] = {each.name: getattr(self, each.name) for each in fields(self)}
        values["mode"] = f"{self.mode:04o}"
        values["xattrs"] = {
            name: base64.b64encode(value).decode() for name, value in sorted(self.xattrs.items())
        }
        return values


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """
    The description of a backup.

    Attributes:
        node: The name of the node.
        cluster: The name of its cluster; empty if unknown.
        time: When the backup was made, UTC, in whole seconds.
        counter: Counts the backups of the node from 1.
        config_dir: The configuration directory where it was.
        entries: Files, directories and links, sorted by path.
        setting_names: The settings that the node had; no values.
        versions: Of the programs that matter, such as ``esfilerealm``.
    """

    node: str
    cluster: str = ""
    time: datetime
    counter: int
    config_dir: str
    entries: tuple[Entry, ...]
    setting_names: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=ReadOnlyDict)

    @cached_property
    def by_path(self) -> Mapping[str, Entry]:
        """The entries by their paths in the backup."""
        return ReadOnlyDict({entry.path: entry for entry in self.entries})

    @property
    def files(self) -> Iterator[Entry]:
        """The entries that are files."""
        return (entry for entry in self.entries if entry.form == "file")

    @property
    def confidential(self) -> tuple[str, ...]:
        """The paths of the entries that hold keys, hashes or passwords."""
        return tuple(entry.path for entry in self.entries if entry.confidential)

    def to_dict(self) -> dict[str, object]:
        """Return the manifest as a dictionary fit for JSON; it is what ``manifest.json`` holds."""
        return {
            "version": VERSION,
            "cluster": self.cluster,
            "node": self.node,
            "time": self.time.strftime(_TIME),
            "counter": self.counter,
            "config_dir": self.config_dir,
            "versions": dict(sorted(self.versions.items())),
            "setting_names": list(self.setting_names),
            "entries": [entry.to_dict() for entry in self.entries],
        }

    def to_bytes(self) -> bytes:
        """Return the content of ``manifest.json``."""
        return json.dumps(self.to_dict(), indent=1).encode() + b"\n"

    def checksums(self, description_digest: str) -> bytes:
        """
        Return the content of ``MANIFEST``.

        Args:
            description_digest: SHA-256 of ``manifest.json``, in hexadecimal.
        """
        digests = {entry.path: entry.digest for entry in self.files}
        digests[DESCRIPTION] = description_digest
        return b"".join(_line(digests[path], path) for path in sorted(digests, key=encoded))

    @classmethod
    def from_bytes(cls, data: bytes, source: str) -> Manifest:
        """
        Read ``manifest.json``.

        Args:
            data: Its content.

            source: The backup, for errors.

        Raises:
            BackupVersionError: If a later version of this package wrote it.
            BackupFormatError: If it is anything but what ``to_bytes`` writes.
        """
        content = _document(data, source)
        if isinstance(content, dict) and content.get("version") != VERSION:
            reason = (
                f"its form has version [{content.get('version')!r:.20}], and this esfilerealm "
                f"reads [{VERSION}]: use a later esfilerealm"
            )
            raise BackupVersionError(source, reason, DESCRIPTION)
        try:
            manifest = _manifest(content)  # type: ignore[arg-type]
            is_same = manifest.to_bytes() == data
        except (KeyError, TypeError, ValueError, AttributeError):
            is_same = False
        if not is_same:
            reason = "it is not written as esfilerealm writes it: do not use this backup"
            raise BackupFormatError(source, reason, DESCRIPTION)
        problem = _problem(manifest.entries)
        if problem is not None:
            raise BackupFormatError(source, problem[1], problem[0])
        return manifest


def _line(digest: str, path: str) -> bytes:
    r"""Write one line as ``sha256sum`` does, which marks a line with ``\`` if it escapes in it."""
    name = encoded(path)
    escaped = name.replace(b"\\", b"\\\\").replace(b"\n", b"\\n").replace(b"\r", b"\\r")
    mark = b"" if escaped == name else b"\\"
    return b"%s%s  %s\n" % (mark, digest.encode(), escaped)


def _document(data: bytes, source: str) -> object:
    try:
        content: object = json.loads(data)
    except (ValueError, RecursionError):
        pass
    else:
        return content
    # Not in the handler: its error holds the whole document.
    raise BackupFormatError(source, "it is not JSON: the backup is damaged", DESCRIPTION)


def _manifest(content: dict[str, Any]) -> Manifest:
    """Build the manifest; what has no place in it is found when it is written again."""
    return Manifest(
        node=_text(content["node"]),
        cluster=_text(content["cluster"]),
        time=datetime.strptime(content["time"], _TIME).replace(tzinfo=UTC),
        counter=_number(content["counter"]),
        config_dir=_text(content["config_dir"]),
        entries=tuple(map(_entry, content["entries"])),
        setting_names=tuple(map(_text, content["setting_names"])),
        versions=ReadOnlyDict({key: _text(value) for key, value in content["versions"].items()}),
    )


def _entry(content: dict[str, Any]) -> Entry:
    values = dict(content)
    mode = int(values.pop("mode"), 8)
    xattrs = {name: base64.b64decode(value) for name, value in values.pop("xattrs").items()}
    for name in ("size", "uid", "gid"):
        _number(values[name])
    for name in ("path", "form", "user", "group", "digest", "kind", "target"):
        _text(values[name])
    if not isinstance(values["confidential"], bool) or not 0 <= mode <= _MODES:
        raise TypeError
    return Entry(**values, mode=mode, xattrs=ReadOnlyDict(xattrs))


def _text(value: object) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise TypeError
    return value


def _number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < _LARGEST:
        raise TypeError
    return value


def _problem(entries: Sequence[Entry]) -> tuple[str, str] | None:
    """Return what is wrong with the set of entries: a path and the reason."""
    forms: dict[str, Form] = {}
    latest = b""
    for entry in entries:
        reason = path_problem(entry.path) or _own_problem(entry) or _above(entry, forms)
        name = encoded(entry.path)
        if reason is None and name <= latest:
            reason = "it stands twice or out of order in the manifest: do not use this backup"
        if reason is not None:
            return entry.path, reason
        forms[entry.path] = entry.form
        latest = name
    return None


def _own_problem(entry: Entry) -> str | None:
    if entry.form not in get_args(Form):
        return "it has a form that no backup has"
    is_file = entry.form == "file"
    has_digest = len(entry.digest) == _DIGEST_LENGTH and _HEX.issuperset(entry.digest)
    if has_digest != is_file or (not is_file and (entry.digest or entry.size)):
        return "its form does not go with its size and digest"
    if (entry.form == "link") != bool(entry.target):
        return "its form does not go with its target"
    return None


def _above(entry: Entry, forms: Mapping[str, Form]) -> str | None:
    """Return why an entry cannot lie where it is: below a file or link, or in no directory."""
    parent = entry.path.rpartition("/")[0]
    if parent and not entry.is_outside and forms.get(parent) != "directory":
        return "it lies in nothing that the backup has as a directory"
    while parent:
        if forms.get(parent, "directory") != "directory":
            return "it lies below a file or a link"
        parent = parent.rpartition("/")[0]
    return None
