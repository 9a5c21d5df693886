"""Transactions that change more than one table; only these modules open transactions."""
