"""A notice as the message that goes out: its words, their format, its buttons, and its file."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiogram.types import BufferedInputFile, InlineKeyboardMarkup, MessageEntity

from bot_platform.domain import broadcasts, jobs
from bot_platform.domain.outbox import Notice
from bot_platform.domain.packages import PriceList
from bot_platform.telegram import keyboards
from bot_platform.telegram.texts import Texts
from bot_platform.work.engine.project_files import zipped

BAR = 10  # the longest line of progress; a short one has a sign for each part


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """What one message says; `entities` format it."""

    text: str
    buttons: InlineKeyboardMarkup | None = None
    entities: list[MessageEntity] | None = None
    file: BufferedInputFile | None = None


async def compose(
    notice: Notice, texts: Texts, language: str, prices: PriceList, *, local_links: bool
) -> OutgoingMessage:
    """Write a notice down in its person's language."""
    values = notice.text_values
    buttons = keyboards.under(texts, language, prices, notice.text, values)
    match notice.text:
        case "answer" | "work-draft":
            return _answer(notice.text, values, texts, language, buttons)
        case "work-files":
            return await _files(values, texts, language)
        case "broadcast":
            said = await broadcasts.find(values["broadcast"])
            return OutgoingMessage(said.text if said else "")
        case "admin-say-draft" | "admin-say-progress":  # longer than what may stand in a text
            return OutgoingMessage(
                f"{texts.say(notice.text, language, **values)}\n\n{values['says']}", buttons
            )
        case "work-progress":
            values = values | {"bar": bar(values["done"], values["parts"])}
    text = texts.say(notice.text, language, **values)
    if not local_links and keyboards.refused_by_telegram(notice.text, values):
        return OutgoingMessage(f"{text}\n{values['url']}", keyboards.without_link(buttons))
    return OutgoingMessage(text, buttons)


def bar(done: int, parts: int) -> str:
    """Draw how far something has come: 3 of 5 -> `▰▰▰▱▱`."""
    signs = max(1, min(parts, BAR))
    full = min(signs, done * signs // max(1, parts))
    return "▰" * full + "▱" * (signs - full)


def _answer(
    text: str, values: Mapping[str, Any], texts: Texts, language: str, buttons: InlineKeyboardMarkup | None
) -> OutgoingMessage:
    """Say a page of an answer, and below it how the work goes or what came of it."""
    page = values["page"]
    says = text if text == "work-draft" else values["says"]
    below = f"\n\n{texts.say(says, language, **values)}" if says else ""
    entities = [MessageEntity(**entity) for entity in page["entities"]]
    return OutgoingMessage(page["text"].rstrip() + below, buttons, entities)


async def _files(values: Mapping[str, Any], texts: Texts, language: str) -> OutgoingMessage:
    """Pack what is finished of a job."""
    job = await jobs.find(values["job"])
    if job is None or not job.files:
        return OutgoingMessage(texts.say("work-forgotten", language))
    packed = BufferedInputFile(zipped(job.files, job.name), filename=f"{job.name}.zip")
    return OutgoingMessage(texts.say("work-files", language, **values), file=packed)
