"""``check --write-baseline``: it replaces a baseline, and never anything else."""

from __future__ import annotations

import os
from itertools import product

import pytest
from support.hashes import CHEAP_HASH

THERE = ("users", "users_roles", "users.lock")
OWN = (*THERE, "users.journal", "users.1~", "elasticsearch.yml")
WAYS = [*product(["name", "link"], OWN), *product(["second name"], THERE)]


@pytest.fixture
def realm(config):
    (config / "users").write_text(f"al:{CHEAP_HASH}\n")
    (config / "users_roles").write_text("gone:nobody\n")
    (config / "users.lock").touch()
    return config


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.mark.parametrize("place", ["config", "elsewhere"])
def test_it_is_written_again(realm, tmp_path, run, place):
    folder = realm if place == "config" else tmp_path / "elsewhere"
    folder.mkdir(exist_ok=True)
    line = ("check", "--baseline", str(folder / "known.json"))
    assert run(*line, "--write-baseline").exit_code == 0
    (realm / "users_roles").write_text("gone:nobody,another\n")
    assert run(*line, "--write-baseline").exit_code == 0
    assert run(*line).exit_code == 0


@pytest.mark.parametrize(("way", "name"), WAYS)
def test_it_replaces_no_file_of_the_realm(realm, tmp_path, run, way, name):
    path, target = tmp_path / "known.json", realm / name
    if way == "name":
        path = target
    elif way == "link":
        path.symlink_to(target)
    else:
        os.link(target, path)
    before = contents(realm)
    done = run("check", "--baseline", str(path), "--write-baseline")
    assert done.exit_code == 64
    refusals = (
        f"option [baseline]: [{path}] is not a baseline",
        "names a file of the realm itself",
    )
    assert any(refusal in done.err for refusal in refusals)
    assert contents(realm) == before


def test_it_replaces_no_other_file(realm, tmp_path, run):
    (tmp_path / "notes.txt").write_text("precious")
    done = run("check", "--baseline", str(tmp_path / "notes.txt"), "--write-baseline")
    assert (done.exit_code, "is not a baseline, and would be replaced" in done.err) == (64, True)
    assert (tmp_path / "notes.txt").read_text() == "precious"
