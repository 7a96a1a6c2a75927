"""Which faults a command gets: at which of its system calls, and what happens there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from strace.tracing import Call

T = TypeVar("T")

#: What a system may answer to a call, the likeliest first.
ERRORS = {
    "clone": ("EAGAIN",),
    "clone3": ("EAGAIN",),
    "close": ("EIO", "ENOSPC", "EDQUOT", "EINTR"),
    "faccessat2": ("EIO", "EACCES"),
    "fchmod": ("EPERM", "EIO"),
    "fchown": ("EPERM", "EIO"),
    "fcntl": ("EIO",),
    "flistxattr": ("ENOTSUP", "EIO"),
    "flock": ("EIO", "ENOLCK", "EINTR"),
    "fsync": ("EIO", "ENOSPC", "EDQUOT"),
    "ftruncate": ("EIO", "EINTR"),
    "getdents64": ("EIO",),
    "getrandom": ("EINTR", "ENOSYS"),
    "ioctl": ("EIO",),
    "link": ("EPERM", "EMLINK", "ENOSPC"),
    "linkat": ("EPERM", "EMLINK", "ENOSPC", "EIO"),
    "lseek": ("EIO",),
    "mkdir": ("ENOSPC", "EACCES", "EIO"),
    "mmap": ("ENOMEM",),
    "newfstatat": ("EIO", "EACCES", "ENOMEM"),
    "openat": ("EMFILE", "EIO", "EACCES", "ENOSPC", "EINTR"),
    "pread64": ("EIO",),
    "read": ("EIO", "EINTR"),
    "readlink": ("EIO", "EACCES"),
    "rename": ("EIO", "ENOSPC", "EDQUOT", "EACCES"),
    "stat": ("EIO", "EACCES"),
    "statfs": ("EIO",),
    "unlink": ("EIO", "EACCES", "EROFS"),
    "write": ("ENOSPC", "EIO", "EDQUOT", "EINTR"),
}

#: Calls that can leave anything else behind than there was before them.
CHANGING = (
    *("fchmod", "fchown", "flock", "fsetxattr", "fsync", "ftruncate", "link", "linkat", "mkdir"),
    *("rename", "unlink", "write"),
)

#: The calls that a rollback makes, too: among them the second of two faults is placed.
_SECOND = ("fsync", "rename", "unlink", "openat", "linkat", "close")

#: What happens from a call on, if the disk goes away; nothing, if that would only be waited for.
_LASTING = ("EIO", "ENOSPC", "EMFILE")


@dataclass(frozen=True)
class Fault:
    """
    What happens to a command.

    Attributes:
        kind: For the table: an error, a lasting error, or a signal.
        calls: The names of the system calls.
        injections: As ``strace`` wants them.
        about: The call, for the report.
        is_early: Whether it is before the command itself runs.
    """

    kind: str
    calls: str
    injections: tuple[str, ...]
    about: str
    is_early: bool = False


@dataclass(frozen=True)
class Regions:
    """
    The calls of a command, by what they are about.

    Attributes:
        start: Before the package runs: of the interpreter.
        imports: Of everything else that is not about the realm.
        looking: About the files of the realm or beside it, but they change nothing.
        changing: What changes them.
    """

    start: list[Call]
    imports: list[Call]
    looking: list[Call]
    changing: list[Call]

    @classmethod
    def of(cls, calls: Sequence[Call], realm: str) -> Regions:
        """Sort *calls* of a command that works on *realm*."""
        begin = next(at for at, call in enumerate(calls) if "/cli/app." in call.text)
        own = [call for call in calls[begin:] if realm in call.text]
        changing = [call for call in own if is_changing(call)]
        printing = [call for call in calls[begin:] if call.name == "write" and call not in own]
        known = {*own, *printing}
        return cls(
            start=list(calls[:begin]),
            imports=[call for call in calls[begin:] if call not in known],
            looking=[call for call in own if call not in changing],
            changing=[*changing, *printing],
        )


def is_changing(call: Call) -> bool:
    """Check whether a call can change a file, a name or a lock."""
    return call.name in CHANGING or (call.name == "openat" and "O_CREAT" in call.text)


def spread(items: Sequence[T], count: int) -> list[T]:
    """Return *count* of the items, evenly spread; all if there are fewer."""
    if count >= len(items):
        return list(items)
    return [items[(2 * at + 1) * len(items) // (2 * count)] for at in range(count)]


def single_faults(regions: Regions, budget: int | None) -> list[Fault]:
    """
    Return the faults that come alone.

    Args:
        regions: The calls of the command.

        budget: About how many; None for all.
    """
    changes = [
        *_errors(regions.changing),
        *_lasting(regions.changing),
        *_signals(regions.changing, ("KILL", "INT")),
        *_impatient(regions.changing),
        *_gone(regions),
    ]
    looks = [*_errors(regions.looking), *_signals(regions.looking, ("INT", "TERM"))]
    lasting_looks = _lasting(regions.looking)
    imports = [*_errors(regions.imports), *_signals(regions.imports, ("INT", "TERM"))]
    lasting_imports = _lasting(regions.imports)
    early = [*_errors(regions.start), *_signals(regions.start, ("INT", "KILL"))]
    early = [Fault(f.kind, f.calls, f.injections, f.about, is_early=True) for f in early]
    if budget is None:
        return [*changes, *looks, *lasting_looks, *imports, *lasting_imports, *early]
    return [
        *spread(changes, budget // 2),
        *spread(looks, budget // 5),
        *spread(lasting_looks, budget // 15),
        *spread(imports, budget // 8),
        *spread(lasting_imports, budget // 20),
        *spread(early, budget // 20),
    ]


def _errors(calls: Sequence[Call]) -> list[Fault]:
    """Every error that fits, at every call that can have one."""
    return [
        Fault("error", call.name, (f"{call.name}:error={error}:when={call.number}",), _about(call))
        for call in calls
        for error in ERRORS.get(call.name, ())
    ]


def _lasting(calls: Sequence[Call]) -> list[Fault]:
    """The same error at a call and at all later ones of its name."""
    return [
        Fault(
            "from on", call.name, (f"{call.name}:error={error}:when={call.number}+",), _about(call)
        )
        for call in calls
        for error in ERRORS.get(call.name, ())
        if error != "EINTR" and not (call.name == "close" and error == "EIO")
    ]


def _signals(calls: Sequence[Call], names: Sequence[str]) -> list[Fault]:
    return [
        Fault(name, call.name, (f"{call.name}:signal={name}:when={call.number}",), _about(call))
        for call in calls
        for name in names
    ]


def _impatient(calls: Sequence[Call]) -> list[Fault]:
    """Ctrl-C at a call and at all later ones of its name."""
    return [
        Fault("INT on", call.name, (f"{call.name}:signal=INT:when={call.number}+",), _about(call))
        for call in calls
    ]


def _gone(regions: Regions) -> list[Fault]:
    """From one change on, no call that changes anything works: the disk is gone."""
    found = []
    for at, call in enumerate(regions.changing):
        later = regions.changing[at:]
        first = {c.name: c.number for c in reversed(later)}
        injections = [f"{name}:error=EIO:when={n}+" for name, n in sorted(first.items())]
        if call.name != "openat":
            first.pop("openat", None)
        found.append(Fault("disk gone", call.name, tuple(injections), _about(call)))
    return found


def second_faults(first: Fault, calls: Sequence[Call]) -> list[Fault]:
    """
    Return pairs: *first*, and then a fault at each of the *calls* that are made after it.

    A call of the same name gets the same fault, as two of one name cannot be told apart.
    """
    (injection,) = first.injections
    name, what, when = injection.split(":")
    number = int(when.removeprefix("when="))
    found = []
    for call in calls:
        if call.name == name:
            if call.number <= number:
                continue
            both = f"{name}:{what}:when={number}..{call.number}+{call.number - number}"
            options: list[tuple[str, ...]] = [(both,)]
        else:
            options = [
                (injection, f"{call.name}:{second}:when={call.number}")
                for second in ("signal=KILL", "error=EIO", "signal=INT")
            ]
        about = f"{first.about}, then {_about(call)}"
        found += [Fault("two", f"{name}+{call.name}", option, about) for option in options]
    return found


def firsts(regions: Regions) -> list[Fault]:
    """Return what the first of two faults may be."""
    calls = [call for call in regions.changing if call.name in _SECOND]
    return [
        Fault("two", call.name, (f"{call.name}:{what}:when={call.number}",), _about(call))
        for call in calls
        for what in ("error=EIO", "signal=INT")
    ]


def seconds(calls: Sequence[Call], first: Fault) -> list[Call]:
    """Return those of *calls*, made with the first fault, at which a second may come."""
    name, _, when = first.injections[0].split(":")
    number = int(when.removeprefix("when="))
    at = next(
        (at for at, call in enumerate(calls) if (call.name, call.number) == (name, number)),
        len(calls),
    )
    return [call for call in calls[at + 1 :] if call.name in _SECOND]


SECOND = _SECOND


def _about(call: Call) -> str:
    return f"{call.name} {call.number}: {call.text[:150]}"
