"""Other programs of the same environment work after this package was installed there."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version
from support.pages import ROOT

from esfilerealm import hash_password, verify_hash

PLAYBOOK = os.environ.get("ESFILEREALM_ANSIBLE")

#: 73 bytes: bcrypt 5 refuses more than 72, which is what breaks passlib 1.7.4.
LONG = "x" * 73


@pytest.fixture(scope="module")
def bounds():
    with open(ROOT / "pyproject.toml", "rb") as file:
        requirements = map(Requirement, tomllib.load(file)["project"]["dependencies"])
        return {one.name: one.specifier for one in requirements}


@pytest.mark.parametrize("there", ["4.0.0", "4.0.1", "4.1.3", "4.2.1", "4.3.0"])
def test_f16_a_bcrypt_that_is_there_stays(bounds, there):
    assert there in bounds["bcrypt"]


@pytest.mark.parametrize("brought", ["5.0.0", "5.0.1", "6.0.0"])
def test_f16_no_bcrypt_is_brought_that_passlib_cannot_use(bounds, brought):
    assert brought not in bounds["bcrypt"]


def test_f16_passlib_that_is_there_stays(bounds):
    assert "1.7.4" in bounds["passlib"]


def passlib_works():
    """Only passlib 1.7.4 and bcrypt 5, which these bounds never bring together, do not."""
    try:
        return bool(version("passlib")) and Version(version("bcrypt")) < Version("5")
    except PackageNotFoundError:  # its fork libpass
        return False


@pytest.mark.skipif(not passlib_works(), reason="passlib and bcrypt 4 are not here")
def test_f16_passlib_apache_works(tmp_path):
    """Both ways: it reads a hash of ours, and a node reads one of its own."""
    code = (
        "import sys, warnings; warnings.filterwarnings('ignore', category=DeprecationWarning)\n"
        "from passlib.apache import HtpasswdFile\n"
        "file = HtpasswdFile('htpasswd', default_scheme='bcrypt')\n"
        "assert file.check_password('ours', 'correct-horse')\n"
        "assert not file.check_password('ours', 'wrong')\n"
        "file.set_password('theirs', 'correct-horse')\n"
        "file.save()\n"
    )
    path = tmp_path / "htpasswd"
    path.write_text(f"ours:{hash_password('correct-horse', 'bcrypt4')}\n")
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    theirs = path.read_text().splitlines()[1].removeprefix("theirs:")
    assert verify_hash("correct-horse", theirs)


@pytest.mark.ansible
@pytest.mark.slow
@pytest.mark.skipif(PLAYBOOK is None, reason="ESFILEREALM_ANSIBLE names no ansible-playbook")
@pytest.mark.parametrize("password", ["correct-horse", LONG], ids=["ordinary", "73 bytes"])
def test_f16_password_hash_of_ansible_works(tmp_path, password):
    playbook = tmp_path / "hash.yml"
    playbook.write_text(
        "- hosts: localhost\n"
        "  gather_facts: false\n"
        "  tasks:\n"
        "    - ansible.builtin.copy:\n"
        f"        content: \"{{{{ '{password}' | password_hash('bcrypt', rounds=4) }}}}\"\n"
        f"        dest: {tmp_path}/hash\n"
        '        mode: "0600"\n'
    )
    python = f"ansible_python_interpreter={Path(PLAYBOOK).with_name('python')}"
    done = subprocess.run(
        [PLAYBOOK, "-i", "localhost,", "-c", "local", "-e", python, playbook],
        check=False,
        capture_output=True,
        text=True,
        timeout=50,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert verify_hash(password, (tmp_path / "hash").read_text())


def test_f16_a_password_longer_than_bcrypt_reads_is_hashed_by_any_bcrypt():
    with pytest.warns(match="72"):
        text = hash_password(LONG, "bcrypt4")
    assert verify_hash(LONG, text)
    assert verify_hash(LONG[:72], text)
    assert not verify_hash(LONG[:71], text)
