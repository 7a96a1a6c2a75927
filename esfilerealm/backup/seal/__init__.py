"""The two seals of a backup: SSH signatures say who made it, and age keeps it from others."""
