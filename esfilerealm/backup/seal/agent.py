"""Signing by ``ssh-agent``, which keeps the key to itself."""

from __future__ import annotations

import os
import socket
from typing import Final

from .sshsig import read_string, string

__all__ = ["sign_by_agent"]

_SIGN_REQUEST: Final = 13
_SIGN_RESPONSE: Final = 14
_NO_FLAGS: Final = bytes(4)
_LARGEST_ANSWER: Final = 2**16
#: A person may have to confirm, or to touch a token.
_PATIENCE: Final = 60.0


def sign_by_agent(public_key: bytes, data: bytes) -> bytes:
    """
    Return the signature of *data* as a blob.

    Args:
        public_key: The blob of the key.

        data: What to sign.

    Raises:
        OSError: If there is no agent, or it does not answer.
        ValueError: If it refuses.

    Source:
        ``draft-miller-ssh-agent``.
    """
    path = os.environ.get("SSH_AUTH_SOCK")
    if not path:
        raise FileNotFoundError("SSH_AUTH_SOCK is not set")
    body = bytes([_SIGN_REQUEST]) + string(public_key) + string(data) + _NO_FLAGS
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as agent:
        agent.settimeout(_PATIENCE)
        agent.connect(path)
        agent.sendall(string(body))
        length = int.from_bytes(_receive(agent, 4), "big")
        if length > _LARGEST_ANSWER:
            raise ValueError("its answer is too long")
        answer = _receive(agent, length)
    if answer[:1] != bytes([_SIGN_RESPONSE]):
        raise ValueError("it does not have the key, or was not allowed to use it")
    return read_string(answer[1:])[0]


def _receive(agent: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = agent.recv(size - len(data))
        if not piece:
            raise ConnectionAbortedError("the agent hung up")
        data += piece
    return data
