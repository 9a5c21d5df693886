"""One Chromium and one demo for the walks; each walk is a fresh person's, and ends with a clean console."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.browser import Browser, chromium
from tests.e2e.chat import Chat
from tests.e2e.running_demo import Demo, running_demo

ARTIFACTS = Path(__file__).parents[2] / "artifacts" / "e2e"


@pytest.fixture(scope="session")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Open the browser, once."""
    with chromium(tmp_path_factory.mktemp("profile"), ARTIFACTS) as browser:
        yield browser


@pytest.fixture
def browser(window: Browser, request: pytest.FixtureRequest) -> Browser:
    """Give a browser that remembers nobody; its screenshots go to a folder of the test's name."""
    window.anew(ARTIFACTS / request.node.name)
    return window


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Run the demo, once."""
    with running_demo(tmp_path_factory.mktemp("demo")) as running:
        yield running


@pytest.fixture
def chat(browser: Browser, demo: Demo) -> Iterator[Chat]:
    """Open the chat; afterwards nothing may have been complained of, nor asked of anybody else."""
    chat = Chat(browser, demo.url)
    chat.open()
    yield chat
    assert browser.complaints() == []
    assert browser.strangers(demo.url) == set()
