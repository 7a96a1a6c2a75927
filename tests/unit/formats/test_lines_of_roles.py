"""Which line of ``users_roles`` gives a user a role."""

from __future__ import annotations

import pytest

from esfilerealm.errors import FileFormatError
from esfilerealm.formats import parse_users_roles
from esfilerealm.formats.users_roles import lines_of_roles

FILE = """\
# viewer:jane
viewer: bob , jane
superuser:janet
no colon but jane

viewer:jane
bad role\x7f\u00e9:jane
admin:jane,
""".encode()


def test_the_first_line_that_a_node_takes():
    found = lines_of_roles(FILE, "jane")
    assert found == {"viewer": 2, "admin": 8}
    assert tuple(found) == parse_users_roles(FILE).roles_by_user["jane"]


@pytest.mark.parametrize("name", ["", "nobody", "Jane", "janet,"])
def test_others_have_none(name):
    assert lines_of_roles(FILE, name) == {}


def test_not_utf_8():
    with pytest.raises(FileFormatError, match=r"file \[x\], line \[1\]"):
        lines_of_roles(b"viewer:jane\xff\n", "jane", source="x")
