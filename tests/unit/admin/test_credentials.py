"""A password in a file or on a stream: what is a part of it, and what is refused."""

from __future__ import annotations

import pytest

from esfilerealm.admin.credentials import one_line, password_in_file
from esfilerealm.errors import FileAccessError, InvalidPasswordError


@pytest.mark.parametrize(
    ("data", "password"),
    [
        (b"secret", "secret"),
        (b"secret\n", "secret"),
        (b"secret\r\n", "secret"),
        (b"secret\r", "secret"),
        (b"\xef\xbb\xbfsecret\n", "secret"),
        (b" secret \t\n", " secret \t"),
        (b"sec\x0b\xc2\x85ret\xe2\x80\xa8\n", "sec\x0b\x85ret\u2028"),
        (b"x" * 65_536, "x" * 65_536),
    ],
)
def test_one_line_end_is_left_out_and_nothing_else(tmp_path, data, password):
    (tmp_path / "secret").write_bytes(data)
    assert password_in_file(str(tmp_path / "secret")) == password


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "holds no password"),
        (b"\n", "holds no password"),
        (b"\r\n", "holds no password"),
        (b"secret\n\n", "holds more than one line"),
        (b"secret\r\r\n", "holds more than one line"),
        (b"\nsecret", "holds more than one line"),
        (b"secret\rsecond", "holds more than one line"),
        (b"secret\xff", "is not UTF-8"),
        (b"x" * 65_537, "holds more than 65536 bytes"),
    ],
)
def test_what_is_refused(tmp_path, data, rule):
    path = str(tmp_path / "secret")
    (tmp_path / "secret").write_bytes(data)
    with pytest.raises(InvalidPasswordError) as caught:
        password_in_file(path)
    assert caught.value.rule == f"password file [{path}] {rule}"
    assert caught.value.__context__ is None


def test_a_byte_order_mark_alone_is_no_password(tmp_path):
    (tmp_path / "secret").write_bytes(b"\xef\xbb\xbf")
    with pytest.raises(InvalidPasswordError, match="holds no password"):
        password_in_file(str(tmp_path / "secret"))


def test_a_file_that_cannot_be_read(tmp_path):
    with pytest.raises(FileAccessError, match="Is a directory while reading it"):
        password_in_file(str(tmp_path))


def test_the_source_of_a_line_is_named():
    with pytest.raises(InvalidPasswordError, match="standard input holds no password"):
        one_line("", "standard input")
