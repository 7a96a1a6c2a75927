"""The subcommands of ``snapshot``."""

from __future__ import annotations

from typing import Final

from . import exits
from . import shared_options as shared
from .options import Command, Option, OptionGroup

__all__ = ["SUBCOMMANDS"]

_NAMES: Final = (
    Option("repository", "Name of the repository", metavar="NAME"),
    Option("snapshot", "Name of the snapshot", metavar="NAME"),
)
_LOCATION: Final = Option(
    "location",
    "Register the repository at this place, below a path.repo of every node, unless it is there",
    metavar="PATH",
)
_BACKUP_USER: Final = Option(
    "backup-user",
    "Also make this user, who can make snapshots and nothing else, unless it is there",
    metavar="NAME",
)
_GLOBAL_STATE: Final = Option(
    "global-state", "Include settings, templates and policies of the whole cluster"
)
_BY_INDEX: Final = Option(
    "by-index", "With 7.12 and later releases of 7: name the index, in place of the feature"
)
_CREATED: Final = Option(
    "index-created",
    "Release in which the security index was created, which upgrades do not change; default: what "
    "the snapshot says, else the release that made it",
    metavar="V",
)
_URL: Final = Option(
    "url",
    "Address of the node that gets the requests; default: https://localhost:9200",
    metavar="URL",
)
_CA: Final = Option(
    "ca",
    "Certificates to trust, in PEM; default: certs/http_ca.crt of a directory of -c, else those "
    "of the system",
    metavar="FILE",
)
_USER: Final = Option("user", "Who asks", metavar="NAME")
_PASSWORD: Final = OptionGroup(
    "Password of --user (at most one; without, it is asked for)",
    *(source for source in shared.PASSWORD_SOURCES if source.key != "password"),
)
_CLUSTER: Final = OptionGroup(
    "Cluster",
    _URL,
    _CA,
    Option("allow-http", "Send the password in clear text to another machine"),
    Option("timeout", "Seconds to wait for an answer; default: 600", metavar="SECONDS"),
    _USER,
)
_MONDAY: Final = "--es-version 8.19 --repository backup --snapshot monday"
_EXITS: Final = (
    (exits.DATA, "an invalid name, release or address, or releases that do not fit"),
    (exits.IO, "the cluster cannot be reached, or refuses"),
    (exits.CONFIGURATION, "the extra cluster is missing"),
)

SUBCOMMANDS: Final = (
    Command(
        "snapshot plan",
        "Show the requests that save, restore or verify the security index, and why",
        OptionGroup("What", *_NAMES, _LOCATION, _BACKUP_USER, _GLOBAL_STATE, _BY_INDEX),
        OptionGroup(
            "Whether releases fit",
            Option("made-by", "Release that made the snapshot", metavar="V"),
            _CREATED,
        ),
        OptionGroup(
            "Output",
            Option(
                "format",
                "console (default) for the console of Kibana, curl for a shell script, python for "
                "a program",
                metavar="FORMAT",
                choices=("console", "curl", "python"),
            ),
            _URL,
            _CA,
            _USER,
            Option(
                "netrc-file", "Let curl read the password from this file, not ask", metavar="FILE"
            ),
        ),
        shared.general(shared.JSON, version=shared.CLUSTER_RELEASE),
        run="snapshot:run_plan",
        arguments="[WHAT]",
        notes=(
            "WHAT is create, restore or verify; without, all three. Nothing is sent.",
            "No text that is printed has a password: scripts ask for it.",
        ),
        examples=(
            "esfilerealm snapshot plan restore --es-version 8.19",
            "esfilerealm snapshot plan restore --es-version 9.1 --made-by 8.19.3",
        ),
        exits=((exits.DATA, "an invalid name or release, or releases that do not fit"),),
    ),
    Command(
        "snapshot create",
        "Save the security index in a snapshot",
        OptionGroup("What", *_NAMES, _LOCATION, _GLOBAL_STATE, _BY_INDEX),
        OptionGroup(
            "A user for later snapshots",
            _BACKUP_USER,
            Option("new-password-file", "Read its password from a file", metavar="FILE"),
            Option(
                "new-password-env",
                "Read its password from an environment variable",
                metavar="VARIABLE",
            ),
        ),
        _CLUSTER,
        _PASSWORD,
        shared.general(shared.JSON, version=shared.CLUSTER_RELEASE),
        run="snapshot:run_create",
        notes=(
            "It may be run again: what is there already is left as it is.",
            "No snapshot holds files. Back up those of every node, too.",
        ),
        examples=(
            f"esfilerealm snapshot create {_MONDAY} --user saver --password-file secret.txt",
        ),
        exits=_EXITS,
    ),
    Command(
        "snapshot restore",
        "Restore the security index from a snapshot",
        OptionGroup("What", *_NAMES, _GLOBAL_STATE, _BY_INDEX, _CREATED),
        OptionGroup(
            "Who restores",
            Option(
                "any-user",
                "Go on with a user who is not of the file realm, and may be locked out halfway",
            ),
        ),
        _CLUSTER,
        _PASSWORD,
        shared.general(shared.JSON, version=shared.CLUSTER_RELEASE),
        run="snapshot:run_restore",
        notes=(
            "It replaces all native users, roles, role mappings and API keys.",
            "While it runs, only users of the file realm can log in, each on its own node.",
            "Without --user, one is made in the configuration directory, and removed at the end.",
        ),
        examples=(
            f"esfilerealm snapshot restore {_MONDAY} --user way-in --password-file secret.txt",
        ),
        exits=_EXITS,
    ),
    Command(
        "snapshot verify",
        "Tell whether a cluster could restore the security index from a snapshot",
        OptionGroup("What", *_NAMES, _BY_INDEX, _CREATED),
        _CLUSTER,
        _PASSWORD,
        shared.general(shared.JSON, version=shared.CLUSTER_RELEASE),
        run="snapshot:run_verify",
        notes=(
            "Nothing is changed. Nothing in Elasticsearch shows that somebody changed a snapshot.",
        ),
        examples=(
            f"esfilerealm snapshot verify {_MONDAY} --user admin --password-file secret.txt",
        ),
        exits=((exits.NOT_RESTORABLE, "it could not restore it"), *_EXITS),
    ),
)
