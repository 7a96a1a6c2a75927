"""The application of the realm's guide, served by uvicorn: what clients see over real HTTP."""

from __future__ import annotations

import base64
import http.client
import json
import os
import re
import subprocess
import sys
from contextlib import contextmanager

import pytest
from support.hashes import CHEAP_HASH, PASSWORD
from support.pages import ROOT, blocks, text_of
from support.threads import together, wait_until

from esfilerealm import UsersTool, hash_password
from esfilerealm.realms import ResultKind
from esfilerealm.realms import file as file_realm
from esfilerealm.realms.base import TEMPORARY_REASONS, FailureReason

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")

GUIDE_NAME = "esfilerealm/realms/README.md"
GUIDE = ROOT / GUIDE_NAME
CHALLENGE = 'Basic realm="example", charset="UTF-8"'


@pytest.fixture
def application():
    (block,) = (block for block in blocks(GUIDE, "python") if "Starlette(" in block)
    return block


@pytest.fixture
def realm(tmp_path):
    tool = UsersTool(tmp_path / "config")
    tool.init()
    tool.useradd("al", password_hash=CHEAP_HASH, roles=["viewer", "admin"])
    return tool


class Server:
    """A running application."""

    def __init__(self, port, log):
        self.port, self._log = port, log

    def get(self, path="/whoami", *, headers=()):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.putrequest("GET", path)
        for name, value in headers:
            connection.putheader(name, value)
        connection.endheaders()
        response = connection.getresponse()
        body = response.read().decode()
        connection.close()
        return response, body

    def log_in(self, name, password):
        return self.get(headers=[basic(f"{name}:{password}")])

    @property
    def log(self):
        return self._log.read_text()


def basic(pair):
    return "Authorization", "Basic " + base64.b64encode(pair.encode()).decode()


@contextmanager
def serving(tmp_path, application):
    (tmp_path / "app.py").write_text(application)
    log = tmp_path / "log"
    command = [sys.executable, "-m", "uvicorn", "--port", "0", "--no-use-colors", "app:app"]
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    with (
        open(log, "wb") as output,
        subprocess.Popen(
            command, cwd=tmp_path, env=surroundings, stdout=output, stderr=output
        ) as server,
    ):

        def port():
            assert server.poll() is None, log.read_text()
            return re.search(r"running on http://127\.0\.0\.1:(\d+)", log.read_text())

        try:
            wait_until(port)
            yield Server(int(port()[1]), log)
        finally:
            server.terminate()
            server.wait(30)
    assert "Application shutdown complete" in log.read_text()


@pytest.fixture
def server(tmp_path, realm, application):
    with serving(tmp_path, application) as server:
        yield server


def test_answers(server):
    response, body = server.log_in("al", PASSWORD)
    assert (response.status, json.loads(body)) == (
        200,
        {"username": "al", "roles": ["viewer", "admin"]},
    )
    refused = {
        "nobody has logged in": server.get(),
        "wrong": server.log_in("al", "wrong-password"),
        "unknown": server.log_in("nobody", PASSWORD),
        "too long": server.log_in("al", "x" * 4097),
        "another scheme": server.get(headers=[("Authorization", "Bearer YTpi")]),
        "no base64": server.get(headers=[("Authorization", "Basic ???")]),
    }
    seen = {(r.status, r.headers["WWW-Authenticate"], body) for r, body in refused.values()}
    assert len(seen) == 1  # so a client does not learn which names exist
    assert next(iter(seen))[:2] == (401, CHALLENGE)
    response, _ = server.get(headers=[basic("al:a"), basic("al:b")])
    assert response.status == 400
    assert "login refused, wrong_password: password authentication failed for [al]" in server.log
    assert "login refused, unknown_user: None" in server.log
    assert not [secret for secret in (PASSWORD, "wrong-password") if secret in server.log]


def test_follows_the_files(server, realm):
    realm.useradd("eve", password_hash=CHEAP_HASH)
    wait_until(lambda: server.log_in("eve", PASSWORD)[0].status == 200)
    assert server.get("/health")[0].status == 200
    with open(os.path.join(realm.config_dir, "users"), "ab") as users:
        users.write(b"\xff")
    wait_until(lambda: server.get("/health")[0].status == 503)
    assert server.log_in("eve", PASSWORD)[0].status == 200


def test_n08_busy(tmp_path, realm, application):
    realm.passwd("al", password_hash=hash_password(PASSWORD, "bcrypt12"))
    source = 'FileRealm("config")'
    assert source in application
    hurried = 'FileRealm("config", max_concurrent_hashing=1, hashing_timeout=0.05)'
    with serving(tmp_path, application.replace(source, hurried)) as server:
        answers = together([lambda i=i: server.log_in("al", f"wrong-{i}")[0] for i in range(9)])
    assert 503 in {answer.status for answer in answers} <= {401, 503}
    for answer in answers:
        headers = answer.headers["Retry-After"], answer.headers["WWW-Authenticate"]
        assert headers == (("1", None) if answer.status == 503 else (None, CHALLENGE))
    assert "login refused, busy: " in server.log


def test_in_fastapi(tmp_path, realm, application):
    pytest.importorskip("fastapi")
    (parameter,) = re.findall(r"`(user: User = Depends\(current_user\))`", text_of(GUIDE_NAME))
    application += f"""
from fastapi import Depends, FastAPI

app = FastAPI(lifespan=lifespan)

@app.get("/whoami")
async def me({parameter}) -> str:
    return user.username
"""
    with serving(tmp_path, application) as server:
        response, body = server.log_in("al", PASSWORD)
        assert (response.status, json.loads(body)) == (200, "al")
        response, _ = server.log_in("al", "wrong-password")
        assert (response.status, response.headers["WWW-Authenticate"]) == (401, CHALLENGE)


def test_a_missing_directory_stops_the_start(tmp_path, application):
    (tmp_path / "app.py").write_text(application)
    done = subprocess.run(
        [sys.executable, "-m", "uvicorn", "--port", "0", "app:app"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "ConfigurationFileMissingError" in done.stderr


def test_the_tables_of_the_guide_are_complete():
    page = text_of(GUIDE_NAME)
    section = re.search(r"^## Why a login failed$(.*?)^## ", page, re.MULTILINE | re.DOTALL)[1]
    reasons = dict(re.findall(r"^\| `(\w+)` \| (\d+) \|", section, re.MULTILINE))
    assert reasons == {
        reason: "503" if reason in TEMPORARY_REASONS else "401" for reason in FailureReason.__args__
    }
    several = page.partition("\n## Several realms\n")[2].partition("\n## ")[0]
    kinds = re.findall(r"^\| `(\w+)` \| [\d, ]+ \|", several, re.MULTILINE)
    assert kinds == [kind.value for kind in ResultKind]
    states = dict(re.findall(r"^\| `(\w+)` \| (true|false) \|", page, re.MULTILINE))
    assert states == {
        status: str(bool(file_realm.RealmHealth(status))).lower()
        for status in file_realm.HealthStatus.__args__
    }
