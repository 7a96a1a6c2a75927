"""Every command and its options: one table, for parsing, help and completion."""

from __future__ import annotations

from .options import Command, Option

__all__ = ["COMMANDS", "PROGRAM"]

_COMMON = (
    Option(
        "E", "A setting of elasticsearch.yml, as key=value", metavar="KeyValuePair", repeatable=True
    ),
    Option(
        "c config",
        "The configuration folder; default: ES_PATH_CONF, else /etc/elasticsearch",
        metavar="DIR",
        is_ours=True,
    ),
    Option("h help", "Show help"),
    Option("s silent", "Print errors and warnings only"),
    Option("v verbose", "Print more, such as the lines that a node skips"),
)
_ES_VERSION = Option(
    "es-version",
    "Major version of the node, 5 to 9; default: as the settings are spelled, else 8",
    metavar="N",
    is_ours=True,
)
_JSON = Option("json", "Print one JSON object; it never holds a secret", is_ours=True)
_DRY_RUN = Option("dry-run", "Tell what would change, write nothing", is_ours=True)

_PASSWORD = (
    Option(
        "p password",
        "The password. Every user of this machine can see it in the list of processes, and the "
        "shell keeps it in its history: prefer --password-stdin or --password-file",
        metavar="String",
    ),
    Option("password-stdin", "Read the password from standard input, one line", is_ours=True),
    Option(
        "password-file",
        "Read the password from a file; one line end at its end is left out",
        metavar="FILE",
        is_ours=True,
    ),
    Option(
        "password-env",
        "Take the password from an environment variable",
        metavar="NAME",
        is_ours=True,
    ),
)
_NEW_PASSWORD = (
    *_PASSWORD,
    Option("hash", "A finished hash in place of a password", metavar="HASH", is_ours=True),
    Option("generate", "Make up a password and print it once", is_ours=True),
)
_WRITING = (
    Option("owner", "Owner that both files get", metavar="USER", is_ours=True),
    Option("group", "Group that both files get", metavar="GROUP", is_ours=True),
    Option("mode", "Mode that both files get, octal", metavar="MODE", is_ours=True),
    Option(
        "attributes",
        "If an owner, group or extended attribute cannot be kept: refuse (default) or warn",
        metavar="WHAT",
        is_ours=True,
    ),
    Option(
        "strategy",
        "rename (default) replaces files whole, in_place overwrites them, auto does that with "
        "mount points only",
        metavar="HOW",
        is_ours=True,
    ),
    Option(
        "keep",
        "Earlier versions to keep as users.1~ and so on; default: as many as there are",
        metavar="N",
        is_ours=True,
    ),
)
_ALLOW_LOCAL_LOCK = Option(
    "allow-local-lock",
    "Write even where other machines would not know of the lock, as none of them writes there",
    is_ours=True,
)
_ROLES = Option("r roles", "The roles of the user, with commas between", metavar="String")

_PLANNING = (
    Option(
        "purge",
        "Whom to remove who is not named: none (default), managed (whom provisioning with this "
        "setting has made) or all",
        metavar="WHOM",
        is_ours=True,
    ),
    Option(
        "protect",
        "Pattern of names that are never purged, such as 'ops-*'",
        metavar="PATTERN",
        repeatable=True,
        is_ours=True,
    ),
    Option(
        "force",
        "Do it even if nobody would hold superuser any more, or if nobody is wanted",
        is_ours=True,
    ),
    Option(
        "jobs",
        "Passwords to hash at once; default: as many as there are cores",
        metavar="N",
        is_ours=True,
    ),
    Option(
        "detailed-exitcode",
        "Exit with 2 if anything is (or would be) changed, with 0 if not",
        is_ours=True,
    ),
)
_DOCUMENTS = (
    Option(
        "format",
        "yaml, json or toml; default: by the ending of the name, of standard input YAML or JSON",
        metavar="FORMAT",
        is_ours=True,
    ),
    Option("strict", "Refuse files of which one overrides another", is_ours=True),
)
_PARTIAL = Option(
    "partial", "Go on without the users and roles that cannot be carried", is_ours=True
)
_APPLYING = (
    Option("dry-run check", "Tell what would change, write nothing", is_ours=True),
    Option("diff", "Show every change; of passwords only that they change", is_ours=True),
    *_WRITING,
    _ALLOW_LOCAL_LOCK,
    _JSON,
)

COMMANDS = (
    Command(
        "useradd",
        "Add a user",
        (*_COMMON, *_NEW_PASSWORD, _ROLES, *_WRITING, _ALLOW_LOCAL_LOCK, _JSON, _DRY_RUN),
        notes=(
            "A node sees the user at its next poll, within 5 seconds.",
            "Without an option that gives the password, it is asked for.",
        ),
        argument="username",
        home="users",
    ),
    Command(
        "userdel",
        "Remove a user and its roles",
        (*_COMMON, *_WRITING, _ALLOW_LOCAL_LOCK, _JSON, _DRY_RUN),
        argument="username",
        home="users",
    ),
    Command(
        "passwd",
        "Change the password of a user",
        (*_COMMON, *_NEW_PASSWORD, *_WRITING, _ALLOW_LOCAL_LOCK, _JSON, _DRY_RUN),
        notes=("Without an option that gives the password, it is asked for.",),
        argument="username",
        home="users",
    ),
    Command(
        "roles",
        "Add and remove roles of a user, or show them",
        (
            *_COMMON,
            Option("a add", "Roles to add, with commas between", metavar="String"),
            Option(
                "r remove",
                "Roles to remove, with commas between; they win over --add",
                metavar="String",
            ),
            *_WRITING,
            _ALLOW_LOCAL_LOCK,
            _JSON,
            _DRY_RUN,
        ),
        notes=("Without -a and -r, the roles of the user are shown.",),
        argument="username",
        home="users",
    ),
    Command(
        "list",
        "List users and their roles",
        (*_COMMON, _JSON),
        argument="username",
        argument_is_optional=True,
        home="listing",
    ),
    Command(
        "init",
        "Create the files of a realm where they are missing",
        (
            *_COMMON,
            Option("owner", "Owner of new files", metavar="USER", is_ours=True),
            Option(
                "group",
                "Group of new files; default: that of the folder",
                metavar="GROUP",
                is_ours=True,
            ),
            Option(
                "mode",
                "Mode of new files, octal; default: 660 less the umask",
                metavar="MODE",
                is_ours=True,
            ),
            _ALLOW_LOCAL_LOCK,
            _JSON,
            _DRY_RUN,
        ),
        notes=("What is there already is left as it is.",),
        home="realm_files",
    ),
    Command(
        "undo",
        "Go back to the version before the last change, if --keep kept it",
        (*_COMMON, *_WRITING[:-1], _ALLOW_LOCAL_LOCK, _JSON, _DRY_RUN),
        notes=("The state before that is kept in its place: a second undo takes back the first.",),
        home="realm_files",
    ),
    Command(
        "check",
        "Report problems in the realm's files",
        (*_COMMON, _JSON),
        notes=("Nothing is written. Exit code 65 if problems are found.",),
        home="realm_files",
    ),
    Command(
        "plan",
        "Tell what has to change for the realm to be as files describe it",
        (*_COMMON, *_DOCUMENTS, *_PLANNING, *_APPLYING),
        notes=("Of several files the later one wins; - is standard input.",),
        argument="file",
        argument_is_repeatable=True,
        home="provisioning",
    ),
    Command(
        "apply",
        "Make the realm as files describe it",
        (*_COMMON, *_DOCUMENTS, *_PLANNING, *_APPLYING),
        notes=("Of several files the later one wins; - is standard input.",),
        argument="file",
        argument_is_repeatable=True,
        home="provisioning",
    ),
    Command(
        "ensure",
        "Make sure that there is a user with a password and roles, or none",
        (
            *_COMMON,
            *_PASSWORD,
            Option("hash", "A finished hash in place of a password", metavar="HASH", is_ours=True),
            Option(
                "update-password",
                "always (default), or on_create to leave that of a user who exists",
                metavar="WHEN",
                is_ours=True,
            ),
            Option("r roles", "All roles of the user, with commas between", metavar="String"),
            Option("a add", "Roles to add, with commas between", metavar="String"),
            Option("remove", "Roles to remove, with commas between", metavar="String"),
            Option("absent", "Make sure that there is no such user", is_ours=True),
            *_PLANNING[2:],
            *_APPLYING,
        ),
        notes=("What is not given is left as it is. A new user needs a password.",),
        argument="username",
        home="provisioning",
    ),
    Command(
        "export",
        "Write the realm as another tool reads it; passwords stay hashed",
        (
            *_COMMON,
            Option(
                "format",
                "json, yaml, k8s-secret, htpasswd or tar",
                metavar="FORMAT",
                is_ours=True,
            ),
            Option(
                "output",
                "Write to a file, for its owner only; default: standard output",
                metavar="FILE",
                is_ours=True,
            ),
            Option("secret-name", "Name of the Kubernetes Secret", metavar="NAME", is_ours=True),
            Option("namespace", "Namespace of the Secret", metavar="NAME", is_ours=True),
            Option(
                "basic-auth",
                "Make a Secret of the type kubernetes.io/basic-auth of one user, whose password "
                "is given or asked for, and goes into it as it is",
                metavar="USER",
                is_ours=True,
            ),
            *_PASSWORD,
            _PARTIAL,
            _JSON,
        ),
        notes=("What cannot be carried is named on standard error.",),
        home="exchange",
    ),
    Command(
        "import",
        "Take users over from another tool's file",
        (
            *_COMMON,
            Option(
                "format",
                "htpasswd, json, yaml, k8s-secret or opensearch",
                metavar="FORMAT",
                is_ours=True,
            ),
            Option(
                "map-role",
                "What a role of OpenSearch is called here; without TO it is left out",
                metavar="FROM=TO",
                repeatable=True,
                is_ours=True,
            ),
            _PARTIAL,
            *_PLANNING,
            *_APPLYING,
        ),
        notes=("What cannot be carried is named on standard error; - is standard input.",),
        argument="file",
        home="exchange",
    ),
    Command(
        "ansible-path",
        "Print what to put into ANSIBLE_COLLECTIONS_PATH",
        _COMMON,
        home="ansible",
    ),
    Command(
        "hash",
        "Print the hash of a password",
        (
            *_COMMON,
            *_PASSWORD,
            Option(
                "algorithm",
                "Default: that of the settings, else bcrypt",
                metavar="NAME",
                is_ours=True,
            ),
            _JSON,
        ),
        notes=("The hash can be given to useradd and passwd as --hash.",),
        home="hashes",
    ),
    Command(
        "verify",
        "Tell whether a password is that of a user",
        (*_COMMON, *_PASSWORD, _JSON),
        notes=("Exits with 0 if it is right, 1 if it is wrong, 67 if there is no such user.",),
        argument="username",
        home="hashes",
    ),
    Command(
        "settings",
        "Show the settings of the realm, where each comes from and what is wrong",
        (*_COMMON, _ES_VERSION, _JSON),
        notes=("Exits with 78 if a node would not start with them.",),
        home="show_settings",
    ),
    Command(
        "watch",
        "Follow the files as a node does, and print what changes until interrupted",
        (
            *_COMMON,
            _ES_VERSION,
            Option("no-events", "Only poll, do not wait for file events", is_ours=True),
            Option("json", "Print one JSON object a line; it never holds a secret", is_ours=True),
        ),
        notes=("The files are looked at every 5 seconds, or resource.reload.interval.high.",),
        home="watch",
    ),
)

PROGRAM = Command(
    "esfilerealm",
    "Manages the users of an Elasticsearch node's file realm",
    (
        *_COMMON,
        Option("version", "Print the version", is_ours=True),
        Option(
            "print-completion",
            "Print the completion script for a shell: bash, zsh or tcsh",
            metavar="SHELL",
            is_ours=True,
        ),
    ),
    argument="command",
)
