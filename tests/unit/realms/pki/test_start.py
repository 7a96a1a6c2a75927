"""A PKI realm starts where that of a node does, and says what keeps it from starting."""

from __future__ import annotations

import pytest
from support.pki_realm import MAPPING, STORE_PASSWORD, copied, login, made_realm, trust

from esfilerealm import PkiRealm
from esfilerealm.errors import (
    FileAccessError,
    InvalidSettingError,
    InvalidTrustStoreError,
    InvalidUsernamePatternError,
    KeystorePasswordError,
)
from esfilerealm.keystore import Keystore
from esfilerealm.realms import PkiSettings
from esfilerealm.settings.mapped_realms import read_mapped_realms

PREFIX = "xpack.security.authc.realms.pki.p."


@pytest.fixture
def folder(tmp_path):
    trust(tmp_path, "root")
    (tmp_path / "role_mapping.yml").write_text(MAPPING)
    return tmp_path


def opened(folder, *lines, name=None, **options):
    """Return the realm of an `elasticsearch.yml` with these settings of one realm."""
    settings = "".join(f"{PREFIX}{line}\n" for line in ("order: 3", *lines) if ": " in line)
    whole = "".join(f"{line[1:]}\n" for line in lines if line.startswith("="))
    (folder / "elasticsearch.yml").write_text(whole + settings.replace(f"{PREFIX}=", "#"))
    return PkiRealm(folder, name=name, **options)


def test_all_settings_are_read(folder):
    (folder / "more.yml").write_text("")
    realm = opened(
        folder,
        "certificate_authorities: [ca.pem]",
        "username_pattern: 'OU=(.*?),'",
        "delegation.enabled: true",
        "cache.ttl: 1h",
        "cache.max_users: 7",
        "files.role_mapping: more.yml",
        "unmapped_groups_as_roles: true",
        "=xpack.security.authc.token.enabled: true",
        "=resource.reload.interval.high: 9s",
    )
    wanted = {
        "name": "p",
        "order": 3,
        "prefix": PREFIX,
        "mapping_file": str(folder / "more.yml"),
        "must_have_mapping_file": True,
        "unmapped_groups_as_roles": True,
        "username_pattern": "OU=(.*?),",
        "authorities": (str(folder / "ca.pem"),),
        "delegation_enabled": True,
        "token_service_enabled": True,
        "cache_ttl": 3600.0,
        "cache_max_users": 7,
        "reload_interval_high": 9.0,
    }
    assert {name: getattr(realm.settings, name) for name in wanted} == wanted
    assert login(realm, "bob").user.username == "Ops"


def test_the_attribute_of_the_name_may_be_named(folder):
    lines = ("certificate_authorities: [ca.pem]", "username_rdn_name: OU")
    assert login(opened(folder, *lines), "bob").user.username == "Ops"


def test_realms_of_other_types_have_mappings_too(folder):
    prefix = "xpack.security.authc.realms.ldap.l"
    (folder / "elasticsearch.yml").write_text(f"{prefix}.order: 1\n")
    (realm,) = read_mapped_realms(str(folder))
    assert (realm.type, realm.name, realm.order) == ("ldap", "l", 1)
    assert realm.key("url") == f"{prefix}.url"


def test_defaults_are_those_of_a_program(folder):
    read = opened(folder, "enabled: true").settings
    made = PkiSettings(
        name="p", order=3, prefix=PREFIX, where=read.where, token_service_enabled=False
    )
    assert read == PkiRealm(folder, settings=made).settings


@pytest.mark.parametrize("name", [None, "p"])
def test_one_realm_needs_no_name(folder, name):
    assert opened(folder, name=name).name == "p"


@pytest.mark.parametrize(
    ("lines", "name", "known"),
    [
        ([], "other", "[p]"),
        (["enabled: false"], "p", "none"),
        (["=xpack.security.authc.realms.pki.q.order: 4"], None, "[p], [q]"),
    ],
    ids=["unknown", "disabled", "two"],
)
def test_which_realm_is_meant_must_be_clear(folder, lines, name, known):
    with pytest.raises(InvalidSettingError, match="no enabled realm of type pki") as caught:
        opened(folder, *lines, name=name)
    assert str(caught.value).endswith(f"there are: {known}")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["username_rdn_name: CN", "username_rdn_oid: 2.5.4.3"], "cannot be combined"),
        (["username_rdn_name: XX"], "unknown attribute"),
        (["truststore.path: a", "certificate_authorities: [ca.pem]"], "cannot be combined"),
        (["delegation.enabled: true"], "require a trust configuration"),
        (
            ["delegation.enabled: true", "certificate_authorities: [ca.pem]"],
            "xpack.security.authc.token.enabled",
        ),
        (["delegation.enabled: yes"], "must be exactly"),
        (["cache.ttl: -1"], "must be more than 0"),
        (["cache.ttl: 0s"], "must be more than 0"),
        (["cache.ttl: soon"], "cache.ttl"),
        (["cache.max_users: -1"], "must be 0 or more"),
        (["truststore.path: ca.pem", "truststore.type: bks"], "not supported"),
        (["files.role_mapping: missing.yml"], "does not exist"),
        (["authorization_realms: [file1]"], "does not exist"),
        (["order: first"], None),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_what_keeps_a_node_from_starting(folder, lines, message):
    if message is None:
        with pytest.raises(InvalidSettingError):
            PkiRealm(folder)  # nothing is configured at all
        return
    with pytest.raises(InvalidSettingError, match=message):
        opened(folder, *lines).__enter__()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"delegation_enabled": True}, "require a trust configuration"),
        ({"truststore": "a", "authorities": ("ca.pem",)}, "cannot be combined"),
        ({"cache_ttl": 0.0}, "is [0s]"),
    ],
    ids=["delegation", "two", "ttl"],
)
def test_settings_of_a_program_are_checked_too(folder, settings, message):
    with pytest.raises(InvalidSettingError) as caught:
        PkiRealm(folder, settings=PkiSettings(**settings))
    assert message in str(caught.value)
    assert "the settings that the program gives" in str(caught.value)


def test_delegation_needs_tls_or_the_token_service(folder):
    lines = ("delegation.enabled: true", "certificate_authorities: [ca.pem]")
    assert opened(folder, *lines, "=xpack.security.http.ssl.enabled: true")


@pytest.mark.parametrize("pattern", ["CN=(", "CN=.*"])
def test_a_pattern_that_nobody_can_use(folder, pattern):
    with pytest.raises(InvalidUsernamePatternError):
        made_realm(folder, username_pattern=pattern)


@pytest.mark.parametrize(
    ("content", "error"),
    [(None, FileAccessError), (b"", InvalidTrustStoreError), (b"text", InvalidTrustStoreError)],
    ids=["missing", "empty", "text"],
)
def test_trusted_certificates_that_nobody_can_read(folder, content, error):
    (folder / "ca.pem").unlink()
    if content is not None:
        (folder / "ca.pem").write_bytes(content)
    with pytest.raises(error):
        opened(folder, "certificate_authorities: [ca.pem]")


class TestPasswords:
    """The password of a trust store is in the keystore of the node, or in its settings."""

    @pytest.fixture(params=["trust-root.jks", "trust-root.p12"])
    def store(self, folder, request):
        return f"truststore.path: {copied(folder, request.param)}"

    def keystore(self, folder, password="", **settings):
        store = Keystore.create()
        for name, value in settings.items():
            store.set(f"{PREFIX}truststore.{name}", value)
        if password:
            store.change_password(password)
        (folder / "elasticsearch.keystore").write_bytes(store.to_bytes())

    def test_in_the_keystore(self, folder, store):
        self.keystore(folder, secure_password=STORE_PASSWORD)
        assert login(opened(folder, store), "bob")

    def test_in_the_settings(self, folder, store):
        assert login(opened(folder, store, f"truststore.password: {STORE_PASSWORD}"), "bob")

    def test_that_of_the_keystore_counts(self, folder, store):
        self.keystore(folder, secure_password=STORE_PASSWORD)
        assert opened(folder, store, "truststore.password: wrong")

    def test_missing(self, folder, store):
        self.keystore(folder)
        with pytest.raises(InvalidSettingError, match="no password is set: add"):
            opened(folder, store)

    def test_wrong(self, folder, store):
        self.keystore(folder, secure_password="wrong")
        with pytest.raises(InvalidTrustStoreError):
            opened(folder, store)

    def test_the_keystore_has_one_itself(self, folder, store):
        self.keystore(folder, "sesame-sesame", secure_password=STORE_PASSWORD)
        with pytest.raises(KeystorePasswordError):
            opened(folder, store)
        assert opened(folder, store, keystore_password="sesame-sesame")

    def test_the_keystore_is_not_opened_without_need(self, folder):
        (folder / "elasticsearch.keystore").write_text("broken")
        assert opened(folder, "certificate_authorities: [ca.pem]")

    def test_none_is_shown(self, folder, store):
        realm = opened(folder, store, f"truststore.password: {STORE_PASSWORD}")
        assert STORE_PASSWORD not in repr(realm) + repr(realm.settings)
