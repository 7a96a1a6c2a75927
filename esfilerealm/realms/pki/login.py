"""The decision about one login by certificate."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from ..._ground.showing import shown
from ...certificates.facts import facts_of
from ...errors import (
    CertificateNotTrustedError,
    InvalidDistinguishedNameError,
    InvalidRoleMappingError,
    InvalidUserDataError,
)
from ...role_mapping import UserData
from ..base import AuthenticationResult, User

if TYPE_CHECKING:
    from ...certificates.facts import Facts
    from ...settings.mapped_realm import PkiSettings
    from ..authorization import AuthorizationRealms
    from ..role_mapper import RoleMapper
    from .cache import ChainCache
    from .state import Sources, TrustAndRoles
    from .token import X509Token
    from .usernames import Usernames

__all__ = ["PkiAuthenticator"]

#: How often a login is decided anew because trust or mappings change meanwhile.
_MOST_ATTEMPTS: Final = 10
#: The last major version whose users have no fingerprints in their metadata, as far as is known.
_LAST_WITHOUT_FINGERPRINTS: Final = 8


class PkiAuthenticator:
    """
    Decides about logins by certificate; the cache answers repeats.

    What a login sees is the state of trust, mappings and authorization realms of one moment. If
    trust or mappings change meanwhile, it is decided anew.

    Args:
        settings: Of the realm.
        sources: Where trust and mappings come from.
        usernames: Finds usernames.
        mapper: Finds roles.
        authorization: The realms that know the roles; if there are any, the mapper is not asked.
        cache: Remembers logins.

    Source:
        ``PkiRealm``.
    """

    def __init__(
        self,
        settings: PkiSettings,
        sources: Sources,
        usernames: Usernames,
        mapper: RoleMapper,
        authorization: AuthorizationRealms,
        cache: ChainCache,
    ) -> None:
        self._settings = settings
        self._sources = sources
        self._usernames = usernames
        self._mapper = mapper
        self._authorization = authorization
        self._cache = cache

    def authenticate(self, token: X509Token) -> AuthenticationResult:
        """Check the certificates of *token*."""
        entry = self._cache.get(token.key)
        if entry is not None and self._sources.are_still(entry.state):
            if not self._authorization:
                return entry.result
            result = self._authorization.authorize(entry.principal)
            if self._sources.are_still(entry.state):
                return result
        return self._authenticate(token)

    def _authenticate(self, token: X509Token) -> AuthenticationResult:
        for _ in range(_MOST_ATTEMPTS):
            state = self._sources.now()  # which may read the mappings, and forget all logins
            epoch = self._cache.epoch
            facts = facts_of(token.certificates[0])
            principal = self._usernames.find(facts.subject_der)
            result = self._refusal(token, facts, principal, state)
            if result is None and principal is not None:
                result = self._with_roles(token, facts, principal)
            if result is not None and self._sources.are_still(state):
                if result and principal is not None:
                    self._cache.put(token.key, principal, result, state, epoch)
                return result
        message = f"trust or role mappings changed again and again during the login of [{token.dn}]"
        return AuthenticationResult.unsuccessful(message, "user_changing")

    def _refusal(
        self, token: X509Token, facts: Facts, principal: str | None, state: TrustAndRoles
    ) -> AuthenticationResult | None:
        """Return why a chain is refused, before anything is known of its user; else None."""
        dn = token.dn
        if token.delegated_by is not None and not self._settings.delegation_enabled:
            message = f"realm [{self._settings.name}] does not permit delegation for [{shown(dn)}]"
            return AuthenticationResult.unsuccessful(message, "delegation_not_permitted")
        if state.store is not None:
            try:
                state.store.verify_client(token.certificates)
            except CertificateNotTrustedError as error:
                return AuthenticationResult.unsuccessful(str(error), "certificate_not_trusted")
        if principal is None:
            message = f"the subject [{shown(dn)}] holds no username"
            return AuthenticationResult.unsuccessful(message, "no_username")
        if self._usernames.is_ambiguous(facts.subject_der):
            message = (
                f"the username pattern may have taken [{shown(principal)}] from another attribute "
                f"than it names: [{shown(dn)}]; set username_rdn_name, or accept_ambiguous_names"
            )
            return AuthenticationResult.unsuccessful(message, "ambiguous_name")
        return None

    def _with_roles(self, token: X509Token, facts: Facts, principal: str) -> AuthenticationResult:
        if self._authorization:
            return self._authorization.authorize(principal)
        metadata = self._metadata(token, facts)
        realm = self._settings.name
        data = UserData(principal, token.dn, metadata=metadata, realm=realm)
        try:
            roles = self._mapper.roles_of(data)
        except (
            InvalidDistinguishedNameError,
            InvalidRoleMappingError,
            InvalidUserDataError,
        ) as error:
            message = f"realm [{realm}] cannot find the roles of [{shown(principal)}]: {error}"
            return AuthenticationResult.terminate(message, "no_roles")
        user = User(principal, tuple(sorted(roles)), metadata=metadata)
        return AuthenticationResult.success(user)

    def _metadata(self, token: X509Token, facts: Facts) -> dict[str, object]:
        metadata: dict[str, object] = {"pki_dn": token.dn}
        if token.delegated_by is not None:
            metadata["pki_delegated_by_user"] = token.delegated_by.username
            metadata["pki_delegated_by_realm"] = token.delegated_by.realm
        version = self._settings.elasticsearch_version
        if version is None or version > _LAST_WITHOUT_FINGERPRINTS:
            metadata["pki_cert_fingerprint"] = hashlib.sha256(facts.der).hexdigest()
            metadata["pki_public_key_fingerprint"] = hashlib.sha256(facts.public_key).hexdigest()
        return metadata
