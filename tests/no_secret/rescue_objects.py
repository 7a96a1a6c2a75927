"""Of the classes for an emergency, how to make objects with a secret at hand."""

from __future__ import annotations

from unittest import mock

from no_secret.planted import WRONG

from esfilerealm import UsersTool
from esfilerealm.admin import rescue as module
from esfilerealm.admin import rescue_obstacles

__all__ = ["RESCUE_OBJECTS", "switched_off"]


def switched_off(folder):
    """A node that would let nobody in."""
    (folder / "elasticsearch.yml").write_text("xpack.security.enabled: false\n")
    return folder


def rescued(folder):
    """A rescue whose password is one of those that the search knows."""
    rescue = UsersTool(folder).rescue(roles=["viewer"], check=False)
    with mock.patch.object(module, "_random", return_value=WRONG), rescue as user:
        assert user.password == WRONG
        return rescue, user


RESCUE_OBJECTS = {
    "Obstacle": lambda _, folder: [
        fact for one in rescue_obstacles(switched_off(folder)) for fact in (one, one.to_dict())
    ],
    "Rescue": lambda _, folder: [(one := rescued(folder)[0]), one.result],
    "RescueUser": lambda _, folder: [rescued(folder)[1]],
}
