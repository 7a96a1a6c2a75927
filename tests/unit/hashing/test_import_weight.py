"""What is not needed is not loaded."""

from __future__ import annotations

import subprocess
import sys


def _run(code):
    return subprocess.run(  # noqa: PLW1510 - the test looks at the outcome itself
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=50
    )


def test_reading_hashes_loads_neither_bcrypt_nor_passlib():
    code = (
        "from esfilerealm.hashing import *\n"
        "text = '$2a$05$xLmwSB7Nw7PcqP.6hXdc4eX.FXRe.JQlri3iAsE8YH8ydWv/d5e/K'\n"
        "assert resolve_from_hash(text) == check_hash(text) == resolve('bcrypt5')\n"
        "assert verify_hash('a', hash_password('a', 'pbkdf2_1000'))\n"
        "import sys; print(sorted({'bcrypt', 'passlib', '_bcrypt'} & set(sys.modules)))\n"
    )
    done = _run(code)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_the_context_loads_nothing_of_passlib_that_breaks():
    code = (
        "import warnings; warnings.filterwarnings('ignore', \"'crypt' is dep\")\n"
        "from esfilerealm.hashing.passlib_context import crypt_context\n"
        "context = crypt_context('bcrypt4', minimum_bcrypt_cost=4)\n"
        "assert context.verify('a', context.hash('a'))\n"
        "import sys\n"
        "print([m for m in sys.modules if m.startswith(('passlib.handlers.', 'passlib.apache'))])\n"
    )
    done = _run(code)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
