"""The search: whether any good part of a secret is in a text, an object or an error."""

from __future__ import annotations

import base64
import copy
import dataclasses
import json
import pickle
import re
import traceback

from no_secret.planted import CLEAR, HASHES, SECRETS, STRAY

#: So much of a secret is as bad as all of it.
WINDOW = 8


def telling(secret):
    """Yield every string that reveals a good part of *secret*, also in base64."""
    data = secret.encode()
    yield from (data[at : at + WINDOW] for at in range(max(1, len(data) - WINDOW + 1)))
    if len(data) > WINDOW:
        yield base64.b64encode(data)[:-4]


def is_secret(text):
    """Leave out what only names the algorithm, which an error may do."""
    return (text not in HASHES.values() and text != STRAY) or text == CLEAR


SEARCH = re.compile(
    b"|".join(
        sorted({re.escape(piece) for part in SECRETS if is_secret(part) for piece in telling(part)})
    )
)


def assert_clean(where, text):
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    found = SEARCH.search(data)
    assert found is None, f"{found[0]!r} is in {where}"


def refused(work):
    """Do it, or return None if that is refused."""
    try:
        return work()
    except (TypeError, AttributeError, pickle.PicklingError):
        return None


def forms(thing):
    """Yield what a program may print, log or send of *thing* without asking for a secret."""
    yield "repr", repr(thing)
    yield "str", str(thing)
    yield "format", f"{thing}"
    yield "json", json.dumps({"it": thing}, default=str)
    yield "in a list", repr([thing, {1: thing}])
    for duplicate in (copy.copy, copy.deepcopy):
        yield duplicate.__name__, repr(refused(lambda make=duplicate: make(thing)))
    if dataclasses.is_dataclass(thing):
        yield "asdict", repr(refused(lambda: dataclasses.asdict(thing)))
        for field in dataclasses.fields(thing):
            yield field.name, repr(getattr(thing, field.name))


def pickles(thing):
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        data = refused(lambda number=protocol: pickle.dumps(thing, number))
        if data is not None:
            yield f"pickle {protocol}", data


def assert_shows_nothing(thing, *, is_sent=True):
    for how, text in forms(thing):
        assert_clean(f"{how} of {type(thing).__name__}", text)
    if is_sent:
        for how, data in pickles(thing):
            assert_clean(f"{how} of {type(thing).__name__}", data)


def family(error):
    """Return an error with all errors that caused it, or in whose handling it was raised."""
    found = []
    waiting = [error]
    while waiting:
        member = waiting.pop()
        if member is not None and member not in found:
            found.append(member)
            waiting += [member.__cause__, member.__context__]
    return found


def assert_tells_nothing(error):
    for member in family(error):
        assert_shows_nothing(member)
        assert_clean("args", repr(member.args))
        assert_clean("attributes", repr(vars(member)))
        assert_clean("what could not be decoded", repr(getattr(member, "object", None)))
        assert_clean("notes", repr(getattr(member, "__notes__", None)))
    assert_clean("traceback", "".join(traceback.format_exception(error)))
