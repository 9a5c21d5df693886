"""Paid work: ordering, listing, stopping and reordering jobs, and erasing their texts."""

from collections.abc import Sequence

from aiogram import Bot, F, Router
from aiogram.filters import CommandObject
from aiogram.types import CallbackQuery, Message

from bot_platform.domain import jobs, ledger
from bot_platform.domain.errors import CannotOrder, NoSuchJob
from bot_platform.domain.ids import parse_id
from bot_platform.domain.jobs import Job, JobState
from bot_platform.domain.places import Place
from bot_platform.domain.users import User
from bot_platform.flows import job_retention, not_read, order_work
from bot_platform.flows.wake import missing_to_start
from bot_platform.infra.database import Database
from bot_platform.telegram import contents, keyboards
from bot_platform.telegram.commands import command
from bot_platform.telegram.middleware import Registered
from bot_platform.telegram.texts import Say, Texts
from bot_platform.work.engine.orders import Orders

MAX_TITLE_CHARS = 40  # of a request, shown in a list


def screen(orders: Orders) -> Router:
    """Build the router of this screen; its commands are the kinds of paid work."""
    router = Router(name="work")
    router.message.middleware(Registered())
    router.callback_query.middleware(Registered())
    router.message.register(order, command(*orders.kinds))
    router.message.register(list_jobs, command("jobs"))
    router.message.register(cancel, command("cancel"))
    router.message.register(begin_anew, command("new"))
    router.message.register(forget, command("forget"))
    router.callback_query.register(order_words, F.data.startswith(keyboards.WORDS))
    router.callback_query.register(stop, F.data.startswith(keyboards.STOP))
    router.callback_query.register(put_first, F.data.startswith(keyboards.FIRST))
    router.callback_query.register(send_files, F.data.startswith(keyboards.FILES))
    router.callback_query.register(order_again, F.data.startswith(keyboards.AGAIN))
    return router


async def order(
    message: Message,
    command: CommandObject,
    database: Database,
    orders: Orders,
    user: User,
    request_key: str,
) -> None:
    """Order work; the reply comes through the outbox. What would not be read is said before the order."""
    kind, request, place = (
        orders.kinds[command.command.casefold()],
        command.args or "",
        contents.place_of(message),
    )
    if lost := contents.unread(message, reads_quotes=kind.reads_quotes):
        key, chat_id = contents.key_of(message, request_key), message.chat.id
        if contents.is_joined(message):  # the button would find only the first part
            await not_read.ask_to_repeat(database, key, chat_id, place, what=lost)
        else:
            size = len(request)
            await not_read.ask_for_words_alone(
                database, key, chat_id, place, what=lost, kind=kind.code, words=size
            )
        return
    quoted = contents.quoted(message) if kind.reads_quotes else ""
    await orders.order(user, kind.code, request, request_key, quoted=quoted, place=place)


async def order_words(query: CallbackQuery, orders: Orders, user: User) -> None:
    """Order work by the words alone of a message that holds more; a repeated press finds the same job."""
    shown = query.message if isinstance(query.message, Message) else None
    asked = shown.reply_to_message if shown else None
    request = contents.words(asked).split(maxsplit=1)[1:] if asked else []
    if not (asked and request):
        raise CannotOrder("order-words-gone")
    code, key = (query.data or "").removeprefix(keyboards.WORDS), f"words:{user.id}:{asked.message_id}"
    place = Place(contents.thread_of(query), asked.message_id)
    await orders.order(user, code, request[0], key, place=place)


async def list_jobs(message: Message, texts: Texts, user: User, language: str, say: Say) -> None:
    """List the running and the waiting jobs."""
    found = await jobs.open_of(user.id)
    if not found:
        await message.answer(say("jobs-none"))
        return
    buttons = keyboards.open_jobs(texts, language, found, can_be_first=True)
    await message.answer(await _list("jobs", found, user, say), reply_markup=buttons)


async def cancel(message: Message, orders: Orders, texts: Texts, user: User, language: str, say: Say) -> None:
    """Stop the only open job, or ask which one."""
    found = await jobs.open_of(user.id)
    match found:
        case []:
            await message.answer(say("cancel-none"))
        case [job]:
            await order_work.cancel(orders.context, user, job.id)
            await message.answer(say("cancel-one", kind=job.kind, says=_title(job)))
        case _:
            buttons = keyboards.open_jobs(texts, language, found, can_be_first=False)
            await message.answer(await _list("cancel-which", found, user, say), reply_markup=buttons)


async def begin_anew(message: Message, orders: Orders, user: User, say: Say) -> None:
    """Start a new conversation: later orders do not build on earlier ones."""
    await job_retention.start_anew(orders.context, user)
    await message.answer(say("conversation-new"))


async def forget(message: Message, orders: Orders, user: User, say: Say) -> None:
    """Erase the texts of the user's jobs."""
    still_open = await job_retention.forget(orders.context, user)
    await message.answer(say("forgotten", open=still_open))


async def stop(query: CallbackQuery, orders: Orders, user: User) -> None:
    """Stop the job whose button was pressed; the job's message says so."""
    await order_work.cancel(orders.context, user, _number(query, keyboards.STOP))


async def put_first(
    query: CallbackQuery, bot: Bot, orders: Orders, texts: Texts, user: User, language: str, say: Say
) -> None:
    """Put the job whose button was pressed before all others, and show the new list."""
    await order_work.put_first(orders.context, user, _number(query, keyboards.FIRST))
    found = await jobs.open_of(user.id)
    buttons = keyboards.open_jobs(texts, language, found, can_be_first=True)
    await bot.send_message(
        user.telegram_id,
        await _list("jobs", found, user, say),
        message_thread_id=contents.thread_of(query),
        reply_markup=buttons,
    )


async def send_files(query: CallbackQuery, orders: Orders, user: User, request_key: str) -> None:
    """Send the finished files of the job whose button was pressed."""
    await job_retention.send_files(orders.context, user, _number(query, keyboards.FILES), request_key)


async def order_again(query: CallbackQuery, orders: Orders, user: User) -> None:
    """Order the work of a failed or expired job again."""
    await orders.order_again(user, _number(query, keyboards.AGAIN))


def _number(query: CallbackQuery, before: str) -> int:
    number = parse_id((query.data or "").removeprefix(before))
    if number is None:
        raise NoSuchJob
    return number


async def _list(heading: str, found: Sequence[Job], user: User, say: Say) -> str:
    account = await ledger.find_account(user.id)
    waiting = [job for job in found if job.state is JobState.PARKED]
    lines = [
        say(
            "jobs-line",
            n=str(n),
            kind=job.kind,
            says=_title(job),
            state=job.state.value,
            done=job.done,
            parts=job.parts,
            most=job.most,
            missing=missing_to_start(account, job, waiting) if job in waiting else 0,
        )
        for n, job in enumerate(found[: keyboards.MAX_LISTED], start=1)
    ]
    if more := len(found) - len(lines):
        lines.append(say("jobs-more", n=more))
    return "\n".join([say(heading), "", *lines])


def _title(job: Job) -> str:
    """Quote the beginning of the request."""
    text = " ".join((job.request or {}).get("text", "").split())
    return f"“{text[:MAX_TITLE_CHARS]}{'…' if len(text) > MAX_TITLE_CHARS else ''}”"
