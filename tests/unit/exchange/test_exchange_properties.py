"""For any realm: nothing is added or dropped silently, and no secret is shown."""

from __future__ import annotations

import io
import json
import sys
import tarfile

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from support import strategies

from esfilerealm import errors
from esfilerealm.exchange import EXPORT_FORMATS, IMPORT_FORMATS, export_realm, import_users
from esfilerealm.exchange._shared import role_problem, shown_name, username_problem
from esfilerealm.formats import parse_users, parse_users_roles
from esfilerealm.hashing import check_hash, resolve
from esfilerealm.provisioning import DesiredState

pytestmark = pytest.mark.property

GOOD = [
    resolve(name).hash("pw-Aardvark-1") for name in ("bcrypt4", "pbkdf2_1000", "sha1", "ssha256")
]
#: What may follow a hash that stands in the place of a name.
ENDS = (":", "é:x", ":x")
CANARIES = ["Walrus-pw", "$2a$10$WalrusWalrus", "$apr1$Walrus$Walrus", "{SHA}Walrus", "$6$Walrus"]

realm_users = strategies.files(
    st.one_of(
        strategies.users_lines,
        st.builds("{}:{}".format, strategies.usernames, st.sampled_from(GOOD)),
    )
)
realms = st.tuples(realm_users, strategies.users_roles_files)


def known(users, users_roles):
    """The users with usable hashes, read in another way."""
    hashes = parse_users(users).users
    roles = parse_users_roles(users_roles).roles_by_user
    found = {}
    for name, password_hash in hashes.items():
        try:
            check_hash(password_hash)
        except errors.InvalidHashError:
            continue
        found[name] = (password_hash, roles.get(name, ()))
    return hashes, found


def lost(exported):
    return {loss.what for loss in exported.losses if loss.is_blocking}


def is_lost(name, exported):
    return f"user [{shown_name(name)}]" in lost(exported)


def converted_roles(roles):
    return [role for role in roles if not role_problem(role)]


@pytest.mark.parametrize("format", ["json", "yaml"])
@given(realm=realms)
def test_documents(format, realm):
    hashes, usable = known(*realm)
    exported = export_realm(format, *realm)
    document = (json.loads if format == "json" else yaml.safe_load)(exported.data)
    assert document["users"] == [
        {"name": name, "password_hash": password_hash, "roles": converted_roles(roles)}
        for name, (password_hash, roles) in usable.items()
        if not username_problem(name)
    ]
    written = {user["name"] for user in document["users"]}
    assert all(name in written or is_lost(name, exported) for name in hashes)
    whole = all(converted_roles(usable[name][1]) == list(usable[name][1]) for name in written)
    assert exported.is_complete == (whole and written == set(hashes))


@given(realm=realms)
def test_secrets(realm):
    hashes, usable = known(*realm)
    exported = export_realm("k8s-secret", *realm)
    imported = import_users("k8s-secret", exported.data, source="x")
    assert imported.losses == ()
    assert {
        user["name"]: (user["password_hash"], set(user["roles"]))
        for user in imported.document["users"]
    } == {
        name: (password_hash, set(converted_roles(roles)))
        for name, (password_hash, roles) in usable.items()
        if not username_problem(name)
    }
    written = {user["name"] for user in imported.document["users"]}
    assert all(name in written or is_lost(name, exported) for name in hashes)


@given(realm=realms)
def test_a_secret_of_canonical_files_is_those_files(realm):
    def files(users, users_roles):
        values = yaml.safe_load(export_realm("k8s-secret", users, users_roles).data)["data"]
        return [base64_decoded(values[key]) for key in ("users", "users_roles")]

    canonical = files(*realm)
    assert files(*canonical) == canonical
    assert export_realm("k8s-secret", *canonical).losses == ()


def base64_decoded(text):
    import base64

    return base64.b64decode(text, validate=True)


@given(realm=realms)
def test_htpasswd(realm):
    hashes, usable = known(*realm)
    exported = export_realm("htpasswd", *realm)
    imported = import_users("htpasswd", exported.data, source="x")
    back = {user["name"]: user["password_hash"] for user in imported.document["users"]}
    assert back == {
        name: password_hash
        for name, (password_hash, _) in usable.items()
        if password_hash.startswith("$2a$") and not username_problem(name)
    }
    lines = dict(line.split(":") for line in exported.data.decode().splitlines())
    assert all(name in lines or is_lost(name, exported) for name in hashes)


@given(users=st.binary(), users_roles=st.binary())
def test_tar(users, users_roles):
    data = export_realm("tar", users, users_roles).data
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        assert archive.extractfile("users").read() == users
        assert archive.extractfile("users_roles").read() == users_roles


def assert_tells_nothing(texts):
    for text in texts:
        assert "Walrus" not in text


@given(
    realm=st.tuples(
        strategies.files(
            st.one_of(
                st.builds("{}:{}".format, strategies.usernames, st.sampled_from(CANARIES)),
                # In the place of a name, a hash is known for what it is, and a password is not.
                st.sampled_from(CANARIES + [f"{t}{end}" for t in CANARIES[1:] for end in ENDS]),
            )
        ),
        strategies.files(st.sampled_from([f"{text}:bob" for text in CANARIES[1:]] + ["x:bob"])),
    )
)
@pytest.mark.parametrize("format", EXPORT_FORMATS)
def test_no_export_reveals_a_secret(format, realm):
    exported = export_realm(format, *realm)
    assert_tells_nothing([repr(exported), *map(str, exported.losses), *map(repr, exported.losses)])
    if format == "htpasswd":
        try:
            imported = import_users(format, realm[0], source="x")
        except errors.FileFormatError as error:  # no line is one of htpasswd
            assert_tells_nothing([str(error)])
        else:
            assert_tells_nothing([repr(imported), *map(str, imported.losses)])


_fields = st.one_of(
    st.sampled_from(["greta", " ivy", "ivy ", "#kim", "a,b", "a:b", "elastic", "böb", "", *GOOD]),
    st.text(max_size=3),
)
_rows = st.lists(
    st.builds("{}:{}{}".format, _fields, _fields, st.sampled_from(["", ",greta", "\r", ":"])),
    max_size=4,
).map("\n".join)
_secrets = st.lists(
    st.one_of(
        st.fixed_dictionaries({}, optional={"users": _rows, "users_roles": _rows}),
        st.fixed_dictionaries(
            {"username": _fields, "password": _fields | st.just("x" * 73)},
            optional={"roles": _fields, "users": _rows},
        ),
    ),
    max_size=4,
)


@given(secrets=_secrets, as_node=st.booleans(), allow_reserved=st.booleans())
def test_whatever_secrets_hold_is_a_desired_state(secrets, as_node, allow_reserved):
    manifests = [
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": f"s{n}"}, "stringData": values}
        for n, values in enumerate(secrets, 1)
    ]
    imported = import_users(
        "k8s-secret",
        json.dumps({"kind": "List", "items": [*manifests, {**EMPTY_SECRET}]}).encode(),
        source="x",
        as_node=as_node,
        allow_reserved=allow_reserved,
    )
    state = DesiredState.from_dict(imported.document)
    assert len(state.users) == len(imported.document["users"])


EMPTY_SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "empty"}}

_pieces = st.sampled_from(
    [
        "kind: Secret\n",
        "apiVersion: v1\n",
        "data:\n",
        "stringData:\n",
        "  users: ",
        "  users_roles: ",
    ]
    + ["_meta: {type: internalusers}\n", "bob:\n", "  hash: ", "  backend_roles: ", "\n", "---\n"]
    + ["type: kubernetes.io/basic-auth\n", "  username: al\n", "  password: ", "'", "[", "&", ": "]
    + CANARIES[1:]
    + [f"al:{text}\n" for text in CANARIES]
)


@pytest.mark.parametrize("format", IMPORT_FORMATS)
@given(st.lists(_pieces, max_size=15).map("".join) | st.binary())
def test_any_file_is_read_or_one_clear_error(format, data):
    data = data.encode() if isinstance(data, str) else data
    outside = sys.exception()  # hypothesis may be handling one
    try:
        imported = import_users(format, data, source="x")
    except (errors.FileFormatError, errors.InvalidDesiredStateError) as error:
        assert_tells_nothing([str(error), repr(error), repr(vars(error))])
        assert error.__context__ is outside
        assert error.__cause__ is None
    else:
        assert_tells_nothing([repr(imported), *map(str, imported.losses)])
