"""An unmodified aiogram bot on the sandbox session, and the fake's Telegram behaviour."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiogram import Bot, Dispatcher, F, Router
from aiogram.client.default import DefaultBotProperties
from aiogram.exceptions import (
    RestartingTelegram,
    TelegramAPIError,
    TelegramBadRequest,
    TelegramConflictError,
    TelegramEntityTooLarge,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiogram.filters import CommandStart
from aiogram.methods import SendDice
from aiogram.types import (
    BotCommand,
    BotCommandScopeAllPrivateChats,
    BufferedInputFile,
    CallbackQuery,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    Message,
)

from bot_platform.sandbox.telegram import Fault, FloodLimits, Person, SandboxSession, TelegramWorld
from tests.makers import eventually
from tests.waiting import moving_clock

BUYER = Person(7_000_000_001, "Buyer", "buyer", "en")
BEN = Person(7_000_000_002, "Ben", None, "de")


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def world(clock: Clock) -> TelegramWorld:
    return TelegramWorld(clock=clock, first_id=100)


@pytest.fixture
def bot(world: TelegramWorld) -> Bot:
    return Bot(world.token, session=SandboxSession(world), default=DefaultBotProperties(parse_mode="HTML"))


def keyboard(**button: Any) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(**{"text": "Press", **button})]])


def shop() -> Router:
    router = Router()

    @router.message(CommandStart())
    async def start(message: Message) -> None:
        await message.answer("Hello, <b>you</b>!", reply_markup=keyboard(callback_data="buy_100"))

    @router.callback_query(F.data == "buy_100")
    async def buy(query: CallbackQuery) -> None:
        await query.answer("One moment")
        assert isinstance(query.message, Message)
        await query.message.edit_text("Bought")

    @router.message()
    async def echo(message: Message) -> Any:
        return message.answer(message.text or "?")

    return router


async def until(condition: Callable[[], bool]) -> None:
    await eventually(condition)


@pytest.fixture
async def polling(world: TelegramWorld, bot: Bot) -> AsyncIterator[TelegramWorld]:
    dispatcher = Dispatcher()
    dispatcher.include_router(shop())
    poller = asyncio.create_task(dispatcher.start_polling(bot, handle_signals=False))
    yield world
    await until(lambda: any(call.method == "getUpdates" for call in world.calls))
    await dispatcher.stop_polling()
    await poller


async def test_the_bot_answers_a_message(polling: TelegramWorld) -> None:
    polling.say(BUYER, "/start")
    await until(lambda: len(polling.messages(BUYER.id)) == 2)
    said, answer = polling.messages(BUYER.id)
    assert said["entities"] == [{"type": "bot_command", "offset": 0, "length": 6}]
    assert answer["text"] == "Hello, you!"
    assert answer["entities"] == [{"type": "bold", "offset": 7, "length": 3}]


async def test_a_press_is_answered_and_the_message_edited(polling: TelegramWorld) -> None:
    polling.say(BUYER, "/start")
    await until(lambda: len(polling.messages(BUYER.id)) == 2)
    answer = polling.messages(BUYER.id)[1]
    with polling.watch(BUYER.id) as changes:
        query_id = polling.press(BUYER, answer["message_id"], "buy_100")
        answered, edited = await changes.next(2), await changes.next(2)
    assert answered
    assert edited
    assert (answered["kind"], answered["query_id"], answered["text"]) == ("answered", query_id, "One moment")
    assert (edited["kind"], edited["message"]["text"]) == ("edited", "Bought")
    assert "reply_markup" not in polling.messages(BUYER.id)[1]
    assert polling.messages(BUYER.id)[1]["edit_date"]


async def test_200_people_get_one_answer_each(polling: TelegramWorld) -> None:
    people = [Person(8_000_000_000 + number) for number in range(200)]
    for person in people:
        polling.say(person, f"I am {person.id}")
    await until(lambda: all(len(polling.messages(person.id)) == 2 for person in people))
    assert all(polling.messages(person.id)[1]["text"] == f"I am {person.id}" for person in people)


async def test_a_stop_does_not_wait_for_the_long_poll(world: TelegramWorld, bot: Bot) -> None:
    dispatcher = Dispatcher()
    dispatcher.include_router(shop())
    poller = asyncio.create_task(dispatcher.start_polling(bot, handle_signals=False, polling_timeout=30))
    await until(lambda: any(call.method == "getUpdates" for call in world.calls))
    await dispatcher.stop_polling()
    await poller
    assert world.calls[-1].outcome == "cancelled"


async def test_defaults_are_resolved_before_telegram_sees_them(world: TelegramWorld, bot: Bot) -> None:
    world.say(BUYER, "hello")
    await bot.send_message(BUYER.id, "&lt;<i>so</i>&gt;")
    call = world.calls[-1]
    assert call.params == {"chat_id": BUYER.id, "text": "&lt;<i>so</i>&gt;", "parse_mode": "HTML"}
    assert (call.method, call.outcome) == ("sendMessage", "ok")
    assert world.messages(BUYER.id)[-1]["text"] == "<so>"


async def test_returned_objects_belong_to_the_bot(world: TelegramWorld, bot: Bot) -> None:
    world.say(BUYER, "hello")
    message = await bot.send_message(BUYER.id, "one")
    edited = await message.edit_text("two")
    assert isinstance(edited, Message)
    assert await edited.delete()
    assert [each["text"] for each in world.messages(BUYER.id)] == ["hello"]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(400, "Bad Request: so"), TelegramBadRequest),
        (Fault(401, "Unauthorized"), TelegramUnauthorizedError),
        (Fault(403, "Forbidden: user is deactivated"), TelegramForbiddenError),
        (Fault(404, "Not Found"), TelegramNotFound),
        (Fault(409, "Conflict: so"), TelegramConflictError),
        (Fault(413, "Request Entity Too Large"), TelegramEntityTooLarge),
        (Fault(418, "I'm a teapot"), TelegramAPIError),
        (Fault(429, "Too Many Requests: retry after 3", retry_after=3), TelegramRetryAfter),
        (Fault(500, "Internal Server Error"), TelegramServerError),
        (Fault(500, "Internal Server Error: restart"), RestartingTelegram),
        (Fault(network_error=True), TelegramNetworkError),
    ],
)
async def test_a_fault_is_raised_as_aiogram_raises_it(
    world: TelegramWorld, bot: Bot, fault: Fault, error: type[TelegramAPIError]
) -> None:
    world.say(BUYER, "hello")
    world.fail("sendMessage", fault)
    with pytest.raises(TelegramAPIError) as raised:
        await bot.send_message(BUYER.id, "one")
    assert type(raised.value) is error
    assert len(world.messages(BUYER.id)) == 1
    await bot.send_message(BUYER.id, "two")
    assert not isinstance(raised.value, TelegramMigrateToChat)


async def test_a_call_with_a_lost_answer_is_executed(world: TelegramWorld, bot: Bot) -> None:
    world.say(BUYER, "hello")
    world.fail("sendMessage", Fault(lose_answer=True))
    with pytest.raises(TelegramNetworkError):
        await bot.send_message(BUYER.id, "one")
    assert world.messages(BUYER.id)[-1]["text"] == "one"
    assert world.calls[-1].outcome == "lost"


async def test_a_late_answer_is_a_timeout(world: TelegramWorld, bot: Bot) -> None:
    clock = moving_clock()
    world.fail("getMe", Fault(delay=60))
    asking = asyncio.create_task(bot.get_me(request_timeout=10))
    await until(lambda: clock.delays > 0)
    clock.move(10)
    with pytest.raises(TelegramNetworkError, match="timeout"):
        await asking


async def test_a_fault_for_one_chat_does_not_affect_others(world: TelegramWorld, bot: Bot) -> None:
    world.say(BUYER, "hello")
    world.say(BEN, "hallo")
    world.fail("*", Fault(500, "Internal Server Error", chat_id=BUYER.id, times=None))
    await bot.send_message(BEN.id, "one")
    for _ in range(2):
        with pytest.raises(TelegramServerError):
            await bot.send_message(BUYER.id, "one")
    world.clear_faults()
    await bot.send_message(BUYER.id, "one")


async def test_the_bot_can_write_only_to_people_who_wrote_and_did_not_block_it(
    world: TelegramWorld, bot: Bot
) -> None:
    with pytest.raises(TelegramBadRequest, match="chat not found"):
        await bot.send_message(BUYER.id, "one")
    world.say(BUYER, "hello")
    world.block(BUYER)
    with pytest.raises(TelegramForbiddenError, match="Forbidden: bot was blocked by the user"):
        await bot.send_message(BUYER.id, "one")
    world.unblock(BUYER)
    await bot.send_message(BUYER.id, "one")
    kinds = [next(iter(update.keys() - {"update_id"})) for update in world.updates.pending.values()]
    assert kinds == ["message", "my_chat_member", "my_chat_member"]


async def test_edits_are_refused_as_telegram_refuses_them(world: TelegramWorld, bot: Bot) -> None:
    said = world.say(BUYER, "hello")
    message = await bot.send_message(BUYER.id, "one", reply_markup=keyboard(callback_data="a"))
    with pytest.raises(TelegramBadRequest, match="message is not modified"):
        await message.edit_text("one", reply_markup=keyboard(callback_data="a"))
    with pytest.raises(TelegramBadRequest, match="message is not modified"):
        await message.edit_reply_markup(reply_markup=keyboard(callback_data="a"))
    with pytest.raises(TelegramBadRequest, match="message to edit not found"):
        await bot.edit_message_text("two", chat_id=BUYER.id, message_id=999)
    with pytest.raises(TelegramBadRequest, match="message can't be edited"):
        await bot.edit_message_text("two", chat_id=BUYER.id, message_id=said["message_id"])
    with pytest.raises(TelegramBadRequest, match="message to delete not found"):
        await bot.delete_message(BUYER.id, 999)
    await message.edit_reply_markup(reply_markup=keyboard(callback_data="b"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("  ", "message text is empty"),
        ("a" * 4097, "message is too long"),
        ("1 < 2", "can't parse entities"),
        ("<b>bold", "Can't find end tag"),
        ("<b><i>bold</b></i>", "Unmatched end tag"),
        ("<h1>so</h1>", 'Unsupported start tag "h1"'),
    ],
)
async def test_bad_texts_are_refused(world: TelegramWorld, bot: Bot, text: str, reason: str) -> None:
    world.say(BUYER, "hello")
    with pytest.raises(TelegramBadRequest, match=reason):
        await bot.send_message(BUYER.id, text)


async def test_entities_count_as_telegram_counts_them(world: TelegramWorld, bot: Bot) -> None:
    world.say(BUYER, "hello")
    message = await bot.send_message(
        BUYER.id, '😀 <a href="https://a.org/?b=1&amp;c">here</a> or /buy, https://b.org.'
    )
    assert message.entities
    assert [(each.type, each.extract_from(message.text or "")) for each in message.entities] == [
        ("text_link", "here"),
        ("bot_command", "/buy"),
        ("url", "https://b.org"),
    ]
    assert message.entities[0].url == "https://a.org/?b=1&c"


@pytest.mark.parametrize(
    "button",
    [
        {"callback_data": "ä" * 33},
        {"url": "http://localhost:8000/pay"},
        {"url": "http://127.0.0.1:8000/pay"},
        {"url": "javascript:alert(1)"},
        {},
    ],
)
async def test_bad_buttons_are_refused(world: TelegramWorld, bot: Bot, button: dict[str, str]) -> None:
    world.say(BUYER, "hello")
    with pytest.raises(TelegramBadRequest):
        await bot.send_message(BUYER.id, "one", reply_markup=keyboard(**button))
    await bot.send_message(BUYER.id, "one", reply_markup=keyboard(url="https://example.org/pay"))


async def test_the_demo_allows_local_urls(bot: Bot) -> None:
    world = TelegramWorld(allow_local_urls=True)
    local = Bot(world.token, session=SandboxSession(world))
    world.say(BUYER, "hello")
    await local.send_message(BUYER.id, "one", reply_markup=keyboard(url="http://localhost:8000/pay"))
    assert bot.token == local.token


async def test_a_callback_is_answered_once_and_within_15_seconds(
    world: TelegramWorld, bot: Bot, clock: Clock
) -> None:
    world.say(BUYER, "hello")
    message = await bot.send_message(BUYER.id, "one", reply_markup=keyboard(callback_data="a"))
    first, second = (world.press(BUYER, message.message_id, "a") for _ in range(2))
    assert await bot.answer_callback_query(first)
    for query_id in (first, "unknown"):
        with pytest.raises(TelegramBadRequest, match="query is too old and response timeout expired"):
            await bot.answer_callback_query(query_id)
    clock.now += 16
    with pytest.raises(TelegramBadRequest, match="query ID is invalid"):
        await bot.answer_callback_query(second)
    with pytest.raises(LookupError):
        world.press(BUYER, message.message_id, "b")
    assert world.press(BUYER, message.message_id, "b", stale=True)


async def test_floods_are_refused_when_the_limits_are_on(clock: Clock) -> None:
    world = TelegramWorld(clock=clock, flood=FloodLimits())
    bot = Bot(world.token, session=SandboxSession(world))
    people = [Person(8_000_000_000 + number) for number in range(40)]
    for person in people:
        world.say(person, "hello")
    for _ in range(5):
        await bot.send_message(people[0].id, "one")
    with pytest.raises(TelegramRetryAfter) as raised:
        await bot.send_message(people[0].id, "one")
    assert raised.value.retry_after == 1
    clock.now += 1
    for person in people[:30]:
        await bot.send_message(person.id, "one")
    with pytest.raises(TelegramRetryAfter):
        await bot.send_message(people[30].id, "one")


async def test_update_ids_increase_and_updates_are_kept_until_confirmed(
    world: TelegramWorld, bot: Bot
) -> None:
    for text in ("one", "two", "three"):
        world.say(BUYER, text)
    first = await bot.get_updates(limit=2)
    assert [update.update_id for update in first] == [100, 101]
    assert len(await bot.get_updates()) == 3
    assert [update.update_id for update in await bot.get_updates(offset=102)] == [102]
    assert await bot.get_updates(offset=103) == []


async def test_a_second_poll_ends_the_first(world: TelegramWorld, bot: Bot) -> None:
    older = asyncio.create_task(bot.get_updates(timeout=5))
    await until(lambda: len(world.calls) == 1)
    newer = asyncio.create_task(bot.get_updates(timeout=5))
    with pytest.raises(TelegramConflictError, match="terminated by other getUpdates request"):
        await older
    world.say(BUYER, "hello")
    assert len(await newer) == 1


async def test_a_webhook_and_a_poll_exclude_each_other(world: TelegramWorld, bot: Bot) -> None:
    poll = asyncio.create_task(bot.get_updates(timeout=5))
    await until(lambda: len(world.calls) == 1)
    await bot.set_webhook("https://example.org/hook", secret_token="secret", allowed_updates=["message"])
    with pytest.raises(TelegramConflictError, match="setWebhook"):
        await poll
    with pytest.raises(TelegramConflictError, match="webhook is active"):
        await bot.get_updates()
    info = await bot.get_webhook_info()
    assert (info.url, info.allowed_updates) == ("https://example.org/hook", ["message"])
    await bot.delete_webhook()
    assert await bot.get_updates() == []


async def test_a_local_or_unsafe_webhook_is_refused(bot: Bot) -> None:
    for url in ("http://example.org/hook", "https://localhost/hook", "https://example.org:8000/hook"):
        with pytest.raises(TelegramBadRequest, match="bad webhook"):
            await bot.set_webhook(url)
    with pytest.raises(TelegramBadRequest, match="secret token"):
        await bot.set_webhook("https://example.org/hook", secret_token="with space")


async def test_only_the_updates_asked_for_are_sent(world: TelegramWorld, bot: Bot) -> None:
    await bot.get_updates(allowed_updates=["callback_query"])
    world.say(BUYER, "hello")
    message = await bot.send_message(BUYER.id, "one", reply_markup=keyboard(callback_data="a"))
    world.press(BUYER, message.message_id, "a")
    (update,) = await bot.get_updates()
    assert update.callback_query


async def test_the_menu_depends_on_scope_and_language(world: TelegramWorld, bot: Bot) -> None:
    await bot.set_my_commands([BotCommand(command="buy", description="Buy")])
    await bot.set_my_commands(
        [BotCommand(command="buy", description="Kaufen")],
        scope=BotCommandScopeAllPrivateChats(),
        language_code="de",
    )
    assert [each.description for each in await bot.get_my_commands()] == ["Buy"]
    assert [world.commands_for(person)[0]["description"] for person in (BUYER, BEN)] == ["Buy", "Kaufen"]
    await bot.delete_my_commands(scope=BotCommandScopeAllPrivateChats(), language_code="de")
    assert world.commands_for(BEN)[0]["description"] == "Buy"
    with pytest.raises(TelegramBadRequest, match="BOT_COMMAND_INVALID"):
        await bot.set_my_commands([BotCommand(command="Buy!", description="Buy")])


async def test_descriptions_are_stored_per_language(world: TelegramWorld, bot: Bot) -> None:
    await bot.set_my_description("I sell credits.")
    await bot.set_my_short_description("Credits")
    assert (await bot.get_my_description()).description == "I sell credits."
    assert (await bot.get_my_short_description()).short_description == "Credits"
    assert world.description_for(BEN) == "I sell credits."


async def test_a_document_arrives_and_can_be_fetched(world: TelegramWorld, bot: Bot) -> None:
    said = world.say(BUYER, "hello")
    message = await bot.send_document(
        BUYER.id,
        BufferedInputFile(b"# Answer", "answer.md"),
        caption="<b>Done</b>",
        reply_to_message_id=said["message_id"],
    )
    assert message.document
    assert (message.document.file_name, message.caption) == ("answer.md", "Done")
    fetched = await bot.download(message.document)
    assert fetched
    assert fetched.read() == b"# Answer"


async def test_unknown_methods_and_tokens_are_refused(world: TelegramWorld, bot: Bot) -> None:
    with pytest.raises(TelegramNotFound):
        await bot(SendDice(chat_id=BUYER.id))
    with pytest.raises(TelegramUnauthorizedError):
        await Bot("1:other", session=SandboxSession(world)).get_me()
    assert (await bot.get_me()).username == "sandbox_bot"


async def test_watchers_see_chat_actions_and_unknown_actions_are_refused(
    world: TelegramWorld, bot: Bot
) -> None:
    world.say(BUYER, "hello")
    with world.watch(BUYER.id) as changes:
        await bot.send_chat_action(BUYER.id, "typing")
        assert await changes.next(1) == {"kind": "typing", "action": "typing"}
    with pytest.raises(TelegramBadRequest, match="wrong parameter action"):
        await bot.send_chat_action(BUYER.id, "dancing")


async def test_closing_the_world_ends_every_watch(world: TelegramWorld) -> None:
    with world.watch(BUYER.id) as early:
        world.say(BUYER, "hello")
        world.close()
        assert [change["kind"] async for change in early] == ["message"]
    with world.watch(BUYER.id) as late:
        assert [change async for change in late] == []


async def test_a_watcher_that_never_reads_is_cut_off(world: TelegramWorld) -> None:
    with world.watch(BUYER.id) as changes:
        for number in range(1100):
            world.say(BUYER, str(number))
        assert len([change async for change in changes]) == 1000


def test_an_invalid_text_from_a_person_is_refused(world: TelegramWorld) -> None:
    for text in ("", " \n", "a" * 4097, "\ud800"):
        with pytest.raises(ValueError, match=r"."):
            world.say(BUYER, text)
    assert world.messages(BUYER.id) == []
