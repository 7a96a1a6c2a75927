"""
Helpers that know no realm.

Modules that ``esfilerealm list`` loads set ``TYPE_CHECKING = False  # see `_ground` ``: importing
``typing`` would take a third of the command's start-up time. For the same reason, they do not use
``dataclasses`` and ``contextlib``. All other modules import ``TYPE_CHECKING`` from ``typing``.
"""
