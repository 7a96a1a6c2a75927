"""
No secret: whatever is printed, logged, raised, pickled or written as JSON holds no password.

It holds no hash either, and no part of one by which a password can be guessed. Hashes are returned
only by ``RealmSnapshot.hash_of`` and ``decoy_hash``, and by the ``users`` of a parsed file.
"""

from __future__ import annotations

import logging

import pytest
from no_secret.busy_realm import lay_out, log_everyone_in
from no_secret.search import assert_clean, assert_tells_nothing
from support.agreement import reader_and_schema_agree  # noqa: F401 - used by itself

from esfilerealm import (
    FileRealm,
)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "config"
    folder.mkdir()
    lay_out(folder)
    return folder


class Records(logging.Handler):
    """Everything that is logged, as text and as records."""

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.texts = []

    def emit(self, record):
        self.texts.append(logging.Formatter().format(record))
        self.texts.append(repr(vars(record)))
        if record.exc_info:
            assert_tells_nothing(record.exc_info[1])
            self.texts.append(record.exc_text)


@pytest.fixture(autouse=True)
def logged():
    """Search everything that a test here logs, at its end."""
    logger = logging.getLogger("esfilerealm")
    level, handler = logger.level, Records()
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield handler.texts
    logger.removeHandler(handler)
    logger.setLevel(level)
    for text in handler.texts:
        assert_clean("the log", text)


@pytest.fixture
def realm(folder):
    """A realm after many logins, changes, a broken file and a callback that fails."""

    def fail(_):
        raise ValueError("the callback is broken")

    with FileRealm(folder, watch_events=False, accept_clear_text=True) as realm:
        realm.on_change(fail)
        log_everyone_in(realm)
        realm.expire("bcrypt")
        yield realm
