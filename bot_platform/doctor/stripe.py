"""Checks the Stripe key, its permissions, our webhook, the prices, and the clock."""

import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from urllib.parse import urlsplit

from bot_platform.config.settings import Settings
from bot_platform.config.values import is_local
from bot_platform.doctor.checks import Check, CheckGroup
from bot_platform.doctor.masking import masked
from bot_platform.doctor.report import Finding, error, fixed, ok, skipped, warning
from bot_platform.doctor.stripe_sales import SalesChecks
from bot_platform.providers.stripe.checkout_requests import CheckoutRequests
from bot_platform.providers.stripe.client import (
    API_VERSION,
    PAGE_SIZE,
    TOLERANCE_SECONDS,
    Client,
    Down,
    Refused,
)
from bot_platform.providers.stripe.events import TYPES
from bot_platform.providers.stripe.setup import PERMISSIONS, WEBHOOK_PATH, Key, Permission, Setup

MAX_SKEW_SECONDS = 30  # a smaller difference of the clocks is normal
# Undelivered events of this age are reported: younger ones may be on their way.
MIN_EVENT_AGE_SECONDS, MAX_EVENT_AGE_SECONDS = 600, 24 * 3600
WEBHOOKS = "the Stripe Dashboard, Developers, Webhooks"
KEYS = "in the Stripe Dashboard, Developers, API keys"
FIX = "`python3 run.py doctor --fix`"


class StripeChecks:
    """Checks of one Stripe account through one key."""

    def __init__(self, settings: Settings, client: Client, setup: Setup | None = None) -> None:
        self._settings, self._setup = settings, setup or Setup(client, settings.stripe_mark)
        self._sales = SalesChecks(settings, self._setup, CheckoutRequests(client))
        key = settings.stripe_secret_key
        self._secret = key.get_secret_value() if key else ""
        self._url = settings.webapp_url + WEBHOOK_PATH
        self._key: Key | None = None
        self._webhook_created = False

    def groups(self) -> Sequence[CheckGroup]:
        """List the checks: two need no network, the others need a key that Stripe accepts."""
        needs_key = [
            Check("Stripe key", self._accepted),
            Check("Stripe clock", self._clock),
            self._check("Stripe webhook", self._webhook),
            self._check("Stripe deliveries", self._deliveries),
            *self._permissions(),
            *(self._check(name, run, package) for name, run, package in self._sales.checks()),
        ]
        return [
            [Check("Stripe modes", self._modes)],
            [Check("Stripe webhook secret", self._webhook_secret)],
            needs_key,
        ]

    def fixes(self) -> Sequence[Check]:
        """List the fixes; each finding says what was changed."""
        return [self._check("make Stripe webhook", self._fix_webhook)]

    def _check(self, name: str, run: Callable[..., Awaitable[Finding]], *arguments: object) -> Check:
        return Check(name, partial(self._translated, run, *arguments))

    async def _translated(self, run: Callable[..., Awaitable[Finding]], *arguments: object) -> Finding:
        """Turn the errors of Stripe's API into findings."""
        try:
            return await run(*arguments)
        except Refused as refused:
            if refused.forbidden:
                return warning(
                    f"this key lacks a permission: {refused}",
                    f"Give the restricted key the permission that is named here ({KEYS}), or look at this in"
                    " the Dashboard yourself.",
                )
            return error(f"Stripe refuses: {refused}", "Correct what Stripe names, and run this again.")
        except Down as fault:
            return self._unreachable(fault)

    def _unreachable(self, fault: Down) -> Finding:
        return error(
            f"{self._settings.stripe_api_base} does not answer like Stripe ({fault})",
            "Check the internet connection of this machine, and status.stripe.com. If this machine reaches"
            " Stripe only through a proxy, set PROXY_URL.",
        )

    async def _modes(self) -> Finding:
        publishable, live = self._settings.stripe_publishable_key, self._settings.stripe_live
        if publishable is None:
            return ok(f"{_mode(live=live)}; STRIPE_PUBLISHABLE_KEY is not set, and is not needed")
        if publishable.startswith("pk_live_") == live:
            return ok(f"both keys are for {_mode(live=live)}")
        return error(
            f"STRIPE_SECRET_KEY is for {_mode(live=live)}, STRIPE_PUBLISHABLE_KEY for {_mode(live=not live)}",
            f"Copy both keys {KEYS}, both in test mode or both in live mode.",
        )

    async def _webhook_secret(self) -> Finding:
        secrets = self._settings.stripe_webhook_secret
        if secrets:
            return ok(f"{len(secrets)} set; only a delivered event proves that the secret is right")
        if self._webhook_created:
            return error("STRIPE_WEBHOOK_SECRET is still missing", "Put the secret printed above into .env.")
        return error(
            "STRIPE_WEBHOOK_SECRET is missing: every webhook would be refused",
            f"Run {FIX}, which creates the webhook and prints its secret. If the webhook exists already,"
            f" {WEBHOOKS} shows the secret.",
        )

    async def _accepted(self) -> Finding:
        live = self._settings.stripe_live
        try:
            self._key = await self._setup.key()
        except Refused as refused:
            if not refused.bad_key:
                return error(
                    f"Stripe refuses: {refused}", "Check that STRIPE_API_BASE is https://api.stripe.com."
                )
            return error(
                f"Stripe refuses STRIPE_SECRET_KEY {masked(self._secret)}",
                f"Copy the secret key again ({KEYS}), or create a new one there.",
            )
        except Down as fault:
            return self._unreachable(fault)
        if self._key.live not in {None, live}:
            return error(
                f"STRIPE_SECRET_KEY is for {_mode(live=live)}, but Stripe answers in {_mode(live=not live)}",
                "Check that STRIPE_API_BASE is https://api.stripe.com.",
            )
        return ok(f"{masked(self._secret)}, {_mode(live=live)}")

    async def _clock(self) -> Finding:
        ahead = self._key.ahead if self._key else None
        if ahead is None:
            return skipped("Stripe's answer has no date")
        skew = f"our clock is {abs(ahead):.0f} seconds {'ahead of' if ahead > 0 else 'behind'} Stripe's"
        fix = "Synchronise the clock of this machine: `timedatectl set-ntp true` on most Linux systems."
        if abs(ahead) >= TOLERANCE_SECONDS:
            return error(f"{skew}: every webhook would be refused as too old or too new", fix)
        if abs(ahead) >= MAX_SKEW_SECONDS:
            return warning(f"{skew}; webhooks are refused from {TOLERANCE_SECONDS} seconds on", fix)
        return ok("our clock and Stripe's agree")

    async def _webhook(self) -> Finding:
        endpoints = await self._setup.endpoints(self._url)
        if not endpoints:
            return warning(
                f"there is no webhook for {self._url}: paid credits arrive minutes late",
                self._how_to_create(),
            )
        endpoint, live = endpoints[0], self._settings.stripe_live
        if endpoint.live != live:
            return error(
                f"the webhook is for {_mode(live=endpoint.live)}, the key is for {_mode(live=live)}",
                f"Create a webhook in the mode of the key: run {FIX}.",
            )
        if not endpoint.enabled:
            return error(f"{self._url} is disabled: Stripe sends no events", f"Run {FIX}.")
        if endpoint.missing:
            return error(f"the webhook does not send {', '.join(endpoint.missing)}", f"Run {FIX}.")
        if endpoint.extra:
            return warning(
                f"the webhook also sends events that are not used: {', '.join(endpoint.extra)}", f"Run {FIX}."
            )
        if endpoint.version != API_VERSION:
            return warning(
                f"the webhook has version {endpoint.version or 'of the account'}, this program is tested with"
                f" {API_VERSION}",
                f"The version of a webhook cannot be changed: delete it in {WEBHOOKS}, run {FIX}, and put the"
                " new secret into .env.",
            )
        return ok(f"{self._url} receives our {len(TYPES)} event types at version {API_VERSION}")

    def _how_to_create(self) -> str:
        if is_local(urlsplit(self._settings.webapp_url).hostname):
            return (
                "Stripe cannot reach this machine. Get a public address with ngrok and set WEBAPP_URL to it,"
                " or forward the events with Stripe's CLI: the README explains both."
            )
        return f"Run {FIX}: it creates the webhook and prints the secret for .env."

    async def _deliveries(self) -> Finding:
        now = int(time.time())
        count = await self._setup.undelivered(now - MAX_EVENT_AGE_SECONDS, now - MIN_EVENT_AGE_SECONDS)
        if not count:
            return ok("every event of the last day was delivered")
        counted = str(count) if count < PAGE_SIZE else f"{PAGE_SIZE} or more"
        return warning(
            f"{counted} events of the last day were not delivered",
            "Check that the service runs, and that STRIPE_WEBHOOK_SECRET is the secret that"
            f" {WEBHOOKS} shows for {self._url}; the answer to each delivery is there too."
            " `python3 run.py reconcile` fetches the missed events.",
        )

    def _permissions(self) -> Sequence[Check]:
        if not self._secret.startswith("rk_"):
            return []
        return [self._check(f"Stripe may {needed.name}", self._permission, needed) for needed in PERMISSIONS]

    async def _permission(self, permission: Permission) -> Finding:
        reason = await self._setup.lacks(permission)
        if not reason:
            return ok("yes")
        fix = f"{KEYS[0].upper()}{KEYS[1:]}, edit the restricted key and let it {permission.name}."
        message = f"no, so {permission.without} ({reason})"
        return error(message, fix) if permission.needed else warning(message, fix)

    async def _fix_webhook(self) -> Finding:
        endpoints = await self._setup.endpoints(self._url)
        if endpoints and not endpoints[0].is_mended_by_us:
            return ok("nothing to fix")
        if endpoints:
            await self._setup.mend_endpoint(endpoints[0])
            return fixed(f"{self._url} receives exactly our event types now")
        try:
            secret = await self._setup.make_endpoint(self._url)
        except Refused as refused:
            if refused.forbidden:
                raise
            return warning(f"could not be created: {refused}", self._how_to_create())
        self._webhook_created = True
        return fixed(
            f"created for {self._url}",
            f"Put STRIPE_WEBHOOK_SECRET={secret} into .env and restart the service. The secret is shown only"
            " this once.",
        )


def _mode(*, live: bool) -> str:
    return "live mode" if live else "test mode"
