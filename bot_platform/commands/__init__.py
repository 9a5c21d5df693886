"""What each command of `run.py` does; `cli.py` only reads the command line."""
