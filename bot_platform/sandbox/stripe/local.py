"""The local Stripe as one object: build it, mount its blueprint, start it, act on it, close it."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import aiohttp
from quart import Blueprint, Quart

from bot_platform.infra.clock import current, unix_time
from bot_platform.sandbox.movable_clock import MovableClock
from bot_platform.sandbox.stripe import http_face
from bot_platform.sandbox.stripe.account import Account
from bot_platform.sandbox.stripe.acts import BY_TIME, Acts
from bot_platform.sandbox.stripe.agenda import Agenda
from bot_platform.sandbox.stripe.api import Api, ApiRequest
from bot_platform.sandbox.stripe.faults import Faults
from bot_platform.sandbox.stripe.keys import Keyring
from bot_platform.sandbox.stripe.mischief import Mischief
from bot_platform.sandbox.stripe.state import Row, State
from bot_platform.sandbox.stripe.webhooks import Deliveries

_LONGEST_NAP = 0.1
_RETRY_DELAYS = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)


class LocalStripe(Acts):
    """A stateful stand-in for Stripe; what can be done to it is in `Acts`.

    `public_url` is how a browser reaches it, with the prefix under which the blueprint is mounted.
    `keep_in` names the file of JSON lines that holds its state across restarts; None keeps it in
    memory. Delays are seconds; the last of `retry_delays` repeats. `clock` gives unix seconds.
    `webhook_url` is an endpoint that no list shows; others are made over the API, on this machine
    only where `allow_local_webhooks` says so.
    """

    def __init__(
        self,
        *,
        secret_key: str,
        webhook_secret: str,
        webhook_url: str | None,
        public_url: str,
        keep_in: Path | None = None,
        retry_delays: Sequence[float] = _RETRY_DELAYS,
        bank_transfer_delay: float = 5.0,
        refund_delay: float = 5.0,
        allow_local_webhooks: bool = False,
        clock: Callable[[], float] = unix_time,
    ) -> None:
        self._state = State(keep_in)
        self._mischief = Mischief()
        account = Account(
            self._state,
            clock=clock,
            public_url=public_url,
            bank_transfer_delay=bank_transfer_delay,
            refund_delay=refund_delay,
            allow_local_webhooks=allow_local_webhooks,
            on_event=self._on_event,
        )
        super().__init__(account, Agenda(account, BY_TIME))
        self._deliveries = Deliveries(
            account,
            url=webhook_url,
            secret=webhook_secret,
            retry_delays=retry_delays,
            plan=self._mischief.plan,
        )
        self.faults = Faults()
        self._keys = Keyring(secret_key)
        self._api = Api(
            account,
            keys=self._keys,
            faults=self.faults,
            mischief=self._mischief,
            catch_up=self.catch_up,
        )
        self._awake = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    @property
    def mischief(self) -> Mischief:
        """The switches of what goes wrong; set them whenever you like."""
        return self._mischief

    def restrict(self, key: str, permissions: Iterable[str]) -> None:
        """Let a restricted key (`rk_test_...`) do this much from now on: `rak_charge_read`..."""
        self._keys.restrict(key, permissions)

    @property
    def sessions(self) -> Mapping[str, Row]:
        """Every checkout session by its id, oldest first."""
        return self._state["sessions"]

    @property
    def charges(self) -> Mapping[str, Row]:
        """Every charge by its id, the failed ones too."""
        return self._state["charges"]

    @property
    def refunds(self) -> Mapping[str, Row]:
        """Every refund by its id, oldest first."""
        return self._state["refunds"]

    @property
    def disputes(self) -> Mapping[str, Row]:
        """Every dispute and inquiry by its id, oldest first."""
        return self._state["disputes"]

    @property
    def warnings(self) -> Mapping[str, Row]:
        """Every early fraud warning by its id, oldest first."""
        return self._state["warnings"]

    @property
    def events(self) -> Sequence[Row]:
        """Every event, oldest first."""
        return list(self._state["events"].values())

    @property
    def webhook_endpoints(self) -> Sequence[Row]:
        """Every endpoint that was made over the API, oldest first."""
        return list(self._state["webhook_endpoints"].values())

    @property
    def deliveries(self) -> Sequence[Row]:
        """Every webhook: event, type, state (pending, delivered or given_up), attempts, last_status."""
        return list(self._state["deliveries"].values())

    @property
    def requests(self) -> Sequence[ApiRequest]:
        """What the API was asked, oldest first."""
        return list(self._api.requests)

    def blueprint(self) -> Blueprint:
        """Make the API under `/v1` and the page under `/pay`; the prefix is the caller's choice."""
        return http_face.blueprint(self, self._mischief, self._account, self._api)

    async def start(self) -> None:
        """Begin to send webhooks, those left over from before included, and to let time pass."""
        if self._running is None:
            self._deliveries.start()
            self._running = asyncio.create_task(self._run(), name="local stripe")

    async def close(self) -> None:
        """Stop at once; webhooks cut off are sent again by the next start. Raises what broke meanwhile."""
        running, self._running = self._running, None
        if running is None:
            return
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        self._state.save()

    @property
    def is_settled(self) -> bool:
        """Whether transfers and refunds have ended and every webhook was taken."""
        return not self._deliveries.unfinished and not self._noted()

    @property
    def is_busy(self) -> bool:
        """Whether a webhook is on its way, or anything is due now."""
        now = self._account.clock()
        return self._deliveries.are_on_their_way or any(at <= now for at in self._due_at())

    async def settled(self) -> None:
        """Wait until it is settled; a movable clock is moved on to what is due next."""
        clock = current()
        while not self.is_settled:
            if isinstance(clock, MovableClock):
                if not self.is_busy:
                    clock.move(max(0.0, min(self._due_at()) - self._account.clock()))
                elif clock.delays:
                    clock.move(1.0)
            await asyncio.sleep(0.005)

    def changed(self) -> None:
        """Keep what happened, and look at once for webhooks to send."""
        self._state.save()
        self._awake.set()

    def _on_event(self, event: Row) -> None:
        self._deliveries.announce(event)

    def _noted(self) -> Sequence[Row]:
        return [note for note in self._state["agenda"].values() if note["verb"] != "expire_session"]

    def _due_at(self) -> Sequence[float]:
        return [*self._deliveries.due_at, *(note["at"] for note in self._noted())]

    async def _run(self) -> None:
        async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as sending:
            while True:
                self._awake.clear()
                self._agenda.catch_up()
                for delivery in self._deliveries.take_due():
                    sending.create_task(self._send(delivery, session))
                self._state.save()
                await current().wait(self._awake, _LONGEST_NAP)

    async def _send(self, delivery: Row, session: aiohttp.ClientSession) -> None:
        await self._deliveries.attempt(delivery, session)
        self.changed()


def standalone(local: LocalStripe) -> Quart:
    """Make an application with nothing but this Stripe, at the root; it starts and closes with it."""
    app = Quart("local_stripe")
    app.register_blueprint(local.blueprint())
    app.before_serving(local.start)
    app.after_serving(local.close)
    return app
