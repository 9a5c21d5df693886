"""Nouns: one table each, and the verbs that are true of it alone."""
