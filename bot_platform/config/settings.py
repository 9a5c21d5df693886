"""The settings: read once from the environment, secret files and `.env`, and checked all together."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import Field, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from bot_platform.config.secret_files import SecretFiles, variables, why_unreadable
from bot_platform.config.secret_values import secrets_of
from bot_platform.config.values import (
    EXAMPLES,
    Credits,
    DatabaseUrl,
    Host,
    Ids,
    Secret,
    WebhookSecrets,
    matching,
    reachable_by_telegram,
    stripped,
    url,
)
from bot_platform.domain import packages
from bot_platform.domain.ids import parse_id
from bot_platform.domain.packages import PriceList
from bot_platform.infra import redaction

Address = Annotated[str, url("http", "https"), Field(repr=False)]  # may contain a password
EMPTY = ('""', "''")  # a line of a file that some programs read without its quotation marks


class SettingsError(Exception):
    """Some settings are missing or wrong; `problems` has one line for each variable."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class DatabaseSettings(BaseSettings):
    """The settings of commands that need only the database."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", env_ignore_empty=True, validate_default=False
    )

    database_url: Annotated[DatabaseUrl, Field(repr=False)] = "sqlite://data/bot.db"  # may contain a password
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["console", "json"] = "console"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 -- `SecretFiles` replaces it
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order the sources: the environment, then files named by `<NAME>_FILE`, then `.env`."""
        given = {**variables(dotenv_settings), **variables(env_settings)}
        return init_settings, env_settings, SecretFiles(settings_cls, given), dotenv_settings

    @model_validator(mode="wrap")
    @classmethod
    def _collect_problems(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        data = {name: stripped(value) for name, value in data.items() if value not in EMPTY}
        problems = {
            name.upper(): f"{name.upper()}_FILE: cannot be read ({why_unreadable(value)}), for example"
            f" {name.upper()}_FILE=/run/secrets/{name}"
            for name, value in data.items()
            if isinstance(value, Exception)
        }
        settings = None
        try:
            settings = handler(data)
        except ValidationError as fault:
            for error in fault.errors():
                name = str(error["loc"][0]).upper()
                problems.setdefault(name, _line(name, error["type"], error["msg"]))
        for name, problem in cls.cross_field_problems(data):
            problems.setdefault(name, f"{name}: {problem}, for example {name}={EXAMPLES[name]}")
        if problems or settings is None:
            raise SettingsError([problems[name] for name in sorted(problems)])
        redaction.learn(settings.secrets())
        return settings

    def secrets(self) -> Iterator[tuple[str, str]]:
        """Yield (variable, secret) for everything that no text may show."""
        return secrets_of(self)

    @classmethod
    def cross_field_problems(cls, data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:  # noqa: ARG003 -- for subclasses
        """Yield (variable, problem) for values that do not fit together; `data` is not parsed yet."""
        yield from ()


class MoneySettings(DatabaseSettings):
    """The settings of commands that also need the payment providers."""

    telegram_bot_token: Secret | None = None  # only for the mark; the service requires it
    mock_stripe_payments: bool = False
    stripe_secret_key: Annotated[Secret | None, matching(r"(sk|rk)_\S+", "must begin with sk_ or rk_")] = None
    stripe_webhook_secret: WebhookSecrets = ()
    stripe_publishable_key: Annotated[str | None, matching(r"pk_\S+", "must begin with pk_")] = None
    stripe_api_base: Address = "https://api.stripe.com"
    webapp_url: Address = "http://localhost:8000"
    packages_file: Path | None = None
    reconcile_every: Annotated[int, Field(ge=60)] = 300
    admin_telegram_ids: Ids = ()
    proxy_url: Annotated[str | None, url("http", "socks5", needs_port=True), Field(repr=False)] = None

    @property
    def stripe_live(self) -> bool:
        """Whether the Stripe key moves real money."""
        key = self.stripe_secret_key.get_secret_value() if self.stripe_secret_key else ""
        return key.startswith(("sk_live_", "rk_live_"))

    @property
    def stripe_mark(self) -> str:
        """The mark on all that we create at Stripe: the bot's id, which outlives a lost database."""
        return f"telegram-bot-{self.bot_id}" if self.bot_id else ""

    @property
    def bot_id(self) -> int:
        """The bot's id at Telegram, which begins its token; 0 without a token, or with one that is none."""
        token = self.telegram_bot_token.get_secret_value() if self.telegram_bot_token else ""
        return parse_id(token.partition(":")[0]) or 0

    def price_list(self) -> PriceList:
        """Read the price list; raises PriceListError or OSError only if it has changed since `load`."""
        if self.packages_file is None:
            return packages.BUILT_IN
        return packages.read(self.packages_file.read_text(encoding="utf-8"))

    @classmethod
    def cross_field_problems(cls, data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Yield (variable, problem) for values that do not fit together; `data` is not parsed yet."""
        if str(data.get("mock_stripe_payments", "")).lower() not in {"true", "1", "yes", "on", "t", "y"}:
            for name in ("stripe_secret_key", "stripe_webhook_secret"):
                if not data.get(name):
                    yield name.upper(), "is missing, and MOCK_STRIPE_PAYMENTS is not true"
        if path := data.get("packages_file"):
            try:
                packages.read(Path(path).read_text(encoding="utf-8"))
            except packages.PriceListError as fault:
                yield "PACKAGES_FILE", f"{path}: {fault}"
            except (OSError, ValueError) as fault:  # ValueError: not UTF-8, or a NUL in the path
                yield "PACKAGES_FILE", f"cannot be read ({fault})"


class Settings(MoneySettings):
    """All settings of the service; credits are in hundredths."""

    telegram_bot_token: Annotated[
        Secret, matching(r"[0-9]{1,18}:[A-Za-z0-9_-]{3,}", "is not of the shape that BotFather gives")
    ] = Field(default=...)
    telegram_api_base: Address = "https://api.telegram.org"
    telegram_mode: Literal["polling", "webhook"] = "polling"
    telegram_webhook_secret: (
        Annotated[Secret, matching(r"[A-Za-z0-9_-]{1,256}", 'may hold 1 to 256 letters, digits, "_" and "-"')]
        | None
    ) = None
    host: Host = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8000
    welcome_credits: Credits = 0
    operator_token: Secret | None = None
    ai_base_url: Annotated[str | None, url("http", "https"), Field(repr=False)] = None
    ai_api_key: Secret | None = None
    ai_model: str | None = None
    ai_timeout: Annotated[int, Field(ge=5, le=1500)] = 60
    ai_credits_per_1k_input: Credits = 10
    ai_credits_per_1k_output: Credits = 40
    jobs_per_user: Annotated[int, Field(ge=1)] = 2
    jobs_at_once: Annotated[int, Field(ge=1)] = 8
    keep_texts_days: Annotated[int, Field(ge=0)] = 30
    low_balance: Credits = 100

    @property
    def telegram_secret(self) -> str:
        """The secret that Telegram sends with each update: the one set, or one derived from the token."""
        if self.telegram_webhook_secret:
            return self.telegram_webhook_secret.get_secret_value()
        token = self.telegram_bot_token.get_secret_value()
        return hashlib.sha256(f"telegram-webhook:{token}".encode()).hexdigest()

    def secrets(self) -> Iterator[tuple[str, str]]:
        """Yield as the base class does, and the secret that follows from the token."""
        yield from super().secrets()
        yield "TELEGRAM_WEBHOOK_SECRET", self.telegram_secret

    @classmethod
    def cross_field_problems(cls, data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Yield (variable, problem) for values that do not fit together; `data` is not parsed yet."""
        yield from super().cross_field_problems(data)
        if data.get("telegram_mode") == "webhook" and not reachable_by_telegram(
            data.get("webapp_url", ""), any_port="telegram_api_base" in data
        ):
            yield (
                "WEBAPP_URL",
                "must be public, https, with port 443, 80, 88 or 8443: TELEGRAM_MODE is webhook",
            )


SettingsType = TypeVar("SettingsType", bound=DatabaseSettings)


def load(kind: type[SettingsType], dotenv: Path = Path(".env")) -> SettingsType:
    """Read the environment over `.env`; raises SettingsError with every problem at once."""
    try:
        return kind(_env_file=dotenv)
    except (OSError, UnicodeDecodeError) as fault:
        raise SettingsError(
            [f"{dotenv}: cannot be read ({fault}); it must be a text file in UTF-8"]
        ) from fault


def _line(name: str, kind: str, message: str) -> str:
    text = "is missing" if kind == "missing" else message.removeprefix("Value error, ")
    if kind == "missing" and name == "TELEGRAM_BOT_TOKEN":
        text += " (https://t.me/BotFather gives one)"
    return f"{name}: {text}, for example {name}={EXAMPLES[name]}"
