"""``RoleMapper`` follows its file, keeps the last good state, and unites file and documents."""

from __future__ import annotations

import logging
import os

import pytest
from support.threads import wait_until

from esfilerealm import RealmSettings
from esfilerealm.errors import InvalidDistinguishedNameError
from esfilerealm.realms import RoleMapper, role_mapper, role_mapping_failure
from esfilerealm.role_mapping import UserData, parse_role_mappings

GOOD = "admin:\n  - cn=jane,o=acme\n"
MORE = "admin:\n  - cn=jane,o=acme\nviewer:\n  - cn=jane,o=acme\n"
BROKEN = "admin: [\n"
JANE = UserData("jane", "CN=Jane,O=Acme")
DOCUMENT = '{"m": {"enabled": true, "roles": ["api"], "rules": {"field": {"username": "jane"}}}}'
OTHER = DOCUMENT.replace("api", "other")


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "role_mapping.yml"
    file.write_text(GOOD)
    return file


@pytest.fixture
def heard():
    return []


@pytest.fixture
def mapper(path, heard):
    mapper = RoleMapper(path)
    mapper.reload()
    mapper.on_change(lambda: heard.append(mapper.roles_of(JANE)))
    return mapper


def test_it_reads_the_file_when_it_is_asked(path):
    assert RoleMapper(path).roles_of(JANE) == {"admin"}


def test_it_unites_the_file_and_the_documents(path):
    assert RoleMapper(path, parse_role_mappings(DOCUMENT)).roles_of(JANE) == {"admin", "api"}


def test_it_needs_no_file():
    mapper = RoleMapper(documents=parse_role_mappings(DOCUMENT))
    assert mapper.roles_of(UserData("jane", "no name")) == {"api"}
    assert not mapper.reload()
    with mapper:
        assert mapper.mapping.roles_by_dn == {}


def test_a_user_without_a_name_has_the_roles_of_its_groups(mapper):
    assert mapper.roles_of(UserData(groups=["cn=jane,o=acme"])) == {"admin"}


@pytest.mark.parametrize(
    "user", [UserData(dn="jane"), UserData(groups=["jane"])], ids=["dn", "group"]
)
def test_an_invalid_name_is_an_error(mapper, user):
    with pytest.raises(InvalidDistinguishedNameError):
        mapper.roles_of(user)


def test_unmapped_groups_are_roles_on_request(path):
    mapper = RoleMapper(path, unmapped_groups_as_roles=True)
    assert mapper.roles_of(UserData(groups=["cn=ops,o=acme"])) == {"ops"}


def test_a_change_is_heard_once_it_is_in_place(mapper, path, heard):
    path.write_text(MORE)
    assert mapper.reload()
    assert heard == [{"admin", "viewer"}]


@pytest.mark.parametrize(
    "text",
    [
        GOOD + "\n# a comment\n",
        "admin:\n  - CN = Jane , O = Acme\n",
        GOOD + "a.b: [cn=x]\n",
    ],
    ids=["comment", "other spelling", "lost role"],
)
def test_what_changes_no_role_is_not_heard(mapper, path, heard, text):
    path.write_text(text)
    assert not mapper.reload()
    assert heard == []


@pytest.mark.parametrize("text", [BROKEN, "admin:\n", "\ufffe"], ids=["yaml", "null", "text"])
def test_a_broken_file_leaves_the_last_good_state(mapper, path, heard, caplog, text):
    path.write_text(text, encoding="utf-16" if text == "\ufffe" else "utf-8")
    for _ in range(2):
        assert not mapper.reload()
    assert mapper.roles_of(JANE) == {"admin"}
    assert mapper.problem is not None
    assert str(path) in mapper.problem
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert heard == []
    path.write_text(GOOD)
    assert not mapper.reload()
    assert mapper.problem is None


def test_a_broken_file_maps_nothing_as_in_a_node_on_request(path):
    mapper = RoleMapper(path, on_unusable="node")
    assert mapper.roles_of(JANE) == {"admin"}
    path.write_text(BROKEN)
    assert mapper.reload()
    assert mapper.roles_of(JANE) == frozenset()


def test_an_unreadable_file_is_tried_again(mapper, path, heard):
    path.unlink()
    path.mkdir()
    assert mapper._follow(()) is False
    assert mapper.roles_of(JANE) == {"admin"}
    path.rmdir()
    path.write_text(MORE)
    assert mapper._follow(()) is True
    assert heard == [{"admin", "viewer"}]


def test_a_file_that_vanishes_maps_nothing_and_warns_once(mapper, path, heard, caplog):
    path.unlink()
    assert mapper.reload()
    assert not mapper.reload()
    assert heard == [frozenset()]
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_a_file_that_is_too_large_is_not_read(mapper, path, monkeypatch):
    monkeypatch.setattr(role_mapper, "LARGEST_MAPPING_FILE", 10)
    mapper.reload()
    assert "10" in mapper.problem


def test_each_issue_is_logged_once(mapper, path, caplog):
    path.write_text(GOOD + "viewer: [jane]\n")
    mapper.reload()
    path.write_text(GOOD + "\nviewer: [jane]\n")
    mapper.reload()
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "line [3]" in caplog.text


def test_a_real_change_is_logged(mapper, path, caplog):
    caplog.set_level(logging.DEBUG, "esfilerealm")
    path.write_text(MORE)
    mapper.reload()
    assert "[1] role mappings found" in caplog.text
    assert "changed" in caplog.text


def test_a_listener_that_fails_keeps_no_other_from_hearing(mapper, path, heard, caplog):
    heard_before = []
    mapper._listeners = (lambda: heard_before.append(1) or 1 / 0, *mapper._listeners)
    path.write_text(MORE)
    mapper.reload()
    assert (len(heard_before), len(heard)) == (1, 1)
    assert "ZeroDivisionError" in caplog.text


def test_other_documents_are_heard(mapper, heard):
    documents = parse_role_mappings(DOCUMENT)
    mapper.replace_documents(documents)
    mapper.replace_documents(documents)
    assert heard == [{"admin", "api"}]
    mapper.replace_documents(parse_role_mappings(OTHER))
    assert heard[1:] == [{"admin", "other"}]
    assert mapper.documents[0].roles == ("other",)


@pytest.mark.parametrize("events", [True, False])
def test_it_follows_its_file(path, events):
    settings = RealmSettings(reload_interval_high=0.05)
    with RoleMapper(path, settings=settings, watch_events=events) as mapper:
        path.write_text(MORE)
        wait_until(lambda: mapper.roles_of(JANE) == {"admin", "viewer"})
    path.write_text(GOOD)
    assert mapper.roles_of(JANE) == {"admin", "viewer"}
    mapper.close()
    with mapper:
        assert mapper.roles_of(JANE) == {"admin"}


def test_it_follows_a_file_that_is_not_there_yet(tmp_path):
    path = tmp_path / "role_mapping.yml"
    settings = RealmSettings(reload_interval_high=0.05)
    with RoleMapper(path, settings=settings) as mapper:
        assert mapper.roles_of(JANE) == frozenset()
        path.write_text(GOOD)
        wait_until(lambda: mapper.roles_of(JANE) == {"admin"})


def test_it_can_be_entered_once_at_a_time(path):
    with RoleMapper(path) as mapper, pytest.raises(RuntimeError, match="only once"):
        mapper.__enter__()


def test_an_error_on_entry_closes_it(path, monkeypatch):
    mapper = RoleMapper(path)
    monkeypatch.setattr(mapper, "reload", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        mapper.__enter__()
    assert mapper._service is None


def test_a_child_process_can_use_it(mapper, path):
    mapper._reloading._lock.acquire()
    path.write_text(MORE)
    child = os.fork()
    if not child:
        mapper.reload()
        os._exit(len(mapper.roles_of(JANE)))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 2
    mapper._reloading._lock.release()


@pytest.mark.parametrize("name", ["role_mapping.YML", "role_mapping.txt", "role_mapping"])
def test_the_name_of_the_file_must_have_an_ending_that_a_node_knows(tmp_path, name):
    path = tmp_path / name
    path.write_text(GOOD)
    mapper = RoleMapper(path)
    assert mapper.roles_of(JANE) == frozenset()
    assert "must end in" in mapper.problem
    assert "must end in" in role_mapping_failure(path, "pki1")


def test_a_file_may_be_json_with_comments(tmp_path):
    path = tmp_path / "role_mapping.json"
    path.write_text('{\n\t// who\n\t"admin": ["cn=jane,o=acme"] /* so */\n}')
    assert RoleMapper(path).roles_of(JANE) == {"admin"}


def test_a_file_that_cannot_be_read_fails_the_check(path):
    path.unlink()
    path.mkdir()
    assert "could not read" in role_mapping_failure(path, "pki1")


def test_a_lost_role_does_not_fail_the_check(path):
    path.write_text(GOOD + "a.b: [cn=x]\n")
    assert role_mapping_failure(path, "pki1") is None


def test_an_unknown_choice_is_an_error(path):
    with pytest.raises(ValueError, match="on_unusable"):
        RoleMapper(path, on_unusable="empty")


def test_it_shows_its_size(mapper, path):
    assert repr(mapper) == f"<RoleMapper of {str(path)!r}: 1 names, 0 documents>"
