"""The local Stripe as one object: build it, mount its blueprint, start it, act on it, close it."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import aiohttp
from quart import Blueprint, Quart

from . import checkout, http_face
from .account import Account, Origin
from .agenda import Agenda
from .api import Api, ApiRequest
from .checkout import How
from .faults import Faults
from .state import Row, State
from .webhooks import Deliveries

_LONGEST_NAP = 0.1
_RETRY_DELAYS = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)

_VERBS = {"expire_session": checkout.expire_overdue, "finish_transfer": checkout.finish_transfer}


class LocalStripe:
    """A stateful stand-in for Stripe.

    `public_url` is how a browser reaches it, with the prefix under which the blueprint is mounted.
    `keep_in` names the file of JSON lines that holds its state across restarts; None keeps it in
    memory. Delays are seconds; the last of `retry_delays` repeats. `clock` gives unix seconds.
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
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._state = State(keep_in)
        self._account = Account(
            self._state,
            clock=clock,
            public_url=public_url,
            bank_transfer_delay=bank_transfer_delay,
            on_event=self._on_event,
        )
        self._deliveries = Deliveries(
            self._account, url=webhook_url, secret=webhook_secret, retry_delays=retry_delays
        )
        self._agenda = Agenda(self._account, _VERBS)
        self.faults = Faults()
        self._api = Api(
            self._account, secret_key=secret_key, faults=self.faults, catch_up=self._agenda.catch_up
        )
        self._awake = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    @property
    def sessions(self) -> Mapping[str, Row]:
        """Every checkout session by its id, oldest first."""
        return self._state["sessions"]

    @property
    def charges(self) -> Mapping[str, Row]:
        """Every charge by its id, the failed ones too."""
        return self._state["charges"]

    @property
    def events(self) -> Sequence[Row]:
        """Every event, oldest first."""
        return list(self._state["events"].values())

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
        return http_face.blueprint(self, self._account, self._api)

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

    async def pay(self, session_id: str, how: How | str = How.CARD) -> Row:
        """Do what the button of the payment page does; on a finished session nothing happens."""
        self._agenda.catch_up()
        session = self._account.find("sessions", session_id)
        if session["status"] == "open":
            method = checkout.method_for(self._account, session, How(how))
            checkout.pay(self._account, session, method, Origin())
        self.changed()
        return session

    async def expire(self, session_id: str) -> Row:
        """Let a session end without a payment now; a finished one stays as it is."""
        session = self._account.find("sessions", session_id)
        checkout.expire_overdue(self._account, session_id)
        self.changed()
        return session

    async def settled(self, within: float = 5.0) -> None:
        """Wait until every bank transfer has ended and every webhook was taken. Raises TimeoutError."""
        async with asyncio.timeout(within):
            # Time and the network end both; no single event could be waited for.
            while self._deliveries.unfinished or self._transfers_under_way():  # noqa: ASYNC110
                await asyncio.sleep(0.005)

    def changed(self) -> None:
        """Keep what happened, and look at once for webhooks to send."""
        self._state.save()
        self._awake.set()

    def catch_up(self) -> None:
        """Do what time has brought until now."""
        self._agenda.catch_up()

    def _on_event(self, event: Row) -> None:
        self._deliveries.announce(event)

    def _transfers_under_way(self) -> bool:
        return any(note["verb"] == "finish_transfer" for note in self._state["agenda"].values())

    async def _run(self) -> None:
        async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as sending:
            while True:
                self._awake.clear()
                self._agenda.catch_up()
                for delivery in self._deliveries.take_due():
                    sending.create_task(self._send(delivery, session))
                self._state.save()
                with contextlib.suppress(TimeoutError):
                    # Not `wait_for`: before Python 3.12 it can forget a cancel.
                    async with asyncio.timeout(_LONGEST_NAP):
                        await self._awake.wait()

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
