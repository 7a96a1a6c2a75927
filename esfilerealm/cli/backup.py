"""``backup``: make backups of a node, check them, and show what they hold."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from .._ground.showing import shown
from ..backup import create_backup, list_backups
from .backup_keys import encryption_of, remember, require_file, signing_key_of, verified
from .exits import INCOMPLETE, OK, UsageError
from .progress import progress_of
from .terminal import VERBOSE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..backup import Backup, Entry, Manifest, StoredBackup, VerifiedBackup
    from ..findings import Finding
    from .arguments import Arguments
    from .target import Target
    from .terminal import Terminal

__all__ = ["print_findings", "run_create", "run_list", "run_show", "run_verify"]

_TIME: Final = "%Y-%m-%d %H:%M:%S UTC"


def run_create(arguments: Arguments, target: Target, terminal: Terminal) -> int:
    """Make a backup."""
    keep_last = arguments.number("keep-last", "a number of backups")
    if keep_last == 0:
        raise UsageError("option [keep-last] keeps at least the new backup: give 1 or more")
    if keep_last is not None and not os.path.isdir(arguments.first):
        raise UsageError("option [keep-last] counts the backups in a directory: name one as DEST")
    if arguments.first == "-":
        raise UsageError("a backup needs a directory or a file, not [-]")
    encryption = encryption_of(arguments, terminal)
    config_dir = target.config_dir
    key = signing_key_of(arguments, terminal)
    with progress_of(terminal, "Reading") as progress:
        backup = create_backup(
            config_dir,
            arguments.first,
            node=arguments.value("node"),
            cluster=arguments.value("cluster"),
            sign=key,
            compression="gzip" if arguments.has("gzip") else "zstd",
            keep_last=keep_last,
            settings=arguments.settings(),
            progress=progress,
            **encryption,
        )
    _report_new(terminal, backup)
    return INCOMPLETE if print_findings(terminal, backup.findings) else OK


def _report_new(terminal: Terminal, backup: Backup) -> None:
    terminal.result.update(
        **_told(backup.manifest),
        path=backup.path,
        size=backup.size,
        is_signed=backup.is_signed,
        is_encrypted=backup.is_encrypted,
        removed=list(backup.removed),
    )
    _print_manifest(terminal, backup.path, backup.manifest)
    signed = "signed" if backup.is_signed else "not signed: nobody can tell who made it"
    sealed = "encrypted" if backup.is_encrypted else "not encrypted"
    terminal.print(f"protected  : {sealed}, {signed}")
    for path in backup.removed:
        terminal.print(f"removed    : {path}")


def run_verify(arguments: Arguments, _: Target, terminal: Terminal) -> int:
    """Verify a backup, and remember that it was seen."""
    backup = verified(arguments, terminal, keep=False)
    remember(arguments, terminal, backup)
    _report_verified(terminal, backup)
    _print_signer(terminal, backup)
    print_findings(terminal, backup.findings)
    return OK


def run_show(arguments: Arguments, _: Target, terminal: Terminal) -> int:
    """Show what a backup holds."""
    backup = verified(arguments, terminal, keep=False)
    _report_verified(terminal, backup)
    terminal.result["entries"] = [_told_of_entry(entry) for entry in backup.manifest.entries]
    terminal.print("")
    for entry in backup.manifest.entries:
        terminal.print(_line_of(entry))
    terminal.print("", "C marks what is confidential, and > where a link leads")
    print_findings(terminal, backup.findings)
    return OK


def run_list(arguments: Arguments, _: Target, terminal: Terminal) -> int:
    """List the backups in a directory by their names."""
    require_file("", arguments.first)
    found = sorted(
        list_backups(arguments.first), key=lambda each: (each.time, each.counter), reverse=True
    )
    terminal.result["backups"] = [_told_of_stored(backup) for backup in found]
    for backup in found:
        sealed = "encrypted" if backup.is_encrypted else "plain"
        name = os.path.basename(backup.path)
        made = backup.time.strftime(_TIME)
        terminal.print(f"{made}  {_sized(backup.size):>9}  {sealed:<9}  {name}")
    if not found:
        terminal.print("No backups found")
    return OK


def _told_of_stored(backup: StoredBackup) -> dict[str, object]:
    return {
        "path": backup.path,
        "node": backup.node,
        "made": backup.time.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "counter": backup.counter,
        "is_encrypted": backup.is_encrypted,
        "size": backup.size,
    }


def _report_verified(terminal: Terminal, backup: VerifiedBackup) -> None:
    signer = backup.signer
    terminal.result.update(
        **_told(backup.manifest),
        path=backup.source,
        digest=backup.digest,
        signer=signer and {"identity": signer.identity, "fingerprint": signer.fingerprint},
        is_signed=backup.is_signed,
        is_encrypted=backup.is_encrypted,
        is_older=backup.is_older,
    )
    _print_manifest(terminal, backup.source, backup.manifest)


def _print_signer(terminal: Terminal, backup: VerifiedBackup) -> None:
    if backup.signer is not None:
        signer = f"{backup.signer.identity}, key {backup.signer.fingerprint}"
    else:
        signer = "not checked" if backup.is_signed else "nobody"
    terminal.print(f"signed by  : {signer}", "Every file is as the manifest says.")


def print_findings(terminal: Terminal, findings: Iterable[Finding]) -> bool:
    """Print what a person should know; return whether any of it is an error."""
    found = list(findings)
    terminal.result["findings"] = [finding.to_dict() for finding in found]
    for finding in found:
        place = "" if finding.path is None else f"[{finding.path}]: "
        text = " ".join(filter(None, (f"{place}{finding.message}.", finding.advice)))
        if finding.severity == "info":
            terminal.note(f"NOTE: {text}", VERBOSE)
        else:
            terminal.warn(f"WARNING: {text}")
    return any(finding.severity == "error" for finding in found)


def _told(manifest: Manifest) -> dict[str, object]:
    """Return what ``--json`` prints of every backup."""
    return {
        "node": manifest.node,
        "cluster": manifest.cluster,
        "made": manifest.to_dict()["time"],
        "counter": manifest.counter,
        "config_dir": manifest.config_dir,
        "file_count": sum(1 for _ in manifest.files),
        "confidential": list(manifest.confidential),
    }


def _told_of_entry(entry: Entry) -> dict[str, object]:
    told = entry.to_dict()
    return {
        "path": entry.path,
        "form": entry.form,
        "kind": entry.kind,
        "size": entry.size,
        "mode": told["mode"],
        "uid": entry.uid,
        "gid": entry.gid,
        "digest": entry.digest or None,
        "is_confidential": entry.confidential,
        "target": entry.target or None,
        "xattrs": sorted(entry.xattrs),
    }


def _print_manifest(terminal: Terminal, path: str, manifest: Manifest) -> None:
    files = list(manifest.files)
    where = f"{manifest.node}, cluster {manifest.cluster}" if manifest.cluster else manifest.node
    secret = len(manifest.confidential)
    number = f", number {manifest.counter}" if manifest.counter else ""
    terminal.print(
        f"backup     : {path}",
        f"node       : {where}",
        f"made       : {manifest.time.strftime(_TIME)}{number}",
        f"directory  : {manifest.config_dir}",
        f"files      : {len(files)}, of them {secret} confidential, "
        f"{_sized(sum(entry.size for entry in files))}",
    )


def _line_of(entry: Entry) -> str:
    letter = {"directory": "d", "link": "l"}.get(entry.form, "-")
    mark = "C" if entry.confidential else " "
    owner = f"{entry.user or entry.uid}:{entry.group or entry.gid}"
    size = f"{entry.size}" if entry.form == "file" else ""
    link = f" > {shown(entry.target)}" if entry.target else ""
    name = shown(entry.path, 4096)
    return f"{letter}{mark} {entry.mode:04o} {owner:<20} {size:>10} {name}{link}"


def _sized(size: float) -> str:
    thousand = 1000
    for unit in ("bytes", "kB", "MB"):
        if size < thousand:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= thousand
    return f"{size:.1f} GB"
