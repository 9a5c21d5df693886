"""The demo's worst day: plays the faults of the field one after the other, and audits the books."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from bot_platform.infra.clock import current
from bot_platform.sandbox.offline_model import OfflineModel
from bot_platform.sandbox.stripe import LocalStripe, PaymentScenario
from bot_platform.sandbox.telegram_state import Message, callback_data
from bot_platform.sandbox.telegram_world import (
    BAD_GATEWAY,
    MESSAGE_ID_INVALID,
    Fault,
    Person,
    TelegramWorld,
)

SECONDS_PER_TROUBLE = 10.0
CALLS_PER_TROUBLE = 3  # of the bot to Telegram that a fault meets
LOOKS_PER_TROUBLE = 20  # for what the bot answers
LATE_SECONDS = 8.0

T = TypeVar("T")

Audit = Callable[[], Awaitable[int]]
"""Checks every invariant of the books, and returns how many rows are off."""


@dataclass
class WorstDay:
    """Plays each trouble for some seconds, in any order; without a Stripe its faults are left out.

    `done` lists the troubles that are over, with how many rows of the books were off after each.
    """

    world: TelegramWorld
    model: OfflineModel
    audit: Audit
    stripe: LocalStripe | None = None
    seconds: float = SECONDS_PER_TROUBLE
    now: str = ""
    done: list[tuple[str, int]] = field(default_factory=list)
    _playing: asyncio.Task[None] | None = None

    @property
    def is_on(self) -> bool:
        """Whether it is being played."""
        return self._playing is not None and not self._playing.done()

    @property
    def troubles(self) -> Sequence[str]:
        """The names of what it plays."""
        return list(self._begin(Person(1, "")))

    def start(self, person: Person) -> None:
        """Begin, if it is not being played; what comes by a message comes from this person."""
        if not self.is_on:
            self.done.clear()
            self._playing = asyncio.create_task(self._play(person), name="worst day")

    async def stop(self) -> None:
        """End it now, with all faults off."""
        playing, self._playing = self._playing, None
        if playing:
            playing.cancel()
            await asyncio.gather(playing, return_exceptions=True)

    async def _play(self, person: Person) -> None:
        begin = self._begin(person)
        order = list(begin)
        random.shuffle(order)
        try:
            for name in order:
                self.now = name
                if (started := begin[name]()) is not None:
                    await started
                await current().sleep(self.seconds)
                self._calm()
                self.done.append((name, await self.audit()))
        finally:
            self.now = ""
            self._calm()

    def _begin(self, person: Person) -> Mapping[str, Callable[[], Awaitable[Any] | None]]:
        begin: dict[str, Callable[[], Awaitable[Any] | None]] = {
            "bad_gateway": lambda: self._fail("sendMessage", Fault(502, page=BAD_GATEWAY)),
            "no_edit": lambda: self._fail("editMessageText", Fault(400, MESSAGE_ID_INVALID)),
            "unreadable": lambda: self.world.say_unreadable(person),
            "thinks": lambda: self._set(self.model, "thinks"),
            "breaks_off": lambda: self._set(self.model, "breaks_off"),
        }
        if self.stripe is None:
            return begin
        stripe = self.stripe
        switches = stripe.fault_switches
        return begin | {
            "twice": lambda: switches.change(twice=True, shuffled=True),
            "late": lambda: switches.change(late=LATE_SECONDS),
            "lost": lambda: switches.change(lost=True),
            "down": lambda: switches.change(down=True),
            "refuses": lambda: switches.change(refuses=True),
            "key_reused": lambda: switches.change(key_reused=True),
            "foreign_sale": stripe.foreign_sale,
            "voucher": lambda: self._buy(stripe, person, PaymentScenario.VOUCHER),
            "euros": lambda: self._buy(stripe, person, PaymentScenario.EUROS),
        }

    async def _buy(self, stripe: LocalStripe, person: Person, scenario: PaymentScenario) -> None:
        """Buy a package as this person and pay for it in this way; nothing if the bot offers none in time."""
        before = len(self.world.messages(person.id))
        self.world.say(person, "/buy")
        if shown := await self._appears(lambda: _offer(self.world.messages(person.id)[before:])):
            self.world.press(person, *shown)
            if session := await self._appears(lambda: _open_session(stripe)):
                await stripe.pay(session, scenario)

    async def _appears(self, look: Callable[[], T | None]) -> T | None:
        for _ in range(LOOKS_PER_TROUBLE):
            if found := look():
                return found
            await current().sleep(self.seconds / LOOKS_PER_TROUBLE)
        return None

    def _fail(self, method: str, fault: Fault) -> None:
        for _ in range(CALLS_PER_TROUBLE):
            self.world.fail(method, fault)

    @staticmethod
    def _set(model: OfflineModel, fault: str) -> None:
        setattr(model, fault, True)

    def _calm(self) -> None:
        self.world.clear_faults()
        self.model.thinks = self.model.breaks_off = False
        if self.stripe:
            self.stripe.fault_switches.reset()


def _offer(messages: Sequence[Message]) -> tuple[int, str] | None:
    """Return the message and the button of the first package that is offered."""
    offers = ((message["message_id"], callback_data(message)) for message in messages)
    return next(((number, data[0]) for number, data in offers if data), None)


def _open_session(stripe: LocalStripe) -> str | None:
    """Return the newest session that can be paid."""
    rows = reversed(list(stripe.sessions.values()))
    return next((row["id"] for row in rows if row["status"] == "open"), None)
