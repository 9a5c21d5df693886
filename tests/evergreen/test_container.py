"""The container's files are what Docker takes, and its steps, taken without Docker, give a service."""

import asyncio
import json
import os
import re
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.makers import BUYER, eventually, link_of
from tests.reliability.platforms import Surroundings, surroundings

ROOT = Path(__file__).parents[2]
PROGRAMS = Path(sys.executable).parent
COMPOSE = YAML(typ="safe").load(ROOT / "compose.yaml")
SERVICES: dict[str, Any] = COMPOSE["services"]
USER = 10001
GRACE = 10.0  # seconds that a SIGTERM's exit may take; Docker itself gives ten


def _instructions() -> list[tuple[str, str]]:
    text = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text(encoding="utf-8"))
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in lines)]


def _all(name: str) -> list[str]:
    return [rest for instruction, rest in _instructions() if instruction == name]


def _copied() -> list[tuple[str, str]]:
    """List what is copied from the checkout: each with where to."""
    pairs = [rest.split() for rest in _all("COPY") if not rest.startswith("--from")]
    return [(source, target) for source, target in pairs]


def _environment() -> dict[str, str]:
    return dict(part.split("=", 1) for rest in _all("ENV") for part in shlex.split(rest))


def _command(name: str) -> list[str]:
    """Read an instruction in its JSON form, in which no shell stands between Docker and Python."""
    (rest,) = _all(name)
    command: list[str] = json.loads(rest[rest.index("[") :])
    return command


def test_hadolint_finds_nothing_in_the_dockerfile() -> None:
    said = subprocess.run(
        [PROGRAMS / "hadolint", ROOT / "Dockerfile"], capture_output=True, text=True, check=False
    )
    assert (said.returncode, said.stdout + said.stderr) == (0, "")


def test_compose_yaml_is_what_compose_allows() -> None:
    command = [str(PROGRAMS / "check-jsonschema"), "--builtin-schema", "vendor.compose-spec", "compose.yaml"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout + said.stderr


def test_the_image_is_pinned_and_made_of_pinned_requirements() -> None:
    first, *stages = _all("FROM")
    assert re.fullmatch(r"python:\d+\.\d+\.\d+-slim-[a-z]+(@sha256:[0-9a-f]{64})? AS base", first)
    assert stages == ["base AS builder", "base"]
    assert any("--require-hashes" in rest and "/requirements.txt" in rest for rest in _all("RUN"))
    assert _all("ADD") == []


def test_nothing_but_the_service_gets_into_the_image() -> None:
    first, *allowed = [
        line
        for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if not line.startswith("#")
    ]
    assert first == "*"
    copied = {source.rstrip("/") for source, _ in _copied()}
    assert {line.removeprefix("!") for line in allowed if line.startswith("!")} == copied
    assert [line for line in allowed if not line.startswith("!")] == ["**/__pycache__"]


def test_the_image_runs_as_nobody_in_particular_and_is_told_to_stop_by_sigterm() -> None:
    assert _all("USER") == [f"{USER}:{USER}"]
    assert _all("STOPSIGNAL") == ["SIGTERM"]
    assert _all("VOLUME") == ["/data"]
    assert _all("WORKDIR") == ["/"]
    assert "DATABASE_URL" not in _environment()
    assert _command("ENTRYPOINT")[0] == _command("HEALTHCHECK")[0] == "python"


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_may_do_no_more_than_it_must(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["restart"] == "unless-stopped"
    assert "/tmp" in service["tmpfs"]  # noqa: S108 -- the container's own
    assert int(service["stop_grace_period"].removesuffix("s")) > GRACE
    assert "privileged" not in service
    assert "healthcheck" in service or "build" in service, "one that we build brings its own"


def test_images_are_named_plainly_and_pinned() -> None:
    assert re.fullmatch(r"postgres:\d+\.\d+-alpine", SERVICES["postgres"]["image"])
    assert "build" in SERVICES["bot"]
    assert all("/" not in service["image"] for service in SERVICES.values())


def test_only_the_bot_can_be_reached_and_only_from_its_own_machine() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["bot"]
    assert all(port.startswith("127.0.0.1:") for port in SERVICES["bot"]["ports"])


def _composed(**environment: str) -> str:
    """Say which database the bot gets: compose fills a value in as a shell does."""
    said = subprocess.run(
        ["/bin/sh", "-c", f'printf %s "{SERVICES["bot"]["environment"]["DATABASE_URL"]}"'],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return said.stdout


def test_the_bot_is_composed_with_sqlite_and_with_a_password_on_postgresql() -> None:
    elsewhere = "postgres://me:word@db.example.com:5432/mine"
    assert _composed() == _composed(POSTGRES_PASSWORD="") == ""  # not set: the default, in /data
    assert _composed(DATABASE_URL="sqlite://data/bot.db") == "sqlite://data/bot.db"
    assert _composed(DATABASE_URL=elsewhere) == elsewhere
    ours = "postgres://bot:pw1@postgres:5432/bot"
    assert _composed(DATABASE_URL="sqlite://data/bot.db", POSTGRES_PASSWORD="pw1") == ours
    assert SERVICES["postgres"]["profiles"] == ["postgres"]
    assert SERVICES["bot"]["depends_on"]["postgres"]["required"] is False


@dataclass
class Image:
    """What the Dockerfile builds, in a folder in place of `/`."""

    root: Path
    user: list[str]

    def environment(self, **more: str) -> dict[str, str]:
        """Give the image's environment."""
        own = _environment() | {"PATH": os.environ["PATH"], "TMPDIR": str(self.root / "tmp")}
        return own | more

    def can_be_written(self) -> bool:
        """Whether its user could write anywhere but in `/data`."""
        writing = [*self.user, sys.executable, "-c", "open('app/x', 'w')"]
        said = subprocess.run(writing, cwd=self.root, capture_output=True, text=True, check=False)
        return "PermissionError" not in said.stderr

    def command(self, *arguments: str) -> list[str]:
        """Give the entry point's command, by this Python."""
        python, run = _command("ENTRYPOINT")
        assert python == "python"
        return [*self.user, sys.executable, f"{self.root}{run}", *arguments]


def _built(root: Path) -> None:
    """Take the Dockerfile's steps but the installation, which the running Python stands for."""
    root.chmod(0o755)
    for source, target in _copied():
        if target.startswith("/app/"):
            place = root / target.strip("/")
            if source.endswith("/"):
                shutil.copytree(ROOT / source, place, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                place.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / source, place)
    (compiling,) = (rest for rest in _all("RUN") if "compileall" in rest)
    command = [part.replace("/app", f"{root}/app") for part in shlex.split(compiling)]
    subprocess.run([sys.executable, *command[1:]], check=True)
    for path in [*root.rglob("*"), root]:
        path.chmod(path.stat().st_mode & ~0o222 | 0o444)
    root.chmod(0o755)
    for name in ("data", "tmp"):
        (root / name).mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(root / name, USER, USER)
    root.chmod(0o555)


def _lowered(root: Path) -> list[str]:
    """Find the command that runs another without root's powers; none is needed by anybody else.

    Where the user of the image may not even read this Python, because it stands in root's own folder, it
    is let read everything and still write nothing.
    """
    if os.geteuid() != 0:
        return []
    user = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--no-new-privs"]
    reading = [f"--{kind}=-all,+dac_read_search" for kind in ("inh-caps", "ambient-caps", "bounding-set")]
    for found in ([*user, "--bounding-set=-all"], [*user, *reading]):
        tried = subprocess.run(
            [*found, sys.executable, root / "app/run.py", "--help"],
            cwd=root,
            capture_output=True,
            check=False,
        )
        if tried.returncode == 0:
            return found
    raise AssertionError(f"nobody but root can run {sys.executable}: {tried.stderr.decode()}")


@contextmanager
def _image() -> Iterator[Image]:
    root = Path(tempfile.mkdtemp(prefix="image-")).resolve()
    try:
        _built(root)
        yield Image(root, _lowered(root))
    finally:
        for path in [root, *(found for found in root.rglob("*") if found.is_dir())]:
            path.chmod(stat.S_IRWXU)
        shutil.rmtree(root)


def _files(root: Path) -> set[str]:
    return {str(found.relative_to(root)) for found in root.rglob("*")}


async def _healthy(image: Image, port: int) -> bool:
    """Ask as Docker does, with a proxy about that leads nowhere."""
    command = [*image.user, sys.executable, *_command("HEALTHCHECK")[1:]]
    environment = image.environment(PORT=str(port), http_proxy="http://127.0.0.1:9")
    asking = await asyncio.create_subprocess_exec(
        *command, env=environment, cwd=image.root, stderr=asyncio.subprocess.DEVNULL
    )
    return await asking.wait() == 0


async def _run(image: Image, *arguments: str, sent: bytes = b"") -> bytes:
    """Run a command in the image; gives what it answered."""
    process = await asyncio.create_subprocess_exec(
        *image.command(*arguments), env=image.environment(), cwd=image.root, stdin=PIPE, stdout=PIPE
    )
    answer, _ = await process.communicate(sent)
    assert process.returncode == 0
    return answer


@asynccontextmanager
async def _serving(image: Image, w: Surroundings) -> AsyncIterator[asyncio.subprocess.Process]:
    settings = {name.upper(): str(value) for name, value in w.settings.items() if name != "database_url"}
    process = await asyncio.create_subprocess_exec(
        *image.command(*_command("CMD")), env=image.environment(**settings), cwd=image.root
    )
    try:
        await w.ready()
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_the_image_s_steps_serve_from_a_read_only_folder_and_stop_in_time_with_nothing_lost() -> None:
    with _image() as image:
        assert not image.can_be_written()
        before = _files(image.root)
        async with surroundings("") as w:
            port = w.settings["port"]
            assert not await _healthy(image, port)
            async with _serving(image, w) as process:
                assert await _healthy(image, port)
                w.telegram.say(BUYER, "/start")
                shop = await w.said("Welcome")
                w.stripe.faults.delay("/v1/checkout/sessions", 1.0)
                w.telegram.press(BUYER, shop["message_id"], "buy_100")
                await eventually(lambda: any(r.path == "/v1/checkout/sessions" for r in w.stripe.requests))
                process.send_signal(signal.SIGTERM)
                assert await process.wait() == 0
            assert link_of(await w.said("Please complete your purchase"))
            assert not await _healthy(image, port)
        saved = await _run(image, "backup", "-")
        assert b"The books balance" in await _run(image, "restore", "-", "--force", sent=saved)
        written = _files(image.root) - before
        assert written == {name for name in written if name.startswith("data/bot.db")} != set()
