"""The demo's worst day: plays the faults of the field one after the other, and audits the books."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot_platform.infra.clock import current
from bot_platform.sandbox.offline_model import OfflineModel
from bot_platform.sandbox.stripe import LocalStripe
from bot_platform.sandbox.telegram_world import (
    BAD_GATEWAY,
    MESSAGE_ID_INVALID,
    Fault,
    Person,
    TelegramWorld,
)

SECONDS_PER_TROUBLE = 10.0
CALLS_PER_TROUBLE = 3  # of the bot to Telegram that a fault meets
LATE_SECONDS = 8.0

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
        }

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
