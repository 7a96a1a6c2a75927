"""What rules know of a node: its configuration directory, read only, and only as far as asked."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from .._ground.faults import without_origin
from .._ground.hints import did_you_mean
from .._storage import Accounts, RealmFolder
from ..errors import FileFormatError, FileRealmError
from ..formats.lines import decode
from ..formats.realm import parse_files
from ..formats.users import line_numbers
from ..names import DEFAULT_ANONYMOUS_USERNAME, reserved_role_names
from .entries import Entry, entries_of
from .hash_groups import HashGroup, hash_groups
from .limits import Limits
from .lines import lines_of_roles, repeated_users
from .opening import follow, read_bytes
from .parts import Unreadable, part, unreadable
from .view import View

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from .._storage import RealmFiles, RealmPaths
    from ..formats import ParsedRealm
    from ..formats.role_definitions import RoleIssue
    from ..formats.service_tokens import ParsedTokens
    from ..keystore import Keystore
    from ..settings.realm_settings import NameRules
    from .autoconfiguration import Hit
    from .keystore_file import KeystoreFile
    from .layout import Layout
    from .node_settings import NodeSettings
    from .tls import Certificates

__all__ = ["Node"]

#: Only its files are in `x-pack/` and nowhere else.
_X_PACK_VERSION: Final = 5
#: How alike a role and a known one must be to be taken for one, and how many are compared: where
#: more are unknown, nobody has said which are known.
_ALIKE: Final = 0.85
_MOST_QUESTIONS: Final = 200
_SETTINGS_FILE: Final = "elasticsearch.yml"
_TOKENS_FILE: Final = "service_tokens"
_JVM_FILE: Final = "jvm.options"
_JVM_END: Final = ".options"
_KEYSTORE_FILE: Final = "elasticsearch.keystore"

#: How long a journal may belong to a writer that is at work; a write takes milliseconds.
_PATIENCE: Final = 1.0
_POLL: Final = 0.05


class Node(View):
    """
    A node as its files show it. Nothing is written, locked or executed.

    Each part is read when a rule asks for it first, and kept. A part that cannot be read raises
    ``Unreadable`` each time; a rule lets that pass. To add a part is to add a method with
    ``@part``: it reads by ``read_bytes`` or ``Entry.of``, and any error of this package in it
    becomes ``Unreadable``.

    Args:
        config_dir: The configuration directory.

        elasticsearch_version: The release of the node, such as ``8`` or ``"8.15.2"``; None for the
            newest.

        overrides: Settings that win over those of the file, as with ``-E``.

        known_roles: Roles that the role API defines, where no file shows them.

        keystore_password: The password of ``elasticsearch.keystore``; empty if it has none.

        limits: The thresholds.

        environ: Where placeholders of settings are looked up; by default that of this process.

        guesses: Passwords to try for each user; None to try none at all.

        show_progress: Whether work that takes long shows a bar, if standard error is a terminal.

    Attributes:
        config_dir: The directory, absolute.
        release: The version as numbers, such as ``(8, 15, 2)`` or ``(8,)``, or empty.
        version: The major version, or None for the newest.
        limits: See above.
    """

    def __init__(
        self,
        config_dir: str | os.PathLike[str],
        *,
        elasticsearch_version: int | str | None = None,
        overrides: Mapping[str, str] | None = None,
        known_roles: Iterable[str] = (),
        keystore_password: str = "",
        limits: Limits | None = None,
        environ: Mapping[str, str] | None = None,
        guesses: Iterable[str] | None = None,
        show_progress: bool = False,
    ) -> None:
        self.config_dir = os.path.abspath(os.fspath(config_dir))
        self.release = _release(elasticsearch_version)
        self.version = self.release[0] if self.release else None
        self.limits = limits or Limits()
        self._overrides = dict(overrides or {})
        self._declared_roles = frozenset(known_roles)
        self._keystore_password = keystore_password
        self._environ = os.environ if environ is None else environ
        self._guesses = None if guesses is None else tuple(guesses)
        self._show_progress = show_progress
        self._folder = RealmFolder(config_dir, in_x_pack=self.version == _X_PACK_VERSION)

    def __repr__(self) -> str:
        return f"<Node [{self.config_dir}]>"

    def path(self, name: str) -> str:
        """Return the path of a file that is named relative to the configuration directory."""
        return os.path.join(self.config_dir, name)

    def is_before(self, *release: int) -> bool:
        """
        Check whether the node is certainly older than a release: ``node.is_before(7, 15)``.

        A major version alone, such as 7, is not older than any of its releases.
        """
        return bool(self.release) and self.release < release[: len(self.release)]

    def may_be_before(self, *release: int) -> bool:
        """
        Check whether the node could be older than a release, as far as its version was given.

        Without one it is the newest.
        """
        return bool(self.release) and self.release < release

    @property
    def paths(self) -> RealmPaths:
        """Where the files of the realm are."""
        return self._folder.paths

    @part
    def realm_files(self) -> RealmFiles:
        """``users`` and ``users_roles`` as one state; a missing file is empty (``.exists``)."""
        for path in (self.paths.users, self.paths.users_roles):
            follow(path)
        return self._folder.read_any()

    @part
    def realm(self) -> ParsedRealm:
        """What both files say; hashes are in it, and must get into no finding."""
        return parse_files(self.realm_files, **self.name_rules)

    @part
    def accounts(self) -> Accounts:
        """The record of users that expire or are locked; ``fault`` says why it cannot be used."""
        return Accounts.read(self.realm_files.users.path)

    @part
    def faults_of_text(self) -> list[FileFormatError]:
        """Of ``users`` and ``users_roles``, why a node cannot read them as text."""
        faults = []
        for file in self.realm_files.both:
            try:
                decode(file.data, file.path)
            except FileFormatError as error:
                faults.append(without_origin(error))
        return faults

    @part
    def repeated_users(self) -> Mapping[str, list[int]]:
        """The numbers of the lines of each user that has several."""
        realm, data = self.realm, self.realm_files.users.data
        return repeated_users(data, realm.hashes, len(realm.issues["users"]))

    @part
    def lines_of_roles(self) -> Mapping[str, list[int]]:
        """The numbers of the lines of each role of ``users_roles``."""
        return lines_of_roles(self.realm_files.users_roles.data)

    @part
    def users_by_role(self) -> Mapping[str, list[str]]:
        """The users of each role, without the names that are not users."""
        realm = self.realm
        by_roles: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for name, roles in realm.roles_by_user.items():  # many users share one tuple
            if name in realm.hashes:
                by_roles[roles].append(name)
        users: dict[str, list[str]] = {}
        for roles, names in by_roles.items():
            for role in roles:
                users.setdefault(role, []).extend(names)
        return users

    @part
    def undefined_roles(self) -> Mapping[str, str]:
        """The roles of users that nothing known defines, each with a question of what was meant."""
        known = self.known_roles
        undefined = [role for role in self.users_by_role if role not in known]
        words = sorted(known)
        return {
            role: did_you_mean(role, words, _ALIKE) if number < _MOST_QUESTIONS else ""
            for number, role in enumerate(undefined)
        }

    @part
    def hash_groups(self) -> list[HashGroup]:
        """The users by the kind of their hash."""
        return hash_groups(self.realm)

    @part
    def guessed_users(self) -> list[str]:
        """The users whose password is among the guesses; nobody, if there are to be none."""
        from .guessing import guessed_users

        if self._guesses is None:
            return []
        realm = self.realm
        usable = {
            name: text for name, text in realm.hashes.items() if name not in realm.hash_issues
        }
        return guessed_users(usable, self._guesses, show_progress=self._show_progress)

    def lines_of_users(self, names: Collection[str]) -> Mapping[str, int]:
        """Return the numbers of the lines by which users count."""
        return line_numbers(self.realm_files.users.data, frozenset(names))

    @part
    def name_rules(self) -> NameRules:
        """Which usernames a node takes from a file; by default where settings are unreadable."""
        prefix = "xpack.security.authc."
        try:
            settings = self.settings
        except Unreadable:
            return {"allow_reserved": False, "anonymous_username": DEFAULT_ANONYMOUS_USERNAME}
        name = settings.get(f"{prefix}anonymous.username") or DEFAULT_ANONYMOUS_USERNAME
        allow_reserved = settings.is_false(f"{prefix}reserved_realm.enabled")
        return {"allow_reserved": allow_reserved, "anonymous_username": name}

    @part
    def settings(self) -> NodeSettings:
        """The settings of ``elasticsearch.yml``, ``-E`` and a container's environment."""
        settings = self.settings_or_problems
        path = settings.path
        for problem in settings.problems:
            if problem.where.startswith(f"[{path}]"):
                raise Unreadable(f"its settings cannot be read: {problem.rule}", path)
        return settings

    @part
    def settings_or_problems(self) -> NodeSettings:
        """The settings, without keys if the file cannot be read as such: see ``problems``."""
        from ..settings import container_overrides
        from ..settings.reader import SettingsReader
        from ..settings.sources import Setting
        from .node_settings import NodeSettings

        path = self.path(_SETTINGS_FILE)
        follow(path)
        layers = [
            {key: Setting(value, "-E") for key, value in self._overrides.items()},
            {
                key: Setting(value, "environment variable")
                for key, value in container_overrides(self._environ).items()
            },
        ]
        reader = SettingsReader(self.config_dir, layers, self._environ, self.version)
        return NodeSettings(reader, path)

    @part
    def known_roles(self) -> frozenset[str]:
        """The roles that a node defines itself, those of ``roles.yml``, and the declared ones."""
        from ..formats.roles_yml import parse_role_names

        data = read_bytes(self.paths.roles_yml)
        defined = parse_role_names(data or b"")
        return reserved_role_names(self.version) | defined | self._declared_roles

    @part
    def entries(self) -> Mapping[str, Entry]:
        """
        The configuration directory and what is directly in it, as ``lstat`` shows it, by path.

        What settings name elsewhere is asked for by ``entry``.
        """
        return entries_of(self.config_dir)

    def entry(self, path: str) -> Entry | None:
        """
        Examine any path as ``lstat`` does; None if nothing is there.

        Raises:
            Unreadable: If the system refuses.
        """
        try:
            return Entry.of(path)
        except FileRealmError as error:
            raise unreadable(error) from None

    def end_of(self, path: str) -> Entry | None:
        """
        Examine what a path leads to at the end of links; None if nothing is there.

        Raises:
            Unreadable: If the system refuses, or a link is not followed.
        """
        try:
            return Entry.of(follow(path))
        except FileRealmError as error:
            raise Unreadable(str(error), path) from None

    def content(self, path: str) -> bytes | None:
        """
        Read a regular file anywhere, each time; None if there is none.

        Raises:
            Unreadable: If that is impossible, or a link is not followed.
        """
        try:
            return read_bytes(path)
        except FileRealmError as error:
            raise Unreadable(str(error), path) from None

    @part
    def role_issues(self) -> list[RoleIssue]:
        """What a node does not take from ``roles.yml``."""
        from ..formats.role_definitions import check_role_definitions

        return check_role_definitions(self.content(self.paths.roles_yml) or b"", self.version)

    @part
    def service_tokens(self) -> ParsedTokens:
        """What ``service_tokens`` says; without the hashes."""
        from ..formats.service_tokens import parse_service_tokens

        return parse_service_tokens(self.content(self.path(_TOKENS_FILE)) or b"")

    @part
    def jvm_files(self) -> list[tuple[str, bytes]]:
        """The files of options of the JVM in the order in which they count, by path."""
        paths = [self.path(_JVM_FILE)]
        folder = self.end_of(self.path(f"{_JVM_FILE}.d"))
        if folder is not None and folder.kind == "directory":
            paths += [path for path in entries_of(folder.path) if path.endswith(_JVM_END)]
        found = ((path, self.content(path)) for path in paths)
        return [(path, data) for path, data in found if data is not None]

    @property
    def length_of_keystore_password(self) -> int:
        """How many characters the password has that the keystore is opened with."""
        return len(self._keystore_password)

    @part
    def layout(self) -> Layout:
        """What lies in the configuration directory, what settings name, and who can reach it."""
        from .layout import Layout

        return Layout(self)

    @part
    def kept_hashes(self) -> Mapping[str, frozenset[str] | Unreadable]:
        """By each version that a write has kept, the users with a hash that is not in use."""
        from .kept import kept_hashes

        return kept_hashes(self)

    @part
    def keystore(self) -> Keystore | None:
        """
        ``elasticsearch.keystore``, opened; None if there is none.

        A rule takes its ``names``. It takes a value only where it needs the password of a store,
        and puts none into a finding.
        """
        from ..keystore import load_header
        from ..keystore.reader import LARGEST_FILE

        path = self.path(_KEYSTORE_FILE)
        data = read_bytes(path, largest=LARGEST_FILE)
        if data is None:
            return None
        sealed = load_header(data, name=path)
        if sealed.has_password and not self._keystore_password:
            raise Unreadable("the keystore has a password, and none was given", path)
        return sealed.open(self._keystore_password)

    @part
    def keystore_file(self) -> KeystoreFile | None:
        """``elasticsearch.keystore`` as far as that needs no password; None if there is none."""
        from .keystore_file import KeystoreFile

        return KeystoreFile.of(self.path(_KEYSTORE_FILE))

    @part
    def certificates(self) -> Certificates:
        """The certificates and keys for each use of TLS."""
        from .tls import Certificates

        return Certificates(self, self.layout.named)

    @part
    def settings_text(self) -> str:
        """``elasticsearch.yml`` as it is written; empty if there is none."""
        path = self.path(_SETTINGS_FILE)
        try:
            return (read_bytes(path) or b"").decode()
        except UnicodeDecodeError:
            pass
        raise Unreadable("it is not UTF-8", path)

    @part
    def obstacles(self) -> list[Hit]:
        """What keeps a first start from configuring security, but for rights and keystore."""
        from socket import gethostname

        from .autoconfiguration.before import hits_of_log4j2
        from .autoconfiguration.files import hits_of_data, hits_of_links
        from .autoconfiguration.first_start import FirstStart
        from .autoconfiguration.settings import hits_of_keys, hits_of_roles

        follow(self.path(_SETTINGS_FILE))
        environ = {"HOSTNAME": gethostname(), **self._environ}
        start = FirstStart(self.config_dir, None, self._overrides, environ)
        steps = hits_of_log4j2, hits_of_data, hits_of_links, hits_of_keys, hits_of_roles
        return [hit for step in steps for hit in step(start)]

    @part
    def interrupted_write(self) -> str | None:
        """The journal of a write that was interrupted, or takes unusually long; or None."""
        journal = self.paths.journal
        return journal if _stays(journal) else None

    @part
    def rejected_journals(self) -> list[str]:
        """The journals that recovery could not use and that nobody has removed since."""
        return self._folder.quarantined()


def _release(version: int | str | None) -> tuple[int, ...]:
    """
    Return a version as numbers.

    Raises:
        ValueError: If it is not one to four numbers between dots.
    """
    if version is None:
        return ()
    pieces = str(version).split(".")
    most = 4
    if len(pieces) > most or not all(each.isascii() and each.isdecimal() for each in pieces):
        raise ValueError(f"elasticsearch_version is [{version}]: use a release such as 8 or 8.15")
    return tuple(map(int, pieces))


def _stays(journal: str) -> bool:
    """Check whether one and the same journal is there for longer than a write takes."""
    first = _identity(journal)
    deadline = time.monotonic() + _PATIENCE
    while first is not None and time.monotonic() < deadline:
        time.sleep(_POLL)
        if _identity(journal) != first:
            return False
    return first is not None


def _identity(path: str) -> tuple[int, int] | None:
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns
