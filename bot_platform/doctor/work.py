"""Checks whether paid work is sold by a provider that Telegram allows for it."""

from collections.abc import Sequence

from bot_platform.config.settings import Settings
from bot_platform.doctor.checks import Check, CheckGroup
from bot_platform.doctor.report import Finding, ok, skipped, warning
from bot_platform.work.catalog import found_kinds

RULE = "Telegram wants what is used inside Telegram to be paid in Telegram Stars"
SECTION = "the README explains the rule under Stripe or Telegram Stars"


class WorkChecks:
    """Checks of what people buy with their credits."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def groups(self) -> Sequence[CheckGroup]:
        """List the check."""
        return [[Check("Telegram Stars", self._stars)]]

    async def _stars(self) -> Finding:
        settings = self._settings
        if settings.mock_stripe_payments:
            return skipped("not needed: no card is charged")
        has_model = settings.ai_api_key is not None and settings.ai_model is not None
        sold = [f"/{code}" for code, kind in found_kinds().items() if has_model or not kind.needs_model]
        if settings.stripe_live and sold:
            return warning(
                f"{', '.join(sold)} work inside Telegram and are sold by card. {RULE}, and hides bots that do"
                " not follow this from people on phones",
                f"Sell by Stripe only what is used outside Telegram; {SECTION}.",
            )
        return ok(f"{RULE}; {SECTION}")
