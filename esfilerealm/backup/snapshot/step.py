"""A step of a plan: what is sent or done, which privilege it needs, and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias
from urllib.parse import urlencode

from ..._ground.showing import in_one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    Method = Literal["GET", "PUT", "POST", "DELETE"]

__all__ = ["Action", "NodeCommand", "NodeLines", "Request", "Step"]


@dataclass(frozen=True, slots=True)
class Request:
    """
    A request to the cluster.

    Attributes:
        method: Its method.
        path: Its path.
        body: Its body, without a password; None for none.
        query: Its parameters.
        secret: The key of the body that gets a password when the request is sent, or nothing.
    """

    method: Method
    path: str
    body: Mapping[str, object] | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    secret: str = ""

    @property
    def target(self) -> str:
        """The path with its parameters."""
        return f"{self.path}?{urlencode(self.query, safe='*')}" if self.query else self.path

    @in_one_line
    def __str__(self) -> str:
        return f"{self.method} {self.target}"


@dataclass(frozen=True, slots=True)
class NodeCommand:
    """A command to type on the node that gets the requests, as its words."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NodeLines:
    """Lines to add to a file in the configuration directory of the node that gets the requests."""

    file: str
    lines: tuple[str, ...]


Action: TypeAlias = Request | NodeCommand | NodeLines | None


@dataclass(frozen=True, slots=True)
class Step:
    """
    One step.

    Attributes:
        name: A word or two, by which programs know it.
        title: What it does.
        why: Why it is needed, and what to heed.
        action: What is sent or done; None if a person has to do what *title* says.
        privilege: The privilege that it needs, or nothing.
    """

    name: str
    title: str
    why: str
    action: Action = None
    privilege: str = ""
