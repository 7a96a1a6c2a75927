"""The commands that say whether nodes have the same users."""

from __future__ import annotations

from . import exits
from . import shared_options as shared
from .options import Command, Option, OptionGroup

__all__ = ["DRIFT"]

_KEY_FILE = Option(
    "key-file",
    "A secret of at least 16 random bytes, the same for all nodes",
    metavar="FILE",
)

DRIFT = (
    Command(
        "digest",
        "Print what tells whether nodes have the same users; it holds no hash",
        OptionGroup(
            "Fingerprint",
            _KEY_FILE,
            Option(
                "node",
                "Name of the node; default: the name of this host, or the path of a file",
                metavar="NAME",
            ),
        ),
        shared.for_nodes(
            Option("json", "Print one JSON object, which `compare` reads on any machine"),
            Option("openmetrics", "Print metrics, for the textfile collector of Prometheus"),
        ),
        run="drift:run_digest",
        run_all="drift:run_digest_all",
        for_one=("SOURCE", "node"),
        arguments="[SOURCE]",
        notes=(
            f"SOURCE is {shared.SOURCES}; without, it is the directory of -c.",
            "Without --key-file, passwords are left out: they need a secret key.",
        ),
        examples=(
            "esfilerealm digest --key-file drift.key --json > node-a.json",
            "esfilerealm digest secret.yaml --key-file drift.key",
        ),
        exits=(
            (exits.DATA, "an invalid document, or a key that is too short"),
            *shared.READ_EXITS,
        ),
    ),
    Command(
        "compare",
        "Show which users differ on which nodes",
        OptionGroup(
            "What to compare",
            _KEY_FILE,
            Option("ignore-hashes", "Compare everything but passwords"),
            Option(
                "watch",
                "Compare again whenever a source changes, and print each result that is new, until "
                "interrupted; with --json one object a line",
            ),
        ),
        shared.general(
            Option(
                "html",
                "Also write a page that browsers show without a network; only its owner can read "
                "it",
                metavar="FILE",
            ),
            shared.JSON,
        ),
        run="drift:run_compare",
        arguments="SOURCE...",
        notes=(
            f"SOURCE is {shared.SOURCES}, or what digest --json has printed.",
            "--key-file is needed only where some of them were digested with a key.",
        ),
        examples=(
            "esfilerealm compare node-a.json node-b.json node-c.json",
            "esfilerealm compare node-a.json secret.yaml --ignore-hashes",
        ),
        exits=(
            (exits.DIFFERENT, "users differ"),
            (exits.DATA, "a source cannot be read, or was made with another key"),
            (exits.INTERRUPTED, "interrupted, with --watch"),
        ),
    ),
)
