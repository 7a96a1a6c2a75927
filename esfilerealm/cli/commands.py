"""Every command with its options: one table, for parsing, help and completion."""

from __future__ import annotations

from . import exits
from . import shared_options as shared
from .account_commands import ACCOUNTS, EXPIRES
from .document_commands import DOCUMENTS
from .drift_commands import DRIFT
from .options import Command, Option, OptionGroup

__all__ = ["COMMANDS", "COMMAND_GROUPS", "PROGRAM", "TOPICS", "every_command", "find_command"]

#: The guides: from topic to its file in this package and what it is about.
TOPICS = {
    "admin": ("admin/README.md", "Add, change and remove users from Python"),
    "emergency": ("admin/emergency.md", "A way back in, and users that expire or are locked"),
    "provisioning": ("provisioning/README.md", "Describe the users that should exist, and apply"),
    "exchange": ("exchange/README.md", "Kubernetes Secrets, htpasswd, OpenSearch, JSON, YAML, tar"),
    "settings": ("settings/README.md", "Which settings of elasticsearch.yml count, and how"),
    "keystore": ("keystore/README.md", "Read and write elasticsearch.keystore without a JVM"),
    "backup": ("backup/README.md", "Back up and restore the configuration of every node"),
    "realms": ("realms/README.md", "Authenticate users in a Python program"),
    "certificates": ("certificates/README.md", "Names, trust stores and users of pki realms"),
    "role_mapping": ("role_mapping/README.md", "Find the roles of users of pki and ldap realms"),
    "storage": ("_storage/README.md", "How files are written"),
    "guarantees": ("guarantees.md", "What is kept after faults, kills and power cuts"),
    "snapshot": ("backup/snapshot/README.md", "Save and restore the security index of a cluster"),
    "audit": ("audit/README.md", "A log of every change, in which nobody can change a line unseen"),
    "drift": ("drift/README.md", "Find nodes whose users differ, without moving hashes"),
    "checks": ("checks/README.md", "What check reports, by code"),
    "autoconfiguration": (
        "checks/autoconfiguration/README.md",
        "Whether a first start would configure security, and why not",
    ),
    "command": ("cli/README.md", "The command: passwords, output for programs, completion"),
    "compatibility": ("compatibility.md", "Where this differs from Elasticsearch, and why"),
    "ansible": (
        "ansible_collections/esfilerealm/file_realm/README.md",
        "Manage users with Ansible",
    ),
}

_DRY_RUN = (shared.DRY_RUN, shared.JSON)
_CHECK = (shared.CHECK, shared.DIFF, shared.JSON)
_DOCUMENTS = OptionGroup("Documents", *shared.DOCUMENTS)
_WHAT_MAY_CHANGE = OptionGroup("What may change", *shared.PURGING, *shared.PLANNING)
_LATER_WINS = ("If files contradict each other, the later one wins; - is standard input.",)
_ROLES = Option("r roles", "Comma-separated roles", metavar="ROLES", native=True)
_WRONG_PASSWORD = (exits.WRONG_PASSWORD, "the password is wrong")

_USERS = (
    Command(
        "useradd",
        "Add a user",
        OptionGroup("User", _ROLES, EXPIRES, shared.KNOWN_ROLE),
        shared.NEW_PASSWORD,
        shared.WRITING,
        shared.general(*_DRY_RUN),
        run="users:run_useradd",
        hashes_ahead=True,
        arguments="USERNAME",
        notes=("A node sees the user at its next poll, within 5 seconds.",),
        examples=(
            "esfilerealm useradd jane --generate --roles viewer,monitoring_user",
            "esfilerealm useradd jane --password-file secret.txt --expires 8h",
        ),
        exits=(
            (exits.DATA, "an invalid name, role, password, hash or time"),
            (exits.INTERNAL, "the user already exists"),
            *shared.WRITE_EXITS,
        ),
    ),
    Command(
        "userdel",
        "Remove a user and its roles",
        shared.WRITING,
        shared.general(*_DRY_RUN),
        run="users:run_userdel",
        arguments="USERNAME",
        examples=("esfilerealm userdel jane",),
        exits=shared.EXISTING_USER_EXITS,
    ),
    Command(
        "passwd",
        "Change the password of a user",
        shared.NEW_PASSWORD,
        shared.WRITING,
        shared.general(*_DRY_RUN),
        run="users:run_passwd",
        hashes_ahead=True,
        arguments="USERNAME",
        examples=(
            "esfilerealm passwd jane --generate",
            "esfilerealm passwd jane --password-file secret.txt --keep 1",
        ),
        exits=((exits.DATA, "an invalid password or hash"), *shared.EXISTING_USER_EXITS),
    ),
    Command(
        "roles",
        "Add and remove roles of a user, or show them",
        OptionGroup(
            "User",
            shared.ADD,
            Option(
                "r remove",
                "Comma-separated roles to remove; wins over --add",
                metavar="ROLES",
                native=True,
            ),
            shared.KNOWN_ROLE,
        ),
        shared.WRITING,
        shared.general(*_DRY_RUN),
        run="users:run_roles",
        arguments="USERNAME",
        notes=("Without --add and --remove, the roles of the user are shown.",),
        examples=(
            "esfilerealm roles jane --add superuser --remove viewer",
            "esfilerealm roles jane",
        ),
        exits=((exits.DATA, "an invalid role name"), *shared.EXISTING_USER_EXITS),
    ),
    Command(
        "list",
        "List users and their roles",
        OptionGroup(
            "What to list, and how",
            Option("role", "Only users with this role", metavar="ROLE"),
            Option(
                "format",
                "text (default), or csv: a header, then a line for each user and role",
                metavar="FORMAT",
                choices=("text", "csv"),
            ),
            shared.KNOWN_ROLE,
        ),
        shared.for_nodes(shared.JSON),
        run="listing:run_list",
        run_all="nodes:run_each",
        arguments="[USERNAME]",
        notes=(
            "A * marks a role that neither Elasticsearch nor roles.yml defines.",
            "Users whose time is over are removed first, where this may write.",
        ),
        examples=(
            "esfilerealm list jane --json",
            "esfilerealm list --role superuser --format csv",
        ),
        exits=((exits.NO_USER, "no such user"), *shared.READ_EXITS),
    ),
    Command(
        "verify",
        "Check a user's password",
        shared.PASSWORD,
        shared.general(shared.JSON),
        run="hashes:run_verify",
        arguments="USERNAME",
        examples=("esfilerealm verify jane --password-file secret.txt",),
        exits=(_WRONG_PASSWORD, (exits.NO_USER, "no such user"), *shared.READ_EXITS),
    ),
    Command(
        "hash",
        "Print the hash of a password",
        shared.PASSWORD,
        OptionGroup("Output", shared.ALGORITHM),
        shared.general(shared.JSON),
        run="hashes:run_hash",
        notes=(
            "useradd and passwd take the hash as --hash. The realm is neither read nor needed.",
        ),
        examples=("esfilerealm hash --password-file secret.txt --algorithm pbkdf2_stretch",),
        exits=((exits.DATA, "an invalid password"),),
    ),
)

_REALM = (
    Command(
        "init",
        "Create the files of a realm that are missing",
        OptionGroup(
            "How files are written",
            Option("owner", "Owner of new files", metavar="USER"),
            Option("group", "Group of new files; default: that of the directory", metavar="GROUP"),
            Option(
                "mode", "Mode of new files, in octal; default: 660 less the umask", metavar="MODE"
            ),
            shared.ALLOW_LOCAL_LOCK,
            shared.AUDIT,
        ),
        shared.general(*_DRY_RUN),
        run="realm:run_init",
        notes=("Existing files are left alone.",),
        examples=("esfilerealm init", "esfilerealm init --config ./config --mode 640"),
        exits=(
            (exits.DATA, "no such owner, group or mode"),
            *shared.LOCK_EXITS,
            (exits.CONFIGURATION, "no configuration directory is named, or an invalid setting"),
        ),
    ),
    Command(
        "check",
        "Report what is wrong or unsafe on a node",
        OptionGroup(
            "What is checked",
            Option(
                "select",
                "Only these rules: comma-separated codes, or what they begin with; may be repeated",
                metavar="CODES",
                repeatable=True,
            ),
            Option("ignore", "Not these rules; likewise", metavar="CODES", repeatable=True),
            Option(
                "rules",
                "TOML with select, ignore, known_roles, fail_on and [limits]; default: "
                "esfilerealm.toml in the configuration directory, if it is there",
                metavar="FILE",
            ),
            shared.KNOWN_ROLE,
            *shared.KEYSTORE_PASSWORD,
            Option(
                "try-passwords",
                "Try the lines of this file (at most 10000), the name and well-known defaults as "
                "passwords of each user; which one fits is not told",
                metavar="FILE",
            ),
        ),
        OptionGroup(
            "What is reported",
            Option(
                "format",
                "text (default), json, sarif, github (commands of a workflow) or junit",
                metavar="FORMAT",
                choices=("text", "json", "sarif", "github", "junit"),
            ),
            Option(
                "fail-on",
                "The least severity for which the command fails: error, warning (default), info, "
                "or never",
                metavar="LEVEL",
                choices=("error", "warning", "info", "never"),
            ),
            Option("baseline", "Report only what this file does not list", metavar="FILE"),
            Option("write-baseline", "Write what is found to the file of --baseline"),
            Option(
                "explain",
                "Explain these rules, and check nothing",
                metavar="CODES",
                repeatable=True,
            ),
            Option("list-rules", "List all rules, and check nothing"),
        ),
        OptionGroup(
            "Fixing",
            Option(
                "fix",
                "Remove names that are not users, and take rights that are too wide",
            ),
            shared.PROTECT,
        ),
        shared.WRITING,
        shared.for_nodes(*_DRY_RUN),
        run="check:run_check",
        run_all="nodes:run_each",
        for_one=("write-baseline", "explain", "list-rules", "format=sarif", "format=junit"),
        notes=(
            "Without --fix, nothing is written. 'esfilerealm recover' ends an interrupted write.",
            "'esfilerealm guide checks' has all rules.",
        ),
        examples=(
            "esfilerealm check --format sarif --fail-on error",
            "esfilerealm check --select EFR1,EFR3 --fix --dry-run --fail-on error",
        ),
        exits=(
            (exits.DATA, "findings that --fail-on counts and --fix has not fixed"),
            *shared.READ_EXITS,
            *shared.LOCK_EXITS,
        ),
    ),
    Command(
        "recover",
        "Finish or roll back an interrupted write",
        OptionGroup("How files are written", shared.ALLOW_LOCAL_LOCK, shared.AUDIT),
        shared.general(shared.JSON),
        run="realm:run_recover",
        notes=("Every command that writes does this first, so it is rarely needed.",),
        examples=("esfilerealm recover",),
        exits=(
            (exits.DATA, "the journal could not be used: check both files"),
            *shared.WRITE_EXITS,
        ),
    ),
    Command(
        "undo",
        "Return to the version before the last change",
        OptionGroup("How files are written", *shared.OWNERSHIP, shared.AUDIT),
        shared.general(*_DRY_RUN),
        run="realm:run_undo",
        notes=(
            "Only a write with --keep N keeps the version before it.",
            "The current state is kept in its place: a second undo reverts the first.",
        ),
        examples=("esfilerealm undo --dry-run", "esfilerealm undo"),
        exits=((exits.NO_INPUT, "nothing to undo"), *shared.WRITE_EXITS),
    ),
    Command(
        "audit",
        "Show who changed what, and check that nobody has tampered with that",
        shared.general(),
        subcommands="audit_commands",
        arguments="COMMAND",
        examples=("esfilerealm audit verify audit.log -c node-a",),
    ),
)

_PROVISIONING = (
    Command(
        "plan",
        "Show the changes needed to reach the described state",
        _DOCUMENTS,
        _WHAT_MAY_CHANGE,
        shared.WRITING,
        shared.for_nodes(*_CHECK),
        run="plans:run_plan",
        run_all="node_plans:run_plan",
        arguments="FILE...",
        notes=_LATER_WINS,
        examples=(
            "esfilerealm plan users.yaml",
            "esfilerealm plan users.yaml --purge managed --detailed-exitcode",
        ),
        exits=shared.PLAN_EXITS,
    ),
    Command(
        "apply",
        "Apply the described state",
        _DOCUMENTS,
        _WHAT_MAY_CHANGE,
        shared.WRITING,
        shared.for_nodes(*_CHECK),
        run="plans:run_apply",
        run_all="node_plans:run_apply",
        arguments="FILE...",
        notes=_LATER_WINS,
        examples=(
            "esfilerealm apply users.yaml --diff",
            "esfilerealm apply - --purge managed < users.yaml",
        ),
        exits=shared.PLAN_EXITS,
    ),
    Command(
        "ensure",
        "Create, update or (with --absent) remove one user",
        OptionGroup(
            "User",
            Option("r roles", "Comma-separated list of all roles", metavar="ROLES", native=True),
            shared.ADD,
            Option("remove", "Comma-separated roles to remove", metavar="ROLES", native=True),
            Option("absent", "Remove the user if it exists"),
            Option(
                "expires",
                "Remove the user at this time, such as 2026-12-01T08:00Z; never to keep it",
                metavar="TIME",
            ),
            Option(
                "locked",
                "true to lock the user out, who keeps its password; false to let it in again",
                metavar="WHETHER",
                choices=("true", "false"),
            ),
        ),
        OptionGroup(
            "Password (at most one; needed for a new user)",
            *shared.PASSWORD_SOURCES,
            shared.HASH,
            Option(
                "update-password",
                "always (default), or on_create to leave the password of an existing user",
                metavar="WHEN",
                choices=("always", "on_create"),
            ),
        ),
        OptionGroup("What may change", *shared.PLANNING),
        shared.WRITING,
        shared.for_nodes(*_CHECK),
        run="plans:run_ensure",
        run_all="node_plans:run_ensure",
        arguments="USERNAME",
        notes=("Everything that no option mentions stays as it is.",),
        examples=(
            "esfilerealm ensure jane --roles viewer --password-file secret.txt",
            "esfilerealm ensure jane --absent",
        ),
        exits=shared.PLAN_EXITS,
    ),
)

_EXCHANGE = (
    Command(
        "export",
        "Export the realm for another tool; passwords stay hashed",
        OptionGroup(
            "Output",
            Option(
                "format",
                "json, yaml, k8s-secret, htpasswd or tar",
                metavar="FORMAT",
                choices=("json", "yaml", "k8s-secret", "htpasswd", "tar"),
            ),
            *shared.OUTPUT,
            shared.PARTIAL,
        ),
        OptionGroup(
            "Kubernetes Secret",
            Option("secret-name", "Name of the Secret; default: esfilerealm-users", metavar="NAME"),
            Option("namespace", "Namespace of the Secret", metavar="NAME"),
            Option(
                "basic-auth",
                "Make a Secret of type kubernetes.io/basic-auth for one user. It holds the "
                "password in clear text, so the password is needed",
                metavar="USERNAME",
            ),
        ),
        OptionGroup(
            "Password for --basic-auth (at most one; without, it is asked for)",
            *shared.PASSWORD_SOURCES,
        ),
        shared.general(shared.JSON),
        run="exports:run_export",
        notes=("Everything that cannot be converted is listed on standard error.",),
        examples=(
            "esfilerealm export --format htpasswd --output htpasswd.txt",
            "esfilerealm export --format k8s-secret --namespace elastic",
        ),
        exits=(
            (exits.WRONG_PASSWORD, "--basic-auth: the password is wrong"),
            (exits.DATA, "something cannot be converted"),
            *shared.READ_EXITS,
        ),
    ),
    Command(
        "import",
        "Import users from another tool's file",
        OptionGroup(
            "Input",
            Option(
                "format",
                "htpasswd, json, yaml, k8s-secret or opensearch",
                metavar="FORMAT",
                choices=("htpasswd", "json", "yaml", "k8s-secret", "opensearch"),
            ),
            Option(
                "map-role",
                "Rename a role of OpenSearch; with FROM= leave it out; may be repeated",
                metavar="FROM=TO",
                repeatable=True,
            ),
            Option(
                "roles-mapping",
                "The roles_mapping.yml of OpenSearch, which gives users and backend roles their "
                "roles",
                metavar="FILE",
            ),
            Option(
                "cluster",
                "Name of the Elasticsearch resource to import, if the manifest has several",
                metavar="NAME",
            ),
            Option(
                "as-node",
                "Read Secrets as a node reads its files, even if the operator would skip them",
            ),
            Option(
                "r roles",
                "Comma-separated roles for users that have none in the source",
                metavar="ROLES",
                native=True,
            ),
            shared.PARTIAL,
            Option("strict", "Fail if the password of an existing user would be replaced"),
        ),
        _WHAT_MAY_CHANGE,
        shared.WRITING,
        shared.general(*_CHECK),
        run="imports:run_import",
        arguments="FILE",
        notes=(
            "Everything that cannot be converted is listed on standard error; - is standard input.",
            "A Kubernetes manifest is read as Elastic's operator reads it.",
        ),
        examples=(
            "esfilerealm import --format htpasswd htpasswd.txt --roles viewer --check",
            "esfilerealm import --format opensearch users.yml --map-role admin=superuser",
        ),
        exits=shared.PLAN_EXITS,
    ),
    Command(
        "ansible-path",
        "Print the directory to add to ANSIBLE_COLLECTIONS_PATH",
        shared.general(),
        run="guides:run_ansible_path",
        examples=('export ANSIBLE_COLLECTIONS_PATH="$(esfilerealm ansible-path)"',),
    ),
)

_KEYSTORE = Command(
    "keystore",
    "Read and change elasticsearch.keystore, which holds secure settings",
    shared.general(version=shared.RELEASE),
    subcommands="keystore_commands",
    arguments="COMMAND",
    examples=(
        "esfilerealm keystore list",
        "esfilerealm keystore add xpack.http.ssl.secure_key_passphrase --value-file secret.txt",
    ),
)

_BACKUP = Command(
    "backup",
    "Back up the configuration of a node, check backups, and restore them",
    shared.general(),
    subcommands="backup_commands",
    arguments="COMMAND",
    examples=(
        "esfilerealm backup create backups --sign sign_key --recipients-file ops_key.pub",
        "esfilerealm backup restore a.tar.zst --allow-unsigned --dry-run",
    ),
)

_SNAPSHOT = Command(
    "snapshot",
    "Save and restore the security index of a cluster, or show how",
    shared.general(version=shared.CLUSTER_RELEASE),
    subcommands="snapshot_commands",
    arguments="COMMAND",
    examples=("esfilerealm snapshot plan create --es-version 8.19",),
)

_CERTIFICATE = Command(
    "certificate",
    "Show which user a certificate is, and whether it is trusted",
    shared.general(),
    subcommands="certificate_commands",
    arguments="COMMAND",
    examples=("esfilerealm certificate show jane.pem",),
)

_ROLES_OF = Command(
    "roles-of",
    "Show which roles mappings give to a user, and why",
    OptionGroup(
        "User (at least a name, group or metadata)",
        Option("dn", "Distinguished name of the user", metavar="DN"),
        Option("group", "A group of the user; may be repeated", metavar="DN", repeatable=True),
        Option("username", "Name of the user, for rules", metavar="NAME"),
        Option("realm", "Name of the realm, for rules and for its mapping file", metavar="NAME"),
        Option(
            "metadata",
            "Metadata of the user, for rules; the value is JSON if it can be, or else text; may be "
            "repeated",
            metavar="KEY=VALUE",
            repeatable=True,
        ),
    ),
    OptionGroup(
        "Mappings",
        Option(
            "mapping-file",
            "The mapping file; default: those of the realms of type ldap, active_directory and "
            "pki, or else role_mapping.yml in the configuration directory",
            metavar="FILE",
        ),
        Option(
            "mappings",
            "What GET _security/role_mapping returned; - is standard input",
            metavar="FILE",
        ),
        Option(
            "unmapped-groups-as-roles",
            "A group that the file does not map gives the role of its own name, as the setting "
            "unmapped_groups_as_roles does",
        ),
    ),
    shared.general(shared.JSON),
    run="roles_of:run_roles_of",
    notes=("Names are compared as a node does, without regard to case and blanks.",),
    examples=(
        'esfilerealm roles-of --dn "CN=Jane Doe, OU=People, O=Acme"',
        "esfilerealm roles-of --username jane --dn cn=jane,o=acme --mappings mappings.json",
    ),
    exits=(
        (exits.DATA, "an invalid name or role mapping, or a mapping file that a node cannot use"),
        (exits.NO_INPUT, "a file of an option does not exist"),
        (exits.INTERNAL, "a file of --mappings that is not UTF-8"),
        (exits.IO, "a file cannot be read"),
        (exits.NO_PERMISSION, "no permission to read a file"),
        (exits.CONFIGURATION, "no configuration directory, or the extra pki is missing"),
    ),
)

_WHOAMI = Command(
    "whoami",
    "Try credentials as a node would, and show what each realm says",
    OptionGroup(
        "Credentials (a USERNAME with a password, a certificate, or both)",
        Option(
            "certificate",
            "Certificates of a client in PEM, DER or PKCS#7, its own first; its private key is not "
            "needed",
            metavar="FILE",
        ),
        Option(
            "run-as",
            "Run as this user, as the header es-security-runas-user asks for",
            metavar="NAME",
        ),
    ),
    shared.PASSWORD,
    OptionGroup(
        "Role mappings",
        Option(
            "mappings role-mappings",
            "What GET _security/role_mapping returned; - is standard input",
            metavar="FILE",
        ),
    ),
    OptionGroup(
        "Password of elasticsearch.keystore (at most one)",
        *shared.KEYSTORE_PASSWORD,
    ),
    shared.general(shared.JSON),
    run="whoami:run_whoami",
    arguments="[USERNAME]",
    notes=(
        "The realms are those of the settings. Only types file and pki can be asked here.",
        "No TLS is spoken: a realm that leaves trust to TLS takes any certificate here.",
    ),
    examples=(
        "esfilerealm whoami jane --password-file secret.txt --run-as bob",
        "esfilerealm whoami --certificate jane.pem --role-mappings mappings.json",
    ),
    exits=(
        (exits.WRONG_PASSWORD, "the credentials are refused"),
        (exits.DATA, "an invalid name, certificate, trust store or role mapping"),
        (exits.NO_INPUT, "a file of an option does not exist"),
        (exits.INTERNAL, "a file is not UTF-8"),
        (exits.IO, "a file cannot be read"),
        (exits.NO_PERMISSION, "no permission to read a file"),
        (exits.CONFIGURATION, "an invalid setting, or the extra pki is missing"),
    ),
)

_NODE = (
    _KEYSTORE,
    _BACKUP,
    _SNAPSHOT,
    _CERTIFICATE,
    _ROLES_OF,
    _WHOAMI,
    Command(
        "settings",
        "Show the settings of the realm, their sources and problems",
        shared.general(shared.JSON),
        run="realm:run_settings",
        examples=("esfilerealm settings", "esfilerealm settings --es-version 7"),
        exits=((exits.CONFIGURATION, "a node would not start with these settings"),),
    ),
    Command(
        "autoconfig",
        "Tell whether a first start would configure security, and why not",
        OptionGroup(
            "The start",
            Option(
                "home",
                "Installation folder, whose data directory counts; default: "
                "/usr/share/elasticsearch for /etc/elasticsearch, else the directory above",
                metavar="DIR",
            ),
            Option("enrollment", "A start with an enrollment token"),
            *shared.KEYSTORE_PASSWORD,
        ),
        shared.general(shared.JSON),
        run="autoconfig:run_autoconfig",
        notes=(
            "It concerns Elasticsearch 8 and later. Run it as the user of the node.",
            "Nothing is written. Every reason is named, where a node stops at the first.",
        ),
        examples=(
            "esfilerealm autoconfig",
            "esfilerealm autoconfig --home /opt/elasticsearch -E discovery.type=single-node",
        ),
        exits=(
            (exits.NOT_CONFIGURED, "security would not be configured, or the start would fail"),
            (exits.CONFIGURATION, "no configuration directory"),
        ),
    ),
    Command(
        "watch",
        "Follow the files as a node does, and print changes until interrupted",
        shared.general(
            Option("no-events", "Only poll; do not wait for file events"),
            Option("json", "Print one JSON object a line, which never holds a secret"),
        ),
        run="watch:run_watch",
        notes=(
            "The files are polled every 5 seconds, unless resource.reload.interval.high is set.",
        ),
        examples=("esfilerealm watch", "esfilerealm watch --json"),
        exits=(
            (exits.CONFIGURATION, "a node would not start, or never reload"),
            (exits.INTERRUPTED, "interrupted"),
        ),
    ),
)

_OTHER = (
    Command(
        "guide",
        "Read a guide, or list all guides",
        shared.general(),
        run="guides:run_guide",
        arguments="[TOPIC]",
        notes=(f"Topics: {', '.join(TOPICS)}.",),
        examples=("esfilerealm guide", "esfilerealm guide provisioning"),
    ),
    Command(
        "schema",
        "Print the JSON Schema of what --json prints, or of a document",
        shared.general(),
        run="schemas:run_schema",
        arguments="[SHAPE...]",
        notes=(
            "SHAPE is a command; without, one schema for all commands.",
            "desired-state is the document of plan and apply; editors of YAML know this line:",
            "# yaml-language-server: $schema=desired-state.json",
        ),
        examples=(
            "esfilerealm schema keystore list",
            "esfilerealm schema desired-state > desired-state.json",
        ),
    ),
    Command(
        "help",
        "Show help for a command",
        shared.general(),
        run="help:run_help",
        arguments="[COMMAND...]",
        examples=("esfilerealm help passwd", "esfilerealm help keystore add"),
    ),
)

COMMAND_GROUPS = (
    ("Users", (*_USERS, *ACCOUNTS)),
    ("Realm", _REALM),
    ("Provisioning", (*_PROVISIONING, *DOCUMENTS, *DRIFT)),
    ("Exchange", _EXCHANGE),
    ("Node", _NODE),
    ("Other", _OTHER),
)
COMMANDS = tuple(command for _, commands in COMMAND_GROUPS for command in commands)

PROGRAM = Command(
    "esfilerealm",
    "Manage the users of an Elasticsearch node's file realm",
    shared.general(
        Option("version", "Print the version"),
        Option(
            "print-completion",
            "Print the completion script for bash, zsh or tcsh",
            metavar="SHELL",
            choices=("bash", "zsh", "tcsh"),
        ),
        config=shared.CONFIGS,
    ),
    arguments="COMMAND",
    examples=(
        "esfilerealm useradd jane --generate --roles superuser",
        "esfilerealm list",
        "esfilerealm apply users.yaml --diff",
    ),
)


def find_command(name: str) -> Command | None:
    """Return the command of that name, such as ``list`` or ``keystore list``, or None."""
    for command in COMMANDS:
        if command.name == name:
            return command
        if name.startswith(f"{command.name} "):
            return next((each for each in command.subcommands if each.name == name), None)
    return None


def every_command() -> list[Command]:
    """Return all commands, and behind each its subcommands."""
    return [each for command in COMMANDS for each in (command, *command.subcommands)]
