"""Commands are known in any case and with this bot's name, and long texts that an app cut are one."""

import pytest

from bot_platform.telegram.pastes import MAX_PART_UNITS
from tests.makers import BUYER
from tests.stories.test_what_is_not_read import asked, serving
from tests.work.service_with_model import from_bot


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("/Start", "Welcome back!"),
        ("/START@Sandbox_Bot", "Welcome back!"),
        ("/Balance", "Balance: "),
        ("/HISTORY", "Your credits"),
        ("/Jobs@sandbox_bot", "Nothing runs"),
        ("/HELP", "What I can do"),
        ("/Admin Help", "/admin"),
        ("/balance@another_bot", "I did not understand"),
    ],
)
async def test_a_command_is_known_in_any_case_and_by_this_bot_s_name(
    sqlite_url: str, said: str, answer: str
) -> None:
    async with serving(sqlite_url, admin_telegram_ids=str(BUYER.id)) as (h, _):
        await h.say(said, answer)


@pytest.mark.parametrize("said", ["/Ask why?", "/ASK@SANDBOX_BOT why?", "/aSK\nwhy?"])
async def test_an_order_is_known_in_any_case(sqlite_url: str, said: str) -> None:
    async with serving(sqlite_url) as (h, server):
        await h.say(said, "Like this.")
        assert asked(server) == ["why?"]


async def test_an_order_for_another_bot_is_not_taken(sqlite_url: str) -> None:
    async with serving(sqlite_url) as (h, server):
        await h.say("/ask@another_bot why?", "I did not understand")
        assert server.requests == []


def as_an_app_sends(text: str) -> list[str]:
    """Cut a text as apps do: at the last line end or space of the second half, if there is one."""
    parts = []
    while len(text) > MAX_PART_UNITS:
        half = MAX_PART_UNITS // 2
        cut = max(text.rfind(space, half, MAX_PART_UNITS) for space in (" ", "\n"))
        parts.append(text[: cut if cut > 0 else MAX_PART_UNITS].strip())
        text = text[cut if cut > 0 else MAX_PART_UNITS :].strip()
    return [*parts, text]


# Apps cut at a line's end in the second half, so the next part begins with what begins that line.
SLASHES = [
    "// second half",
    "/* a comment */",
    "/usr/bin/env",
    "/usr is a folder",
    "/",
    "/ ask",
    "/asking is",
    "/ - a bar\nx = 77*4/8\n",
]


@pytest.mark.parametrize(
    "pasted",
    [
        "".join(f"line {n:05}\n" for n in range(900)).strip(),
        "x" * 9000,
        "😀 " + "y " * 3000,
        *("x" * 3600 + f"\n{begins}" + "z" * 1000 for begins in SLASHES),
        "x" * 3600 + "\n" + "/path\n" * 200,
    ],
    ids=["lines", "one word", "short words", *SLASHES, "paths"],
)
async def test_a_paste_that_an_app_cut_is_one_question(database_url: str, pasted: str) -> None:
    parts = as_an_app_sends(f"/ask {pasted}")
    assert len(parts) > 1
    async with serving(database_url) as (h, server):
        for part in parts:
            h.telegram.say(BUYER, part)
        h.telegram.say(BUYER, "and hello")
        await h.said("Like this.")
        await h.said("I did not understand that")
        await h.rest()
        (question,) = asked(server)
        assert question.split() == pasted.split()
        assert sum("On it" in text or "Like this" in text for text in from_bot(h)) == 1


@pytest.mark.parametrize("own", ["/balance", "/Balance@sandbox_bot", "/BALANCE now"])
async def test_a_part_that_is_something_of_its_own_is_not_joined(sqlite_url: str, own: str) -> None:
    async with serving(sqlite_url) as (h, server):
        h.telegram.say(BUYER, "/ask " + "x" * 3000)
        h.telegram.say(BUYER, own)
        await h.said("Like this.")
        await h.said("Balance: ")
        assert asked(server) == ["x" * 3000]


async def test_parts_that_all_answer_the_same_message_are_one_question_about_it(database_url: str) -> None:
    async with serving(database_url) as (h, server):
        first, other = (h.telegram.say(BUYER, f"The sky is {colour}.") for colour in ("blue", "red"))
        for part in ("/ask " + "x" * 3600, "y" * 3000):
            h.telegram.say(BUYER, part, reply_to_message=first)
        h.telegram.say(BUYER, "and this?", reply_to_message=other)
        await h.said("Like this.")
        await h.rest()
        assert asked(server) == ["> The sky is blue.\n\n" + "x" * 3600 + "\n" + "y" * 3000]


async def test_a_slow_network_loses_no_part(sqlite_url: str) -> None:
    async with serving(sqlite_url) as (h, server):
        sent = ["/ask " + "a" * 3600, "b" * 3600, "c" * 3600, "d"]
        for part in sent:
            h.telegram.say(BUYER, part)
            await h.clock.pass_time(1.5)
        await h.said("Like this.")
        await h.rest()
        assert asked(server) == ["\n".join(sent).removeprefix("/ask ")]


async def test_a_long_question_waits_for_its_parts_two_seconds_and_no_longer(sqlite_url: str) -> None:
    async with serving(sqlite_url) as (h, server):
        begun = h.clock.monotonic()
        await h.say("/ask " + "x" * 3000, "Like this.")
        assert 2 <= h.clock.monotonic() - begun < 15
        h.telegram.say(BUYER, "a later message")
        await h.said("I did not understand that")
        assert asked(server) == ["x" * 3000]
