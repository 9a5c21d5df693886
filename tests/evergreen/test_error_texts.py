"""The words of an error are cut by one function, which takes the secrets out before it cuts."""

import ast
from pathlib import Path

HOUSE = sorted((Path(__file__).parents[2] / "bot_platform").rglob("*.py"))
CUTS = {"safe_errors.py", "columns.py"}


def _is_text_of_something(node: ast.AST) -> bool:
    """Whether this writes a value as a text: `str(x)`, `repr(x)`, or a text with values in it."""
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in {"str", "repr"}
    return isinstance(node, ast.JoinedStr)


def test_no_text_of_an_error_is_cut_elsewhere() -> None:
    cut = [
        f"{path.name}:{node.lineno} {ast.unparse(node)}"
        for path in HOUSE
        if path.name not in CUTS
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Subscript)
        and isinstance(node.slice, ast.Slice)
        and _is_text_of_something(node.value)
        and "error" in ast.unparse(node)
    ]
    assert cut == [], "use safe_errors.words or safe_errors.text: a secret that was cut is not recognised"
