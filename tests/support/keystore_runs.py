"""Run ``keystore`` in process or on a terminal, and compare what it leaves."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from support.keystore_bytes import build
from support.pages import ROOT

from esfilerealm.cli import main

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

KEYSTORE = "elasticsearch.keystore"
P1 = "Enter password for the elasticsearch keystore : "
P2 = "Enter new password for the elasticsearch keystore (empty for no password): "
P3 = "Enter same password again: "
Q1 = "The elasticsearch keystore does not exist. Do you want to create it? [y/N]"
Q2 = "An elasticsearch keystore already exists. Overwrite? [y/N]"
PROMPT = re.compile(
    "|".join(
        [
            *map(re.escape, (P1, P2, P3, Q1, Q2)),
            r"Enter value for [^\n]*?: ",
            r"Setting [^\n]*? already exists\. Overwrite\? \[y/N\]",
        ]
    )
)

#: What our own writes leave beside the files; the tools of Elasticsearch leave nothing.
OURS = {"users.lock", "elasticsearch.keystore.lock"}

_pbkdf2 = hashlib.pbkdf2_hmac


def cheap_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Derive keys with a thousandth of the rounds, here and in the package."""

    def cheap(name, password, salt, rounds, size):
        return _pbkdf2(name, password, salt, rounds // 1000, size)

    monkeypatch.setattr(hashlib, "pbkdf2_hmac", cheap)


@dataclass
class Ran:
    """What a run left: its exit code, what it printed, and what it asked."""

    exit_code: int
    out: bytes
    err: str

    @property
    def prompts(self) -> list[str]:
        return PROMPT.findall(self.err)


def run_in_process(
    monkeypatch: pytest.MonkeyPatch, conf: Path, *words: str, stdin: bytes = b""
) -> Ran:
    """Run a subcommand as a link named ``elasticsearch-keystore`` would."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="") for _ in range(2))
    given = io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8")
    with monkeypatch.context() as patch:
        patch.setenv("ES_PATH_CONF", str(conf))
        patch.setattr(sys, "argv", ["/usr/local/bin/elasticsearch-keystore"])
        for name, stream in (("stdin", given), ("stdout", out), ("stderr", err)):
            patch.setattr(sys, name, stream)
        exit_code = main(list(words))
        for stream in (out, err):
            stream.flush()
    return Ran(exit_code, out.buffer.getvalue(), err.buffer.getvalue().decode())


def run_on_terminal(conf: Path, *words: str, stdin: bytes = b"") -> Ran:
    """Run a subcommand with a terminal as standard input and output."""
    controller, terminal = os.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "esfilerealm", "keystore", *words],
        stdin=terminal,
        stdout=terminal,
        stderr=subprocess.PIPE,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "ES_PATH_CONF": str(conf)},
    ) as process:
        os.close(terminal)
        os.write(controller, stdin)
        printed = b""
        try:
            while block := os.read(controller, 4096):
                printed += block
        except OSError:  # the other end is closed
            pass
        err = process.stderr.read().decode()
    os.close(controller)
    return Ran(process.returncode, printed.replace(b"\r\n", b"\n"), err)


def value(recorded: dict[str, str]) -> bytes:
    """The bytes of a recorded value."""
    if "b64" in recorded:
        return base64.b64decode(recorded["b64"])
    return recorded["string" if "string" in recorded else "text"].encode()


def lay(conf: Path, files: dict[str, dict[str, Any]]) -> None:
    """Lay down the files of a recorded sequence."""
    for name, file in files.items():
        path = conf / name
        if "keystore" in file:
            made = file["keystore"]
            settings = {key: value(each) for key, each in made["settings"].items()}
            path.write_bytes(
                build(settings, version=made["format_version"], password=made["password"])
            )
            path.chmod(0o660)
        elif "dir" in file:
            path.mkdir()
        elif "symlink" in file:
            path.symlink_to(file["symlink"].replace("{CONF}", str(conf)))
        else:
            path.write_bytes(value(file))


def others(conf: Path) -> list[str]:
    """The names of the files besides the keystore."""
    if not conf.exists():
        return []
    return sorted({path.name for path in conf.iterdir()} - {KEYSTORE, *OURS})
