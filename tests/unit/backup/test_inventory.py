"""Which files belong into a backup, what they are for, which hold secrets, and what is missing."""

from __future__ import annotations

import os
import socket

import pytest
from support.hashes import CHEAP_HASH
from support.reference import cases

from esfilerealm.backup import inventory as module
from esfilerealm.backup.confidential import holds_secrets
from esfilerealm.backup.inventory import inventory
from esfilerealm.backup.kinds import kind_of, scope_of
from esfilerealm.backup.limits import Limits
from esfilerealm.cli.commands import every_command
from esfilerealm.errors import FileAccessError, FileRealmError

SECURITY = "xpack.security"
REALMS = f"{SECURITY}.authc.realms"
KEY = "-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\n"


def of(folder, name, settings=None):
    """The file of that name in the archive, or None."""
    found = inventory(folder, settings).files
    return next((file for file in found if file.name == name), None)


def found(folder, settings=None):
    """The findings as ``(code, severity, path in the directory)``."""
    return [
        (each.code, each.severity, each.path and os.path.relpath(each.path, folder))
        for each in inventory(folder, settings).findings
    ]


class TestWhatIsThere:
    def test_everything_in_the_directory_once_and_sorted(self, node_dir):
        names = [file.name for file in inventory(node_dir).files]
        assert names == sorted(names)
        assert [name.removeprefix("config/") for name in names] == [
            *("config", "certs", "certs/http.p12", "certs/http_ca.crt", "certs/transport.p12"),
            *("elasticsearch.keystore", "elasticsearch.yml", "jvm.options.d"),
            *("log4j2.properties", "roles.yml", "users", "users_roles"),
        ]
        assert found(node_dir) == []

    def test_what_a_write_leaves_for_a_moment_is_left_out(self, node_dir):
        for name in (
            *("users.lock", "users.journal", "users.0123456789abcdef.tmp"),
            *("elasticsearch.keystore.lock", "users.journal.01234567.rejected"),
            "other.0123456789abcdef.tmp",
        ):
            (node_dir / name).touch()
        (node_dir / "users.1~").touch()
        (node_dir / "users.managed").touch()
        names = {file.name for file in inventory(node_dir).files}
        assert not any("lock" in name or "journal" in name or "tmp" in name for name in names)
        assert {"config/users.1~", "config/users.managed"} <= names

    def test_an_empty_directory_is_an_entry(self, node_dir):
        assert of(node_dir, "config/jvm.options.d").form == "directory"

    def test_names_of_settings_without_values(self, node_dir):
        names = inventory(node_dir, {"node.name": "node-a"}).setting_names
        assert f"{SECURITY}.http.ssl.keystore.path" in names
        assert "node.name" in names

    def test_a_directory_of_something_else(self, tmp_path):
        (tmp_path / "letter.txt").touch()
        assert found(tmp_path) == [("BACKUP9", "warning", ".")]

    @pytest.mark.parametrize(
        ("make", "reason"),
        [
            (lambda path: None, "there is no such directory"),
            (lambda path: path.touch(), "it is not a directory"),
        ],
        ids=["missing", "file"],
    )
    def test_no_directory(self, tmp_path, make, reason):
        make(tmp_path / "config")
        with pytest.raises(FileAccessError, match=reason):
            inventory(tmp_path / "config")

    def test_too_many_files(self, node_dir, monkeypatch):
        monkeypatch.setattr(module, "LIMITS", Limits(members=5))
        with pytest.raises(FileAccessError, match="more than \\[5\\] files"):
            inventory(node_dir)

    def test_directories_nested_without_end(self, node_dir, monkeypatch):
        monkeypatch.setattr(module, "_DEEPEST", 2)
        (node_dir / "a" / "b" / "c").mkdir(parents=True)
        with pytest.raises(FileAccessError, match="nested more than"):
            inventory(node_dir)


KINDS = [
    ("users", "users", "realm"),
    ("x-pack/users", "users", "realm"),
    ("users_roles", "users_roles", "realm"),
    ("users.accounts", "accounts", "realm"),
    ("roles.yml", "roles", "realm"),
    ("role_mapping.yml", "role mapping", "realm"),
    ("service_tokens", "service tokens", "realm"),
    ("elasticsearch.yml", "settings", "security"),
    ("elasticsearch.keystore", "keystore", "security"),
    ("x-pack/system_key", "system key", "security"),
    ("operator/settings.json", "operator", "security"),
    ("certs/http_ca.crt", "certificate", "security"),
    ("certs/readme", "certificate", "security"),
    ("certs/node.key", "key", "security"),
    ("node-key.pem", "key", "security"),
    ("es.keytab", "keytab", "security"),
    ("certs.1700000000.orig/http.p12", "store", "security"),
    ("jvm.options.d/heap.options", "jvm", "all"),
    ("log4j2.properties", "logging", "all"),
    ("users.1~", "earlier version", "all"),
    ("hunspell/en_GB/en_GB.dic", "other", "all"),
    ("analysis/users", "other", "all"),
]


@pytest.mark.parametrize(("name", "kind", "scope"), KINDS, ids=[row[0] for row in KINDS])
def test_what_a_file_is_for(name, kind, scope):
    assert (kind_of(name), scope_of(kind_of(name))) == (kind, scope)


SECRETS = [
    ("users", "", True),
    ("users.1~", "", True),
    ("users.bak", "", True),
    ("users.accounts", "", True),
    ("users.managed", "bob\n", False),
    ("service_tokens", "", True),
    ("elasticsearch.keystore.1700000000.orig", "", True),
    ("certs/node.p12", "", True),
    ("certs/any.pem", KEY, True),
    ("notes.txt", f"bob:{CHEAP_HASH}\n", True),
    ("notes.txt", "AGE-SECRET-KEY-1QQ\n", True),
    (
        "store",
        "\x30\x82\x01\x02\x02\x01\x03\x30\x06\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01",
        True,
    ),
    ("jvm.options", "-Dsome.password=geheim\n", True),
    ("operator/settings.json", '{"client_secret": "geheim"}', True),
    ("jvm.options", "# -Dsome.password=geheim\n-Dcli.name=x\n", False),
    ("operator/settings.json", "{}", False),
    ("users_roles", "viewer:bob\n", False),
    ("roles.yml", "viewer: {}\n", False),
    ("certs/ca.crt", "-----BEGIN CERTIFICATE-----\n", False),
    ("log4j2.properties", "status = error\n", False),
    ("analysis/words.txt", "password\nsecret\n", False),
]


class TestSecrets:
    @pytest.mark.parametrize(
        ("name", "text", "expected"), SECRETS, ids=[f"{row[0]}-{row[2]}" for row in SECRETS]
    )
    def test_by_name_and_content(self, node_dir, name, text, expected):
        path = node_dir / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="latin-1")
        assert of(node_dir, f"config/{name}").is_confidential is expected

    @pytest.mark.parametrize(
        ("line", "expected"),
        [
            (f"{SECURITY}.http.ssl.keystore.password: geheim", True),
            (f"{SECURITY}.http.ssl.keystore.password: ${{SECRET}}", False),
            (f"{REALMS}.oidc.o.rp.client_secret: geheim", True),
            ("node.name: a", False),
            ("a: [", True),
        ],
        ids=["password", "placeholder", "secure", "none", "unreadable"],
    )
    def test_of_settings(self, tmp_path, line, expected):
        (tmp_path / "elasticsearch.yml").write_text(f"{line}\n")
        assert of(tmp_path, "config/elasticsearch.yml").is_confidential is expected

    def test_a_truststore_is_none_and_a_store_for_both_is_one(self, node_dir):
        (node_dir / "trust.p12").touch()
        setting = {"reindex.ssl.truststore.path": "trust.p12"}
        assert not of(node_dir, "config/trust.p12", setting).is_confidential
        both = of(node_dir, "config/certs/transport.p12")
        assert (both.kind, both.is_confidential) == ("store", True)
        assert both.settings == (
            f"{SECURITY}.transport.ssl.keystore.path",
            f"{SECURITY}.transport.ssl.truststore.path",
        )

    def test_links_and_directories_hold_none(self, node_dir):
        (node_dir / "copy").symlink_to("users")
        assert not of(node_dir, "config/copy").is_confidential
        assert not of(node_dir, "config/certs").is_confidential

    def test_a_large_file_of_unknown_name_is_not_read(self, node_dir):
        (node_dir / "words.txt").write_bytes(b"x" * 2**20 + KEY.encode())
        assert not of(node_dir, "config/words.txt").is_confidential


#: Each setting that names files, with what the file is for.
NAMING = [
    (f"{SECURITY}.transport.ssl.keystore.path", "store"),
    (f"{SECURITY}.transport.ssl.truststore.path", "truststore"),
    (f"{SECURITY}.transport.ssl.trust_restrictions.path", "trust restrictions"),
    (f"{SECURITY}.http.ssl.key", "key"),
    (f"{SECURITY}.http.ssl.certificate", "certificate"),
    (f"{SECURITY}.http.ssl.certificate_authorities", "certificate"),
    (f"transport.profiles.client.{SECURITY}.ssl.key", "key"),
    (f"{SECURITY}.remote_cluster_server.ssl.key", "key"),
    (f"{SECURITY}.remote_cluster_client.ssl.key", "key"),
    ("xpack.http.ssl.key", "key"),
    ("xpack.notification.email.ssl.key", "key"),
    ("xpack.monitoring.exporters.far.ssl.key", "key"),
    ("reindex.ssl.key", "key"),
    (f"{REALMS}.ldap.l.ssl.key", "key"),
    (f"{REALMS}.jwt.j.ssl.truststore.path", "truststore"),
    (f"{REALMS}.pki.p.certificate_authorities", "certificate"),
    (f"{REALMS}.pki.p.truststore.path", "truststore"),
    ("xpack.ssl.key", "key"),
    (f"{SECURITY}.ssl.key", "key"),
    (f"{REALMS}.ldap.l.files.role_mapping", "role mapping"),
    (f"{REALMS}.saml.s.idp.metadata.path", "metadata"),
    (f"{REALMS}.saml.s.signing.key", "key"),
    (f"{REALMS}.saml.s.signing.certificate", "certificate"),
    (f"{REALMS}.saml.s.signing.keystore.path", "store"),
    (f"{REALMS}.saml.s.encryption.key", "key"),
    (f"{REALMS}.oidc.o.op.jwkset_path", "metadata"),
    (f"{REALMS}.jwt.j.pkc_jwkset_path", "metadata"),
    (f"{REALMS}.kerberos.k.keytab.path", "keytab"),
    (f"{REALMS}.ldap1.files.role_mapping", "role mapping"),
    (f"{REALMS}.ldap1.ssl.key", "key"),
    (f"{REALMS}.saml1.signing.key", "key"),
    (f"{REALMS}.saml1.encryption.keystore.path", "store"),
    (f"{REALMS}.pki1.truststore.path", "truststore"),
    (f"{REALMS}.pki1.certificate_authorities", "certificate"),
    (f"{REALMS}.kerberos1.keytab.path", "keytab"),
]


class TestWhatSettingsName:
    @pytest.mark.parametrize(("key", "kind"), NAMING, ids=[row[0] for row in NAMING])
    def test_each_setting_is_known(self, node_dir, key, kind):
        (node_dir / "named").touch()
        file = of(node_dir, "config/named", {key: "named"})
        assert (file.kind, file.settings) == (kind, (key,))
        assert file.is_confidential is (kind in ("key", "store", "keytab"))

    def test_a_list(self, node_dir):
        text = 'reindex.ssl.certificate_authorities: ["a.pem", "b.pem"]\n'
        (node_dir / "elasticsearch.yml").write_text(text)
        for name in ("a.pem", "b.pem"):
            (node_dir / name).touch()
            assert of(node_dir, f"config/{name}").settings

    @pytest.mark.parametrize("case", cases("backup", only=lambda case: "settings" in case.given))
    def test_the_reference(self, tmp_path, case):
        (tmp_path / "certs").mkdir()
        (tmp_path / case.expect["file"]).touch()
        (setting,) = case.given["settings"]
        file = of(tmp_path, f"config/{case.expect['file']}", case.given["settings"])
        assert file.settings == (setting,)

    def test_outside_by_its_whole_path(self, node_dir, tmp_path):
        path = tmp_path / "pki" / "node.key"
        path.parent.mkdir()
        path.touch()
        settings = {"reindex.ssl.key": str(path)}
        file = of(node_dir, f"outside{path}", settings)
        assert (file.path, file.kind, file.is_confidential) == (str(path), "key", True)
        assert found(node_dir, settings) == [("BACKUP3", "warning", "../pki/node.key")]

    def test_through_a_directory_that_is_a_link(self, node_dir, tmp_path):
        (node_dir / "certs").rename(tmp_path / "pki")
        (node_dir / "certs").symlink_to(tmp_path / "pki")
        names = {file.name for file in inventory(node_dir).files}
        assert f"outside{tmp_path}/pki/http.p12" in names
        assert f"outside{tmp_path}/pki/http_ca.crt" not in names
        assert of(node_dir, "config/certs").target == str(tmp_path / "pki")
        assert ("BACKUP2", "warning", "certs") in found(node_dir)

    def test_missing(self, node_dir):
        settings = {"reindex.ssl.key": "none.key"}
        assert found(node_dir, settings) == [("BACKUP4", "warning", "none.key")]

    def test_missing_where_nobody_needs_it(self, node_dir):
        settings = {f"{REALMS}.pki.p.truststore.path": "none", f"{REALMS}.pki.p.enabled": "false"}
        assert found(node_dir, settings) == []

    def test_a_directory(self, node_dir):
        settings = {"reindex.ssl.key": "certs"}
        assert found(node_dir, settings) == [("BACKUP6", "warning", "certs")]

    def test_a_link_in_circles(self, node_dir):
        (node_dir / "circle").symlink_to("circle")
        settings = {"reindex.ssl.key": "circle"}
        assert found(node_dir, settings) == [("BACKUP5", "error", "circle")]

    @pytest.mark.parametrize("key", [f"{REALMS}.saml.s.idp.metadata.path", "reindex.ssl.key"])
    def test_a_placeholder_that_nobody_knows(self, node_dir, key):
        assert found(node_dir, {key: "${NOBODY_KNOWS}/a"}) == [("BACKUP7", "warning", None)]

    def test_settings_that_cannot_be_read(self, node_dir):
        (node_dir / "elasticsearch.yml").write_text("a: [\n")
        assert found(node_dir) == [("BACKUP7", "error", "elasticsearch.yml")]

    @pytest.mark.parametrize("url", ["https://bob:geheim@idp/metadata", "http://idp"])
    def test_a_url_is_told_without_what_may_be_secret_in_it(self, node_dir, url):
        (finding,) = inventory(node_dir, {f"{REALMS}.saml.s.idp.metadata.path": url}).findings
        assert (finding.code, finding.severity) == ("BACKUP8", "info")
        assert "idp/" not in str(finding)
        assert "geheim" not in str(finding)

    def test_a_url_of_a_file_is_a_file(self, node_dir):
        (node_dir / "idp meta.xml").touch()
        setting = {f"{REALMS}.saml.s.idp.metadata.path": f"file://{node_dir}/idp%20meta.xml"}
        assert of(node_dir, "config/idp meta.xml", setting).kind == "metadata"

    @pytest.mark.parametrize(
        "settings",
        [{"path.repo": "/mnt/backups"}, {f"{REALMS}.kerberos.k.keytab.path": "certs/http_ca.crt"}],
        ids=["repository", "kerberos"],
    )
    def test_what_belongs_to_a_restore_and_is_elsewhere(self, node_dir, settings):
        assert found(node_dir, settings) == [("BACKUP8", "info", None)]


class TestLinks:
    def test_as_kubernetes_mounts(self, node_dir):
        (node_dir / "..v1").mkdir()
        (node_dir / "users").rename(node_dir / "..v1" / "users")
        (node_dir / "..data").symlink_to("..v1")
        (node_dir / "users").symlink_to("..data/users")
        link = of(node_dir, "config/users")
        assert (link.form, link.target, link.kind) == ("link", "..data/users", "users")
        assert of(node_dir, "config/..v1/users").is_confidential
        assert {row[0] for row in found(node_dir)} == {"BACKUP1"}

    def test_out_of_the_directory(self, node_dir, tmp_path):
        (node_dir / "users").rename(tmp_path / "users")
        (node_dir / "users").symlink_to(tmp_path / "users")
        file = of(node_dir, f"outside{tmp_path}/users")
        assert (file.kind, file.is_confidential) == ("users", True)
        assert found(node_dir) == [("BACKUP2", "warning", "users")]

    def test_that_a_setting_names_too(self, node_dir, tmp_path):
        (tmp_path / "a.pem").touch()
        (node_dir / "a.pem").symlink_to(tmp_path / "a.pem")
        settings = {"reindex.ssl.key": "a.pem"}
        assert of(node_dir, f"outside{tmp_path}/a.pem", settings).kind == "key"
        assert of(node_dir, "config/a.pem", settings).settings == ("reindex.ssl.key",)
        assert found(node_dir, settings) == [("BACKUP2", "warning", "a.pem")]

    def test_to_nowhere(self, node_dir):
        (node_dir / "gone").symlink_to("nothing")
        assert found(node_dir) == [("BACKUP4", "warning", "gone")]

    def test_to_the_directory_itself(self, node_dir, tmp_path):
        alias = tmp_path / "alias"
        alias.symlink_to(node_dir)
        real = {file.name for file in inventory(node_dir).files}
        assert {file.name for file in inventory(alias).files} == real
        assert of(alias, "config/certs/http.p12").settings

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a link to somebody else")
    def test_of_another_user_is_not_followed(self, node_dir, tmp_path):
        (node_dir / "shadow").symlink_to("/etc/shadow")
        os.lchown(node_dir / "shadow", 12345, 12345)
        assert ("BACKUP5", "error", "shadow") in found(node_dir)
        assert of(node_dir, "outside/etc/shadow") is None


class TestWhatCannotBeRead:
    @pytest.fixture
    def refused(self, monkeypatch):
        """Refuse to read a file, as the system does for another user than root."""
        paths = set()
        real = os.access
        monkeypatch.setattr(
            module.os, "access", lambda path, *args, **kw: path not in paths and real(path, *args)
        )
        return paths

    def test_a_file(self, node_dir, refused):
        refused.add(str(node_dir / "elasticsearch.keystore"))
        assert found(node_dir) == [("BACKUP5", "error", "elasticsearch.keystore")]
        assert of(node_dir, "config/elasticsearch.keystore") is None

    def test_a_file_that_settings_name(self, node_dir, refused):
        refused.add(str(node_dir / "certs" / "http.p12"))
        assert found(node_dir) == [("BACKUP5", "error", "certs/http.p12")]

    @pytest.mark.parametrize("call", ["listdir", "lstat"])
    def test_a_directory_and_its_files(self, node_dir, monkeypatch, call):
        real = getattr(os, call)

        def failing(path, *args, **kw):
            if str(path).startswith(str(node_dir / "jvm.options.d")):
                raise PermissionError(13, "Permission denied")
            return real(path, *args, **kw)

        monkeypatch.setattr(module.os, call, failing)
        (row,) = found(node_dir)
        assert row == ("BACKUP5", "error", "jvm.options.d")

    def test_the_whole_directory(self, node_dir, monkeypatch):
        def failing(path):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(module.os, "listdir", failing)
        with pytest.raises(FileRealmError, match="Permission denied while listing it"):
            inventory(node_dir)

    @pytest.mark.parametrize("kind", ["pipe", "socket"])
    def test_what_is_no_file(self, node_dir, kind):
        path = node_dir / "odd"
        if kind == "pipe":
            os.mkfifo(path)
        else:
            with socket.socket(socket.AF_UNIX) as one:
                here = os.open(".", os.O_RDONLY)
                os.chdir(node_dir)
                one.bind("odd")
                os.chdir(here)
                os.close(here)
        assert found(node_dir) == [("BACKUP6", "warning", "odd")]
        assert of(node_dir, "config/odd") is None


#: What a case calls confidential, as a file and the setting that names it, if one does.
CONFIDENTIAL = {
    "elasticsearch.keystore": ("elasticsearch.keystore", None),
    "TLS keys": ("tls.pem", f"{SECURITY}.http.ssl.key"),
    "SAML private keys": ("saml.pem", f"{REALMS}.saml.s.signing.key"),
    "OIDC private keys": ("oidc.pem", f"{REALMS}.oidc.o.ssl.key"),
    "Kerberos private keys": ("es.bin", f"{REALMS}.kerberos.k.keytab.path"),
}


@pytest.mark.parametrize("case", cases("backup", only=lambda case: "confidential" in case.expect))
def test_the_reference_of_confidential_files(node_dir, case):
    assert set(case.expect["confidential"]) == set(CONFIDENTIAL)
    for name, key in CONFIDENTIAL.values():
        (node_dir / name).touch()
        assert of(node_dir, f"config/{name}", {key: name} if key else None).is_confidential


@pytest.mark.parametrize(
    "case", cases("backup", only=lambda case: "nodes_to_back_up" in case.expect)
)
def test_the_reference_of_the_scope(node_dir, case):
    """Each node is a backup of its own, and nothing asks for a part of one."""
    (create,) = (each for each in every_command() if each.name == "backup create")
    assert case.expect == {"nodes_to_back_up": 3, "security_only_possible": False}
    assert create.run_all == ""
    assert {option.key for option in create.options} & {"only", "exclude", "include"} == set()
    assert any("every node" in note for note in create.notes)
    assert "config/log4j2.properties" in {file.name for file in inventory(node_dir).files}


def test_a_realm_of_version_6_that_is_off(node_dir):
    settings = {f"{REALMS}.pki1.truststore.path": "none", f"{REALMS}.pki1.enabled": "false"}
    assert found(node_dir, settings) == []


@pytest.mark.parametrize(
    ("data", "is_so"),
    [
        (b"bob:$2a$10$x", True),
        (b"# x\nbob:{PBKDF2}10000$abc", True),
        (b"a b:$2a$10$x", False),
        (b"see: a:b:$2a$10$x", False),
        (b"path: ${HOME}\nurl:{x}", False),
        (b"x" * 2000 + b":$2a$10$x", True),
    ],
    ids=repr,
)
def test_hashes_of_users_are_found_anywhere(data, is_so):
    assert holds_secrets(data, "other") == is_so
