"""The passwords and hashes of desired users, from wherever a document says they are."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._ground.values import Secret
from ..admin.credentials import NewCredentials, password_in_file, variable_shown
from ..errors import (
    FileAccessError,
    FilePermissionError,
    InvalidHashError,
    InvalidPasswordError,
    InvalidSettingError,
)
from ..hashing.policy import Policy
from .values import PASSWORD_SOURCES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Self

    from ..settings import RealmSettings
    from .values import DesiredUser, HashPolicy

__all__ = ["CredentialRules", "CredentialsError", "read_password"]


class CredentialsError(Exception):
    """Credentials that cannot be used; the only argument says where and why."""


@dataclass(frozen=True, slots=True)
class CredentialRules:
    """
    The rules of one node for passwords and hashes.

    Attributes:
        settings: The settings of the node, with the algorithm of *policy*.
        policy: The hash policy.
    """

    settings: RealmSettings
    policy: Policy

    @classmethod
    def of(cls, settings: RealmSettings, requested: HashPolicy) -> Self:
        """
        Combine the settings of a node with the hash policy of a desired state.

        Raises:
            UnknownHashAlgorithmError: If the settings name an unknown algorithm.
        """
        if requested.algorithm is not None:
            settings = settings.with_algorithm(requested.algorithm)
        policy = Policy.for_plan(
            settings.password_hashing_algorithm,
            is_required=requested.algorithm is not None,
            minimum_cost=requested.minimum_cost,
        )
        return cls(settings, policy)

    def check_password(self, user: DesiredUser, password: Secret) -> None:
        """
        Check the password of a user.

        Raises:
            CredentialsError: If it breaks a rule.
        """
        field = next(name for name in PASSWORD_SOURCES if getattr(user, name) is not None)
        try:
            NewCredentials(password.reveal(), None, self.settings)
        except InvalidPasswordError as error:
            raise CredentialsError(user.issue(field, error.rule)) from None
        except InvalidSettingError as error:
            raise CredentialsError(user.issue(field, str(error))) from None

    def remarks(self, passwords: Mapping[str, Secret]) -> Iterator[str]:
        """Yield what somebody should know of the passwords of users, which were checked."""
        for name, password in passwords.items():
            remark = NewCredentials(password.reveal(), None, self.settings).remark
            if remark:
                yield f"user [{name}]: {remark}"

    def hash_of(self, user: DesiredUser) -> Secret | None:
        """
        Return the hash of a user, or None if the document has none.

        Raises:
            CredentialsError: If it is unusable or too weak.
        """
        if user.password_hash is None:
            return None
        password_hash = user.password_hash.reveal()
        try:
            NewCredentials(None, password_hash, self.settings)
        except InvalidHashError as error:
            raise CredentialsError(user.issue("password_hash", error.reason)) from None
        if self.policy.needs_update(password_hash):
            rule = f"it does not meet the policy: {self.policy}"
            raise CredentialsError(user.issue("password_hash", rule))
        return user.password_hash


def read_password(user: DesiredUser) -> Secret | None:
    """
    Return the password of a user, or None if the document has none.

    Raises:
        CredentialsError: If it cannot be read.
    """
    if user.password_file is not None:
        try:
            return Secret(password_in_file(user.password_file))
        except InvalidPasswordError as error:
            raise CredentialsError(user.issue("password_file", error.rule)) from None
        except (FileAccessError, FilePermissionError) as error:
            raise CredentialsError(user.issue("password_file", str(error))) from None
    if user.password_env is not None:
        password = os.environ.get(user.password_env)
        if password is None:
            rule = f"{variable_shown(user.password_env)} is not set"
            raise CredentialsError(user.issue("password_env", rule))
        return Secret(password)
    return user.password
