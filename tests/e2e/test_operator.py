"""An operator before their pages, at a desk and on a phone, by day and by night."""

import pytest
from selenium.webdriver.common.by import By

from bot_platform.demo import OPERATOR_TOKEN
from tests.e2e.browser import WIDE, Browser
from tests.e2e.chat import Chat
from tests.e2e.running_demo import Demo
from tests.e2e.test_demo import CARD, LINK, SMALL, pay

pytestmark = pytest.mark.e2e

NARROW = (360, 780)
PAGES = ("", "/purchases", "/people", "/jobs", "/inbox", "/acts", "/audit", "/search")


def fits(browser: Browser) -> bool:
    """Whether nothing stands out at the side."""
    return bool(browser.script("return document.documentElement.scrollWidth <= window.innerWidth"))


def unlabelled(browser: Browser) -> list[str]:
    """Name the fields that nobody who cannot see knows what to do with."""
    fields = browser.driver.find_elements(By.CSS_SELECTOR, "input:not([type=hidden])")
    return [field.get_attribute("outerHTML") or "" for field in fields if not field.accessible_name]


def sign_in(browser: Browser, demo: Demo, size: tuple[int, int], *, dark: bool) -> str:
    """Open the pages as somebody with the token."""
    browser.size(*size, phone=size == NARROW)
    browser.dark(dark)
    home = f"{demo.url}/operator"
    browser.open(f"{home}/sign-in")
    assert fits(browser)
    assert unlabelled(browser) == []
    browser.picture("sign-in")
    browser.find("#token").send_keys(OPERATOR_TOKEN)
    browser.press("button.main")
    browser.sees("Needs a look")
    return home


def at_peace(browser: Browser, demo: Demo) -> None:
    """See that the console said nothing, the policy included, and nobody else was asked for anything."""
    assert browser.complaints() == []
    assert browser.strangers(demo.url) == set()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "phone"])
def test_every_page_fits_and_is_left_in_peace(
    browser: Browser, demo: Demo, size: tuple[int, int], *, dark: bool
) -> None:
    home = sign_in(browser, demo, size, dark=dark)
    for path in PAGES:
        browser.open(home + path)
        browser.find("h1")
        assert fits(browser), path
        assert unlabelled(browser) == [], path
        browser.picture(f"page{path.replace('/', '-')}")
    ground = browser.script("return getComputedStyle(document.body).backgroundColor")
    assert (sum(int(part) for part in ground[4:-1].split(",")) < 200) is dark
    at_peace(browser, demo)


def test_an_operator_finds_a_sale_gives_credits_and_leaves(browser: Browser, demo: Demo) -> None:
    chat = Chat(browser, demo.url)
    chat.open()
    chat.begin()
    chat.press(chat.say("/buy", "Choose a package:"), SMALL)
    pay(chat, chat.said(LINK), CARD, "Payment received")
    chat.said("Payment received")
    with browser.tab(lambda: browser.press("#panel a", "/operator")):
        browser.find("#token").send_keys("wrong")
        browser.press("button.main")
        browser.sees("That is not the token.")
        browser.complaints()  # the browser tells of each 401
        home = sign_in(browser, demo, WIDE, dark=False)
        browser.sees("Takings", "Credits sold")
        assert browser.driver.find_elements(By.CSS_SELECTOR, "svg rect.s0")
        browser.open(f"{home}/purchases")
        browser.press("tbody tr:first-child a")
        browser.sees("In the books", "100.00", "cs_test_")
        reference = browser.find("dd code").text
        browser.find("#q").send_keys(reference)
        browser.press(".search button")
        browser.sees("In the books", reference)
        browser.press("dd a")
        browser.sees("Give or take credits")
        browser.press(".deeds a", "Give or take")
        browser.find("#credits").send_keys("12.50")
        browser.find("#reason").send_keys("For your patience.")
        browser.press("button.main", "Go on")
        browser.sees("Give 12.50 credits?", "Available then")
        browser.picture("sure")
        browser.press("button.main", "Give 12.50 credits", twice=True)
        browser.sees("The credits are in the books", "112.50")
        browser.picture("given")
        browser.open(f"{home}/acts")
        browser.sees("pages", "For your patience.")
        assert browser.script("return document.body.innerText").count("For your patience.") == 1
        browser.press(".leave button")
        browser.sees("Token")
        browser.driver.back()
        browser.driver.refresh()
        browser.sees("Token")
        browser.complaints()
    chat.said("For your patience.")


def test_the_pages_can_be_read_without_javascript_by_keyboard(browser: Browser, demo: Demo) -> None:
    home = sign_in(browser, demo, NARROW, dark=False)
    browser.open(f"{home}/people")
    assert browser.driver.find_elements(By.TAG_NAME, "script") == []
    browser.script("document.querySelector('.skip').focus()")
    seen = browser.find(".skip").rect
    assert seen["x"] >= 0
    outline = browser.script("return getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"
    at_peace(browser, demo)
