"""Whole nodes as they are laid out: honest ones raise no alarm, hostile ones keep nobody busy."""

from __future__ import annotations

import os
import stat

import pytest
from crash.layouts import LAYOUTS, NODE, lay_out
from support.check_cases.permissions import need_root
from support.hashes import CHEAP_HASH
from support.pki import made
from support.storing import STRANGER, posix, root
from unit.checks.autoconfiguration.block import GENERATED

from esfilerealm.checks import check
from esfilerealm.checks.access import READ, WRITE, Account, Grant, may
from esfilerealm.checks.entries import Entry
from esfilerealm.checks.node import Node
from esfilerealm.keystore import Keystore

pytestmark = posix

SECURE = {
    "xpack.security.http.ssl.keystore.secure_password": "of-http",
    "xpack.security.transport.ssl.keystore.secure_password": "of-transport",
    "xpack.security.transport.ssl.truststore.secure_password": "of-transport",
    "autoconfiguration.password_hash": CHEAP_HASH,
}


def configured(folder):
    """Lay out a node as automatic configuration leaves it, and return its directory."""
    (folder / "certs").mkdir(parents=True)
    authority = made("HTTP CA", is_authority=True, hosts=())
    transport = made("transport CA", is_authority=True, hosts=())
    stores = {
        "http.p12": made("node-1", authority, purposes=("serverAuth",)).store("of-http", authority),
        "http_ca.crt": authority.pem,
        "transport.p12": made("node-1", transport, hosts=()).store("of-transport", transport),
    }
    for name, content in stores.items():
        (folder / "certs" / name).write_bytes(content)
    for name in ("users", "users_roles", "roles.yml", "role_mapping.yml", "log4j2.properties"):
        (folder / name).touch()
    (folder / "elasticsearch.yml").write_text(GENERATED)
    keystore = Keystore.create()
    for name, value in SECURE.items():
        keystore.set(name, value)
    (folder / "elasticsearch.keystore").write_bytes(keystore.to_bytes())
    for path in folder.rglob("*"):
        path.chmod(0o750 if path.is_dir() else 0o660)
    folder.chmod(0o755)
    return folder


def give(folder, user, group, mode, *, files=0o660, folders=0o750):
    """Give a node to a user and a group."""
    for path in folder.rglob("*"):
        os.chown(path, user, group)
        path.chmod(folders if path.is_dir() else files)
    os.chown(folder, user, group)
    folder.chmod(mode)


def alarms(folder, **options):
    return [
        (finding.code, finding.path and os.path.basename(finding.path), finding.message)
        for finding in check(folder, select=["EFR3", "EFR5", "EFR6"], **options)
        if finding.severity != "info"
    ]


class TestHonest:
    def test_a_default_node(self, tmp_path):
        assert alarms(configured(tmp_path / "config")) == []

    def test_of_a_package(self, tmp_path):
        need_root()
        folder = configured(tmp_path / "config")
        (tmp_path / "var").mkdir()
        os.chown(tmp_path / "var", STRANGER, STRANGER)
        with (folder / "elasticsearch.yml").open("a") as file:
            file.write(f"path.data: {tmp_path / 'var'}\n")
        give(folder, 0, STRANGER, 0o2750, folders=0o2750)
        assert alarms(folder) == []

    @pytest.mark.parametrize("files", [0o660, 0o664])
    def test_of_an_image(self, tmp_path, files):
        need_root()
        folder = configured(tmp_path / "config")
        (tmp_path / "data").mkdir()
        os.chown(tmp_path / "data", NODE, 0)
        give(folder, NODE, 0, 0o775, files=files, folders=0o775)
        assert alarms(folder) == []
        for path in folder.iterdir():
            os.chown(path, 0, 0)
        assert alarms(folder) == []

    @pytest.mark.parametrize("files", [0o660, 0o664])
    def test_in_open_shift(self, tmp_path, files):
        need_root()
        folder = configured(tmp_path / "config")
        give(folder, 0, 0, 0o775, files=files, folders=0o775)
        assert alarms(folder) == []
        os.chown(folder / "users", 1000660000, 0)
        assert alarms(folder) == []

    def test_of_a_user(self, tmp_path):
        need_root()
        folder = configured(tmp_path / "config")
        give(folder, NODE, NODE, 0o750, files=0o600, folders=0o700)
        assert alarms(folder) == []

    @root
    @pytest.mark.parametrize("name", LAYOUTS)
    def test_of_the_field(self, tmp_path, name):
        layout = LAYOUTS[name]
        folder = tmp_path / "config"
        folder.mkdir()
        (folder / "users").write_text(f"bob:{CHEAP_HASH}\n")
        (folder / "users_roles").write_text("viewer:bob\n")
        lay_out(folder, layout)
        found = {(code, what) for code, what, _ in alarms(folder)}
        expected = set()
        if layout.mode & 0o002:
            expected |= {("EFR302", "users"), ("EFR302", "users_roles")}
        if layout.folder.mode & 0o002:
            expected.add(("EFR301", "config"))
        is_open = layout.files.mode & 0o004
        if is_open and (layout.folder.group or layout.folder.mode & 0o022 != 0o020):
            expected.add(("EFR304", "users"))
        assert found == expected


class TestHostile:
    #: A setting for each kind of file, and where it looks for it.
    SETTINGS = (
        "xpack.security.http.ssl.key: {0}\n"
        "xpack.security.http.ssl.certificate: {0}\n"
        "xpack.security.http.ssl.certificate_authorities: [{0}]\n"
        "xpack.security.transport.ssl.keystore.path: {0}\n"
        "xpack.security.transport.ssl.truststore.path: {0}\n"
        "xpack.security.authc.realms.kerberos.k: {{order: 1, keytab.path: {0}}}\n"
        "xpack.security.authc.realms.saml.s: {{order: 2, idp.metadata.path: {0}}}\n"
    )

    @pytest.fixture
    def folder(self, config):
        return config

    def troubles(self, folder, name):
        (folder / "elasticsearch.yml").write_text(self.SETTINGS.format(name))
        return {
            finding.message.removeprefix("not examined: ").partition(";")[0]
            for finding in check(folder, select=["EFR3", "EFR5", "EFR6"])
            if finding.code in ("EFR300", "EFR600")
        }

    def test_a_pipe_keeps_nobody_waiting(self, folder):
        os.mkfifo(folder / "pipe")
        assert self.troubles(folder, "pipe") == {"it is not a regular file"}
        os.mkfifo(folder / "elasticsearch.keystore")
        assert "it is not a regular file" in self.troubles(folder, "pipe")

    def test_a_device_is_not_opened(self, folder, monkeypatch):
        opened = []
        real = os.open

        def watch(path, *arguments, **more):
            opened.append(str(path))
            return real(path, *arguments, **more)

        monkeypatch.setattr(os, "open", watch)
        assert self.troubles(folder, "/dev/zero") == {"it is not a regular file"}
        assert "/dev/zero" not in opened

    def test_a_huge_file_is_not_read_whole(self, folder):
        with (folder / "huge").open("wb") as file:
            file.truncate(2**40)
        assert self.troubles(folder, "huge") == {"it has more than [16777216] bytes"}

    def test_a_loop_of_links(self, folder):
        (folder / "a").symlink_to("b")
        (folder / "b").symlink_to("a")
        (trouble,) = self.troubles(folder, "a")
        assert "without end" in trouble

    @pytest.mark.parametrize("where", ["a link", "a directory on the way"])
    def test_a_link_that_everybody_could_have_made(self, folder, where, monkeypatch):
        secret = folder.parent / "secret"
        secret.mkdir()
        (secret / "node.pem").write_text("secret")
        open_folder = folder / "certs"
        open_folder.mkdir()
        if where == "a link":
            (open_folder / "node.pem").symlink_to(secret / "node.pem")
            name = "certs/node.pem"
        else:
            (open_folder / "deeper").symlink_to(secret)
            name = "certs/deeper/node.pem"
        open_folder.chmod(0o777)
        opened = []
        real = os.open
        monkeypatch.setattr(
            os, "open", lambda path, *rest, **more: opened.append(path) or real(path, *rest, **more)
        )
        assert any("another user" in trouble for trouble in self.troubles(folder, name))
        assert not [path for path in opened if "secret" in str(path)]

    @root
    def test_a_link_of_another_user(self, folder):
        (folder / "link").symlink_to("/etc/passwd")
        os.chown(folder / "link", STRANGER, STRANGER, follow_symlinks=False)
        (trouble,) = self.troubles(folder, "link")
        assert "another user could have made this link" in trouble

    def test_many_directories_within_each_other(self, folder):
        deepest = folder.joinpath(*"d" * 50)
        deepest.mkdir(parents=True)
        (deepest / "users.bak").touch()
        assert not check(folder, select=["EFR342"])

    @root
    def test_a_directory_that_cannot_be_listed(self, folder, monkeypatch):
        (folder / "closed").mkdir()
        real = os.listdir

        def refuse(path):
            if str(path).endswith("closed"):
                raise PermissionError(13, "Permission denied")
            return real(path)

        monkeypatch.setattr(os, "listdir", refuse)
        (finding,) = check(folder, select=["EFR302"])
        assert finding.code == "EFR300"
        assert "Permission denied" in finding.message


def entry(owner=0, group=0, mode=0):
    return Entry("/x", "file", owner, group, mode, 0, 0.0)


class TestRights:
    """By the algorithm of ``acl(5)``: the first entry that is about somebody decides."""

    @pytest.mark.parametrize(
        ("user", "groups", "mode", "expected"),
        [
            (1, (), 0o400, True),
            (1, (2,), 0o044, False),
            (3, (2,), 0o040, True),
            (3, (2,), 0o404, False),
            (3, (4,), 0o004, True),
            (3, (4,), 0o440, False),
            (0, (), 0o000, True),
            (None, (2,), 0o000, True),
        ],
        ids=[
            "owner",
            "owner without the right",
            "group",
            "group without the right",
            "others",
            "others without the right",
            "root",
            "unknown user, who may be the owner",
        ],
    )
    def test_by_mode(self, user, groups, mode, expected):
        account = Account(user, frozenset(groups))
        assert may(account, entry(1, 2, mode), (), READ) is expected

    @pytest.mark.parametrize(
        ("groups", "mode", "expected"),
        [((2,), 0o040, True), ((2,), 0o004, False), ((), 0o004, True), ((), 0o440, False)],
        ids=["group", "group without the right", "others", "others without the right"],
    )
    def test_of_an_unknown_user_to_a_file_of_root(self, groups, mode, expected):
        account = Account(None, frozenset(groups))
        assert may(account, entry(0, 2, mode), (), READ) is expected

    @pytest.mark.parametrize(
        ("user", "groups", "expected"),
        [(7, (), True), (8, (), False), (3, (2,), False), (3, (9,), True), (3, (5,), False)],
        ids=["named user", "named without the right", "owning group", "named group", "others"],
    )
    def test_by_list(self, user, groups, expected):
        grants = (
            Grant("user", 7, READ),
            Grant("user", 8, WRITE),
            Grant("group", 2, 0),
            Grant("group", 9, READ | WRITE),
        )
        account = Account(user, frozenset(groups))
        assert may(account, entry(1, 2, 0o770), grants, READ) is expected


class TestAccount:
    """Whom a node runs as."""

    def account(self, folder):
        return Node(folder).layout.account

    @root
    def test_the_owner_of_the_data(self, config):
        data = config.parent / "data"
        data.mkdir()
        os.chown(data, STRANGER, 4712)
        account = self.account(config)
        assert account.user == STRANGER
        assert 4712 in account.groups

    @root
    def test_somebody_in_the_group_of_the_data_of_root(self, config):
        (config.parent / "data").mkdir()
        os.chown(config.parent / "data", 0, 4712)
        assert self.account(config) == Account(None, frozenset({4712}))

    def test_this_user(self, config, monkeypatch):
        monkeypatch.setattr(os, "geteuid", lambda: 4711)
        assert self.account(config).user == 4711

    @root
    def test_the_owner_of_the_configuration(self, config):
        assert self.account(config) is None
        os.chown(config, STRANGER, 0)
        assert self.account(config).user == STRANGER

    def test_nobody_on_a_system_without_users(self, config, monkeypatch):
        monkeypatch.delattr(os, "geteuid")
        assert self.account(config) is None

    @root
    def test_settings_that_are_broken_name_no_data(self, config):
        (config / "elasticsearch.yml").write_text("a: b: c\n")
        os.chown(config, STRANGER, 0)
        assert self.account(config).user == STRANGER


class TestFixes:
    """A fix takes rights only if the node keeps what it has."""

    def fix(self, folder, code, name):
        found = check(folder, select=[code])
        return {os.path.basename(finding.path): finding.fix for finding in found}[name]

    def test_takes_the_right_to_write(self, config):
        config.chmod(0o777)
        fix = self.fix(config, "EFR301", "config")
        assert (fix.kind, fix.path, fix.mode) == ("set_mode", str(config), 0o775)

    def test_keeps_the_bits_beside_the_rights(self, config):
        config.chmod(0o2777)
        assert self.fix(config, "EFR301", "config").mode == 0o2775

    @root
    def test_leaves_a_node_what_it_has(self, config):
        config.chmod(0o777)
        os.chown(config, STRANGER, STRANGER)
        (config / "users").chmod(0o664)
        (config.parent / "data").mkdir()
        os.chown(config.parent / "data", 4712, 4712)
        assert self.fix(config, "EFR301", "config") is None
        assert self.fix(config, "EFR304", "users") is None
        os.chown(config.parent / "data", STRANGER, STRANGER)
        os.chown(config / "users", STRANGER, 0)
        assert self.fix(config, "EFR301", "config").mode == 0o775
        assert self.fix(config, "EFR304", "users").mode == 0o660

    def test_follows_no_link(self, config):
        config.chmod(0o755)
        (config / "target").touch()
        (config / "target").chmod(0o666)
        (config / "link").symlink_to("target")
        assert self.fix(config, "EFR302", "link") is None
        assert self.fix(config, "EFR302", "target").mode == 0o664

    def test_an_unknown_node_may_need_to_read(self, config, monkeypatch):
        config.chmod(0o755)
        monkeypatch.setattr(os, "geteuid", lambda: 0)
        (config / "users").chmod(0o664)
        if os.stat(config).st_uid == 0:
            assert self.fix(config, "EFR304", "users") is None


class TestTrouble:
    """What the system refuses is told, and stops no rule that needs it not."""

    def test_a_link_behind_which_nobody_may_look(self, config, monkeypatch):
        config.chmod(0o755)
        (config / "link").symlink_to("users")
        (config / "users").chmod(0o666)
        real = os.lstat

        def refuse(path, **more):
            if str(path).endswith("/users") and os.readlink(config / "link") == "users":
                raise PermissionError(13, "Permission denied")
            return real(path, **more)

        monkeypatch.setattr(os, "lstat", refuse)
        assert {finding.code for finding in check(config, select=["EFR302"])} == {"EFR300"}

    def test_a_file_elsewhere_that_nobody_may_examine(self, config, monkeypatch):
        (config / "elasticsearch.yml").write_text("xpack.security.http.ssl.key: /closed/key\n")
        real = os.lstat

        def refuse(path, **more):
            if str(path) == "/closed/key":
                raise PermissionError(13, "Permission denied")
            return real(path, **more)

        monkeypatch.setattr(os, "lstat", refuse)
        (finding,) = check(config, select=["EFR302"])
        assert (finding.code, finding.path) == ("EFR300", "/closed/key")

    @pytest.mark.skipif(not hasattr(os, "getxattr"), reason="no access control lists")
    def test_a_list_that_nobody_may_see_grants_nothing(self, config, monkeypatch):
        def refuse(*_, **__):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(os, "getxattr", refuse)
        assert check(config, select=["EFR306", "EFR302"]) == ()

    def test_a_system_without_lists_and_statistics(self, config, monkeypatch):
        config.chmod(0o777)
        monkeypatch.delattr(os, "getxattr", raising=False)
        monkeypatch.delattr(os, "statvfs", raising=False)
        found = check(config, select=["EFR301", "EFR306"])
        assert [finding.code for finding in found] == ["EFR301"]

    def test_a_system_without_modes_has_no_alarm(self, config, monkeypatch):
        config.chmod(0o777)
        (config / "users").chmod(0o666)
        monkeypatch.delattr(os, "geteuid")
        (finding,) = check(config, select=["EFR3"])
        assert finding.code == "EFR300"
        for code in ("EFR301", "EFR302", "EFR303", "EFR304", "EFR305", "EFR306", "EFR311"):
            assert code in finding.message

    def test_a_file_system_without_statistics(self, config, monkeypatch):
        def refuse(_):
            raise OSError(5, "Input/output error")

        config.chmod(0o777)
        monkeypatch.setattr(os, "statvfs", refuse)
        assert [finding.code for finding in check(config, select=["EFR301"])] == ["EFR301"]


def test_a_read_only_file_system_is_writable_for_nobody(config, monkeypatch):
    config.chmod(0o777)
    real = os.statvfs

    class ReadOnly:
        f_flag = os.ST_RDONLY

    monkeypatch.setattr(os, "statvfs", lambda _: ReadOnly)
    assert check(config, select=["EFR301"]) == ()
    monkeypatch.setattr(os, "statvfs", real)
    assert stat.S_IMODE(config.stat().st_mode) == 0o777
    assert check(config, select=["EFR301"])
