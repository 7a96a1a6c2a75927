"""Options and exit codes that several commands share."""

from __future__ import annotations

from . import exits
from .options import Option, OptionGroup

__all__ = [
    "ADD",
    "ALGORITHM",
    "ALLOW_LOCAL_LOCK",
    "ATTRIBUTES",
    "AUDIT",
    "CHECK",
    "CLUSTER_RELEASE",
    "CONFIGS",
    "DIFF",
    "DOCUMENTS",
    "DRY_RUN",
    "ES_VERSIONS",
    "EXISTING_USER_EXITS",
    "HASH",
    "IF_NOT_KEPT",
    "JOBS",
    "JSON",
    "KEEP",
    "KEYSTORE_PASSWORD",
    "KNOWN_ROLE",
    "LOCK_EXITS",
    "NEW_PASSWORD",
    "OUTPUT",
    "OWNERSHIP",
    "PARTIAL",
    "PASSWORD",
    "PASSWORD_SOURCES",
    "PLANNING",
    "PLAN_EXITS",
    "PROTECT",
    "PURGING",
    "READ_EXITS",
    "RELEASE",
    "SOURCES",
    "STRATEGIES",
    "WRITE_EXITS",
    "WRITING",
    "for_nodes",
    "general",
]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from .._storage import Strategy, Tolerance

# The first value of each is the default.
STRATEGIES: tuple[Strategy, ...] = ("rename", "in_place", "auto")
ATTRIBUTES: tuple[Tolerance, ...] = ("refuse", "warn")
ES_VERSIONS = ("5", "6", "7", "8", "9")

JSON = Option("json", "Print one JSON object, which never holds a secret")
DRY_RUN = Option("dry-run", "Show what would change, and write nothing")
CHECK = Option("dry-run check", "Show what would change, and write nothing")
DIFF = Option("diff", "Show every change; of a password only that it changes")
KNOWN_ROLE = Option(
    "known-role",
    "A role that the role API defines, which needs no warning; may be repeated. "
    "ESFILEREALM_KNOWN_ROLES lists such roles for all commands",
    metavar="ROLE",
    repeatable=True,
)
_ES_VERSION = Option(
    "es-version",
    "Version of the node, 5 to 9 or a release such as 8.15; default: derived from the spelling of "
    "the settings, else 8",
    metavar="N",
    choices=ES_VERSIONS,
)


_PLACES = (
    "Configuration directory; default: the first of ES_PATH_CONF in /etc/default/elasticsearch "
    "or /etc/sysconfig/elasticsearch, $ES_PATH_CONF, /etc/elasticsearch, $ES_HOME/config, "
    "/usr/share/elasticsearch/config, $CONF_DIR (the first with --es-version 5, ignored with later "
    "ones)"
)
_CONFIG = Option("c config", _PLACES, metavar="DIR")
CONFIGS = Option(
    "c config",
    f"{_PLACES}. May be repeated, once for each node",
    metavar="DIR",
    repeatable=True,
)
_FAIL_FAST = Option("fail-fast", "With several -c, leave the other nodes alone once one has failed")
_SETTING = Option(
    "E",
    "Override a setting of elasticsearch.yml; may be repeated",
    metavar="KEY=VALUE",
    repeatable=True,
    native=True,
)
RELEASE = Option(
    "es-version",
    "Release of the oldest node that reads the keystore, such as 7.17 or 8; a new keystore gets "
    "the newest format that it reads, by default 4, which 6.8 and later releases read except 7.0",
    metavar="N",
)
CLUSTER_RELEASE = Option(
    "es-version", "Release of the cluster, such as 8.19.3; needed", metavar="V"
)
_SILENT = Option("s silent", "Print only errors and warnings", native=True)
_HELP = Option("h help", "Show this help", native=True)
_VERBOSE = Option("v verbose", "Print more, such as the lines that a node skips", native=True)


def general(
    *options: Option, version: Option = _ES_VERSION, config: Option = _CONFIG
) -> OptionGroup:
    """Return the options of every command, after some of the command itself."""
    common = (config, _SETTING, version, _SILENT, _VERBOSE, _HELP)
    return OptionGroup("General", *options, *common)


def for_nodes(*options: Option) -> OptionGroup:
    """Return the options of a command that takes several nodes, after some of its own."""
    return general(*options, _FAIL_FAST, config=CONFIGS)


KEYSTORE_PASSWORD = (
    Option("keystore-password-file", "Read the keystore's password from a file", metavar="FILE"),
    Option(
        "keystore-password-env",
        "Read the keystore's password from an environment variable",
        metavar="VARIABLE",
    ),
)
HASH = Option(
    "hash", "Store this hash as is; refused unless a node recognizes it as a hash", metavar="HASH"
)
PASSWORD_SOURCES = (
    Option("password-stdin", "Read one line from standard input"),
    Option("password-file", "Read one line from a file", metavar="FILE"),
    Option("password-env", "Read an environment variable", metavar="NAME"),
    Option(
        "p password",
        "The password itself. Other users of this machine can see it in the process list, and the "
        "shell may keep it in its history",
        metavar="PASSWORD",
        native=True,
    ),
)
ALGORITHM = Option(
    "algorithm",
    "Hash algorithm; default: that of the settings, else bcrypt",
    metavar="ALGORITHM",
)
PASSWORD = OptionGroup("Password (at most one; without, it is asked for)", *PASSWORD_SOURCES)
NEW_PASSWORD = OptionGroup(
    PASSWORD.title,
    *PASSWORD_SOURCES,
    Option("generate", "Generate a random password and print it once"),
    HASH,
)
ADD = Option("a add", "Comma-separated roles to add", metavar="ROLES", native=True)

ALLOW_LOCAL_LOCK = Option(
    "allow-local-lock",
    "Write even on a network file system whose locks other machines do not see; safe only if no "
    "other machine writes there",
)
IF_NOT_KEPT = Option(
    "attributes",
    "If an owner, group, access control list or label cannot be kept: refuse to write "
    "(default), or warn",
    metavar="ACTION",
    choices=ATTRIBUTES,
)
OWNERSHIP = (
    Option("owner", "Owner of both files; default: kept", metavar="USER"),
    Option("group", "Group of both files; default: kept", metavar="GROUP"),
    Option("mode", "Mode of both files, in octal; default: kept", metavar="MODE"),
    IF_NOT_KEPT,
    Option(
        "strategy",
        "rename (default) replaces whole files, in_place overwrites them, auto overwrites only "
        "files that are mount points",
        metavar="STRATEGY",
        choices=STRATEGIES,
    ),
    ALLOW_LOCAL_LOCK,
)
KEEP = Option(
    "keep",
    "Number of previous versions to keep, as users.1~ and so on; default: as many as exist",
    metavar="N",
)
AUDIT = Option(
    "audit",
    "Write a line for the change to this audit log, and refuse the change if that fails; default: "
    "that of ESFILEREALM_AUDIT. ESFILEREALM_AUDIT_KEY names the file with its key",
    metavar="FILE",
)
WRITING = OptionGroup("How files are written", *OWNERSHIP, KEEP, AUDIT)

DOCUMENTS = (
    Option(
        "format",
        "yaml, json or toml; default: by the file's extension; YAML or JSON on standard input",
        metavar="FORMAT",
        choices=("yaml", "json", "toml"),
    ),
    Option("strict", "Fail if a file overrides another"),
)
PROTECT = Option(
    "protect",
    "Never remove unlisted names that match this pattern, such as 'ops-*'; may be repeated",
    metavar="PATTERN",
    repeatable=True,
)
PURGING = (
    Option(
        "purge",
        "Remove unlisted users: none (default), managed (only users created by earlier runs) or "
        "all",
        metavar="WHICH",
        choices=("none", "managed", "all"),
    ),
    PROTECT,
)
CREATE = Option("create", "Create the directory and its files where they are missing")
JOBS = Option(
    "jobs",
    "Number of passwords to hash in parallel; default: the number of cores",
    metavar="N",
)
PLANNING = (
    KNOWN_ROLE,
    CREATE,
    Option("force", "Skip the safety checks (last superuser, document without users)"),
    JOBS,
    Option("detailed-exitcode", "Exit with 2 instead of 0 if anything changes or would change"),
)
OUTPUT = (
    Option(
        "output",
        "Write to a file that only its owner can read; default: standard output",
        metavar="FILE",
    ),
    Option(
        "force",
        "Replace a file of --output that exists in the configuration directory of a node",
    ),
)
SOURCES = (
    "a configuration directory, a tar archive of export, a manifest of Kubernetes Secrets, or a "
    "desired state"
)
PARTIAL = Option("partial", "Skip users and roles that cannot be converted")

READ_EXITS = (
    (exits.INTERNAL, "a file is not UTF-8"),
    (exits.CONFIGURATION, "no users file, or an invalid setting"),
)
LOCK_EXITS = (
    (exits.LOCKED, "locked, or changed by another writer; retry"),
    (exits.NO_PERMISSION, "no permission, or an attribute that cannot be kept"),
)
WRITE_EXITS = (
    *LOCK_EXITS,
    (exits.CONFIGURATION, "no users file, or an invalid setting"),
)
EXISTING_USER_EXITS = ((exits.NO_USER, "no such user"), *WRITE_EXITS)
PLAN_EXITS = (
    (exits.CHANGED, "with --detailed-exitcode: something changes or would change"),
    (exits.DATA, "an invalid document, or a failed safety check"),
    *WRITE_EXITS,
)
