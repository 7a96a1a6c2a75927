"""Rules about who may read and write the files of a node: ``EFR30x`` and ``EFR31x``."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING, Final

from ..access import READ, WRITE
from ..registry import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...findings import Finding, Severity
    from ..layout import Item
    from ..node import Node
    from ..parts import Unreadable
    from ..registry import Rule

#: How many files a message names.
_MOST_NAMES: Final = 5


@rule("EFR301", "directory writable by everybody", severity="error")
def directory_for_everybody(node: Node) -> Iterator[Finding | Unreadable]:
    """
    Whoever may write to a directory may replace each file in it: give themselves a user, a role or
    a key.

    Advice: Take the right to write from everybody, with chmod o-w or --fix.
    """
    yield from node.layout.troubles_with_modes
    for item in node.layout.with_folder():
        yield from _writable(node, item, "directory", directory_for_everybody)


@rule("EFR302", "file writable by everybody", severity="error")
def file_for_everybody(node: Node) -> Iterator[Finding | Unreadable]:
    """
    Whoever may write to a file that a node reads decides what the node does: who logs in, with
    which role, and which certificates it trusts.

    Advice: Take the right to write from everybody, with chmod o-w or --fix.
    """
    yield from node.layout.troubles_with_modes
    for item in node.layout.items:
        yield from _writable(node, item, "file", file_for_everybody)


@rule("EFR303", "directory above writable by everybody", severity="error")
def directory_above_for_everybody(node: Node) -> Iterator[Finding | Unreadable]:
    """
    Whoever may write to a directory above the configuration directory may rename that, and put
    another one in its place.

    Advice: Take the right to write from everybody with chmod o-w, or move the configuration.
    """
    yield from node.layout.troubles_with_modes
    for folder in node.layout.above:
        if folder.mode & WRITE and not folder.mode & stat.S_ISVTX:
            message = f"mode [{folder.mode:04o}]: everybody may replace [{node.config_dir}]"
            yield directory_above_for_everybody.finding(message, path=folder.path)


@rule("EFR304", "hashes readable by everybody", severity="warning")
def hashes_for_everybody(node: Node) -> Iterator[Finding | Unreadable]:
    """
    Whoever can read a hash can guess its password without asking the node, as fast as their
    computers allow. In a container's image nobody else has an account, so it is only noted there.

    Advice: Take the right to read from everybody, with chmod o-r or --fix.
    """
    yield from node.layout.troubles_with_modes
    for item in node.layout.items:
        if item.secret == "hashes":  # noqa: S105 - what it holds
            yield from _readable(node, item, hashes_for_everybody)


@rule("EFR305", "private key readable by everybody", severity="error", source="NSF-1")
def key_for_everybody(node: Node) -> Iterator[Finding | Unreadable]:
    """
    Whoever has the private key of a node can pose as the node, and in the transport layer as a
    member of the cluster. A node checks no modes. In a container's image it is only noted.

    Advice: Take the right to read from everybody, with chmod o-r or --fix.
    """
    yield from node.layout.troubles_with_modes
    for item in node.layout.items:
        if item.secret in ("a private key", "a keytab"):
            yield from _readable(node, item, key_for_everybody)


@rule("EFR306", "access control list that shares a secret", severity="info")
def shared_by_list(node: Node) -> Iterator[Finding | Unreadable]:
    """
    Beside its owner and group, an access control list lets others read a file with hashes or keys.
    The mode does not show whom.

    Advice: Check with getfacl that they should, and take it from the others with setfacl -x.
    """
    yield from node.layout.troubles_with_modes
    for item in node.layout.items:
        if item.end is None or item.secret is None:
            continue
        for grant in item.grants:
            is_known = node.layout.is_of_node(grant) or grant.is_to(item.end.group)
            if grant.rights & READ and not is_known:
                message = f"its access control list lets {grant.kind} [{grant.number}] read it"
                subject = f"{grant.kind} {grant.number}"
                yield shared_by_list.finding(message, path=item.path, subject=subject)


@rule("EFR311", "file that the node cannot read", severity="error", source="NS-23, NSF-6")
def unreadable_for_node(node: Node) -> Iterator[Finding | Unreadable]:
    """
    A node needs to read its configuration. Often a tool that ran as root has made the file its
    own. The node does not start, or keeps the state that it read last.

    Advice: Give the file the group of the node and the mode 0660, with chgrp and chmod.
    """
    yield from node.layout.troubles_with_modes
    for item in node.layout.items:
        obstacle = node.layout.obstacle(item) if item.is_read_by_node else None
        if obstacle is not None:
            which = "it" if obstacle is item.end else f"[{obstacle.path}]"
            message = (
                f"{node.layout.who} cannot read it: {which} belongs to user [{obstacle.owner}] and "
                f"group [{obstacle.group}], mode [{obstacle.mode:04o}]"
            )
            yield unreadable_for_node.finding(message, path=item.path)


@rule("EFR312", "file or link of another user", severity="warning")
def of_another_user(node: Node) -> Iterator[Finding | Unreadable]:
    """
    The owner of a file may change it, and the owner of a link decides where it leads. Here that is
    neither root, nor the owner of the directory, nor the user or a member of the group of the node.

    Advice: Check what it is, and give it to the owner of the directory with chown -h.
    """
    yield from node.layout.unknown
    for item in node.layout.items:
        if not node.layout.may_own(item.entry):
            what = item.entry.kind if item.entry.kind != "other" else "special file"
            message = f"this {what} belongs to user [{item.entry.owner}], who is not of the node"
            yield of_another_user.finding(message, path=item.path)


@rule("EFR313", "files of root in the directory of another user", severity="info", source="NSF-6")
def of_root(node: Node) -> Iterator[Finding | Unreadable]:
    """
    A tool that ran as root has made files its own, or an image came with them. As long as the node
    can read them it works, but the owner of the directory cannot keep their owner when it writes.

    Advice: Run tools as the owner of the directory, or give the files back with chown.
    """
    yield from node.layout.unknown
    folder = node.layout.folder.end
    if folder is None or folder.owner == 0:
        return
    names = [item.entry.name for item in node.layout.items if item.entry.owner == 0]
    if names:
        more = ", …" if len(names) > _MOST_NAMES else ""
        shown = ", ".join(f"[{name}]" for name in names[:_MOST_NAMES])
        message = f"the directory is of user [{folder.owner}], and root owns {shown}{more}"
        yield of_root.finding(message, path=node.config_dir)


def _writable(node: Node, item: Item, kind: str, broken: Rule) -> Iterator[Finding]:
    if item.end is None or item.end.kind != kind or not node.layout.is_writable_by_others(item):
        return
    what = "replace the files in it" if kind == "directory" else "write it"
    message = f"mode [{item.end.mode:04o}]: everybody may {what}"
    yield broken.finding(message, path=item.path, fix=node.layout.fix_of_mode(item, WRITE))


def _readable(node: Node, item: Item, broken: Rule) -> Iterator[Finding]:
    if item.end is None or not node.layout.is_open_to_others(item, READ):
        return
    message = f"mode [{item.end.mode:04o}]: everybody may read it, and it holds {item.secret}"
    severity: Severity | None = "info" if node.layout.is_of_image else None
    fix = node.layout.fix_of_mode(item, READ)
    yield broken.finding(message, path=item.path, fix=fix, severity=severity)
