"""Benchmarks of esfilerealm: ``python -m benchmarks`` runs all of them and prints one table."""
