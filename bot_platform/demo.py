"""The service without any account: a chat in the browser, a local Stripe and an offline model."""

from pathlib import Path

from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from bot_platform.config.settings import Settings
from bot_platform.domain.audit import audit
from bot_platform.infra.database import Database
from bot_platform.providers.openai.without_thinking import WithoutThinking
from bot_platform.runtime.services import Outside
from bot_platform.sandbox.chat import chat_pages
from bot_platform.sandbox.ledger_panel import LedgerPanel
from bot_platform.sandbox.offline_model import OfflineModel
from bot_platform.sandbox.stripe import LocalStripe
from bot_platform.sandbox.telegram import SandboxSession
from bot_platform.sandbox.telegram_world import TelegramWorld
from bot_platform.sandbox.worst_day import Audit, WorstDay

SECRET_KEY, WEBHOOK_SECRET = "sk_test_sandbox", "whsec_sandbox"
STRIPE_PATH = "/sandbox/stripe"
BOT_NAME = "Credits Bot"
OPERATOR_TOKEN = "demo"  # noqa: S105 -- not a secret: the demo listens on 127.0.0.1 only
# Forty times the defaults, so that a /build uses up the small package half-way; the page says so.
CREDITS_PER_1K_INPUT, CREDITS_PER_1K_OUTPUT = "4", "16"


class DemoSettings(Settings):
    """Settings that ignore the environment and `.env`: the demo must not use a real token or key."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 -- the base class's signature, here and below
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read only the arguments."""
        return (init_settings,)


def build_demo(folder: Path, port: int, *, mock: bool) -> tuple[Settings, Outside]:
    """Build the settings and the fakes of the demo; `folder` keeps its database and its Stripe data."""
    url = f"http://127.0.0.1:{port}"
    world = TelegramWorld(username="credits_bot", name=BOT_NAME, allow_local_urls=True)
    settings = DemoSettings(
        telegram_bot_token=world.token,
        mock_stripe_payments=mock,
        stripe_secret_key=SECRET_KEY,
        stripe_webhook_secret=WEBHOOK_SECRET,
        stripe_api_base=url + STRIPE_PATH,
        webapp_url=url,
        port=port,
        operator_token=OPERATOR_TOKEN,
        database_url=f"sqlite://{folder / 'demo.db'}",
        log_level="INFO",
        ai_credits_per_1k_input=CREDITS_PER_1K_INPUT,
        ai_credits_per_1k_output=CREDITS_PER_1K_OUTPUT,
    )
    stripe = LocalStripe(
        secret_key=SECRET_KEY,
        webhook_secret=WEBHOOK_SECRET,
        webhook_url=f"{url}/api/v1/stripe-webhook",
        public_url=url + STRIPE_PATH,
        state_file=folder / "demo-stripe.json",
    )
    stripe_pages = stripe.blueprint()
    stripe_pages.url_prefix = STRIPE_PATH

    model = OfflineModel()
    day = WorstDay(world, model, _audit(Database(settings.database_url)), None if mock else stripe)
    panel = LedgerPanel(day=day) if mock else LedgerPanel(stripe, STRIPE_PATH, day)

    async def close() -> None:
        await day.stop()
        await stripe.close()

    chat = chat_pages(world, bot_name=BOT_NAME, panel=panel)
    outside = Outside(
        SandboxSession(world),
        pages=(chat, stripe_pages),
        bot_link=f"{url}/demo",
        local_links=True,
        model=WithoutThinking(model),
        start=stripe.start,
        stopping=world.close,
        close=close,
    )
    return settings, outside


def _audit(database: Database) -> Audit:
    """Build the audit of the worst day; it reads the file, and needs no open database."""

    async def rows_off() -> int:
        async with database.reader() as ask:
            return sum([len(step.broken) async for step in audit(ask)])

    return rows_off
