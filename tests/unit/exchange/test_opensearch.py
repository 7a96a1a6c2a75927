"""OpenSearch's internal_users.yml."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esfilerealm import errors, verify_hash
from esfilerealm.exchange.opensearch_roles import RoleMap
from esfilerealm.names import RESERVED_ROLE_NAMES

META = "_meta: {type: internalusers, config_version: 2}\n"
ANCHORED = "anchors and aliases are not supported; put text that begins with [&] or [*] in quotes"

_roles = st.sampled_from(["admin", "all_access", "kibanauser", "x", *sorted(RESERVED_ROLE_NAMES)])


@pytest.fixture
def read_users(read):
    """Import users given as YAML of flow style, by name."""

    def read_users(users, **options):
        body = "".join(f"{name}: {fields}\n" for name, fields in users.items())
        return read("opensearch", META + body, **options)

    return read_users


def names_of(imported):
    return [user["name"] for user in imported.document["users"]]


class TestFile:
    def test_users_and_roles(self, read, vector):
        imported = read("opensearch", vector("internal_users.yml"))
        users = imported.document["users"]
        assert [(user["name"], user["roles"]) for user in users] == [
            ("admin", []),
            ("dashboards", ["kibana_user"]),
            ("nobody", []),
        ]
        for user in users:
            assert user["password_hash"].startswith("$2a$")
            assert verify_hash("correct-horse", user["password_hash"])

    def test_losses(self, read, vector, losses_of):
        assert losses_of(read("opensearch", vector("internal_users.yml"))) == [
            "line [8]: [reserved], [description] of user [admin]",
            "! line [11]: role [admin] of user [admin]",
            "line [15]: [hidden], [static], [attributes] of user [dashboards]",
            "line [20]: role [kibanauser]",
            "! line [21]: role [readall] of user [dashboards]",
            "line [23]: role [kibana_user]",
            "! line [24]: role [own_index] of user [dashboards]",
            "line [29]: user [nobody]",
        ]

    def test_the_loss_of_the_admin_says_what_to_do(self, read, vector):
        loss = read("opensearch", vector("internal_users.yml")).losses[1]
        assert loss.reason == (
            "roles_mapping.yml gives a backend role its meaning: pass --roles-mapping FILE; or, "
            "if this one is [superuser], pass --map-role admin=superuser"
        )

    def test_the_admin_becomes_superuser_if_the_map_says_so(self, read, vector, losses_of):
        role_map = {"admin": "superuser"}
        imported = read("opensearch", vector("internal_users.yml"), role_map=role_map)
        assert imported.document["users"][0]["roles"] == ["superuser"]
        assert not [line for line in losses_of(imported) if "[11]" in line]

    def test_a_complete_map_leaves_no_blocking_loss(self, read, vector):
        role_map = {"readall": "viewer", "own_index": None, "admin": "editor"}
        imported = read("opensearch", vector("internal_users.yml"), role_map=role_map)
        assert imported.is_complete
        assert [user["roles"] for user in imported.document["users"]] == [
            ["editor"],
            ["kibana_user", "viewer"],
            [],
        ]


class TestRoles:
    @pytest.mark.parametrize(
        ("kind", "role", "carried"),
        [
            ("opendistro_security_roles", "all_access", ["superuser"]),
            ("opendistro_security_roles", "kibana_user", ["kibana_user"]),
            ("opendistro_security_roles", "viewer", ["viewer"]),
            ("opendistro_security_roles", "admin", []),
            ("opendistro_security_roles", "kibana_server", []),
            ("opendistro_security_roles", "manage_snapshots", []),
            ("opendistro_security_roles", "logstash", []),
            ("backend_roles", "kibanauser", ["kibana_user"]),
            ("backend_roles", "kibana_server", []),
            ("backend_roles", "all_access", []),
            ("opendistro_security_roles", "superuser", []),
            ("backend_roles", "Admin", []),
            ("backend_roles", "cn=admins,ou=groups,dc=example,dc=org", []),
            ("backend_roles", "$2a$04$canary", []),
            ("backend_roles", "", []),
        ],
    )
    def test_without_a_map(self, read_users, bcrypt, kind, role, carried):
        imported = read_users({"bob": f"{{hash: {bcrypt}, {kind}: ['{role}']}}"})
        assert imported.document["users"][0]["roles"] == carried
        (loss,) = imported.losses
        assert "canary" not in str(loss)
        assert loss.is_blocking is (not carried)
        expected = "has no counterpart: name one with --map-role FROM=TO"
        assert (expected in loss.reason) is (not carried)

    @pytest.mark.parametrize(
        ("role", "advice"),
        [
            ("admin", "if this one is [superuser], pass --map-role admin=superuser"),
            ("superuser", "if this one is [superuser], pass --map-role superuser=superuser"),
            ("kibana_user", "if this one is [kibana_user], pass --map-role kibana_user=kib"),
            ("monitoring_user", "pass --map-role monitoring_user=monitoring_user"),
        ],
    )
    def test_no_backend_role_is_its_namesake(self, read_users, bcrypt, role, advice):
        imported = read_users({"bob": f"{{hash: {bcrypt}, backend_roles: [{role}]}}"})
        assert imported.document["users"][0]["roles"] == []
        (loss,) = imported.losses
        assert loss.is_blocking
        assert advice in loss.reason

    @given(st.dictionaries(_roles, st.none() | _roles, max_size=3), st.lists(_roles))
    def test_no_backend_role_makes_a_superuser_unasked(self, role_map, roles):
        choices = RoleMap(role_map)
        for role in roles:
            choice = choices.choose(role, is_backend_role=True)
            assert choice.role != "superuser" or role_map[role] == "superuser"

    @pytest.mark.parametrize(
        ("kind", "role", "why"),
        [
            (
                "backend_roles",
                "kibanauser",
                "it becomes [kibana_user], as in the default roles_mapping.yml",
            ),
            ("opendistro_security_roles", "viewer", "it becomes [viewer], which Elasticsearch def"),
        ],
    )
    def test_a_choice_is_reported_once(self, read_users, bcrypt, kind, role, why):
        fields = f"{{hash: {bcrypt}, {kind}: [{role}]}}"
        (loss,) = read_users({"bob": fields, "al": fields}).losses
        assert loss.reason.startswith(why)
        assert loss.reason.endswith(f"to change that, pass --map-role {role}=ROLE")
        assert not loss.is_blocking

    def test_all_access_is_reported(self, read_users, bcrypt):
        fields = f"{{hash: {bcrypt}, opendistro_security_roles: [all_access]}}"
        (loss,) = read_users({"bob": fields}).losses
        assert loss.reason.startswith("it becomes [superuser], its counterpart;")

    def test_the_map_overrides_known_counterparts(self, read_users, bcrypt):
        roles = "[all_access, viewer, cn=x, gone, viewer]"
        imported = read_users(
            {"bob": f"{{hash: {bcrypt}, opendistro_security_roles: {roles}}}"},
            role_map={"all_access": "ops", "viewer": None, "cn=x": "ops", "gone": "a b"},
        )
        assert imported.document["users"][0]["roles"] == ["ops", "a b"]
        assert imported.losses == ()

    @pytest.mark.parametrize("role", ["", "a,b", "a:b", " a", "ä"])
    def test_the_map_must_lead_to_roles(self, read_users, role):
        with pytest.raises(errors.InvalidRoleNameError):
            read_users({}, role_map={"x": role})


class TestUsers:
    @pytest.mark.parametrize(
        ("fields", "reason"),
        [
            ("", "the user has no hash"),
            ("{}", "the user has no hash"),
            ("{hash: }", "the user has no hash"),
            ("{hash: ''}", "the user has no hash"),
            ("{hash: hunter22}", "a node lets in whoever types the text itself"),
            (
                "{hash: $argon2id$v=19$m=65536$c29t$Kd}",
                "a node lets in whoever types the text itself: it is argon2",
            ),
            ("{hash: '$3$133143986176$wBFrJJI==$vqGl=='}", "PBKDF2 in the form of OpenSearch"),
            ("{hash: '$2$214748364800224$eQgqv2=$tGHW=='}", "PBKDF2 in the form of OpenSearch"),
            ("{hash: $2y$15${tail}}", "unknown hash function [bcrypt15]"),
            ("{hash: '{md5}'}", "a hash that OpenSearch does not know"),
            ("{hash: {h}, service: true}", "the user is a service account, which has no password"),
            ("{hash: {h}, attributes: {service: 'true'}}", "the user is a service account"),
        ],
    )
    def test_that_are_not_converted(self, read_users, hashes, bcrypt, fields, reason):
        fields = fields.replace("{h}", bcrypt).replace("{tail}", bcrypt[7:])
        imported = read_users({"bob": fields.replace("{md5}", hashes["md5"])})
        assert imported.document == {"users": []}
        (loss,) = imported.losses
        assert (loss.where, loss.what, loss.is_blocking) == ("line [2]", "user [bob]", True)
        assert loss.reason.startswith(reason)
        assert "hunter22" not in str(loss)

    @pytest.mark.parametrize("name", ["elastic", "böb", "'a:b'", "'#x'", "'a,b'"])
    def test_that_no_node_would_have(self, read_users, bcrypt, name):
        imported = read_users({name: f"{{hash: {bcrypt}}}"})
        assert imported.document == {"users": []}
        assert [loss.reason[:17] for loss in imported.losses] == ["invalid username:"]

    def test_that_settings_allow(self, read_users, bcrypt):
        fields = f"{{hash: {bcrypt}}}"
        assert names_of(read_users({"elastic": fields}, allow_reserved=True)) == ["elastic"]

    @pytest.mark.parametrize(
        "fields", ["enabled: false", "enabled: 'false'", "attributes: {enabled: 'false'}"]
    )
    def test_that_are_disabled_are_locked(self, read_users, bcrypt, fields):
        imported = read_users({"bob": f"{{hash: {bcrypt}, backend_roles: [x], {fields}}}"})
        (user,) = imported.document["users"]
        assert (user["password_hash"], user["locked"]) == (bcrypt, True)
        notes = [loss.reason for loss in imported.losses if loss.is_note]
        assert "it is disabled there, and locked here" in notes

    def test_that_are_enabled(self, read_users, bcrypt, losses_of):
        fields = f"{{hash: {bcrypt}, enabled: true, service: false, backend_roles: [kibanauser]}}"
        imported = read_users({"bob": fields})
        assert names_of(imported) == ["bob"]
        assert losses_of(imported) == ["line [2]: role [kibanauser]"]

    def test_an_empty_file_has_no_losses(self, read_users, bcrypt):
        empty = "description: '', attributes: {}, reserved: false, backend_roles: [x]"
        imported = read_users({"bob": f"{{hash: {bcrypt}, {empty}}}"}, role_map={"x": "y"})
        assert imported.losses == ()

    def test_keys_that_opensearch_does_not_know(self, read_users, bcrypt, losses_of):
        fields = f"{{hash: {bcrypt}, opensearch_security_roles: [x], readonly: true}}"
        assert losses_of(read_users({"bob": fields})) == [
            "! line [2]: [opensearch_security_roles] of user [bob]",
            "line [2]: [readonly] of user [bob]",
            "line [2]: user [bob]",
        ]

    def test_there_is_no_bar_without_items(self, read_users):
        assert read_users({}).document == {"users": []}


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("", 1, "the file is empty"),
        ("{M}bob:\n  hash: &hunter2 a", 3, ANCHORED),
        ("{M}bob:\n  hash: *hunter2", 3, ANCHORED),
        ("{M}bob: {backend_roles: &hunter2 [a]}\nal: {backend_roles: *hunter2}", 2, ANCHORED),
        ("---\n# x\n", 1, "the file is empty"),
        ("bob: {}", 1, "[_meta] with [type: internalusers] is missing"),
        ("hunter2", 1, "must be a mapping, not a string"),
        ("- a", 1, "must be a mapping, not a list"),
        ("_meta: hunter2", 1, "_meta: must be a mapping"),
        ("_meta: {}", 1, "[_meta.type] is not [internalusers]"),
        ("_meta:\n  type: hunter2", 2, "[_meta.type] is not [internalusers]"),
        (
            "_meta: {type: internalusers, config_version: 1}",
            1,
            "[_meta.config_version] must be [2]",
        ),
        ("{M}---\n{M}", 3, "a second document"),
        ("{M}bob: hunter2", 2, "bob: must be a mapping, not a string"),
        ("{M}bob:\n- hunter2", 3, "bob: must be a mapping, not a list"),
        ("{M}bob:\n  hash: 12345", 3, "bob.hash: must be a string, not a number: put it in"),
        ("{M}bob:\n  hash: [a]", 3, "bob.hash: must be a string, not a list"),
        ("{M}bob:\n  backend_roles: hunter2", 3, "bob.backend_roles: must be a list, not a string"),
        ("{M}bob:\n  backend_roles:\n  - 7", 4, "bob.backend_roles[0]: must be a string"),
        ("{M}bob:\n  attributes: hunter2", 3, "bob.attributes: must be a mapping"),
        ("{M}bob:\n  hash: !hunter2 x", 3, "this tag is not supported; put text that contains [!]"),
        ("{M}12: {}", 2, "a key must be a string, not a number: put it in quotes"),
        ("{M}bob: {}\nbob: {}", 3, "duplicate key, already in line [2]"),
    ],
)
def test_other_files_are_refused(read, text, line, reason):
    with pytest.raises(errors.FileFormatError) as caught:
        read("opensearch", text.replace("{M}", META))
    assert (caught.value.path, caught.value.line_number) == ("the.file", line)
    assert caught.value.reason.startswith(reason)
    assert "hunter2" not in str(caught.value)
