"""No error and no warning tells a secret."""

from __future__ import annotations

import warnings

import pytest
from no_secret.busy_realm import spoilt
from no_secret.planted import (
    LONG,
    PASSWORDS,
)
from no_secret.raised import ERRORS
from no_secret.search import assert_tells_nothing

from esfilerealm import (
    FileRealm,
    UsersTool,
    errors,
)


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        pytest.param(name, cause, id=f"{name}-{number}")
        for name, causes in ERRORS.items()
        for number, cause in enumerate(causes)
    ],
)
def test_errors(name, cause, folder):
    with pytest.raises(getattr(errors, name)) as caught:
        cause(folder)
    assert type(caught.value).__name__ == name
    assert_tells_nothing(caught.value)


def test_warnings(folder):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        UsersTool(folder).useradd("other", LONG)
    (warning,) = caught
    assert warning.category is errors.PasswordTruncatedWarning
    assert_tells_nothing(warning.message)


def test_errors_of_health(realm, folder):
    for error in spoilt(realm, folder).problems:
        assert_tells_nothing(error)


def test_what_the_hasher_or_the_policy_raises_is_not_dressed_up(folder, monkeypatch):
    """An error that is not ours comes as it is, with nothing added to it."""

    def fail(*_):
        raise MemoryError("out of memory")

    monkeypatch.setattr("esfilerealm.realms.file.login.verify_hash", fail)
    with pytest.raises(MemoryError) as caught:
        FileRealm(folder).authenticate("bcrypt", PASSWORDS["bcrypt"])
    assert_tells_nothing(caught.value)
