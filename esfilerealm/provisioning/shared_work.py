"""What the nodes of one run share: parsed files, passwords that were read, and hashes."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from ..formats.realm import parse_files
from ..hashing import password_matches, resolve_from_hash
from ..hashing.pool import HashingPool
from .credentials import CredentialsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from .._ground.values import Secret
    from .._storage import RealmFiles
    from ..formats.realm import ParsedRealm
    from ..hashing import Hasher
    from ..hashing.policy import Policy
    from ..settings import RealmSettings

    #: A user, its desired password, and its stored hash.
    Pair = tuple[str, Secret, str]
    #: A family of hashes, and their cost.
    _Kind = tuple[str, int]

__all__ = ["SharedWork"]

T = TypeVar("T")


class SharedWork:
    """
    What is done once for all nodes of a run. It is in memory only, and ``forget`` drops it.

    Args:
        jobs: The number of threads that hash; by default one for each core.

        show_progress: Whether to show a progress bar on standard error, if that is a terminal.
    """

    def __init__(self, jobs: int | None = None, *, show_progress: bool = False) -> None:
        self._pool = HashingPool(jobs, show_progress=show_progress)
        self._realms: dict[object, ParsedRealm] = {}
        self._read: dict[tuple[str, str], object] = {}
        self._verdicts: dict[tuple[Secret, str], bool] = {}
        self._stored: dict[tuple[str, Secret], list[str]] = {}
        self._hashes: dict[tuple[str, Secret, _Kind], str] = {}

    def realm_of(self, files: RealmFiles, settings: RealmSettings) -> ParsedRealm:
        """
        Parse the files of a node, or return what another node with the same content has.

        Raises:
            FileFormatError: If a file is not UTF-8.
        """
        rules = settings.name_rules
        content = (*(file.digest for file in files.both), *sorted(rules.items()))
        if content not in self._realms:
            self._realms[content] = parse_files(files, **rules)
        return self._realms[content]

    def read_once(self, kind: str, name: str, read: Callable[[], T]) -> T:
        """
        Return what *read* returns, which is called once for all nodes: a pipe has one content.

        Args:
            kind: What is read, such as the password of a user.

            name: Of the user or setting.

            read: Reads it.

        Raises:
            CredentialsError: If *read* raises it, for every node.
        """
        key = kind, name
        if key not in self._read:
            try:
                self._read[key] = read()
            except CredentialsError as error:
                self._read[key] = error
        value = self._read[key]
        if isinstance(value, CredentialsError):
            raise CredentialsError(*value.args)
        return value  # type: ignore[return-value] # what `read` has returned

    def verify(self, pairs: Iterable[Pair]) -> None:
        """Verify passwords against stored hashes, each pair of them once."""
        pairs = list(pairs)
        distinct = dict.fromkeys((password, stored) for _, password, stored in pairs)
        unknown = [pair for pair in distinct if pair not in self._verdicts]
        verdicts = self._pool.map(
            lambda pair: password_matches(pair[0].reveal(), pair[1]), unknown, "comparing"
        )
        self._verdicts.update(zip(unknown, verdicts, strict=True))
        for name, password, stored_hash in pairs:
            if self._verdicts[password, stored_hash]:
                self._stored.setdefault((name, password), []).append(stored_hash)

    def matches(self, password: Secret, stored_hash: str) -> bool:
        """Return the verdict about a pair that was verified."""
        return self._verdicts[password, stored_hash]

    def hash(self, passwords: Iterable[tuple[Mapping[str, Secret], Policy]]) -> None:
        """
        Hash new passwords, each once for all nodes that hash alike.

        A hash of that kind that a node already has for the user is as good, so it is taken.

        Args:
            passwords: Of each node, from users to their passwords, and its policy.
        """
        wanted = {
            (name, password, _kind(policy.hasher)): policy
            for of_node, policy in passwords
            for name, password in of_node.items()
        }
        for key in wanted:
            stored = self._stored_alike(*key)
            if stored is not None:
                self._hashes.setdefault(key, stored)
        unknown = [one for one in wanted.items() if one[0] not in self._hashes]
        new = self._pool.map(lambda one: one[1].hash(one[0][1].reveal()), unknown, "hashing")
        self._hashes.update((key, text) for (key, _), text in zip(unknown, new, strict=True))

    def hashes_of(self, passwords: Mapping[str, Secret], policy: Policy) -> dict[str, str]:
        """Return the hash of each user; ``hash`` has made them."""
        return {
            name: self._hashes[name, password, _kind(policy.hasher)]
            for name, password in passwords.items()
        }

    def _stored_alike(self, name: str, password: Secret, kind: _Kind) -> str | None:
        """Return a hash of this password that another node has for this user, or None."""
        for stored_hash in self._stored.get((name, password), ()):
            if _kind(resolve_from_hash(stored_hash)) == kind:
                return stored_hash
        return None

    def forget(self) -> None:
        """Drop all that is known of passwords and files."""
        for known in (self._realms, self._read, self._verdicts, self._stored, self._hashes):
            known.clear()


def _kind(hasher: Hasher) -> _Kind:
    return hasher.family, hasher.cost
