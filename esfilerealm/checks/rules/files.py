"""Rules about which files there are and what settings name: ``EFR32x`` to ``EFR34x``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..._ground.showing import shown
from ..parts import Unreadable
from ..registry import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...findings import Finding
    from ..node import Node

#: What a node looks for below its configuration directory only.
_INSIDE_ONLY: Final = ("key", "store", "truststore", "certificate", "keytab")


@rule("EFR321", "missing file that a setting names", severity="error", source="NS-23, NS-50, NS-52")
def missing(node: Node) -> Iterator[Finding | Unreadable]:
    """
    A node does not start if it cannot load a key, a certificate, a store or metadata.

    Advice: Correct the setting, or put the file there.
    """
    yield from node.layout.unknown
    for file in node.layout.named:
        if file.is_used and node.entry(file.path) is None:
            message = f"[{file.key}] names [{shown(file.text)}], where nothing is"
            yield missing.finding(message, subject=file.key, **node.settings.place(file.key))


@rule(
    "EFR322", "file outside of the configuration directory", severity="error", source="NS-22, NS-53"
)
def outside(node: Node) -> Iterator[Finding | Unreadable]:
    """
    A node may read keys, certificates, stores and keytabs only below its configuration directory.

    Advice: Move the file into the configuration directory, and name it relative to that.
    """
    yield from node.layout.unknown
    for file in node.layout.named:
        if file.use in _INSIDE_ONLY and file.is_used and not node.layout.is_inside(file.path):
            message = f"[{file.key}] names [{shown(file.text)}], outside of the directory"
            yield outside.finding(message, subject=file.key, **node.settings.place(file.key))


@rule("EFR323", "something else in the place of a file", severity="error")
def no_file(node: Node) -> Iterator[Finding | Unreadable]:
    """
    A directory, pipe, device or socket has the name of a file that a node reads. The node does not
    start, or waits for ever.

    Advice: Remove it, and put the file there.
    """
    yield from node.layout.troubles
    for item in node.layout.items:
        if item.is_read_by_node and item.end is not None and item.end.kind not in ("file", "link"):
            what = "directory" if item.end.kind == "directory" else "pipe, device or socket"
            yield no_file.finding(f"a {what} is where a node reads a file", path=item.path)


@rule("EFR331", "link out of the configuration directory", severity="info", source="WAT-76")
def link_out(node: Node) -> Iterator[Finding | Unreadable]:
    """
    What the node reads is elsewhere: other modes hold there, and a copy of the directory lacks it.

    Advice: Check that a backup takes it, and that nobody else may write there.
    """
    yield from node.layout.troubles
    for item in node.layout.items:
        is_known = item.entry.kind == "link" and item.trouble is None
        if is_known and not node.layout.is_inside(item.real_path):
            message = f"this link leads to [{shown(item.real_path)}]"
            yield link_out.finding(message, path=item.path)


@rule("EFR332", "link that leads nowhere", severity="warning")
def dangling(node: Node) -> Iterator[Finding | Unreadable]:
    """
    A node takes a link that leads nowhere for a missing file.

    Advice: Put the file there, or remove the link.
    """
    yield from node.layout.troubles
    for item in node.layout.items:
        if item.entry.kind == "link" and item.end is None and item.trouble is None:
            message = f"this link leads to [{shown(item.entry.target)}], where nothing is"
            yield dangling.finding(message, path=item.path)


@rule("EFR341", "earlier version with old hashes", severity="info")
def old_hashes(node: Node) -> Iterator[Finding | Unreadable]:
    """
    A version that is kept for an undo holds hashes that are no longer in use: of users that were
    removed, and of passwords that were changed, perhaps since somebody else knew them.

    Advice: Remove the versions with `--keep 0` at the next write, once nobody needs an undo.
    """
    for path, names in node.kept_hashes.items():
        if isinstance(names, Unreadable):
            yield names
        elif names:
            message = f"it holds [{len(names)}] hashes that are not in use any more"
            yield old_hashes.finding(message, path=path)


@rule("EFR342", "copy of a file with secrets", severity="info")
def copies(node: Node) -> Iterator[Finding | Unreadable]:
    """
    A copy of users, service_tokens or the keystore is forgotten easily: its hashes, tokens or
    settings stay valid, and nobody looks at its mode.

    Advice: Remove it, or move it to where the backups are.
    """
    yield from node.layout.unknown
    for item in node.layout.items:
        if item.is_copy and item.path not in node.kept_hashes:
            yield copies.finding("it looks like a forgotten copy", path=item.path)
