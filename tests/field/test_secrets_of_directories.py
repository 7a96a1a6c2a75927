"""A directory that becomes a Secret of Kubernetes: what lies in it besides both files."""

from __future__ import annotations

import re

import yaml
from support.pages import ROOT

from esfilerealm import UsersTool

GUIDE = ROOT / "esfilerealm" / "exchange" / "README.md"


def test_f24_the_guide_says_what_kubectl_would_take_and_what_to_use(tmp_path):
    """Whatever a write leaves in the directory is named there, and why it must not be taken."""
    for name in ("users", "users_roles"):
        (tmp_path / name).touch()
    tool = UsersTool(tmp_path, keep=1)
    tool.useradd("al", password="longsecret", roles=["viewer"])
    left = {path.name for path in tmp_path.iterdir()} - {"users", "users_roles"}
    assert left == {"users.lock", "users.1~", "users_roles.1~"}
    text = GUIDE.read_text()
    section = text[text.index("## Not `kubectl create secret --from-file`") :]
    assert "esfilerealm export --format k8s-secret" in section
    assert {name for name in left if f"`{name}`" in section} >= {"users.lock", "users.1~"}
    assert re.search(r"`kubectl` refuses the whole directory because\s+of the `~`", section)


def test_f24_what_the_guide_says_to_use_takes_both_files_and_nothing_else(tmp_path):
    tool = UsersTool(tmp_path, keep=1)
    tool.init()
    tool.useradd("al", password="longsecret", roles=["viewer"])
    data = tool.export("k8s-secret", secret_name="realm", namespace="here").data.decode()
    keys = yaml.safe_load(data)
    assert set(keys.get("data") or keys["stringData"]) == {"users", "users_roles"}
