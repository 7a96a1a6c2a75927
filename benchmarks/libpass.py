"""
``libpass`` in its own environment: it cannot share one with ``passlib``, whose name it has.

The caller names an interpreter, or one is created once, with ``venv`` and ``pip``, in the user's
cache directory. If neither works, there is no reference and no error.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from .measure import Options

__all__ = ["Htpasswd", "NotMeasuredError", "interpreter"]

_SIDE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "libpass_side.py")
_IMPORTS = "import importlib.metadata, passlib.apache; importlib.metadata.version('libpass')"
_PATIENCE = 180.0


class NotMeasuredError(Exception):
    """No ``libpass`` to measure against; the message gives the reason."""


def interpreter(options: Options) -> str:
    """
    Return the path of an interpreter that can import ``libpass``.

    Raises:
        NotMeasuredError: If there is none.
    """
    if options.libpass_python is not None:
        if not _has_libpass(options.libpass_python):
            raise NotMeasuredError("the interpreter that was named cannot import libpass")
        return options.libpass_python
    if options.quick:
        raise NotMeasuredError("a quick run needs --libpass-python")
    python = _made()
    if python is None:
        raise NotMeasuredError("no environment with libpass could be made; see --libpass-python")
    return python


@cache
def _has_libpass(python: str) -> bool:
    try:
        tried = subprocess.run(
            [python, "-I", "-c", _IMPORTS], capture_output=True, check=False, timeout=_PATIENCE
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return tried.returncode == 0


@cache
def _made() -> str | None:
    """Return the interpreter of the environment, created if necessary; None if that fails."""
    folder = _folder()
    python = os.path.join(folder, *(("Scripts", "python.exe") if os.name == "nt" else _POSIX))
    if _has_libpass(python):
        return python
    shutil.rmtree(folder, ignore_errors=True)
    print("libpass: making an environment for it", file=sys.stderr)
    for words in (
        [sys.executable, "-m", "venv", folder],
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "libpass"],
    ):
        try:
            subprocess.run(words, check=True, capture_output=True, timeout=_PATIENCE)
        except (OSError, subprocess.SubprocessError):
            shutil.rmtree(folder, ignore_errors=True)
            return None
    _has_libpass.cache_clear()
    return python if _has_libpass(python) else None


_POSIX = ("bin", "python")


def _folder() -> str:
    """Return the directory of the environment: a private one, since code in it is run."""
    caches = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    version = "{}.{}".format(*sys.version_info)
    return os.path.join(caches, "esfilerealm-benchmarks", f"libpass-{version}")


class Htpasswd:
    """
    A process that parses with ``HtpasswdFile`` on request; a context manager.

    Raises:
        NotMeasuredError: On entry, if there is no ``libpass``.
    """

    def __init__(self, options: Options) -> None:
        self._options = options

    def __enter__(self) -> Self:
        words = [interpreter(self._options), "-I", _SIDE]
        self._process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._process:  # closes its input, which ends it, and waits
            pass

    def parse(self, path: str, times: int) -> float:
        """
        Return the seconds that parsing the content of a file takes, as one of *times* in a
        row.
        """
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps({"path": path, "times": times}) + "\n")
        process.stdin.flush()
        return float(process.stdout.readline())
