"""The checks of a realm's files: each rule and its place; checking changes nothing."""

from __future__ import annotations

import threading
import time

import pytest
from support.hashes import CHEAP_HASH
from support.storing import contents

from esfilerealm import RealmSettings, errors
from esfilerealm.checks import check_parsed, check_realm, node
from esfilerealm.formats import ParsedRealm

APACHE = "$apr1$aaaaaaaa$bbbbbbbbbbbbbbbbbbbbbb"


def facts(findings):
    return [(f.code, f.severity, f.line, f.subject) for f in findings]


def parsed(users="", users_roles=""):
    return ParsedRealm.parse(users.encode(), users_roles.encode())


class TestParsed:
    def test_nothing_to_report(self):
        assert check_parsed(parsed(f"# people\n\nbob:{CHEAP_HASH}\n", "admin:bob\n")) == ()

    @pytest.mark.parametrize(
        ("line", "code"),
        [("oops", "EFR101"), ("b ö b:x", "EFR102"), ("elastic:x", "EFR103")],
    )
    def test_lines_of_users_that_a_node_skips(self, line, code):
        findings = check_parsed(parsed(f"\n{line}\n"), sources=("/u", "/r"))
        assert facts(findings) == [(code, "warning", 2, None)]
        assert findings[0].path == "/u"

    @pytest.mark.parametrize(
        ("line", "code"),
        [("oops", "EFR101"), ("rôle:bob", "EFR104"), ("role: ,", "EFR105")],
    )
    def test_lines_of_users_roles_that_a_node_skips(self, line, code):
        findings = check_parsed(parsed("", f"\n{line}\n"), sources=("/u", "/r"))
        assert facts(findings) == [(code, "warning", 2, None)]
        assert findings[0].path == "/r"

    @pytest.mark.parametrize(
        ("text", "code"),
        [("swordfish", "EFR201"), (APACHE, "EFR202"), ("$2a$10$short", "EFR203")],
    )
    def test_hashes_that_no_password_matches(self, text, code):
        findings = check_parsed(parsed(f"al:{CHEAP_HASH}\nbob:{text}\n"), sources=("/u", "/r"))
        assert facts(findings) == [(code, "error", 2, "bob")]
        assert findings[0].path == "/u"
        assert text not in str(findings[0])

    def test_roles_of_names_without_a_user(self):
        found = check_parsed(parsed("", f"admin:ghost,\nx:{CHEAP_HASH}\n"))
        assert facts(found) == [
            ("EFR111", "warning", None, "ghost"),
            ("EFR111", "warning", None, "(a hash)"),
        ]
        assert {finding.path for finding in found} == {"users_roles"}

    def test_in_the_order_of_the_files_and_their_lines(self):
        users, users_roles = "oops\nbob:x\noops\nal:y\n", "admin:ghost\noops\n"
        found = check_parsed(parsed(users, users_roles), sources=("/u", "/r"))
        places = [("/u", 1), ("/u", 2), ("/u", 3), ("/u", 4), ("/r", 2), ("/r", None)]
        assert [(finding.path, finding.line) for finding in found] == places


class TestOnDisk:
    @pytest.fixture
    def realm(self, tmp_path):
        (tmp_path / "users").write_text(f"bob:{CHEAP_HASH}\noops\n")
        (tmp_path / "users_roles").write_text("admin:bob\n")
        return tmp_path

    @pytest.fixture(autouse=True)
    def _impatient(self, monkeypatch):
        monkeypatch.setattr(node, "_PATIENCE", 0.2)

    def test_names_the_file(self, realm):
        (finding,) = check_realm(realm, RealmSettings())
        assert (finding.code, finding.path) == ("EFR101", str(realm / "users"))

    def test_a_journal_that_stays_is_an_interrupted_write(self, realm):
        (realm / "users.journal").write_text("notes\n")
        before = contents(realm)
        finding = check_realm(realm, RealmSettings())[-1]
        assert (finding.code, finding.severity) == ("EFR121", "error")
        assert finding.path == str(realm / "users.journal")
        assert "`esfilerealm recover`" in finding.advice
        assert contents(realm) == before

    def test_a_journal_of_a_writer_at_work_is_not(self, realm):
        (realm / "users.journal").write_text("notes\n")

        def finish():
            time.sleep(0.1)
            (realm / "users.journal").unlink()

        thread = threading.Thread(target=finish)
        thread.start()
        codes = [finding.code for finding in check_realm(realm, RealmSettings())]
        thread.join(10)
        assert codes == ["EFR101"]

    def test_an_unusable_journal_is_reported_until_somebody_removes_it(self, realm):
        rejected = realm / "users.journal.0a0a0a0a.rejected"
        rejected.touch()
        finding = check_realm(realm, RealmSettings())[-1]
        assert (finding.code, finding.path) == ("EFR122", str(rejected))
        rejected.unlink()
        assert len(check_realm(realm, RealmSettings())) == 1

    def test_without_a_realm(self, tmp_path):
        with pytest.raises(errors.ConfigurationFileMissingError):
            check_realm(tmp_path, RealmSettings())
        assert list(tmp_path.iterdir()) == []
