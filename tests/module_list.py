"""Writes docs/modules.md: each module of the product with the first sentence of its docstring."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "bot_platform"
PAGE = ROOT / "docs" / "modules.md"
HEAD = """# Modules

What each module promises, in the order of the imports: a room imports only from rooms below it.
`make modules` writes this page from the docstrings. [Project structure](project-structure.md) says what
belongs where.
"""
ROOMS = (
    *("commands", "doctor", "runtime", "web", "telegram", "providers", "sandbox"),
    *("config", "work", "flows", "domain", "infra"),
)


def page() -> str:
    """Write the page anew from the code."""
    return HEAD + "".join(_lines())


def _lines() -> Iterator[str]:
    yield "\n## The top\n\n| Module | Promise |\n|---|---|\n"
    yield from map(_row, sorted(PACKAGE.glob("*.py")))
    for room in ROOMS:
        yield f"\n## {room}\n\n| Module | Promise |\n|---|---|\n"
        yield from map(_row, sorted((PACKAGE / room).rglob("*.py")))


def _row(path: Path) -> str:
    words = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    if not words:
        return ""
    promise = " ".join(words.split("\n\n")[0].split()).replace("|", "\\|")
    name = path.relative_to(PACKAGE).as_posix().removesuffix("/__init__.py")
    return f"| `{name}` | {promise} |\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
