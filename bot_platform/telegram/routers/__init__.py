"""One module per screen of the bot."""
