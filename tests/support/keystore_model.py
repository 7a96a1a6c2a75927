"""
What ``elasticsearch-keystore`` does, a second time: from its description, sharing no code.

``predict`` is a function of what is in the configuration directory, the words and the input. Where
this package differs on purpose, the model does as this package: a keystore keeps its format, and
what a killed run has left is not in the way.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from support.keystore_runs import P1, P2, P3, Q1, Q2

OWN_OPTIONS = {
    "create": {"p": "password"},
    "list": {},
    "show": {},
    "add": {"x": "stdin", "f": "force"},
    "add-file": {"f": "force"},
    "remove": {},
    "upgrade": {},
    "passwd": {},
    "has-passwd": {},
}
COMMON = {"h": "help", "s": "silent", "v": "verbose"}
SEED = "keystore.seed"


class Ended(Exception):  # noqa: N818 - not every end is an error
    """The run is over."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass
class Store:
    """
    A keystore.

    Attributes:
        kind: ``good``; or how it is damaged, as a test made it.
    """

    settings: dict[str, bytes]
    password: str = ""
    version: int = 4
    flag: bool = False
    kind: str = "good"


@dataclass
class World:
    """
    A configuration directory.

    Attributes:
        store: What is at the name of the keystore: nothing, a keystore, or ``dir``.
        files: Other files by path; None is a directory.
    """

    store: Store | str | None = None
    files: dict[str, bytes | None] = field(default_factory=dict)


@dataclass
class Predicted:
    """
    What a run does.

    Attributes:
        out: None if anything may be printed there.
        store: What is at the name of the keystore then; a seed of None is a new one.
    """

    code: int
    out: bytes | None
    prompts: list[str]
    store: Store | str | None
    is_silent: bool


LOADING = {
    "checksum": 74,
    "truncated": 74,
    "trailing": 74,
    "not a keystore": 74,
    "empty": 74,
    "old": 70,
    "new": 70,
    "flag": 70,
    "negative": 70,
}
OPENING = {"ciphertext": 65, "salt": 65, "block": 65, "plaintext": 65}


def predict(world: World, argv: list[str], given: bytes, path: str) -> Predicted:
    """Predict a run; *path* is that of the keystore."""
    run = _Run(world, given, path)
    try:
        run.main(argv)
        code = 0
    except Ended as end:
        code = end.code
    out = None if run.has_help else run.out
    return Predicted(code, out, run.prompts, run.saved, run.level < 1)


class _Run:
    def __init__(self, world: World, given: bytes, path: str) -> None:
        self.world, self.given, self.path = world, given, path
        self.out = b""
        self.prompts: list[str] = []
        self.saved = world.store
        self.has_help = False
        self.level = 1

    # Words

    def main(self, argv: list[str]) -> None:
        given, settings, words = parse(argv, COMMON, stops=True)
        if "help" in given:
            self.has_help = True
            return
        if not words or words[0] not in OWN_OPTIONS:
            raise Ended(64)
        name, *rest = words
        rest += [f"-E{setting}" for setting in settings]
        options = COMMON | OWN_OPTIONS[name]
        given, settings, words = parse(rest, options, stops=False)
        if "help" in given:
            self.has_help = True
            return
        self.level = 0 if "silent" in given else 1
        keys = [setting.partition("=")[0] for setting in settings]
        if len(set(keys)) < len(keys) or "path.home" in keys:
            raise Ended(64)
        if not all(setting.partition("=")[2] for setting in settings):
            raise Ended(64)
        getattr(self, name.replace("-", "_"))(given, words)

    # Input and output

    def say(self, text: str) -> None:
        if self.level >= 1:
            self.out += text.encode() + b"\n"

    def line(self, prompt: str) -> str:
        if prompt:
            self.prompts.append(prompt)
        if not self.given:
            raise Ended(70)
        line, _, self.given = self.given.partition(b"\n")
        if line.endswith(b"\r"):
            line = line[:-1]
        return line.decode("utf-8", "replace")

    def agrees(self, question: str) -> bool:
        while True:
            answer = self.line(question).lower()
            if answer in ("", "n"):
                return False
            if answer == "y":
                return True

    def twice(self) -> str:
        first = self.line(P2)
        if self.line(P3) != first:
            raise Ended(65)
        return first

    # The keystore

    def loaded(self) -> Store | None:
        store = self.world.store
        if store == "dir":
            raise Ended(74)
        if store is None:
            return None
        assert isinstance(store, Store)
        if store.kind in LOADING:
            raise Ended(LOADING[store.kind])
        return replace(store, settings=dict(store.settings))

    def opened(self, store: Store) -> Store:
        given = self.line(P1) if store.flag else ""
        if store.kind in OPENING or given.rstrip("\0") != store.password:
            raise Ended(65)
        return store

    def existing(self) -> Store:
        store = self.loaded()
        if store is None:
            raise Ended(65)
        return self.opened(store)

    def made_or_opened(self, given: set[str]) -> Store:
        store = self.loaded()
        if store is not None:
            return self.opened(store)
        if "force" not in given and not self.agrees(Q1):
            self.say("Exiting without creating keystore.")
            raise Ended(0)
        store = Store({SEED: None})
        self.save(store)
        return replace(store, settings=dict(store.settings))

    def save(self, store: Store) -> None:
        if self.world.store == "dir":
            raise Ended(74)
        self.saved = replace(store, settings=dict(store.settings), flag=bool(store.password))

    # Subcommands

    def create(self, given: set[str], words: list[str]) -> None:
        password = self.twice() if "password" in given else ""
        if self.world.store is not None and not self.agrees(Q2):
            self.say("Exiting without creating keystore.")
            return
        self.save(Store({SEED: None}, password))
        self.say(f"Created elasticsearch keystore in {self.path}")

    def list(self, given: set[str], words: list[str]) -> None:
        for name in sorted(self.existing().settings, key=lambda name: name.encode("utf-16-be")):
            self.say(name)

    def show(self, given: set[str], words: list[str]) -> None:
        settings = self.existing().settings
        if len(words) != 1:
            raise Ended(64)
        if words[0] not in settings:
            raise Ended(78)
        self.out += settings[words[0]]

    def add(self, given: set[str], words: list[str]) -> None:
        store = self.made_or_opened(given)
        if not words:
            raise Ended(64)
        for name in words:
            self.ask_to_overwrite(store, name, given)
            value = self.line("" if "stdin" in given else f"Enter value for {name}: ")
            if not valid(name):
                raise Ended(65)
            store.settings[name] = value.encode()
        self.save(store)

    def add_file(self, given: set[str], words: list[str]) -> None:
        store = self.made_or_opened(given)
        if not words or len(words) % 2:
            raise Ended(64)
        for name, path in zip(words[::2], words[1::2], strict=True):
            self.ask_to_overwrite(store, name, given)
            if self.world.files.get(path) is None:
                raise Ended(74)
            if not valid(name):
                raise Ended(70)
            store.settings[name] = self.world.files[path]
        self.save(store)

    def ask_to_overwrite(self, store: Store, name: str, given: set[str]) -> None:
        if name not in store.settings or "force" in given:
            return
        if not self.agrees(f"Setting {name} already exists. Overwrite? [y/N]"):
            self.say("Exiting without modifying keystore.")
            raise Ended(0)

    def remove(self, given: set[str], words: list[str]) -> None:
        store = self.existing()
        if not words:
            raise Ended(64)
        for name in words:
            if name not in store.settings:
                raise Ended(78)
            del store.settings[name]
        self.save(store)

    def upgrade(self, given: set[str], words: list[str]) -> None:
        store = self.existing()
        if store.version >= 4 and SEED in store.settings:
            return
        store.version = max(store.version, 4)
        store.settings.setdefault(SEED, None)
        self.save(store)

    def passwd(self, given: set[str], words: list[str]) -> None:
        store = self.existing()
        store.password = self.twice()
        self.save(store)
        self.say("Elasticsearch keystore password changed successfully.")

    def has_passwd(self, given: set[str], words: list[str]) -> None:
        store = self.loaded()
        if store is None or not store.flag:
            raise Ended(1)
        self.say("Keystore is password-protected")


def valid(name: str) -> bool:
    return re.fullmatch(r"[A-Za-z0-9_.-]+", name) is not None


def parse(
    argv: list[str], options: dict[str, str], *, stops: bool
) -> tuple[set[str], list[str], list[str]]:
    """Take the options out of *argv*: those given, the settings of ``-E``, and the other words."""
    argv = list(argv)
    given: set[str] = set()
    settings: list[str] = []
    words: list[str] = []
    names = options | {name: name for name in ("E", *options.values())}

    def found(name: str) -> str | None:
        if name in names:
            return names[name]
        matches = {full for full in options.values() if name and full.startswith(name)}
        return matches.pop() if len(matches) == 1 else None

    def take(name: str, attached: str | None) -> None:
        if name != "E":
            given.add(name)
            return
        if attached is None and not argv:
            raise Ended(64)
        settings.append(argv.pop(0) if attached is None else attached)

    while argv:
        word = argv.pop(0)
        if word == "--":
            words += argv
            break
        if not word.startswith("-") or word == "-":
            words.append(word)
            if stops:
                words += argv
                break
            continue
        bare, equals, attached = word[2 if word.startswith("--") else 1 :].partition("=")
        name = found(bare)
        if name is not None:
            take(name, attached if equals else None)
            continue
        if word.startswith("--"):
            raise Ended(64)
        letters = word[1:]
        for letter in letters:  # nothing counts before all are known
            if letter not in names:
                raise Ended(64)
            if letter == "E":
                break
        for position, letter in enumerate(letters, 1):
            take(names[letter], (letters[position:] or None) if letter == "E" else None)
            if letter == "E":
                break
    if {"silent", "verbose"} <= given and "help" not in given:
        raise Ended(64)
    return given, settings, words
