"""What a build says about what it made, in short Markdown."""

from collections.abc import Sequence

from bot_platform.work.kinds.build.prompts import Project

LONGEST_CAPTION = 900  # characters; Telegram takes 1024
LONGEST_PROBLEMS = 200  # characters, of one file


def caption(project: Project, written: Sequence[str], missing: Sequence[str]) -> str:
    """Tell what was built, what is known to be wrong with it, and which files are missing."""
    lines = [_title(project)]
    lines += _section("Known problems:", known_problems(project))
    lines += _section("Files:", [f"- `{path}`" for path in written])
    lines += _section("Not written:", [f"- `{path}`" for path in missing])
    kept = [line for n, line in enumerate(lines) if len("\n".join(lines[: n + 1])) <= LONGEST_CAPTION]
    return "\n".join(kept if kept == lines else [*kept, "- …"])


def known_problems(project: Project) -> list[str]:
    """List what is wrong with the files, a line for each file."""
    found = [(path, "; ".join(problems)) for path, problems in sorted(project["problems"].items())]
    return [f"- `{path}`: {what[:LONGEST_PROBLEMS]}" for path, what in found]


def plain_readme(project: Project) -> str:
    """Write the README that a plan alone can give."""
    files = [f"- `{planned['path']}`: {planned['purpose']}" for planned in project["plan"]]
    return "\n".join([f"# {project['name']}", "", project["summary"], *_section("## Files\n", files), ""])


def _title(project: Project) -> str:
    return f"**{project['name']}**" + (f": {project['summary']}" if project["summary"] else "")


def _section(title: str, lines: Sequence[str]) -> list[str]:
    return ["", title, *lines] if lines else []
