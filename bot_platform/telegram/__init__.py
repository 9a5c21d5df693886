"""The Telegram bot: updates become calls, and results become messages."""
