"""The people and the payments of a busy day, and what must be true of them in the end."""

import asyncio
import itertools
import json
import random
import time
from collections import Counter
from statistics import median, quantiles
from typing import Any

from bot_platform.domain.audit import audit
from bot_platform.infra.database import Database
from bot_platform.infra.sql import query
from bot_platform.sandbox.telegram_state import Person
from tests.makers import eventually
from tests.reliability.platforms import Delivery, Surroundings, in_database

PEOPLE, PURCHASES, OTHERS = 200, 250, 50  # in a minute; Stripe tells six events of each purchase
REPEATED = 0.3  # for each purchase: one in twenty of its events
REFUNDED, DISPUTED = 0.10, 0.03  # of the purchases
FIRST_PERSON = 8_000_000_000
PATIENCE = 90.0  # seconds: a fault may last as long as a restart takes
CREDITS, PRICE = 10_000, 500  # of the package that everybody buys
RECEIPT = "Payment received: 100.00"
COMPLAINTS = ("error", "Sorry", "could not", "Could not")


class Day:
    """Lets people arrive and buy, evenly over the day."""

    def __init__(self, w: Surroundings, minutes: float) -> None:
        self._w, self._seconds = w, minutes * 60
        self._people = [
            Person(id=FIRST_PERSON + n, first_name=f"Buyer {n}") for n in range(int(PEOPLE * minutes))
        ]
        self._purchases, self._others = int(PURCHASES * minutes), int(OTHERS * minutes)
        self._random = random.Random(20261123)  # noqa: S311 -- the same day each time
        self._waits: list[float] = []  # seconds from a payment to its receipt
        self._receipts: Counter[int] = Counter()
        self._did: Counter[str] = Counter()
        self._late: list[str] = []
        self._busy: dict[int, asyncio.Lock] = {person.id: asyncio.Lock() for person in self._people}

    async def live(self) -> None:
        """Live through it."""
        async with asyncio.TaskGroup() as day:
            day.create_task(self._evenly(self._purchases, self._buy, day))
            day.create_task(self._evenly(int(self._purchases * REPEATED), self._repeat, day))
            day.create_task(self._evenly(self._others, self._tell_of_others, day))

    async def ends(self, within: float) -> None:
        """Wait until everything that was begun has come to its end."""
        async with asyncio.timeout(within):
            await self._w.stripe.settled()

        async def waits(_: Database) -> int:
            rows = await query(
                "SELECT COUNT(*) AS n FROM notice WHERE state = 'pending'"
                " UNION ALL SELECT COUNT(*) AS n FROM event WHERE state = 'received'"
            )
            return int(sum(row["n"] for row in rows))

        end, left = time.monotonic() + within, 1
        while left and time.monotonic() < end:  # other processes do it
            left = await in_database(self._w.database_url, waits)
            await asyncio.sleep(1)

    async def wrong(self, url: str) -> list[str]:
        """Say what is not as it must be."""

        async def look(database: Database) -> list[str]:
            async with database.reader() as ask:
                found = [
                    f"{b.invariant} {b.table} {b.id}: {b.says}" async for s in audit(ask) for b in s.broken
                ]
            rows = await query(
                "SELECT u.telegram_id AS who, a.balance AS has"
                " FROM users u JOIN account a ON a.user_id = u.id"
            )
            sessions = await query("SELECT provider_ref, user_id FROM purchase WHERE state <> 'open'")
            found += self._compared({row["who"]: row["has"] for row in rows}, sessions)
            waits = await query("SELECT COUNT(*) AS n FROM notice WHERE state IN ('pending', 'dead')")
            return found + ([f"{waits[0]['n']} messages were never sent"] if waits[0]["n"] else [])

        return [*self._late, *self._complaints(), *await in_database(url, look)]

    def figures(self) -> dict[str, Any]:
        """Give what was done, and how long receipts took in seconds."""
        return {
            "people": len(self._people),
            **self._did,
            "receipt median s": round(median(self._waits), 2),
            "receipt p99 s": round(quantiles(self._waits, n=100)[98], 2),
        }

    async def _evenly(self, times: int, what: Any, day: asyncio.TaskGroup) -> None:
        begun = time.monotonic()
        for n in range(times):
            await asyncio.sleep(max(0.0, begun + n * self._seconds / times - time.monotonic()))
            day.create_task(what(n))

    async def _buy(self, n: int) -> None:
        """Arrive, press a package, pay on Stripe's page, and have the receipt; some take the money back."""
        who = self._people[n % len(self._people)]
        chat = who.id
        async with self._busy[chat]:
            try:
                await self._paid(who)
            except (AssertionError, TimeoutError):
                self._late.append(
                    f"{chat} waited too long: {[m['text'][:40] for m in self._said(chat)][-4:]}"
                )
                return
        self._did["sales"] += 1

    async def _paid(self, who: Person) -> None:
        telegram, stripe, chat = self._w.telegram, self._w.stripe, who.id
        if not self._said(chat):
            telegram.say(who, "/start")
        async with asyncio.timeout(PATIENCE):
            shop = await eventually(
                lambda: next((m for m in self._said(chat) if "Welcome" in m["text"]), None)
            )
        before = {link for m in self._said(chat) if (link := _link(m))}
        telegram.press(who, shop["message_id"], "buy_100")
        async with asyncio.timeout(PATIENCE):
            fresh = await eventually(
                lambda: next(
                    (link for m in self._said(chat) if (link := _link(m)) and link not in before), None
                )
            )
        session = await stripe.pay(fresh.rpartition("/")[2])
        self._receipts[chat] += 1
        begun = time.monotonic()
        async with asyncio.timeout(PATIENCE):
            await eventually(
                lambda: sum(m["text"].startswith(RECEIPT) for m in self._said(chat)) >= self._receipts[chat]
            )
        self._waits.append(time.monotonic() - begun)
        await self._take_back(session["payment_intent"])

    async def _take_back(self, payment: str) -> None:
        fate = self._random.random()
        if fate < REFUNDED:
            await self._w.stripe.refund(payment, self._random.choice([None, 250, 100]))
            self._did["refunds"] += 1
        elif fate < REFUNDED + DISPUTED:
            dispute = await self._w.stripe.dispute(payment)
            if self._random.random() < 0.5:
                await self._w.stripe.move_dispute(dispute["id"], "won")
            self._did["disputes"] += 1

    async def _repeat(self, _: int) -> None:
        """Tell once more of something that was told before."""
        if events := self._w.stripe.events:
            await self._tell(self._random.choice(events))
            self._did["repeats"] += 1

    async def _tell_of_others(self, n: int) -> None:
        """Tell of what is genuine and none of our business."""
        session = {
            "id": f"cs_test_other_{n}",
            "object": "checkout.session",
            "mode": "payment",
            "livemode": False,
        }
        event = {"id": f"evt_other_{n}", "object": "event", "livemode": False, "created": int(time.time())}
        kind = self._random.choice(["customer.created", "checkout.session.expired", "invoice.paid"])
        await self._tell(event | {"type": kind, "data": {"object": session}})
        self._did["others"] += 1

    async def _tell(self, event: dict[str, Any]) -> None:
        status = await Delivery(json.loads(json.dumps(event))).post(self._w.http, self._w.url)
        if status != 200:
            self._late.append(f"{event['id']} ({event['type']}) was answered {status}")

    def _said(self, chat: int) -> list[dict[str, Any]]:
        return [m for m in self._w.telegram.messages(chat) if m["from"]["is_bot"]]

    def _complaints(self) -> list[str]:
        return [
            f"{chat} was told: {message['text'][:80]}"
            for chat in self._w.telegram.chats
            for message in self._said(chat)
            if any(word in message["text"] for word in COMPLAINTS)
        ]

    def _compared(self, has: dict[int, int], sold: list[dict[str, Any]]) -> list[str]:
        """Compare the books with Stripe's: what was paid and neither returned nor lost."""
        stripe = self._w.stripe
        paid = [session for session in stripe.sessions.values() if session["payment_status"] == "paid"]
        known = {row["provider_ref"] for row in sold}
        found = [
            f"{session['id']} was paid, and is not in the books"
            for session in paid
            if session["id"] not in known
        ]
        lost: Counter[str] = Counter()
        for refund in stripe.refunds.values():
            if refund["status"] not in {"failed", "canceled"}:
                lost[refund["payment_intent"]] += refund["amount"]
        for dispute in stripe.disputes.values():
            if dispute["status"] not in {"won", "prevented"} and not dispute["status"].startswith("warning"):
                lost[dispute["payment_intent"]] += dispute["amount"]
        left = sum(
            CREDITS - -(-CREDITS * min(PRICE, lost[session["payment_intent"]]) // PRICE) for session in paid
        )
        if left != sum(has.values()):
            found.append(f"people have {sum(has.values())}, by Stripe's books they should have {left}")
        return found


def _link(message: dict[str, Any]) -> str:
    """Give the payment link under a message; empty when there is none."""
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    links = itertools.chain.from_iterable(rows)
    return next((button["url"] for button in links if "pay" in button.get("url", "")), "")
