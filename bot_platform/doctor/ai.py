"""Checks the AI endpoint by one real answer of a few tokens: a list of models proves nothing."""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit, urlunsplit

from bot_platform.config.settings import Settings
from bot_platform.doctor.checks import Check, CheckGroup
from bot_platform.doctor.report import Finding, error, ok, skipped, warning
from bot_platform.work.engine.model import Message, ModelFault

CONNECT_SECONDS, READ_SECONDS = 2, 20
DEADLINE_SECONDS = 45.0  # a local server may have to load its model first
MAX_TOKENS = 16
QUESTION = (Message("user", "Answer with the word OK."),)
PATHS = ("/chat/completions", "/completions", "/responses", "/models")  # what is pasted behind a base URL
VERSION = re.compile(r"v\d\w*")  # the part of a base URL that names the version of the API
WORKS = frozenset({"model-length", "model-thought"})  # it wrote, and stopped at our small limit


class AIChecks:
    """Checks of the model that answers for credits; `spend` allows the answer, a fraction of a cent."""

    def __init__(self, settings: Settings, *, spend: bool) -> None:
        self._settings, self._spend = settings, spend

    def groups(self) -> Sequence[CheckGroup]:
        """List the check."""
        return [[Check("AI", self._model, DEADLINE_SECONDS)]]

    async def _model(self) -> Finding:
        key, model = self._settings.ai_api_key, self._settings.ai_model
        if key is None or model is None:
            missing = [name for name, value in (("AI_API_KEY", key), ("AI_MODEL", model)) if not value]
            return warning(
                f"{' and '.join(missing)} not set: /ask and /build answer that they are not set up",
                "To sell AI work, set AI_API_KEY and AI_MODEL, and AI_BASE_URL if it is not OpenAI's.",
            )
        endpoint = self._settings.ai_base_url or "OpenAI"
        if not self._spend:
            return skipped(f"{model} at {endpoint} was not asked: --no-spend")
        try:
            await self._ask(key.get_secret_value(), model)
        except ModelFault as fault:
            if fault.text not in WORKS:
                return self._finding(fault, model, endpoint)
        return ok(f"{model} at {endpoint} answered")

    async def _ask(self, key: str, model: str) -> None:
        from bot_platform.providers.openai import OpenAIModel  # noqa: PLC0415 -- takes a second, rarely needed

        client = OpenAIModel(
            base_url=self._settings.ai_base_url,
            api_key=key,
            model=model,
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
        )
        try:
            async for _ in client.answer(QUESTION, MAX_TOKENS):
                pass
        finally:
            await client.close()

    def _finding(self, fault: ModelFault, model: str, endpoint: str) -> Finding:
        """Turn each kind of fault into what the operator can do about it."""
        match fault.text:
            case "model-misconfigured":
                return error(f"{endpoint} refuses {model} ({fault})", self._setup_fix())
            case "model-out-of-credit":
                return error(
                    f"{endpoint} wants to be paid ({fault})",
                    "Add credit at the provider of the model; until then /ask and /build cannot answer.",
                )
            case "model-busy":
                return warning(f"{endpoint} is too busy ({fault})", "Try again in some minutes.")
            case "model-down":
                return warning(f"{endpoint} does not answer ({fault})", f"{self._url_fix()}Try again.")
            case "model-cut":
                return warning(
                    f"{endpoint} breaks its answer off ({fault})",
                    "Try again. If it stays so, see what its proxies do to answers that are streams.",
                )
            case "model-empty":
                says = f"{endpoint} answers without a text ({fault})"
            case _:
                says = f"{endpoint} refuses a simple question ({fault})"
        return error(says, f"{self._url_fix()}Check that AI_MODEL={model} is a model that answers in a chat.")

    def _setup_fix(self) -> str:
        check = "Check AI_BASE_URL and AI_MODEL, and copy AI_API_KEY again from the same provider."
        return f"{self._url_fix()}{check}"

    def _url_fix(self) -> str:
        """Name the base URL that is probably meant, if the one that is set looks wrong."""
        if self._settings.ai_base_url is None:
            return ""
        url = urlsplit(self._settings.ai_base_url)
        path = url.path.rstrip("/")
        for pasted in PATHS:
            path = path.removesuffix(pasted)
        if not any(VERSION.fullmatch(part) for part in path.split("/")):
            path = f"{path}/v1"
        if path == url.path.rstrip("/"):
            return ""
        return f"Write AI_BASE_URL={urlunsplit(url._replace(path=path))}, if that is where it serves. "
