"""The chain of a configuration directory: the realms of a node, in its order."""

from __future__ import annotations

import logging

import pytest
from support.hashes import CHEAP_HASH, PASSWORD
from support.pki import CERTIFICATES
from support.pki_realm import BOB, der
from support.realms import ProgramRealm, Token

from esfilerealm import AuthenticationResult, RealmChain, User, UsernamePasswordToken, errors
from esfilerealm.realms import Request, ResultKind

REALMS = "xpack.security.authc.realms."
IMPLICIT = ["reserved", "default_file"]


@pytest.fixture
def folder(config):
    (config / "users").write_text(f"al:{CHEAP_HASH}\n")
    (config / "users_roles").write_text("viewer:al\n")
    return config


@pytest.fixture
def opened(folder):
    """The chain of some settings."""

    def opened(settings="", **options):
        (folder / "elasticsearch.yml").write_text(settings)
        return RealmChain.from_settings(folder, **options)

    return opened


def headers(name, run_as):
    token = UsernamePasswordToken(name, PASSWORD)
    return {"Authorization": token.to_basic_header(), "es-security-runas-user": run_as}


def names(chain):
    return [realm.name for realm in chain.realms]


@pytest.mark.parametrize(
    ("settings", "version", "realms", "unavailable"),
    [
        pytest.param("", None, IMPLICIT, ["default_native"], id="nothing"),
        pytest.param("", 7, IMPLICIT, ["default_native"], id="nothing in 7"),
        pytest.param("", 6, IMPLICIT, ["default_native"], id="nothing in 6"),
        pytest.param(
            f"{REALMS}file.mine.order: 3\n{REALMS}ldap.l.order: 1\n",
            None,
            ["reserved", "mine"],
            ["default_native", "l"],
            id="by order",
        ),
        pytest.param(
            f"{REALMS}native.n.enabled: false\n", None, IMPLICIT, [], id="native is disabled"
        ),
        pytest.param(
            f"{REALMS}mine.type: file\n{REALMS}mine.order: 3\n{REALMS}l.type: ldap\n",
            None,
            ["reserved", "mine"],
            ["l"],
            id="the spelling of 6",
        ),
        pytest.param(
            f"{REALMS}ldap.l.order: 1\n", 7, ["reserved"], ["l"], id="7 displaces the file realm"
        ),
        pytest.param(
            "xpack.security.authc.reserved_realm.enabled: false\n",
            None,
            ["default_file"],
            ["default_native"],
            id="no reserved realm",
        ),
    ],
)
def test_order(opened, settings, version, realms, unavailable):
    chain = opened(settings, elasticsearch_version=version)
    assert names(chain) == realms
    assert list(chain.unavailable) == unavailable
    missing = {finding.subject for finding in chain.findings if finding.code == "CHAIN2"}
    assert missing == set(unavailable)


def test_a_realm_of_the_program_takes_its_place(opened):
    ldap = ProgramRealm("l", {"bob": "ldap-password"})
    chain = opened(f"{REALMS}ldap.l.order: 1\n{REALMS}ldap.m.order: 0\n", realms={"l": ldap})
    assert names(chain) == ["reserved", "default_file", "l"]
    assert chain.unavailable == {"default_native": "native", "m": "ldap"}
    with chain:
        assert chain.authenticate("bob", "ldap-password").realm == "l"
        result = chain.authenticate("al", PASSWORD)
    assert (result.realm, result.user.roles) == ("default_file", ("viewer",))
    assert [step.realm for step in result.steps] == ["reserved", "default_file"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        pytest.param({"l": ProgramRealm("l")}, "asks no realm [l]", id="not asked"),
        pytest.param(
            {"default_native": ProgramRealm("other")}, "has the name [other]", id="another name"
        ),
    ],
)
def test_a_realm_that_has_no_place(opened, given, message):
    with pytest.raises(ValueError, match=r"realm") as caught:
        opened(f"{REALMS}ldap.l.enabled: false\n", realms=given)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(f"{REALMS}ldap.l.order: 1\n{REALMS}ldap.m.order: 1\n", id="the same order"),
        pytest.param("xpack.security.authc.run_as.enabled: maybe\n", id="no boolean"),
        pytest.param("xpack.security.authc.success_cache.size: many\n", id="no number"),
    ],
)
def test_settings_with_which_no_node_starts(opened, settings):
    with pytest.raises(errors.InvalidSettingError):
        opened(settings, elasticsearch_version=8)


def test_a_realm_with_the_name_of_the_reserved_one(opened):
    with pytest.raises(errors.InvalidSettingError, match="has the name of a realm"):
        opened(f"{REALMS}pki.reserved.order: 0\n", elasticsearch_version=7)


def test_what_is_missing_is_logged(opened, caplog):
    caplog.set_level(logging.INFO)
    opened(f"{REALMS}ldap.l.order: 1\n")
    said = {
        r.levelname: r.getMessage() for r in caplog.records if "is missing in" in r.getMessage()
    }
    assert "[default_native]" in said["INFO"]
    assert "[l] of type [ldap]" in said["WARNING"]


def test_what_a_node_says_at_start(opened):
    chain = opened(f"{REALMS}ldap.l.order: 1\n", elasticsearch_version=7)
    (said,) = [f for f in chain.findings if f.code == "CHAIN1" and "type file" in f.message]
    assert said.severity == "warning"


@pytest.mark.parametrize(
    ("domains", "said"),
    [
        pytest.param({"d.realms": "default_file, default_native"}, [], id="realms of a node"),
        pytest.param({"d.realms": "nobody"}, ["EFR468"], id="an unknown realm"),
        pytest.param({"_d.realms": "default_file"}, ["EFR467"], id="a reserved name"),
        pytest.param(
            {"d.realms": "default_file", "e.realms": "default_file"}, ["EFR467"], id="in two"
        ),
    ],
)
def test_security_domains(opened, caplog, domains, said):
    lines = [f"xpack.security.authc.domains.{key}: {value}\n" for key, value in domains.items()]
    chain = opened("".join(lines))
    assert [f.code for f in chain.findings if f.code.startswith("EFR")] == said
    logged = [each.getMessage() for each in caplog.records if each.levelname == "ERROR"]
    assert len(logged) == len(said)


@pytest.mark.parametrize("name", ["elastic", "kibana_system", "_anonymous"])
def test_reserved_names(opened, folder, name):
    """They do not get past their realm, even if the file has them."""
    (folder / "users").write_text(f"{name}:{CHEAP_HASH}\n")
    native = ProgramRealm("default_native", {name: PASSWORD})
    chain = opened(realms={"default_native": native}, may_run_as=lambda *_: True)
    result = chain.authenticate(name, PASSWORD)
    assert (result.kind, result.reason) == (ResultKind.TERMINATED, "reserved_user")
    assert [step.realm for step in result.steps] == ["reserved"]
    native.passwords["al"] = PASSWORD
    assert chain.authenticate("al", PASSWORD)
    assert not chain.authenticate_request(headers("al", name))


@pytest.mark.parametrize("name", ["Elastic", "ELASTIC", "elast\u0131c", "elastic ", "\uff45lastic"])
def test_names_that_only_look_reserved(opened, name):
    """A node compares them as they are: they are names of anybody, and not of that user."""
    native = ProgramRealm("default_native", {name: PASSWORD})
    result = opened(realms={"default_native": native}).authenticate(name, PASSWORD)
    assert result.user.username == name


def test_a_reserved_name_of_other_credentials_is_not_remembered(opened):
    """Otherwise that realm would be asked about the password before the reserved one."""

    class Both(ProgramRealm):
        def supports(self, token):
            return True

        def authenticate(self, token):
            return AuthenticationResult.success(User(token.principal, ("superuser",)))

        def lookup_user(self, username):
            return User(username, ("superuser",))

    chain = opened(realms={"default_native": Both("default_native")}, may_run_as=lambda *_: True)
    for _ in range(2):
        assert chain.authenticate(Token("elastic"))
        assert chain.authenticate("elastic", "any").kind is ResultKind.TERMINATED
        assert not chain.authenticate_request(headers("al", "elastic"))


def test_reserved_names_that_the_program_knows(opened):
    reserved = ProgramRealm("reserved", {"elastic": "from-the-index"})
    chain = opened(realms={"reserved": reserved})
    assert chain.authenticate("elastic", "from-the-index").realm == "reserved"
    assert not chain.authenticate("elastic", "wrong")


def test_while_it_is_open_it_follows_the_files(opened, folder):
    with opened() as chain:
        assert not chain.authenticate("bob", PASSWORD)
        (folder / "users").write_text(f"bob:{CHEAP_HASH}\n")
        chain.realms[1].reload()
        assert chain.authenticate("bob", PASSWORD)
        assert chain.realms[1]._is_entered
    with pytest.raises(errors.RealmClosedError):
        chain.authenticate("bob", PASSWORD)
    assert "closed" in repr(chain)


def test_the_realms_of_the_program_are_its_own(opened, folder):
    class Entered(ProgramRealm):
        entered = closed = 0

        def __enter__(self):
            self.entered += 1

        def close(self):
            self.closed += 1

    native = Entered("default_native")
    with opened(realms={"default_native": native}):
        pass
    assert (native.entered, native.closed) == (0, 0)


def test_anonymous(opened):
    roles = "xpack.security.authc.anonymous:\n  username: guest\n  roles: [viewer, guest]\n"
    result = opened(roles).authenticate_request({})
    assert (result.kind, result.user.username) == (ResultKind.ANONYMOUS, "guest")
    assert result.user.roles == ("viewer", "guest")
    assert result.user.metadata == {"_reserved": True}
    assert not opened().authenticate_request({})


def test_the_header_is_ignored_where_running_as_others_is_off(opened):
    chain = opened("xpack.security.authc.run_as.enabled: false\n")
    result = chain.authenticate_request(headers("al", "bob"))
    assert (result.user.username, result.lookup_realm) == ("al", None)


PKI = f"{REALMS}pki.p.order: 1\n{REALMS}pki.p.certificate_authorities: root.pem\n"


class TestCertificates:
    @pytest.fixture(autouse=True)
    def _trusted(self, folder):
        (folder / "root.pem").write_bytes((CERTIFICATES / "root.pem").read_bytes())
        (folder / "users").write_text(f"{BOB}:{CHEAP_HASH}\n")
        (folder / "users_roles").write_text(f"viewer:{BOB}\n")

    def test_beside_passwords(self, opened):
        with opened(PKI) as chain:
            assert names(chain) == ["reserved", "default_file", "p"]
            by_certificate = chain.authenticate_request({}, [der("bob")])
            by_password = chain.authenticate(BOB, PASSWORD)
        assert (by_certificate.realm, by_certificate.user.username) == ("p", BOB)
        assert "pki_dn" in by_certificate.user.metadata
        assert (by_password.realm, by_password.user.roles) == ("default_file", ("viewer",))
        assert [step.realm for step in by_certificate.steps] == ["p"]

    def test_with_the_roles_of_another_realm(self, opened):
        chain = opened(f"{PKI}{REALMS}pki.p.authorization_realms: default_file\n")
        result = chain.authenticate_request({}, [der("bob")])
        assert (result.realm, result.user.roles) == ("p", ("viewer",))

    def test_with_the_roles_of_a_realm_that_is_missing(self, opened):
        """The others are asked nevertheless: the file realm is the way back in."""
        chain = opened(f"{PKI}{REALMS}pki.p.authorization_realms: default_native\n")
        assert names(chain) == IMPLICIT
        assert chain.unavailable == {"default_native": "native", "p": "pki"}
        (finding,) = [finding for finding in chain.findings if finding.subject == "p"]
        assert "[default_native], which is missing" in finding.message
        assert chain.authenticate(BOB, PASSWORD)
        assert not chain.authenticate_request({}, [der("bob")])

    def test_with_the_roles_of_a_realm_that_no_node_asks(self, opened):
        with pytest.raises(errors.InvalidSettingError, match=r"does not exist"):
            opened(f"{PKI}{REALMS}pki.p.authorization_realms: nobody\n")

    def test_with_the_roles_of_a_realm_of_the_program(self, opened):
        native = ProgramRealm("default_native", {BOB: "password"})
        chain = opened(
            f"{PKI}{REALMS}pki.p.authorization_realms: default_native\n",
            realms={"default_native": native},
        )
        result = chain.authenticate_request({}, [der("bob")])
        assert result.user.roles == ("default_native",)

    def test_who_is_not_trusted(self, opened):
        result = opened(PKI).authenticate_request({}, [der("foreign_root")])
        assert not result
        assert result.reason == "certificate_not_trusted"
        assert result.http_status == 401

    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            pytest.param(
                f"{REALMS}pki.p.certificate_authoritis: root.pem\n",
                "did you mean [certificate_authorities]?",
                id="a typing error",
            ),
            pytest.param(
                f"{REALMS}pki.p.cache.hash_algo: ssha256\n",
                "unknown setting of a realm of type pki",
                id="of another type",
            ),
            pytest.param(f"{REALMS}pki.p.type: pki\n", "unknown setting", id="a type since 7"),
            pytest.param(
                f"{REALMS}pki.p.truststore.secure_password: hunter2\n",
                "belongs into the keystore",
                id="a secret",
            ),
        ],
    )
    def test_unknown_keys(self, opened, settings, message):
        """Without the key that was meant, the realm would leave trust to TLS."""
        with pytest.raises(errors.InvalidSettingError) as caught:
            opened(f"{REALMS}pki.p.order: 1\n{settings}")
        assert message in str(caught.value)
        assert "hunter2" not in str(caught.value)

    def test_lists_in_the_old_form(self, opened):
        chain = opened(f"{REALMS}pki.p:\n  order: 1\n  certificate_authorities.0: root.pem\n")
        assert chain.authenticate_request({}, [der("bob")])
        assert not chain.authenticate_request({}, [der("foreign_root")])

    def test_the_spelling_of_6(self, opened):
        chain = opened(f"{REALMS}p.type: pki\n{REALMS}p.certificate_authorities: root.pem\n")
        assert names(chain) == ["reserved", "p"]
        with pytest.raises(errors.InvalidSettingError, match="unknown setting"):
            opened(f"{REALMS}p.type: pki\n{REALMS}p.certificate_authority: root.pem\n")


def test_entered_twice(opened):
    """The second time harms nobody who uses it."""
    with opened() as chain:
        with pytest.raises(RuntimeError, match="only once"), chain:
            pass
        assert chain.authenticate("al", PASSWORD)


def test_certificates_beside_a_request(opened):
    """They would not count, and who shows them would be taken for nobody."""
    with pytest.raises(TypeError, match="has its certificates already"):
        opened().authenticate_request(Request({}), [b"certificate"])
