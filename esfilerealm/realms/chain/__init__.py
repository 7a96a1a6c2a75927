"""
The chain of realms: who a request is, as a node finds out.

``chain`` is the face. ``walk`` is one login through the realms, and ``asking`` the call of one of
them. ``steps`` has the answers, and ``success_cache`` remembers which realm knew a name.
"""

from __future__ import annotations

from .chain import RealmChain
from .steps import ChainResult, Question, ResultKind, Step, StepStatus

__all__ = ["ChainResult", "Question", "RealmChain", "ResultKind", "Step", "StepStatus"]
