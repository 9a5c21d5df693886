"""`LocalStripe`, the public object of the fake Stripe: it owns the state, the API and the webhook sender."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import aiohttp
from quart import Blueprint, Quart

from bot_platform.infra.clock import current, unix_time
from bot_platform.sandbox.movable_clock import MovableClock
from bot_platform.sandbox.stripe import http_api
from bot_platform.sandbox.stripe.account import SCHEDULED_TABLE, Account
from bot_platform.sandbox.stripe.account_defaults import AccountDefaults
from bot_platform.sandbox.stripe.actions import SCHEDULED, Actions
from bot_platform.sandbox.stripe.api import Api, ApiRequest
from bot_platform.sandbox.stripe.api_keys import ApiKeys
from bot_platform.sandbox.stripe.fault_switches import FaultSwitches
from bot_platform.sandbox.stripe.faults import Faults
from bot_platform.sandbox.stripe.scheduled_actions import ScheduledActions
from bot_platform.sandbox.stripe.state import Row, State
from bot_platform.sandbox.stripe.webhooks import Deliveries

_POLL_SECONDS = 0.1
_RETRY_DELAYS_SECONDS = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)


class LocalStripe(Actions):
    """A stateful fake of Stripe. `Actions` has the methods that change it.

    `public_url` is the address for browsers, including the prefix under which the blueprint is mounted.
    `state_file` is a file of JSON lines that keeps the state across restarts. None keeps it in memory.
    Delays are in seconds; the last of `retry_delays` repeats. `clock` returns Unix seconds.
    `webhook_url` is an endpoint that the API does not list. Clients create other endpoints over the API;
    endpoints on this machine are allowed only with `allow_local_webhooks`.
    """

    def __init__(
        self,
        *,
        secret_key: str,
        webhook_secret: str,
        webhook_url: str | None,
        public_url: str,
        state_file: Path | None = None,
        retry_delays: Sequence[float] = _RETRY_DELAYS_SECONDS,
        bank_transfer_delay: float = 5.0,
        refund_delay: float = 5.0,
        allow_local_webhooks: bool = False,
        clock: Callable[[], float] = unix_time,
    ) -> None:
        self._state = State(state_file)
        self._fault_switches = FaultSwitches()
        account = Account(
            self._state,
            clock=clock,
            public_url=public_url,
            bank_transfer_delay=bank_transfer_delay,
            refund_delay=refund_delay,
            allow_local_webhooks=allow_local_webhooks,
            on_event=self._on_event,
        )
        super().__init__(account, ScheduledActions(account, SCHEDULED))
        self._deliveries = Deliveries(
            account,
            url=webhook_url,
            secret=webhook_secret,
            retry_delays=retry_delays,
            delivery_plan=self._fault_switches.delays,
        )
        self.faults = Faults()
        self._api_keys = ApiKeys(secret_key)
        self._api = Api(
            account,
            api_keys=self._api_keys,
            faults=self.faults,
            switches=self._fault_switches,
            run_due_actions=self.run_due_actions,
        )
        self._wake_up = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    @property
    def fault_switches(self) -> FaultSwitches:
        """The switches for faults. They can be set at any time."""
        return self._fault_switches

    @property
    def defaults(self) -> AccountDefaults:
        """The settings of the account. They can be changed at any time."""
        return self._account.defaults

    def restrict(self, key: str, permissions: Iterable[str]) -> None:
        """Set the permissions of a restricted key (`rk_test_...`), for example `rak_charge_read`."""
        self._api_keys.restrict(key, permissions)

    @property
    def sessions(self) -> Mapping[str, Row]:
        """Every checkout session by its id, oldest first."""
        return self._state["sessions"]

    @property
    def charges(self) -> Mapping[str, Row]:
        """Every charge by its id, oldest first, including failed ones."""
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
        """Every webhook endpoint created over the API, oldest first."""
        return list(self._state["webhook_endpoints"].values())

    @property
    def deliveries(self) -> Sequence[Row]:
        """Every webhook delivery, oldest first; its `state` is pending, delivered or given_up."""
        return list(self._state["deliveries"].values())

    @property
    def requests(self) -> Sequence[ApiRequest]:
        """The most recent API requests, oldest first."""
        return list(self._api.requests)

    def blueprint(self) -> Blueprint:
        """Build the API under `/v1` and the payment page under `/pay`. The caller sets the prefix."""
        return http_api.blueprint(self, self._fault_switches, self._account, self._api)

    async def start(self) -> None:
        """Start to send webhooks (also those from before a restart) and to run scheduled actions."""
        if self._running is None:
            self._deliveries.start()
            self._running = asyncio.create_task(self._run(), name="local stripe")

    async def close(self) -> None:
        """Stop now. The next start repeats interrupted webhooks. Raises the background task's error."""
        running, self._running = self._running, None
        if running is None:
            return
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        self._state.save()

    @property
    def is_settled(self) -> bool:
        """Whether no action is scheduled, expiries apart, and every webhook is delivered."""
        return not self._deliveries.pending_count and not self._scheduled_actions()

    @property
    def is_busy(self) -> bool:
        """Whether a webhook is being sent, or anything is due now."""
        now = self._account.clock()
        return self._deliveries.are_in_flight or any(at <= now for at in self._due_at())

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

    def on_change(self) -> None:
        """Save the state and wake the webhook sender."""
        self._state.save()
        self._wake_up.set()

    def _on_event(self, event: Row) -> None:
        self._deliveries.enqueue(event)

    def _scheduled_actions(self) -> Sequence[Row]:
        return [row for row in self._state[SCHEDULED_TABLE].values() if row["verb"] != "expire_session"]

    def _due_at(self) -> Sequence[float]:
        return [*self._deliveries.due_at, *(row["at"] for row in self._scheduled_actions())]

    async def _run(self) -> None:
        async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as sends:
            while True:
                self._wake_up.clear()
                self._scheduled.run_due()
                for delivery in self._deliveries.take_due():
                    sends.create_task(self._send(delivery, session))
                self._state.save()
                await current().wait(self._wake_up, _POLL_SECONDS)

    async def _send(self, delivery: Row, session: aiohttp.ClientSession) -> None:
        await self._deliveries.attempt(delivery, session)
        self.on_change()


def standalone(local: LocalStripe) -> Quart:
    """Build an application that serves only this fake, at the root, and starts and closes it."""
    app = Quart("local_stripe")
    app.register_blueprint(local.blueprint())
    app.before_serving(local.start)
    app.after_serving(local.close)
    return app
