"""
Children of a test: forked, so that they can run any function of the test, and always reaped.

A child may drop what its parent could not get back: its rights, or the mounts that it shares with
the rest of the machine. ``in_a_child`` runs a whole test in such a child.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import io
import os
import pickle
import pkgutil
import shutil
import signal
import tempfile
import traceback
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from support.hashes import CHEAP_HASH
from support.storing import STRANGER

import esfilerealm
from esfilerealm import UsersTool
from esfilerealm.cli import main
from esfilerealm.cli.exits import OK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Self

T = TypeVar("T")

IS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0

#: The group of the user ``STRANGER``.
STRANGERS = STRANGER + 1

#: Seconds after which a child that hangs is ended by the system.
_PATIENCE = 120

#: In memory, where an fsync costs nothing.
MEMORY = Path("/dev/shm")


def fork() -> int:
    """Fork, whatever Python thinks of the threads of the test runner: no child touches them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


class Child(Generic[T]):
    """
    A function in a process of its own, which runs from here on.

    A context manager: leaving it kills a child whose result nobody has asked for.
    """

    def __init__(self, act: Callable[[], T]) -> None:
        reading, writing = os.pipe()
        self._pid = fork()
        if not self._pid:
            os.close(reading)
            _serve(act, writing)
        os.close(writing)
        self._answer = os.fdopen(reading, "rb")
        self._is_reaped = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._answer.close()
        if not self._is_reaped:
            os.kill(self._pid, signal.SIGKILL)
            self._reap()

    def result(self) -> T:
        """Wait for what the function returned, or raise what it raised."""
        answer = self._answer.read()
        self._reap()
        assert answer, "the child ended without a word"
        value, error = pickle.loads(answer)
        if error is not None:
            raise error
        return value

    def _reap(self) -> None:
        os.waitpid(self._pid, 0)
        self._is_reaped = True


def run(act: Callable[[], T]) -> T:
    """Do something in a child; give what it returned, or raise what it raised."""
    with Child(act) as child:
        return child.result()


def in_a_child(
    first: Callable[[], object] = tuple,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Decorate a test that is to run in a child, after *first*."""

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(test)
        def in_child(*args: object, **more: object) -> None:
            def act() -> None:
                first()
                test(*args, **more)

            load_all()
            run(act)

        return in_child

    return decorate


def as_somebody_else(test: Callable[..., None]) -> Callable[..., None]:
    """Decorate a test of what root can do anyway: if root runs it, a stranger does it."""
    if not IS_ROOT:
        return test
    return in_a_child(lambda: become(STRANGER, STRANGERS))(test)


def become(user: int, group: int) -> None:
    """Drop all rights except those of one user in one group; for a child of root."""
    os.setgroups([])
    os.setgid(group)
    os.setuid(user)


@functools.cache
def load_all() -> None:
    """Import all that may be needed: from where root keeps its Python nobody else can read."""
    for module in pkgutil.walk_packages(esfilerealm.__path__, "esfilerealm."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for name in ("encodings.ascii", "encodings.utf_8_sig", "grp", "stringprep", "encodings.idna"):
        importlib.import_module(name)
    with open_place() as place:
        UsersTool(place).init()
        UsersTool(place).useradd("bob", password_hash=CHEAP_HASH, roles=["viewer"])
        for words in (
            ("list", "--json"),
            ("check", "--fail-on", "never"),
            ("verify", "bob", "-p", "test-password"),
        ):
            assert command(*words, "-c", str(place)) == (OK, "")


@contextlib.contextmanager
def open_place(*, in_memory: bool = True) -> Iterator[Path]:
    """Make a directory that everybody may enter; those of pytest are private."""
    parent = MEMORY if in_memory and os.access(MEMORY, os.W_OK) else None
    folder = Path(tempfile.mkdtemp(dir=parent))
    try:
        folder.chmod(0o755)
        yield folder
    finally:
        shutil.rmtree(folder)


def command(*args: str) -> tuple[int, str]:
    """Run the command; return its exit code and its standard error."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        exit_code = main(list(args))
    err.seek(0)
    return exit_code, err.read()


def _serve(act: Callable[[], object], writing: int) -> None:
    """Do it, answer and end, without anything that the test runner does at its own end."""
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(_PATIENCE)
        try:
            answer = pickle.dumps((act(), None))
        except BaseException as error:  # noqa: BLE001 - the parent raises it
            error.add_note(traceback.format_exc())
            answer = _pickled(error)
        with os.fdopen(writing, "wb") as file:
            file.write(answer)
    finally:
        os._exit(0)


def _pickled(error: BaseException) -> bytes:
    try:
        data = pickle.dumps((None, error))
        pickle.loads(data)
    except Exception:  # noqa: BLE001 - an error may be anything
        return pickle.dumps((None, AssertionError("".join(traceback.format_exception(error)))))
    return data
