"""Whether paid work can be done, and whether what is sold may be sold this way."""

from collections.abc import Sequence

from bot_platform.config.settings import Settings
from bot_platform.doctor.examination import Check, CheckGroup
from bot_platform.doctor.report import Finding, error, ok, skipped, warning
from bot_platform.work.catalog import found_kinds
from bot_platform.work.engine.model import ModelFault

RULE = "Telegram asks that what is used inside Telegram be paid in Telegram Stars"
SECTION = "the README tells which is which under Stripe or Telegram Stars"


class Work:
    """Looks at what credits buy."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def parties(self) -> Sequence[CheckGroup]:
        """List the checks; each stands for itself."""
        return [[Check("AI", self._model)], [Check("Telegram Stars", self._stars)]]

    async def _model(self) -> Finding:
        settings = self._settings
        missing = [
            name
            for name, value in (("AI_API_KEY", settings.ai_api_key), ("AI_MODEL", settings.ai_model))
            if not value
        ]
        if settings.ai_api_key is None or settings.ai_model is None:
            return warning(
                f"{' and '.join(missing)} not set: /ask and /build say that they are not set up",
                "To sell an AI's work set AI_API_KEY and AI_MODEL, and AI_BASE_URL for another than OpenAI.",
            )
        from bot_platform.providers.openai import OpenAIModel  # noqa: PLC0415 -- a second, for who needs it

        model = OpenAIModel(
            base_url=settings.ai_base_url,
            api_key=settings.ai_api_key.get_secret_value(),
            model=settings.ai_model,
            connect_timeout=2,
            read_timeout=4,
        )
        where = settings.ai_base_url or "OpenAI"
        try:
            known = await model.known()
        except ModelFault as fault:
            if fault.text == "model-misconfigured":
                return error(
                    f"{where} refuses AI_API_KEY ({fault})",
                    "Copy the key once more from where you have it, and see that AI_BASE_URL is its own,"
                    " with its /v1.",
                )
            return warning(f"{where} does not answer ({fault})", "See that AI_BASE_URL is right; try again.")
        finally:
            await model.close()
        if known and settings.ai_model not in known:
            return warning(
                f"{where} does not list the model {settings.ai_model}",
                f"Write one of its own in AI_MODEL, such as {known[0]}.",
            )
        return ok(f"{settings.ai_model} at {where}")

    async def _stars(self) -> Finding:
        settings = self._settings
        if settings.mock_stripe_payments:
            return skipped("not needed: nobody is charged")
        has_model = settings.ai_api_key is not None and settings.ai_model is not None
        sold = [f"/{code}" for code, kind in found_kinds().items() if has_model or not kind.needs_model]
        if settings.stripe_live and sold:
            return warning(
                f"{', '.join(sold)} work inside Telegram and are sold by card: {RULE}, and hides bots that do"
                " otherwise from people on phones",
                f"Sell by Stripe only what is used outside Telegram; {SECTION}.",
            )
        return ok(f"{RULE}; {SECTION}")
