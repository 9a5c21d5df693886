"""The caption and the README of a build, in short Markdown."""

from collections.abc import Sequence

from bot_platform.work.kinds.build.prompts import Project

MAX_CAPTION_CHARS = 900  # Telegram takes 1024
MAX_PROBLEM_CHARS = 200  # of one file


def caption(project: Project, written: Sequence[str], missing: Sequence[str]) -> str:
    """Describe the project, its known problems, and its written and missing files."""
    lines = [_title(project)]
    lines += _section("Known problems:", known_problems(project))
    lines += _section("Files:", [f"- `{path}`" for path in written])
    lines += _section("Not written:", [f"- `{path}`" for path in missing])
    kept = [line for n, line in enumerate(lines) if len("\n".join(lines[: n + 1])) <= MAX_CAPTION_CHARS]
    return "\n".join(kept if kept == lines else [*kept, "- …"])


def known_problems(project: Project) -> list[str]:
    """Return the problems of the files, a line for each file."""
    found = [(path, "; ".join(problems)) for path, problems in sorted(project["problems"].items())]
    return [f"- `{path}`: {what[:MAX_PROBLEM_CHARS]}" for path, what in found]


def plain_readme(project: Project) -> str:
    """Write a README from the plan alone."""
    files = [f"- `{planned['path']}`: {planned['purpose']}" for planned in project["plan"]]
    return "\n".join([f"# {project['name']}", "", project["summary"], *_section("## Files\n", files), ""])


def _title(project: Project) -> str:
    return f"**{project['name']}**" + (f": {project['summary']}" if project["summary"] else "")


def _section(title: str, lines: Sequence[str]) -> list[str]:
    return ["", title, *lines] if lines else []
