"""The cases of the areas users-file, users-roles-file and validation."""

from __future__ import annotations

import pytest
from support.pages import text_of
from support.reference import DIFFERENCES, case_ids, cases, write_files

from esfilerealm import names, validate_password, validate_role_name, validate_username
from esfilerealm._storage.read import read_file
from esfilerealm.errors import FileAccessError, FileFormatError
from esfilerealm.formats import parse_users, parse_users_roles
from esfilerealm.hashing import verify_hash
from esfilerealm.settings import RealmSettings


def test_every_difference_is_about_a_case():
    assert set(DIFFERENCES) <= case_ids()


def test_every_difference_is_explained_in_the_documentation():
    table = text_of("esfilerealm/compatibility.md").partition("## Differences")[2]
    missing = {row for row, _ in DIFFERENCES.values() if row not in table}
    assert not missing


def is_strict(case):
    """The other modes are about a store, and tested in ``test_realm``."""
    return case.given["mode"] == "strict"


@pytest.mark.parametrize("case", cases("users-file", only=is_strict))
def test_users_file(case, tmp_path):
    write_files(tmp_path, case.given["files"])
    rules = RealmSettings.load(None, case.given.get("settings")).name_rules
    check_file(case, tmp_path / "users", lambda data: parse_users(data, **rules))


@pytest.mark.parametrize("case", cases("users-roles-file", only=is_strict))
def test_users_roles_file(case, tmp_path):
    write_files(tmp_path, case.given["files"])
    check_file(case, tmp_path / "users_roles", parse_users_roles)


def check_file(case, path, parse):
    expect = case.expect
    if expect.get("error"):
        with pytest.raises((FileFormatError, FileAccessError)):
            contents(parse, path)
        return
    if expect.get("missing"):
        assert not read_file(str(path)).exists
    after = contents(parse, path)
    if "users" in expect:
        assert after == expect["users"]
    if "users_count" in expect:
        assert len(after) == expect["users_count"]
    for user, roles in expect.get("roles", {}).items():
        assert after.get(user, ()) == tuple(roles)
    if expect.get("roles") == {}:
        assert after == {}
    if "auth" in expect:
        assert verify_hash(expect["auth"]["password"], after[expect["auth"]["user"]])
    for event in expect.get("log", ()):
        if event["level"] == "ERROR" and "line" in event["about"]:
            lines = [issue.line_number for issue in parse(path.read_bytes()).issues]
            assert lines == [int(event["about"].rpartition(" ")[2])]


def contents(parse, path):
    parsed = parse(read_file(str(path)).data)
    return parsed.users if hasattr(parsed, "users") else parsed.roles_by_user


@pytest.mark.parametrize("case", cases("validation"))
def test_validation(case, monkeypatch):
    """The native realm, of which some cases are, has the same rules with another limit."""
    given, expect = case.given, case.expect
    if "max_length" in given:
        monkeypatch.setattr(names, "MAX_NAME_LENGTH", given["max_length"])
    if "valid_when_reserved_refused" in expect:
        for role in given["roles"]:
            for allowed in (False, True):
                key = f"valid_when_reserved_{'allowed' if allowed else 'refused'}"
                check(validate_role_name, role, expect[key], allow_reserved=allowed)
        return
    options = {k: v for k, v in given.items() if k == "allow_reserved"}
    for name in given.get("names", ()):
        error = check(validate_username, name, expect["valid"], **options)
        assert ("reserved" in str(error)) == (expect.get("error") == "reserved")
    for role in given.get("roles", ()):
        check(validate_role_name, role, expect["valid"], **options)
    for password in given.get("passwords", ()):
        error = check(validate_password, password, expect["valid"])
        assert not password.strip() or password not in str(error)


def check(validate, value, valid, **options):
    if valid:
        assert validate(value, **options) == value
        return None
    with pytest.raises(ValueError, match=r"must|reserved") as caught:
        validate(value, **options)
    return caught.value
