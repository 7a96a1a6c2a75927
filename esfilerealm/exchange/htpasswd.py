"""
Apache's ``htpasswd``: lines of ``name:hash``; the first line of a name counts.

Source:
    ``mod_authn_file.c`` and ``ap_cfg_getline`` of Apache httpd, ``htpasswd.c``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..errors import FileFormatError
from ..hashing import check_hash, hash_problem
from ..hashing.bcrypt import NODE_REVISION, PREFIXES, with_revision
from ..names import broken_rule
from ._shared import decode_text, shown_user
from .losses import Exported, Imported, Loss

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._realm import ExportRequest
    from ._shared import ImportRules

__all__ = ["export_htpasswd", "import_htpasswd"]

_BYTE_ORDER_MARK: Final = "\ufeff"
_EXPECTED: Final = "expected name:hash"
_BLANKS: Final = " \t\n\v\f\r"
_SHA: Final = "{SHA}"
#: The revision of bcrypt that ``htpasswd -B`` writes.
_APACHE_REVISION: Final = "$2y$"
_LONGEST_NAME: Final = 255


def import_htpasswd(data: bytes, source: str, rules: ImportRules) -> Imported:
    """
    Read a file of ``htpasswd``: users with bcrypt hashes, without roles.

    Args:
        data: The whole file.

        source: The name of the file for errors.

        rules: Which usernames a node accepts.

    Raises:
        FileFormatError: If the file is not text, or no line of it is one of ``htpasswd``.
    """
    text = decode_text(data, source)
    reader = _Reader(rules)
    users = [entry for number, line in _lines(text) for entry in reader.read(number, line)]
    if reader.first_malformed and not reader.has_entries:
        raise FileFormatError(source, reader.first_malformed, f"{_EXPECTED}: not of htpasswd")
    return Imported({"users": users}, reader.losses)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Iterate over the lines and their numbers, trimmed as by Apache; a lone CR ends no line."""
    for number, line in enumerate(text.removeprefix(_BYTE_ORDER_MARK).split("\n"), 1):
        yield number, line.strip(_BLANKS)


class _Reader:
    """
    Reads the lines in order.

    Attributes:
        has_entries: Whether any line so far has a name and a hash.
        first_malformed: The number of the first line that has not; else 0.
    """

    def __init__(self, rules: ImportRules) -> None:
        self._rules = rules
        self._losses: list[Loss] = []
        self._lines: dict[str, int] = {}
        self._comments = 0
        self.has_entries = False
        self.first_malformed = 0
        self._is_continued = False

    @property
    def losses(self) -> tuple[Loss, ...]:
        """The losses in all lines so far."""
        losses = list(self._losses)
        if self._comments:
            what = "1 comment" if self._comments == 1 else f"{self._comments} comments"
            reason = "only users are converted"
            losses.insert(0, Loss("the file", what, reason, is_blocking=False, is_note=True))
        return tuple(losses)

    def read(self, number: int, line: str) -> Iterator[dict[str, object]]:
        """Yield the user of a line, unless the line has none that can be converted."""
        was_continued, self._is_continued = self._is_continued, line.endswith("\\")
        if (was_continued and line) or self._is_continued:
            reason = "Apache joins a line that ends with a backslash and the next one"
            self._lose(number, "the line", f"{reason}, other programs do not: write one line")
        elif line.startswith("#"):
            self._comments += 1
        elif line:
            yield from self._entry(number, line)

    def _entry(self, number: int, line: str) -> Iterator[dict[str, object]]:
        name, _, rest = line.partition(":")
        password_hash, _, more = rest.partition(":")
        first = self._lines.setdefault(name, number)
        if not name or not password_hash:
            self.first_malformed = self.first_malformed or number
            self._lose(number, "the line", f"{_EXPECTED}; Apache skips it", is_blocking=False)
            return
        self.has_entries = True
        if first != number:
            reason = f"Apache uses line [{first}], which has the same name"
            self._lose(number, _called(name), reason, is_blocking=False)
            return
        reason = self._rules.username_problem(name) or _hash_loss(password_hash) or ""
        if reason:
            self._lose(number, _called(name), reason)
            return
        if more:
            what = f"the text after the hash of {shown_user(name)}"
            reason = "Apache does not read it"
            self._losses.append(
                Loss(f"line [{number}]", what, reason, is_blocking=False, is_note=True)
            )
        yield {"name": name, "password_hash": with_revision(password_hash, NODE_REVISION)}

    def _lose(self, number: int, what: str, reason: str, *, is_blocking: bool = True) -> None:
        self._losses.append(Loss(f"line [{number}]", what, reason, is_blocking))


def _called(name: str) -> str:
    """Return the form of a user for messages, unless it cannot be a username."""
    return "the line" if broken_rule(name) else shown_user(name)


def _hash_loss(password_hash: str) -> str | None:
    """Return why a hash cannot be converted, or None."""
    if password_hash.startswith(_SHA):
        return (
            "{SHA} is SHA-1 without a salt, which is cracked quickly: set a new password, or "
            "add the user with `esfilerealm useradd --hash`, since a node verifies it"
        )
    problem = hash_problem(password_hash)
    if problem is not None:
        if problem.kind == "clear-text":
            return "neither bcrypt nor another known hash: probably crypt(3) or clear text"
        return problem.reason
    if not password_hash.startswith(PREFIXES):
        return "a hash that Apache does not know: not a file of htpasswd"
    return None


def export_htpasswd(request: ExportRequest) -> Exported:
    """Write the users whose hashes Apache knows."""
    realm = request.realm()
    rows = []
    losses = list(realm.losses)
    for name, password_hash in realm.hashes.items():
        if reason := _name_loss(name) or _foreign_to_apache(password_hash):
            losses.append(Loss("users", shown_user(name), reason, is_blocking=True))
        else:
            rows.append(f"{name}:{with_revision(password_hash, _APACHE_REVISION)}\n")
    count = sum(bool(roles) for roles in realm.roles_by_user.values())
    if count:
        what = "roles of 1 user" if count == 1 else f"roles of {count} users"
        losses.append(Loss("users_roles", what, "htpasswd has no roles", is_blocking=False))
    return Exported("".join(rows).encode("ascii"), tuple(losses))


def _name_loss(name: str) -> str | None:
    if name.startswith("#"):
        return "the name starts with [#], so its line would be a comment"
    if len(name) > _LONGEST_NAME:
        return f"htpasswd accepts names of up to {_LONGEST_NAME} characters"
    return None


def _foreign_to_apache(password_hash: str) -> str | None:
    if password_hash.startswith((*PREFIXES, _SHA)):
        return None
    return f"Apache does not know {check_hash(password_hash).name}: set a new password there"
