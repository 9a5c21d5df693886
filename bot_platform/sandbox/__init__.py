"""Fakes of Telegram, Stripe and a model, for the demo and the tests."""
