"""Stripe: the only package that knows Stripe's field names."""
