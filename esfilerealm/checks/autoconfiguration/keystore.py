"""The check of the keystore's entries, for which it is decrypted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import KeystoreCorruptedError, KeystorePasswordError, MissingExtraError
from .block import GENERATED_SECURE_SETTINGS
from .result import Hit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...keystore import SealedKeystore
    from .first_start import FirstStart

__all__ = ["hits_of_entries"]


def hits_of_entries(start: FirstStart, sealed: SealedKeystore) -> Iterator[Hit]:
    """
    Yield ``AUT-13``: entries that would be added are there, or the keystore cannot be opened.

    Of a password that is not asked for, an empty one takes the place.
    """
    password = start.keystore_password if sealed.has_password else ""
    try:
        keystore = sealed.open(password)
    except KeystorePasswordError:
        message = "the start fails: the password of the keystore is wrong, or its content altered"
        yield _unusable(start, message, "give the right password")
    except KeystoreCorruptedError as error:
        message = f"the start fails: {error.reason}"
        yield _unusable(start, message, "restore it, or create a new one")
    except MissingExtraError:
        yield _unexamined(start)
    else:
        for name in GENERATED_SECURE_SETTINGS:
            if name in keystore:
                yield _present(start, name)


def _present(start: FirstStart, name: str) -> Hit:
    return Hit(
        rule="AUT-13",
        stage="command",
        exit="CONFIG",
        shown=True,
        message=f"the keystore already has [{name}]; without the settings that belong to it, the "
        "node itself does not start either",
        advice=f"remove it with `esfilerealm keystore remove {name}`",
        key=name,
        path=start.keystore_file,
        decides=not start.enrollment,
    )


def _unusable(start: FirstStart, message: str, advice: str) -> Hit:
    return Hit(
        rule="keystore",
        stage="command",
        exit="exception",
        shown=True,
        message=message,
        advice=advice,
        path=start.keystore_file,
        decides=not start.enrollment,
    )


def _unexamined(start: FirstStart) -> Hit:
    return Hit(
        rule="AUT-13",
        stage="command",
        exit="CONFIG",
        shown=True,
        message="the entries of the keystore were not examined, since an extra is missing",
        advice="install the extra [keystore]",
        path=start.keystore_file,
        decides=False,
    )
