"""
Helpers that know no realm.

Modules that ``esfilerealm list`` loads say ``TYPE_CHECKING = False  # see `_ground` ``: importing
``typing`` would cost the command a third of its start-up. They also do without ``dataclasses`` and
``contextlib``. All other modules import ``TYPE_CHECKING`` from ``typing`` as usual.
"""
