"""
All rules about a node with many users, against loading the same users.

The realm is sound, except that nothing defines its roles: most of the time goes into that.
"""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING

from esfilerealm._storage import RealmFolder
from esfilerealm.checks import check
from esfilerealm.formats.realm import ParsedRealm, parse_files

from .measure import Options, Row, Sides, compare, timed
from .realms import users_content, users_roles_content

if TYPE_CHECKING:
    from collections.abc import Iterator

_USERS = 100_000
_AIM = 2.0
_PRIVATE = 0o600


def rows(options: Options) -> Iterator[Row]:
    """Measure a check of 100 000 users."""
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        _write(folder, "users", users_content(_USERS))
        _write(folder, "users_roles", users_roles_content(_USERS))
        sides = Sides(
            f"check of {_USERS:,} users".replace(",", " "),
            timed(lambda: check(folder)),
            "load both files",
            timed(lambda: _load(folder).hash_issues),
        )
        yield compare(sides, rounds=options.rounds(10), aim=_AIM)


def _write(folder: str, name: str, content: bytes) -> None:
    path = os.path.join(folder, name)
    with open(path, "wb") as file:
        file.write(content)
    os.chmod(path, _PRIVATE)


def _load(folder: str) -> ParsedRealm:
    files = RealmFolder(folder).read()
    return parse_files(files, allow_reserved=False, anonymous_username="_anonymous")
