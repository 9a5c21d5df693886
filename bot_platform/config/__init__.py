"""Settings, read from the environment and .env."""
