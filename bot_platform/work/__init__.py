"""Paid work: the kinds that users order, and the engine that runs them."""
