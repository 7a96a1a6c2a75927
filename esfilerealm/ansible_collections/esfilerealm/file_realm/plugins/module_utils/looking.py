"""Look at realms without writing: facts of one node, and the comparison of several."""

from __future__ import annotations

import json
import platform
import socket
from importlib.metadata import PackageNotFoundError, version

try:
    from esfilerealm import RealmSettings, UsersTool, __version__
    from esfilerealm.cli.reports.matrix import matrix_of
    from esfilerealm.cli.reports.table import lines_of, title_of
    from esfilerealm.drift import Fingerprint, compare
    from esfilerealm.errors import InvalidFingerprintError
    from esfilerealm.provisioning import read_key
    from esfilerealm.provisioning.sources import fingerprint_of
except ImportError:
    pass  # `task` says that the package is missing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from esfilerealm.drift import Drift

    from .task import FileRealmModule

_COLUMNS = 100
_FEWEST = 2
_LIBRARIES = ("bcrypt", "passlib", "libpass")


def facts(module: FileRealmModule) -> dict[str, Any]:
    """Return the facts of a node."""
    params = module.params
    config_dir = params["config_dir"]
    settings = RealmSettings.load(config_dir, check_realm=False)
    tool = UsersTool(config_dir, settings=settings)
    node = params["node"] or socket.gethostname()
    made = fingerprint_of(tool, key=_key(params), node=node)
    found = {"config_dir": config_dir, "fingerprint": made.to_dict(), "versions": _versions()}
    if params["findings"]:
        found["findings"] = [finding.to_dict() for finding in tool.check()]
    return {"changed": False, "ansible_facts": {"esfilerealm": found}}


def _key(params: dict[str, Any]) -> bytes | None:
    if params["key_file"] is not None:
        return read_key(params["key_file"])
    if params["key"] is None:
        return None
    text = params["key"].removesuffix("\n").removesuffix("\r")  # as in a file
    return text.encode("utf-8", "surrogatepass")


def _versions() -> dict[str, str]:
    found = {"esfilerealm": __version__, "python": platform.python_version()}
    for library in _LIBRARIES:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            continue
    return found


def comparison(module: FileRealmModule) -> dict[str, Any]:
    """Return how several nodes differ; it is a failure if they do."""
    drift = compare(
        _fingerprints(module.params["fingerprints"]),
        ignore_hashes=module.params["ignore_hashes"],
    )
    said = drift.to_dict()
    del said["unreadable"]  # such a node has no fingerprint
    if drift.unsaid:
        what = "the roles" if drift.ignores_hashes else "the roles or the password"
        nodes = ", ".join(f"[{node}]" for node in drift.unsaid)
        module.warn(f"{nodes}: {what} of some users are not said: this was not compared")
    return {"changed": False, "failed": not drift.equal, "msg": "\n".join(_lines(drift)), **said}


def _fingerprints(given: list[dict[str, Any]]) -> Iterator[Fingerprint]:
    if len(given) < _FEWEST:
        rule = f"has [{len(given)}]: give those of at least two nodes"
        raise InvalidFingerprintError("fingerprints", rule)
    for number, each in enumerate(given):
        yield Fingerprint.from_json(json.dumps(each), source=f"fingerprints[{number}]")


def _lines(drift: Drift) -> Iterator[str]:
    yield title_of(drift)
    if drift.users:
        yield ""
        for cells in lines_of(matrix_of(drift), _COLUMNS):
            yield "".join(text for text, _ in cells).rstrip()
