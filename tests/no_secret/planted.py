"""The secrets: passwords and hashes that a realm of these tests is made of."""

from __future__ import annotations

from esfilerealm import (
    UsernamePasswordToken,
)
from esfilerealm.hashing import resolve

#: Of each user the password; nothing else here looks like one of them.
PASSWORDS = {
    "bcrypt": "pw-Aardvark-1",
    "pbkdf2": "pw-Badger-2",
    "ssha": "pw-Cormorant-3",
    "md5": "pw-Dormouse-4",
    "new": "pw-Earwig-5",
}


CLEAR = "pw-Ferret-6"  # in the place of a hash


SHORT = "pw-7g"  # too short to be set


WRONG = "pw-Heron-8"


HALF = "pw-Ibis-9\udcff"  # which UTF-8 cannot hold


LONG = "pw-Jackal-10" * 400


SETTING = "pw-Kestrel-11"  # of another realm


VALUE = "pw-Lemur-12"  # in a keystore


KEYSTORE = "pw-Marmot-13"  # of the keystore itself


HASHES = {
    "bcrypt": resolve("bcrypt4").hash(PASSWORDS["bcrypt"]),
    "pbkdf2": resolve("pbkdf2_1000").hash(PASSWORDS["pbkdf2"]),
    "ssha": resolve("ssha256").hash(PASSWORDS["ssha"]),
    "md5": resolve("md5").hash(PASSWORDS["md5"]),
    "clear": CLEAR,
    "apache": "$apr1$R3DdqiAZ$aljIkaIVPSarmDMlJUBBP.",
    "costly": "$2a$15$WmVicmEuV29tYmF0LlhlcnhlcuPelicanQuokkaRaccoonStoatTapir",
    "odd": "{PBKDF2}1234$VW5pY29yblZvbGU=$V29tYmF0WGVydXNZYWs=",
    "malformed": "$2a$10$Viper.Walrus",
}


#: The line that is no entry, and what stands in it.
STRAY = "$2a$04$Yak.Zebu.Adder.Bison"


HEADER = UsernamePasswordToken("bcrypt", PASSWORDS["bcrypt"]).to_basic_header()


def secret_parts():
    """Yield every string of which no part may be found anywhere."""
    yield from PASSWORDS.values()
    yield from (CLEAR, SHORT, WRONG, HALF[:-1], LONG[:24], SETTING, VALUE, KEYSTORE)
    yield HEADER.removeprefix("Basic ")
    for text in (*HASHES.values(), STRAY):
        yield text
        salt_and_digest = text.rpartition("}")[2] if "{" in text else text[7:]
        yield salt_and_digest
        yield from (part for part in salt_and_digest.split("$") if len(part) > 6)
    yield HASHES["bcrypt"][7:29]
    yield HASHES["bcrypt"][29:]
    yield HASHES["apache"][6:14]


SECRETS = sorted({part for part in secret_parts() if len(part) >= 5})
