"""Runs paid work: takes orders, works on jobs, and gives each kind what it needs."""
