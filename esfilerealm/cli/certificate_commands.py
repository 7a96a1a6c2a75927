"""The subcommands of ``certificate``."""

from __future__ import annotations

from typing import Final

from . import exits
from . import shared_options as shared
from .options import Command, Option, OptionGroup

__all__ = ["SUBCOMMANDS"]


def _password(what: str, option: str) -> OptionGroup:
    return OptionGroup(
        f"Password of {what} (at most one)",
        Option(f"{option}-file", "Read one line from a file", metavar="FILE"),
        Option(f"{option}-env", "Read an environment variable", metavar="VARIABLE"),
    )


SUBCOMMANDS: Final = (
    Command(
        "certificate show",
        "Show which user a certificate is, its uses, and whether it is trusted",
        OptionGroup(
            "Name and trust",
            Option(
                "pattern",
                "Username pattern, in place of those of the node's realms",
                metavar="PATTERN",
            ),
            Option(
                "trust",
                "Ask this trust store, in place of those of the node's realms; may be repeated",
                metavar="FILE",
                repeatable=True,
            ),
        ),
        _password("FILE, if it is a keystore of Java (PKCS#12 or JKS)", "password"),
        _password("the stores of --trust", "trust-password"),
        _password("elasticsearch.keystore, which has those of the realms", "keystore-password"),
        shared.general(shared.JSON),
        run="certificate:run_show",
        arguments="FILE",
        notes=(
            "FILE has certificates (PEM, DER, PKCS#7), the client's first, or is a Java keystore.",
            "If it is -, standard input is read.",
        ),
        examples=(
            "esfilerealm certificate show jane.pem",
            "esfilerealm certificate show jane.p12 --password-file secret.txt --trust ca.pem",
        ),
        exits=(
            (exits.NOT_TRUSTED, "no realm, or no store of --trust, trusts it"),
            (exits.DATA, "no certificate, an invalid trust store or pattern, a wrong password"),
            (exits.NO_INPUT, "a file does not exist"),
            (exits.IO, "a file cannot be read"),
            (exits.NO_PERMISSION, "no permission to read a file"),
            (
                exits.CONFIGURATION,
                "trust cannot be decided with these settings, or the extra pki is missing",
            ),
        ),
    ),
)
