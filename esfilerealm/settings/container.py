"""Settings that the environment of Elasticsearch's container image carries."""

from __future__ import annotations

__all__ = ["container_overrides", "container_variables"]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from collections.abc import Mapping


def container_overrides(environ: Mapping[str, str]) -> dict[str, str]:
    """
    Give the settings in the environment of a container, from key to text.

    In Elasticsearch's image, and only there, a variable whose name looks like a key (lower case,
    dotted) is that setting; of ``ES_SETTING_A_B__C`` the prefix goes, ``_`` becomes ``.`` and
    ``__`` becomes ``_``. They win even over ``-E``.

    Source:
        ``EnvironmentAwareCommand``. The image sets ``ELASTIC_CONTAINER``, its scripts set
        ``ES_DISTRIBUTION_TYPE``.
    """
    return {key: environ[name] for key, name in container_variables(environ).items()}


def container_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Give the names of these variables, from key to name."""
    in_container = (
        environ.get("ELASTIC_CONTAINER") == "true"
        or environ.get("ES_DISTRIBUTION_TYPE") == "docker"
    )
    if not in_container:
        return {}
    import re

    variables = {}
    for name in environ:
        if re.fullmatch(r"[-a-z0-9_]+(\.[-a-z0-9_]+)+", name):
            variables[name] = name
        elif name.startswith("ES_SETTING_"):
            dotted = name.removeprefix("ES_SETTING_").replace("_", ".").replace("..", "_")
            variables[dotted.lower()] = name
    return variables
