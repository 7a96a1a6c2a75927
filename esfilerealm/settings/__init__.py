"""
``elasticsearch.yml`` and its overrides, as far as they concern the file realm.

``RealmSettings`` is what a program needs. It is read in steps: a file becomes flat keys
(``yaml_file``), layers become one set of settings (``sources``), text becomes values (``reader``,
``placeholders``, ``time_value``) by a table of all settings (``keys``), and the realms of a node
are put in order (``realm_order``). ``start`` has all keys of a node of 8 or later, which replaces
variables in the text of the file first (``substitution``). ``report`` shows all of it to people.
``location`` finds the configuration directory.

Values are text, as in Elasticsearch: ``yes`` is not a boolean, and ``007`` is a number.
"""

from __future__ import annotations

from .location import ConfigLocation, find_config_dir
from .realm_settings import RealmSettings
from .sources import container_overrides

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from .realm_settings import NameRules as NameRules

__all__ = ["ConfigLocation", "RealmSettings", "container_overrides", "find_config_dir"]
