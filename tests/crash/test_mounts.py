"""Real mounts, links and rights: what cannot be written is refused, and left as it was."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from contextlib import suppress

import pytest
from crash.kit import Count, Dead, intercepted, snapshot
from crash.mounts import bind, make_read_only, mount_memory, with_own_mounts
from crash.processes import STRANGERS, as_somebody_else, command, open_place
from crash.scenarios import USERS, USERS_ROLES, realm, realm_with_versions
from support.hashes import CHEAP_HASH, SHA_HASH
from support.storing import STRANGER, Trace, contents, posix, root

from esfilerealm import UsersTool
from esfilerealm._storage import RealmFolder
from esfilerealm.cli.exits import CONFIGURATION, DATA, IO, NO_PERMISSION, OK
from esfilerealm.errors import ConfigurationFileMissingError, FileAccessError, FilePermissionError

pytestmark = posix

PAGE = 4096
PAGES = 16

#: Who owned the files that a stranger writes.
THIRD = 4715

#: For fixtures and tests that are about a folder with and without a lock file in it.
LOCK_IDS = {False: "no lock yet", True: "lock there"}


@pytest.fixture
def folder(tmp_path):
    """A realm."""
    realm(tmp_path / "config")
    return tmp_path / "config"


@pytest.fixture
def open_folder():
    """A realm to which another user than root finds the way."""
    with open_place() as place:
        realm(place / "config")
        for name in ("users", "users_roles"):
            (place / "config" / name).chmod(0o664)
        yield place / "config"


def useradd(folder, **options):
    return UsersTool(folder, **options).useradd("new", password_hash=CHEAP_HASH, roles=["viewer"])


def useradd_command(folder, *options):
    words = ("useradd", "new", "--hash", CHEAP_HASH, "-r", "viewer", "-c", str(folder), *options)
    exit_code, error = command(*words)
    assert CHEAP_HASH not in error
    return exit_code, error


def make_lock(folder):
    UsersTool(folder).recover()


class TestMountedFile:
    """A file of a realm that is a mount point, as Docker makes one of ``-v file:file``."""

    def mount(self, folder, name):
        """Put a file of another folder in the place of one of the realm; give it."""
        source = folder.parent / f"real {name}"
        shutil.copy2(folder / name, source)
        bind(source, folder / name)
        return source

    @with_own_mounts
    def test_is_not_replaced(self, folder):
        """The system could not; that is found out before anything is done."""
        source = self.mount(folder, "users")
        before = snapshot(folder)
        advice = r"mount its directory instead of the file, or overwrite it with strategy \[auto\]"
        with pytest.raises(FileAccessError, match=advice) as caught:
            useradd(folder)
        assert caught.value.errno == errno.EBUSY
        exit_code, error = useradd_command(folder)
        assert exit_code == IO
        assert "--strategy auto" in error
        assert snapshot(folder) == before
        assert source.read_text() == USERS

    @pytest.mark.parametrize("strategy", ["auto", "in_place"])
    @with_own_mounts
    def test_is_overwritten_if_that_is_allowed(self, folder, strategy):
        source = self.mount(folder, "users")
        inode = source.stat().st_ino
        users, users_roles = useradd(folder, strategy=strategy).files
        assert users.strategy == "in_place"
        assert "overwritten in place: a node that reads it meanwhile" in users.lost[0]
        assert users_roles.strategy == ("rename" if strategy == "auto" else "in_place")
        assert bool(users_roles.lost) == (strategy == "in_place")
        assert source.stat().st_ino == inode
        assert source.read_text() == f"{USERS}new:{CHEAP_HASH}\n"
        assert sorted(contents(folder)) == ["users", "users_roles"]

    @with_own_mounts
    def test_the_command_says_what_it_costs(self, folder):
        self.mount(folder, "users")
        exit_code, error = useradd_command(folder, "--strategy", "auto")
        assert exit_code == OK
        assert f"WARNING: [{folder}/users]: it is overwritten in place" in error

    @pytest.mark.slow
    @pytest.mark.parametrize(
        "names", [("users",), ("users", "users_roles")], ids=["users", "both files"]
    )
    @with_own_mounts
    def test_killed_midway_any_next_use_ends_it(self, folder, names):
        """At every call, and in the midst of every write, which then has written a part."""
        sources = [self.mount(folder, name) for name in names]
        inodes = [source.stat().st_ino for source in sources]
        before = contents(folder)
        count = Count()
        with intercepted(count):
            useradd(folder, strategy="auto")
        after = contents(folder)
        for at in range(1, len(count.names) + 1):
            lay_out(folder, before)
            with suppress(Dead), intercepted(DieAt(at)):
                useradd(folder, strategy="auto")
            use(folder, at)
            assert contents(folder) in (before, after)
            assert [source.stat().st_ino for source in sources] == inodes

    @with_own_mounts
    def test_killed_midway_the_next_write_goes_on(self, folder):
        self.mount(folder, "users")
        died_in_write = DieInWriteTo(folder / "users")
        with suppress(Dead), intercepted(died_in_write):
            useradd(folder, strategy="auto")
        assert (folder / "users.journal").exists()
        result = UsersTool(folder, strategy="auto").passwd("al", password_hash=SHA_HASH)
        assert result.recovery.outcome == "rolled_back"
        assert contents(folder)["users"].decode() == USERS.replace(
            f"al:{CHEAP_HASH}", f"al:{SHA_HASH}"
        )


class TestReadOnlyMount:
    @pytest.mark.parametrize("strategy", ["rename", "auto", "in_place"])
    @with_own_mounts
    def test_of_a_file(self, folder, strategy):
        source = TestMountedFile().mount(folder, "users")
        make_read_only(folder / "users")
        before = snapshot(folder)
        exit_code, error = useradd_command(folder, "--strategy", strategy)
        assert exit_code == NO_PERMISSION
        assert "read-only file system: change the source that is mounted there" in error
        assert snapshot(folder) == before
        assert source.read_text() == USERS

    @pytest.fixture(params=LOCK_IDS, ids=LOCK_IDS.get)
    def mounted(self, folder, request):
        """What is to be mounted on itself; with versions, so that there is something to undo."""
        shutil.rmtree(folder)
        realm_with_versions(folder)
        if not request.param:
            (folder / "users.lock").unlink()
        return folder

    @pytest.mark.parametrize(
        "words",
        [
            ("useradd", "new", "--hash", CHEAP_HASH),
            ("useradd", "new", "--hash", CHEAP_HASH, "--strategy", "in_place"),
            ("userdel", "bob"),
            ("undo",),
            ("init",),
        ],
        ids=["useradd", "useradd in place", "userdel", "undo", "init"],
    )
    @with_own_mounts
    def test_of_the_folder_refuses_all_that_writes(self, mounted, words):
        if words == ("init",):
            (mounted / "users_roles").unlink()
        self.mount_read_only(mounted)
        before = snapshot(mounted)
        exit_code, error = command(*words, "-c", str(mounted))
        assert exit_code == NO_PERMISSION
        assert f"permission denied for [{mounted}/users" in error
        assert "read-only file system" in error
        assert snapshot(mounted) == before

    @pytest.mark.parametrize(
        "words",
        [
            ("list",),
            ("verify", "bob", "-p", "test-password"),
            ("roles", "bob"),
            ("init",),
            ("useradd", "new", "--hash", CHEAP_HASH, "--dry-run"),
        ],
        ids=["list", "verify", "roles", "init with nothing to do", "dry run"],
    )
    @with_own_mounts
    def test_of_the_folder_is_no_fault_for_all_that_reads(self, mounted, words):
        """A dry run reports what the real run would report."""
        self.mount_read_only(mounted)
        exit_code, error = command(*words, "-c", str(mounted))
        assert exit_code == (NO_PERMISSION if "--dry-run" in words else OK), error

    @with_own_mounts
    def test_of_the_folder_is_no_fault_for_a_check(self, mounted):
        self.mount_read_only(mounted)
        assert {finding.code for finding in UsersTool(mounted).check()} == {"EFR101"}

    def mount_read_only(self, folder):
        bind(folder, folder)
        make_read_only(folder)


def transaction(folder):
    with UsersTool(folder).transaction() as change:
        change.useradd("new", password_hash=CHEAP_HASH, roles=["viewer"])
        change.passwd("bob", password_hash=SHA_HASH)
        change.roles("bob", add=["fresh"])


WRITES = {
    "useradd": useradd,
    "useradd in place": lambda folder: useradd(folder, strategy="in_place"),
    "useradd with a version": lambda folder: useradd(folder, keep=1),
    "userdel": lambda folder: UsersTool(folder).userdel("bob"),
    "passwd": lambda folder: UsersTool(folder).passwd("bob", password_hash=SHA_HASH),
    "transaction": transaction,
}


class TestFullDisk:
    """A file system of 64 KiB, of which a file takes all but some pages."""

    def mount(self, folder):
        mount_memory(folder, PAGES * PAGE)
        # One more byte takes one more page.
        remark = "#" * (3 * PAGE - len(USERS) - 1) + "\n"
        (folder / "users").write_text(USERS + remark)
        (folder / "users_roles").write_text(USERS_ROLES)

    def fill(self, folder, pages_left):
        """Take all room that there is, and give some back."""
        with (folder / "filler").open("wb", buffering=0) as file:
            with suppress(OSError):
                while True:
                    file.write(bytes(PAGE))
            file.truncate(file.tell() - pages_left * PAGE)

    @pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
    @with_own_mounts
    def test_at_any_level_all_is_written_or_nothing(self, folder, write):
        """With no byte left, not even the holder's name can be written into the lock."""
        self.mount(folder)
        before = contents(folder)
        refused = 0
        for pages_left in range(PAGES - 4):
            self.fill(folder, pages_left)
            filled = contents(folder)
            try:
                write(folder)
            except FileAccessError as error:
                assert error.errno == errno.ENOSPC
                assert contents(folder) == filled
                refused += 1
                (folder / "filler").unlink()
                write(folder)
            (folder / "filler").unlink(missing_ok=True)
            lay_out(folder, before)
        assert 1 < refused < PAGES - 4

    @with_own_mounts
    def test_the_command_says_so(self, folder):
        self.mount(folder)
        self.fill(folder, 0)
        exit_code, error = useradd_command(folder)
        assert exit_code == IO
        assert f"cannot use [{folder}/users" in error
        assert "No space left on device" in error

    @with_own_mounts
    def test_what_writes_nothing_needs_no_room(self, folder):
        """Not even for the name of the holder in the lock."""
        self.mount(folder)
        self.fill(folder, 0)
        assert not UsersTool(folder).recover()
        assert not UsersTool(folder).roles("al", remove=["fresh"]).write
        assert (folder / "users.lock").read_bytes() == b""
        assert command("check", "-c", str(folder))[0] == DATA


class TestKubernetes:
    """A volume made of a Secret: both files behind a link to a folder, which is exchanged."""

    NEXT = (f"ann:{SHA_HASH}\n", "superuser:ann\n")

    @pytest.fixture
    def volume(self, tmp_path):
        volume = tmp_path / "volume"
        for generation, files in (("..1", (USERS, USERS_ROLES)), ("..2", self.NEXT)):
            (volume / generation).mkdir(parents=True)
            for name, content in zip(("users", "users_roles"), files, strict=True):
                (volume / generation / name).write_text(content)
        (volume / "..data").symlink_to("..1")
        for name in ("users", "users_roles"):
            (volume / name).symlink_to(f"..data/{name}")
        return volume

    @pytest.mark.parametrize("strategy", ["rename", "in_place", "auto"])
    def test_is_not_written(self, volume, strategy):
        before = snapshot(volume)
        with pytest.raises(FilePermissionError, match="change the Secret or ConfigMap"):
            useradd(volume, strategy=strategy)
        assert useradd_command(volume, "--strategy", strategy)[0] == NO_PERMISSION
        assert snapshot(volume) == before

    def test_is_read(self, volume):
        assert command("list", "-c", str(volume))[0] == OK
        assert list(UsersTool(volume).list_users()) == ["bob", "al", "jim"]

    @pytest.mark.parametrize("read", [RealmFolder.read, RealmFolder.read_settled])
    def test_is_read_whole_whenever_it_is_exchanged(self, volume, tmp_path, read):
        """The old folder goes right after the exchange, whatever a reader has of it."""
        realm, count = RealmFolder(volume), Count()
        with intercepted(count):
            read(realm)
        for at in range(1, len(count.names) + 1):
            copy = tmp_path / str(at)
            shutil.copytree(volume, copy, symlinks=True)
            realm = RealmFolder(copy)
            with intercepted(ExchangeData(copy, at)):
                both = read(realm)
            found = tuple(file.data.decode() for file in (both.users, both.users_roles))
            assert found in ((USERS, USERS_ROLES), self.NEXT)


class TestLinks:
    def test_a_chain_across_folders_is_followed_and_stays(self, folder, tmp_path):
        for name in "abc":
            (tmp_path / name).mkdir()
        (folder / "users").rename(tmp_path / "c" / "real")
        links = {folder / "users": "../a/one", tmp_path / "a/one": "../b/two"}
        links[tmp_path / "b" / "two"] = str(tmp_path / "c" / "real")
        for link, target in links.items():
            link.symlink_to(target)
        assert useradd(folder).files[0].path == str(tmp_path / "c" / "real")
        assert {link: os.readlink(link) for link in links} == links
        assert (tmp_path / "c" / "real").read_text() == f"{USERS}new:{CHEAP_HASH}\n"
        assert sorted(os.listdir(tmp_path / "c")) == ["real", "real.lock"]
        assert sorted(os.listdir(folder)) == ["users", "users_roles"]

    def test_what_a_dangling_link_leads_to_is_made_by_init_alone(self, folder, tmp_path):
        (folder / "users").unlink()
        (folder / "users").symlink_to("../real")
        with pytest.raises(ConfigurationFileMissingError):
            useradd(folder)
        assert useradd_command(folder)[0] == CONFIGURATION
        assert not (tmp_path / "real").exists()
        assert UsersTool(folder).init().created == (str(folder / "users"),)
        assert (folder / "users").is_symlink()
        useradd(folder)
        assert (tmp_path / "real").read_text() == f"new:{CHEAP_HASH}\n"

    def test_init_of_a_link_into_no_folder_is_refused(self, folder):
        (folder / "users").unlink()
        (folder / "users").symlink_to("../none/real")
        assert command("init", "-c", str(folder))[0] == IO


class TestRights:
    """Somebody who is not root. Root itself needs none of them."""

    @pytest.mark.parametrize("has_lock", LOCK_IDS, ids=LOCK_IDS.get)
    def test_a_read_only_folder_is_named_with_what_to_do(self, open_folder, has_lock):
        if has_lock:
            make_lock(open_folder)
            (open_folder / "users.lock").chmod(0o666)
        open_folder.chmod(0o555)
        before = snapshot(open_folder)
        try:
            self.refuse(open_folder)
        finally:
            open_folder.chmod(0o755)
        assert snapshot(open_folder) == before

    @as_somebody_else
    def refuse(self, folder):
        with pytest.raises(FilePermissionError) as caught:
            useradd(folder)
        assert caught.value.errno == errno.EACCES
        assert f"[{folder}]" in str(caught.value)
        assert "run this as the owner of the directory or as root" in str(caught.value)
        assert useradd_command(folder)[0] == NO_PERMISSION
        assert command("list", "-c", str(folder)) == (OK, "")
        assert UsersTool(folder).verify("bob", "test-password")

    @pytest.fixture
    def not_ours(self, open_folder):
        """A realm whose folder is the stranger's, and whose files a third user should read."""
        os.chown(open_folder, STRANGER, STRANGERS)
        for name in ("users", "users_roles"):
            os.chown(open_folder / name, THIRD, STRANGERS)
            (open_folder / name).chmod(0o660)
        return open_folder

    @root
    def test_an_owner_that_cannot_be_kept_is_refused_before_the_first_byte(self, not_ours):
        before = snapshot(not_ours)

        @as_somebody_else
        def refuse():
            trace = Trace()
            with pytest.raises(
                FilePermissionError, match=rf"cannot set its owner \[{THIRD}\]: run this"
            ):
                with intercepted(trace):
                    useradd(not_ours)
            assert {call for call in trace.calls if call.startswith("write")} == {
                "write users.lock"
            }
            assert useradd_command(not_ours)[0] == NO_PERMISSION

        refuse()
        assert snapshot(not_ours) == before

    @root
    @pytest.mark.parametrize(
        ("group", "lost", "mode"),
        [
            (
                0,
                (
                    f"group [0] and owner [{THIRD}] could not be kept: it is group "
                    f"[{STRANGERS}] and owner [{STRANGER}] now, with mode 0644"
                ),
                0o644,
            ),
            (
                STRANGERS,
                f"owner [{THIRD}] could not be kept: it is owner [{STRANGER}] now",
                0o664,
            ),
        ],
        ids=["no member of its group", "member of its group"],
    )
    def test_what_is_lost_is_told_and_lets_nobody_in(self, not_ours, group, lost, mode):
        """The new group gets what everybody had."""
        for name in ("users", "users_roles"):
            os.chown(not_ours / name, THIRD, group)
            (not_ours / name).chmod(0o664)

        @as_somebody_else
        def write():
            for file in useradd(not_ours).files:
                assert file.lost == (lost,)
                assert (file.owner, file.group, file.mode) == (STRANGER, STRANGERS, mode)

        write()
        assert stat.S_IMODE((not_ours / "users").stat().st_mode) == mode

    @root
    def test_the_command_tells_what_is_lost(self, not_ours):
        @as_somebody_else
        def write():
            exit_code, error = useradd_command(not_ours, "--attributes", "warn")
            assert exit_code == OK
            names = f"[{not_ours}/users], [{not_ours}/users_roles]"
            assert error == f"WARNING: {names}: owner [{THIRD}] could not be set\n"

        write()


def lay_out(folder, files):
    """Make a folder hold just *files*, without replacing any, and its lock."""
    for path in folder.iterdir():
        if path.name not in files and path.name != "users.lock":
            path.unlink()
    for name, data in files.items():
        with (folder / name).open("r+b") as file:
            file.truncate(0)
            file.write(data)


def use(folder, number):
    """Use a realm in one of the ways that end what was broken off."""
    words = [("init",), ("roles", "jim", "-r", "none", "--strategy", "auto")]
    if number % 3 == 2:
        UsersTool(folder).recover()
    else:
        command(*words[number % 3], "-c", str(folder))


class DieAt:
    """Makes all as if the process were killed in a call: a write is half made, all else is not."""

    def __init__(self, at):
        self.at = at

    def __call__(self, call):
        if call.number < self.at:
            return call.make()
        if call.number == self.at and call.name == "write":
            descriptor, data = call.args
            os.write(descriptor, bytes(data)[: len(data) // 2])
        raise Dead


class DieInWriteTo(DieAt):
    """Dies in the first write to one file."""

    def __init__(self, path):
        super().__init__(at=10**6)
        self._path = str(path)
        self._opened = None

    def __call__(self, call):
        if call.name == "write" and call.args[0] == self._opened:
            self.at = min(self.at, call.number)
        result = super().__call__(call)
        if call.name == "open" and call.args[1] & os.O_WRONLY:
            self._opened = result if call.args[0] == self._path else None
        return result


class ExchangeData:
    """Exchanges the folder behind ``..data`` before a call, and removes the old one."""

    def __init__(self, volume, at):
        self._volume = volume
        self._at = at

    def __call__(self, call):
        if call.number == self._at:
            (self._volume / "..data_tmp").symlink_to("..2")
            (self._volume / "..data_tmp").rename(self._volume / "..data")
            shutil.rmtree(self._volume / "..1")
        return call.make()
