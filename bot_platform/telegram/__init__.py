"""Telegram's words translated into ours, and back."""
