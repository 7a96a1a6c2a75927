"""What a line says, and when there is one."""

from __future__ import annotations

import errno
import hashlib
import hmac
import json
import os
import pickle
import stat
import subprocess
import sys

import pytest
from crash.kit import Count, Fail, intercepted
from support.hashes import CHEAP_HASH, SHA_HASH
from support.storing import posix

from esfilerealm import UsersTool
from esfilerealm._storage import RealmFolder, Unit, WriteOptions
from esfilerealm.audit import AuditLog, chosen_log, verify
from esfilerealm.errors import AuditLogError, FileRealmError, LockTimeoutError

KEY = b"k" * 32


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def refused(act, *args):
    with pytest.raises(FileRealmError):
        act(*args)


def test_a_line_tells_who_what_and_which_files(tool, realm, lines):
    before = digest(realm / "users"), digest(realm / "users_roles")
    tool.useradd("jane", password_hash=CHEAP_HASH, roles=["viewer", "superuser"])
    (line,) = lines()
    assert line["seq"] == 1
    assert line["previous"] is None
    assert line["command"] == "UsersTool.useradd"
    assert line["folder"] == str(realm)
    assert line["changes"] == {"added": {"jane": ["viewer", "superuser"]}}
    assert line["who"]["pid"] == os.getpid()
    assert line["files"] == {
        str(realm / "users"): {"before": before[0], "after": digest(realm / "users")},
        str(realm / "users_roles"): {"before": before[1], "after": digest(realm / "users_roles")},
    }


def test_roles_are_told_before_and_after(tool, lines):
    tool.roles("bob", add=["admin"], remove=["viewer"])
    told = {"roles_before": ["viewer"], "roles_after": ["admin"]}
    assert lines()[0]["changes"] == {"role_changes": {"bob": told}}


def test_lines_are_chained(tool, log, lines):
    for role in ("one", "two", "three"):
        tool.roles("bob", add=[role])
    told = lines()
    assert [line["seq"] for line in told] == [1, 2, 3]
    assert [line["previous"] for line in told] == [None, told[0]["hash"], told[1]["hash"]]
    for raw, line in zip(log.read_bytes().splitlines(), told, strict=True):
        body = raw[: raw.rindex(b',"hash"')]
        assert line["hash"] == hashlib.sha256(body).hexdigest()


def test_a_key_seals_lines(realm, log, lines):
    UsersTool(realm, audit=log, audit_key=KEY).roles("bob", add=["admin"])
    raw = log.read_bytes()
    body = raw[: raw.rindex(b',"hash"')]
    assert lines()[0]["hash"] == hmac.digest(KEY, body, "sha256").hex()
    assert lines()[0]["key"] is not None


def test_a_key_may_be_in_a_file(realm, log, tmp_path, monkeypatch):
    (tmp_path / "key").write_bytes(KEY + b"\n")
    monkeypatch.setenv("ESFILEREALM_AUDIT", str(log))
    monkeypatch.setenv("ESFILEREALM_AUDIT_KEY", str(tmp_path / "key"))
    UsersTool(realm).roles("bob", add=["admin"])
    UsersTool(realm, audit=log, audit_key=KEY).roles("bob", add=["viewer", "other"])
    assert len(log.read_bytes().splitlines()) == 2


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(lambda tool: tool.roles("bob", add=["viewer"]), id="nothing changes"),
        pytest.param(lambda tool: tool.init(), id="nothing is missing"),
        pytest.param(lambda tool: tool.recover(), id="nothing to recover"),
        pytest.param(lambda tool: tool.list_users(), id="only read"),
        pytest.param(lambda tool: refused(tool.userdel, "nobody"), id="an error"),
    ],
)
def test_without_a_change_there_is_no_line(tool, log, act):
    act(tool)
    assert not log.exists()


def test_a_dry_run_leaves_no_line(realm, log):
    UsersTool(realm, audit=log, dry_run=True).userdel("bob")
    assert not log.exists()


def test_an_exception_in_the_block_leaves_no_line(tool, log):
    with pytest.raises(ZeroDivisionError), tool.transaction() as change:
        change.userdel("bob")
        raise ZeroDivisionError
    assert not log.exists()


class TestFaults:
    def test_a_change_that_fails_is_taken_back(self, tool, log, realm, monkeypatch):
        tool.roles("bob", add=["one"])
        before = log.read_bytes(), (realm / "users").read_bytes()
        from esfilerealm._storage import system

        real = system.rename

        def rename(old, new, **more):
            if os.path.basename(new) == "users":
                raise OSError(errno.EIO, "broken")
            real(old, new, **more)

        monkeypatch.setattr(system, "rename", rename)
        with pytest.raises(FileRealmError):
            tool.userdel("bob")
        assert (log.read_bytes(), (realm / "users").read_bytes()) == before

    @posix
    def test_the_log_may_only_grow(self, tool, log, lines, monkeypatch):
        """As with ``chattr +a``: it says that the change was not made."""
        tool.roles("bob", add=["one"])
        from esfilerealm._storage import system

        real = system.rename

        def rename(old, new, **more):
            if os.path.basename(new) == "users":
                raise OSError(errno.EIO, "broken")
            real(old, new, **more)

        def ftruncate(*_):
            raise PermissionError(errno.EPERM, "append only")

        monkeypatch.setattr(system, "rename", rename)
        monkeypatch.setattr(system, "ftruncate", ftruncate)
        with pytest.raises(FileRealmError):
            tool.userdel("bob")
        assert [(line["seq"], line.get("taken_back")) for line in lines()] == [
            (1, None),
            (2, None),
            (3, 2),
        ]

    @pytest.mark.parametrize(
        "make",
        [
            pytest.param(lambda log: log.mkdir(), id="a directory"),
            pytest.param(lambda log: os.mkfifo(str(log)), id="a pipe", marks=posix),
            pytest.param(lambda log: log.write_text("other\n"), id="another file"),
            pytest.param(lambda log: log.write_text("other"), id="another file, one line"),
            pytest.param(lambda log: log.symlink_to(log.parent / "no" / "where"), id="dangling"),
            pytest.param(
                lambda log: (log.write_text(""), os.link(log, f"{log}2")), id="a second name"
            ),
        ],
    )
    def test_what_is_no_log_refuses_the_change(self, tool, log, realm, make):
        make(log)
        before = (realm / "users").read_bytes()
        content = log.read_bytes() if log.is_file() else None
        with pytest.raises(FileRealmError, match=r"\[.*audit\.log") as found:
            tool.userdel("bob")
        assert (realm / "users").read_bytes() == before
        assert content is None or log.read_bytes() == content
        assert isinstance(found.value, AuditLogError)
        assert not log.with_name("audit.log.lock").exists()
        assert "nothing was changed" in str(found.value)

    @pytest.mark.parametrize("name", ["users", "roles.yml", "users.journal", "role_mapping.yml"])
    def test_a_file_of_the_realm_is_no_log(self, realm, name):
        before = {path.name: path.read_bytes() for path in realm.iterdir()}
        with pytest.raises(AuditLogError, match=r"name another file|names a file of the realm"):
            UsersTool(realm, audit=realm / name).userdel("bob")
        left = {path.name: path.read_bytes() for path in realm.iterdir()}
        assert {name: data for name, data in left.items() if ".lock" not in name} == before

    def test_a_directory_that_is_missing_is_named(self, realm, tmp_path):
        with pytest.raises(AuditLogError, match=r"its directory \[.*/none\] does not exist"):
            UsersTool(realm, audit=tmp_path / "none" / "audit.log").userdel("bob")

    def test_a_log_may_lie_in_the_directory_of_the_realm(self, realm):
        UsersTool(realm, audit=realm / "audit.log").userdel("bob")
        UsersTool(realm, audit=realm / "audit.log").userdel("al")
        assert len((realm / "audit.log").read_bytes().splitlines()) == 2

    def test_a_link_is_followed(self, tool, log, tmp_path):
        (tmp_path / "elsewhere").mkdir()
        log.symlink_to(tmp_path / "elsewhere" / "real.log")
        tool.userdel("bob")
        assert log.is_symlink()
        assert len((tmp_path / "elsewhere" / "real.log").read_bytes().splitlines()) == 1

    def test_a_full_disk_refuses_the_change(self, tool, log, realm):
        tool.roles("bob", add=["one"])
        before = log.read_bytes(), (realm / "users").read_bytes()
        from esfilerealm._storage import system

        real = system.write

        def write(descriptor, data):
            if bytes(data).startswith(b'{"version":1,"seq"'):
                real(descriptor, data[:20])
                raise OSError(errno.ENOSPC, "No space left on device")
            return real(descriptor, data)

        system.write = write
        try:
            with pytest.raises(AuditLogError, match="No space left"):
                tool.userdel("bob")
        finally:
            system.write = real
        assert (log.read_bytes(), (realm / "users").read_bytes()) == before

    def test_a_torn_line_is_removed(self, tool, log, lines):
        """Its writer was killed before it made the change."""
        tool.roles("bob", add=["one"])
        whole = log.read_bytes()
        log.write_bytes(whole + whole[:40])
        tool.roles("bob", add=["two"])
        assert [line["seq"] for line in lines()] == [1, 2]

    def test_a_torn_line_stays_if_the_log_may_only_grow(self, tool, log, monkeypatch):
        tool.roles("bob", add=["one"])
        whole = log.read_bytes()
        torn = whole[:40]
        log.write_bytes(whole + torn)
        from esfilerealm._storage import system

        def ftruncate(*_):
            raise PermissionError(errno.EPERM, "append only")

        monkeypatch.setattr(system, "ftruncate", ftruncate)
        tool.roles("bob", add=["two"])
        first, second, third = log.read_bytes().splitlines()
        assert second == torn
        told = json.loads(third)
        assert told["torn"] == hashlib.sha256(torn).hexdigest()
        assert told["previous"] == json.loads(first)["hash"]

    def test_another_key_is_refused(self, tool, realm, log):
        tool.userdel("al")
        with pytest.raises(AuditLogError, match="sealed with no key"):
            UsersTool(realm, audit=log, audit_key=KEY).userdel("bob")

    def test_a_lock_that_is_held(self, realm, log):
        UsersTool(realm, audit=log).userdel("al")
        from esfilerealm._storage import AppendedFile

        with AppendedFile(str(log), str(realm), lock_timeout=1, allow_local_lock=False):
            with pytest.raises(LockTimeoutError, match=r"audit\.log\.lock"):
                UsersTool(realm, audit=log, lock_timeout=0).userdel("bob")
        UsersTool(realm, audit=log).userdel("bob")

    @pytest.mark.parametrize(
        ("key", "reason"),
        [
            pytest.param(b"short", "at least", id="too short"),
            pytest.param("/nowhere/key", "no such file", id="missing"),
            pytest.param("/", "not a regular file", id="a directory"),
        ],
    )
    def test_a_key_that_cannot_be_used(self, realm, log, key, reason):
        with pytest.raises(AuditLogError, match=reason):
            UsersTool(realm, audit=log, audit_key=key).userdel("bob")
        assert "bob" in UsersTool(realm).list_users()

    def test_an_empty_path(self, realm):
        with pytest.raises(AuditLogError, match="empty"):
            UsersTool(realm, audit="")


@posix
def test_a_new_log_is_private(tool, log):
    tool.userdel("bob")
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_appending_does_not_read_the_whole_file(tool, log):
    tool.roles("bob", add=["one"])
    with log.open("r+b") as file:  # a hole of a gigabyte, and a last line of ours
        line = file.read()
        file.truncate(2**30)
        file.seek(0, os.SEEK_END)
        file.write(b"\n" + line)
    from esfilerealm._storage import system

    read = []
    real = system.read
    system.read = lambda descriptor, size: read.append(size) or real(descriptor, size)
    try:
        tool.roles("bob", add=["two"])
    finally:
        system.read = real
    assert sum(read) < 2**20


@pytest.mark.parametrize("name", ["audit.log.1", "audit.log-20261130", "audit-20261130.log"])
def test_a_new_file_goes_on_where_the_rotated_one_ends(tool, log, lines, name):
    tool.roles("bob", add=["one"])
    (last,) = lines()
    log.rename(log.parent / name)
    (log.parent / "audit.log.2.gz").write_bytes(b"\x1f\x8b")
    tool.roles("bob", add=["two"])
    (first,) = lines()
    assert (first["seq"], first["previous"]) == (2, last["hash"])


def test_two_realms_share_a_log(realm, log, lines, tmp_path):
    other = tmp_path / "other"
    UsersTool(other, audit=log).init()
    UsersTool(realm, audit=log).userdel("bob")
    assert [line["folder"] for line in lines()] == [str(other), str(realm)]
    assert lines()[1]["previous"] == lines()[0]["hash"]


def test_a_writer_of_contents_needs_no_names(realm, log, lines):
    """As the restore of a backup: the users are found by comparing the contents."""
    options = WriteOptions(audit=chosen_log(log))
    folder = RealmFolder(realm)
    with folder.locked(options):
        files = folder.read()
        contents = [
            (files.users_roles, b"admin:bob,new\n"),
            (files.users, f"bob:{SHA_HASH}\nnew:{CHEAP_HASH}\n".encode()),
        ]
        folder.commit(Unit(files, contents), options)
    assert lines()[0]["changes"] == {
        "added": {"new": ["admin"]},
        "removed": ["al"],
        "passwords": ["bob"],
        "role_changes": {"bob": {"roles_before": ["viewer"], "roles_after": ["admin"]}},
    }


def test_the_command_may_be_named(realm, log, lines):
    audit = AuditLog(log, command="useradd", options=["roles=viewer", "password-stdin"])
    UsersTool(realm, audit=audit).userdel("bob")
    assert (lines()[0]["command"], lines()[0]["options"]) == (
        "useradd",
        ["roles=viewer", "password-stdin"],
    )


def test_a_line_longer_than_what_is_read_at_once(realm, log, lines):
    tool = UsersTool(realm, audit=log)
    with tool.transaction() as change:
        for number in range(1500):
            change.useradd(f"user-{number}", password_hash=CHEAP_HASH)
    tool.userdel("bob")
    first, second = lines()
    assert second["previous"] == first["hash"]


def test_a_last_line_that_never_ends(tool, log, realm, monkeypatch):
    from esfilerealm._storage import appended

    monkeypatch.setattr(appended, "_LONGEST", 2**16)
    log.write_bytes(b'{"version":1,"seq":' + b"x" * 2**18)
    with pytest.raises(AuditLogError, match="its last line has more than"):
        tool.userdel("bob")


@posix
def test_a_rotated_name_that_is_no_log_is_passed_over(tool, log, lines):
    log.with_name("audit.log.1").write_text("something else\n")
    os.mkfifo(log.with_name("audit.log.2"))
    tool.userdel("bob")
    assert lines()[0]["seq"] == 1


def test_what_the_kernel_knows_of_the_login(tool, lines, tmp_path, monkeypatch):
    from esfilerealm.audit import actors

    for content in ("1000", "4294967295", "nothing"):
        (tmp_path / "loginuid").write_text(content)
        monkeypatch.setattr(actors, "_LOGIN", str(tmp_path / "loginuid"))
        tool.roles("bob", add=[content])
    assert [line["who"].get("login_uid") for line in lines()] == [1000, None, None]


def test_a_user_without_a_name(tool, lines, monkeypatch):
    from esfilerealm.audit import actors

    monkeypatch.setattr(actors, "_name", lambda _: None)
    monkeypatch.delattr(os, "uname", raising=False)
    monkeypatch.setenv("COMPUTERNAME", "PC")
    tool.userdel("bob")
    assert (lines()[0]["who"]["user"], lines()[0]["host"]) == (None, "PC")


def test_a_system_without_user_numbers(monkeypatch):
    from esfilerealm.audit import actors

    monkeypatch.delattr(os, "geteuid", raising=False)
    monkeypatch.setenv("USERNAME", "jane")
    assert actors.who()["user"] == "jane"
    assert "uid" not in actors.who()
    assert actors._name(2**31 - 7) is None


def test_no_such_name():
    from esfilerealm import audit

    with pytest.raises(AttributeError, match="nothing"):
        audit.nothing  # noqa: B018 - the access is what is tested


def test_a_line_that_cannot_be_taken_back_is_logged(tool, log, monkeypatch, caplog):
    """The log may only grow, and the disk is full by now."""
    from esfilerealm._storage import system

    tool.roles("bob", add=["one"])
    real_rename, real_write = system.rename, system.write

    def rename(old, new, **more):
        if os.path.basename(new) == "users":
            monkeypatch.setattr(system, "write", write)
            raise OSError(errno.EIO, "broken")
        real_rename(old, new, **more)

    def write(descriptor, data):
        if b"taken_back" in bytes(data):
            raise OSError(errno.ENOSPC, "full")
        return real_write(descriptor, data)

    def ftruncate(*_):
        raise PermissionError(errno.EPERM, "append only")

    monkeypatch.setattr(system, "rename", rename)
    monkeypatch.setattr(system, "ftruncate", ftruncate)
    with pytest.raises(FileRealmError):
        tool.userdel("bob")
    assert "tells of a change that failed" in caplog.text


@posix
def test_two_realms_share_a_log_from_several_processes(realm, log, tmp_path):
    """Each line follows the one before, whoever writes it."""
    other = tmp_path / "other"
    UsersTool(other).init()
    program = (
        "import sys; from esfilerealm import UsersTool\n"
        "tool = UsersTool(sys.argv[1], audit=sys.argv[2])\n"
        "for number in range(5):\n"
        "    tool.useradd(f'{sys.argv[3]}-{number}', password_hash=sys.argv[4])\n"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", program, folder, log, name, CHEAP_HASH])
        for folder, name in ((realm, "a"), (other, "b"), (realm, "c"))
    ]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    result = verify(log, folders=[realm, other])
    assert (result.problems, result.line_count) == ((), 15)


def test_sudo_is_told(tool, lines, monkeypatch):
    monkeypatch.setenv("SUDO_USER", "jane")
    monkeypatch.setenv("SUDO_UID", "1000")
    tool.userdel("bob")
    assert lines()[0]["who"]["sudo_user"] == "jane"
    assert lines()[0]["who"]["sudo_uid"] == "1000"


def test_a_log_shows_no_key_and_is_not_pickled(log):
    audit = AuditLog(log, KEY)
    assert repr(audit) == f"<AuditLog {str(log)!r}, with a key>"
    with pytest.raises(TypeError, match="key"):
        pickle.dumps(audit)


def test_whatever_call_fails_a_line_stands_for_its_change(tool, log, realm, lines):
    """Each call of a write fails, one after the other: it is made and noted, or neither."""
    tool.roles("bob", add=["first"])
    count = Count()
    with intercepted(count):
        tool.roles("bob", add=["counted"])
    for at in range(1, len(count.names) + 1, 3):  # tests/crash has all of those that change
        users, before = (realm / "users_roles").read_bytes(), log.read_bytes()
        try:
            with intercepted(Fail(at, errno.EIO)):
                tool.roles("bob", add=[f"role-{at}"])
        except FileRealmError:
            assert ((realm / "users_roles").read_bytes(), log.read_bytes()) == (users, before)
        else:
            assert lines()[-1]["files"][str(realm / "users_roles")]["after"] == digest(
                realm / "users_roles"
            )
