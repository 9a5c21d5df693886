"""`/build`: plans a small project and writes it, file by file."""

from bot_platform.work.kinds.build.steps import build

__all__ = ["build"]
