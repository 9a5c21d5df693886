"""Where machines knock and people read a page."""
