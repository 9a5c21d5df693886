"""Builds one process, runs it, and stops it."""
