"""Takes a backup beside a running service, and puts one back without losing what is there to a bad file."""
