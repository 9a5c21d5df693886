"""What was found is readable at a glance, and by machines."""

import json

from bot_platform.doctor.report import Line, as_json, as_text, error, failed, mended, ok, skipped, warning

LINES: list[Line] = [
    ("new", mended("made it", "Copy it.")),
    ("token", ok("@bot")),
    ("a longer name", warning("odd", "Look at it.")),
    ("key", error("refused", "Copy it\n  once more.")),
    ("price", skipped("not looked at, see key")),
]


def test_each_check_is_one_line_with_its_fix_below_and_the_counts_last() -> None:
    assert as_text(LINES).splitlines() == [
        "+ new            made it",
        "                 → Copy it.",
        "✓ token          @bot",
        "! a longer name  odd",
        "                 → Look at it.",
        "✗ key            refused",
        "                 → Copy it once more.",
        "- price          not looked at, see key",
        "",
        "1 mended, 1 to mend, 1 to think about",
    ]


def test_nothing_to_do_is_said_too() -> None:
    assert as_text([("token", ok("@bot"))]).splitlines()[-1] == "All is well."


def test_a_machine_reads_the_same() -> None:
    said = json.loads(as_json(LINES))
    assert (said["ok"], said["errors"], said["warnings"]) == (False, 1, 1)
    assert said["checks"][1] == {"name": "token", "status": "ok", "says": "@bot", "fix": None}
    assert [check["status"] for check in said["checks"]] == ["mended", "ok", "warning", "error", "skipped"]


def test_only_errors_are_failures() -> None:
    assert failed(LINES)
    assert not failed([line for line in LINES if line[0] != "key"])
    assert not failed([])


def test_what_others_said_cannot_move_the_cursor() -> None:
    text = as_text([("odd", ok("red \x1b[31m\r\nline\udcff"))])
    assert text.splitlines()[0] == "✓ odd  red [31m line"
