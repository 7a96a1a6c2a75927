"""
Backups: making and verifying one should cost little more than ``tar`` and ``sha256sum`` do.

The reference is what an administrator would type about the same 100 MB: pack them, and compute or
check the digest of each file; and ``age`` for an encrypted backup. It neither compresses nor waits
for the disk, and a backup does both.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import tempfile
from typing import TYPE_CHECKING

from esfilerealm.backup import create_backup, verify_backup

from .measure import Options, Row, Sides, compare, timed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_AIM = 1.5
_FILES = 100
_FILE_SIZE = 1_000_000


def rows(options: Options) -> Iterator[Row]:
    """Measure making a backup and verifying it, plain and encrypted."""
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        _fill(os.path.join(folder, "config"))
        yield from _plain(folder, options)
        if shutil.which("age") is None:
            yield Row(name="make and verify an encrypted backup", note="age is not installed")
        else:
            yield from _encrypted(folder, options)


def _fill(config: str) -> None:
    """Write half of the files as texts and half as noise, as archives and keys are."""
    os.makedirs(os.path.join(config, "files"))
    noise = random.Random(22)
    lines = b"".join(b"xpack.setting.%d: a value, %x\n" % (n, n * 2654435761) for n in range(2**16))
    for number in range(_FILES):
        data = noise.randbytes(_FILE_SIZE) if number % 2 else (lines[number:])[:_FILE_SIZE]
        with open(os.path.join(config, "files", f"{number}.dat"), "wb") as file:
            file.write(data)


def _plain(folder: str, options: Options) -> Iterator[Row]:
    config, backup = os.path.join(folder, "config"), os.path.join(folder, "backup")
    make = "tar -cf packed.tar config && find config -type f -exec sha256sum {} + > sums"
    rounds = options.rounds(12)
    sides = Sides(
        "make a backup of 100 MB",
        timed(lambda: create_backup(config, backup, plain=True)),
        "tar and sha256sum",
        timed(_shell(make, folder)),
    )
    yield compare(sides, rounds=rounds, aim=_AIM)
    check = "rm -rf out && mkdir out && tar -xf packed.tar -C out && cd out && sha256sum -c ../sums"
    sides = Sides(
        "verify it",
        timed(lambda: verify_backup(backup)),
        "tar -x and sha256sum -c",
        timed(_shell(check, folder)),
    )
    yield compare(sides, rounds=rounds, aim=_AIM)


def _encrypted(folder: str, options: Options) -> Iterator[Row]:
    config, backup = os.path.join(folder, "config"), os.path.join(folder, "backup.age")
    key = os.path.join(folder, "key")
    _shell("age-keygen -o key && age-keygen -y key > recipient", folder)()
    with open(os.path.join(folder, "recipient"), encoding="ascii") as file:
        recipient = file.read().strip()
    make = (
        "tar -cf packed.tar config && find config -type f -exec sha256sum {} + > sums && "
        "age -R recipient -o packed.age packed.tar"
    )
    rounds = options.rounds(12)
    sides = Sides(
        "make an encrypted backup of 100 MB",
        timed(lambda: create_backup(config, backup, recipients=[recipient])),
        "tar, sha256sum and age",
        timed(_shell(make, folder)),
    )
    yield compare(sides, rounds=rounds, aim=_AIM)
    check = (
        "rm -rf out && mkdir out && age -d -i key packed.age | tar -x -C out && cd out && "
        "sha256sum -c ../sums"
    )
    sides = Sides(
        "verify it, encrypted",
        timed(lambda: verify_backup(backup, identities=[key])),
        "age -d, tar -x and sha256sum -c",
        timed(_shell(check, folder)),
    )
    yield compare(sides, rounds=rounds, aim=_AIM)


def _shell(command: str, folder: str) -> Callable[[], object]:
    def run() -> None:
        subprocess.run(
            ["/bin/sh", "-c", command], cwd=folder, check=True, capture_output=True, timeout=120
        )

    return run
