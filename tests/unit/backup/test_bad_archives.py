"""Archives that were made to do harm, each by its name; all are refused, and no file is touched."""

from __future__ import annotations

import io
import tarfile

import pytest
from support.backups import NOW, USERS, member, rebuilt_header, tar_of

from esfilerealm.backup import verify_backup
from esfilerealm.errors import BackupContentError, BackupError, BackupFormatError

FILES = {"config/users": USERS}
WHOLE = tar_of(FILES)
ONE = member("config/x", b"abc", uname="root")


def with_member(block):
    """Put a member in front of a backup that is whole otherwise."""
    return block + WHOLE


def of_gnu(name, **values):
    """Write a header in the form of GNU, which has extensions of its own."""
    info = tarfile.TarInfo(name)
    for key, value in values.items():
        setattr(info, key, value)
    return info.tobuf(tarfile.GNU_FORMAT)


def field(at, value):
    """Change a field of a member, and its checksum with it."""
    return rebuilt_header(ONE, 0, slice(at, at + len(value)), value)


def extended(records):
    """Write an extended header of these bytes before a member."""
    header = member("x", records, type=b"x")
    return header + ONE


def record(key, value):
    """Write a record whose length counts itself."""
    rest = b" %s=%s\n" % (key, value)
    size = len(rest) + 1
    while len(b"%d" % size) + len(rest) != size:
        size += 1
    return b"%d%s" % (size, rest)


PATHS = {
    "traversal": "config/../../etc/cron.d/x",
    "traversal_at_once": "../x",
    "absolute": "/etc/cron.d/x",
    "dot": "./config/x",
    "dot_inside": "config/./x",
    "two_slashes": "config//x",
    "slash_behind": "config/x/",
    "elsewhere": "etc/x",
    "outside_itself": "outside",
    "name_of_4096_bytes": f"config/{'x' * 4096}",
    "path_of_4096_bytes": f"config/{'x/' * 2044}x",
    "long_name": f"config/{'x' * 256}",
    "no_name": "",
}

MEMBERS = {
    "hard_link": member("config/x", type=b"1", linkname="config/users"),
    "character_device": member("config/x", type=b"3"),
    "block_device": member("config/x", type=b"4"),
    "named_pipe": member("config/x", type=b"6"),
    "contiguous": member("config/x", type=b"7"),
    "sparse_of_gnu": member("config/x", type=b"S"),
    "volume_of_gnu": member("config/x", type=b"V"),
    "continued_of_gnu": member("config/x", type=b"M"),
    "old_file": member("config/x", type=b"\0"),
    "unknown_kind": member("config/x", type=b"Z"),
    "global_header": member("x", record(b"comment", b"x"), type=b"g"),
    "long_name_of_gnu": of_gnu("config/" + "x" * 200),
    "long_link_of_gnu": of_gnu("config/x", type=b"2", linkname="y" * 200),
    "large_number_of_gnu": of_gnu("config/x", uid=2**40),
    "times_of_gnu": rebuilt_header(of_gnu("config/x"), 0, slice(345, 356), b"00000000000"),
    "link_that_leaves": member("config/x", type=b"2", linkname="../../etc/passwd"),
    "link_to_absolute": member("config/x", type=b"2", linkname="/etc/passwd"),
    "link_through_another": member("config/x", type=b"2", linkname="y/../../etc"),
    "link_outside": member("outside/etc/x", type=b"2", linkname="passwd"),
    "link_without_target": member("config/x", type=b"2"),
    "file_with_target": field(157, b"users"),
    "directory_with_content": rebuilt_header(ONE, 0, slice(156, 157), b"5"),
    "old_magic": field(257, b"\0" * 8),
    "wrong_checksum": ONE[:148] + b"000000\0 " + ONE[156:],
    "spaces_for_a_number": field(100, b"    600\0"),
    "minus": field(124, b"-0000000003\0"),
    "nothing_for_a_number": field(100, b"\0" * 8),
    "no_time": field(136, b"\0" * 12),
    "device_numbers": field(329, b"0000001\0"),
    "behind_the_name": field(90, b"hidden"),
    "behind_the_owner": field(280, b"hidden"),
    "in_unused_bytes": field(510, b"x"),
    "behind_the_content": ONE[:-1] + b"x",
    "nul_in_the_name": extended(record(b"path", b"config/a\0b")),
    "sparse_by_record": extended(record(b"GNU.sparse.major", b"1")),
    "attribute_by_record": extended(record(b"SCHILY.xattr.user.x", b"1")),
    "record_twice": extended(record(b"uid", b"1") * 2),
    "record_without_key": extended(b"5 =x\n"),
    "record_without_end": extended(b"9 uid=77x"),
    "record_too_long": extended(b"99 uid=7\n"),
    "record_too_short": extended(b"4 uid=7\n"),
    "record_of_length_zero": extended(b"0 uid=7\n"),
    "number_that_is_none": extended(record(b"size", b"0x3")),
    "number_below_zero": extended(record(b"size", b"-3")),
    "number_too_large": extended(record(b"size", b"9" * 30)),
    "charset_of_somebody": extended(record(b"hdrcharset", b"EBCDIC")),
    "no_records": extended(b""),
    "many_records": extended(record(b"path", b"x" * 2**16)),
    "behind_the_records": extended(record(b"uid", b"1"))[:1000] + b"x" + extended(b"")[:0],
    "two_extended_headers": member("x", record(b"uid", b"1"), type=b"x") + extended(b"9 uid=77\n"),
    "extended_header_at_the_end": member("x", record(b"uid", b"1"), type=b"x") + bytes(512),
    "member_twice": ONE + ONE,
    "document_twice": member("MANIFEST", b"x") * 2,
    "file_and_directory": ONE + member("config/x", type=b"5"),
}

WHOLES = {
    "bytes_behind": WHOLE + b"x",
    "zeros_that_are_no_block": WHOLE + b"\0",
    "zeros_without_end": WHOLE + bytes(2**17),
    "an_archive_behind": WHOLE + WHOLE,
    "no_end": WHOLE[:-1024],
    "half_an_end": WHOLE[:-512],
    "end_in_a_member": WHOLE[:600],
    "end_in_a_header": WHOLE[:300],
    "nothing_in_it": bytes(1024),
}


def refuse(data):
    with pytest.raises(BackupError) as caught:
        verify_backup(io.BytesIO(data), now=NOW)
    assert caught.type in (BackupFormatError, BackupContentError)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600
    return caught.value


@pytest.mark.parametrize("name", PATHS)
def test_paths(name):
    error = refuse(with_member(member(PATHS[name], b"x")))
    assert error.member == PATHS[name]
    assert "the manifest does not name it" not in error.reason


@pytest.mark.parametrize("name", MEMBERS)
def test_members(name):
    """For what they are, and not only since the manifest does not name them."""
    assert "the manifest does not name it" not in refuse(with_member(MEMBERS[name])).reason


@pytest.mark.parametrize("name", WHOLES)
def test_wholes(name):
    refuse(WHOLES[name])


def test_the_backup_itself_is_none_of_them():
    assert verify_backup(io.BytesIO(WHOLE), now=NOW).read("config/users") == USERS


@pytest.mark.parametrize(
    "records",
    [
        record(b"path", "config/ü".encode()),
        record(b"mtime", b"1.5") + record(b"atime", b"-2") + record(b"ctime", b"0"),
        record(b"hdrcharset", b"BINARY") + record(b"path", b"config/\xff"),
        record(b"uid", b"4294967294"),
    ],
    ids=["path", "times", "binary", "large owner"],
)
def test_records_that_tar_writes_are_read(records):
    """They are refused later, since the manifest does not name the member."""
    error = refuse(with_member(extended(records)))
    assert "the manifest does not name it" in error.reason
