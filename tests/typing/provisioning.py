"""Type-checked and never run: desired states and other tools' files, as a caller uses them."""

from __future__ import annotations

from typing import assert_type

from esfilerealm.exchange import (
    EXPORT_FORMATS,
    IMPORT_FORMATS,
    Exported,
    ExportFormat,
    Imported,
    ImportFormat,
    Loss,
    basic_auth_secret,
    export_realm,
    import_users,
)
from esfilerealm.provisioning import (
    AddRoles,
    AddUser,
    Change,
    DesiredState,
    DesiredUser,
    Plan,
    Purge,
    Secret,
    State,
    UpdatePassword,
    apply,
    ensure_absent,
    ensure_user,
    plan,
    rehearse,
)
from esfilerealm.results import WriteResult

state: State = "absent"
update: UpdatePassword = "on_create"
purge: Purge = "managed"
user = DesiredUser(name="bob", state=state, password=Secret("secret"), update_password=update)
assert_type(user.password, Secret | None)
desired = DesiredState(users=(user,), purge=purge, protect=("ops-*",))
assert_type(DesiredState.load("users.yml"), DesiredState)
assert_type(DesiredState.parse(b"", source="users.yml", format="yaml"), DesiredState)
assert_type(DesiredState.from_dict({"users": []}), DesiredState)
assert_type(DesiredState.merged([desired], strict=True), DesiredState)

planned = plan("config", desired, force=True, attributes="warn", jobs=2)
assert_type(planned, Plan)
assert_type(planned.changed, bool)
assert_type(planned.changes, tuple[Change, ...])
for change in planned.changes:
    if isinstance(change, AddUser | AddRoles):
        assert_type((change.username, change.roles), tuple[str, tuple[str, ...]])
assert_type(planned.diff(), str)
rehearse(planned, strategy="in_place")
applied = apply(planned, replan=True, keep=2, lock_timeout=2.5)
assert_type(applied, Plan)
assert_type(applied.result, WriteResult | None)
assert_type(ensure_user("config", "bob", password="secret", roles=["admin"], keep=1), Plan)
assert_type(ensure_absent("config", "bob", strategy="auto"), Plan)

assert_type(IMPORT_FORMATS, tuple[ImportFormat, ...])
assert_type(EXPORT_FORMATS, tuple[ExportFormat, ...])
imported = import_users("htpasswd", b"", source="passwords", role_map={"all_access": None})
assert_type(imported, Imported)
assert_type(imported.document, dict[str, list[dict[str, object]]])
exported = export_realm("k8s-secret", b"", b"", secret_name="users", namespace="elastic")
assert_type(exported, Exported)
assert_type(exported.data, bytes)
for loss in (*imported.losses, *exported.losses):
    assert_type(loss, Loss)
    assert_type((loss.where, loss.what, loss.reason), tuple[str, str, str])
assert_type(basic_auth_secret("bob", "secret", ["admin"], secret_name="bob"), bytes)
