"""A new password is hashed beside the start of the command, and only if that changes nothing."""

from __future__ import annotations

import pytest

from esfilerealm._ground import ahead
from esfilerealm.errors import PasswordTruncatedWarning
from esfilerealm.hashing import verify_hash

PASSWORD = "correct horse"


@pytest.fixture
def begun(monkeypatch):
    """What is hashed ahead, at a cost that a test can pay."""
    subjects = []
    start = ahead.start_hash

    def record(password, algorithm, cost):
        subjects.append((password, algorithm, cost))
        start(password, algorithm, 4)

    monkeypatch.setattr("esfilerealm.cli.ahead.start_hash", record)
    yield subjects
    assert ahead.take_hash(PASSWORD, "bcrypt") is None, "nothing is left behind"


@pytest.fixture
def default(config):
    """A realm whose settings do not name an algorithm."""
    (config / "elasticsearch.yml").write_text("cluster.name: one\n")
    return config


@pytest.mark.parametrize("source", ["-p", "--password-env", "--password-file"])
@pytest.mark.parametrize("command", ["useradd", "passwd"])
def test_the_hash_begun_is_the_hash_stored(
    run, default, begun, monkeypatch, tmp_path, command, source
):
    if command == "passwd":
        (default / "users").write_text("ann:$2a$04$x\n")
    (tmp_path / "secret").write_text(PASSWORD + "\n")
    monkeypatch.setenv("SECRET", PASSWORD)
    value = {"-p": PASSWORD, "--password-env": "SECRET"}.get(source, str(tmp_path / "secret"))
    assert run(command, "ann", source, value).exit_code == 0
    assert begun == [(PASSWORD, "bcrypt", 10)]
    stored = (default / "users").read_text().strip().partition(":")[2]
    assert stored.startswith("$2a$04$"), "the cost that the fixture has put in"
    assert verify_hash(PASSWORD, stored)


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["useradd", "ann", "-p", "short"], id="too short"),
        pytest.param(["useradd", "ann", "--generate"], id="not at hand"),
        pytest.param(["useradd", "ann", "--password-env", "NO_SUCH"], id="no variable"),
        pytest.param(["useradd", "ann", "--password-file", "/no/such"], id="no file"),
        pytest.param(["useradd", "ann", "--password-file", "{latin}"], id="not UTF-8"),
        pytest.param(
            [
                *("useradd", "ann", "-p", PASSWORD, "-E"),
                "xpack.security.authc.password_hashing.algorithm=bcrypt4",
            ],
            id="another algorithm by -E",
        ),
        pytest.param(["roles", "ann"], id="no password"),
    ],
)
def test_nothing_is_begun(run, default, begun, tmp_path, words):
    (tmp_path / "latin").write_bytes(b"caf\xe9caf\xe9")
    run(*(word.format(latin=tmp_path / "latin") for word in words))
    assert begun == []


def test_nothing_is_begun_if_the_settings_name_an_algorithm(run, config, begun):
    assert run("useradd", "ann", "-p", PASSWORD).exit_code == 0
    assert begun == []
    assert ":$2a$04$" in (config / "users").read_text()


def test_nothing_is_begun_if_settings_cannot_be_read(run, default, begun):
    (default / "elasticsearch.yml").unlink()
    (default / "elasticsearch.yml").mkdir()
    run("useradd", "ann", "-p", PASSWORD)
    assert begun == []


def test_a_hash_of_another_algorithm_is_not_used(run, default, begun, monkeypatch):
    """The settings decide; the guess only saves time."""
    monkeypatch.setattr("esfilerealm.cli.ahead._is_default", lambda *_: True)
    option = ("-E", "xpack.security.authc.password_hashing.algorithm=pbkdf2_1000")
    assert run("useradd", "ann", "-p", PASSWORD, *option).exit_code == 0
    assert begun
    assert "{PBKDF2}1000$" in (default / "users").read_text()


def test_an_error_forgets_it(run, default, begun):
    (default / "users").write_text("ann:$2a$04$x\n")
    assert run("useradd", "ann", "-p", PASSWORD).exit_code == 70
    assert begun


def test_a_long_password_still_warns(run, default, begun):
    result = run("useradd", "ann", "-p", "x" * 73, "-E", "path.logs=/tmp")
    assert "WARNING: the password has [73] bytes" in result.err
    assert PasswordTruncatedWarning.__name__ not in result.err


def test_a_thread_that_fails_is_no_harm(monkeypatch):
    monkeypatch.setattr(ahead, "bcrypt_hash", lambda *_: 1 / 0)
    ahead.start_hash(PASSWORD, "bcrypt", 10)
    assert ahead.take_hash(PASSWORD, "bcrypt") is None
