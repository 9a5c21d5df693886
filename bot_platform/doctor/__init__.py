"""Checks an installation and names the fix for each problem."""
