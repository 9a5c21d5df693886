"""Takes orders of paid work, runs the jobs, and gives each kind its context."""
