"""The demo in the hands of a newcomer with a browser: every way a first sale can go."""

from pathlib import Path

import pytest

from tests.e2e.browser import PHONE, Browser
from tests.e2e.chat import Chat, Message
from tests.e2e.running_demo import running_demo

pytestmark = pytest.mark.e2e

LINK = "Please complete your purchase using the link below:"
PROCEED, PAID_ALREADY = "➡️ Proceed to Payment", "I have paid"
RECEIPT = "Payment received: 100.00 credits added. Balance: 100.00 credits."
PAID = "✅ Paid: $5.00."
ANY_STATE = "Back to the bot"  # the bank may answer before the page is seen
SMALL, LARGE = "100 credits", "500 credits"
CARD, DECLINED = "button[value=card]", "button[value=card_declined]"
ARRIVES, FAILS, EXPIRE = (
    f"button[value={how}]" for how in ("bank_transfer", "bank_transfer_fails", "expire")
)
TO_THE_BOT, BACK = "a.back[href$='/demo']", "a.back[href$='/payment-cancelled']"


def receipts(chat: Chat) -> list[str]:
    """Give every receipt that stands in the chat, once the bot has said everything else."""
    chat.say("/help", "/terms")
    return [message.text for message in chat.bot_said("Payment received")]


def pay(chat: Chat, link: Message, button: str, then: str) -> None:
    """Follow a link, press a button of the payment page, and see what comes of it."""
    with chat.browser.tab(lambda: chat.press(link, PROCEED)):
        chat.browser.press(button)
        chat.browser.sees(then)


def test_a_newcomer_is_declined_then_pays_and_has_the_credits_once(chat: Chat) -> None:
    b = chat.browser
    b.picture("empty")
    chat.begin()
    b.picture("welcome")
    shop = chat.say("/buy", "Choose a package:")
    assert shop.buttons == ["100 credits · $5.00", "500 credits · $20.00"]
    b.picture("packages")
    chat.watch_spinners()
    chat.press(shop, SMALL)
    link = chat.said(LINK, shop.id)
    assert link.buttons == [PROCEED, PAID_ALREADY]
    b.until(lambda: chat.spinners() == {"began": 1, "ended": 1}, "one spinner that stopped")
    b.picture("link")
    with b.tab(lambda: chat.press(link, PROCEED)):
        b.sees("no money moves", "100 credits", "$5.00")
        b.picture("payment-page")
        b.press(DECLINED)
        b.sees("Your card was declined.", "Nothing was charged.")
        b.picture("declined")
        b.press(CARD)
        b.sees("Payment received", "100.00 credits", "$5.00", "Your credits have been added.")
        assert "/payment-success?session_id=cs_test_" in b.address
        b.picture("payment-success")
        b.press(TO_THE_BOT)
        chat.ready()
        b.until(lambda: chat.bot_said(RECEIPT), "the receipt, back in the chat")
        b.picture("back-in-the-chat")
    assert chat.said(RECEIPT, link.id)
    edited = b.until(
        lambda: next((m for m in chat.messages() if m.id == link.id and m.edited), None), "an edit"
    )
    assert edited is not None
    assert (edited.text, edited.buttons) == (PAID, [])
    chat.say("/balance", "Balance: 100.00 credits")
    chat.say("/history", "+100.00 bought")
    b.picture("balance")
    assert receipts(chat) == [RECEIPT]


def test_a_bank_transfer_arrives_later(chat: Chat) -> None:
    chat.begin()
    link = chat.buy(SMALL)
    pay(chat, link, ARRIVES, ANY_STATE)
    chat.said("Thank you! Your payment is on its way.", link.id)
    chat.browser.picture("on-its-way")
    chat.said(RECEIPT, link.id)
    chat.said(PAID)
    chat.browser.picture("arrived")
    assert receipts(chat) == [RECEIPT]


def test_a_bank_transfer_that_fails_can_be_tried_again(chat: Chat) -> None:
    chat.begin()
    link = chat.buy(SMALL)
    pay(chat, link, FAILS, ANY_STATE)
    failed = chat.said("your payment did not go through", link.id)
    chat.browser.picture("failed")
    chat.said("❌ Not paid.")
    chat.press(failed, "Try again: 100 credits · $5.00")
    another = chat.said(LINK, failed.id)
    assert another.links != link.links
    pay(chat, another, CARD, "Payment received")
    chat.said(RECEIPT, failed.id)
    chat.browser.picture("paid")
    assert receipts(chat) == [RECEIPT]


def test_an_expired_link_takes_no_money_even_in_a_tab_that_was_open_before(chat: Chat) -> None:
    b = chat.browser
    chat.begin()
    link = chat.buy(SMALL)
    with b.tab(lambda: chat.press(link, PROCEED)):
        old_form = b.driver.current_window_handle
        b.driver.switch_to.new_window("tab")
        b.open(link.links[0])
        b.press(EXPIRE)
        b.sees("This checkout has expired")
        b.picture("expired-page")
        b.watch()
        b.driver.close()
        b.driver.switch_to.window(old_form)
        b.press(CARD)
        b.sees("This checkout has expired", "Nothing was charged.")
    expired = b.until(
        lambda: next(iter(chat.bot_said("⌛ This payment link has expired.")), None), "the expiry"
    )
    assert expired is not None
    assert expired.id == link.id
    b.picture("expired")
    chat.press(expired, "Try again: 100 credits · $5.00")
    another = chat.said(LINK)
    assert another.links != link.links
    chat.say("/balance", "Balance: 0.00 credits")
    assert receipts(chat) == []


def test_going_back_costs_nothing_and_the_link_still_works(chat: Chat) -> None:
    b = chat.browser
    chat.begin()
    link = chat.buy(SMALL)
    with b.tab(lambda: chat.press(link, PROCEED)):
        b.press(BACK)
        b.sees("Payment cancelled", "Nothing was charged.")
        assert b.address.endswith("/payment-cancelled")
        b.picture("cancelled")
        b.press(TO_THE_BOT)
        chat.ready()
    pay(chat, link, CARD, "Payment received")
    chat.said(RECEIPT)
    assert receipts(chat) == [RECEIPT]


def test_pressing_a_package_again_and_again_gives_one_checkout_and_one_credit(chat: Chat) -> None:
    b = chat.browser
    chat.begin()
    first = chat.buy(SMALL)
    shop = chat.say("/buy", "Choose a package:")
    chat.press(shop, SMALL, twice=True)
    second = chat.said(LINK, shop.id)
    other = chat.buy(LARGE)
    links = {link for message in chat.bot_said(LINK) for link in message.links}
    assert links == {*first.links, *other.links}
    assert second.links == first.links
    assert other.links != first.links
    b.picture("same-link")
    pay(chat, second, CARD, "Payment received")
    chat.said(RECEIPT)
    # Every message with the paid link says so; the other package's link stays.
    b.until(lambda: [m.links for m in chat.bot_said(LINK)] == [other.links], "one open link")
    b.picture("paid")
    assert receipts(chat) == [RECEIPT]


def test_paying_twice_in_two_tabs_and_going_back_pays_once(chat: Chat) -> None:
    b = chat.browser
    chat.begin()
    link = chat.buy(SMALL)
    with b.tab(lambda: chat.press(link, PROCEED)):
        first = b.driver.current_window_handle
        b.driver.switch_to.new_window("tab")
        second = b.driver.current_window_handle
        b.open(link.links[0])
        b.find(CARD)
        b.driver.switch_to.window(first)
        b.press(CARD)
        b.sees("Payment received")
        b.driver.back()
        b.press(CARD)  # the browser shows the page as it was, with its button
        b.sees("Payment received")
        b.open(link.links[0])
        b.sees("This checkout is paid", "A second payment is not possible.")
        b.picture("back-after-paying")
        b.watch()
        b.driver.switch_to.window(second)
        b.press(CARD)
        b.sees("Payment received")
        b.watch()
        b.driver.close()
        b.driver.switch_to.window(first)
    chat.said(RECEIPT)
    chat.say("/balance", "Balance: 100.00 credits")
    assert receipts(chat) == [RECEIPT]


def test_the_bare_address_leads_to_the_chat(chat: Chat) -> None:
    for path in ("", "/demo/"):
        chat.browser.open(chat.url + path)
        chat.ready()
        assert chat.browser.address == f"{chat.url}/demo"


def test_a_reload_keeps_the_history(chat: Chat) -> None:
    chat.begin()
    link = chat.buy(SMALL)
    pay(chat, link, CARD, "Payment received")
    chat.said(RECEIPT)
    chat.browser.until(lambda: chat.bot_said(PAID), "the edited link")
    before = chat.messages()
    chat.browser.driver.refresh()
    chat.ready()
    chat.browser.until(lambda: chat.messages() == before, "the same messages")


def test_starting_over_makes_a_fresh_person_in_every_tab(chat: Chat) -> None:
    b = chat.browser
    chat.begin()
    pay(chat, chat.buy(SMALL), CARD, "Payment received")
    chat.said(RECEIPT)
    here = b.driver.current_window_handle
    b.driver.switch_to.new_window("tab")
    chat.open()
    assert chat.bot_said(RECEIPT)
    b.press("#fresh")
    b.find("#start")
    assert chat.messages() == []
    b.picture("fresh")
    chat.begin()
    chat.say("/balance", "Balance: 0.00 credits")
    expected = chat.messages()
    b.watch()
    b.driver.close()
    b.driver.switch_to.window(here)
    b.until(lambda: chat.messages() == expected, "the new person's chat in the first tab too")


def test_on_a_phone_everything_fits_and_the_sale_is_made(chat: Chat) -> None:
    b = chat.browser

    def fits(name: str) -> None:
        wide, seen = b.script("return [document.documentElement.scrollWidth, innerWidth]")
        assert wide <= seen, f"{name} is {wide} px wide on {seen}"
        b.picture(name)

    b.size(*PHONE, sharp=2, phone=True)
    chat.open()
    fits("empty")
    chat.begin()
    b.press("#menu")
    b.find("#commands")
    fits("menu")
    b.press("#commands [data-say='/buy']")
    shop = chat.said("Choose a package:")
    chat.press(shop, SMALL)
    link = chat.said(LINK, shop.id)
    fits("link")
    with b.tab(lambda: chat.press(link, PROCEED)):
        fits("payment-page")
        b.press(DECLINED)
        b.sees("Your card was declined.")
        fits("declined")
        b.press(CARD)
        b.sees("Payment received")
        fits("payment-success")
    chat.said(RECEIPT)
    b.dark()
    fits("paid-dark")
    b.press("#about")
    b.sees("About this demo")
    b.press("#panel .try[data-say='/balance']")
    chat.said("Balance: 100.00 credits", shop.id)
    fits("balance-dark")


def test_a_restart_in_the_middle_of_a_sale_loses_nothing(browser: Browser, tmp_path: Path) -> None:
    with running_demo(tmp_path) as demo:
        chat = Chat(browser, demo.url)
        chat.open()
        chat.begin()
        link = chat.buy(SMALL)
        assert browser.complaints() == []
        demo.stop()  # the chat is open and listens: it must end in time all the same
        browser.sees("connecting")
        browser.picture("stopped")
        demo.start()
        chat.ready()
        browser.picture("back")
        with browser.tab(lambda: browser.script("open(arguments[0])", link.links[0])):
            browser.press(CARD)
            browser.sees("Payment received")
        chat.said(RECEIPT)
        chat.say("/start", "Welcome back! Balance: 100.00 credits.")
        chat.say("/history", "+100.00 bought")
        browser.picture("works-on")
        assert receipts(chat) == [RECEIPT]
        # While nobody listened the page could not reach its events; nothing else may be missing.
        assert [said for said in browser.complaints() if f"{demo.url}/demo/events - " not in said] == []
        assert browser.strangers(demo.url) == set()


def test_the_mock_sells_at_once(browser: Browser, tmp_path: Path) -> None:
    with running_demo(tmp_path, mock=True) as demo:
        chat = Chat(browser, demo.url)
        chat.open()
        shop = chat.begin()
        chat.press(shop, SMALL, twice=True)
        chat.said("Success! Your MOCK purchase was processed. New balance: 100.00")
        chat.say("/balance", "Balance: 100.00 credits")
        browser.sees("There is no Stripe in this demo", "+100.00")
        browser.picture("sold")
        assert len(chat.bot_said("Your MOCK purchase was processed.")) == 1
        assert browser.complaints() == []
        assert browser.strangers(demo.url) == set()
