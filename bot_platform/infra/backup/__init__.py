"""Backs up a database beside a running service, and restores one in a single transaction."""
