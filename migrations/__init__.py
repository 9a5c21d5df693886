"""The schema's history, applied by aerich; each file serves SQLite and PostgreSQL."""
