"""The books beside the chat in a browser, on a good day and on the worst one."""

import json
import urllib.request
from collections.abc import Iterator

import pytest
from selenium.webdriver.common.keys import Keys

from tests.e2e.browser import PHONE
from tests.e2e.chat import Chat
from tests.e2e.panel import Panel
from tests.e2e.running_demo import Demo

pytestmark = pytest.mark.e2e

LINK = "Please complete your purchase using the link below:"
PROCEED, PAID_ALREADY = "➡️ Proceed to Payment", "I have paid"
RECEIPT = "Payment received: 100.00 credits added. Balance: 100.00 credits."
SMALL = "100 credits"
WELL = dict.fromkeys(("twice", "shuffled", "lost", "down", "refuses", "key_reused"), False) | {
    "late": 0,
    "slow": 0,
}


@pytest.fixture(autouse=True)
def _well_again(demo: Demo) -> Iterator[None]:
    """Leave no trouble behind: the switches are everybody's."""
    yield
    wish = urllib.request.Request(  # noqa: S310 (the demo's own address)
        f"{demo.url}/sandbox/stripe/mischief", json.dumps(WELL).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(wish) as answer:  # noqa: S310 (as above)
        assert json.load(answer) == WELL


def pay(chat: Chat) -> None:
    """Buy the small package and pay by card."""
    link = chat.buy(SMALL)
    with chat.browser.tab(lambda: chat.press(link, PROCEED)):
        chat.browser.press("button[value=card]")
        chat.browser.sees("Back to the bot")


def test_the_books_follow_a_sale_and_its_refund(chat: Chat) -> None:
    b, panel = chat.browser, Panel(chat.browser)
    b.sees("No account yet")
    b.picture("no-account")
    chat.begin()
    panel.wait("0.00")
    pay(chat)
    page = panel.wait("100.00", "+100.00")
    number = page.purchases[0].split()[0]
    assert page.entries == [f"+100.00 bought purchase {number} 100.00"]
    assert page.purchases == [f"{number} 100 credits · $5.00 paid"]
    b.picture("paid")
    panel.open()
    panel.act("Refund half")
    panel.wait("50.00", "-50.00", "+100.00")
    panel.act("Refund all")
    page = panel.wait("0.00", "-50.00", "-50.00", "+100.00")
    assert page.purchases == [
        f"{number} 100 credits · $5.00 refunded · $2.50 refunded · $2.50 reversed 100.00 taken back"
    ]
    chat.said("was refunded: 50.00 credits were taken back. Balance: 0.00 credits.")
    b.picture("refunded")
    panel.act("Refund all")
    b.sees("has already been refunded.")
    b.picture("refused")
    # The browser notes every answer of 400; the page has said it in words.
    (noted,) = b.complaints()
    assert "/sandbox/stripe/act" in noted
    b.press("#fresh")
    b.sees("No account yet", "None yet: buy something and pay for it.")
    assert "has already been refunded." not in b.script("return document.body.innerText")


def test_a_dispute_takes_the_credits_and_winning_it_gives_them_back(chat: Chat) -> None:
    b, panel = chat.browser, Panel(chat.browser)
    chat.begin()
    pay(chat)
    panel.wait("100.00", "+100.00")
    panel.open()
    panel.act("Dispute")
    panel.wait("0.00", "-100.00", "+100.00")
    b.picture("disputed")
    panel.act("Dispute won")
    page = panel.wait("100.00", "+100.00", "-100.00", "+100.00")
    assert "given back" in page.entries[0]
    assert page.purchases[0].endswith("dispute won · $5.00 paid")
    chat.said("is settled: 100.00 credits are yours again.")
    b.picture("won")
    panel.act("Inquiry")
    b.until(lambda: panel.books().spending == "frozen", "a freeze")
    b.sees("a bank's question about a payment is open")
    b.picture("frozen")
    panel.act("Close inquiry")
    b.until(lambda: panel.books().spending == "free", "its end")


def test_webhooks_that_come_twice_and_in_any_order_credit_once(chat: Chat) -> None:
    b, panel = chat.browser, Panel(chat.browser)
    chat.begin()
    panel.open()
    panel.switch("twice")
    panel.switch("shuffled")
    b.sees("2 on")
    pay(chat)
    panel.wait("100.00", "+100.00")
    b.sees("0 on their way, 0 unhandled, 0 failed")
    panel.wait("100.00", "+100.00")
    b.picture("once")
    chat.say("/help", "/terms")
    assert len(chat.bot_said(RECEIPT)) == 1
    b.press("#well")
    b.until(lambda: b.script("return document.querySelector('#troubles').hidden"), "no trouble")
    assert not b.find("#mischief [name=twice]").is_selected()


def test_a_lost_webhook_is_made_good_by_i_have_paid(chat: Chat) -> None:
    b, panel = chat.browser, Panel(chat.browser)
    chat.begin()
    panel.open()
    panel.switch("lost")
    pay(chat)
    b.sees("$5.00 for purchase")
    assert panel.wait("0.00").purchases[0].endswith("not paid yet")
    b.picture("lost")
    chat.press(chat.said(LINK), PAID_ALREADY)
    chat.said(RECEIPT)
    assert panel.wait("100.00", "+100.00").purchases[0].endswith("paid")
    b.picture("found")


def test_a_late_webhook_is_seen_on_its_way(chat: Chat) -> None:
    b, panel = chat.browser, Panel(chat.browser)
    chat.begin()
    panel.open()
    late = b.find("#mischief [name=late]")
    late.clear()
    late.send_keys("3", Keys.ENTER)
    b.sees("1 on")
    pay(chat)
    b.until(lambda: "Webhooks: 0 on" not in b.find("#counts").text, "webhooks on their way")
    panel.wait("100.00", "+100.00")
    b.sees("0 on their way")


def test_everything_is_done_by_keyboard_and_the_focus_stays(chat: Chat) -> None:
    b, panel = chat.browser, Panel(chat.browser)
    chat.begin()
    pay(chat)
    panel.wait("100.00", "+100.00")
    b.find("#worst > summary").send_keys(Keys.ENTER)
    button = b.find("#payments .act")
    assert button.text == "Refund all"
    button.send_keys(Keys.ENTER)
    panel.wait("0.00", "-100.00", "+100.00")
    b.sees("Refund of $5.00: succeeded")
    focused = b.driver.switch_to.active_element
    assert focused.text == "Refund all"
    focused.send_keys(Keys.TAB)
    assert b.driver.switch_to.active_element.text == "Refund half"
    b.find("#mischief [name=down]").send_keys(Keys.SPACE)
    b.sees("1 on")
    b.picture("focus")


def test_on_a_phone_the_panel_fits_in_light_and_dark(chat: Chat) -> None:
    b, panel = chat.browser, Panel(chat.browser)
    b.size(*PHONE, sharp=2, phone=True)
    chat.open()
    chat.begin()
    pay(chat)
    chat.said(RECEIPT)
    b.press("#about")
    panel.open()
    panel.act("Refund that fails")
    panel.wait("0.00", "-100.00", "+100.00")
    panel.wait("100.00", "+100.00", "-100.00", "+100.00")
    body = "document.querySelector('#panel .body')"
    for dark in (False, True):
        b.dark(dark)
        for place in (0, 700, 5000):
            b.script(f"{body}.scrollTo(0, arguments[0])", place)
            b.picture(f"{'dark' if dark else 'light'}-{place}")
    assert b.script(f"return {body}.scrollWidth <= {body}.clientWidth")
    wide, seen = b.script("return [document.documentElement.scrollWidth, innerWidth]")
    assert wide <= seen
