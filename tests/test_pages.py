"""The README and the guides are true: their examples run and print what the pages show."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import ssl
import subprocess
import sys
from base64 import b64encode
from contextlib import closing
from http.client import HTTPSConnection
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from socket import create_connection
from threading import Thread

import pytest
import yaml
from support.check_guide import HEADING, rules_section
from support.hashes import CHEAP_HASH
from support.pages import GUIDES, PAGES, ROOT, blocks, files_of, name_of, text_of
from support.pki import VECTORS, made, private_key, rows
from support.public import MODULES

import esfilerealm
from esfilerealm import RealmChain, UsersTool, errors
from esfilerealm.cli import exits
from esfilerealm.cli.commands import COMMANDS, PROGRAM, TOPICS, every_command
from esfilerealm.hashing import resolve

COLLECTION = ROOT / "esfilerealm/ansible_collections/esfilerealm/file_realm"
README = ROOT / "README.md"
LONGEST_README = 220

#: How many values the Python examples of each page show.
VALUES_SHOWN = {
    "README.md": 2,
    "esfilerealm/admin/README.md": 21,
    "esfilerealm/audit/README.md": 3,
    "esfilerealm/backup/README.md": 5,
    "esfilerealm/backup/snapshot/README.md": 6,
    "esfilerealm/admin/emergency.md": 1,
    "esfilerealm/certificates/README.md": 7,
    "esfilerealm/checks/README.md": 2,
    "esfilerealm/checks/autoconfiguration/README.md": 5,
    "esfilerealm/drift/README.md": 6,
    "esfilerealm/exchange/README.md": 1,
    "esfilerealm/keystore/README.md": 6,
    "esfilerealm/provisioning/README.md": 5,
    "esfilerealm/realms/README.md": 9,
    "esfilerealm/role_mapping/README.md": 6,
    "esfilerealm/settings/README.md": 2,
}

posix_shell = pytest.mark.skipif(os.name == "nt", reason="the examples are for a POSIX shell")


def pages_with(*languages):
    """Return the pages with an example in one of the languages, as parameters of a test."""
    found = [page for page in PAGES if any(blocks(page, language) for language in languages)]
    return pytest.mark.parametrize("page", found, ids=name_of)


@pages_with("python")
def test_python_examples(page, tmp_path, monkeypatch, capsys):
    """A comment behind an expression, or below it, is its value; behind `print`, the output."""
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    compared = 0
    for block in blocks(page, "python"):
        if "import Starlette" in block:
            pytest.importorskip("starlette")
        if "prometheus_client" in block:
            pytest.importorskip("prometheus_client")
        if block in files_of(page).values():
            continue  # a program, which an example in a shell runs
        for node in ast.parse(block).body:
            value = run(node, names)
            printed = capsys.readouterr().out.strip()
            if printed:
                shown = [c for line, c in commented_lines(block, node) if "print(" in line]
                compared += len(shown)
                assert matches("\n".join(shown), printed)
                continue
            for _, comment in commented_lines(block, node)[-1:]:
                if isinstance(node, ast.Expr) and is_value(comment):
                    compared += 1
                    assert matches(comment, repr(value))
    assert compared == VALUES_SHOWN[name_of(page)]


def run(node, names):
    if isinstance(node, ast.Expr):
        return eval(compile(ast.Expression(node.value), "page", "eval"), names)
    exec(compile(ast.Module([node], []), "page", "exec"), names)
    return None


def commented_lines(block, node):
    """Return the lines of a statement, and a comment below it, that have a comment."""
    lines = block.splitlines()
    below = lines[node.end_lineno : node.end_lineno + 1]
    own = [*lines[node.lineno - 1 : node.end_lineno], *(s for s in below if s.startswith("#"))]
    found = ((re.sub(r'b?"[^"]*"', '""', line).partition("# "), line) for line in own)
    return [(line, comment) for (_, sign, comment), line in found if sign]


def is_value(comment):
    try:
        ast.parse(comment, mode="eval")
    except SyntaxError:
        return False
    return True


def matches(shown, actual):
    return re.fullmatch(re.escape(shown).replace("…", ".*"), actual) is not None


@pytest.fixture
def shell(tmp_path):
    """Run a line of shell in a directory where `esfilerealm` is this checkout's."""
    programs = tmp_path / "bin"
    programs.mkdir()
    write_program(programs / "esfilerealm", f'exec {sys.executable} -m esfilerealm "$@"')
    write_program(programs / "python", f'exec {sys.executable} "$@"')
    write_program(programs / "ansible-doc", 'echo "$ANSIBLE_COLLECTIONS_PATH"; echo "$1"')
    home = tmp_path / "you"
    home.mkdir()
    surroundings = {
        **os.environ,
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
    }

    def shell(line, *, check=False):
        return subprocess.run(
            ["bash", "-c", f"umask 022; {line}"],
            cwd=home,
            env=surroundings,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=check,
        ).stdout

    shell.home = home
    return shell


def write_program(path, line):
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)


@posix_shell
@pages_with("console")
def test_console_examples(page, shell):
    """A block whose first line is a comment with a name is the file of that name."""
    for name, block in files_of(page).items():
        (shell.home / name).parent.mkdir(exist_ok=True)
        (shell.home / name).write_text(block)
    for block in blocks(page, "console"):
        for example in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            line, _, shown = example.partition("\n")
            printed = shell(line)
            assert matches(shown.replace("/home/you", str(shell.home)), printed), (
                f"{line}\n{printed}"
            )


@pages_with("python")
def test_every_program_is_run(page):
    commands = "".join(blocks(page, "console"))
    programs = [name for name in files_of(page) if name.endswith(".py")]
    assert [name for name in programs if f"$ python {name}" not in commands] == []


@posix_shell
@pages_with("sh")
def test_shell_examples(page, shell):
    for block in blocks(page, "sh"):
        if "venv" in block:
            continue  # installs; `.ci/run` runs it
        if "--print-completion" in block:
            pytest.importorskip("shtab")
        here = block.replace("/usr/local/bin", str(shell.home.parent / "bin"))
        printed = shell(f"set -eu; {here}", check=True).splitlines()
        if "ansible-doc" in block:
            path, module = printed
            collection = Path(path.split(":")[0], "ansible_collections", *module.split(".")[:2])
            assert (collection / "plugins/modules" / f"{module.split('.')[2]}.py").is_file()


@posix_shell
def test_the_main_command_prints_what_is_shown_and_leaves_the_shell_as_it_was(shell):
    (command,) = re.findall(r"<!-- main command -->\n```sh\n(.*)\n```", text_of("README.md"))
    (shown,) = blocks(README, "text")
    install, sign, rest = command.partition(" && (")
    assert sign
    assert install == "python3 -m venv .venv && .venv/bin/pip install --quiet ."
    printed = shell(f'unset ES_PATH_CONF; ({rest}; echo "${{ES_PATH_CONF-unset}} $PATH"')
    *lines, left = printed.splitlines(keepends=True)
    assert matches(re.sub(r"\[/tmp/[^/]*", "[…", shown), "".join(lines))
    assert left.startswith("unset ")
    assert ".venv" not in left


@posix_shell
def test_what_watch_prints(config, tool):
    (shown,) = blocks(ROOT / "esfilerealm/cli/README.md", "text")
    for name in ("al", "bob", "carl"):
        tool.useradd(name, password_hash=CHEAP_HASH, roles=["viewer"])
    with subprocess.Popen(
        [sys.executable, "-m", "esfilerealm", "-c", str(config), "watch"],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        printed = [process.stdout.readline()]
        with tool.transaction() as change:
            change.useradd("jane", password_hash=CHEAP_HASH, roles=["viewer"])
            change.roles("bob", add=["superuser"])
        printed += [process.stdout.readline() for _ in range(3)]
        process.terminate()
    expected = shown.replace("/etc/elasticsearch", str(config))
    time = re.compile(r"^\d\d:\d\d:\d\d", re.MULTILINE)
    assert time.sub("time", "".join(printed)) == time.sub("time", expected)


def test_marked_commands_are_one_line():
    """`.ci/run` takes them from the page."""
    readme = text_of("README.md")
    assert len(re.findall(r"^<!-- (?:main|test) command -->$", readme, re.MULTILINE)) == 2
    assert len(re.findall(r"^<!-- \w+ command -->\n```sh\n.+\n```$", readme, re.MULTILINE)) == 2


@pages_with("yaml")
def test_tasks_have_documented_options(page):
    for block in blocks(page, "yaml"):
        content, *_ = yaml.safe_load_all(block)
        if not isinstance(content, list):
            continue
        tasks = [task for play in content for task in play.get("tasks", [play])]
        assert tasks
        for task in tasks:
            for module, given in task.items():
                if module.startswith("esfilerealm."):
                    check_options(given, documented_options(module.rpartition(".")[2]))


def documented_options(module):
    def documentation(path):
        text = re.search(r'DOCUMENTATION = r"""\n(.*?)"""', path.read_text(), re.DOTALL)
        return yaml.safe_load(text[1])

    own = documentation(COLLECTION / "plugins/modules" / f"{module}.py")
    options = own["options"]
    if "esfilerealm.file_realm.files" in own["extends_documentation_fragment"]:
        options |= documentation(COLLECTION / "plugins/doc_fragments/files.py")["options"]
    return options


def check_options(given, options):
    assert given.keys() <= options.keys()
    for name, value in given.items():
        assert value in options[name].get("choices", [value])
        if "suboptions" in options[name]:
            values = value if isinstance(value, list) else [value]
            for item in values:
                check_options(item, options[name]["suboptions"])


def test_the_readme_is_short():
    assert len(text_of("README.md").splitlines()) <= LONGEST_README


def test_every_guide_is_a_topic_of_the_command():
    assert sorted(ROOT / "esfilerealm" / path for path, _ in TOPICS.values()) == GUIDES


def test_the_readme_links_to_every_guide():
    readme = text_of("README.md")
    assert [name for name in map(name_of, GUIDES) if f"]({name})" not in readme] == []


@pytest.mark.parametrize(
    "page", [*PAGES, *sorted(ROOT.glob("[!.]*/README.md")), ROOT / "CHANGELOG.md"], ids=name_of
)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if target.startswith("https://"):
            continue
        path, _, heading = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), target
        assert not heading or heading in headings(linked), target


def headings(page):
    """Return the anchors that a forge makes of the headings of a page."""
    found = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


def section(page, heading):
    """Return what stands below a heading, up to the next one of any level."""
    return re.split(r"^#+ ", text_of(page).partition(f"# {heading}\n")[2], flags=re.MULTILINE)[0]


def test_the_tables_of_commands_and_exit_codes_are_complete():
    rows = re.findall(
        r"^\| `?(\S+?)[` ]", section("README.md", "Commands and exit codes"), re.MULTILINE
    )
    codes = {value for name, value in vars(exits).items() if isinstance(value, int)}
    assert [row for row in rows if row.isdecimal()] == [str(code) for code in sorted(codes)]
    commands = {command.name for command in COMMANDS}
    assert {r for r in rows if not r.isdecimal() and r.strip("-")} - {"Command", "Exit"} == commands


def test_every_option_is_in_some_page():
    pages = "".join(text_of(name_of(page)) for page in PAGES)
    missing = {
        option.key
        for command in (*every_command(), PROGRAM)
        for option in command.options
        if f"--{option.key}" not in pages and len(option.key) > 1
    }
    assert missing == set()


def test_the_public_names():
    promise = text_of("README.md").partition("**Public names.**")[2].partition("\n\n")[0]
    names, modules = (set(re.findall(r"`(\w+)`", part)) for part in promise.split("More"))
    assert names == {"esfilerealm", *esfilerealm.__all__} - {"__version__"}
    assert modules == {name for name in MODULES if import_module(f"esfilerealm.{name}").__all__}


def test_the_tree_of_errors():
    tree = errors.__doc__.partition("```text\n")[2].partition("```")[0]
    assert tree in text_of("esfilerealm/admin/README.md")


def test_the_rules_of_the_guide_are_made_from_the_registry():
    _, _, rules = text_of("esfilerealm/checks/README.md").partition(HEADING)
    assert rules.strip() == rules_section().strip(), "run python tests/support/check_guide.py"


@pytest.mark.parametrize("page", ["README.md", "esfilerealm/compatibility.md"])
def test_the_number_of_cases(page):
    count = sum(len(rows(path.name)) for path in VECTORS.glob("*.json"))
    assert f"a table of {count} cases" in re.sub(r"\s+", " ", text_of(page))


@posix_shell
def test_the_entrypoint_of_a_container(shell):
    """The first start creates the user from the secret; the second writes nothing."""
    page = ROOT / "esfilerealm/provisioning/README.md"
    lines = dict(line.split(" ", 1) for line in blocks(page, "dockerfile")[0].splitlines())
    secret, program, config = (shell.home / name for name in ("secret", "entrypoint", "config"))
    secret.write_text("correct-horse\n")
    write_program(program, 'echo "started $3"')
    words = json.loads(lines["ENTRYPOINT"]) + json.loads(lines["CMD"])
    assert lines["ENV"].startswith("ES_PATH_CONF=")
    words = [
        word.replace("/run/secrets/es_admin", str(secret)).replace("/bin/tini", str(program))
        for word in words
    ]
    surroundings = {
        **os.environ,
        "PATH": f"{shell.home.parent / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "ES_PATH_CONF": str(config),
    }

    def start(*, check=True):
        return subprocess.run(words, capture_output=True, text=True, env=surroundings, check=check)

    def written():
        return (config / "users").read_bytes(), (config / "users").stat().st_mtime_ns

    assert start().stdout.splitlines()[-1] == "started eswrapper"
    first = written()
    assert UsersTool(config).verify("admin", "correct-horse")
    assert UsersTool(config).list_users() == {"admin": ("superuser",)}
    assert start().stdout.splitlines()[-1] == "started eswrapper"
    assert written() == first
    secret.unlink()
    done = start(check=False)
    assert (done.returncode, done.stdout.count("started")) == (65, 0)


class TestTheServerOfTheGuideToRealms:
    """Passwords and certificates side by side, over real sockets."""

    PAGE = ROOT / "esfilerealm/realms/README.md"

    @pytest.fixture
    def port(self, tmp_path, monkeypatch):
        """The server of the page, with its files and certificates; ``jane`` is one of them."""
        monkeypatch.chdir(tmp_path)
        tool = UsersTool("config")
        tool.init()
        password_hash = resolve("bcrypt4").hash("their-secret")
        tool.useradd("al", password_hash=password_hash, roles=["viewer"])
        for name, block in files_of(self.PAGE).items():
            Path(name).write_text(block)
        authority = made("an authority", is_authority=True, hosts=())
        stranger = made("an authority", is_authority=True, hosts=(), key=private_key("EC", 9))
        server = made("localhost", authority, purposes=["serverAuth"])
        jane = made("Jane Doe", authority, purposes=["clientAuth"])
        forged = made("Jane Doe", stranger, purposes=["clientAuth"])
        for path in ("ca.pem", "config/clients-ca.pem"):
            Path(path).write_bytes(authority.pem)
        for name, certificate in {"server": server, "jane": jane, "forged": forged}.items():
            Path(f"{name}.pem").write_bytes(certificate.pem)
            Path(f"{name}.key").write_bytes(certificate.key_pem())
        (block,) = (block for block in blocks(self.PAGE, "python") if "CERT_OPTIONAL" in block)
        names: dict[str, object] = {"__name__": "server"}
        exec(compile(block, "the guide", "exec"), names)
        with (
            RealmChain.from_settings("config") as chain,
            names["Server"](("localhost", 0), chain) as server,
        ):
            thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            yield server.server_port
            server.shutdown()
            thread.join()

    @staticmethod
    def fetch(port, user=None, certificate=None):
        """Do as curl does."""
        context = ssl.create_default_context(cafile="ca.pem")
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # of 3.13; these certificates are plain
        if certificate is not None:
            context.load_cert_chain(f"{certificate}.pem", f"{certificate}.key")
        headers = {}
        if user is not None:
            headers["Authorization"] = "Basic " + b64encode(user.encode()).decode()
        connection = HTTPSConnection("localhost", port, context=context, timeout=30)
        with closing(connection):
            connection.request("GET", "/", headers=headers)
            response = connection.getresponse()
            return response.status, response.getheader("WWW-Authenticate"), response.read().decode()

    def test_what_the_page_shows(self, port):
        (shown,) = (block for block in blocks(self.PAGE, "text") if "$ curl" in block)
        answers = []
        for line in shown.splitlines():
            if line.startswith("$ "):
                words = shlex.split(line)
                given = dict(pairwise(words))
                certificate = given.get("--cert", "").removesuffix(".pem") or None
                answers += [line, self.fetch(port, given.get("-u"), certificate)[2]]
        assert answers == shown.splitlines()

    @pytest.mark.parametrize(
        ("user", "certificate", "status", "body"),
        [
            ("al:wrong-secret", None, 401, '"unable to authenticate user [al]"'),
            ("al:wrong-secret", "jane", 401, '"unable to authenticate user [al]"'),
            ("al:their-secret", "jane", 200, '["al", "viewer"]'),
            ("elastic:their-secret", None, 401, '"unable to authenticate user [elastic]"'),
        ],
    )
    def test_others(self, port, user, certificate, status, body):
        """The first realm that finds credentials decides which count."""
        answer = self.fetch(port, user, certificate)
        challenge = 'Basic realm="security", charset="UTF-8"'
        assert answer == (status, challenge if status == 401 else None, body)

    def test_a_silent_client_keeps_nobody_waiting(self, port):
        with create_connection(("localhost", port)):
            assert self.fetch(port, "al:their-secret")[0] == 200

    def test_a_certificate_of_another_authority_of_that_name(self, port):
        with pytest.raises(OSError, match=r"alert|reset|EOF|closed|Broken"):
            self.fetch(port, certificate="forged")
        assert self.fetch(port, certificate="jane")[0] == 200
