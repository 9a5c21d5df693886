"""Checks the AI endpoint, and whether paid work is sold by a provider that Telegram allows for it."""

from collections.abc import Sequence

from bot_platform.config.settings import Settings
from bot_platform.doctor.checks import Check, CheckGroup
from bot_platform.doctor.report import Finding, error, ok, skipped, warning
from bot_platform.work.catalog import found_kinds
from bot_platform.work.engine.model import ModelFault

CONNECT_SECONDS, READ_SECONDS = 2, 4
RULE = "Telegram wants what is used inside Telegram to be paid in Telegram Stars"
SECTION = "the README explains the rule under Stripe or Telegram Stars"


class WorkChecks:
    """Checks of what people buy with their credits."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def groups(self) -> Sequence[CheckGroup]:
        """List the checks; none depends on another."""
        return [[Check("AI", self._model)], [Check("Telegram Stars", self._stars)]]

    async def _model(self) -> Finding:
        key, model = self._settings.ai_api_key, self._settings.ai_model
        if key is None or model is None:
            missing = [name for name, value in (("AI_API_KEY", key), ("AI_MODEL", model)) if not value]
            return warning(
                f"{' and '.join(missing)} not set: /ask and /build answer that they are not set up",
                "To sell AI work, set AI_API_KEY and AI_MODEL, and AI_BASE_URL if it is not OpenAI's.",
            )
        endpoint = self._settings.ai_base_url or "OpenAI"
        try:
            listed = await self._listed_models(key.get_secret_value(), model)
        except ModelFault as fault:
            if fault.text == "model-misconfigured":
                return error(
                    f"{endpoint} refuses AI_API_KEY ({fault})",
                    "Copy the key again from the provider, and check that AI_BASE_URL belongs to the same"
                    " provider and includes its /v1.",
                )
            return warning(f"{endpoint} does not answer ({fault})", "Check AI_BASE_URL, and try again.")
        if listed and model not in listed:
            return warning(
                f"{endpoint} does not list the model {model}",
                f"Set AI_MODEL to a model that it lists, such as {listed[0]}.",
            )
        return ok(f"{model} at {endpoint}")

    async def _listed_models(self, key: str, model: str) -> Sequence[str]:
        """Return the names of the endpoint's models, empty if it has no list; raises ModelFault."""
        from bot_platform.providers.openai import OpenAIModel  # noqa: PLC0415 -- takes a second, rarely needed

        client = OpenAIModel(
            base_url=self._settings.ai_base_url,
            api_key=key,
            model=model,
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
        )
        try:
            return await client.known()
        finally:
            await client.close()

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
