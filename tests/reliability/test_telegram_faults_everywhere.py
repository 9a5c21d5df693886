"""Telegram fails at every single send of a customer's story: all is told in the end, and money is right."""

import asyncio
from collections import Counter
from dataclasses import dataclass

import pytest

from bot_platform.domain import ledger, users
from bot_platform.infra.database import Database
from bot_platform.infra.sql import query
from bot_platform.sandbox.telegram_state import Person
from bot_platform.sandbox.telegram_world import Fault
from tests.makers import BUYER, FreshDatabase, RunningService, eventually, link_of, running_service
from tests.reliability import books
from tests.reliability.conftest import Size
from tests.reliability.platforms import in_database
from tests.reliability.report import Report
from tests.reliability.side_by_side import each, spread

OPERATOR = Person(id=5_000_000_009, first_name="Operator")
SENDS = ("sendMessage", "editMessageText", "answerCallbackQuery", "getUpdates")
TOGETHER = 6  # more and PostgreSQL has no connection left for the last
LINK = "Please complete your purchase using the link below:"

FAULTS = {
    "flood": Fault(code=429, description="Too Many Requests: retry after 1", retry_after=1),
    "broken": Fault(code=500, description="Internal Server Error"),
    "cut before": Fault(network_error=True),
    "cut after": Fault(lose_answer=True),
    "blocked": Fault(code=403, description="Forbidden: bot was blocked by the user", times=None),
}


@dataclass(frozen=True)
class Case:
    """What happens at which call of a method, counted from 1."""

    kind: str = "nothing"
    method: str = ""
    at: int = 0


class Story:
    """A customer who arrives, buys, pays and asks; somebody who blocked the bot comes back and asks again."""

    def __init__(self, h: RunningService, case: Case) -> None:
        self.h, self.case, self.came_back = h, case, False
        if case.kind not in FAULTS:
            return
        if case.at > 1:  # faults are a queue: the calls before the fatal one take one that does nothing
            h.telegram.fail(case.method, Fault(times=case.at - 1))
        h.telegram.fail(case.method, FAULTS[case.kind])

    @property
    def met(self) -> bool:
        """Whether the fault has happened."""
        fault = FAULTS[self.case.kind]
        end = "lost" if fault.network_error or fault.lose_answer else fault.description
        return any(call.outcome == end and call.method == self.case.method for call in self.h.telegram.calls)

    async def told(self, text: str, number: int = 1, who: Person = BUYER) -> bool:
        """Wait for so many messages with this text; False when the person's block swallowed one."""

        def enough() -> bool:
            return sum(text in line for line in self.h.texts(who)) >= number

        if self.case.kind != "blocked" or self.came_back:
            await eventually(enough)
            return True
        await eventually(lambda: enough() or self.met)
        await self.h.rest()
        if enough():
            return True
        self.came_back = True
        self.h.telegram.clear_faults()
        return False

    async def asks(self, text: str, answer: str) -> None:
        """Say something until it is answered."""
        self.h.telegram.say(BUYER, text)
        if not await self.told(answer):
            self.h.telegram.say(BUYER, text)
            await self.told(answer)

    async def presses(self, links: int) -> None:
        """Press the package until its link is there."""
        shop = next(m for m in self.h.telegram.messages(BUYER.id) if "Welcome" in m["text"])
        self.h.telegram.press(BUYER, shop["message_id"], "buy_100")
        if not await self.told(LINK, links):
            self.h.telegram.press(BUYER, shop["message_id"], "buy_100")
            await self.told(LINK, links)

    async def run(self) -> None:
        """Live through it."""
        self.h.telegram.open_chat(OPERATOR)
        await self.asks("/start", "Welcome")
        await self.asks("/help", "What I can do for you")
        await self.presses(1)
        await self.presses(2)
        linked = next(m for m in self.h.telegram.messages(BUYER.id) if m["text"] == LINK)
        await self.h.stripe.pay(link_of(linked).rpartition("/")[2])
        await self.told("Payment received: 100.00 credits added.")
        await self.told("✅ Paid", 2)
        await self.asks("/balance", "Balance: 100.00 credits")
        await self.asks("/history", "Your credits, the latest changes first:")
        await self.asks("/paysupport Thank you", "Your question is with the operator")
        await self.told("A question about a payment from Buyer", who=OPERATOR)
        await self.asks("/terms", "Terms of sale")
        await self.h.stripe.settled()

    def said(self) -> Counter[str]:
        """Count what the bot told, by the first line of each message."""
        return Counter(
            message["text"].splitlines()[0]
            for who in (BUYER, OPERATOR)
            for message in self.h.telegram.messages(who.id)
            if message["from"]["is_bot"]
        )


async def _money(url: str) -> list[str]:
    async def look(_: Database) -> list[str]:
        user = await users.find(BUYER.id)
        assert user
        balance = (await ledger.find_account(user.id)).balance
        return [] if balance == books.CREDITED else [f"the balance is {balance}"]

    return await in_database(url, look) + await books.faults(url)


async def _notices(url: str) -> Counter[str]:
    """Count notices by their state, once none waits any more."""

    async def look(_: Database) -> Counter[str]:
        while True:
            states = Counter(row["state"] for row in await query("SELECT state FROM notice"))
            if not states["pending"]:
                return states
            await asyncio.sleep(0.05)

    return await in_database(url, look)


async def _undisturbed(url: str) -> tuple[Counter[str], Counter[str]]:
    """Run the story in peace: what is told, and how often each method is called."""
    async with running_service(url, admin_telegram_ids=str(OPERATOR.id)) as h:
        story = Story(h, Case())
        await story.run()
        return story.said(), Counter(call.method for call in h.telegram.calls)


def _differences(case: Case, told: Counter[str], expected: Counter[str]) -> list[str]:
    """Compare what was told with what an undisturbed story tells."""
    missing, more = expected - told, told - expected
    most = 1 if case.kind == "cut after" else 0
    if case.kind == "blocked":
        # What was said into the block is lost, and asking again adds an answer.
        lost = [text for text in missing if text.startswith("✅ Paid") or missing[text] == 1]
        missing = Counter({text: number for text, number in missing.items() if text not in lost})
        most = 2
    too_often = more.elements() if more.total() > most else ()
    return [f"never told: {t}" for t in missing.elements()] + [f"told too often: {t}" for t in too_often]


async def _disturbed(url: str, case: Case, expected: Counter[str]) -> list[str]:
    async with running_service(url, admin_telegram_ids=str(OPERATOR.id)) as h:
        story = Story(h, case)
        await story.run()
        notices = await _notices(url)
        faults = [] if story.met else ["the fault never came"]
        faults += _differences(case, story.said(), expected)
    if notices["dead"] and case.kind != "blocked":
        faults.append(f"{notices['dead']} notices were given up")
    return faults + await _money(url)


@pytest.mark.timeout(900)
async def test_whatever_send_of_a_story_fails_everything_is_told_in_the_end(
    fresh_database: FreshDatabase, size: Size, report: Report
) -> None:
    async with fresh_database() as url:
        expected, calls = await _undisturbed(url)
    cases = [
        Case(kind, method, at)
        for method in SENDS
        for at in range(1, calls[method] + 1)
        if method != "getUpdates" or at <= calls[method] // 2  # how many there are is not certain
        for kind in FAULTS
        if kind != "blocked" or method in {"sendMessage", "editMessageText"}
    ]
    chosen = spread(cases, size(small=10, full=len(cases)))
    report.plan(len(chosen), "sends with a fault")
    await each(
        chosen,
        fresh_database,
        lambda url, case: _disturbed(url, case, expected),
        report,
        together=TOGETHER,
    )
