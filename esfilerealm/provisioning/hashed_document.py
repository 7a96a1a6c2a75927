"""A document whose passwords became hashes, so that no secret travels; all else stays."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from .._ground.values import Secret
from ..documents.document import format_of, place, read_document
from ..documents.spans import find_strings
from ..errors import InvalidDesiredStateError
from ..hashing.pool import HashingPool
from ..settings import RealmSettings
from .credentials import CredentialRules, CredentialsError, read_password
from .desired import DesiredState

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from ..documents.document import DocumentFormat
    from ..documents.spans import Span
    from .values import DesiredUser

__all__ = ["HashedDocument", "hash_document"]

_HASH: Final = "password_hash"
_CLEAR: Final = ("password",)
_NAMED: Final = ("password_file", "password_env")
_BOM: Final = "\ufeff"


@dataclass(frozen=True, slots=True)
class HashedDocument:
    """
    A document with hashes in place of passwords.

    Attributes:
        text: The document, which holds hashes.
        usernames: The users whose password became a hash, in the order of the document.
        warnings: What somebody should know: a password that bcrypt cuts, secrets that stay.
    """

    text: Secret = field(repr=False)
    usernames: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def data(self) -> bytes:
        """The document in UTF-8."""
        return self.text.reveal().encode()


def hash_document(
    data: bytes,
    *,
    source: str,
    format: DocumentFormat | None = None,
    folder: str = "",
    settings: RealmSettings | None = None,
    algorithm: str | None = None,
    reads_sources: bool = False,
    jobs: int | None = None,
    show_progress: bool = False,
) -> HashedDocument:
    """
    Replace each ``password`` of a desired state by a ``password_hash``; every other byte stays.

    Args:
        data: The document.

        source: Its name, for messages; its suffix decides the format.

        format: ``yaml``, ``json`` or ``toml``, if the suffix does not.

        folder: The directory where a relative ``password_file`` starts.

        settings: The settings of the node, which name the algorithm; by default those of a node
            without ``elasticsearch.yml``.

        algorithm: One of ``hashing.STORED_ALGORITHMS``; by default that of the document's hash
            policy, else that of *settings*.

        reads_sources: Whether the passwords that ``password_file`` and ``password_env`` name are
            read, and become hashes too.

        jobs: The number of threads that hash; by default one for each core.

        show_progress: Whether to show a progress bar on standard error, if that is a terminal.

    Raises:
        InvalidDesiredStateError: If the document is invalid, a password cannot be read, or the hash
            would not meet the document's own policy; it lists every issue with its place.
        UnknownHashAlgorithmError: If no passwords are hashed by that algorithm.
    """
    format = format or format_of(source, data)
    desired = DesiredState.parse(data, source=source, format=format, folder=folder)
    fields = (*_CLEAR, *_NAMED) if reads_sources else _CLEAR
    rules = _rules(desired, settings or RealmSettings(), algorithm)
    passwords = dict(_passwords(desired, rules, fields))
    pool = HashingPool(jobs, show_progress=show_progress)
    hashed = pool.map(lambda one: rules.policy.hash(one.reveal()), [*passwords.values()], "hashing")
    hashes = dict(zip(passwords, hashed, strict=True))
    _check_policy(desired, hashes, settings or RealmSettings())
    text = data.decode("utf-8-sig")
    document = _Text(text, format, source, fields)
    start = _BOM if data.startswith(_BOM.encode()) else ""
    changed = start + document.with_hashes(hashes)
    wanted = tuple(_with_hash(user, hashes) for user in desired.users)
    again = DesiredState.parse(changed.encode(), source=source, format=format, folder=folder)
    if again != replace(desired, users=wanted):
        raise document.error()
    warnings = _warnings(desired, again, passwords, rules)
    return HashedDocument(Secret(changed), tuple(hashes), tuple(warnings))


def _rules(
    desired: DesiredState, settings: RealmSettings, algorithm: str | None
) -> CredentialRules:
    policy = desired.hash_policy
    if algorithm is not None:
        policy = replace(policy, algorithm=algorithm, minimum_cost=None)
    return CredentialRules.of(settings, policy)


def _passwords(
    desired: DesiredState, rules: CredentialRules, fields: Collection[str]
) -> Iterator[tuple[str, Secret]]:
    """Yield the passwords of users, from the fields that become hashes."""
    issues: list[str] = []
    for user in desired.users:
        if all(getattr(user, name) is None for name in fields):
            continue
        try:
            password = read_password(user)
            if password is not None:
                rules.check_password(user, password)
                yield user.name, password
        except CredentialsError as error:
            issues.append(str(error))
    if issues:
        raise InvalidDesiredStateError(tuple(issues))


def _check_policy(
    desired: DesiredState, hashes: Mapping[str, str], settings: RealmSettings
) -> None:
    """Check that the document's own policy accepts the hashes."""
    policy = CredentialRules.of(settings, desired.hash_policy).policy
    if any(map(policy.needs_update, hashes.values())):
        rule = f"the new hashes would not meet it: {policy}"
        raise InvalidDesiredStateError((f"{desired.hash_policy.place}: {rule}",))


def _with_hash(user: DesiredUser, hashes: Mapping[str, str]) -> DesiredUser:
    if user.name not in hashes:
        return user
    return replace(
        user,
        password=None,
        password_file=None,
        password_env=None,
        password_hash=Secret(hashes[user.name]),
    )


class _Text:
    """The text of a document, with the fields that become hashes."""

    def __init__(
        self, text: str, format: DocumentFormat, source: str, fields: Collection[str]
    ) -> None:
        self._text = text
        self._format: DocumentFormat = format
        self._source = source
        self._fields = fields
        self._spans = find_strings(text, format, fields)

    def with_hashes(self, hashes: Mapping[str, str]) -> str:
        """Return the text in which the fields of users are their hashes."""
        names = self._usernames()
        text = self._text
        for number in sorted(names, reverse=True):
            text = self._replaced(text, self._spans[number], hashes[names[number]])
        return text

    def _usernames(self) -> dict[int, str]:
        """
        Return whose field each span is, by its number; other fields may have the same name.

        The document is read with a mark in place of each value, and the marks are looked for where
        users are. So no format needs to be understood but by its own reader.
        """
        token = os.urandom(8).hex()
        marks = {f"{token}-{number}": number for number in range(len(self._spans))}
        text = self._text
        for mark, number in reversed(marks.items()):
            span = self._spans[number]
            text = f'{text[: span.start]}"{mark}"{text[span.end :]}'
        value = read_document(text.encode(), self._format, self._source).value
        return {
            marks[mark]: name
            for name, user in _users_in(value)
            for key in self._fields
            if (mark := str(user.get(key))) in marks
        }

    @staticmethod
    def _replaced(text: str, span: Span, password_hash: str) -> str:
        key = text[span.key_start : span.key_end]
        renamed = key.replace(span.key, _HASH, 1) if span.key in key else f'"{_HASH}"'
        between = text[span.key_end : span.start]
        value = f'"{password_hash}"{span.comment}'
        return f"{text[: span.key_start]}{renamed}{between}{value}{text[span.end :]}"

    def error(self) -> InvalidDesiredStateError:
        """Return the error that the text is too odd to be changed."""
        rule = "the passwords are written too oddly to be replaced: write each on its own line"
        return InvalidDesiredStateError((f"{place(self._source, 0, ())}: {rule}",))


def _users_in(value: object) -> Iterator[tuple[str, Mapping[str, object]]]:
    users = value.get("users") if isinstance(value, dict) else None
    if isinstance(users, dict):
        yield from ((name, user) for name, user in users.items() if isinstance(user, dict))
    elif isinstance(users, list):
        yield from ((user["name"], user) for user in users)


def _warnings(
    desired: DesiredState,
    hashed: DesiredState,
    passwords: Mapping[str, Secret],
    rules: CredentialRules,
) -> Iterator[str]:
    yield from rules.remarks(passwords)
    named = [user.name for user in hashed.users if user.password_file or user.password_env]
    if named:
        yield (
            f"the passwords of [{', '.join(named)}] stay in their files and variables; "
            "--all-sources (reads_sources=True) hashes them too"
        )
    if desired.keystore_password.password or any(setting.value for setting in desired.keystore):
        yield "secrets of the keystore stay in clear text: a node needs them so"
