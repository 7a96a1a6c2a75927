"""The cases of the area write."""

from __future__ import annotations

import os
import stat

import pytest
from support.reference import cases, write_files
from support.storing import change, root, write

from esfilerealm._storage import system
from esfilerealm._storage.read import read_file
from esfilerealm.errors import FileAccessError
from esfilerealm.formats import edit_users, edit_users_roles

CASES = {c.values[0].name: c for c in cases("write")}
HANDLED: set[str] = set()


def case(*names):
    HANDLED.update(names)
    return pytest.mark.parametrize("case", [CASES[name] for name in names])


def test_every_case_is_handled():
    assert set(CASES) == HANDLED


@case("permissions-kept")
def test_permissions(case, tmp_path):
    target = tmp_path / "target"
    data = "".join(f"{key} {value}\n" for key, value in case.given["entries"])
    for mode in case.given["target"]["modes"]:
        target.write_text(case.given["target"]["content"])
        target.chmod(int(mode, 8))
        write(change(target, data.encode()))
        assert target.read_text().splitlines() == case.expect["content_lines"]
        assert stat.S_IMODE(target.stat().st_mode) == int(mode, 8)


@case("failure-keeps-old-file-and-removes-temp")
def test_failure(case, tmp_path, monkeypatch):
    target = tmp_path / "target"
    target.write_text(case.given["target"]["content"])
    seen = []

    def failing_fsync(descriptor):
        seen.extend(path for path in tmp_path.iterdir() if path != target)
        assert stat.S_IMODE(seen[0].stat().st_mode) == stat.S_IMODE(target.stat().st_mode)
        raise OSError(5, "injected")

    monkeypatch.setattr(system, "fsync", failing_fsync)
    with pytest.raises(FileAccessError, match="injected"):
        write(change(target, b"new"))
    assert [path.name.startswith("target") and path.name.endswith("tmp") for path in seen] == [True]
    assert list(tmp_path.iterdir()) == [target]
    assert target.read_text() == case.expect["content"]


@case("owner-and-group-copied", "attribute-check-owner-changed", "attribute-check-group-changed")
@root
def test_owner_and_group(case, config, tool):
    for name in ("users", "users_roles"):
        os.chown(config / name, 1234, 5678)
    tool.useradd("bob", "secret", roles=["admin"])
    for name in ("users", "users_roles"):
        status = (config / name).stat()
        assert (status.st_uid, status.st_gid) == (1234, 5678)


@case("attribute-check-missing-file", "attribute-check-no-posix", "attribute-check-no-change")
def test_no_attribute_to_keep(case, config, run, monkeypatch):
    """A new file, a system without owners, a file whose attributes stay: not a word."""
    (config / "users_roles").unlink()
    for name in ("HAS_EXTENDED_ATTRIBUTES", "HAS_MODES", "HAS_OWNERS", "HAS_STATVFS"):
        monkeypatch.setattr(system, name, False)
    result = run("useradd", "bob", "-p", "secret")
    assert (result.exit_code, result.out, result.err) == (0, "", "")


@case("attribute-check-permissions-changed", "attribute-warning-shown-when-silent")
def test_permissions_do_not_change(case, config, run):
    (config / "users").chmod(0o604)
    result = run("useradd", "bob", "-p", "secret", "-s")
    assert (result.exit_code, result.err) == (0, "")
    assert stat.S_IMODE((config / "users").stat().st_mode) == 0o604


@case("users-lines-and-final-newline", "users-empty-map-gives-empty-file")
def test_users_lines(case):
    data = edit_users(b"", case.given["users"])
    if "exact" in case.expect:
        assert data.decode() == case.expect["exact"]
    else:
        assert sorted(data.decode().splitlines()) == sorted(case.expect["lines_any_order"])
        assert data.endswith(b"\n")


@case("roles-inverted-to-lines", "roles-user-with-empty-list-vanishes")
def test_roles_lines(case):
    data = edit_users_roles(b"", case.given["roles"])
    if "exact" in case.expect:
        assert data.decode() == case.expect["exact"]
    else:
        lines = [line.replace("{", "").replace("}", "") for line in case.expect["lines_any_order"]]
        assert sorted(data.decode().splitlines()) == sorted(lines)


@case(
    "rewrite-drops-comments-and-bad-lines",
    "colon-in-username-does-not-round-trip",
    "hash-sign-username-does-not-round-trip",
    "comma-in-username-splits-in-users-roles",
    "colon-in-role-does-not-round-trip",
    "new-file-mode-0600",
    "symlink-target-is-replaced",
)
def test_commands(case, config, run):
    for name in ("users", "users_roles"):
        (config / name).unlink()
    write_files(config, case.given["files"])
    before = read_file(str(config / "users")).data
    umask = os.umask(0o022)
    try:
        result = run(*case.given["args"])
    finally:
        os.umask(umask)
    expect = case.expect
    assert result.exit_code == expect.get("exit_code", 0)
    after = (config / "users").read_bytes()
    if result.exit_code:
        assert after == before
    assert after.decode().startswith(expect.get("starts_with", ""))
    if "users_is_symlink_after" in expect:
        assert (config / "users").is_symlink()
        assert (config / "real_users").read_text() == expect["target_after"]
    for name, mode in expect.get("mode_after", {}).items():
        assert stat.S_IMODE((config / name).stat().st_mode) == int(mode, 8)
