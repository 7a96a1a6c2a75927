"""``PkiRealm`` finds who shows a certificate, which roles that user has, and remembers it."""

from __future__ import annotations

import hashlib
import json
import os
from collections import OrderedDict
from functools import partial

import pytest
from cryptography.x509.oid import NameOID
from support.making import make_certificate
from support.pki_realm import (
    ALICE,
    BOB,
    BOB_DN,
    MAPPING,
    PROXY,
    chain,
    der,
    login,
    made_realm,
    made_settings,
    request,
    token,
    trust,
)

from esfilerealm import AuthenticationStatus, PkiRealm, User
from esfilerealm.certificates import TrustStore
from esfilerealm.certificates.facts import facts_of
from esfilerealm.errors import InvalidCertificateError, RealmClosedError
from esfilerealm.realms import DelegatedBy, PkiSettings, Realm, Request, RoleMapper, X509Token
from esfilerealm.realms.pki import realm as module
from esfilerealm.realms.pki.cache import ChainCache
from esfilerealm.role_mapping import parse_role_mappings

METADATA = {
    "pki_dn": BOB_DN,
    "pki_cert_fingerprint": hashlib.sha256(der("bob")).hexdigest(),
    "pki_public_key_fingerprint": hashlib.sha256(facts_of(der("bob")).public_key).hexdigest(),
}


@pytest.fixture
def realm(tmp_path):
    with made_realm(tmp_path) as realm:
        yield realm


class TestLogins:
    def test_who_is_trusted_gets_the_roles_of_the_mapping(self, realm):
        result = login(realm, "bob")
        assert result
        assert result.user == User(BOB, ("ops",), metadata=METADATA)

    def test_by_an_intermediate(self, realm):
        assert login(realm, "alice", "inter").user.username == ALICE
        assert login(realm, "alice", "inter", "root").user.roles == ("signals",)

    def test_nobody_needs_to_open_it(self, tmp_path):
        assert login(made_realm(tmp_path), "bob")

    def test_without_a_mapping_file_nobody_has_roles(self, tmp_path):
        trust(tmp_path, "root")
        realm = PkiRealm(tmp_path, settings=made_settings())
        assert login(realm, "bob").user.roles == ()

    def test_who_has_no_roles_is_known_all_the_same(self, realm, tmp_path):
        (tmp_path / "role_mapping.yml").write_text("")
        realm.reload()
        assert login(realm, "bob").user.roles == ()

    def test_roles_of_documents_are_added(self, tmp_path):
        made_realm(tmp_path)
        rules = {"all": [{"field": {"metadata.pki_dn": BOB_DN}}, {"field": {"realm.name": "pki1"}}]}
        text = json.dumps({"m": {"enabled": True, "roles": ["api"], "rules": rules}})
        documents = parse_role_mappings(text)
        realm = PkiRealm(tmp_path, settings=made_settings(), documents=documents)
        assert login(realm, "bob").user.roles == ("api", "ops")

    def test_a_mapper_of_the_program(self, tmp_path):
        made_realm(tmp_path)
        with RoleMapper(tmp_path / "role_mapping.yml") as mapper:
            realm = PkiRealm(tmp_path, settings=made_settings(), role_mapper=mapper)
            with realm:
                assert login(realm, "bob").user.roles == ("ops",)
            assert mapper._service is not None  # the program closes it

    @pytest.mark.parametrize(
        ("version", "names"), [(8, {"pki_dn"}), (9, set(METADATA)), (None, set(METADATA))]
    )
    def test_fingerprints_are_of_the_newest(self, tmp_path, version, names):
        realm = made_realm(tmp_path, elasticsearch_version=version)
        assert set(login(realm, "bob").user.metadata) == names

    def test_another_attribute(self, tmp_path):
        realm = made_realm(tmp_path, username_oid="2.5.4.11")
        assert login(realm, "bob").user.username == "Ops"

    @pytest.mark.parametrize("accepts", [False, True])
    def test_a_name_of_another_attribute(self, tmp_path, accepts):
        """The organization looks like a common name, and comes first in the text."""
        subject = {NameOID.COMMON_NAME: "jane", NameOID.ORGANIZATION_NAME: "x, CN=admin,"}
        (tmp_path / "role_mapping.yml").write_text("")
        realm = PkiRealm(tmp_path, settings=PkiSettings(), accept_ambiguous_names=accepts)
        result = realm.authenticate(X509Token([make_certificate(subject)]))
        if accepts:
            assert result.user.username == "admin"
        else:
            assert (result.reason, result.user) == ("ambiguous_name", None)
            assert "[admin]" in result.message

    def test_nobody_is_looked_up(self, realm):
        login(realm, "bob")
        assert realm.lookup_user(BOB) is None

    def test_roles_that_nobody_can_find_end_the_login(self, tmp_path, monkeypatch):
        realm = made_realm(tmp_path)
        monkeypatch.setattr(X509Token, "dn", "no name")
        result = realm.authenticate(token("bob"))
        assert result.status is AuthenticationStatus.TERMINATE
        assert result.reason == "no_roles"
        assert "no name" in result.message


class TestTokens:
    def test_of_a_request(self, realm):
        found = realm.token(request("bob"))
        assert (found.principal, found.dn) == (BOB, BOB_DN)
        assert realm.supports(found)
        assert not realm.supports(object())

    def test_none_without_certificates(self, realm):
        assert realm.token(Request()) is None

    def test_none_without_a_name(self, tmp_path):
        realm = made_realm(tmp_path, username_pattern="STREET=(.*?),")
        assert realm.token(request("bob")) is None
        result = realm.authenticate(token("bob"))
        assert (result.reason, result.status) == ("no_username", AuthenticationStatus.CONTINUE)

    @pytest.mark.parametrize("is_remembered", [False, True])
    def test_one_of_a_remembered_login_is_the_same(self, realm, is_remembered):
        if is_remembered:
            login(realm, "bob")
        assert realm.token(request("bob")) == token("bob")
        assert realm.token(request("bob")).principal == BOB

    @pytest.mark.parametrize(
        "certificates",
        [
            [b"x"],
            [der("bob")[:-1]],
            [der("bob"), b""],
            [der("root"), der("bob")],
            [der("alice"), der("root")],
            [der("bob")] * 101,
            [der("root")] * 1500,
        ],
        ids=["text", "cut", "empty", "turned", "gap", "twice too many", "too large"],
    )
    def test_what_is_no_chain_is_an_error(self, realm, certificates):
        with pytest.raises(InvalidCertificateError):
            realm.token(Request(peer_certificates=certificates))

    def test_an_empty_one_is_an_error(self):
        with pytest.raises(InvalidCertificateError, match="there is none"):
            X509Token([])

    def test_certificates_of_the_library(self):
        assert X509Token([facts_of(der("bob")).certificate]) == token("bob")

    def test_equal_ones_came_in_the_same_way(self):
        direct, other = token("bob"), token("bob", delegated_by=PROXY)
        assert len({direct, other, token("bob")}) == 2
        assert direct != other
        assert direct != 1
        assert BOB_DN in repr(direct)


class TestTheCache:
    def test_answers_with_the_same_user(self, realm):
        assert login(realm, "bob").user is login(realm, "bob").user
        stats = realm.usage_stats()["cache"]
        assert (stats["size"], stats["hits"], stats["misses"]) == (1, 1, 1)

    def test_another_chain_is_another_entry(self, realm):
        login(realm, "bob")
        assert login(realm, "bob", "root").user == login(realm, "bob").user
        assert realm.usage_stats()["cache"]["size"] == 2

    def test_refusals_are_not_remembered(self, realm):
        assert not login(realm, "foreign")
        assert realm.usage_stats()["cache"]["size"] == 0

    def test_one_name_is_forgotten(self, realm):
        login(realm, "bob"), login(realm, "bob", "root"), login(realm, "alice", "inter")
        realm.expire(BOB)
        assert [entry.principal for entry in realm._cache._entries.values()] == [ALICE]

    def test_all_are_forgotten(self, realm):
        login(realm, "bob"), login(realm, "alice", "inter")
        realm.expire_all()
        assert realm.usage_stats()["cache"]["size"] == 0

    def test_it_forgets_in_time(self, tmp_path, clock, monkeypatch):
        made_realm(tmp_path)
        monkeypatch.setattr(module, "ChainCache", partial(ChainCache, clock=clock))
        realm = made_realm(tmp_path, cache_ttl=10.0)
        first = login(realm, "bob").user
        clock.now += 10
        assert login(realm, "bob").user is first  # a use does not prolong it
        clock.now += 0.001
        assert login(realm, "bob").user is not first
        assert realm.usage_stats()["cache"]["expirations"] == 1

    @pytest.mark.parametrize(("most", "left"), [(0, []), (1, [ALICE]), (2, [BOB, ALICE])])
    def test_the_least_used_makes_room(self, tmp_path, most, left):
        realm = made_realm(tmp_path, cache_max_users=most)
        login(realm, "bob", "root"), login(realm, "bob"), login(realm, "alice", "inter")
        assert [entry.principal for entry in realm._cache._entries.values()] == left
        assert realm.usage_stats()["cache"]["evictions"] == 3 - most

    def test_a_use_keeps_an_entry(self, tmp_path):
        realm = made_realm(tmp_path, cache_max_users=2)
        login(realm, "bob"), login(realm, "alice", "inter"), login(realm, "bob")
        login(realm, "bob", "root")
        assert [entry.principal for entry in realm._cache._entries.values()] == [BOB, BOB]

    @pytest.mark.parametrize("forget", [lambda r: r.expire(BOB), lambda r: r.expire_all()])
    def test_a_login_in_flight_leaves_nothing(self, realm, monkeypatch, forget):
        roles_of = RoleMapper.roles_of

        def slow(mapper, user):
            forget(realm)
            return roles_of(mapper, user)

        monkeypatch.setattr(RoleMapper, "roles_of", slow)
        assert login(realm, "bob")
        assert realm.usage_stats()["cache"]["size"] == 0

    def test_an_entry_that_is_dropped_while_it_is_found_is_good(self, realm):
        entry = entry_of(realm)
        cache = ChainCache(ttl=10.0, most=9, clock=lambda: cache.expire_all() or 0.0)
        cache.put("key", BOB, entry.result, entry.state, cache.epoch + 1)
        assert cache.size == 1
        assert cache.get("key").result is entry.result
        assert cache.size == 0

    def test_what_a_handler_expires_while_it_is_written_is_not_kept(self, realm):
        class Interrupted(OrderedDict):
            def __setitem__(self, key, value):
                super().__setitem__(key, value)
                cache.expire_all()

        cache, entry = ChainCache(ttl=10.0, most=9), entry_of(realm)
        cache._entries = Interrupted()
        cache.put("key", BOB, entry.result, entry.state, cache.epoch)
        assert cache.size == 0

    def test_an_entry_that_was_replaced_is_not_dropped(self, realm, clock):
        cache, entry = ChainCache(ttl=10.0, most=9, clock=clock), entry_of(realm)
        for _ in range(2):
            cache.put("key", BOB, entry.result, entry.state, cache.epoch)
        assert not cache._drop("key", entry)
        assert cache.peek("key").result is entry.result

    def test_an_entry_answers_only_while_nothing_was_replaced(self, realm, tmp_path, monkeypatch):
        """Even before anybody has told the cache."""
        login(realm, "bob")
        monkeypatch.setattr(RoleMapper, "_call_listeners", lambda _: None)
        (tmp_path / "role_mapping.yml").write_text("")
        realm.reload()
        assert login(realm, "bob").user.roles == ()
        rules = {"field": {"username": "*"}}
        text = json.dumps({"m": {"enabled": True, "roles": ["api"], "rules": rules}})
        realm._mapper.replace_documents(parse_role_mappings(text))
        assert login(realm, "bob").user.roles == ("api",)
        realm._trust.store = TrustStore(chain("foreign_root"))
        assert login(realm, "bob").reason == "certificate_not_trusted"

    def test_a_closed_one_keeps_nothing(self, realm):
        cache, entry = ChainCache(ttl=10.0, most=9), entry_of(realm)
        cache.close()
        cache.put("key", BOB, entry.result, entry.state, cache.epoch)
        assert cache.size == 0


def entry_of(realm):
    login(realm, "bob")
    (entry,) = realm._cache._entries.values()
    return entry


class TestDelegation:
    def test_off(self, realm):
        result = login(realm, "bob", delegated_by=PROXY)
        assert result.reason == "delegation_not_permitted"

    def test_on(self, tmp_path):
        realm = made_realm(tmp_path, delegation_enabled=True)
        user = login(realm, "bob", delegated_by=PROXY).user
        assert user.metadata == METADATA | {
            "pki_delegated_by_user": "proxy",
            "pki_delegated_by_realm": "r1",
        }

    def test_a_login_of_the_client_answers_for_nobody_else(self, realm):
        assert login(realm, "bob")
        assert login(realm, "bob", delegated_by=PROXY).reason == "delegation_not_permitted"

    def test_each_way_in_has_its_own_metadata(self, tmp_path):
        realm = made_realm(tmp_path, delegation_enabled=True)
        ways = [None, PROXY, DelegatedBy("proxy", "r2"), DelegatedBy("other", "r1")]
        for _ in range(2):
            found = [login(realm, "bob", delegated_by=way).user.metadata for way in ways]
            for way, metadata in zip(ways, found, strict=True):
                assert metadata.get("pki_delegated_by_user") == (way and way.username)
                assert metadata.get("pki_delegated_by_realm") == (way and way.realm)


class TestWithoutTrust:
    @pytest.fixture
    def realm(self, tmp_path):
        (tmp_path / "role_mapping.yml").write_text(MAPPING)
        return PkiRealm(tmp_path, settings=PkiSettings())

    def test_who_tls_accepted_is_let_in(self, realm):
        assert login(realm, "bob").user.roles == ("ops",)
        assert login(realm, "foreign")

    def test_others_may_not_vouch(self, realm):
        assert not login(realm, "bob", delegated_by=PROXY)


class TestTheFace:
    def test_is_a_realm(self, realm):
        one: Realm[X509Token] = realm
        assert (one.name, one.type, one.order) == ("pki1", "pki", 2**31 - 1)

    def test_usage(self, realm):
        assert realm.usage_stats() == {
            "name": "pki1",
            "order": 2**31 - 1,
            "has_truststore": True,
            "has_authorization_realms": False,
            "has_default_username_pattern": True,
            "is_authentication_delegated": False,
            "cache": {"size": 0, "hits": 0, "misses": 0, "evictions": 0, "expirations": 0},
        }

    @pytest.mark.parametrize(
        "settings", [{"username_pattern": "OU=(.*?),"}, {"username_oid": "2.5.4.3"}]
    )
    def test_another_way_to_the_name_is_not_the_default(self, tmp_path, settings):
        usage = made_realm(tmp_path, **settings).usage_stats()
        assert not usage["has_default_username_pattern"]

    def test_closing(self, tmp_path):
        realm = made_realm(tmp_path)
        with realm:
            login(realm, "bob")
        realm.close()
        for use in (
            lambda: realm.authenticate(token("bob")),
            realm.reload,
            realm.__enter__,
        ):
            with pytest.raises(RealmClosedError):
                use()
        assert "closed" in repr(realm)
        assert realm.usage_stats()["cache"]["size"] == 0

    def test_it_is_entered_once(self, realm):
        with pytest.raises(RuntimeError, match="only once"):
            realm.__enter__()

    def test_repr(self, realm):
        assert repr(realm).endswith("trusts <TrustStore: 1 certificates>>")

    def test_after_a_fork(self, realm):
        login(realm, "bob")
        realm.after_fork()
        assert realm.usage_stats()["cache"]["size"] == 0
        assert login(realm, "bob")
        realm.close()
        realm.after_fork()
        with pytest.raises(RealmClosedError):
            login(realm, "bob")

    def test_a_failed_end_is_made_up_for(self, tmp_path, monkeypatch):
        realm = made_realm(tmp_path).__enter__()
        stop = PkiRealm._stop_following
        outcomes = [lambda _: 1 / 0, stop]
        monkeypatch.setattr(PkiRealm, "_stop_following", lambda realm: outcomes.pop(0)(realm))  # noqa: PLW0108
        with pytest.raises(ZeroDivisionError):
            realm.close()
        assert realm._service is None

    def test_without_trust_a_fork_and_an_end_are_easy(self, tmp_path):
        (tmp_path / "role_mapping.yml").write_text("")
        realm = PkiRealm(tmp_path, settings=PkiSettings(authorization_realms=("a",)))
        realm.after_fork()
        realm.close()
        assert "closed" in repr(realm)

    def test_a_failed_entry_can_be_repeated(self, tmp_path, monkeypatch):
        realm = made_realm(tmp_path)
        with monkeypatch.context() as broken:
            broken.setattr(PkiRealm, "reload", lambda _: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                realm.__enter__()
        with realm:
            assert login(realm, "bob")

    def test_roles_of_a_later_moment_do_not_count(self, realm, tmp_path, monkeypatch):
        """Whoever has the role `secret` is not trusted any more."""
        roles_of = RoleMapper.roles_of

        def late(mapper, user):
            trust(tmp_path, "foreign_root")
            (tmp_path / "role_mapping.yml").write_text(f"secret: ['{BOB_DN}']")
            realm.reload()
            return roles_of(mapper, user)

        monkeypatch.setattr(RoleMapper, "roles_of", late)
        assert login(realm, "bob").reason == "certificate_not_trusted"
        assert realm.usage_stats()["cache"]["size"] == 0

    def test_a_change_during_every_attempt_ends_the_login(self, realm, tmp_path, monkeypatch):
        roles_of = RoleMapper.roles_of
        states = [("root", "inter"), ("root",)] * 10

        def restless(mapper, user):
            trust(tmp_path, *states.pop())
            os.utime(tmp_path / "ca.pem", ns=(0, len(states)))
            realm.reload()
            return roles_of(mapper, user)

        monkeypatch.setattr(RoleMapper, "roles_of", restless)
        trust(tmp_path, "root", "inter")
        realm.reload()
        result = realm.authenticate(token("bob"))
        assert (result.reason, result.http_status) == ("user_changing", 503)
        assert len(chain("bob")) == 1
