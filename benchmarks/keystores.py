"""
Keystores: reading one should cost what the derivation of its key costs, which is slow on purpose.

The reference is ``hashlib.pbkdf2_hmac`` with the numbers of the format and nothing else.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from typing import TYPE_CHECKING

from esfilerealm.keystore import FORMATS, Keystore

from .measure import Options, Row, Sides, compare, timed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from esfilerealm.keystore import Format

_SETTINGS = 20
_PASSWORD = "correct horse battery staple"
_AIM = 1.3
#: Formats that differ in what a key costs.
_MEASURED = (4, 6, 7)


def rows(options: Options) -> Iterator[Row]:
    """Measure reading a file of twenty settings, and saving one."""
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        path = os.path.join(folder, "elasticsearch.keystore")
        for version in _MEASURED:
            store = _store(version)
            store.save(path, overwrite=True)
            sides = Sides(
                f"read a keystore of format {version}",
                timed(lambda: Keystore.read(path, _PASSWORD)),
                "pbkdf2_hmac",
                timed(_derive(FORMATS[version])),
            )
            yield compare(sides, rounds=options.rounds(40), aim=_AIM)
        yield _save(path, options)


def _store(version: int) -> Keystore:
    store = Keystore.create(format_version=version)
    for number in range(_SETTINGS):
        store.set(f"setting.number.{number}", "a value of some length")
    store.change_password(_PASSWORD)
    return store


def _derive(form: Format) -> Callable[[], object]:
    salt = bytes(64)
    return lambda: hashlib.pbkdf2_hmac(
        "sha512", _PASSWORD.encode(), salt, form.rounds, form.key_size
    )


def _save(path: str, options: Options) -> Row:
    store = _store(7)
    store.save(path, overwrite=True)

    def change() -> None:
        store.set("setting.number.0", os.urandom(8).hex())

    sides = Sides(
        "save a keystore of format 7",
        timed(store.save, change),
        "pbkdf2_hmac",
        timed(_derive(FORMATS[7])),
    )
    return compare(sides, rounds=options.rounds(20))
