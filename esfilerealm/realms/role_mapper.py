"""Roles from a mapping file, which is followed, and from documents of the API, as one union."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Final, Literal

from .._ground.forks import renew_after_fork
from .._ground.holding import Mutex
from .._ground.logs import get_logger, log_errors
from .._storage import read_file
from ..errors import FileRealmError
from ..role_mapping import (
    MappingIssue,
    ParsedRoleMapping,
    parse_role_mapping,
    resolve_roles,
)
from ..watcher import FileWatcher, Frequency, ResourceWatcherService

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Self

    from ..role_mapping import RoleMapping, UserData
    from ..watcher import ReloadSettings

__all__ = ["LARGEST_MAPPING_FILE", "RoleMapper", "parse_mapping_file", "role_mapping_failure"]

_LOG: Final = get_logger(__name__)

#: Bytes. A node has no limit; a file of this size maps some 500 000 names.
LARGEST_MAPPING_FILE: Final = 64 * 2**20

_EMPTY: Final = ParsedRoleMapping()


class RoleMapper:
    """
    Finds the roles of users whom a realm without a list of its own has authenticated.

    Any thread may ask it at any time. Within a ``with`` statement it follows its file, at the high
    frequency of the node.

    Args:
        mapping_file: The path of ``role_mapping.yml``; None for none. A missing file is a warning
            in the log, and maps nothing.

        documents: Role mappings of the API; see ``role_mapping.parse_role_mappings``.

        unmapped_groups_as_roles: Whether a group without a role in the file gives the role that is
            named like the first value of the group's name.

        settings: The settings of the node, for its intervals; by default those of Elasticsearch.

        watch_events: Use file events to notice changes before the next poll.

        on_unusable: What to do if the file cannot be read, or if something in it costs all
            mappings: ``keep`` the last good state, or map nothing as a ``node`` does.

    Source:
        ``CompositeRoleMapper``, ``DnRoleMapper``.
    """

    def __init__(
        self,
        mapping_file: str | os.PathLike[str] | None = None,
        documents: Iterable[RoleMapping] = (),
        *,
        unmapped_groups_as_roles: bool = False,
        settings: ReloadSettings | None = None,
        watch_events: bool = True,
        on_unusable: Literal["keep", "node"] = "keep",
    ) -> None:
        if on_unusable not in ("keep", "node"):
            raise ValueError(f"on_unusable is [{on_unusable}]: must be [keep] or [node]")
        self._path = None if mapping_file is None else os.path.abspath(os.fspath(mapping_file))
        self._documents = tuple(documents)
        self._unmapped_groups_as_roles = unmapped_groups_as_roles
        self._settings = settings
        self._watch_events = watch_events
        self._keeps_last_good = on_unusable == "keep"
        self._state = _State(is_loaded=False)
        self._listeners: tuple[Callable[[], object], ...] = ()
        self._reloading = Mutex()
        self._service: ResourceWatcherService | None = None
        renew_after_fork(self)

    def __repr__(self) -> str:
        return (
            f"<RoleMapper of {self._path!r}: {len(self._state.mapping.roles_by_dn)} names, "
            f"{len(self._documents)} documents>"
        )

    def __enter__(self) -> Self:
        if self._service is not None:
            raise RuntimeError("a role mapper can be entered only once at a time")
        service = self._service = ResourceWatcherService(
            self._settings, watch_events=self._watch_events
        )
        try:
            if self._path is not None:
                watcher = FileWatcher(self._path)
                # First the stamp, then the content: a change between the two is noticed later.
                watcher.init()
                self.reload()
                watcher.add_listener(self._follow, is_behind=self._state.is_behind)
                service.add(watcher, Frequency.HIGH)
            service.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop following the file. What was read of it stays."""
        service, self._service = self._service, None
        if service is not None:
            service.close()

    def after_fork(self) -> None:
        """In a child process, replace the lock, which a thread of the parent may hold."""
        self._reloading = Mutex()

    @property
    def mapping(self) -> ParsedRoleMapping:
        """What the file maps now; it is read at the first use."""
        if self._path is not None and not self._state.is_loaded:
            self._reload(only_first=True)
        return self._state.mapping

    @property
    def problem(self) -> str | None:
        """Why the file that is there now does not count, or None if it does."""
        return self._state.problem

    @property
    def documents(self) -> tuple[RoleMapping, ...]:
        """The role mappings of the API."""
        return self._documents

    def replace_documents(self, documents: Iterable[RoleMapping]) -> None:
        """Replace the role mappings of the API, and call the listeners unless none is new."""
        before, self._documents = self._documents, tuple(documents)
        if self._documents != before:
            self._call_listeners()

    def on_change(self, listener: Callable[[], object]) -> None:
        """
        Call *listener* whenever users may have other roles than before.

        The new state is in place by then, and no lock is held. What the listener raises is logged.

        Raises:
            TypeError: If *listener* cannot be called.
        """
        if not callable(listener):
            raise TypeError(f"listener must be callable, not {type(listener).__name__}")
        self._listeners = (*self._listeners, listener)

    def roles_of(self, user: UserData) -> frozenset[str]:
        """
        Return the roles that the file and the documents give to *user*.

        Raises:
            InvalidDistinguishedNameError: If there is a file, and the name of the user or of a
                group is not a distinguished name.
            InvalidRoleMappingError: If a role template is broken.
            InvalidUserDataError: If a node could not hold the metadata against any rule.
            MissingExtraError: If a role template applies, and the extra ``pki`` is missing.
        """
        roles: frozenset[str] = frozenset()
        if self._path is not None:
            roles = resolve_roles(
                self.mapping,
                user.dn,
                user.groups,
                unmapped_groups_as_roles=self._unmapped_groups_as_roles,
            )
        return roles.union(*(document.roles_of(user) for document in self._documents))

    def reload(self) -> bool:
        """
        Read the file now. Within a ``with`` statement that happens whenever it changes.

        Returns:
            Whether a name has other roles than before.
        """
        return self._path is not None and self._reload()

    def _follow(self, _changes: object) -> bool:
        self.reload()
        return not self._state.is_behind

    def _reload(self, *, only_first: bool = False) -> bool:
        # Logged afterwards: a thread that is logging may be in the handler of a signal, which
        # waits for this one.
        log: list[Callable[[], None]] = []
        is_changed = self._reloading.run(
            lambda: not (only_first and self._state.is_loaded) and self._reload_now(log)
        )
        for write in log:
            write()
        if is_changed:
            self._call_listeners()
        return is_changed

    def _reload_now(self, log: list[Callable[[], None]]) -> bool:
        before, path = self._state, str(self._path)
        after = _read(path)
        if after.problem is not None:
            if self._keeps_last_good:
                after.mapping = before.mapping
            if after.problem != before.problem:
                log.append(partial(_LOG.error, "%s", after.problem))
        else:
            log.append(partial(_log_issues, path, before.mapping.issues, after.mapping.issues))
            if not after.exists and (before.exists or not before.is_loaded):
                message = "role mapping file [%s] does not exist: it maps no role"
                log.append(partial(_LOG.warning, message, path))
        count = len(after.mapping.roles_by_dn)
        log.append(partial(_LOG.debug, "[%d] role mappings found in file [%s]", count, path))
        is_changed = after.mapping.roles_by_dn != before.mapping.roles_by_dn
        if is_changed and before.is_loaded:
            log.append(partial(_LOG.info, "role mappings of file [%s] changed", path))
        self._state = after
        return is_changed

    def _call_listeners(self) -> None:
        for listener in self._listeners:
            try:
                listener()
            except Exception:  # noqa: BLE001 - whatever it is, the others have to be called
                _LOG.exception("a listener for changes of role mappings failed")


class _State:
    """
    What the file said when it was read last; by default, that it was not read yet.

    Attributes:
        mapping: What it maps.
        problem: Why nothing of the file counts, or None.
        is_behind: Whether the file could not be read, so that it must be tried again.
    """

    __slots__ = ("exists", "is_behind", "is_loaded", "mapping", "problem")

    def __init__(
        self,
        mapping: ParsedRoleMapping = _EMPTY,
        problem: str | None = None,
        *,
        exists: bool = True,
        is_behind: bool = False,
        is_loaded: bool = True,
    ) -> None:
        self.mapping = mapping
        self.problem = problem
        self.exists = exists
        self.is_behind = is_behind
        self.is_loaded = is_loaded


def _read(path: str) -> _State:
    try:
        content = read_file(path, largest=LARGEST_MAPPING_FILE)
    except FileRealmError as error:
        return _State(problem=str(error), is_behind=True)
    if not content.exists:
        return _State(exists=False)
    mapping = parse_mapping_file(path, content.data)
    if mapping.is_usable:
        return _State(mapping)
    issue = mapping.issues[0]
    where = f"line [{issue.line_number}] of role mapping file [{path}]"
    return _State(problem=f"{where}: {issue.reason}")


def parse_mapping_file(path: str, data: bytes) -> ParsedRoleMapping:
    """
    Parse the *data* of a file of role mappings, as its name says: YAML, or JSON with comments.

    A name with another ending costs all mappings, as a node sees it.

    Source:
        ``Settings.Builder.loadFromPath``.
    """
    if not path.endswith((".yml", ".yaml", ".json")):
        reason = "the name of the file must end in [.yml], [.yaml] or [.json]"
        return ParsedRoleMapping(issues=[MappingIssue(1, "unusable-file", reason)])
    return parse_role_mapping(data, is_json=path.endswith(".json"))


def role_mapping_failure(
    mapping_file: str | os.PathLike[str] | None, realm_name: str, *, enabled: bool = True
) -> str | None:
    """
    Check a mapping file as a node does before it starts, also in development mode.

    Args:
        mapping_file: The file that the setting ``files.role_mapping`` of the realm names; None if
            it is not set, for then nothing is checked.

        realm_name: The name of the realm, for the message.

        enabled: Whether the realm is enabled; if not, nothing is checked.

    Returns:
        Why the node does not start, or None.

    Source:
        ``RoleMappingFileBootstrapCheck``.
    """
    if mapping_file is None or not enabled:
        return None
    path = os.path.abspath(os.fspath(mapping_file))
    file = f"role mapping file [{path}] of realm [{realm_name}]"
    try:
        content = read_file(path, largest=LARGEST_MAPPING_FILE)
    except FileRealmError as error:
        return f"could not read {file}: {error}"
    if not content.exists:
        return f"{file} does not exist"
    for issue in parse_mapping_file(path, content.data).issues:
        if issue.kind == "unusable-file":
            return f"could not read {file}: line {issue.line_number}: {issue.reason}"
        if issue.kind == "invalid-name":
            return f"invalid DN in line {issue.line_number} of {file}: {issue.reason}"
    return None


def _log_issues(path: str, before: Iterable[MappingIssue], after: Iterable[MappingIssue]) -> None:
    known = {(issue.kind, issue.reason) for issue in before}
    new = [issue for issue in after if (issue.kind, issue.reason) not in known]
    log_errors(
        _LOG,
        "line [%d] of role mapping file [%s]: %s",
        [(issue.line_number, path, issue.reason) for issue in new],
        f"issues of role mapping file [{path}]",
    )
