"""Owner, group, mode and extended attributes: kept, inherited, set, or refused beforehand."""

from __future__ import annotations

import errno
import os
import stat
import struct

import pytest
from support.storing import PLAIN, STRANGER, change, posix, root, write

from esfilerealm._storage import system
from esfilerealm._storage.attributes import Attributes
from esfilerealm._storage.staging import overwrite, stage
from esfilerealm.errors import FileAccessError, FilePermissionError, InvalidAttributeError

pytestmark = posix

ACCESS_LIST = "system.posix_acl_access"
DEFAULT_LIST = "system.posix_acl_default"
REMARK = "user.remark"

#: Kinds of entries of an access control list, and whom they are about if that is nobody by number.
OWNER, USER, GROUP, MASK, OTHERS = 0x01, 0x02, 0x04, 0x10, 0x20
NOBODY = 2**32 - 1


def access_list(*, stranger, group=0o4, mask=0o7):
    """Return the kernel's form of an access control list; the owner may read and write."""
    entries = [
        (OWNER, 0o6, NOBODY),
        (USER, stranger, STRANGER),
        (GROUP, group, NOBODY),
        (MASK, mask, NOBODY),
        (OTHERS, 0, NOBODY),
    ]
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


def has(path, name):
    return name in os.listxattr(path)


def set_extended(path, name, value):
    try:
        os.setxattr(path, name, value)
    except OSError as error:
        pytest.skip(f"no {name} here: {error.strerror}")


@pytest.fixture
def users(tmp_path):
    path = tmp_path / "users"
    path.write_text("old")
    path.chmod(0o624)
    return path


@pytest.fixture
def refused(monkeypatch):
    """Make the system refuse a call, and record its arguments."""

    def install(name, number=errno.EPERM):
        asked = []

        def refuse(_file, *args, **_more):
            asked.append(args)
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(system, name, refuse)
        return asked

    return install


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


class TestKept:
    def test_owner_group_and_mode(self, users):
        attributes = Attributes.of(str(users), users.stat())
        assert (attributes.mode, attributes.owner, attributes.group) == (
            0o624,
            os.geteuid(),
            os.getegid(),
        )

    @pytest.mark.parametrize("in_place", [False, True], ids=["replaced", "overwritten"])
    @root
    def test_of_somebody_else(self, users, in_place):
        """But for bits that make a program run as its owner."""
        os.chown(users, STRANGER, 4712)
        users.chmod(0o6640)
        write(change(users, b"new", in_place=in_place))
        status = users.stat()
        assert (status.st_uid, status.st_gid) == (STRANGER, 4712)
        assert mode_of(users) == 0o640

    @pytest.mark.parametrize("in_place", [False, True], ids=["replaced", "overwritten"])
    def test_an_extended_attribute(self, users, in_place):
        set_extended(users, REMARK, b"do not\0touch")
        assert write(change(users, b"new", in_place=in_place)) == [[]]
        assert os.getxattr(users, REMARK) == b"do not\0touch"

    @pytest.mark.parametrize("in_place", [False, True], ids=["replaced", "overwritten"])
    def test_an_access_control_list(self, users, in_place):
        """The mode that comes with it is that of the list, whose mask it is."""
        value = access_list(stranger=0o6, mask=0o4)
        set_extended(users, ACCESS_LIST, value)
        mode = mode_of(users)
        assert write(change(users, b"new", in_place=in_place)) == [[]]
        assert os.getxattr(users, ACCESS_LIST) == value
        assert mode_of(users) == mode == 0o640

    def test_a_list_opens_nothing_before_all_is_written(self, users, monkeypatch):
        modes = []
        real = system.write

        def look_and_write(descriptor, data):
            modes.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
            return real(descriptor, data)

        set_extended(users, ACCESS_LIST, access_list(stranger=0o6))
        monkeypatch.setattr(system, "write", look_and_write)
        write(change(users, b"new"))
        assert modes == [0o600]

    def test_what_the_folder_gives_new_files_is_not_added(self, users, tmp_path):
        """A default list is for new files; one that is replaced without having one is none."""
        set_extended(tmp_path, DEFAULT_LIST, access_list(stranger=0o7))
        (tmp_path / "neighbour").touch()
        assert has(tmp_path / "neighbour", ACCESS_LIST)
        write(change(users, b"new"))
        assert not has(users, ACCESS_LIST)
        assert mode_of(users) == 0o624

    def test_what_the_folder_gives_a_new_file_is_left_to_it(self, tmp_path):
        set_extended(tmp_path, DEFAULT_LIST, access_list(stranger=0o7))
        stage("f", str(tmp_path / "f"), b"new", Attributes.inherited(str(tmp_path)))
        assert has(tmp_path / "f", ACCESS_LIST)

    def test_what_the_kernel_computes_of_the_content_is_not_copied(self, users, monkeypatch):
        names = ["security.ima", "security.evm", "security.capability", REMARK]
        monkeypatch.setattr(system, "listxattr", lambda *_, **__: names)
        monkeypatch.setattr(system, "getxattr", lambda *_, **__: b"value")
        assert Attributes.of(str(users), users.stat()).extended == {REMARK: b"value"}

    @pytest.mark.parametrize("number", [errno.ENOTSUP, errno.ENODATA, errno.ENOSYS])
    @pytest.mark.parametrize("call", ["listxattr", "getxattr"])
    def test_where_there_are_none(self, users, refused, call, number):
        """No such thing on the file system, or gone between the two calls."""
        set_extended(users, REMARK, b"value")
        refused(call, number)
        assert Attributes.of(str(users), users.stat()).extended == {}

    def test_attributes_that_cannot_be_read_are_not_left_out(self, users, refused):
        refused("listxattr", errno.EIO)
        with pytest.raises(FileAccessError, match="while reading the attributes of it"):
            Attributes.of(str(users), users.stat())

    @pytest.mark.parametrize("kind", ["link", "file"])
    def test_those_of_another_file_in_its_place_are_not_taken(self, users, tmp_path, kind):
        """Its access control list might let its owner read what we are about to write."""
        status = users.stat()
        users.rename(tmp_path / "moved")
        users.symlink_to("moved") if kind == "link" else users.write_text("theirs")
        with pytest.raises(FileAccessError):
            Attributes.of(str(users), status)

    def test_on_a_system_without_owners_nothing_is_given(self, users, refused, monkeypatch):
        for name in ("HAS_EXTENDED_ATTRIBUTES", "HAS_MODES", "HAS_OWNERS"):
            monkeypatch.setattr(system, name, False)
        asked = [refused(call) for call in ("fchown", "fchmod", "listxattr", "setxattr")]
        attributes = Attributes(0o640, STRANGER, STRANGER, {REMARK: b"value"})
        assert write(change(users, b"new", attributes=attributes)) == [[]]
        assert asked == [[]] * 4
        assert not attributes.differ_from(users.stat())


class TestRefused:
    """Before a byte is written, with the reason and what to do."""

    @pytest.mark.parametrize(
        ("attributes", "what"),
        [
            (Attributes(0o640, owner=STRANGER), rf"owner \[{STRANGER}\]"),
            (Attributes(0o640, group=STRANGER), rf"group \[{STRANGER}\]"),
            (Attributes(0o640, owner=STRANGER, group=4712), r"group \[4712\]"),
        ],
        ids=["owner", "group", "both"],
    )
    @pytest.mark.parametrize("number", [errno.EPERM, errno.EINVAL])
    def test_owner_and_group(self, users, refused, attributes, what, number):
        """EINVAL: a user namespace has no number for it."""
        refused("fchown", number)
        written = refused("write")
        with pytest.raises(FilePermissionError, match=rf"users\]: cannot set its {what}: run this"):
            write(change(users, b"new", attributes=attributes))
        assert written == []
        assert [path.read_text() for path in users.parent.iterdir()] == ["old"]

    def test_extended_attributes(self, users, refused):
        set_extended(users, REMARK, b"value")
        refused("setxattr", errno.ENOTSUP)
        with pytest.raises(
            FilePermissionError, match=rf"cannot set its extended attribute \[{REMARK}\]"
        ):
            write(change(users, b"new"))
        assert [path.read_text() for path in users.parent.iterdir()] == ["old"]

    def test_an_attribute_that_is_there_already_is_not_given_again(self, users, refused):
        """Such as the label that the kernel gives every file here, and nobody may give."""
        set_extended(users, REMARK, b"value")
        attributes = Attributes.of(str(users), users.stat())
        asked = [refused("setxattr"), refused("fchown")]
        assert overwrite(str(users), b"new", attributes, users.stat().st_ino) == []
        assert asked == [[], []]


class TestTolerant:
    """What cannot be set is reported, and nobody gains access by it."""

    def lost(self, users, attributes):
        [lost] = write(change(users, b"new", attributes=attributes.tolerant()))
        assert users.read_text() == "new"
        return lost

    def test_owner(self, users, refused):
        asked = refused("fchown")
        lost = self.lost(users, Attributes(0o660, owner=STRANGER, group=os.getegid()))
        assert lost == [f"owner [{STRANGER}] could not be set"]
        assert asked == [(STRANGER, -1)]
        assert mode_of(users) == 0o660

    def test_what_the_mode_gave_a_group_is_not_for_another(self, users, refused):
        refused("fchown")
        lost = self.lost(users, Attributes(0o2674, group=STRANGER))
        assert lost == [f"group [{STRANGER}] could not be set"]
        assert mode_of(users) == 0o644  # its members could read before, as everybody could

    def test_nor_what_a_list_gave_it(self, users, refused):
        """Without bits for the group, the mask of the list lets nobody of it in."""
        set_extended(users, ACCESS_LIST, access_list(stranger=0o6))
        extended = Attributes.of(str(users), users.stat()).extended
        refused("fchown")
        self.lost(users, Attributes(0o670, group=STRANGER, extended=extended))
        assert os.getxattr(users, ACCESS_LIST) == access_list(stranger=0o6, mask=0)

    def test_extended_attributes(self, users, refused):
        set_extended(users, REMARK, b"value")
        refused("setxattr")
        lost = self.lost(users, Attributes.of(str(users), users.stat()))
        assert lost == [f"extended attribute [{REMARK}] could not be set"]
        assert not has(users, REMARK)

    def test_all_at_once(self, users, refused):
        refused("fchown")
        lost = self.lost(users, Attributes(0o640, STRANGER, STRANGER))
        assert [line.split(" could")[0] for line in lost] == [
            f"group [{STRANGER}]",
            f"owner [{STRANGER}]",
        ]

    @root
    def test_nothing_is_lost_where_all_can_be_given(self, users):
        assert self.lost(users, Attributes(0o640, STRANGER, 4712)) == []
        assert (users.stat().st_uid, users.stat().st_gid) == (STRANGER, 4712)


class TestNewFiles:
    @pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o640), (0o077, 0o600), (0, 0o660)])
    def test_the_group_of_the_folder_and_a_mode_less_the_umask(self, tmp_path, umask, mode):
        before = os.umask(umask)
        try:
            attributes = Attributes.inherited(str(tmp_path))
            assert os.umask(umask) == umask
        finally:
            os.umask(before)
        assert attributes == Attributes(mode, None, tmp_path.stat().st_gid)

    def test_in_a_folder_that_is_not_there(self, tmp_path):
        """It will be made, and get what the nearest one has."""
        found = Attributes.inherited(str(tmp_path / "none" / "nor this"))
        assert found == Attributes.inherited(str(tmp_path))

    def test_private_is_for_nobody_but_the_owner(self, users):
        set_extended(users, ACCESS_LIST, access_list(stranger=0o6))
        of_users = Attributes.of(str(users), users.stat())
        private = of_users.private()
        assert (private.mode, private.owner, private.group) == (
            0o600,
            of_users.owner,
            of_users.group,
        )
        assert private.extended is None


class TestWishes:
    def test_by_name_and_by_number(self):
        import grp
        import pwd

        user, group = pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(os.getegid()).gr_name
        by_name = Attributes.requested(user, group, 0o600)
        by_number = Attributes.requested(str(os.geteuid()), os.getegid(), 0o600)
        assert by_name == by_number == Attributes(0o600, os.geteuid(), os.getegid())

    def test_change_what_they_name_and_nothing_else(self):
        kept = Attributes(0o640, 1, 2, {REMARK: b"value"}, is_tolerant=True)
        assert kept.changed_by(Attributes.requested(None, None, None)) == kept
        assert kept.changed_by(Attributes.requested(3, None, 0)) == Attributes(
            0, 3, 2, {REMARK: b"value"}, is_tolerant=True
        )
        assert PLAIN.changed_by(Attributes(None, None, 0)).group == 0

    @pytest.mark.parametrize(
        ("wish", "is_another"),
        [
            (Attributes(None), False),
            (Attributes(0o624), False),
            (Attributes(0o640), True),
            (Attributes(None, owner=STRANGER), True),
            (Attributes(None, group=STRANGER), True),
        ],
    )
    def test_tell_whether_there_is_anything_to_do(self, users, wish, is_another):
        assert wish.differ_from(users.stat()) == is_another

    @pytest.mark.parametrize(
        ("wish", "message"),
        [
            (("nobody here", None, None), r"invalid owner \[nobody here\]: no such user"),
            ((None, "nobody here", None), r"invalid group \[nobody here\]: no such group"),
            (("", None, None), r"invalid owner \[\]"),
            ((-1, None, None), r"invalid owner \[-1\]: must be between 0 and"),
            ((None, 2**32 - 1, None), r"invalid group \[4294967295\]"),
            ((99999999999999, None, None), r"invalid owner \[99999999999999\]"),
            ((None, None, 0o10000), r"invalid mode \[0o10000\]"),
            ((None, None, -1), r"invalid mode \[-0o1\]"),
            (("a\0b", None, None), "invalid owner"),
            ((None, "a\0b", None), "invalid group"),
        ],
    )
    def test_that_cannot_be(self, wish, message):
        with pytest.raises(InvalidAttributeError, match=message):
            Attributes.requested(*wish)
