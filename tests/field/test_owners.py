"""Directories and files of others: written wherever ``elasticsearch-users`` can write."""

from __future__ import annotations

import json
import os
import re
import stat

import pytest
from crash.layouts import LAYOUTS, NODE, OTHER_PROJECT, PROJECT, Owned, acting, lay_out, need
from crash.processes import command, open_place
from crash.scenarios import USERS, USERS_ROLES, realm
from support.hashes import CHEAP_HASH, SHA_HASH
from support.pages import ROOT, blocks
from support.storing import posix, root

from esfilerealm import UsersTool
from esfilerealm.cli.exits import NO_PERMISSION, OK
from esfilerealm.errors import FilePermissionError, FileRealmError

pytestmark = [posix, root]

NAMES = ("users", "users_roles")


#: What the container of the guide runs in, and as whom.
IMAGES = {
    "Elastic": ("image", (NODE, 0)),
    "OpenShift": ("OpenShift", (PROJECT, 0)),
    "root": ("image", (0, 0)),
}

#: Set-ups in which the files are writable for their first writer, and those in which whoever owns
#: the directory can read what this writer creates.
WRITABLE = [
    name
    for name, layout in LAYOUTS.items()
    if layout.files.mode & 0o020 and layout.mode == layout.files.mode
]
CREATABLE = [
    name
    for name, layout in LAYOUTS.items()
    if 0 in layout.writers[0] or layout.folder.user in (0, layout.writers[0][0])
]


@pytest.fixture
def folder():
    with open_place() as place:
        realm(place / "config")
        yield place / "config"


@pytest.fixture(params=LAYOUTS.values(), ids=LAYOUTS)
def layout(request, folder):
    lay_out(folder, request.param)
    for writer in request.param.writers:
        need(*writer)
    return request.param


def useradd(folder, name="new", **options):
    tool = UsersTool(folder, **options)
    return tool.useradd(name, password_hash=CHEAP_HASH, roles=["viewer", "fresh"])


def owned(path):
    status = path.stat()
    return Owned(status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode))


class TestF01:
    """A write that cannot keep the owner of a file."""

    def test_is_made_and_says_what_changed(self, folder, layout):
        user, group = layout.writers[0]
        result = acting(user, group, lambda: useradd(folder))
        is_kept = user == 0
        for file, name in zip(result.files, NAMES, strict=True):
            is_member = group == layout.files.group
            expected = Owned(user, layout.files.group if is_member else group, layout.mode)
            assert owned(folder / name) == (layout.files if is_kept else expected)
            assert len(file.lost) == (0 if is_kept else 1)
            if not is_kept:
                assert f"owner [{layout.files.user}]" in file.lost[0]
                assert f"owner [{user}] now" in file.lost[0]
        assert UsersTool(folder).list_users()["new"] == ("viewer", "fresh")

    def test_is_one_warning_of_the_command(self, folder, layout):
        words = ("useradd", "new", "--hash", CHEAP_HASH, "-r", "viewer", "-c", str(folder))
        exit_code, error = acting(*layout.writers[0], lambda: command(*words))
        assert exit_code == OK
        assert error.count("WARNING") == (layout.writers[0][0] != 0)

    def test_is_followed_by_those_of_all_who_can_write(self, folder, layout):
        for number, writer in enumerate(layout.writers * 2):
            acting(*writer, lambda number=number: useradd(folder, f"new{number}", keep=2))
        users = UsersTool(folder).list_users()
        assert {f"new{number}" for number in range(len(layout.writers) * 2)} <= {*users}
        assert {path.name for path in folder.iterdir()} == {
            *NAMES,
            "users.lock",
            *(f"{name}.{number}~" for name in NAMES for number in (1, 2)),
        }

    def test_can_be_undone_by_all_who_can_write(self, folder, layout):
        for writer in layout.writers:
            acting(*layout.writers[0], lambda: useradd(folder, keep=1))
            acting(*writer, lambda: UsersTool(folder).undo())
            assert (folder / "users").read_text() == USERS
            assert (folder / "users_roles").read_bytes() == USERS_ROLES.encode()

    @pytest.mark.parametrize("mode", [0o644, 0o666])
    def test_can_be_undone_by_whoever_comes_next(self, folder, mode):
        """Again and again, each time by another user than the one who made the version."""
        layout = LAYOUTS["open to all"]._replace(files=Owned(4711, 4711, mode))
        lay_out(folder, layout)
        acting(4712, 4713, lambda: useradd(folder, keep=2))
        states = [USERS_ROLES.encode(), (folder / "users_roles").read_bytes()]
        for turn, writer in enumerate([(NODE, NODE), (4711, 4711), (4712, 4713), (4713, 4714)] * 2):
            acting(*writer, lambda: UsersTool(folder).undo())
            assert (folder / "users_roles").read_bytes() == states[turn % 2]

    @pytest.mark.parametrize("name", WRITABLE)
    def test_keeps_it_where_the_file_is_overwritten(self, folder, name):
        lay_out(folder, LAYOUTS[name])
        acting(*LAYOUTS[name].writers[0], lambda: useradd(folder, strategy="in_place"))
        assert {owned(folder / name) for name in NAMES} == {LAYOUTS[name].files}

    @pytest.mark.parametrize("name", CREATABLE)
    def test_makes_the_realm_where_there_is_none(self, folder, name):
        for file in NAMES:
            (folder / file).unlink()
        lay_out(folder, LAYOUTS[name])
        writer = LAYOUTS[name].writers[0]
        acting(*writer, lambda: UsersTool(folder).init())
        acting(*writer, lambda: useradd(folder))
        assert UsersTool(folder).list_users() == {"new": ("viewer", "fresh")}


class TestRefused:
    """What would take a file away from somebody."""

    @pytest.mark.parametrize(
        ("mode", "is_refused"), [(0o660, True), (0o640, True), (0o664, False), (0o600, True)]
    )
    def test_the_old_owner_could_not_read_it_any_more(self, folder, mode, is_refused):
        lay_out(folder, LAYOUTS["image"]._replace(files=Owned(4711, 0, mode)))
        if not is_refused:
            acting(NODE, 0, lambda: useradd(folder))
            return
        with pytest.raises(FileRealmError) as caught:
            acting(NODE, 0, lambda: useradd(folder))
        if mode != 0o600:
            assert "cannot set its owner [4711]" in str(caught.value)
            assert "--attributes warn" in str(caught.value)
            acting(NODE, 0, lambda: useradd(folder, attributes="warn"))
            assert owned(folder / "users") == Owned(NODE, 0, mode)
        else:
            assert isinstance(caught.value, FilePermissionError)

    def test_the_old_owner_who_is_known_in_the_group_still_can(self, folder, monkeypatch):
        from esfilerealm._storage import attributes

        monkeypatch.setattr(attributes, "is_member", lambda user, group: (user, group) == (4711, 0))
        lay_out(folder, LAYOUTS["image"]._replace(files=Owned(4711, 0, 0o660)))
        acting(NODE, 0, lambda: useradd(folder))
        assert owned(folder / "users") == Owned(NODE, 0, 0o660)

    def test_a_group_that_was_shut_out_would_be_let_in(self, folder):
        files = Owned(0, 4713, 0o604)
        lay_out(folder, LAYOUTS["image, another group"]._replace(files=files))
        reason = (
            r"cannot set its group \[4713\].*although members of the group \[4713\] would gain "
            "access to it, which its mode 0604 grants to others only"
        )
        with pytest.raises(FilePermissionError, match=reason):
            acting(NODE, NODE, lambda: useradd(folder))

    def test_a_wish_that_cannot_be_met(self, folder):
        lay_out(folder, LAYOUTS["image"])
        with pytest.raises(FilePermissionError, match=r"cannot set its owner \[4711\].*warn"):
            acting(NODE, 0, lambda: useradd(folder, owner=4711))

    @pytest.mark.parametrize("strategy", ["rename", "in_place"])
    def test_a_directory_with_the_sticky_bit(self, folder, strategy):
        layout = LAYOUTS["open to all, of root"]
        lay_out(folder, layout._replace(folder=Owned(0, 0, 0o1777)))
        with pytest.raises(FilePermissionError, match="you own neither it nor its dir") as caught:
            acting(NODE, NODE, lambda: useradd(folder, strategy=strategy))
        assert "in_place" not in str(caught.value)  # that is refused, too

    @pytest.mark.parametrize("mode", [0o777, 0o1777], ids=["open to all", "with the sticky bit"])
    def test_the_first_files_leave_no_lock(self, folder, mode):
        """The owner of the directory could not read what a stranger creates there."""
        for file in NAMES:
            (folder / file).unlink()
        lay_out(folder, LAYOUTS["open to all"]._replace(folder=Owned(4711, 4711, mode)))
        exit_code, error = acting(NODE, NODE, lambda: command("init", "-c", str(folder)))
        assert exit_code == NO_PERMISSION
        if mode == 0o777:
            assert "although the owner of its directory [4711] could not read it" in error
            assert "--attributes warn" in error
        assert list(folder.iterdir()) == []


class TestRoot:
    """What root makes in a directory of somebody else belongs to the owner of the directory."""

    def test_new_files(self, folder):
        for name in NAMES:
            (folder / name).unlink()
        os.chown(folder, NODE, 4713)
        UsersTool(folder).init()
        useradd(folder, keep=1)
        for path in folder.iterdir():
            assert (path.name, *owned(path)[:2]) == (path.name, NODE, 4713)

    def test_new_directories(self, folder):
        os.chown(folder, NODE, 4713)
        UsersTool(folder / "a" / "b").init()
        for path in (folder / "a", folder / "a" / "b", folder / "a" / "b" / "users"):
            assert owned(path)[:2] == (NODE, 4713)

    def test_a_wish_counts_more(self, folder):
        (folder / "users_roles").unlink()
        os.chown(folder, NODE, 4713)
        UsersTool(folder).init(owner=4711)
        assert owned(folder / "users_roles")[:2] == (4711, 4713)


class TestN21:
    """A permission error says who I am, whose the file is, its mode, and what to do."""

    @pytest.mark.parametrize(
        ("mode", "advice"),
        [
            (0o600, "run this as root"),
            (0o640, r"run this as root or a member of the group \[root\] \(0\)"),
        ],
    )
    def test_reading(self, folder, mode, advice):
        (folder / "users").chmod(mode)
        exit_code, error = acting(PROJECT, 4713, lambda: command("list", "-c", str(folder)))
        assert exit_code == NO_PERMISSION
        assert re.search(
            rf"\[{folder}/users\]: Permission denied while reading it; you are \[{PROJECT}\], and "
            rf"\[{folder}/users\] belongs to \[root\] \(0\) and the group \[root\] \(0\), "
            rf"mode {mode:04o}: {advice}",
            error,
        )

    def test_reading_below_a_closed_directory(self, folder):
        os.chown(folder, 4711, 4713)
        folder.chmod(0o750)
        exit_code, error = acting(PROJECT, 4714, lambda: command("list", "-c", str(folder)))
        assert exit_code == NO_PERMISSION
        assert (
            f"you are [{PROJECT}], and its directory [{folder}] belongs to [4711] and the group "
            "[4713], mode 0750: run this as [4711], root or a member of the group [4713]"
        ) in error

    @pytest.mark.parametrize("has_lock", [False, True])
    def test_writing(self, folder, has_lock):
        if has_lock:
            useradd(folder, "jane")
            (folder / "users.lock").chmod(0o666)
        (folder / "users").chmod(0o644)
        (folder / "users_roles").chmod(0o644)
        words = ("useradd", "new", "--hash", SHA_HASH, "-c", str(folder))
        exit_code, error = acting(OTHER_PROJECT, 4713, lambda: command(*words))
        assert exit_code == NO_PERMISSION
        where = f"[{folder}]" if has_lock else f"its directory [{folder}]"
        assert f"you are [{OTHER_PROJECT}], and {where} belongs to [root] (0)" in error
        assert "run this as the owner of the directory or as root" in error


class TestImage:
    """The recipe for Docker in the guide, word for word, where users and modes are the image's."""

    @pytest.fixture(params=IMAGES.values(), ids=IMAGES)
    def image(self, request, folder):
        name, user = request.param
        need(*user)
        (folder / "users").write_bytes(b"")
        (folder / "users_roles").write_bytes(b"")
        lay_out(folder, LAYOUTS[name])
        return LAYOUTS[name], user

    def test_f01_the_recipe_runs_as_written(self, folder, image):
        layout, user = image
        recipe = blocks(ROOT / "esfilerealm/provisioning/README.md", "dockerfile")[0]
        lines = dict(line.split(" ", 1) for line in recipe.splitlines())
        words = json.loads(lines["ENTRYPOINT"]) + json.loads(lines["CMD"])
        variable, _, path = lines["ENV"].partition("=")
        assert (variable, path) == ("ES_PATH_CONF", "/usr/share/elasticsearch/config")
        secret = folder.parent / "es_admin"
        secret.write_text("correct-horse\n")
        secret.chmod(0o644)
        commands = words[2].split(" && ")
        assert words[:2] == ["/bin/sh", "-ec"]
        assert commands[-1] == 'exec "$0" "$@"'
        assert words[3:] == ["/bin/tini", "--", "/usr/local/bin/docker-entrypoint.sh", "eswrapper"]

        def start():
            os.environ["ES_PATH_CONF"] = str(folder)
            for line in commands[:-1]:
                program, *arguments = line.replace("/run/secrets/es_admin", str(secret)).split()
                assert program == "esfilerealm"
                exit_code, error = command(*arguments)
                assert exit_code == OK, error
            return owned(folder / "users")

        expected = layout.files if user[0] == 0 else Owned(*user, layout.mode)
        for _ in range(2):
            assert acting(*user, start) == expected
        assert UsersTool(folder).verify("admin", "correct-horse")
        assert UsersTool(folder).list_users() == {"admin": ("superuser",)}
