"""A headless Chromium in the hands of a person: it looks, presses, and takes pictures."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import pytest
from selenium.common.exceptions import (
    ElementClickInterceptedException,
    ElementNotInteractableException,
    NoSuchElementException,
    StaleElementReferenceException,
    TimeoutException,
)
from selenium.webdriver import ActionChains, Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--lang=en-US",
    # Whatever asks for another machine fails, and is seen to fail.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
MACOS = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
WIDE, PHONE = (1200, 800), (390, 844)
PATIENCE = 15.0
LOOK_EVERY = 0.02
STILL_FOR = 4  # looks
# The page changes under the finger: looking again finds the element that stands there now.
PASSING = (
    ElementClickInterceptedException,
    ElementNotInteractableException,
    NoSuchElementException,
    StaleElementReferenceException,
)

T = TypeVar("T")


def installed(program: str, *others: str) -> str:
    """Find a program of the system; the environment may name it, as CHROMIUM=/opt/chromium."""
    names = (os.environ.get(program.upper(), program), *others)
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None:
        pytest.fail(f"There is no {program} on this machine. Run `make e2e`, which says what it needs.")
    return found


class Browser:
    """A window on one site; every screenshot goes to `pictures`, numbered in order."""

    def __init__(self, driver: Chrome, pictures: Path) -> None:
        self.driver = driver
        self._pictures = pictures
        self._taken = 0
        self._console: list[str] = []
        self._asked: list[str] = []
        self._metrics: dict[str, Any] = {}
        self._scheme = "light"

    # Where it looks

    def open(self, url: str) -> None:
        """Go to an address."""
        self.driver.get(url)

    @property
    def address(self) -> str:
        """Where it is."""
        return self.driver.current_url

    def size(self, width: int, height: int, *, sharp: float = 1, phone: bool = False) -> None:
        """Give the window the size of a screen; a phone's has touch and no hover."""
        self._metrics = {"width": width, "height": height, "deviceScaleFactor": sharp, "mobile": phone}
        self._dress()

    def dark(self, dark: bool = True) -> None:
        """Prefer dark colours, or light ones."""
        self._scheme = "dark" if dark else "light"
        self._dress()

    def _dress(self) -> None:
        # Each tab has a screen and colours of its own.
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", self._metrics)
        self.driver.execute_cdp_cmd(
            "Emulation.setTouchEmulationEnabled", {"enabled": self._metrics["mobile"]}
        )
        scheme = {"name": "prefers-color-scheme", "value": self._scheme}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})

    def anew(self, pictures: Path) -> None:
        """Become a fresh person with one tab, whose screenshots go to `pictures`."""
        first, *others = self.driver.window_handles
        for other in others:
            self.driver.switch_to.window(other)
            self.driver.close()
        self.driver.switch_to.window(first)
        self.driver.execute_cdp_cmd("Network.clearBrowserCookies", {})
        self.open("about:blank")
        self._pictures, self._taken, self._scheme = pictures, 0, "light"
        shutil.rmtree(pictures, ignore_errors=True)
        self.size(*WIDE)
        self.watch()
        self._console, self._asked = [], []

    @contextmanager
    def tab(self, opened_by: Callable[[], None]) -> Iterator[None]:
        """Look at the tab that a press opens; it is closed at the end."""
        first, before = self.driver.current_window_handle, set(self.driver.window_handles)
        opened_by()
        new = self.until(lambda: set(self.driver.window_handles) - before, "a new tab")
        self.driver.switch_to.window(new.pop())
        self._dress()
        self.until(lambda: self.address != "about:blank" and self._loaded(), "a page")
        yield
        self.watch()
        self.driver.close()
        self.driver.switch_to.window(first)

    def _loaded(self) -> bool:
        return bool(self.script("return document.readyState") == "complete")

    # What it sees and does

    def until(self, look: Callable[[], T], what: str, within: float = PATIENCE) -> T:
        """Look again and again until there is something to see."""
        try:
            return WebDriverWait(self.driver, within, LOOK_EVERY, PASSING).until(lambda _: look())
        except TimeoutException:
            self.picture("not-seen")
            page = self.script("return document.body.innerText")
            raise AssertionError(
                f"not seen within {within} s: {what}; at {self.address} there was:\n{page}"
            ) from None

    def script(self, code: str, *given: Any) -> Any:
        """Run JavaScript in the page."""
        return self.driver.execute_script(code, *given)

    def find(self, selector: str) -> WebElement:
        """Wait for an element that is shown."""

        def look() -> WebElement | None:
            return next(
                (e for e in self.driver.find_elements(By.CSS_SELECTOR, selector) if e.is_displayed()), None
            )

        found = self.until(look, selector)
        assert found is not None
        return found

    def sees(self, *texts: str) -> None:
        """Wait until the page shows all the texts."""
        for text in texts:
            self.until(lambda text=text: text in self.script("return document.body.innerText"), repr(text))  # type: ignore[misc]

    def still(self, selector: str, label: str = "") -> WebElement:
        """Wait for an element with `label` on it that moves no more: a finger would miss it before."""
        places: list[dict[str, float]] = []

        def look() -> WebElement | None:
            found = [e for e in self.driver.find_elements(By.CSS_SELECTOR, selector) if label in e.text]
            if not found:
                return None
            places.append(found[0].rect)
            calm = len(places) >= STILL_FOR and all(place == places[-1] for place in places[-STILL_FOR:])
            return found[0] if calm and found[0].is_displayed() else None

        found = self.until(look, f"{selector} {label} standing still")
        assert found is not None
        return found

    def press(self, selector: str, label: str = "", *, twice: bool = False) -> None:
        """Press what a selector finds, with `label` on it; `twice` as impatient people do."""

        def once() -> bool:
            found = self.still(selector, label)
            if twice:
                ActionChains(self.driver).double_click(found).perform()
            else:
                found.click()
            return True

        self.until(once, f"{selector} {label} to press")

    def picture(self, name: str) -> Path:
        """Keep what is seen now."""
        self._taken += 1
        self._pictures.mkdir(parents=True, exist_ok=True)
        path = self._pictures / f"{self._taken:02}-{name}.png"
        assert self.driver.save_screenshot(str(path))
        return path

    # What must not happen

    def watch(self) -> None:
        """Collect what the page's console said and what was asked of whom."""
        for entry in self.driver.get_log("browser"):  # type: ignore[no-untyped-call]
            if entry["level"] in {"SEVERE", "WARNING"} or "Content Security Policy" in entry["message"]:
                self._console.append(entry["message"])
        for entry in self.driver.get_log("performance"):  # type: ignore[no-untyped-call]
            said = json.loads(entry["message"])["message"]
            if said["method"] == "Network.requestWillBeSent":
                self._asked.append(said["params"]["request"]["url"])
        # A tab's first moments escape the log above, not the page's own memory.
        self._asked += self.script(
            "return performance.getEntries().map(e => e.name).filter(n => n.includes('://'))"
        )

    def complaints(self) -> list[str]:
        """Give what the console complained of since the last time."""
        self.watch()
        said, self._console = self._console, []
        return said

    def strangers(self, home: str) -> set[str]:
        """Name every other origin that was asked for anything."""
        self.watch()
        origins = {
            f"{at.scheme}://{at.netloc}"
            for at in map(urlsplit, self._asked)
            if at.scheme.startswith(("http", "ws"))
        }
        return origins - {home}


@contextmanager
def chromium(profile: Path, pictures: Path) -> Iterator[Browser]:
    """Start the system's Chromium through the system's driver, with an empty profile."""
    options = ChromeOptions()
    options.binary_location = installed("chromium", "chromium-browser", "google-chrome", MACOS)
    for flag in (*FLAGS, f"--user-data-dir={profile}", "--window-size={},{}".format(*WIDE)):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    # A named driver keeps Selenium from looking for one to download.
    service = ChromeService(installed("chromedriver"))
    driver = Chrome(options, service)
    try:
        browser = Browser(driver, pictures)
        browser.size(*WIDE)
        yield browser
    finally:
        driver.quit()
