"""The findings as lines for people and as JSON for programs."""

import json

from bot_platform.doctor.report import Line, as_json, as_text, error, failed, fixed, ok, skipped, warning

LINES: list[Line] = [
    ("new", fixed("created it", "Copy it.")),
    ("token", ok("@bot")),
    ("a longer name", warning("odd", "Look at it.")),
    ("key", error("refused", "Copy it\n  again.")),
    ("price", skipped("not checked, see key")),
]


def test_each_check_is_one_line_with_its_fix_below_and_the_counts_last() -> None:
    assert as_text(LINES).splitlines() == [
        "+ new            created it",
        "                 → Copy it.",
        "✓ token          @bot",
        "! a longer name  odd",
        "                 → Look at it.",
        "✗ key            refused",
        "                 → Copy it again.",
        "- price          not checked, see key",
        "",
        "fixed: 1, errors: 1, warnings: 1",
    ]


def test_without_a_problem_the_last_line_says_so() -> None:
    assert as_text([("token", ok("@bot"))]).splitlines()[-1] == "No problem found."


def test_the_json_has_the_same_content() -> None:
    report = json.loads(as_json(LINES))
    assert (report["ok"], report["errors"], report["warnings"]) == (False, 1, 1)
    assert report["checks"][1] == {"name": "token", "status": "ok", "says": "@bot", "fix": None}
    assert [check["status"] for check in report["checks"]] == ["mended", "ok", "warning", "error", "skipped"]


def test_only_an_error_is_a_failure() -> None:
    assert failed(LINES)
    assert not failed([line for line in LINES if line[0] != "key"])
    assert not failed([])


def test_control_characters_of_other_programs_are_not_printed() -> None:
    text = as_text([("odd", ok("red \x1b[31m\r\nline\udcff"))])
    assert text.splitlines()[0] == "✓ odd  red [31m line"
