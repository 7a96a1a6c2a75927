"""Run one task: turn the options of a module into a plan, and the plan into a result."""

from __future__ import annotations

import os
import traceback
import warnings

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

try:
    from esfilerealm import UsersTool
    from esfilerealm.errors import (
        FileRealmError,
        InvalidAttributeError,
        InvalidDesiredStateError,
        PasswordTruncatedWarning,
        UnsafePlanError,
    )
    from esfilerealm.provisioning import (
        CreateFile,
        CreateKeystore,
        DesiredState,
        apply,
        plan,
        rehearse,
        take_users,
    )
    from esfilerealm.settings.realm_settings import load_for_writing
except ImportError:
    IMPORT_ERROR = traceback.format_exc()
else:
    IMPORT_ERROR = None

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, NoReturn

    from esfilerealm.provisioning import Plan

#: Options of a user that exclude one another.
EXCLUSIVE = [
    ["password", "password_file", "password_hash"],
    ["roles", "roles_add"],
    ["roles", "roles_remove"],
]

_WRITE_OPTIONS = ("strategy", "keep", "lock_timeout", "attributes", "allow_local_lock")
_ATTRIBUTES = ("owner", "group", "mode")
_PERMISSIONS = 0o777


class FileRealmModule(AnsibleModule):
    """
    A module that never repeats its options where Ansible could not hide the secrets in them.

    Ansible would show a password under a mistyped key. In the log, it would show a password of a
    list that is quoted.
    """

    def _log_invocation(self) -> None:
        """Keep the options out of the system's log."""

    def fail_json(self, msg: str, **kwargs: object) -> NoReturn:
        """Fail, and keep the options out of the result."""
        super().fail_json(msg, **{"invocation": {"module_args": {}}, **kwargs})


def user_options() -> dict[str, Any]:
    """Return the options that describe one user."""
    return {
        "name": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "password": {"type": "str", "no_log": True},
        "password_file": {"type": "path", "no_log": False},
        "password_hash": {"type": "str", "no_log": True},
        "update_password": {
            "type": "str",
            "choices": ["always", "on_create"],
            "default": "always",
            "no_log": False,
        },
        "roles": {"type": "list", "elements": "str"},
        "roles_add": {"type": "list", "elements": "str"},
        "roles_remove": {"type": "list", "elements": "str"},
        "expires": {"type": "str"},
        "locked": {"type": "bool"},
    }


#: The options for the value of a setting; a setting may have one of them.
EXCLUSIVE_VALUES = [("value", "value_file", "file")]


def setting_options() -> dict[str, Any]:
    """Return the options that describe one setting of the keystore."""
    return {
        "name": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "value": {"type": "str", "no_log": True},
        "value_file": {"type": "path", "no_log": False},
        "file": {"type": "path"},
    }


def file_options() -> dict[str, Any]:
    """Return the options for finding and writing the files."""
    return {
        "config_dir": {"type": "path", "default": "/etc/elasticsearch"},
        "create": {"type": "bool", "default": False},
        "owner": {"type": "str"},
        "group": {"type": "str"},
        "mode": {"type": "raw"},
        "force": {"type": "bool", "default": False},
        "strategy": {
            "type": "str",
            "choices": ["rename", "auto", "in_place"],
            "default": "rename",
        },
        "keep": {"type": "int"},
        "lock_timeout": {"type": "float", "default": 10.0},
        "attributes": {"type": "str", "choices": ["refuse", "warn"], "default": "refuse"},
        "allow_local_lock": {"type": "bool", "default": False},
        "known_roles": {"type": "list", "elements": "str", "default": []},
    }


def given(params: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return the options among *names* that have a value."""
    return {name: params[name] for name in names if params[name] is not None}


def user_of(params: dict[str, Any]) -> dict[str, Any]:
    """Return the description of a user that the library reads."""
    return given(params, user_options())


def setting_of(params: dict[str, Any]) -> dict[str, Any]:
    """Return the description of a setting that the library reads."""
    return given(params, setting_options())


def finish(module: FileRealmModule, work: Callable[[FileRealmModule], dict[str, Any]]) -> NoReturn:
    """Do the work of a module, and end it with the result; errors on purpose are its failure."""
    if IMPORT_ERROR:
        module.fail_json(msg=missing_required_lib("esfilerealm"), exception=IMPORT_ERROR)
    try:
        said = work(module)
    except FileRealmError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**said)


def run(
    module: FileRealmModule, document: dict[str, Any], other: dict[str, Any] | None = None
) -> NoReturn:
    """
    Change the files to the state that *document* describes; in check mode, only predict it.

    Args:
        module: The module, with its options.

        document: A desired state as the library reads it, without ``file_options``.

        other: Where more users come from, arguments of ``take_users``.
    """
    finish(module, lambda module: _changed(module, document, other))


def _changed(
    module: FileRealmModule, document: dict[str, Any], other: dict[str, Any] | None
) -> dict[str, Any]:
    warnings.simplefilter("ignore", PasswordTruncatedWarning)  # the plan reports it, with the name
    return _Task(module, document, other).said()


class _Task:
    """One task on a realm."""

    def __init__(
        self, module: FileRealmModule, document: dict[str, Any], other: dict[str, Any] | None
    ) -> None:
        params = module.params
        attributes = given(params, _ATTRIBUTES)
        if "mode" in attributes:
            attributes["mode"] = _octal(attributes["mode"])
        self._module = module
        extra = {"attributes": attributes, "known_roles": params["known_roles"]}
        self._desired = DesiredState.from_dict({**document, **extra}, source="task")
        self._config_dir = params["config_dir"]
        if other is not None:
            self._desired = DesiredState.merged([self._taken(other), self._desired])
        self._how = {name: params[name] for name in _WRITE_OPTIONS}
        # Even if it is not needed: it checks these options, in check mode too.
        self._tool = self._make_tool(dry_run=module.check_mode)

    def _make_tool(self, *, dry_run: bool) -> UsersTool:
        requested = self._desired.attributes
        try:
            return UsersTool(
                self._config_dir,
                settings=load_for_writing(self._config_dir),
                dry_run=dry_run,
                owner=requested.owner,
                group=requested.group,
                mode=requested.mode,
                **self._how,
            )
        except FileRealmError:
            raise
        except ValueError as error:  # it names an option such as `keep`
            self._module.fail_json(msg=str(error))

    def _taken(self, other: dict[str, Any]) -> DesiredState:
        """Return the users of another node, all of them."""
        taken, losses = take_users(**other, target=self._config_dir)
        if lost := tuple(f"[{other['source']}], {loss}" for loss in losses if loss.is_blocking):
            raise InvalidDesiredStateError(lost)
        for loss in losses:
            if not loss.is_note:
                self._module.warn(str(loss))
        return taken

    def said(self) -> dict[str, Any]:
        """Run the task, and return the result of the module."""
        done = self._plan()
        foreseen = None
        try:
            if self._module.check_mode:
                foreseen = rehearse(done, **self._how)
            elif done.changed:
                done = apply(done, replan=True, **self._how)
        except UnsafePlanError as error:
            self._module.fail_json(msg=str(error), **self._shown(done), changed=False)
        written = done.result or foreseen
        of_write = written.warnings if written is not None else ()
        for warning in (*self._tool.settings.warnings, *of_write, *done.warnings):
            self._module.warn(warning)
        return {**_result(done), **self._shown(done)}

    def _shown(self, done: Plan) -> dict[str, Any]:
        """Return what is shown of a plan, even of one that is refused."""
        said = {"changes": _changes(done)}
        if self._module._diff:  # noqa: SLF001 - Ansible has no other name for it
            said["diff"] = _diff(done)
        return said

    def _plan(self) -> Plan:
        return plan(
            self._config_dir,
            self._desired,
            settings=self._tool.settings,
            force=self._module.params["force"],
            attributes=self._module.params["attributes"],
            create=self._module.params["create"],
        )


def _octal(mode: object) -> object:
    """Return a mode as an octal string if YAML has made it a number."""
    if not isinstance(mode, int) or isinstance(mode, bool) or mode < 0:
        return mode  # the library reports what is wrong with it, if anything
    octal = f"{mode:04o}"
    if mode > _PERMISSIONS:
        rule = f"that number is [{octal}] in octal: write an octal mode in quotes"
        raise InvalidAttributeError("mode", mode, rule)
    return octal


def _changes(done: Plan) -> list[dict[str, Any]]:
    """Return what changes, or has changed, besides the files that are created."""
    created = CreateFile | CreateKeystore
    return [change.to_dict() for change in done.changes if not isinstance(change, created)]


def _result(done: Plan) -> dict[str, Any]:
    names = {change.username for change in done.changes if hasattr(change, "username")}
    result = {
        "changed": done.changed,
        "users": sorted(names),
        "created": [
            change.path
            for change in done.changes
            if isinstance(change, CreateFile | CreateKeystore)
        ],
    }
    settings = sorted(change.setting for change in done.changes if hasattr(change, "setting"))
    if settings:
        result["secure_settings"] = settings
    if done.result is not None:
        files = done.result.to_dict()["files"]
        kept = (f"{file['path']}.1~" for file in files)
        result["files"] = files
        result["managed"] = done.result.to_dict()["managed"]
        result["backups"] = [path for path in kept if os.path.exists(path)]
    return result


def _diff(done: Plan) -> dict[str, str]:
    """Return names and roles before and after, for ``--diff``."""
    return {
        "before_header": "file realm",
        "after_header": "file realm",
        "before": done.before(),
        "after": done.after(),
    }
