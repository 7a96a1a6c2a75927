"""The cases of the area cli."""

from __future__ import annotations

import re

import pytest
from support.reference import cases, write_files

from esfilerealm.cli import exits
from esfilerealm.cli.commands import COMMANDS
from esfilerealm.cli.options import Option, parse
from esfilerealm.cli.terminal import NORMAL, SILENT, VERBOSE
from esfilerealm.formats import parse_users, parse_users_roles
from esfilerealm.hashing import verify_hash
from esfilerealm.settings import container_overrides

#: What an error of each kind has to say.
ERRORS = {
    "invalid-username": "invalid username",
    "missing-username": "username is missing",
    "extra-arguments": "expected one username",
    "invalid-password": "invalid password: must have at least 6",
    "password-mismatch": "differ",
    "invalid-role": "invalid role name",
    "user-exists": "already exists in the users file",
    "no-such-user": "doesn't exist",
    "users-file-missing": "users] does not exist",
    "fips-needs-pbkdf2": "FIPS mode",
    "usage": "option|expected one",
    "crash": "not UTF-8|input ended",
    "unknown-command": "unknown command",
    "missing-command": "command is missing",
    "empty-setting": "must be given as key=value",
    "duplicate-setting": "given twice",
    "no-config-dir": r"-c DIR, or set ES_PATH_CONF; \[.*\] is not there",
}


def with_files(case) -> bool:
    return "files" in case.values[0].given


@pytest.mark.parametrize("case", [c for c in cases("cli") if with_files(c)])
def test_with_files(case, config, run):
    (config / "users").unlink()
    (config / "users_roles").unlink()
    write_files(config, case.given["files"])
    settings = {"xpack.security.authc.password_hashing.algorithm": "bcrypt4"}
    settings |= case.given.get("settings", {})
    lines = [f"{key}: {value}\n" for key, value in settings.items()]
    (config / "elasticsearch.yml").write_text("".join(lines))
    for args in case.given.get("before", ()):
        assert run(*args).exit_code == 0
    before = {path.name: path.read_bytes() for path in config.iterdir() if path.is_file()}

    stdin = case.given.get(
        "stdin_raw", "".join(f"{line}\n" for line in case.given.get("stdin", ()))
    )
    result = run(*case.given["args"], stdin=stdin)

    assert result.exit_code == case.expect.get("exit_code", 0), result.err
    check_output(case, config, result)
    check_files(case.expect, config, before)
    if case.expect["exit_code"]:
        assert {p.name: p.read_bytes() for p in config.iterdir() if p.is_file()} == before


def check_output(case, config, result):
    expect = case.expect
    if expect.get("error"):
        assert re.search(f"ERROR: .*({ERRORS[expect['error']]})", result.err)
        assert f", with exit code {expect['exit_code']}\n" in result.err
    for stream, text in (("stdout", result.out), ("stderr", result.err)):
        if stream in expect:
            assert text == expect[stream]
        for part in expect.get(f"{stream}_contains", ()):
            assert part in text
        for part in expect.get(f"{stream}_not_contains", ()):
            assert part not in text
        if expect.get(f"{stream}_empty"):
            assert text == ""
    if "lines_any_order" in expect:
        assert sorted(result.out.splitlines()) == sorted(expect["lines_any_order"])
    if "stdout_lines" in expect:
        check_lines(expect["stdout_lines"], result.out.splitlines(), config)
    if "prompts" in expect:
        assert len(re.findall("(Enter|Retype) new password: ", result.err)) == expect["prompts"]
    if expect.get("warning") == "unknown-roles":
        assert str(config / "roles.yml") in result.err
        assert "roles [" in result.err
    if expect.get("warning") == "deprecated-location":
        assert str(config / "x-pack" / "users") in result.err
    if "roles_shown_any_order" in expect:
        shown = result.out.splitlines()[0].partition(": ")[2].split(",")
        assert sorted(shown) == sorted(expect["roles_shown_any_order"])


def check_lines(expected, lines, config):
    assert len(lines) == len(expected)
    for line, want in zip(lines, expected, strict=True):
        if isinstance(want, str):
            assert line == want
        else:
            assert line.startswith(want["starts_with"] + str(config / want["contains_abs_path_of"]))


def check_files(expect, config, before):
    users = config / "users"
    hashes = (
        parse_users(users.read_bytes(), allow_reserved=True).users
        if users.exists() and expect["exit_code"] == 0
        else {}
    )
    for user, password in expect.get("passwords_after", {}).items():
        assert verify_hash(password, hashes[user])
    for user in expect.get("users_absent", ()):
        assert user not in hashes
    for name, want in expect.get("files_after", {}).items():
        check_file(config / name, want, before.get(name))
    if "parsed_roles" in expect:
        roles = parse_users_roles((config / "users_roles").read_bytes()).roles_by_user
        assert roles["username"] == tuple(expect["parsed_roles"])


def check_file(path, want, before):
    if want.get("absent"):
        assert not path.exists()
        return
    text = path.read_bytes().decode()
    if want.get("unchanged"):
        assert text.encode() == before
    if "exact" in want:
        assert text == want["exact"]
    if "lines_any_order" in want:
        assert sorted(map(role_line, text.splitlines())) == sorted(
            map(role_line, want["lines_any_order"])
        )
    for role, users in want.get("role_has_users", {}).items():
        assert f"{role}:{','.join(users)}" in text or set(users) <= set(
            next(line for line in text.splitlines() if line.startswith(role + ":"))
            .partition(":")[2]
            .split(",")
        )


def role_line(line):
    """A line whose users may come in any order, but as often as they are named."""
    role, _, users = line.partition(":")
    return role, sorted(users.strip("{}").split(","))


OTHERS = {c.values[0].name: c for c in cases("cli") if not with_files(c)}
HANDLED: set[str] = set()


def other(*names):
    """Parametrise with the cases that are about the command as such."""
    HANDLED.update(names)
    return pytest.mark.parametrize("case", [OTHERS[name] for name in names])


def test_every_case_is_handled():
    assert set(OTHERS) == HANDLED


@other("help-short-and-long")
def test_help(case, run):
    for args in case.given["args_variants"]:
        result = run("useradd", *args)
        assert (result.exit_code, result.err) == (case.expect["exit_code"], "")
        assert "\nAdd a user.\n\nA node sees the user" in result.out


@other("unknown-option")
def test_unknown_option(case, run):
    for args in case.given["args_variants"]:
        result = run("useradd", "bob", *args)
        assert (result.exit_code, result.out) == (case.expect["exit_code"], "")
        check_usage_error(case, result, "useradd")


def check_usage_error(case, result, command):
    """One line with the error, and one that says how to get help."""
    error, hint = result.err.splitlines()
    assert error.startswith("ERROR: ")
    assert error.endswith(", with exit code 64")
    assert hint == f"Try 'esfilerealm {command} --help' for more information."
    for part in case.expect["stderr_contains"]:
        assert part in result.err
    for part in case.expect["stderr_not_contains"]:
        assert part not in result.err


@other("silent-and-verbose-exclude-each-other")
def test_silent_and_verbose(case, run):
    for args in (
        ["list", *case.given["args"]],
        [*case.given["args"], "list"],
        ["-v", "list", "-s"],
    ):
        assert run(*args).exit_code == case.expect["exit_code"]


@other("silent-shows-silent-messages", "default-resets-to-normal", "verbose-shows-verbose-messages")
def test_verbosity(case, config, run):
    (config / "users").write_text("noise\n")
    (config / "users_roles").write_text("r:ghost\n")
    result = run("list", *case.given["args"])
    shown = case.expect["stdout_contains"][0].partition(" ")[0]
    assert bool(result.out) == (shown != "silent")
    assert ("[ghost]" in result.err) == (shown != "silent")
    assert ("line [1]" in result.err) == (shown == "verbose")
    assert (SILENT, NORMAL, VERBOSE) == (0, 1, 2)


@other("user-error-exit-code", "error-line-shown-even-when-silent")
def test_error_line(case, run):
    loud, silent = run("userdel", "bob"), run("userdel", "bob", "--silent")
    assert loud.exit_code == silent.exit_code == 67
    assert silent.out == ""
    assert re.fullmatch(r"ERROR: user \[bob\] doesn't exist .*, with exit code 67\n", silent.err)
    assert loud.err == "\n" + silent.err


@other("usage-error-prints-help")
def test_usage_error(case, run):
    result = run("userdel")
    assert (result.exit_code, result.out) == (case.expect["exit_code"], "")
    check_usage_error(case, result, "userdel")


@other("null-message-prints-nothing")
def test_a_wrong_password_is_no_error(case, config, run):
    """The only exit with neither 0 nor an error is that of ``verify``."""
    run("useradd", "bob", "-p", "test-password")
    result = run("verify", "bob", "-p", "other", "-s")
    assert (result.exit_code, result.out, result.err) == (1, "", "")


@other("unknown-subcommand", "missing-subcommand")
def test_no_subcommand(case, run):
    result = run(*case.given["args"])
    assert result.exit_code == case.expect["exit_code"]
    assert re.search(ERRORS[case.expect["error"]], result.err)
    if case.expect.get("stderr_contains_names_of") == "all subcommands":
        assert all(f"\n  {command.name} - " in result.err for command in COMMANDS)


@other("top-level-help-names-subcommands")
def test_top_level_help(case, run):
    result = run(*case.given["args"])
    assert result.exit_code == case.expect["exit_code"]
    assert all(part in result.out for part in case.expect["stdout_contains"])


@other("subcommand-help-hides-siblings")
def test_subcommand_help(case, run):
    result = run(*case.given["args"])
    assert result.exit_code == case.expect["exit_code"]
    assert all(part not in result.out for part in case.expect["stdout_not_contains"])


@other("settings-before-subcommand-are-forwarded")
def test_settings_before_the_subcommand(case, run):
    """A setting that shows its effect, before the subcommand and behind it."""
    reserved = "xpack.security.authc.reserved_realm.enabled=false"
    algorithm = "xpack.security.authc.password_hashing.algorithm=bcrypt5"
    result = run(f"-E{reserved}", "useradd", "elastic", "-p", "secret", "-E", algorithm)
    assert result.exit_code == 0
    assert run(f"-E{reserved}", f"-E{algorithm}", "list", "otherArg").exit_code == 67


@other("subcommand-gets-its-positionals")
def test_positionals(case):
    words = case.given["args"][1:]
    parsed = parse(words, [Option("s silent", "")])
    assert parsed.arguments == case.expect["subcommand_positionals"]


@other(
    "env-vars-ignored-outside-docker",
    "docker-env-vars-ignored-when-shape-differs",
    "docker-env-vars-translated",
)
def test_container_settings(case):
    marker = {"ELASTIC_CONTAINER": "true"} if case.given["build"] == "docker" else {}
    settings = container_overrides(case.given["env"] | marker)
    assert not set(settings) & set(case.expect.get("settings_absent", ()))
    assert case.expect.get("settings", {}).items() <= settings.items()


@other("docker-env-overrides-command-line")
def test_container_settings_win(case, run, config, monkeypatch):
    monkeypatch.setenv("ELASTIC_CONTAINER", "true")
    monkeypatch.setenv("ES_SETTING_XPACK_SECURITY_AUTHC_RESERVED__REALM_ENABLED", "false")
    key = "xpack.security.authc.reserved_realm.enabled"
    assert run("useradd", "elastic", "-p", "secret", f"-E{key}=true").exit_code == 0


@other("setting-with-empty-value")
def test_empty_setting(case, run):
    for args in case.given["args_variants"]:
        assert run(*args).exit_code == case.expect["exit_code"]


@other("setting-given-twice", "path-home-conflicts-with-script")
def test_refused_settings(case, run):
    assert run(*case.given["args"]).exit_code == case.expect["exit_code"]


@other("config-property-missing")
def test_no_configuration_folder(case, run):
    result = run(*case.given["args"], config_dir=None)
    assert result.exit_code == case.expect["exit_code"]
    assert re.search(ERRORS[case.expect["error"]], result.err)


def test_exit_codes_are_those_of_sysexits():
    assert (exits.USAGE, exits.DATA, exits.NO_USER, exits.INTERNAL) == (64, 65, 67, 70)
    assert (exits.IO, exits.LOCKED, exits.NO_PERMISSION, exits.CONFIGURATION) == (74, 75, 77, 78)
