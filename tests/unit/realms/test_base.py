"""Credentials, answers and users; every row about HTTP Basic has its id here."""

from __future__ import annotations

import base64
import pickle

import pytest

from esfilerealm import AuthenticationResult, AuthenticationStatus, User, UsernamePasswordToken
from esfilerealm.errors import InvalidAuthorizationHeaderError, InvalidUsernameError


def encoded(text: str | bytes) -> str:
    data = text if isinstance(text, bytes) else text.encode()
    return base64.b64encode(data).decode()


def header(text: str | bytes) -> str:
    return f"Basic {encoded(text)}"


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(None, id="BAS-01-missing"),
        pytest.param("", id="BAS-01-empty"),
        pytest.param([], id="BAS-01-no-value"),
        pytest.param("Basic", id="BAS-02-no-blank"),
        pytest.param(f"Basic\t{encoded('a:b')}", id="BAS-02-tab"),
        pytest.param(f" {header('a:b')}", id="BAS-02-leading-blank"),
        pytest.param(f"Bearer {encoded('a:b')}", id="BAS-02-other-scheme"),
        pytest.param(f"Ba\u017fic {encoded('a:b')}", id="BAS-02-letter-that-folds-to-s"),
    ],
)
def test_no_token(value):
    assert UsernamePasswordToken.from_basic_header(value) is None


@pytest.mark.parametrize(
    ("value", "principal", "credentials"),
    [
        pytest.param(header("bob:pass"), "bob", "pass", id="plain"),
        pytest.param(f"bAsIc {encoded('bob:pass')}", "bob", "pass", id="BAS-02-any-case"),
        pytest.param(f"Basic \x00 {encoded('a:b')} \r\n", "a", "b", id="BAS-04-trimmed"),
        pytest.param("Basic YTpi", "a", "b", id="BAS-04-needs-no-padding"),
        pytest.param("Basic YTo", "a", "", id="BAS-04-padding-left-out"),
        pytest.param("Basic YTo=", "a", "", id="BAS-04-padding-right"),
        pytest.param("Basic YTp=", "a", "", id="BAS-04-spare-bits-ignored"),
        pytest.param(header(b"a:\xff\xfe"), "a", "\ufffd\ufffd", id="BAS-06-malformed-utf-8"),
        pytest.param(header("a:b:c:"), "a", "b:c:", id="BAS-07-first-colon"),
        pytest.param(header(":b"), "", "b", id="BAS-08-empty-name"),
        pytest.param(header("a:"), "a", "", id="BAS-08-empty-password"),
        pytest.param(header(":"), "", "", id="BAS-08-both-empty"),
        pytest.param(header(" a : b "), " a ", " b ", id="BAS-08-not-trimmed"),
        pytest.param(header("jörg:pässwört"), "jörg", "pässwört", id="utf-8"),
        pytest.param([header("a:b"), header("a:b")], "a", "b", id="BAS-10-same-value-twice"),
    ],
)
def test_token(value, principal, credentials):
    token = UsernamePasswordToken.from_basic_header(value)
    assert token is not None
    assert (token.principal, token.credentials) == (principal, credentials)


@pytest.mark.parametrize(
    ("value", "status", "rule"),
    [
        pytest.param("Basic ", 401, "no colon", id="BAS-03-nothing-after-the-blank"),
        pytest.param("Basic   ", 401, "no colon", id="BAS-05-only-blanks"),
        pytest.param("Basic YT=", 401, "not base64", id="BAS-04-half-padding"),
        pytest.param("Basic YTpi=", 401, "not base64", id="BAS-04-too-much-padding"),
        pytest.param("Basic YTp-", 401, "not base64", id="BAS-04-url-safe"),
        pytest.param("Basic YT pi", 401, "not base64", id="BAS-04-inner-blank"),
        pytest.param("Basic YT\npi", 401, "not base64", id="BAS-04-line-break"),
        pytest.param("Basic YTo=YTo=", 401, "not base64", id="BAS-04-trailing-data"),
        pytest.param("Basic YTpiY", 401, "not base64", id="BAS-04-single-left-over"),
        pytest.param("Basic \u0661TpiY", 401, "not base64", id="BAS-04-not-ascii"),
        pytest.param(header("nocolon"), 401, "no colon", id="BAS-07-no-colon"),
        pytest.param([header("a:b"), header("a:c")], 400, "more than once", id="BAS-10"),
    ],
)
def test_error(value, status, rule):
    with pytest.raises(InvalidAuthorizationHeaderError, match=rule) as caught:
        UsernamePasswordToken.from_basic_header(value)
    assert caught.value.status == status
    assert caught.value.challenge == 'Basic realm="security", charset="UTF-8"'  # BAS-09
    assert encoded("nocolon") not in str(caught.value)


class TestProducedHeader:
    """BAS-11."""

    def test_round_trip(self):
        token = UsernamePasswordToken("jörg", "a:b")
        assert token.to_basic_header() == header("jörg:a:b")
        assert UsernamePasswordToken.from_basic_header(token.to_basic_header()) == token

    def test_a_name_with_a_colon_has_none(self):
        with pytest.raises(InvalidUsernameError, match=r"\[a:b\]"):
            UsernamePasswordToken("a:b", "c").to_basic_header()

    def test_half_of_a_character_becomes_a_question_mark(self):
        assert UsernamePasswordToken("a", "\ud800").to_basic_header() == header("a:?")


class TestToken:
    def test_equality(self):
        token = UsernamePasswordToken("a", "b")
        assert {token, UsernamePasswordToken("a", "b")} == {token}
        assert token != UsernamePasswordToken("a", "c")
        assert token != ("a", "b")

    def test_never_shows_its_password(self):
        token = UsernamePasswordToken("bob", "swordfish")
        assert "swordfish" not in repr(token) + str(token) + f"{token}"
        with pytest.raises(TypeError, match="password"):
            pickle.dumps(token)


class TestUser:
    def test_is_frozen_in_all_its_parts(self):
        user = User("bob", ["viewer"], metadata={"a": 1})
        assert user.roles == ("viewer",)
        with pytest.raises(AttributeError):
            user.username = "al"
        with pytest.raises(TypeError):
            user.metadata["a"] = 2
        assert {user: 1}[User("bob", ("viewer",), metadata={"a": 1})] == 1

    def test_pickles(self):
        user = User("bob", ("viewer",), "Bob", "b@example.org", {"a": 1}, enabled=False)
        assert pickle.loads(pickle.dumps(user)) == user


class TestResult:
    def test_true_only_on_success(self):
        user = User("bob")
        assert AuthenticationResult.success(user)
        assert AuthenticationResult.success(user).user is user
        for result, status in (
            (AuthenticationResult.not_handled(), AuthenticationStatus.CONTINUE),
            (AuthenticationResult.unsuccessful("why"), AuthenticationStatus.CONTINUE),
            (AuthenticationResult.terminate("why"), AuthenticationStatus.TERMINATE),
        ):
            assert not result
            assert result.status is status
            assert result.user is None
        assert AuthenticationResult.not_handled().message is None
        assert AuthenticationResult.terminate("why").message == "why"
