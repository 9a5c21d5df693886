"""The commands of `run.py`, one function each; `cli.py` only reads the command line."""
