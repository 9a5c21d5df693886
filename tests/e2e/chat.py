"""The demo's chat as a person uses it: says, presses, reads."""

from dataclasses import dataclass
from typing import Any

from selenium.webdriver.common.keys import Keys

from tests.e2e.browser import Browser

_READ = """
return [...document.querySelectorAll('#log .message')].map(made => ({
  id: made.id,
  text: made.querySelector('.text').innerText,
  own: made.classList.contains('out'),
  edited: made.querySelector('.meta').innerText.includes('edited'),
  buttons: [...made.querySelectorAll('.key')].map(key => key.innerText),
  links: [...made.querySelectorAll('.key[href]')].map(key => key.href),
}));
"""
# Notes each spinner that begins and ends, however short it turns.
_WATCH_SPINNERS = """
const log = document.querySelector('#log');
window.spinners = {began: 0, ended: 0};
new MutationObserver(changes => {
  for (const {target, oldValue} of changes) {
    if (!target.matches('.key')) continue;
    const was = (oldValue ?? '').split(' ').includes('busy'), is = target.classList.contains('busy');
    if (is && !was) window.spinners.began += 1;
    if (was && !is) window.spinners.ended += 1;
  }
}).observe(log, {subtree: true, attributeOldValue: true, attributeFilter: ['class']});
"""


@dataclass(frozen=True)
class Message:
    """A bubble as it is read."""

    id: str
    text: str
    own: bool
    edited: bool
    buttons: list[str]
    links: list[str]


class Chat:
    """The chat page in a browser."""

    def __init__(self, browser: Browser, url: str) -> None:
        self.browser, self.url = browser, url

    def open(self) -> None:
        """Open the page and wait until the bot is there."""
        self.browser.open(f"{self.url}/demo")
        self.ready()

    def ready(self) -> None:
        """Wait until the page is connected."""
        self.browser.until(lambda: self.browser.find("#status").text == "bot", "the bot's status")

    def messages(self) -> list[Message]:
        """Read the whole chat."""
        return [Message(**each) for each in self.browser.script(_READ)]

    def bot_said(self, part: str) -> list[Message]:
        """Give every message of the bot that contains `part` now."""
        return [message for message in self.messages() if part in message.text and not message.own]

    def said(self, part: str, after: str = "") -> Message:
        """Wait for a message of the bot that contains `part`, below the message `after`."""

        def look() -> Message | None:
            all_ = self.messages()
            places = [i for i, message in enumerate(all_) if message.id == after]
            below = all_[places[0] + 1 :] if places else all_
            return next((each for each in reversed(below) if part in each.text and not each.own), None)

        found = self.browser.until(look, f"a message with {part!r}")
        assert found is not None
        return found

    def begin(self) -> Message:
        """Press Start."""
        self.browser.press("#start")
        return self.said("Welcome!")

    def say(self, text: str, answer: str) -> Message:
        """Type something, send it, and wait for the answer."""
        last = self.messages()[-1].id
        self.browser.find("#text").send_keys(text, Keys.ENTER)
        return self.said(answer, last)

    def press(self, message: Message, label: str, *, twice: bool = False) -> None:
        """Press a button of a message by the words on it."""
        self.browser.press(f"#{message.id} .key", label, twice=twice)

    def buy(self, label: str) -> Message:
        """Ask for the packages, press one, and wait for the link."""
        shop = self.say("/buy", "Choose a package:")
        self.press(shop, label)
        return self.said("Please complete your purchase using the link below:", shop.id)

    def watch_spinners(self) -> None:
        """Count the buttons' spinners from now on."""
        self.browser.script(_WATCH_SPINNERS)

    def spinners(self) -> dict[str, Any]:
        """Say how many spinners began and ended."""
        counted: dict[str, Any] = self.browser.script("return window.spinners")
        return counted
