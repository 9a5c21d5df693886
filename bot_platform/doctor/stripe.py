"""Whether Stripe takes our key, calls our webhook, knows our prices, and lives in our time."""

import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from urllib.parse import urlsplit

from bot_platform.config.settings import Settings
from bot_platform.config.values import is_local
from bot_platform.doctor.examination import Check, CheckGroup
from bot_platform.doctor.hiding import shown
from bot_platform.doctor.report import Finding, error, mended, ok, skipped, warning
from bot_platform.domain.amounts import money_text
from bot_platform.domain.packages import Package
from bot_platform.providers.stripe.client import API_VERSION, PAGE_SIZE, TOLERANCE_SECONDS, Down, Refused
from bot_platform.providers.stripe.events import TYPES
from bot_platform.providers.stripe.setup import PERMISSIONS, WEBHOOK_PATH, Key, Permission, Setup

MOST_SKEW = 30  # seconds between two clocks that nobody needs to know of
NOT_YET, LATELY = 600, 24 * 3600  # seconds: how old undelivered events are that tell of a fault
DASHBOARD = "the Stripe Dashboard, Developers, Webhooks"
DOCTOR = "`python run.py doctor --fix`"
KEYS = "in the Stripe Dashboard, Developers, API keys"


class Stripe:
    """Looks at one account through one key."""

    def __init__(self, settings: Settings, setup: Setup) -> None:
        self._settings, self._setup = settings, setup
        key = settings.stripe_secret_key
        self._secret = key.get_secret_value() if key else ""
        self._url = settings.webapp_url + WEBHOOK_PATH
        self._key: Key | None = None
        self._made = False

    def parties(self) -> Sequence[CheckGroup]:
        """List the checks: some need no network, the others an accepted key."""
        asking = [
            Check("Stripe key", self._accepted),
            Check("Stripe clock", self._clock),
            Check("Stripe webhook", partial(self._careful, self._webhook)),
            Check("Stripe deliveries", partial(self._careful, self._deliveries)),
            *self._permissions(),
            *self._prices(),
        ]
        return [
            [Check("Stripe modes", self._modes)],
            [Check("Stripe webhook secret", self._webhook_secret)],
            asking,
        ]

    def mends(self) -> Sequence[Check]:
        """List what can be mended; each gives what was done."""
        return [Check("make Stripe webhook", partial(self._careful, self._make_webhook))]

    async def _careful(self, look: Callable[[], Awaitable[Finding]]) -> Finding:
        try:
            return await look()
        except Refused as no:
            if no.forbidden:
                return warning(
                    f"this key may not: {no}",
                    f"Give the restricted key what is named here ({KEYS}), or look there yourself.",
                )
            return error(f"Stripe refuses: {no}", "Mend what Stripe names, and run this again.")
        except Down as fault:
            return self._silent(fault)

    def _silent(self, fault: Down) -> Finding:
        return error(
            f"{self._settings.stripe_api_base} does not answer as Stripe does ({fault})",
            "Check this machine's way to the internet, and status.stripe.com. Where Stripe cannot be reached"
            " directly, set PROXY_URL.",
        )

    async def _modes(self) -> Finding:
        public, live = self._settings.stripe_publishable_key, self._settings.stripe_live
        if public is None:
            return ok(f"{_mode(live=live)}; STRIPE_PUBLISHABLE_KEY is not set, and nothing needs it")
        if public.startswith("pk_live_") == live:
            return ok(f"both keys are of {_mode(live=live)}")
        return error(
            f"STRIPE_SECRET_KEY is of {_mode(live=live)}, STRIPE_PUBLISHABLE_KEY of {_mode(live=not live)}",
            f"Copy both keys from one page, {KEYS}: either with test mode on, or with it off.",
        )

    async def _webhook_secret(self) -> Finding:
        known = self._settings.stripe_webhook_secret
        if known:
            return ok(f"{len(known)} set; Stripe never shows it again, so only a delivery proves it")
        if self._made:
            return error("STRIPE_WEBHOOK_SECRET is still missing", "Put what is printed above into .env.")
        return error(
            "STRIPE_WEBHOOK_SECRET is missing: no payment would be believed",
            f"Run {DOCTOR}, which makes the webhook and prints its secret; of a webhook that is there"
            f" already, {DASHBOARD} shows it.",
        )

    async def _accepted(self) -> Finding:
        live = self._settings.stripe_live
        try:
            self._key = await self._setup.key()
        except Refused as no:
            if not no.bad_key:
                return error(f"Stripe refuses: {no}", "See that STRIPE_API_BASE is https://api.stripe.com.")
            return error(
                f"Stripe refuses STRIPE_SECRET_KEY {shown(self._secret)}",
                f"Copy the secret key once more ({KEYS}), or make a new one there.",
            )
        except Down as fault:
            return self._silent(fault)
        if self._key.live not in {None, live}:
            return error(
                f"STRIPE_SECRET_KEY is of {_mode(live=live)}, but Stripe answers in {_mode(live=not live)}",
                "See that STRIPE_API_BASE is https://api.stripe.com.",
            )
        return ok(f"{shown(self._secret)}, {_mode(live=live)}")

    async def _clock(self) -> Finding:
        ahead = self._key.ahead if self._key else None
        if ahead is None:
            return skipped("Stripe did not say what time it is")
        says = f"{abs(ahead):.0f} seconds {'ahead of' if ahead > 0 else 'behind'} Stripe's"
        fix = "Let this machine set its clock by the network: `timedatectl set-ntp true` on most Linux."
        if abs(ahead) >= TOLERANCE_SECONDS:
            return error(f"our clock is {says}: every webhook would be refused as too old or too new", fix)
        if abs(ahead) >= MOST_SKEW:
            return warning(f"our clock is {says}; from {TOLERANCE_SECONDS} on webhooks are refused", fix)
        return ok("our clock and Stripe's agree")

    async def _webhook(self) -> Finding:
        found = await self._setup.endpoints(self._url)
        if not found:
            return warning(f"there is none for {self._url}: paid credits come minutes late", self._how_to())
        endpoint = found[0]
        if endpoint.live != self._settings.stripe_live:
            return error(
                f"the webhook is of {_mode(live=endpoint.live)}, the key is not",
                f"Make one in the key's mode: run {DOCTOR}.",
            )
        if not endpoint.enabled:
            return error(f"{self._url} is switched off: Stripe tells us nothing", f"Run {DOCTOR}.")
        if endpoint.missing:
            return error(f"it does not send {', '.join(endpoint.missing)}", f"Run {DOCTOR}.")
        if endpoint.extra:
            return warning(f"it also sends what nobody reads: {', '.join(endpoint.extra)}", f"Run {DOCTOR}.")
        if endpoint.version != API_VERSION:
            return warning(
                f"it speaks version {endpoint.version or 'of the account'}, we are tested with {API_VERSION}",
                f"A webhook's version cannot be changed: delete it in {DASHBOARD}, run {DOCTOR}, and put the"
                " new secret into .env.",
            )
        return ok(f"{self._url} hears our {len(TYPES)} events at version {API_VERSION}")

    def _how_to(self) -> str:
        if is_local(urlsplit(self._settings.webapp_url).hostname):
            return (
                "Stripe cannot reach this machine. Give it an address with ngrok and write it in WEBAPP_URL,"
                " or let Stripe's CLI listen: the README shows both."
            )
        return f"Run {DOCTOR}: it makes the webhook and prints the secret for .env."

    async def _deliveries(self) -> Finding:
        now = int(time.time())
        lost = await self._setup.undelivered(now - LATELY, now - NOT_YET)
        if not lost:
            return ok("nothing of the last day waits for us")
        count = lost if lost < PAGE_SIZE else f"{PAGE_SIZE} or more"
        return warning(
            f"{count} events of the last day were taken by no webhook",
            f"See that the service runs, and that STRIPE_WEBHOOK_SECRET is what {DASHBOARD} shows for"
            f" {self._url}; each delivery's answer stands there too. `python run.py reconcile` fetches what"
            " was missed.",
        )

    def _permissions(self) -> Sequence[Check]:
        if not self._secret.startswith("rk_"):
            return []
        return [
            Check(f"Stripe may {permission.name}", partial(self._careful, partial(self._may, permission)))
            for permission in PERMISSIONS
        ]

    async def _may(self, permission: Permission) -> Finding:
        why = await self._setup.lacks(permission)
        if not why:
            return ok("yes")
        fix = f"{KEYS[0].upper()}{KEYS[1:]}, edit the restricted key and let it {permission.name}."
        says = f"no, so {permission.without} ({why})"
        return error(says, fix) if permission.needed else warning(says, fix)

    def _prices(self) -> Sequence[Check]:
        return [
            Check(f"Stripe price of {package.code}", partial(self._careful, partial(self._price, package)))
            for package in self._settings.price_list()
            if package.stripe_price
        ]

    async def _price(self, package: Package) -> Finding:
        id_, ours = str(package.stripe_price), money_text(package.amount, package.currency)
        price = await self._setup.price(id_)
        fix = (
            f"In {self._settings.packages_file} write the price's own amount and currency for {package.code},"
            " or name another price, one-time and active, of the same mode as the key."
        )
        if price is None:
            return error(f"Stripe has no {id_}: {package.code} cannot be sold", fix)
        if not price.active or not price.once:
            why = "is archived" if price.once else "is not for a single payment"
            return error(f"{id_} {why}: {package.code} cannot be sold", fix)
        if (price.amount, price.currency) != (package.amount, package.currency):
            theirs = "no fixed amount" if price.amount is None else money_text(price.amount, price.currency)
            return error(f"the list says {ours}, Stripe {theirs}: {package.code} is not sold", fix)
        return ok(f"{ours}, as in the list")

    async def _make_webhook(self) -> Finding:
        found = await self._setup.endpoints(self._url)
        if found and not found[0].is_mended_by_us:
            return ok("as it was")
        if found:
            await self._setup.mend_endpoint(found[0])
            return mended(f"{self._url} hears exactly our events now")
        try:
            secret = await self._setup.make_endpoint(self._url)
        except Refused as no:
            if no.forbidden:
                raise
            return warning(f"could not be made: {no}", self._how_to())
        self._made = True
        return mended(
            f"made for {self._url}",
            f"Put STRIPE_WEBHOOK_SECRET={secret} into .env and start the service again. Stripe does not say"
            " it a second time.",
        )


def _mode(*, live: bool) -> str:
    return "live mode" if live else "test mode"
