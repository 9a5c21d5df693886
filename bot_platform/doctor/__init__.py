"""Is everything set up right, and if not, what to do."""
