"""What an import or export leaves out: what is printed, also with ``-s``, and what stops it."""

from __future__ import annotations

import json

import pytest
from support.hashes import CHEAP_HASH

from esfilerealm.exchange import import_users


def secret(name="s", **values):
    """Return the manifest of a Secret."""
    document = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}}
    return json.dumps({**document, "stringData": values})


def cluster(*names):
    """Return the manifest of an Elasticsearch that names Secrets."""
    refs = [{"secretName": name} for name in names]
    document = {"apiVersion": "elasticsearch.k8s.elastic.co/v1", "kind": "Elasticsearch"}
    return json.dumps(
        {**document, "metadata": {"name": "es"}, "spec": {"auth": {"fileRealm": refs}}}
    )


def stream(*documents):
    return "\n---\n".join(documents)


ANN = f"ann:{CHEAP_HASH}"
INTERNAL = "_meta: {type: internalusers, config_version: 2}\n"
USER = f"ann: {{hash: '{CHEAP_HASH}', backend_roles: [kibanauser]"

#: By what happens: the format, the input, and a part of the line that says so. Somebody loses a
#: login or a role, or may think so: a warning, which stops nothing.
WARNINGS = {
    "secret that the API server refuses": (
        *("k8s-secret", secret("A_b", users=ANN)),
        "left out: the API server would refuse it",
    ),
    "secret that the operator skips": (
        *("k8s-secret", secret(users="ann")),
        "left out: the operator would not take it",
    ),
    "short password": (
        *("k8s-secret", secret(username="ann", password="x")),
        "[password] must have at least 6 bytes",
    ),
    "secret that no cluster names": (
        *("k8s-secret", stream(secret(users=ANN), cluster())),
        "does not name it in [spec.auth.fileRealm]",
    ),
    "secret that is not there": ("k8s-secret", cluster("gone"), "it is not in this file"),
    "earlier secret of a name": (
        *("k8s-secret", stream(secret(users=ANN), secret(users="ann:"))),
        "a later Secret of that name",
    ),
    "secret that is not UTF-8": (
        *("k8s-secret", secret().replace("stringData", "data").replace("{}", '{"users": "YTr/"}')),
        "not UTF-8",
    ),
    "document that cannot be read": (
        *("k8s-secret", stream("a: [", secret(users=ANN))),
        "]: not YAML here",
    ),
    "no secret": ("k8s-secret", "", "there is no Secret in it"),
    "user without a hash": ("k8s-secret", secret(users="ann:"), "it is taken away"),
    "row that a node skips": ("k8s-secret", secret(users=f" :{CHEAP_HASH}"), "a node skips it"),
    "reserved name": (
        *("k8s-secret", secret(users=f"elastic:{CHEAP_HASH}")),
        "[xpack.security.authc.reserved_realm.enabled: false]",
    ),
    "comma in a user name": (
        *("k8s-secret", secret(users=f"a,b:{CHEAP_HASH}")),
        "must not contain [,]",
    ),
    "comma in a role name": (
        *("k8s-secret", secret(users=ANN, users_roles="a,b:ann")),
        "must not contain [,]",
    ),
    "colon in a name": (
        *("k8s-secret", secret(username="a:b", password="hunter22")),
        "breaks the cluster",
    ),
    "clear text": ("k8s-secret", secret(users="ann:hunter22"), "user [ann]"),
    "hash that no node knows": ("k8s-secret", secret(users="ann:$2y$05$short"), "user [ann]"),
    "role of nobody": ("k8s-secret", secret(users_roles="viewer:ann"), "no user has that name"),
    "files beside one user": (
        *("k8s-secret", secret(username="ann", password="hunter22", users=ANN)),
        "the operator reads one user instead",
    ),
    "half a user": ("k8s-secret", secret(username="ann"), "it is no user"),
    "name twice in htpasswd": ("htpasswd", f"{ANN}\n{ANN}\n", "Apache uses line [1]"),
    "no hash in htpasswd": ("htpasswd", f"{ANN}\nbob:\n", "expected name:hash; Apache skips it"),
    "no colon in htpasswd": ("htpasswd", f"{ANN}\nbob\n", "expected name:hash; Apache skips it"),
    "no roles": ("opensearch", f"{INTERNAL}ann: {{hash: '{CHEAP_HASH}'}}", "has no roles here"),
    "unknown key": ("opensearch", f"{INTERNAL}{USER}, x: 1}}", "does not know this key"),
}

#: Likewise, where nobody loses anything.
NOTES = {
    "other kinds": ("k8s-secret", stream("kind: Pod", secret(users=ANN)), "Pod: only Secrets"),
    "secret with another purpose": ("k8s-secret", secret(**{"tls.crt": "x"}), "it has neither"),
    "other entries": ("k8s-secret", secret(users=ANN, x="y"), "entry [x]: not part of a file"),
    "row of a comment": ("k8s-secret", secret(users="#a:b"), "a node takes it for a comment"),
    "overridden entry": (
        *("k8s-secret", secret(users=ANN)[:-1] + ', "data": {"users": ""}}'),
        "[stringData] has this key too",
    ),
    "few characters of many bytes": (
        *("k8s-secret", secret(username="ann", password="äöü")),
        "fewer than 6 characters; it counts",
    ),
    "comment in htpasswd": ("htpasswd", f"# x\n{ANN}\n", "1 comment"),
    "more behind a hash": ("htpasswd", f"{ANN}:more\n", "Apache does not read it"),
    "role that is converted": ("opensearch", f"{INTERNAL}{USER}}}", "it becomes [kibana_user]"),
    "description": (
        *("opensearch", f"{INTERNAL}{USER}, description: x}}"),
        "a file realm has nothing like it",
    ),
}


def lines(text, sign):
    return [line for line in text.splitlines() if line.startswith(f"{sign}: ")]


def import_(run, format_, text, *options):
    return run("import", "--format", format_, "-", "--force", *options, stdin=text)


@pytest.mark.parametrize(("format_", "text", "told"), WARNINGS.values(), ids=WARNINGS)
def test_what_is_left_out_is_a_warning_that_silence_prints(run, format_, text, told):
    done = import_(run, format_, text, "--check")
    assert done.exit_code == 0
    (line,) = [line for line in lines(done.err, "WARNING") if told in line]
    silent = import_(run, format_, text, "--check", "-s")
    assert (silent.exit_code, silent.out) == (0, "")
    assert line in silent.err
    assert lines(silent.err, "WARNING") == lines(done.err, "WARNING")


@pytest.mark.parametrize(("format_", "text", "told"), NOTES.values(), ids=NOTES)
def test_what_costs_nobody_anything_is_a_note(run, format_, text, told):
    done = import_(run, format_, text)
    assert done.exit_code == 0
    assert [line for line in lines(done.err, "NOTE") if told in line]
    silent = import_(run, format_, text, "-s")
    assert (silent.exit_code, silent.err) == (0, "")


@pytest.mark.parametrize("kind", [*WARNINGS, *NOTES])
def test_a_program_learns_which_it_is(run, kind):
    format_, text, told = (WARNINGS | NOTES)[kind]
    imported = import_users(format_, text.encode(), source="standard input")
    said = [loss for loss in imported.losses if told in str(loss)]
    assert [loss.is_note for loss in said] == [kind in NOTES]
    assert imported.is_complete
    printed = json.loads(import_(run, format_, text, "--json").out)["losses"]
    assert [loss["is_note"] for loss in printed] == [loss.is_note for loss in imported.losses]


@pytest.mark.parametrize(
    ("users", "users_roles", "told", "sign"),
    [
        pytest.param("# x\n", "", "1 comment", "NOTE", id="comment"),
        pytest.param(f"ann:x\n{ANN}\n", "", "which has the same name", "NOTE", id="name-twice"),
        pytest.param("ann\n", "", "expected [username:hash]", "WARNING", id="skipped-line"),
        pytest.param("", "viewer:ann\n", "no user has that name", "WARNING", id="orphan"),
    ],
)
def test_an_export_says_what_is_left_out(run, config, users, users_roles, told, sign):
    (config / "users").write_text(users)
    (config / "users_roles").write_text(users_roles)
    done = run("export", "--format", "yaml")
    assert [line for line in lines(done.err, sign) if told in line]
    silent = run("export", "--format", "yaml", "-s")
    assert silent.out == done.out
    assert silent.err.splitlines() == lines(done.err, "WARNING")


def test_roles_that_a_format_does_not_have_are_missing(run, config):
    (config / "users").write_text(f"{ANN}\n")
    (config / "users_roles").write_text("viewer:ann\n")
    done = run("export", "--format", "htpasswd", "-s")
    assert done.exit_code == 0
    assert "roles of 1 user: htpasswd has no roles" in done.err


@pytest.mark.parametrize(
    ("users", "mapping", "hint"),
    [
        ("ann: {hsh: x}", "", "did you mean [hash]?"),
        (f"ann: {{hash: '{CHEAP_HASH}', backend_role: [x]}}", "", "did you mean [backend_roles]?"),
        ("", "viewer: {user: [ann]}", "did you mean [users]?"),
        ("", "viewer: {wholly_other: [ann]}", "does not know this key"),
    ],
)
def test_a_misspelled_key_of_opensearch_names_the_right_one(users, mapping, hint):
    imported = import_users(
        "opensearch",
        f"{INTERNAL}{users}".encode(),
        source="internal_users.yml",
        roles_mapping=("m", f"_meta: {{type: rolesmapping}}\n{mapping}".encode()),
    )
    assert any(str(loss).endswith(hint) for loss in imported.losses), imported.losses
