"""The paid commands: each module or package here is one, and is found by itself."""
