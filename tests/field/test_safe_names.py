"""Clear text in place of a hash: what it means is said first (N02), and nobody is let in (N03)."""

from __future__ import annotations

import logging

import pytest

import esfilerealm
from esfilerealm import FileRealm, UsersTool, hashing
from esfilerealm.errors import InvalidHashError

DANGER = "a node lets in whoever types the text that stands in the file"
APACHE = "$apr1$R3DdqiAZ$aljIkaIVPSarmDMlJUBBP."


@pytest.fixture
def clear(config):
    (config / "users").write_text("clear:secret123\n")
    return config


class TestN02:
    def test_n02_check(self, run, clear):
        result = run("check")
        assert result.exit_code == 65
        assert f": error EFR201: {DANGER} for user [clear]: it is not a known hash; " in result.out
        assert "; set a password with `esfilerealm passwd`" in result.out
        assert "secret123" not in result.out + result.err

    def test_n02_watch(self, clear, caplog):
        with caplog.at_level(logging.ERROR), FileRealm(clear, watch_events=False):
            pass
        (message,) = caplog.messages
        assert message.startswith(f"{DANGER} for user [clear], line [1]: ")
        assert message.endswith("; set a password")

    def test_n02_hash_problem(self, clear):
        problem = UsersTool(clear).hash_problem("clear") or ""
        assert problem.startswith("a node lets in whoever types the text")
        assert problem.endswith("; set a password")

    @pytest.mark.parametrize("text", ["secret123", APACHE, "!", "{plain}x"])
    def test_every_text_that_a_node_takes_for_clear_text(self, run, config, text):
        (config / "users").write_text(f"clear:{text}\n")
        assert DANGER in run("check").out
        assert DANGER in run("verify", "clear", "-p", text).err

    @pytest.mark.parametrize("text", ["$2a$15$" + 53 * "a", "$2a$10$short", "{SSHA256}x"])
    def test_no_text_with_which_nobody_gets_in(self, run, config, text):
        (config / "users").write_text(f"odd:{text}\n")
        assert DANGER not in run("check").out
        assert "user [odd] cannot log in: " in run("check").out


class TestN03:
    def test_n03_clear_text_is_refused_unless_asked_for(self):
        with pytest.raises(InvalidHashError, match="accept_clear_text=True") as caught:
            esfilerealm.verify_hash("secret123", "secret123")
        assert "secret123" not in str(caught.value)
        assert esfilerealm.verify_hash("secret123", "secret123", accept_clear_text=True)
        assert not esfilerealm.verify_hash("other-one", "secret123", accept_clear_text=True)

    @pytest.mark.parametrize("accepts", [False, True])
    def test_a_hash_of_another_program_is_always_refused(self, accepts):
        with pytest.raises(InvalidHashError, match="MD5-crypt") as caught:
            esfilerealm.verify_hash(APACHE, APACHE, accept_clear_text=accepts)
        assert "accept_clear_text" not in str(caught.value)

    @pytest.mark.parametrize("name", ["bcrypt4", "pbkdf2_1000", "pbkdf2_stretch_1000"])
    def test_known_hashes_are_verified(self, name):
        text = esfilerealm.hash_password("correct-horse", name)
        assert esfilerealm.verify_hash("correct-horse", text)
        assert not esfilerealm.verify_hash("battery-staple", text)

    def test_the_verdict_of_a_node_stays_in_hashing(self):
        assert hashing.verify_hash("secret123", "secret123")
