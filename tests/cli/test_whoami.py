"""``whoami``: credentials are tried realm by realm, and each role has its source."""

from __future__ import annotations

import errno
import json
import shutil

import pytest
from support.hashes import CHEAP_HASH, PASSWORD
from support.keystore_bytes import build
from support.pki import CERTIFICATES

import esfilerealm.cli.whoami as command
from esfilerealm import FileRealm
from esfilerealm.cli.terminal import Terminal
from esfilerealm.errors import FileAccessError

ALICE = "CN=Tomoko Byrne, OU=Signals, O=Blue Lantern, C=NO"
FINGERPRINTS = [
    "e970d66b3e11caf16afaa876b2498e8ebd3c7864cc9af3673f76e7416e567144",
    "9e350f912c69fc78b0e0bdd08b383b5aefa25b5966c730171448355445d15a6d",
]
BASIC = ("--password-stdin",)
REALMS = "xpack.security.authc.realms."
PKI = f"{REALMS}pki.pki1"
SETTINGS = """\
xpack.security.authc.realms:
  file.files: {order: 0}
  pki.pki1: {order: 1, certificate_authorities: [ca.pem]}
  ldap.people: {order: 2, url: "ldaps://ldap"}
"""


@pytest.fixture
def folder(config):
    """A node with realms of type file, pki and ldap."""
    (config / "elasticsearch.yml").write_text(SETTINGS)
    (config / "users").write_text(f"jane:{CHEAP_HASH}\nclear:text\n")
    (config / "users_roles").write_text("# roles\nviewer:bob,jane\nsuperuser:jane\nx:Jane\n")
    (config / "role_mapping.yml").write_text(f'admin:\n  - "{ALICE}"\n  - cn=jane\n')
    shutil.copy(CERTIFICATES / "bundle-chain.pem", config / "ca.pem")
    return config


@pytest.fixture
def whoami(run, folder):
    def whoami(*words, stdin=PASSWORD):
        return run("whoami", *words, stdin=stdin)

    return whoami


@pytest.fixture
def told(run, folder):
    """What ``--json`` prints."""

    def told(*words, stdin=PASSWORD):
        return json.loads(run("whoami", *words, "--json", stdin=stdin).out)

    return told


def certificate(name):
    return ("--certificate", str(CERTIFICATES / f"{name}.pem"))


def steps(printed):
    return [(step["realm"], step["status"], step["reason"]) for step in printed["steps"]]


class TestPasswords:
    def test_who_is_let_in(self, whoami, folder):
        result = whoami("jane", *BASIC)
        assert result.out.splitlines() == [
            "Asked       realm [reserved] (reserved): does not know the user",
            "            realm [files] (file): accepted",
            "Not asked   realm [pki1] (pki): the answer came before",
            "            realm [default_native] (native): only a node can ask it",
            "            realm [people] (ldap): only a node can ask it",
            "Result      let in by realm [files]",
            "User        jane",
            f"Roles       viewer     [{folder / 'users_roles'}], line [2]",
            f"            superuser  [{folder / 'users_roles'}], line [3]",
        ]
        assert (result.exit_code, result.err) == (0, "")

    @pytest.mark.parametrize(
        ("name", "password", "asked", "reason"),
        [
            ("jane", "a-wrong-one", ["reserved", "files"], "wrong_password"),
            ("nobody", PASSWORD, ["reserved", "files"], "unknown_user"),
            ("Jane", PASSWORD, ["reserved", "files"], "unknown_user"),
            ("jane ", PASSWORD, ["reserved", "files"], "unknown_user"),
            ("\uff4aane", PASSWORD, ["reserved", "files"], "unknown_user"),
            ("", PASSWORD, ["reserved", "files"], "unknown_user"),
            ("clear", "text", ["reserved", "files"], "no_usable_hash"),
            ("elastic", PASSWORD, ["reserved"], "reserved_user"),
        ],
    )
    def test_who_is_refused(self, whoami, told, name, password, asked, reason):
        result = whoami(name, *BASIC, stdin=password)
        assert result.exit_code == 1
        assert f"Result      refused: {reason}, HTTP status 401\n" in result.out
        printed = told(name, *BASIC, stdin=password)
        assert [step[0] for step in steps(printed)] == asked
        assert (printed["authenticated"], printed["user"], printed["roles"]) == (False, None, [])
        assert password not in result.out + result.err

    def test_for_programs(self, told, folder):
        printed = told("jane", *BASIC)
        assert steps(printed) == [
            ("reserved", "continue", "unknown_user"),
            ("files", "success", None),
        ]
        assert [each["realm"] for each in printed["not_asked"]] == [
            "pki1",
            "default_native",
            "people",
        ]
        assert (printed["authenticated"], printed["http_status"]) == (True, 200)
        assert (printed["realm"], printed["user"]) == ("files", "jane")
        assert [(each["role"], each["line"]) for each in printed["sources"]] == [
            ("viewer", 2),
            ("superuser", 3),
        ]
        assert {each["path"] for each in printed["sources"]} == {str(folder / "users_roles")}

    def test_asked_for(self, whoami):
        result = whoami("jane", stdin=f"{PASSWORD}\n")
        assert (result.exit_code, result.err) == (0, "Enter password: ")

    def test_verbose(self, whoami):
        assert " ms)" in whoami("jane", *BASIC, "-v").out


class TestSettings:
    def test_of_a_node_without_security(self, whoami, folder):
        (folder / "elasticsearch.yml").write_text("xpack.security.enabled: false\n")
        result = whoami("jane", *BASIC)
        assert result.err.count("WARNING: security is off") == 1
        assert len(result.err.splitlines()) == 1

    def test_that_only_a_node_of_7_takes(self, whoami, folder):
        """A warning is printed once, whoever has it."""
        (folder / "elasticsearch.yml").write_text(SETTINGS.replace("order: 2", "order: 1"))
        result = whoami("jane", *BASIC)
        lines = result.err.splitlines()
        assert len(set(lines)) == len(lines) == result.err.count("WARNING: ")
        assert any("has the same order" in line for line in lines)
        assert result.exit_code == 0

    def test_whose_roles_another_realm_knows(self, whoami, folder):
        (folder / "elasticsearch.yml").write_text(
            SETTINGS + f"{PKI}.authorization_realms: [people]\n"
        )
        out = whoami("jane", *BASIC).out
        assert "realm [pki1] (pki): the realms that know its roles are missing" in out
        assert "realm [people] (ldap): only a node can ask it" in out

    def test_of_a_plugin(self, whoami, folder):
        (folder / "elasticsearch.yml").write_text(f"{REALMS}kustom.k.order: 3\n")
        assert "(kustom): only a node can ask it" in whoami("jane", *BASIC).out
        assert "NOTE: " in whoami("jane", *BASIC, "-v").err

    @pytest.mark.parametrize("name", ["users", "users_roles"])
    def test_of_a_realm_whose_file_cannot_be_read(self, whoami, folder, name):
        with (folder / name).open("ab") as file:
            file.write(b"\xff")
        result = whoami("jane", *BASIC)
        assert "realm [files] (file): not accepted: files_unreadable\n" in result.out
        assert "Result      refused: files_unreadable, HTTP status 503\n" in result.out
        assert result.err.startswith(f"WARNING: file [{folder / name}], line [")
        assert result.exit_code == 1

    def test_in_x_pack(self, whoami, folder):
        (folder / "x-pack").mkdir()
        for name in ("users", "users_roles"):
            (folder / name).rename(folder / "x-pack" / name)
        result = whoami("jane", *BASIC)
        assert f"[{folder / 'x-pack' / 'users_roles'}], line [2]\n" in result.out


class TestCertificates:
    def test_who_is_let_in(self, whoami, folder):
        result = whoami(*certificate("alice"))
        assert result.out.splitlines() == [
            "Asked       realm [pki1] (pki): accepted",
            "Not asked   realm [reserved] (reserved): it takes other credentials",
            "            realm [files] (file): it takes other credentials",
            "            realm [default_native] (native): only a node can ask it",
            "            realm [people] (ldap): only a node can ask it",
            "Result      let in by realm [pki1]",
            "User        Tomoko Byrne",
            f"Metadata    pki_dn: {ALICE}",
            f"            pki_cert_fingerprint: {FINGERPRINTS[0]}",
            f"            pki_public_key_fingerprint: {FINGERPRINTS[1]}",
            f"Roles       admin  [{folder / 'role_mapping.yml'}], line [2]: [{ALICE}]",
        ]
        assert (result.exit_code, result.err) == (0, "")

    @pytest.mark.parametrize("name", ["expired", "foreign", "server_eku", "keytool_self"])
    def test_who_is_refused(self, told, whoami, name):
        printed = told(*certificate(name))
        assert steps(printed) == [("pki1", "continue", "certificate_not_trusted")]
        assert printed["http_status"] == 401
        assert whoami(*certificate(name)).exit_code == 1

    def test_role_mappings(self, told, tmp_path):
        rules = {"field": {"dn": ALICE}}
        document = {"ops": {"enabled": True, "roles": ["kibana"], "rules": rules}}
        (tmp_path / "mappings.json").write_text(json.dumps(document))
        for option in ("--role-mappings", "--mappings"):
            printed = told(*certificate("alice"), option, str(tmp_path / "mappings.json"))
            sources = {each["role"]: each for each in printed["sources"]}
            assert sources.keys() == {"admin", "kibana"}
            assert sources["kibana"]["mapping"] == "ops"

    def test_both(self, told):
        """The first realm, for reserved names, reads passwords; so they always come first."""
        for order in (1, -1):
            settings = ("-E", f"{PKI}.order={order}")
            printed = told("jane", *BASIC, *certificate("alice"), *settings)
            assert printed["user"] == "jane"

    def test_in_another_order(self, whoami, tmp_path):
        path = tmp_path / "chain.pem"
        names = ("alice", "root", "inter")
        path.write_text("".join((CERTIFICATES / f"{name}.pem").read_text() for name in names))
        result = whoami("--certificate", str(path))
        assert (result.exit_code, result.err) == (1, "")
        assert (
            "realm [pki1] (pki): cannot read the credentials: invalid certificate: " in result.out
        )
        assert "each certificate must be followed by its issuer's" in result.out
        assert "Result      refused: invalid_request, HTTP status 400\n" in result.out

    def test_trust_is_left_to_tls(self, whoami, folder):
        (folder / "elasticsearch.yml").write_text(SETTINGS.replace(", certificate_auth", ", #"))
        (folder / "elasticsearch.yml").write_text(f"{PKI}.order: 1\n")
        result = whoami(*certificate("foreign"))
        assert result.exit_code == 0
        assert "NOTE: realm [pki1] leaves trust to TLS" in result.err


class TestRunAs:
    def test_somebody_known(self, whoami, folder):
        (folder / "users").write_text(f"jane:{CHEAP_HASH}\nbob:{CHEAP_HASH}\n")
        result = whoami("jane", *BASIC, "--run-as", "bob")
        assert result.exit_code == 0
        assert "            realm [files] (file): knows the user to run as\n" in result.out
        assert "User        bob, as whom [jane] runs, known to realm [files]\n" in result.out
        assert f"Roles       viewer  [{folder / 'users_roles'}], line [2]\n" in result.out

    @pytest.mark.parametrize("name", ["nobody", ""])
    def test_somebody_unknown(self, whoami, told, name):
        result = whoami("jane", *BASIC, "--run-as", name)
        assert result.exit_code == 1
        assert "Result      refused: run_as_denied, HTTP status 403\n" in result.out
        assert told("jane", *BASIC, "--run-as", name)["user"] is None


@pytest.mark.parametrize(
    ("words", "exit_code", "message"),
    [
        ([], 64, "credentials are missing: give a USERNAME, --certificate FILE, or both"),
        (["--password-stdin"], 64, "credentials are missing"),
        ([*certificate("alice"), "-p", "x"], 64, "whose password is it?"),
        (["jane", "bob"], 64, "expected one username"),
        (["jane", "-p", "x", "--password-stdin"], 64, "only one of"),
        (["jane", "--keystore-password-env", "A", "--keystore-password-file", "b"], 64, "only one"),
        (["jane", "--certifcate", "x"], 64, "did you mean [--certificate]?"),
        (["--certificate", "missing.pem"], 66, "file [missing.pem] of --certificate does not"),
        (["--certificate", str(CERTIFICATES / "alice-key.p12")], 65, "is a keystore: give"),
        (["--certificate", str(CERTIFICATES / "trust-root.jks")], 65, "is a keystore: give"),
        (["--certificate="], 64, "[certificate] needs a file"),
        (certificate("alice.key"), 65, "is not a certificate: it holds no certificate"),
        (["jane", "--role-mappings", "missing"], 66, "file [missing] of --role-mappings does not"),
        (["a:b", "-p", "x"], 65, "invalid username"),
        (["jane", "-c", "missing"], 78, "does not exist"),
        (["jane", "-E", "xpack.security.authc.realms.file.files.order=x"], 78, "order"),
    ],
)
def test_what_makes_no_sense(whoami, words, exit_code, message):
    result = whoami(*words)
    assert (result.exit_code, result.out) == (exit_code, "")
    assert message in result.err
    assert "Enter password" not in result.err


class TestKeystore:
    """The password of the trust store is in a keystore that has a password itself."""

    @pytest.fixture(autouse=True)
    def _trust_store(self, folder):
        settings = SETTINGS.replace("certificate_authorities: [ca.pem]", "truststore.path: t.p12")
        (folder / "elasticsearch.yml").write_text(settings)
        shutil.copy(CERTIFICATES / "trust-root.p12", folder / "t.p12")
        name = f"{PKI}.truststore.secure_password"
        keystore = build({name: b"lantern-trust-3"}, password="keystore-password")
        (folder / "elasticsearch.keystore").write_bytes(keystore)

    def test_given(self, whoami, monkeypatch):
        monkeypatch.setenv("KEYSTORE", "keystore-password")
        words = (*certificate("bob"), "--keystore-password-env", "KEYSTORE")
        assert whoami(*words).exit_code == 0

    def test_missing(self, whoami):
        result = whoami(*certificate("bob"), stdin="")
        assert result.exit_code == 65
        assert "--keystore-password-file" in result.err

    def test_wrong(self, whoami, monkeypatch):
        monkeypatch.setenv("KEYSTORE", "another-password")
        result = whoami(*certificate("bob"), "--keystore-password-env", "KEYSTORE")
        assert (result.exit_code, result.out) == (65, "")
        assert "another-password" not in result.err

    def test_asked_for(self, whoami, monkeypatch):
        monkeypatch.setattr(Terminal, "is_console", True)
        monkeypatch.setattr(Terminal, "ask_secret", lambda *_: "keystore-password")
        assert whoami(*certificate("bob")).exit_code == 0


def test_a_realm_that_is_broken(whoami, monkeypatch, folder):
    """Its step is printed, and its error is that of the command."""

    def fail(*_):
        raise FileAccessError(str(folder / "users"), errno.EMFILE, "Too many open files")

    monkeypatch.setattr(FileRealm, "authenticate", fail)
    result = whoami("jane", *BASIC)
    assert "realm [files] (file): did not answer: it raised FileAccessError\n" in result.out
    assert result.exit_code == 74
    assert f"ERROR: cannot use [{folder / 'users'}]" in result.err


def test_a_role_that_is_gone_when_its_source_is_looked_for(whoami, monkeypatch):
    monkeypatch.setattr(command, "sources_in_users_roles", lambda *_: iter(()))
    lines = whoami("jane", *BASIC).out.splitlines()
    assert lines[-1].split(maxsplit=1) == ["superuser", "not in the files as they are now"]
