"""Every message that the outbox can hold, one line each: the name of its text, its buttons, its body."""

from collections.abc import Mapping
from dataclasses import replace

import structlog
from aiogram.types import InlineKeyboardMarkup

from bot_platform.domain.outbox import Notice
from bot_platform.domain.packages import PriceList
from bot_platform.telegram import notice_bodies as bodies
from bot_platform.telegram import notice_buttons as buttons
from bot_platform.telegram.rendering import NoticeView, OutgoingMessage, Rendering
from bot_platform.telegram.texts import Texts

log = structlog.get_logger()

WORK_FAILED = "work-failed"  # shown instead of a text that a kind of work names and that does not exist


def closing_buttons(view: NoticeView) -> InlineKeyboardMarkup | None:
    """Put under an answer the buttons of the text that closes it."""
    return rendering_of(view.values["says"]).buttons(view)


PLAIN = Rendering()  # the text of that name, without buttons

RENDERINGS: Mapping[str, Rendering] = {
    # Buying
    "checkout-link": Rendering(buttons.pay, bodies.payment_link),
    "checkout-paid": PLAIN,
    "checkout-reversed": PLAIN,
    "checkout-on-its-way": PLAIN,
    "checkout-kept-aside": PLAIN,
    "checkout-failed": PLAIN,
    "checkout-expired": Rendering(buttons.buy_again),
    "payment-received": PLAIN,
    "payment-on-its-way": PLAIN,
    "payment-failed": Rendering(buttons.buy_again),
    "payment-kept-aside": PLAIN,
    "payment-returned": PLAIN,
    "still-kept-aside": PLAIN,
    "still-on-its-way": PLAIN,
    "mock-success": PLAIN,
    # The account
    "credits-taken-back": PLAIN,
    "credits-given-back": PLAIN,
    "credits-granted": PLAIN,
    "credits-withdrawn": PLAIN,
    "spending-frozen": PLAIN,
    "spending-free": PLAIN,
    "spending-free-disputed": PLAIN,
    "banned": PLAIN,
    "let-back": PLAIN,
    "low-balance": Rendering(buttons.shop),
    # Messages of which something cannot be read
    "only-words": PLAIN,
    "order-unread": Rendering(buttons.words_alone),
    "order-unread-long": PLAIN,
    # Messages and presses that were given up
    "update-unreadable": PLAIN,
    "server-error": PLAIN,
    # Paid work, in the order of its life
    "work-accepted": Rendering(buttons.stop, passing=True),
    "work-woken": Rendering(buttons.stop, passing=True),
    "work-waits": Rendering(buttons.offer),
    "work-waits-frozen": Rendering(buttons.cancel),
    "work-waits-banned": Rendering(buttons.cancel),
    "work-waits-broken": Rendering(buttons.cancel),
    "work-draft": Rendering(buttons.stop, bodies.draft, passing=True),
    "work-progress": Rendering(buttons.stop, bodies.progress, passing=True),
    "work-stopping": Rendering(passing=True),
    "work-below": Rendering(passing=True),
    "answer": Rendering(closing_buttons, bodies.answer),
    "work-files": Rendering(body=bodies.files),
    "work-whole-answer": Rendering(body=bodies.whole_answer),
    "work-done": PLAIN,
    "work-cut": Rendering(buttons.order_again),
    "work-cancelled": Rendering(buttons.files),
    "work-expired": Rendering(buttons.order_again),
    "work-failed": Rendering(buttons.order_again),
    "work-empty": PLAIN,
    "work-forgotten": PLAIN,
    "model-down": Rendering(buttons.order_again),
    "model-busy": Rendering(buttons.order_again),
    "model-cut": Rendering(buttons.order_again),
    "work-length": PLAIN,
    "work-thinking": Rendering(buttons.stop, passing=True),
    "model-refused": PLAIN,
    "model-unclear": Rendering(buttons.order_again),
    "model-empty": Rendering(buttons.order_again),
    "model-too-long": PLAIN,
    "model-length": PLAIN,
    "model-thought": Rendering(buttons.order_again),
    "model-out-of-credit": PLAIN,
    "model-misconfigured": PLAIN,
    "model-missing": PLAIN,
    "build-no-plan": PLAIN,
    "build-stopped": PLAIN,
    # For operators
    "paysupport-question": Rendering(buttons.look_at_user),
    "paysupport-questions": Rendering(body=bodies.questions),
    "operator-event": Rendering(buttons.look_at_event),
    "operator-finding": Rendering(buttons.look_at_purchase),
    "operator-dispute": Rendering(buttons.look_at_purchase),
    "operator-unknown-status": Rendering(buttons.look_at_purchase),
    "operator-refund-undone": Rendering(buttons.look_at_purchase),
    "operator-refund-refused": Rendering(buttons.look_at_purchase),
    "operator-notice-lost": Rendering(buttons.look_at_lost),
    "operator-update-given-up": Rendering(buttons.look_at_sender),
    "operator-books-off": PLAIN,
    "operator-outage": PLAIN,
    "operator-outage-over": PLAIN,
    "operator-refused": PLAIN,
    "operator-refused-over": PLAIN,
    "operator-webhooks-late": PLAIN,
    "operator-webhooks-late-over": PLAIN,
    "admin-refund-draft": Rendering(buttons.confirm_refund),
    "admin-refund-asked": Rendering(buttons.look_at_purchase),
    "admin-refund-done": Rendering(buttons.look_at_purchase),
    "admin-refund-undone": Rendering(buttons.look_at_purchase),
    "admin-refund-refused": Rendering(buttons.look_at_purchase),
    "admin-refund-dropped": PLAIN,
    "admin-say-draft": Rendering(buttons.confirm_broadcast, bodies.quoting),
    "admin-say-progress": Rendering(buttons.stop_broadcast, bodies.quoting),
    "admin-say-dropped": PLAIN,
    # For everybody, in the operator's words
    "broadcast": Rendering(body=bodies.broadcast),
}


def rendering_of(name: str) -> Rendering:
    """Find how a notice is rendered; a text of the operator's own paid work is plain."""
    return RENDERINGS.get(name, PLAIN)


async def compose(
    notice: Notice, texts: Texts, language: str, prices: PriceList, *, local_links: bool
) -> OutgoingMessage:
    """Write a notice in the reader's language; `local_links` as in NoticeView.

    A job's text that does not exist, or lacks a value, is shown as WORK_FAILED. Raises KeyError for others.
    """
    view = NoticeView(notice.text, notice.text_values, texts, language, prices, local_links)
    try:
        return await _rendered(view)
    except KeyError as error:
        if not notice.is_about_a_job or notice.text == WORK_FAILED:
            raise
        log.error("work.no_such_text", text=notice.text, missing=str(error), job=notice.subject)
    return await _rendered(replace(view, name=WORK_FAILED))


async def _rendered(view: NoticeView) -> OutgoingMessage:
    rendering = rendering_of(view.name)
    return replace(await rendering.body(view), buttons=rendering.buttons(view))
