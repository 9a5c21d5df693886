"""The tags with which models mark reasoning inside their text."""

import re

NAMES = ("think", "thinking", "thought", "reasoning")
ANY_NAME = "|".join(NAMES)
# By ASCII alone: of some letters the lower case is longer, and a place in it would be another. Brackets want
# capitals: `[think]` is a link in Markdown.
TAG = re.compile(rf"(?i:</?(?:{ANY_NAME})>)|\[/?THINK\]", re.ASCII)
CLOSING = re.compile(rf"(?i:</(?:{ANY_NAME})>)|\[/THINK\]", re.ASCII)
TAGS = (*(f"<{slash}{name}>" for slash in ("", "/") for name in NAMES), "[THINK]", "[/THINK]")
MAX_TAG_CHARS = max(map(len, TAGS))
