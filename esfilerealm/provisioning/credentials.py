"""What a desired user is to log in with, wherever it is kept."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .._ground.secret import Secret
from ..admin.credentials import NewCredentials
from ..admin.password_sources import password_in_file
from ..errors import (
    FileAccessError,
    FilePermissionError,
    InvalidHashError,
    InvalidPasswordError,
    InvalidSettingError,
)

if TYPE_CHECKING:
    from ..hashing.policy import Policy
    from ..settings import RealmSettings
    from .users import DesiredUser

__all__ = ["CredentialsError", "hash_of", "password_of"]


class CredentialsError(Exception):
    """They cannot be used; the only argument says where and why."""


def password_of(user: DesiredUser, settings: RealmSettings) -> Secret | None:
    """
    Give the password of a user, or None if the document names none.

    Raises:
        CredentialsError: If it cannot be read, or may not be set.
    """
    field, password = "password", None if user.password is None else user.password.reveal()
    try:
        if user.password_file is not None:
            field = "password_file"
            password = password_in_file(user.password_file)
        elif user.password_env is not None:
            field = "password_env"
            password = os.environ.get(user.password_env)
            if password is None:
                rule = f"environment variable [{user.password_env}] is not set"
                raise CredentialsError(user.fault(field, rule))
        if password is not None:
            NewCredentials(password, None, settings)
    except InvalidPasswordError as error:
        raise CredentialsError(user.fault(field, error.rule)) from None
    except (FileAccessError, FilePermissionError, InvalidSettingError) as error:
        raise CredentialsError(user.fault(field, str(error))) from None
    return None if password is None else Secret(password)


def hash_of(user: DesiredUser, settings: RealmSettings, policy: Policy) -> Secret | None:
    """
    Give the hash of a user, or None if the document names none.

    Raises:
        CredentialsError: If it is not good enough.
    """
    if user.password_hash is None:
        return None
    password_hash = user.password_hash.reveal()
    try:
        NewCredentials(None, password_hash, settings)
    except InvalidHashError as error:
        raise CredentialsError(user.fault("password_hash", error.reason)) from None
    if policy.needs_update(password_hash):
        rule = f"it does not meet the policy: {policy}"
        raise CredentialsError(user.fault("password_hash", rule))
    return user.password_hash
