"""Files of role mappings: EFR438."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from ..contexts import NamedFile, named_files
from ..parts import Unreadable
from ..registry import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...findings import Finding
    from ..node import Node

_DEFAULT: Final = "role_mapping.yml"
_JSON: Final = ".json"


@rule("EFR438", "unusable role mapping", severity="error", source="RoleMappingFileBootstrapCheck")
def unusable_mapping(node: Node) -> Iterator[Finding | Unreadable]:
    """
    If a realm names a file of role mappings, a node starts only if all of it can be used. With
    the file of the default name it starts, and people lack the roles.

    Advice: Correct the line.
    """
    for path, is_named in _mappings(node).items():
        if not _is_inside(path, node.config_dir):
            yield Unreadable(
                "it is outside of the configuration directory, so it is not read", path
            )
            continue
        data = node.content(path)
        if data is None:
            continue
        from ...role_mapping.file import parse_role_mapping

        for issue in parse_role_mapping(data, is_json=path.endswith(_JSON)).issues:
            stops = is_named and issue.kind != "lost-role"
            yield unusable_mapping.finding(
                issue.reason,
                path=path,
                line=issue.line_number,
                severity=None if stops else "warning",
            )


def _is_inside(path: str, folder: str) -> bool:
    return path.startswith(folder.rstrip(os.sep) + os.sep)


def _mappings(node: Node) -> dict[str, bool]:
    """Map the path of each file of role mappings to whether a realm names it."""
    found = {node.path(_DEFAULT): False}
    for file in named_files(node):
        if isinstance(file, NamedFile) and file.use == "role mapping" and file.is_used:
            found[file.path] = True
    return found
