"""The demo's panel as a person uses it: reads the books, makes trouble, presses what a bank would do."""

from dataclasses import dataclass

from tests.e2e.browser import Browser

_READ = """
const text = (selector) => document.querySelector(selector)?.innerText ?? '';
const line = (row) => row.innerText.replace(/\\s+/g, ' ');
const rows = (selector) => [...document.querySelectorAll(selector)].map(line);
return {
  balance: text('#book-balance'),
  held: text('#book-held'),
  available: text('#book-available'),
  spending: text('#book-spending'),
  work: rows('#jobs li'),
  entries: rows('#entries li'),
  purchases: rows('#purchases li'),
};
"""


@dataclass(frozen=True)
class Page:
    """The books as they are read; an entry without its time."""

    balance: str
    held: str
    available: str
    spending: str
    work: list[str]
    entries: list[str]
    purchases: list[str]


class Panel:
    """The panel beside the chat."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser

    def books(self) -> Page:
        """Read the books."""
        read = self._browser.script(_READ)
        read["entries"] = [entry.rpartition(" ")[0] for entry in read["entries"]]
        return Page(**read)

    def wait(self, balance: str, *amounts: str) -> Page:
        """Wait until the balance and the amounts of all entries, newest first, are these."""

        def look() -> Page | None:
            page = self.books()
            there = page.balance == balance and [e.split()[0] for e in page.entries] == list(amounts)
            return page if there else None

        found = self._browser.until(look, f"a balance of {balance} from {amounts}")
        assert found is not None
        return found

    def open(self) -> None:
        """Unfold the worst day."""
        self._browser.press("#worst:not([open]) > summary")
        self._browser.find("#mischief")

    def switch(self, name: str) -> None:
        """Switch one trouble on or off, and see it count."""
        self._browser.press(f"#mischief [name={name}]")
        self._browser.find("#troubles")

    def act(self, label: str) -> None:
        """Press a button of the payment."""
        self._browser.press("#payments .act", label)
