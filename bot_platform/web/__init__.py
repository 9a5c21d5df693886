"""The web server: webhooks, payment pages, the operator's pages, health and metrics."""
