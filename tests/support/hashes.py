"""Hashes for tests to which any hash will do."""

PASSWORD = "test-password"

#: bcrypt at cost 4 of ``PASSWORD``.
CHEAP_HASH = "$2a$04$5zQUs3WRRuT4StzLvfz9G.oBoDBujx/.HU3io31Rx86XVexwBEufu"

#: bcrypt at cost 5 of "test123".
HASH_OF_TEST123 = "$2a$05$zxnP0vdREMxnEpkLCDI2OuSaSk/QEKA2.A42iOpI6U2u.RLLOWm1e"

#: Salted with nothing, as no node makes one; of "password".
SHA_HASH = "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g="
