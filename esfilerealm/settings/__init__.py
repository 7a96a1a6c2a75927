"""
``elasticsearch.yml`` and its overrides, as far as they concern the file realm.

``RealmSettings`` is what a program needs. Below it, every concept has a module of its own: a file
becomes flat keys (``yaml_file``), layers become one set of settings (``sources``), text becomes
values (``values``, ``placeholders``, ``time_value``), keys become a chain of realms (``realms``,
``file_realm``), and all of it a report for people (``report``).

Values are text, as in Elasticsearch: ``yes`` is no boolean, and ``007`` is a number.
"""

from __future__ import annotations

from .container import container_overrides
from .realm_settings import RealmSettings

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from .realm_settings import NameRules as NameRules

__all__ = ["RealmSettings", "container_overrides"]
