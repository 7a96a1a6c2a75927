"""The PKI realm as a node runs it: answers logins, and follows its files while it is open."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final, Literal, TypedDict

from ..._ground.forks import renew_after_fork
from ...certificates.facts import facts_of
from ...errors import InvalidSettingError, RealmClosedError
from ...settings.mapped_realms import read_pki_settings
from ...watcher import FileWatcher, Frequency, ResourceWatcherService
from ..authorization import AuthorizationRealms
from ..role_mapper import RoleMapper, role_mapping_failure
from .cache import ChainCache
from .login import PkiAuthenticator
from .state import Sources
from .token import X509Token, way_in
from .trust import FollowedTrust, load_trust_store
from .usernames import Usernames

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self

    from ...role_mapping import RoleMapping
    from ...settings.mapped_realm import PkiSettings
    from ..authorization import KnowsUsers
    from ..base import AuthenticationResult
    from ..request import Request

__all__ = ["PkiCacheStats", "PkiRealm", "PkiUsageStats"]


class PkiCacheStats(TypedDict):
    """
    The state of the cache and, since the realm was made, what its logins did.

    Keys:
        size: The number of remembered logins.
        hits: Logins that found a remembered one.
        misses: Those that did not.
        evictions: Logins dropped to make room.
        expirations: Logins dropped because of their age.
    """

    size: int
    hits: int
    misses: int
    evictions: int
    expirations: int


class PkiUsageStats(TypedDict):
    """
    What a node reports about a realm, and more about its cache.

    Keys:
        name: The name of the realm.
        order: Its place among the realms of the node.
        has_truststore: Whether it decides about trust itself.
        has_authorization_realms: Whether other realms know the roles.
        has_default_username_pattern: Whether it finds usernames as without settings.
        is_authentication_delegated: Whether others may hand in certificates of their clients.
        cache: See ``PkiCacheStats``.
    """

    name: str
    order: int
    has_truststore: bool
    has_authorization_realms: bool
    has_default_username_pattern: bool
    is_authentication_delegated: bool
    cache: PkiCacheStats


class PkiRealm:
    """
    The people whose certificates a node trusts, ready to log in. A ``Realm``.

    A context manager: while it is open, it follows the files of trusted certificates and of role
    mappings, at the high frequency of the settings. Without that it answers from the files as they
    are when they are first needed, until ``reload`` is called. Any number of threads may use it.

    Args:
        config_dir: The configuration directory of the node.

        name: The name of the realm in ``elasticsearch.yml``; not needed if there is one of type
            ``pki`` only.

        settings: Its settings, in place of those in ``elasticsearch.yml``.

        documents: Role mappings of the API; see ``role_mapping.parse_role_mappings``.

        role_mapper: Finds the roles, in place of one for the mapping file of the settings and for
            *documents*. The program opens and closes it.

        authorization: All other realms of the program, of which the setting
            ``authorization_realms`` names those that know the roles. They may also be given later,
            by ``initialize``.

        keystore_password: That of ``elasticsearch.keystore``, if it has one and the trust store
            needs a password from it.

        accept_ambiguous_names: Let in who has a name that the username pattern may have taken from
            another attribute than it names, as a node does.

        elasticsearch_version: The major version of the node; by default that of the spelling.

        watch_events: Use file events to notice changes before the next poll.

    Attributes:
        settings: The settings of the realm.
        config_dir: The absolute path of the configuration directory.

    Raises:
        InvalidSettingError: If a node would not start with the settings.
        InvalidUsernamePatternError: If the username pattern cannot be used.
        InvalidTrustStoreError: If a file of trusted certificates is broken or locked.
        FilePermissionError, FileAccessError: If a file cannot be read.
        KeystorePasswordError: If the keystore is needed, and its password is missing or wrong.
        MissingExtraError: Without the extra ``pki``, if there are trusted certificates.

    Source:
        ``PkiRealm``.
    """

    def __init__(
        self,
        config_dir: str | os.PathLike[str],
        *,
        name: str | None = None,
        settings: PkiSettings | None = None,
        documents: Iterable[RoleMapping] = (),
        role_mapper: RoleMapper | None = None,
        authorization: Iterable[KnowsUsers] | None = None,
        keystore_password: str | None = None,
        accept_ambiguous_names: bool = False,
        elasticsearch_version: int | None = None,
        watch_events: bool = True,
    ) -> None:
        self.config_dir: Final = os.path.abspath(os.fspath(config_dir))
        if settings is None:
            settings = read_pki_settings(
                self.config_dir, name, elasticsearch_version=elasticsearch_version
            )
        self.settings: Final = _resolved(settings, self.config_dir)
        for problem in self.settings.start_problems():
            raise problem
        self._usernames = Usernames(self.settings, accept_ambiguous=accept_ambiguous_names)
        self._trust = self._load_trust(keystore_password)
        self._owns_mapper = role_mapper is None
        self._mapper = role_mapper or self._new_mapper(tuple(documents), watch_events=watch_events)
        self._mapper.on_change(self.expire_all)
        self._sources = Sources(self._trust, self._mapper)
        self._watch_events = watch_events
        self._service: ResourceWatcherService | None = None
        self._is_closed = False
        self._authorization: AuthorizationRealms | None = None
        self._authenticator: PkiAuthenticator | None = None
        self._cache = self._new_cache()
        if authorization is not None or not self.settings.authorization_realms:
            self.initialize(authorization or ())
        renew_after_fork(self)

    def _load_trust(self, keystore_password: str | None) -> FollowedTrust | None:
        if not self.settings.trust_files:
            return None
        password = self._secure_password(keystore_password)
        return FollowedTrust(self.name, lambda: load_trust_store(self.settings, password))

    def _secure_password(self, keystore_password: str | None) -> str | None:
        """Return the password of the trust store that the keystore of the node holds, or None."""
        from ...keystore import load_header
        from ...keystore.file import FILE_NAME

        path = os.path.join(self.config_dir, FILE_NAME)
        if self.settings.truststore is None or not os.path.exists(path):
            return None
        keystore = load_header(path).open(keystore_password or "")
        name = self.settings.secure_password
        return keystore.string(name) if name in keystore else None

    def _new_mapper(self, documents: tuple[RoleMapping, ...], *, watch_events: bool) -> RoleMapper:
        settings = self.settings
        failure = role_mapping_failure(
            settings.mapping_file, settings.name, enabled=settings.must_have_mapping_file
        )
        if failure is not None:
            key = settings.key("files.role_mapping")
            raise InvalidSettingError(key, settings.mapping_file, failure, settings.where)
        return RoleMapper(
            settings.mapping_file,
            documents,
            unmapped_groups_as_roles=settings.unmapped_groups_as_roles,
            settings=settings,
            watch_events=watch_events,
        )

    def _new_cache(self) -> ChainCache:
        return ChainCache(ttl=self.settings.cache_ttl, most=self.settings.cache_max_users)

    def initialize(self, realms: Iterable[KnowsUsers]) -> None:
        """
        Find the authorization realms of the settings among all *realms* of the program.

        Raises:
            InvalidSettingError: If one does not exist, or asks others itself.
        """
        self._initialized(realms)

    def _initialized(self, realms: Iterable[KnowsUsers]) -> PkiAuthenticator:
        self._authorization = AuthorizationRealms(
            self.settings.authorization_realms,
            realms,
            key=self.settings.key("authorization_realms"),
            where=self.settings.where,
        )
        self._authenticator = self._new_authenticator(self._authorization)
        return self._authenticator

    def _new_authenticator(self, authorization: AuthorizationRealms) -> PkiAuthenticator:
        return PkiAuthenticator(
            self.settings,
            self._sources,
            self._usernames,
            self._mapper,
            authorization,
            self._cache,
        )

    def after_fork(self) -> None:
        """In a child process, replace everything that threads of the parent may be using."""
        self._cache = self._new_cache()
        if self._is_closed:
            self._cache.close()
        if self._trust is not None:
            self._trust.after_fork()
        if self._authorization is not None:
            self._authenticator = self._new_authenticator(self._authorization)

    def __enter__(self) -> Self:
        self._require_open()
        if self._service is not None:
            raise RuntimeError(
                "a PKI realm can be entered only once; any number of threads may use it then"
            )
        try:
            self._service = ResourceWatcherService(self.settings, watch_events=self._watch_events)
            self._follow(self._service)
            return self  # noqa: TRY300 - outside of the block, an exception might come before it
        except BaseException:
            self._stop_following()
            raise

    def _follow(self, service: ResourceWatcherService) -> None:
        if self._authenticator is None:
            self.initialize(())
        if self._owns_mapper:
            self._mapper.__enter__()
        if self._trust is not None:
            watcher = FileWatcher(*self.settings.trust_files)
            # First the stamps, then the content: a change between the two is noticed later.
            watcher.init()
            self.reload()
            watcher.add_listener(self._follow_trust, is_behind=self._trust.problem is not None)
            service.add(watcher, Frequency.HIGH)
            service.start()

    def _follow_trust(self, _changes: object) -> bool:
        self._reload_trust()
        return self._trust is None or self._trust.problem is None

    def _stop_following(self) -> None:
        service = self._service
        if service is not None:
            service.close()
        if self._owns_mapper:
            self._mapper.close()
        self._service = None

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop following files and forget all logins. Later ones raise ``RealmClosedError``."""
        try:
            self._is_closed = True
            self._cache.close()
            self._stop_following()
        except BaseException:
            self._is_closed = True
            self._cache.close()
            self._stop_following()
            raise

    def token(self, request: Request) -> X509Token | None:
        """
        Read the certificates of a request; None if there are none, or if they carry no username.

        Raises:
            InvalidCertificateError: If one is broken, or if they are not in order.
        """
        certificates, delegated_by = request.peer_certificates, request.delegated_by
        if not certificates:
            return None
        key = way_in(certificates, delegated_by)
        entry = self._cache.peek(key)
        if entry is not None:
            return X509Token.known(certificates, entry.principal, delegated_by, key)
        token = X509Token(certificates, delegated_by=delegated_by)
        principal = self._usernames.find(facts_of(certificates[0]).subject_der)
        if principal is None:
            return None
        token.principal = principal
        return token

    def supports(self, token: object) -> bool:
        """Check whether *token* is of a kind that ``authenticate`` accepts."""
        return isinstance(token, X509Token)

    def authenticate(self, token: X509Token) -> AuthenticationResult:
        """
        Check whether the certificates of *token* are trusted, and who shows them.

        Returns:
            ``SUCCESS`` with the user, who is the same object while the login is remembered;
            ``CONTINUE`` with a message and a reason; or ``TERMINATE`` if the roles of the user
            cannot be found, where a request to a node fails.

        Raises:
            RealmClosedError: If the realm is closed.
            InvalidSettingError: If the authorization realms of the settings were not given.
        """
        if self._is_closed:
            raise RealmClosedError(self.config_dir)
        authenticator = self._authenticator or self._initialized(())
        return authenticator.authenticate(token)

    def lookup_user(self, username: str) -> None:
        """Return None: who has no certificate at hand is not known here."""
        del username

    def expire(self, username: str) -> None:
        """Forget the logins of one user: the next one is decided anew."""
        self._cache.expire(username)

    def expire_all(self) -> None:
        """Forget all logins."""
        self._cache.expire_all()

    def reload(self) -> bool:
        """
        Read the trusted certificates now, and the mapping file unless the program gave a mapper.

        If a file cannot be used, what it said before stays; see ``problem``.

        Returns:
            Whether anything changed.

        Raises:
            RealmClosedError: If the realm is closed.
        """
        self._require_open()
        is_changed = self._reload_trust()
        return (self._owns_mapper and self._mapper.reload()) or is_changed

    def _reload_trust(self) -> bool:
        is_changed = self._trust is not None and self._trust.reload()
        if is_changed:
            self.expire_all()
        return is_changed

    @property
    def is_prompt(self) -> bool:
        """Whether an answer never waits for anything outside of this process; for a chain."""
        return all(getattr(realm, "is_prompt", False) for realm in self._authorization or ())

    @property
    def problem(self) -> str | None:
        """Why a file that is there now does not count, or None if all do."""
        of_trust = None if self._trust is None else self._trust.problem
        return of_trust or self._mapper.problem

    @property
    def has_authorization_realms(self) -> bool:
        """Whether other realms know the roles of the users."""
        return bool(self.settings.authorization_realms)

    @property
    def name(self) -> str:
        """The name of the realm in the settings of the node."""
        return self.settings.name

    @property
    def type(self) -> Literal["pki"]:
        """The type of the realm in the settings of the node."""
        return "pki"

    @property
    def order(self) -> int:
        """The place of the realm among those of the node; the lowest is asked first."""
        return self.settings.order

    def usage_stats(self) -> PkiUsageStats:
        """Return what a node reports about the realm, and more about its cache."""
        cache = self._cache
        return {
            "name": self.name,
            "order": self.order,
            "has_truststore": self._trust is not None,
            "has_authorization_realms": self.has_authorization_realms,
            "has_default_username_pattern": self._usernames.is_default,
            "is_authentication_delegated": self.settings.delegation_enabled,
            "cache": {
                "size": cache.size,
                "hits": cache.hits,
                "misses": cache.misses,
                "evictions": cache.evictions,
                "expirations": cache.expirations,
            },
        }

    def __repr__(self) -> str:
        trust = "TLS" if self._trust is None else repr(self._trust.store)
        state = "closed" if self._is_closed else f"trusts {trust}"
        return f"<PkiRealm {self.name!r} of {self.config_dir!r}: {state}>"

    def _require_open(self) -> None:
        if self._is_closed:
            raise RealmClosedError(self.config_dir)


def _resolved(settings: PkiSettings, folder: str) -> PkiSettings:
    """Return settings whose paths are absolute."""
    join = partial(os.path.join, folder)
    return replace(
        settings,
        mapping_file=join(settings.mapping_file),
        authorities=tuple(map(join, settings.authorities)),
        truststore=None if settings.truststore is None else join(settings.truststore),
    )
