"""The bodies of those notices that are more than their text: pages, files, progress, links."""

import asyncio

from aiogram.types import BufferedInputFile, MessageEntity

from bot_platform.domain import broadcasts, jobs
from bot_platform.telegram.notice_buttons import is_link_refused
from bot_platform.telegram.rendering import NoticeView, OutgoingMessage, plain_text
from bot_platform.work.engine.project_files import zipped

MAX_BAR_SIGNS = 10  # a job with fewer parts has one sign for each part


async def answer(view: NoticeView) -> OutgoingMessage:
    """Write a page of an answer, and below it the text that closes the answer, if there is one."""
    return _page(view, view.values["says"])


async def draft(view: NoticeView) -> OutgoingMessage:
    """Write the part of an answer that has arrived, and below it that more follows."""
    return _page(view, view.name)


async def files(view: NoticeView) -> OutgoingMessage:
    """Pack the finished files of a job into a ZIP; after they were erased, say so."""
    job = await jobs.find(view.values["job"])
    if job is None or not job.files:
        return OutgoingMessage(view.say("work-forgotten"))
    packed = await asyncio.to_thread(zipped, job.files, job.name)
    return OutgoingMessage(view.say(view.name), file=BufferedInputFile(packed, filename=f"{job.name}.zip"))


async def whole_answer(view: NoticeView) -> OutgoingMessage:
    """Send an answer that is too long for messages as a file, in Markdown as it was written."""
    whole = BufferedInputFile(view.values["whole"].encode(), filename=f"{view.values['name']}.md")
    return OutgoingMessage(view.say(view.name), file=whole)


async def progress(view: NoticeView) -> OutgoingMessage:
    """Write the text with a progress bar."""
    return OutgoingMessage(view.say(view.name, bar=bar(view.values["done"], view.values["parts"])))


async def payment_link(view: NoticeView) -> OutgoingMessage:
    """Write the text, and the link itself where Telegram refuses the button that carries it."""
    message = await plain_text(view)
    return OutgoingMessage(f"{message.text}\n{view.values['url']}") if is_link_refused(view) else message


async def broadcast(view: NoticeView) -> OutgoingMessage:
    """Write the operator's own words; they stand in the broadcast's row, not in each notice."""
    found = await broadcasts.find(view.values["broadcast"])
    return OutgoingMessage(found.text if found else "")


async def questions(view: NoticeView) -> OutgoingMessage:
    """Write the questions of several people below one another."""
    asked = view.values["questions"]
    lines = [view.say("paysupport-questions-line", **one) for one in asked]
    return OutgoingMessage("\n\n".join([view.say(view.name, n=len(asked)), *lines]))


async def quoting(view: NoticeView) -> OutgoingMessage:
    """Write the text, and below it the words of a broadcast, which are too long for a value of a text."""
    return OutgoingMessage(f"{view.say(view.name)}\n\n{view.values['says']}")


def bar(done: int, parts: int) -> str:
    """Draw a progress bar: 3 of 5 gives `▰▰▰▱▱`."""
    signs = max(1, min(parts, MAX_BAR_SIGNS))
    full = min(signs, done * signs // max(1, parts))
    return "▰" * full + "▱" * (signs - full)


def _page(view: NoticeView, closing_text: str) -> OutgoingMessage:
    page = view.values["page"]
    below = f"\n\n{view.say(closing_text)}" if closing_text else ""
    entities = [MessageEntity(**entity) for entity in page["entities"]]
    return OutgoingMessage(page["text"].rstrip() + below, entities=entities)
