"""``certificate show``: who a certificate is, and who trusts it."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import os
import sys

import pytest
from cryptography import x509
from support.keystore_bytes import build
from support.making import AUTHORITY, make_certificate
from support.pki import CERTIFICATES

from esfilerealm.certificates.pem import read_certificates

ALICE = str(CERTIFICATES / "alice.pem")
BOB = str(CERTIFICATES / "bob.pem")
ROOT = str(CERTIFICATES / "root.pem")
FOREIGN = str(CERTIFICATES / "foreign_root.pem")
PASSWORD = "lantern-trust-3"
NO_PATH = "not trusted: no chain leads from it to a certificate of the trust store"
OF_BOTH = "O=Blue Lantern, C=NO], the issuer, is neither in it nor in the file"
AT_ITS_END = "O=Blue Lantern], where it ends, is not in it"
PKI = "xpack.security.authc.realms.pki."
SECRETS = {f"{PKI}a.truststore.secure_password": PASSWORD.encode()}


@pytest.fixture
def show(run):
    """Run the command, and return the lines of each row as well."""

    def show(path, *words, **options):
        result = run("certificate", "show", str(path), *words, **options)
        rows: dict[str, list[str]] = {}
        title = ""
        for line in result.out.splitlines():
            title = line[:12].strip() or title
            rows.setdefault(title, []).append(line[12:])
        result.rows = rows
        return result

    return show


@pytest.fixture
def password_file(tmp_path):
    file = tmp_path / "password"
    file.write_text(PASSWORD)
    return str(file)


@pytest.fixture
def made(tmp_path):
    """Write a certificate that is made here, and return its path."""

    def made(*arguments, **options):
        path = tmp_path / "made.der"
        path.write_bytes(make_certificate(*arguments, **options))
        return path

    return made


class TestRows:
    def test_what_is_printed(self, show):
        result = show(ALICE)
        assert result.rows == {
            "Subject": ["CN=Tomoko Byrne, OU=Signals, O=Blue Lantern, C=NO"],
            "Username": ["[Tomoko Byrne], by pattern [CN=(.*?)(?:,|$)]"],
            "DN": ["cn=tomoko byrne,ou=signals,o=blue lantern,c=no"],
            "RDNs": ["CN=Tomoko Byrne", "OU=Signals", "O=Blue Lantern", "C=NO"],
            "Issuer": ["CN=Lantern Test Issuing CA, O=Blue Lantern, C=NO"],
            "Serial": ["2b314c49358cd6e2"],
            "Valid": [result.rows["Valid"][0]],
            "Key": ["RSA, 2048 bits"],
            "Signature": ["sha256WithRSAEncryption"],
            "Key usage": ["digitalSignature"],
            "Purposes": ["clientAuth"],
            "SHA-256": ["e970d66b3e11caf16afaa876b2498e8ebd3c7864cc9af3673f76e7416e567144"],
            "SHA-1": ["7b07a4ac219ed57c7022a51855e870492db19c3b"],
            "Trust": ["not asked: no realm of type pki is configured, and --trust names no store"],
            "Roles": [
                "esfilerealm roles-of --dn 'CN=Tomoko Byrne, OU=Signals, O=Blue Lantern, C=NO'"
            ],
        }
        assert (result.exit_code, result.err) == (0, "")

    @pytest.mark.parametrize(
        ("begin", "end", "text"),
        [
            (-20, -10.5, "expired 10 days ago"),
            (-20, -1.5, "expired 1 day ago"),
            (-20, -0.5, "expired less than a day ago"),
            (-20, 0.5, "expires in less than a day"),
            (-20, 30.5, "expires in 30 days"),
            (5.5, 30, "begins in 5 days"),
        ],
    )
    def test_the_dates(self, show, made, begin, end, text):
        now = dt.datetime.now(dt.UTC)
        validity = (now + dt.timedelta(begin), now + dt.timedelta(end))
        row = show(made("a", validity=validity)).rows["Valid"][0]
        assert row.endswith(f", {text}")
        assert row.startswith(f"{validity[0]:%Y-%m-%dT%H:%M:%SZ} to ")

    def test_names_and_uses(self, show, made):
        names = x509.SubjectAlternativeName(
            [
                x509.DNSName("a.example"),
                x509.RFC822Name("a@b.example"),
                x509.UniformResourceIdentifier("urn:a"),
                x509.IPAddress(ipaddress.ip_address("10.0.0.1")),
                x509.RegisteredID(x509.ObjectIdentifier("1.2.3")),
                x509.DirectoryName(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "b")])),
                x509.OtherName(x509.ObjectIdentifier("1.2.3"), b"\x05\x00"),
            ]
        )
        uses = x509.ExtendedKeyUsage(map(x509.ObjectIdentifier, ("1.2.3.4", "2.5.29.37.0")))
        result = show(made("a", "b", names, uses, AUTHORITY))
        assert result.rows["Other names"] == [
            "DNS:a.example",
            "email:a@b.example",
            "URI:urn:a",
            "IP:10.0.0.1",
            "OID:1.2.3",
            "DN:CN=b",
            "other:1.2.3=#0500",
        ]
        assert result.rows["Purposes"] == ["1.2.3.4, anyExtendedKeyUsage"]
        assert result.rows["Key usage"] == ["any, since nothing is said"]
        assert result.rows["Authority"] == ["yes: it may sign certificates"]
        assert result.rows["Key"] == ["EC, secp256r1"]
        assert result.rows["Signature"] == ["ecdsa-with-SHA256"]

    def test_a_key_without_sizes(self, show, made):
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        public = Ed25519PrivateKey.generate().public_key()
        assert show(made("a", public_key=public)).rows["Key"] == ["Ed25519"]

    def test_programs(self, show):
        printed = json.loads(show(ALICE, "--trust", ROOT, "--json").out)
        assert printed["usernames"] == [
            {
                "principal": "Tomoko Byrne",
                "pattern": "CN=(.*?)(?:,|$)",
                "oid": None,
                "realms": [],
                "problem": None,
            }
        ]
        assert printed["public_key"] == {"kind": "RSA", "bits": 2048, "curve": None}
        (verdict,) = printed["verdicts"]
        assert (verdict["realm"], verdict["paths"], verdict["trusted"]) == (None, [ROOT], False)
        assert printed["not_after"] == "2120-01-01T00:00:00Z"

    def test_a_row_for_each_issuer(self, show, tmp_path):
        (tmp_path / "a.pem").write_bytes(
            (CERTIFICATES / "alice.pem").read_bytes()
            + (CERTIFICATES / "inter.pem").read_bytes() * 30
        )
        rows = show(tmp_path / "a.pem").rows["Issuers"]
        assert rows[0] == (
            "CN=Lantern Test Issuing CA, O=Blue Lantern, C=NO, until 2120-01-01T00:00:00Z"
        )
        assert rows[10:] == ["and 20 more certificates"]


class TestForeignText:
    EVIL = "\x1b[31mroot\u202e\0\nCN=admin, ok"

    def test_nothing_reaches_the_terminal(self, show, made):
        result = show(made({x509.NameOID.COMMON_NAME: self.EVIL}))
        assert result.out.replace("\n", "").isprintable()
        assert r"\x1b[31mroot\u202e\x00\nCN=admin, ok" in result.rows["Subject"][0]
        assert "Roles" not in result.rows
        assert result.exit_code == 0

    def test_programs_get_it_whole(self, show, made):
        result = show(made({x509.NameOID.COMMON_NAME: self.EVIL}), "--json")
        assert json.loads(result.out)["rdns"] == [f'CN="{self.EVIL}"']
        assert result.out.replace("\n", "").isprintable()

    def test_a_name_that_no_mapping_can_have(self, show, made):
        result = show(made({x509.NameOID.COMMON_NAME: '"a"b"'}), "--pattern", "(CN)")
        assert result.rows["Username"] == ["[CN], by pattern [(CN)]"]
        assert result.exit_code == 0

    def test_the_command_for_roles_is_quoted(self, show, made):
        row = show(made("it's $HOME")).rows["Roles"]
        assert row == ["""esfilerealm roles-of --dn 'CN=it'"'"'s $HOME'"""]


class TestFiles:
    @pytest.mark.parametrize("name", ["alice.pem", "alice.der", "both", "-"])
    def test_what_is_read(self, show, tmp_path, name):
        pem = (CERTIFICATES / "alice.pem").read_bytes()
        (tmp_path / "alice.pem").write_bytes(b"\xef\xbb\xbf" + pem)
        (tmp_path / "alice.der").write_bytes(read_certificates(pem)[0])
        (tmp_path / "both").write_bytes((CERTIFICATES / "alice.key.pem").read_bytes() + pem)
        result = show("-", stdin=pem.decode()) if name == "-" else show(tmp_path / name)
        assert result.rows["Serial"] == ["2b314c49358cd6e2"]
        assert result.exit_code == 0

    @pytest.mark.parametrize(
        ("name", "serial", "note"),
        [
            ("alice-key.p12", "2b314c49358cd6e2", ""),
            ("key-and-trust.p12", "2b314c49358cd6e2", "has 2 entries, [alice], [foreign]"),
            ("trust-two.jks", "6097d8082c43922a", "has 2 entries, [root], [foreign]"),
        ],
    )
    def test_keystores(self, show, password_file, name, serial, note):
        result = show(CERTIFICATES / name, "--password-file", password_file)
        assert result.rows["Serial"] == [serial]
        assert note in result.err

    def test_the_chain_of_a_keystore_counts(self, show, password_file):
        words = ("--password-file", password_file, "--trust", ROOT)
        result = show(CERTIFICATES / "alice-key.p12", *words)
        assert result.rows["Trust"] == [f"[{ROOT}]: trusted"]
        assert len(result.rows["Issuers"]) >= 1

    @pytest.mark.parametrize(
        ("name", "words", "text"),
        [
            ("alice-key.p12", (), "give its password by --password-file or --password-env"),
            ("alice-key.p12", ("--password-env", "WRONG"), "the password is wrong"),
            ("trust-legacy.p12", ("--password-env", "RIGHT"), "RC2 with 40 bits"),
            ("openssl-certs-only.p12", ("--password-env", "RIGHT"), "no certificate that Java"),
            ("alice.key.pem", (), "it holds no certificate, but [PRIVATE KEY]"),
            ("README.md", (), "it holds no certificate"),
        ],
    )
    def test_what_is_no_certificate(self, show, monkeypatch, name, words, text):
        monkeypatch.setenv("RIGHT", PASSWORD)
        monkeypatch.setenv("WRONG", "something")
        result = show(CERTIFICATES / name, *words)
        assert (result.exit_code, result.out) == (65, "")
        assert text in result.err
        assert ("keytool -importkeystore" in result.err) == ("legacy" in name)
        assert PASSWORD not in result.err

    @pytest.mark.parametrize(
        ("name", "exit_code"), [("missing", 66), ("pipe", 74), ("folder", 74), ("large", 74)]
    )
    def test_what_is_no_file(self, show, tmp_path, name, exit_code):
        os.mkfifo(tmp_path / "pipe")
        (tmp_path / "folder").mkdir()
        with (tmp_path / "large").open("wb") as file:
            file.truncate(2**40)
        result = show(tmp_path / name)
        assert (result.exit_code, result.out) == (exit_code, "")
        assert name in result.err

    def test_too_much_on_standard_input(self, show, monkeypatch):
        from esfilerealm.cli import certificate

        monkeypatch.setattr(certificate, "LARGEST_FILE", 10)
        result = show("-", stdin="x" * 11)
        assert (result.exit_code, result.out) == (65, "")
        assert "more than [10] bytes" in result.err

    @pytest.mark.parametrize("data", [b"", b"\x30", b"\x30\x03\x02\x01\x05", b"\0" * 100])
    def test_damage(self, show, tmp_path, data):
        (tmp_path / "a").write_bytes(data)
        result = show(tmp_path / "a")
        assert (result.exit_code, result.out) == (65, "")
        assert "is not a certificate" in result.err or "invalid certificate" in result.err

    def test_a_certificate_that_the_library_warns_of(self, show, tmp_path):
        der = read_certificates((CERTIFICATES / "ec.pem").read_bytes())[0]
        at = der.index(b"\x02\x08", 10) + 2
        (tmp_path / "a").write_bytes(der[:at] + b"\xff" + der[at + 1 :])
        result = show(tmp_path / "a")
        assert (result.exit_code, result.err) == (0, "")
        assert result.rows["Serial"][0].startswith("-")

    def test_without_the_extra(self, show, monkeypatch):
        for name in [name for name in sys.modules if name.startswith("cryptography")]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, "cryptography", None)
        from esfilerealm.certificates import facts

        facts._remembered.cache_clear()
        result = show(ALICE)
        assert (result.exit_code, result.out) == (78, "")
        assert "pip install 'esfilerealm[pki]'" in result.err


class TestStores:
    @pytest.mark.parametrize(
        ("path", "stores", "exit_code", "rows"),
        [
            (BOB, [ROOT], 0, ["trusted"]),
            (BOB, [FOREIGN], 1, [f"{NO_PATH}; [CN=Lantern Test Root CA, {OF_BOTH}"]),
            (BOB, [FOREIGN, ROOT], 0, ["not trusted: ", "trusted"]),
            (FOREIGN, [ROOT], 1, [f"{NO_PATH}; [CN=Whistle Foreign Root, {AT_ITS_END}"]),
        ],
        ids=["trusted", "not", "one of two", "root"],
    )
    def test_verdicts(self, show, path, stores, exit_code, rows):
        result = show(path, *(word for store in stores for word in ("--trust", store)))
        found = result.rows["Trust"]
        for store, expected, row in zip(stores, rows, found, strict=True):
            assert row.startswith(f"[{store}]: {expected}")
        assert result.exit_code == exit_code

    def test_an_issuer_of_that_name_that_did_not_sign(self, show, tmp_path, made):
        named = x509.AuthorityKeyIdentifier(b"one", None, None)
        path = made("leaf", "root", named)
        other = make_certificate("root", "root", AUTHORITY, x509.SubjectKeyIdentifier(b"two"))
        (tmp_path / "root.der").write_bytes(other)
        result = show(path, "--trust", str(tmp_path / "root.der"))
        assert result.exit_code == 1
        assert "it holds [CN=root], the issuer, with another key" in result.rows["Trust"][0]

    def test_a_chain_that_is_not_in_order(self, show):
        result = show(CERTIFICATES / "bundle-chain.pem", "--trust", ROOT)
        assert result.exit_code == 1
        assert "not in order" in result.rows["Trust"][0]

    def test_a_store_with_a_password(self, show, password_file, monkeypatch):
        store = str(CERTIFICATES / "trust-root.p12")
        assert show(BOB, "--trust", store, "--trust-password-file", password_file).exit_code == 0
        monkeypatch.setenv("TRUST", PASSWORD)
        assert show(BOB, "--trust", store, "--trust-password-env", "TRUST").exit_code == 0
        result = show(BOB, "--trust", store)
        assert (result.exit_code, result.out) == (65, "")
        assert "the password is wrong" in result.err

    @pytest.mark.parametrize(
        ("words", "exit_code", "text"),
        [
            (("--trust", "missing"), 66, "[missing] of --trust does not exist"),
            (("--trust", str(CERTIFICATES / "README.md")), 65, "invalid trust store"),
            (("--pattern", "CN="), 65, "no group"),
            (("--pattern", "("), 65, "invalid username pattern [(]"),
            (("--password-env", "A", "--password-file", "b"), 64, "only one of"),
            (("--trust-password-env", "A", "--trust-password-file", "b"), 64, "only one of"),
            (("--keystore-password-env", "A", "--keystore-password-file", "b"), 64, "only one of"),
        ],
        ids=lambda value: " ".join(value)[:40] if isinstance(value, tuple) else None,
    )
    def test_bad_options(self, show, words, exit_code, text):
        result = show(BOB, *words)
        assert (result.exit_code, result.out) == (exit_code, "")
        assert text in result.err

    def test_no_node_is_needed(self, show, monkeypatch):
        monkeypatch.delenv("ES_PATH_CONF", raising=False)
        missing = ("-c", "/nowhere")
        assert show(BOB, *missing, config_dir=None).exit_code == 78
        words = ("--trust", ROOT, "--pattern", "(.*)")
        assert show(BOB, *missing, *words, config_dir=None).exit_code == 0
        monkeypatch.setattr("esfilerealm.cli.target.find_config_dir", lambda *_, **__: None)
        assert show(BOB, config_dir=None).exit_code == 0
        assert show(BOB, "--trust", ROOT, config_dir=None).exit_code == 0


class TestRealms:
    """Realms of type ``pki`` in the settings of the node."""

    def test_one_verdict_for_each(self, show, give_settings):
        give_settings(
            f"{PKI}a: {{order: 2, certificate_authorities: [{ROOT}, {FOREIGN}]}}",
            f"{PKI}b: {{order: 1, certificate_authorities: {FOREIGN}}}",
            f"{PKI}c: {{order: 3}}",
            f"{PKI}d: {{order: 4, enabled: false, certificate_authorities: {ROOT}}}",
        )
        result = show(BOB)
        assert [row.partition(": ")[0] for row in result.rows["Trust"]] == [
            "realm [b]",
            "realm [a]",
            "realm [c]",
        ]
        assert result.rows["Trust"][1] == "realm [a]: trusted"
        assert "not known: it has no trust store of its own" in result.rows["Trust"][2]
        assert result.rows["Username"][0].endswith("of realms [b], [a], [c]")
        assert result.exit_code == 0
        assert show(ALICE).exit_code == 1

    @pytest.mark.parametrize(
        ("setting", "row"),
        [
            ("username_pattern: 'O=(.*?)(?:,|$)'", "[Blue Lantern], by pattern [O=(.*?)(?:,|$)]"),
            ("username_rdn_name: c", "[NO], by attribute [2.5.4.6]"),
            ("username_rdn_oid: 2.5.4.10", "[Blue Lantern], by attribute [2.5.4.10]"),
            ("username_rdn_oid: 1.2.3", "none: attribute [1.2.3] of realm [a] finds nothing"),
            ("username_pattern: 'X=(.*)'", "none: pattern [X=(.*)] of realm [a] finds nothing"),
            ("username_pattern: '('", "invalid username pattern [(]"),
        ],
    )
    def test_the_username(self, show, give_settings, setting, row):
        give_settings(f"{PKI}a: {{order: 1, {setting}}}")
        result = show(BOB)
        assert result.rows["Username"][0].startswith(row)
        assert result.exit_code == 0
        assert show(BOB, "--pattern", "CN=(.)").rows["Username"] == [
            f"[{result.rows['Subject'][0][3]}], by pattern [CN=(.)]"
        ]

    @pytest.mark.parametrize(
        ("settings", "text"),
        [
            (f"truststore.path: a, certificate_authorities: {ROOT}", "cannot be combined"),
            ("username_rdn_name: CN, username_rdn_oid: 2.5.4.3", "cannot be combined"),
            ("username_rdn_name: nickname", "unknown attribute"),
            ("truststore.path: missing.jks", "missing.jks"),
            ("truststore.path: a, truststore.type: bcfks", "[bcfks] are not supported"),
            (f"truststore.path: {CERTIFICATES}/trust-root.p12", "add [xpack.security.authc."),
            (
                f"truststore.path: {CERTIFICATES}/trust-root.p12, truststore.password: s3cret-x",
                "the password is wrong",
            ),
            (f"certificate_authorities: {CERTIFICATES}/README.md", "invalid trust store"),
        ],
        ids=lambda text: text[:30],
    )
    def test_what_keeps_a_node_from_starting(self, show, give_settings, settings, text):
        give_settings(f"{PKI}a: {{order: 1, {settings}}}")
        result = show(BOB)
        assert result.exit_code == 78
        assert text in result.rows["Trust"][0]
        assert "not known: " in result.rows["Trust"][0]
        assert "s3cret-x" not in result.out + result.err

    def test_a_password_in_the_settings(self, show, give_settings):
        store = f"{CERTIFICATES}/trust-root.jks"
        give_settings(
            f"{PKI}a: {{order: 1, truststore: {{path: {store}, type: jks, password: {PASSWORD}}}}}"
        )
        assert show(BOB).rows["Trust"] == ["realm [a]: trusted"]

    @pytest.fixture
    def secured(self, config, give_settings):
        give_settings(f"{PKI}a: {{order: 1, truststore.path: {CERTIFICATES}/trust-root.p12}}")
        return config / "elasticsearch.keystore"

    def test_a_password_in_the_keystore(self, show, secured):
        secured.write_bytes(build(SECRETS))
        result = show(BOB)
        assert (result.exit_code, result.rows["Trust"]) == (0, ["realm [a]: trusted"])
        assert PASSWORD not in result.out

    def test_a_keystore_with_a_password(self, show, secured, tmp_path, monkeypatch):
        secured.write_bytes(build(SECRETS, password="open-sesame"))
        result = show(BOB)
        assert result.exit_code == 78
        assert "give it by --keystore-password-file" in result.rows["Trust"][0]
        (tmp_path / "p").write_text("open-sesame\n")
        assert show(BOB, "--keystore-password-file", str(tmp_path / "p")).exit_code == 0
        monkeypatch.setenv("KEYSTORE", "wrong-one")
        result = show(BOB, "--keystore-password-env", "KEYSTORE")
        assert result.exit_code == 78
        assert "wrong-one" not in result.out

    def test_a_person_is_asked(self, show, secured, monkeypatch):
        from esfilerealm.cli.terminal import Terminal

        secured.write_bytes(build(SECRETS, password="open-sesame"))
        monkeypatch.setattr(Terminal, "is_console", True)
        monkeypatch.setattr(Terminal, "ask_secret", lambda *_: "open-sesame")
        assert show(BOB).rows["Trust"] == ["realm [a]: trusted"]

    @pytest.mark.parametrize("words", [(), ("--es-version", "6")])
    def test_realms_of_6(self, show, give_settings, words):
        prefix = "xpack.security.authc.realms.a"
        give_settings(f"{prefix}: {{type: pki, order: 1, certificate_authorities: {ROOT}}}")
        assert show(BOB, *words).rows["Trust"] == ["realm [a]: trusted"]

    def test_relative_paths_begin_at_the_configuration(self, show, config, give_settings):
        (config / "ca.pem").write_bytes((CERTIFICATES / "root.pem").read_bytes())
        give_settings(f"{PKI}a: {{order: 1, certificate_authorities: ca.pem}}")
        printed = json.loads(show(BOB, "--json").out)
        assert printed["verdicts"] == [
            {"realm": "a", "paths": [str(config / "ca.pem")], "trusted": True, "reason": None}
        ]

    def test_a_file_that_is_not_yaml(self, show, give_settings):
        give_settings("[")
        assert show(BOB).exit_code == 78
