"""
Apache's ``htpasswd``: one ``name:hash`` a line, the first line of a name counts.

Source:
    ``mod_authn_file.c`` and ``ap_cfg_getline`` of Apache httpd, ``htpasswd.c``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..hashing import check_hash, hash_problem
from ..names import broken_rule
from ._names import user
from ._text import decode_text
from .losses import Exported, Imported, Loss

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._names import ImportRules
    from ._realm import ExportRequest

__all__ = ["export_htpasswd", "import_htpasswd"]

_BYTE_ORDER_MARK: Final = "\ufeff"
_BLANKS: Final = " \t\n\v\f\r"
_BCRYPT: Final = ("$2a$", "$2b$", "$2y$")
_SHA: Final = "{SHA}"
#: What every release of Elasticsearch reads. Those before 7.15 take the other two revisions, which
#: are the same algorithm, for a password in clear text.
_NODE_REVISION: Final = "$2a$"
#: What ``htpasswd -B`` writes.
_APACHE_REVISION: Final = "$2y$"
_LONGEST_NAME: Final = 255


def import_htpasswd(data: bytes, source: str, rules: ImportRules) -> Imported:
    """
    Read a file of ``htpasswd``: users with bcrypt hashes, without roles.

    Args:
        data: The whole file.

        source: Its name for errors.

        rules: Which usernames a node takes.

    Raises:
        FileFormatError: If it is no text.
    """
    text = decode_text(data, source)
    reading = _Reading(rules)
    users = [entry for number, line in _lines(text) for entry in reading.take(number, line)]
    return Imported({"users": users}, reading.all_losses())


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Give number and text of each line, trimmed as Apache does; a lone CR ends none."""
    for number, line in enumerate(text.removeprefix(_BYTE_ORDER_MARK).split("\n"), 1):
        yield number, line.strip(_BLANKS)


class _Reading:
    """The way through the lines."""

    def __init__(self, rules: ImportRules) -> None:
        self._rules = rules
        self._losses: list[Loss] = []
        self._lines: dict[str, int] = {}
        self._comments = 0
        self._is_continued = False

    def all_losses(self) -> tuple[Loss, ...]:
        """Give what is lost of all lines so far."""
        losses = list(self._losses)
        if self._comments:
            what = "1 comment" if self._comments == 1 else f"{self._comments} comments"
            losses.insert(0, Loss("the file", what, "only users are carried", is_blocking=False))
        return tuple(losses)

    def take(self, number: int, line: str) -> Iterator[dict[str, object]]:
        """Give the user of a line, if it has one that can be carried."""
        was_continued, self._is_continued = self._is_continued, line.endswith("\\")
        if (was_continued and line) or self._is_continued:
            reason = "Apache reads a line that ends with a backslash and the next one as one"
            self._lose(number, "the line", f"{reason}, others do not: write it out")
        elif line.startswith("#"):
            self._comments += 1
        elif line:
            yield from self._entry(number, line)

    def _entry(self, number: int, line: str) -> Iterator[dict[str, object]]:
        name, _, rest = line.partition(":")
        password_hash, _, more = rest.partition(":")
        first = self._lines.setdefault(name, number)
        if not name or not password_hash:
            self._lose(number, "the line", "no colon with a name before it and a hash behind it")
            return
        if first != number:
            reason = f"Apache goes by line [{first}], which has the same name"
        else:
            reason = self._rules.problem(name) or _hash_loss(password_hash) or ""
        if reason:
            self._lose(number, _called(name), reason)
            return
        if more:
            what = f"what is behind the hash of {user(name)}"
            self._lose(number, what, "Apache does not read it", is_blocking=False)
        carried = _NODE_REVISION + password_hash[len(_NODE_REVISION) :]
        yield {"name": name, "password_hash": carried}

    def _lose(self, number: int, what: str, reason: str, *, is_blocking: bool = True) -> None:
        self._losses.append(Loss(f"line [{number}]", what, reason, is_blocking))


def _called(name: str) -> str:
    """Speak of a user, but do not quote what cannot be the name of one."""
    return "the line" if broken_rule(name) else user(name)


def _hash_loss(password_hash: str) -> str | None:
    """Say why a hash is not carried."""
    if password_hash.startswith(_SHA):
        return (
            "{SHA} is SHA-1 without a salt, which is guessed quickly: set a new password, or "
            "let `esfilerealm useradd --hash` take it, since a node does verify it"
        )
    problem = hash_problem(password_hash)
    if problem is not None:
        if problem.kind == "clear-text":
            return "neither bcrypt nor another known hash: crypt(3), or a password in clear text"
        return problem.reason
    if not password_hash.startswith(_BCRYPT):
        return "a hash that Apache does not know: this is no file of htpasswd"
    return None


def export_htpasswd(request: ExportRequest) -> Exported:
    """Write the users whose hashes Apache knows."""
    realm = request.realm()
    rows = []
    losses = list(realm.losses)
    for name, password_hash in realm.hashes.items():
        if reason := _name_loss(name) or _foreign_to_apache(password_hash):
            losses.append(Loss("users", user(name), reason, is_blocking=True))
        else:
            rows.append(f"{name}:{_for_apache(password_hash)}\n")
    count = sum(bool(roles) for roles in realm.roles_by_user.values())
    if count:
        what = "roles of 1 user" if count == 1 else f"roles of {count} users"
        losses.append(Loss("users_roles", what, "htpasswd carries no roles", is_blocking=False))
    return Exported("".join(rows).encode("ascii"), tuple(losses))


def _name_loss(name: str) -> str | None:
    if name.startswith("#"):
        return "the name starts with [#], so its line would be a comment"
    if len(name) > _LONGEST_NAME:
        return f"htpasswd takes names of up to {_LONGEST_NAME} characters"
    return None


def _foreign_to_apache(password_hash: str) -> str | None:
    if password_hash.startswith((*_BCRYPT, _SHA)):
        return None
    return f"Apache does not know {check_hash(password_hash).name}: set the password there anew"


def _for_apache(password_hash: str) -> str:
    if password_hash.startswith(_BCRYPT):
        return _APACHE_REVISION + password_hash[len(_APACHE_REVISION) :]
    return password_hash
