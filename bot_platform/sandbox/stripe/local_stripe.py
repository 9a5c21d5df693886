"""`LocalStripe`, the public object of the fake Stripe: it owns the state, the API and the webhook sender."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import aiohttp
from quart import Blueprint, Quart

from bot_platform.sandbox.stripe import http_api
from bot_platform.sandbox.stripe.account import SCHEDULED_TABLE, Account
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
        clock: Callable[[], float] = time.time,
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

    async def settled(self, within: float = 5.0) -> None:
        """Wait until no action is scheduled and every webhook is delivered.

        Sessions that wait for their expiry do not count. Raises TimeoutError after `within` seconds.
        """
        async with asyncio.timeout(within):
            # Both depend on time and on the network, so there is no single event to wait for.
            while self._deliveries.pending_count or self._has_scheduled_actions():  # noqa: ASYNC110
                await asyncio.sleep(0.005)

    def on_change(self) -> None:
        """Save the state and wake the webhook sender."""
        self._state.save()
        self._wake_up.set()

    def _on_event(self, event: Row) -> None:
        self._deliveries.enqueue(event)

    def _has_scheduled_actions(self) -> bool:
        return any(row["verb"] != "expire_session" for row in self._state[SCHEDULED_TABLE].values())

    async def _run(self) -> None:
        async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as sends:
            while True:
                self._wake_up.clear()
                self._scheduled.run_due()
                for delivery in self._deliveries.take_due():
                    sends.create_task(self._send(delivery, session))
                self._state.save()
                with contextlib.suppress(TimeoutError):
                    # Not `wait_for`: before Python 3.12 it can lose a cancellation.
                    async with asyncio.timeout(_POLL_SECONDS):
                        await self._wake_up.wait()

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
