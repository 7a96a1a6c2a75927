"""Hashes for tests that need just any."""

#: bcrypt at cost 4 of "test-password".
CHEAP_HASH = "$2a$04$5zQUs3WRRuT4StzLvfz9G.oBoDBujx/.HU3io31Rx86XVexwBEufu"
