"""The service with nobody outside: a chat in the browser for Telegram, a local stand-in for Stripe."""

from pathlib import Path

from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from bot_platform.config.settings import Settings
from bot_platform.runtime.services import Outside
from bot_platform.sandbox.chat import chat_pages
from bot_platform.sandbox.ledger_panel import LedgerPanel
from bot_platform.sandbox.offline_model import OfflineModel
from bot_platform.sandbox.stripe import LocalStripe
from bot_platform.sandbox.telegram import SandboxSession
from bot_platform.sandbox.telegram_world import TelegramWorld

SECRET_KEY, WEBHOOK_SECRET = "sk_test_sandbox", "whsec_sandbox"
STRIPE_PATH = "/sandbox/stripe"
BOT_NAME = "Credits Bot"
OPERATOR_TOKEN = "demo"  # noqa: S105 -- no secret: the demo listens to this machine alone
# Forty times what is usual, so that a /build outgrows the small package half-way; the page says so.
CREDITS_PER_1K_INPUT, CREDITS_PER_1K_OUTPUT = "4", "16"


class DemoSettings(Settings):
    """Settings that no environment touches: a real token or key has no business in the demo."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 -- the base class's signature, here and below
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read nothing but what the demo itself says."""
        return (init_settings,)


def demo(folder: Path, port: int, *, mock: bool) -> tuple[Settings, Outside]:
    """Build the demo's settings and its world; what it remembers stands in `folder`."""
    here = f"http://127.0.0.1:{port}"
    world = TelegramWorld(username="credits_bot", name=BOT_NAME, allow_local_urls=True)
    settings = DemoSettings(
        telegram_bot_token=world.token,
        mock_stripe_payments=mock,
        stripe_secret_key=SECRET_KEY,
        stripe_webhook_secret=WEBHOOK_SECRET,
        stripe_api_base=here + STRIPE_PATH,
        webapp_url=here,
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
        webhook_url=f"{here}/api/v1/stripe-webhook",
        public_url=here + STRIPE_PATH,
        state_file=folder / "demo-stripe.json",
    )
    stripe_pages = stripe.blueprint()
    stripe_pages.url_prefix = STRIPE_PATH

    panel = LedgerPanel() if mock else LedgerPanel(stripe, STRIPE_PATH)
    chat = chat_pages(world, bot_name=BOT_NAME, panel=panel)
    outside = Outside(
        SandboxSession(world),
        pages=(chat, stripe_pages),
        bot_link=f"{here}/demo",
        local_links=True,
        model=OfflineModel(),
        start=stripe.start,
        stopping=world.close,
        close=stripe.close,
    )
    return settings, outside
