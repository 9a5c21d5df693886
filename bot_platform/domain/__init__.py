"""Nouns: one table each, and the operations that concern it alone."""
