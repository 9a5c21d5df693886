"""Sell credits inside a Telegram bot: press, pay, credited once."""
