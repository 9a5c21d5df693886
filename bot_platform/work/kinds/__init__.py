"""The paid commands: each module or package here is one."""
