"""Putting a backup back."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime, timedelta

import pytest
from crash.kit import Count, Dead, DieAfterRenames, intercepted
from crash.processes import open_place
from support.hashes import CHEAP_HASH
from support.storing import OTHER_HASH, STRANGER, acting_as, posix, root
from unit.backup.test_order import assert_nobody_gains, rights

from esfilerealm import UsersTool
from esfilerealm._ground import moments
from esfilerealm.audit import AuditLog, verify
from esfilerealm.backup import create_backup, restore_backup, verify_backup
from esfilerealm.backup.order import WATCHED
from esfilerealm.errors import (
    BackupError,
    BackupSignatureError,
    FileAccessError,
    FilePermissionError,
)
from esfilerealm.keystore import Keystore

pytestmark = posix

FILES = {
    "users": f"bob:{CHEAP_HASH}\nann:{CHEAP_HASH}\n",
    "users_roles": "superuser:bob\nviewer:ann,bob\n",
    "roles.yml": "viewer:\n  cluster: [monitor]\n",
    "role_mapping.yml": "viewer: ['cn=x']\n",
    "service_tokens": "elastic/fleet-server/one:{PBKDF2}x\n",
    "elasticsearch.yml": "node.name: node-1\n",
    "elasticsearch.keystore": "keys",
    "log4j2.properties": "status = error\n",
    "certs/http.p12": "key",
    "jvm.options.d/heap.options": "-Xmx1g\n",
}


@pytest.fixture
def node(tmp_path):
    """Return a directory with files of every scope, with modes of their own."""
    folder = tmp_path / "config"
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o640)
    (folder / "empty").mkdir(mode=0o700)
    folder.chmod(0o2750)
    (folder / "certs").chmod(0o2750)
    return folder


@pytest.fixture
def restore(node, place):
    """Return what restores the node as it is now, from a backup that nobody signed."""
    verified = backup_of(node, place)
    return lambda **how: restore_backup(verified, node, **{"allow_unsigned": True, **how})


REALMS = {
    "pki.p": {"truststore.path": "trust/ca.p12", "files.role_mapping": "mapping.yml"},
    "saml.s": {"idp.metadata.path": "saml/idp.xml", "signing.key": "saml/sign.key"},
    "oidc.o": {"op.jwkset_path": "oidc/keys.json"},
    "jwt.j": {"pkc_jwkset_path": "jwt/keys.json"},
    "kerberos.k": {"keytab.path": "es.keytab"},
}


def make_node(folder):
    """Make a directory as automatic configuration leaves it, with realms of five types."""
    named = {
        f"xpack.security.authc.realms.{realm}.{key}": path
        for realm, settings in REALMS.items()
        for key, path in settings.items()
    }
    named["xpack.security.http.ssl.keystore.path"] = "certs/http.p12"
    named["xpack.security.transport.ssl.truststore.path"] = "certs/transport.p12"
    for path in (*named.values(), "certs/http_ca.crt"):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(path)
        (folder / path).chmod(0o640)
    settings = "".join(f"{key}: {path}\n" for key, path in named.items())
    (folder / "elasticsearch.yml").write_text(f"xpack.security.enabled: true\n{settings}")
    store = Keystore.create()
    store.set("a.b", "secret")
    store.save(folder / "elasticsearch.keystore")
    UsersTool(folder).init()
    UsersTool(folder).useradd("bob", password_hash=CHEAP_HASH, roles=["superuser"])
    return folder


def backup_of(node, place):
    return verify_backup(create_backup(node, place, plain=True).path)


def everything(folder):
    """Return mode, owner and content of all there is, but for locks."""
    found = {}
    for path in [folder, *folder.rglob("*")]:
        status = path.lstat()
        content = path.read_bytes() if path.is_file() else b""
        if path.suffix != ".lock":
            name = str(path.relative_to(folder))
            found[name] = (oct(status.st_mode), status.st_uid, status.st_gid, content)
    return found


def spoil(folder):
    """Change one file of each scope and the users, and add some."""
    UsersTool(folder).userdel("ann")
    UsersTool(folder).useradd("new", password_hash=CHEAP_HASH, roles=["superuser"])
    (folder / "certs" / "http.p12").write_text("other")
    (folder / "certs" / "http.p12").chmod(0o600)
    (folder / "roles.yml").write_text("viewer:\n  cluster: [all]\n")
    (folder / "log4j2.properties").unlink()
    shutil.rmtree(folder / "jvm.options.d")


class TestRoundTrip:
    def test_all_is_as_it_was(self, node, restore):
        before = everything(node)
        shutil.rmtree(node)
        result = restore()
        assert everything(node) == before
        assert set(result.written) == set(FILES)
        assert result.created == ("certs", "empty", "jvm.options.d")
        assert result

    @pytest.mark.parametrize("name", sorted(FILES))
    @pytest.mark.parametrize("has_roles", [True, False], ids=["roles", "no roles"])
    def test_one_file_alone(self, node, place, name, has_roles):
        if not has_roles:  # so that no file changes twice
            (node / "role_mapping.yml").unlink()
            (node / "roles.yml").unlink()
            (node / name).write_text(FILES[name])
        verified = backup_of(node, place)
        before = everything(node)
        (node / name).write_text("")
        result = restore_backup(verified, node, allow_unsigned=True)
        assert result.written == (name,)
        assert everything(node) == before

    def test_a_changed_directory(self, node, restore):
        before = everything(node)
        spoil(node)
        restore()
        assert everything(node) == before

    def test_nothing_is_written_if_nothing_differs(self, node, restore):
        stamps = {path: path.stat().st_ino for path in node.rglob("*")}
        result = restore()
        assert not result
        assert set(result.unchanged) == set(FILES)
        assert {path: path.stat().st_ino for path in node.rglob("*")} == stamps | {
            path: path.stat().st_ino for path in node.glob("*.lock")
        }

    @pytest.mark.parametrize("is_there", [True, False])
    def test_a_dry_run_says_the_same_and_writes_nothing(self, node, restore, is_there):
        spoil(node) if is_there else shutil.rmtree(node)
        before = everything(node) if is_there else None
        planned = restore(dry_run=True)
        assert (everything(node) if is_there else node.exists() or None) == before
        made = restore()
        assert planned.written == made.written
        assert planned.users == made.users
        assert planned.is_dry_run

    def test_attributes_alone(self, node, restore):
        (node / "users").chmod(0o600)
        (node / "certs" / "http.p12").chmod(0o600)
        assert restore().written == ("certs/http.p12", "users")
        assert oct((node / "certs" / "http.p12").stat().st_mode) == oct(0o100640)

    def test_a_node_with_realms_of_five_types(self, tmp_path, place):
        """As automatic configuration leaves it, with every file that its realms name."""
        node = make_node(tmp_path / "config")
        verified = backup_of(node, place)
        before = everything(node)
        shutil.rmtree(node)
        result = restore_backup(verified, node, allow_unsigned=True, only="security")
        assert everything(node) == before
        assert Keystore.read(node / "elasticsearch.keystore").string("a.b") == "secret"
        assert result.findings == tuple(f for f in result.findings if f.code == "BACKUP20")

    def test_a_realm_in_its_old_place(self, node, place):
        (node / "x-pack").mkdir()
        for name in ("users", "users_roles", "roles.yml", "role_mapping.yml"):
            (node / name).rename(node / "x-pack" / name)
        verified = backup_of(node, place)
        before = everything(node)
        shutil.rmtree(node)
        restore_backup(verified, node, allow_unsigned=True)
        assert everything(node) == before

    def test_a_directory_without_a_realm(self, node, place):
        (node / "users").unlink()
        (node / "users_roles").unlink()
        verified = backup_of(node, place)
        UsersTool(node).init()
        UsersTool(node).useradd("mine", password_hash=CHEAP_HASH, roles=["viewer"])
        restore_backup(verified, node, allow_unsigned=True)
        assert UsersTool(node).list_users() == {"mine": ("viewer",)}

    @root
    def test_owners(self, node, place):
        os.chown(node / "certs" / "http.p12", STRANGER, STRANGER)
        os.chown(node / "empty", STRANGER, 0)
        verified = backup_of(node, place)
        before = everything(node)
        shutil.rmtree(node)
        restore_backup(verified, node, allow_unsigned=True)
        assert everything(node) == before

    def test_extended_attributes(self, node, place):
        path = node / "certs" / "http.p12"
        try:
            os.setxattr(path, "user.note", b"\0\xff")
        except (AttributeError, OSError):
            pytest.skip("no extended attributes here")
        verified = backup_of(node, place)
        path.unlink()
        restore_backup(verified, node, allow_unsigned=True)
        assert os.getxattr(path, "user.note") == b"\0\xff"

    def test_the_result_as_json(self, node, restore):
        spoil(node)
        told = restore().to_dict()
        assert told["returning"] == ["ann"]
        assert told["removed"] == ["new"]
        assert CHEAP_HASH not in str(told)


class TestScope:
    @pytest.mark.parametrize(
        ("only", "written"),
        [
            ("realm", {"roles.yml", "users", "users_roles"}),
            ("security", {"roles.yml", "users", "users_roles", "certs/http.p12"}),
        ],
    )
    def test_a_part(self, node, restore, only, written):
        spoil(node)
        result = restore(only=only)
        assert set(result.written) == written
        assert not (node / "log4j2.properties").exists()

    def test_no_such_scope(self, restore):
        with pytest.raises(BackupError, match=r"\[users\] cannot be restored: choose realm"):
            restore(only="users")

    def test_files_that_are_not_in_the_backup_stay(self, node, restore):
        (node / "certs" / "mine.p12").write_bytes(b"mine")
        (node / "notes").write_bytes(b"mine")
        assert restore().left_alone == ("certs/mine.p12", "notes")
        assert restore(only="security").left_alone == ("certs/mine.p12",)
        assert (node / "notes").read_bytes() == b"mine"

    def test_a_realm_without_roles_has_none_again(self, node, place):
        (node / "users_roles").unlink()
        verified = backup_of(node, place)
        (node / "users_roles").write_text("superuser:ann\n")
        restore_backup(verified, node, allow_unsigned=True)
        assert UsersTool(node).list_users() == {"ann": (), "bob": ()}

    def test_what_a_node_notices_and_when(self, node, restore):
        spoil(node)
        result = restore()
        assert result.noticed_soon == ("roles.yml", "users", "users_roles")
        assert "certs/http.p12" in result.noticed_at_start


class TestRefusals:
    def test_a_backup_that_nobody_signed(self, node, restore):
        spoil(node)
        before = everything(node)
        with pytest.raises(BackupSignatureError, match="--allow-unsigned"):
            restore(allow_unsigned=False)
        assert everything(node) == before

    def test_a_signed_one_needs_no_more(self, node, place, key, trust):
        verified = verify_backup(create_backup(node, place, sign=key, plain=True).path, trust=trust)
        (node / "users").unlink()
        assert restore_backup(verified, node)

    def test_a_signature_that_was_not_checked_does_not_count(self, node, place, key):
        verified = verify_backup(create_backup(node, place, sign=key, plain=True).path)
        with pytest.raises(BackupSignatureError):
            restore_backup(verified, node)

    def test_a_directory_in_the_place_of_a_file(self, node, restore):
        (node / "certs" / "http.p12").unlink()
        (node / "certs" / "http.p12").mkdir()
        before = everything(node)
        with pytest.raises(FileAccessError, match="not a regular file"):
            restore()
        assert everything(node) == before

    @root
    def test_owners_that_cannot_be_given(self, place):
        """On another uid: refused, or written and told."""
        with open_place() as top:
            top.chmod(0o777)
            node = top / "config"
            node.mkdir()
            (node / "users").write_text(FILES["users"])
            (node / "users").chmod(0o640)
            node.chmod(0o755)
            verified = backup_of(node, place)
            shutil.rmtree(node)
            with acting_as(STRANGER, STRANGER):
                node.mkdir()
                (node / "users").touch()
                with pytest.raises(FilePermissionError, match="cannot set its group"):
                    restore_backup(verified, node, allow_unsigned=True)
                result = restore_backup(verified, node, allow_unsigned=True, attributes="warn")
            found = [finding.message for finding in result.findings if finding.code == "BACKUP43"]
            assert any("owner [0]" in message for message in found)
            assert (node / "users").read_text() == FILES["users"]


class TestUsers:
    def test_who_comes_back_and_who_goes(self, node, restore):
        spoil(node)
        UsersTool(node).passwd("bob", password_hash=OTHER_HASH)
        result = restore()
        assert result.returning == ("ann",)
        assert result.removed == ("new",)
        assert result.users.passwords == ("bob",)

    @pytest.mark.parametrize("is_emergency", [True, False])
    def test_a_user_whose_time_is_over_does_not(self, node, place, monkeypatch, is_emergency):
        tool = UsersTool(node)
        with tool.transaction() as change:
            change.useradd(
                "temp",
                password_hash=CHEAP_HASH,
                roles=["superuser"],
                expires=timedelta(hours=1),
                **({"is_emergency": True} if is_emergency else {}),
            )
        verified = backup_of(node, place)
        tool.userdel("temp")
        if not is_emergency:
            later = moments.Moment(datetime.now(UTC) + timedelta(hours=2), None, None)
            monkeypatch.setattr(moments, "now", lambda: later)
        result = restore_backup(verified, node, allow_unsigned=True)
        assert result.expired == ("temp",)
        assert "temp" not in UsersTool(node).list_users()
        assert b"temp" not in (node / "users_roles").read_bytes()
        assert not (node / "users.accounts").exists()

    def test_a_user_who_is_locked_can_be_unlocked(self, node, place):
        UsersTool(node).lock("ann")
        verified = backup_of(node, place)
        shutil.rmtree(node)
        restore_backup(verified, node, allow_unsigned=True)
        UsersTool(node).unlock("ann")
        assert f"ann:{CHEAP_HASH}" in (node / "users").read_text()

    def test_locks_are_no_passwords(self, node, place, restore):
        UsersTool(node).lock("ann")
        later = backup_of(node, place)
        there = restore().users
        assert (there.unlocked, there.locked, there.passwords) == (("ann",), (), ())
        back = restore_backup(later, node, allow_unsigned=True).users
        assert (back.unlocked, back.locked, back.passwords) == ((), ("ann",), ())

    def test_records_that_the_backup_has_not_go(self, node, restore):
        UsersTool(node).expire("ann", timedelta(hours=1))
        (node / "users.managed").write_text('{"version": 1, "users": ["ann"]}\n')
        restore()
        assert not (node / "users.accounts").exists()
        assert b"ann" not in (node / "users.managed").read_bytes()

    def test_the_list_of_managed_users_comes_back(self, node, place):
        (node / "users.managed").write_text('{"version": 1, "users": ["ann"]}\n')
        verified = backup_of(node, place)
        (node / "users.managed").unlink()
        restore_backup(verified, node, allow_unsigned=True)
        assert b"ann" in (node / "users.managed").read_bytes()

    def test_earlier_versions_are_those_of_the_write(self, node, place):
        UsersTool(node, keep=2).roles("ann", add=["x"])
        verified = backup_of(node, place)
        UsersTool(node).userdel("ann")
        restore_backup(verified, node, allow_unsigned=True)
        UsersTool(node).undo()
        assert "ann" not in UsersTool(node).list_users()


class TestLinks:
    def test_a_realm_elsewhere_is_written_where_it_is(self, node, place, tmp_path):
        (node / "users").rename(tmp_path / "real")
        (node / "users").symlink_to(tmp_path / "real")
        verified = backup_of(node, place)
        (tmp_path / "real").write_text("other:x\n")
        restore_backup(verified, node, allow_unsigned=True)
        assert (node / "users").is_symlink()
        assert (tmp_path / "real").read_text() == FILES["users"]

    def test_not_because_the_backup_says_so(self, node, place, tmp_path):
        """The link is gone: nothing is written where it led."""
        (node / "users").rename(tmp_path / "real")
        (node / "users").symlink_to(tmp_path / "real")
        verified = backup_of(node, place)
        (tmp_path / "real").write_text("other:x\n")
        (node / "users").unlink()
        result = restore_backup(verified, node, allow_unsigned=True)
        assert str(tmp_path / "real") in result.outside
        assert (tmp_path / "real").read_text() == "other:x\n"

    def links(self, result):
        return [os.path.basename(f.path) for f in result.findings if f.code == "BACKUP42"]

    def test_those_that_stay_inside_are_made(self, node, place):
        (node / "certs" / "current.p12").symlink_to("http.p12")
        verified = backup_of(node, place)
        before = everything(node)
        shutil.rmtree(node)
        result = restore_backup(verified, node, allow_unsigned=True)
        assert result.links == ("certs/current.p12",)
        assert everything(node) == before
        again = restore_backup(verified, node, allow_unsigned=True)
        assert not again
        assert self.links(again) == []

    @pytest.mark.parametrize(
        ("name", "target"), [("out", "/etc/passwd"), ("role_mapping.yml", "certs/http.p12")]
    )
    def test_others_are_not(self, node, place, name, target):
        """They lead out, or would give rights at a moment of their own."""
        (node / name).unlink(missing_ok=True)
        (node / name).symlink_to(target)
        verified = backup_of(node, place)
        (node / name).unlink()
        result = restore_backup(verified, node, allow_unsigned=True)
        assert self.links(result) == [name]
        assert not os.path.lexists(node / name)

    def test_what_is_in_the_place_of_one_stays(self, node, place):
        (node / "link").symlink_to("certs")
        verified = backup_of(node, place)
        (node / "link").unlink()
        (node / "link").write_bytes(b"mine")
        assert self.links(restore_backup(verified, node, allow_unsigned=True)) == ["link"]
        assert (node / "link").read_bytes() == b"mine"

    def test_a_directory_that_leads_out_is_named(self, node, restore, tmp_path):
        (node / "certs").rename(tmp_path / "volume")
        (node / "certs").symlink_to(tmp_path / "volume")
        (tmp_path / "volume" / "http.p12").write_bytes(b"other")
        result = restore()
        assert [f.path for f in result.findings if f.code == "BACKUP41"] == [
            str(node / "certs" / "http.p12")
        ]
        assert (tmp_path / "volume" / "http.p12").read_bytes() == b"other"


class TestTold:
    @pytest.mark.parametrize(
        ("name", "other"),
        [
            ("elasticsearch.yml", "elasticsearch.keystore"),
            ("elasticsearch.keystore", "elasticsearch.yml"),
        ],
    )
    def test_settings_and_keystore_belong_together(self, node, place, name, other):
        """The backup has one of both only, and the directory has another one of the other."""
        content = (node / other).read_bytes()
        (node / other).unlink()
        verified = backup_of(node, place)
        (node / other).write_bytes(content)
        (node / name).write_text("changed: true\n")
        result = restore_backup(verified, node, allow_unsigned=True)
        found = [finding for finding in result.findings if finding.code == "BACKUP40"]
        assert [finding.path for finding in found] == [str(node / name)]

    @pytest.mark.parametrize("name", ["elasticsearch.yml", "elasticsearch.keystore"])
    def test_one_of_both_that_had_changed(self, node, restore, name):
        """Both are as in the backup then, so nothing is to be told."""
        (node / name).write_text("changed: true\n")
        assert [each for each in restore().findings if each.code == "BACKUP40"] == []

    def test_the_log_of_changes_has_one_line(self, node, restore, tmp_path):
        spoil(node)
        restore(audit=AuditLog(tmp_path / "log"))
        assert (tmp_path / "log").read_text().count("\n") == 1
        assert CHEAP_HASH not in (tmp_path / "log").read_text()
        restore(audit=AuditLog(tmp_path / "log"))
        assert (tmp_path / "log").read_text().count("\n") == 1


@pytest.mark.parametrize("renames", [3, 5, 8])
def test_the_log_of_changes_explains_what_was_broken_off(node, restore, tmp_path, renames):
    """The recovery names every file, so that a later change of one of them leaves no question."""
    log = tmp_path / "log"
    spoil(node)
    UsersTool(node, audit=log).useradd("eve", password_hash=CHEAP_HASH)
    with pytest.raises(Dead), intercepted(DieAfterRenames(renames)):
        restore(audit=AuditLog(log))
    assert "unmade" in [problem.kind for problem in verify(log, folders=[node]).problems]
    assert UsersTool(node, audit=log).recover().targets
    restore(audit=AuditLog(log))
    assert verify(log, folders=[node]).problems == ()


class TestBrokenOff:
    def contents(self, node):
        paths = {name: node / name for name in WATCHED}
        return {n: path.read_bytes() if path.exists() else b"" for n, path in paths.items()}

    def test_at_each_rename_all_is_as_before(self, node, place, tmp_path):
        """And nobody holds more than before or after, until then and afterwards."""
        verified = backup_of(node, place)
        spoil(node)
        spoiled = everything(node)
        shutil.copytree(node, tmp_path / "spoiled", symlinks=True)
        ends = rights(self.contents(node)), None
        count = Count()
        with intercepted(count):
            restore_backup(verified, node, allow_unsigned=True)
        restored = everything(node)
        ends = ends[0], rights(self.contents(node))
        renames = count.names.count("rename")
        outcomes = set()
        for number in range(1, renames + 1):
            shutil.rmtree(node)
            shutil.copytree(tmp_path / "spoiled", node, symlinks=True)
            shutil.copystat(tmp_path / "spoiled", node)
            with pytest.raises(Dead), intercepted(DieAfterRenames(number)):
                restore_backup(verified, node, allow_unsigned=True)
            assert_nobody_gains(rights(self.contents(node)), *ends)
            UsersTool(node).recover()
            now = everything(node)
            assert now in (spoiled, restored)
            outcomes.add(now == restored)
        assert outcomes == {True, False}
        assert renames > 10
