"""What is written for people agrees with what the code does."""

import ast
import io
import re
import subprocess
import sys
import tokenize
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from ruamel.yaml import YAML

from bot_platform import cli
from bot_platform.config.secret_files import SECRETS
from bot_platform.config.settings import Settings, load
from bot_platform.demo import DemoSettings
from bot_platform.providers.stripe.events import TYPES
from tests import module_list
from tests.reliability.mutants.planted import PLANTED

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SETTINGS = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
COMMANDS = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
MONEY = (ROOT / "docs" / "money.md").read_text(encoding="utf-8")
MOST_WORDS = 1300  # of the README, as `wc -w` counts them
ENV_EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
CODE = sorted(
    [ROOT / "run.py", *(p for f in ("bot_platform", "migrations", "tests") for p in (ROOT / f).rglob("*.py"))]
)
OTHER_TEXTS = sorted(
    [
        *(
            ROOT / name
            for name in (
                ".env.example",
                ".ci/run",
                "Dockerfile",
                "Makefile",
                "compose.yaml",
                "pyproject.toml",
            )
        ),
        *(ROOT / ".github").rglob("*.yml"),
        *(p for kind in ("ftl", "html", "js", "css") for p in (ROOT / "bot_platform").rglob(f"*.{kind}")),
    ]
)
FIELDS = {name.upper(): field for name, field in Settings.model_fields.items()}
TOKEN = "123456789:AAExampleExampleExampleExample"


def _headings(text: str) -> list[str]:
    return re.findall(r"^##? (.+)$", text, re.MULTILINE)


def _section(title: str) -> str:
    """Read a section of the README."""
    _, found, rest = README.partition(f"\n## {title}\n")
    assert found, f"README has no section {title}"
    return rest.partition("\n## ")[0]


def _settings_rows() -> list[tuple[str, str]]:
    """Read name and default of each row of the table of settings."""
    return re.findall(r"^\| `([A-Z0-9_]+)` \| ([^|]+) \|", SETTINGS, re.MULTILINE)


def _said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit):
        cli.main([*arguments, "--help"])
    return capsys.readouterr().out


def _commands(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return re.findall(r"^    (\w+)(?: |$)", _said(capsys), re.MULTILINE)


def test_env_example_explains_every_setting() -> None:
    lines = ENV_EXAMPLE.splitlines()
    named = {line.partition("=")[0]: lines[n - 1] for n, line in enumerate(lines) if re.match(r"\w+=", line)}
    assert sorted(named) == sorted(FIELDS)
    assert [name for name, above in named.items() if not above.startswith("# ")] == []


def test_env_example_begins_with_the_mock() -> None:
    lines = ENV_EXAMPLE.splitlines()
    assert "MOCK_STRIPE_PAYMENTS=true" in lines
    assert 'STRIPE_PUBLISHABLE_KEY="pk_test_YOUR_KEY"' in lines
    assert "WEBAPP_URL=http://localhost:8000" in lines


@pytest.mark.parametrize("text", [ENV_EXAMPLE, SETTINGS], ids=[".env.example", "settings"])
def test_secrets_that_may_stand_in_files_are_named(text: str) -> None:
    (about,) = (part for part in re.split(r"\n#?\n", text) if "<NAME>_FILE" in part)
    assert [name for name in sorted(SECRETS) if name.upper() not in about] == []


def test_env_example_with_a_token_starts_by_the_mock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in FIELDS:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"{name}_FILE", raising=False)
    copy = tmp_path / ".env"
    copy.write_text(ENV_EXAMPLE.replace("TELEGRAM_BOT_TOKEN=\n", f"TELEGRAM_BOT_TOKEN={TOKEN}\n"))
    loaded = load(Settings, copy)
    assert loaded.mock_stripe_payments
    chosen = {"telegram_bot_token", "mock_stripe_payments", "stripe_publishable_key"}
    others = {name for name, field in Settings.model_fields.items() if getattr(loaded, name) != field.default}
    assert others - chosen == set()


def test_the_table_has_every_setting_once() -> None:
    assert sorted(name for name, _ in _settings_rows()) == sorted(FIELDS)


def test_the_table_gives_the_defaults() -> None:
    rows = dict(_settings_rows())
    written = {name.lower(): cell.strip("`") for name, cell in rows.items() if cell.startswith("`")}
    secrets = {"stripe_secret_key": "sk_test_1", "stripe_webhook_secret": "whsec_1"}
    read = DemoSettings(**(written | secrets | {"telegram_bot_token": TOKEN}))  # type: ignore[arg-type]
    for name, field in FIELDS.items():
        if name.lower() in written:
            assert getattr(read, name.lower()) == field.default, name
        else:
            assert rows[name].startswith("none"), name
            assert field.is_required() or not field.default, name
            assert field.is_required() == (rows[name] == "none, required"), name


def test_webhooks_are_explained_directly_below_the_proxy() -> None:
    headings = _headings(README)
    assert headings[headings.index("Running with a Proxy") + 1] == "Testing Stripe Webhooks Locally"
    section = _section("Testing Stripe Webhooks Locally")
    for needed in (
        "ngrok http 8000",
        "https://<random>.ngrok.io/api/v1/stripe-webhook",
        "MOCK_STRIPE_PAYMENTS` set to `false`",
        "stripe listen --forward-to",
        "Dashboard",
        *(f"`{name}`" for name in TYPES),
    ):
        assert needed in section, needed


def test_every_command_and_option_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    commands = _commands(capsys)
    assert "serve" in commands
    assert [name for name in commands if not _row(name)] == []
    named = {name for path in DOCUMENTS for name in re.findall(r"python3 run\.py (\w+)", _text(path))}
    assert named == set(commands)
    for name in commands:
        options = set(re.findall(r"(--[a-z-]+)", _said(capsys, name))) - {"--help"}
        assert [option for option in options if option not in _row(name)] == [], name


def _row(command: str) -> str:
    """Read the row of a command in the table of commands."""
    found = [
        line for line in COMMANDS.splitlines() if re.search(rf"^\|.*`python3 run\.py {command}[` ]", line)
    ]
    return found[0] if found else ""


def _made(text: str) -> Iterator[str]:
    return (found[1] for found in re.finditer(r"(?:`|^    )make ([a-z0-9-]+)", text, re.MULTILINE))


def test_every_make_target_that_is_named_exists_and_is_explained() -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):.*## ", MAKEFILE, re.MULTILINE))
    phony = re.search(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE)
    assert phony
    assert set(phony[1].split()) == targets
    named = {name for path in DOCUMENTS for name in _made(_text(path))}
    assert named - targets == set()
    assert targets - set(_made(COMMANDS)) - {"help"} == set()


def test_a_newcomer_meets_the_two_commands_first() -> None:
    assert list(dict.fromkeys(_made(README)))[:2] == ["demo", "test"]


def test_the_readme_is_short() -> None:
    assert len(README.split()) <= MOST_WORDS


def test_the_readme_counts_the_planted_bugs() -> None:
    assert f"{len(PLANTED)} known bugs" in README


def test_ci_runs_what_the_readme_names() -> None:
    legs = re.findall(r"^make (\w+)$", _text(ROOT / ".ci" / "run"), re.MULTILINE)
    assert legs == ["check", "test", "e2e"]


def test_the_workflow_is_valid_and_runs_the_same() -> None:
    workflow = ROOT / ".github" / "workflows" / "ci.yml"
    checker = Path(sys.executable).parent / "check-jsonschema"
    command = [str(checker), "--builtin-schema", "vendor.github-workflows", str(workflow)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    steps = YAML(typ="safe").load(workflow)["jobs"]["everything"]["steps"]
    assert [step["run"] for step in steps if "run" in step] == ["bash .ci/run"]


def test_every_page_is_listed() -> None:
    folder = ROOT / "docs"
    listed = set(re.findall(r"\]\(([^)#]+)\)", _text(folder / "README.md")))
    pages = {path.name for path in folder.glob("*.md")} - {"README.md"}
    assert pages | {"decisions"} <= listed


def test_commands_are_written_for_the_python_of_the_machine() -> None:
    texts = [*DOCUMENTS, *CODE, *OTHER_TEXTS]
    assert [_name(path) for path in texts if re.search(r"\bpython run\.py", _text(path))] == []


def test_every_invariant_that_is_named_is_explained() -> None:
    texts = [path for path in [*CODE, *OTHER_TEXTS] if path.is_relative_to(ROOT / "bot_platform")]
    named = {name for path in texts for name in re.findall(r"\bI[0-9]\b", _text(path))}
    sections = dict(re.findall(r"^### (I[0-9]): .+\n((?:(?!##).*\n)+)", MONEY, re.MULTILINE))
    assert set(sections) == named | {f"I{n}" for n in range(1, 10)}
    for name, text in sections.items():
        parts = re.findall(r"^\*\*(.+?)\.?\*\*", text, re.MULTILINE)
        assert parts == ["Rule", "Why", "Checked by", "When it is printed"], name


def test_modules_that_documents_name_are_there() -> None:
    pages = [ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]
    rooms = "|".join(path.name for path in (ROOT / "bot_platform").iterdir() if path.is_dir())
    named = {
        name for path in pages for name in re.findall(rf"(?<![\w/])(?:{rooms})/[\w/]+\.py\b", _text(path))
    }
    assert sorted(name for name in named if not (ROOT / "bot_platform" / name).is_file()) == []


def test_every_module_is_listed_with_its_promise() -> None:
    assert module_list.PAGE.read_text(encoding="utf-8") == module_list.page(), "run `make modules`"


def test_no_file_cites_a_document_that_is_not_there() -> None:
    lost = [
        f"{_name(path)}: {cited}"
        for path in [*DOCUMENTS, *CODE, *OTHER_TEXTS]
        for cited in _cited(path)
        if not any((folder / cited).is_file() for folder in (ROOT, ROOT / "docs", path.parent))
    ]
    assert lost == []


def _cited(path: Path) -> list[str]:
    """List the documents that a file names; in Python by its prose, elsewhere in a string by `docs/`."""
    text, document = _text(path), r"(?<![\w*./-])(?:\.\./)*[\w-][\w./-]*\.md\b"
    if path.suffix != ".py":
        return re.findall(document, text)
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    comments = [token.string for token in tokens if token.type == tokenize.COMMENT]
    explained = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, explained)]
    prose = "\n".join([*comments, *(ast.get_docstring(node) or "" for node in nodes)])
    return re.findall(document, prose) + re.findall(r"\bdocs/[\w./-]+\.md\b", text)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _anchors(document: Path) -> set[str]:
    headings = re.findall(r"^#{1,4} (.+)$", _text(document), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    text = _text(document)
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        there = document.parent / path if path else document
        if not there.exists() or (anchor and anchor not in _anchors(there)):
            broken.append(target)
    assert broken == []


def _pins(name: str) -> dict[str, str]:
    pins = (ROOT / name).read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9_.-]+)==([^\s;]+).*\\\n    --hash=sha256:", pins, re.MULTILINE))


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_pins_have_hashes_and_no_address(name: str) -> None:
    pins = (ROOT / name).read_text(encoding="utf-8")
    assert re.findall(r"://|--(?:extra-)?index-url|--find-links|--trusted-host", pins) == []
    assert list(_pins(name)) == re.findall(r"^([a-z0-9_.-]+)", pins, re.MULTILINE)


def test_pins_are_of_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    runs, develops = _pins("requirements.txt"), _pins("requirements-dev.txt")
    assert runs.items() <= develops.items()
    for asked, pinned in (
        (project["dependencies"], runs),
        (project["optional-dependencies"]["dev"], develops),
    ):
        for requirement in map(Requirement, asked):
            version = pinned.get(canonicalize_name(requirement.name), "none")
            assert requirement.specifier.contains(version), f"{requirement}: {version} is pinned; make pins"
