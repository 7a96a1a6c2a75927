"""Where the files are that settings name: in a copy of a directory, the copy."""

from __future__ import annotations

import pytest

from esfilerealm.checks import check, contexts

KEY = "xpack.security.http.ssl.key"


@pytest.fixture
def original(tmp_path, monkeypatch):
    """The place of a usual configuration directory, where nothing is."""
    path = tmp_path / "usual"
    monkeypatch.setattr(contexts, "_USUAL_DIRS", (str(path),))
    return path


@pytest.fixture
def copy(config, original):
    (config / "elasticsearch.yml").write_text(f"{KEY}: {original}/certs/a.key\n")
    return config


def codes(directory):
    return [finding.code for finding in check(directory, select=["EFR321", "EFR322"])]


def test_the_file_of_a_copy_is_in_the_copy(copy):
    (copy / "certs").mkdir()
    (copy / "certs" / "a.key").touch()
    assert codes(copy) == []


def test_the_file_is_missing_in_the_copy(copy):
    assert codes(copy) == ["EFR321"]


def test_where_the_original_exists_it_is_another_directory(copy, original):
    (original / "certs").mkdir(parents=True)
    (original / "certs" / "a.key").touch()
    assert codes(copy) == ["EFR322"]


def test_a_usual_directory_is_the_copy_of_no_other(copy, original, monkeypatch):
    monkeypatch.setattr(contexts, "_USUAL_DIRS", (str(original), str(copy)))
    assert codes(copy) == ["EFR321", "EFR322"]


def test_a_name_that_begins_alike_is_elsewhere(copy, original):
    (copy / "elasticsearch.yml").write_text(f"{KEY}: {original}2/a.key\n")
    assert codes(copy) == ["EFR321", "EFR322"]
