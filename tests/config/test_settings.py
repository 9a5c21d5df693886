"""The settings: which values are accepted, which are refused in which words, and that secrets stay hidden."""

from pathlib import Path
from typing import Any

import pytest

from bot_platform.config.secret_files import SECRETS
from bot_platform.config.settings import Settings, SettingsError, load
from bot_platform.config.values import EXAMPLES
from bot_platform.domain import packages

TOKEN = "123456789:AAExampleExampleExampleExample"
ENOUGH = {
    "TELEGRAM_BOT_TOKEN": TOKEN,
    "STRIPE_SECRET_KEY": "sk_test_abc",
    "STRIPE_WEBHOOK_SECRET": "whsec_abc",
}
LIST = '[[package]]\ncode = "buy_9"\ncredits = 9\namount = 90\ncurrency = "eur"\n'


class Environment:
    """The environment variables and the `.env` of one test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, dotenv: Path) -> None:
        self._monkeypatch, self.dotenv = monkeypatch, dotenv
        for name in EXAMPLES:
            monkeypatch.delenv(name, raising=False)
            monkeypatch.delenv(f"{name}_FILE", raising=False)

    def set(self, **variables: str) -> None:
        for name, value in variables.items():
            self._monkeypatch.setenv(name, value)

    def load(self) -> Settings:
        return load(Settings, self.dotenv)

    def problems(self) -> list[str]:
        with pytest.raises(SettingsError) as caught:
            self.load()
        return caught.value.problems


@pytest.fixture
def env(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Environment:
    """Provide an environment without our variables, and the path of a `.env` that does not exist."""
    return Environment(monkeypatch, tmp_path / ".env")


GOOD: list[tuple[str, str, Any]] = [
    ("TELEGRAM_API_BASE", "http://127.0.0.1:8081/", "http://127.0.0.1:8081"),
    ("TELEGRAM_MODE", "polling", "polling"),
    ("MOCK_STRIPE_PAYMENTS", "false", False),
    ("MOCK_STRIPE_PAYMENTS", "True", True),
    ("MOCK_STRIPE_PAYMENTS", "1", True),
    ("MOCK_STRIPE_PAYMENTS", "off", False),
    ("STRIPE_PUBLISHABLE_KEY", "pk_live_1", "pk_live_1"),
    ("STRIPE_API_BASE", "http://127.0.0.1:12111/sandbox/stripe/", "http://127.0.0.1:12111/sandbox/stripe"),
    ("WEBAPP_URL", "https://bot.example.com/", "https://bot.example.com"),
    ("WEBAPP_URL", "  https://bot.example.com/shop  ", "https://bot.example.com/shop"),
    ("WEBAPP_URL", "http://[::1]:8000", "http://[::1]:8000"),
    ("HOST", "0.0.0.0", "0.0.0.0"),  # noqa: S104 -- read, not bound
    ("HOST", "::1", "::1"),
    ("HOST", "bot-1.internal_net", "bot-1.internal_net"),
    ("PORT", "1", 1),
    ("PORT", "65535", 65535),
    ("DATABASE_URL", "sqlite:///var/lib/bot.db", "sqlite:///var/lib/bot.db"),
    ("DATABASE_URL", "sqlite://bot.db", "sqlite://bot.db"),
    ("DATABASE_URL", "postgres://u:p@h:5432/name", "postgres://u:p@h:5432/name"),
    ("DATABASE_URL", "postgres://u:p#ss@h:5432/name", "postgres://u:p#ss@h:5432/name"),
    ("DATABASE_URL", "postgres://u:p@h/name?sslmode=require", "postgres://u:p@h/name?sslmode=require"),
    ("DATABASE_URL", "postgresql://u:p%23@h/name?ssl=require", "postgresql://u:p%23@h/name?ssl=require"),
    ("DATABASE_URL", "postgres://u@/name?host=/run/postgresql", "postgres://u@/name?host=/run/postgresql"),
    ("DATABASE_URL", "asyncpg://u@/name?host=/run/postgresql", "asyncpg://u@/name?host=/run/postgresql"),
    ("RECONCILE_EVERY", "60", 60),
    ("WELCOME_CREDITS", "0", 0),
    ("WELCOME_CREDITS", "5", 500),
    ("WELCOME_CREDITS", "5.5", 550),
    ("WELCOME_CREDITS", " 999999999.99 ", 99_999_999_999),
    ("ADMIN_TELEGRAM_IDS", "1, 5000000001,", (1, 5_000_000_001)),
    ("ADMIN_TELEGRAM_IDS", "", ()),
    ("AI_BASE_URL", "https://api.openai.com/v1/", "https://api.openai.com/v1"),
    ("AI_MODEL", "a-model", "a-model"),
    ("AI_CREDITS_PER_1K_INPUT", "0.01", 1),
    ("AI_CREDITS_PER_1K_OUTPUT", "0.40", 40),
    ("JOBS_PER_USER", "1", 1),
    ("JOBS_AT_ONCE", "64", 64),
    ("AI_TIMEOUT", "900", 900),
    ("KEEP_TEXTS_DAYS", "0", 0),
    ("LOW_BALANCE", "0", 0),
    ("PROXY_URL", "http://u:p@proxy.example.com:3128", "http://u:p@proxy.example.com:3128"),
    ("PROXY_URL", "socks5://127.0.0.1:1080", "socks5://127.0.0.1:1080"),
    ("LOG_LEVEL", "DEBUG", "DEBUG"),
    ("LOG_FORMAT", "json", "json"),
]


@pytest.mark.parametrize(("name", "value", "read"), GOOD)
def test_a_good_value_is_accepted(env: Environment, name: str, value: str, read: Any) -> None:
    env.set(**ENOUGH | {name: value})
    assert getattr(env.load(), name.lower()) == read


SECRET_VALUES = [
    ("TELEGRAM_BOT_TOKEN", TOKEN),
    ("TELEGRAM_WEBHOOK_SECRET", "Az09_-"),
    ("STRIPE_SECRET_KEY", "rk_live_abc"),
    ("OPERATOR_TOKEN", "let me in"),
    ("AI_API_KEY", "sk-abc"),
]


@pytest.mark.parametrize(("name", "value"), SECRET_VALUES)
def test_a_good_secret_is_accepted_without_the_spaces_around_it(
    env: Environment, name: str, value: str
) -> None:
    env.set(**ENOUGH | {name: f" {value} "})
    assert getattr(env.load(), name.lower()).get_secret_value() == value


BAD = [
    ("TELEGRAM_BOT_TOKEN", "hunter2"),
    ("TELEGRAM_BOT_TOKEN", "123456789"),
    ("TELEGRAM_BOT_TOKEN", "1" * 19 + ":abcdef"),
    ("TELEGRAM_BOT_TOKEN", "123:abc def"),
    ("TELEGRAM_BOT_TOKEN", " "),
    ("TELEGRAM_API_BASE", "api.telegram.org"),
    ("TELEGRAM_API_BASE", "ftp://api.telegram.org"),
    ("TELEGRAM_MODE", "webhooks"),
    ("TELEGRAM_WEBHOOK_SECRET", "with spaces"),
    ("TELEGRAM_WEBHOOK_SECRET", "x" * 257),
    ("TELEGRAM_WEBHOOK_SECRET", "schlüssel"),
    ("MOCK_STRIPE_PAYMENTS", "perhaps"),
    ("STRIPE_SECRET_KEY", "pk_test_abc"),
    ("STRIPE_SECRET_KEY", "sk_"),
    ("STRIPE_SECRET_KEY", "sk_test_a b"),
    ("STRIPE_WEBHOOK_SECRET", "abc"),
    ("STRIPE_WEBHOOK_SECRET", "whsec_a, sk_test_b"),
    ("STRIPE_WEBHOOK_SECRET", "whsec_a whsec_b"),
    ("STRIPE_WEBHOOK_SECRET", " "),
    ("STRIPE_WEBHOOK_SECRET", ","),
    ("STRIPE_PUBLISHABLE_KEY", "sk_test_abc"),
    ("STRIPE_API_BASE", "https://"),
    ("STRIPE_API_BASE", "https://api.stripe.com:port"),
    ("WEBAPP_URL", "bot.example.com"),
    ("WEBAPP_URL", "https://[::1"),
    ("WEBAPP_URL", "https://bot.example.com:99999"),
    ("WEBAPP_URL", "https://bot.example.com/?a=1"),
    ("WEBAPP_URL", "https://bot.example.com/#a"),
    ("WEBAPP_URL", "https://bot.exa mple.com"),
    ("HOST", "not a host"),
    ("HOST", ".."),
    ("HOST", "x" * 64),
    ("PORT", "0"),
    ("PORT", "65536"),
    ("PORT", "http"),
    ("DATABASE_URL", "mysql://u:p@h/name"),
    ("DATABASE_URL", "data/bot.db"),
    ("DATABASE_URL", "sqlite://"),
    ("DATABASE_URL", "sqlite://:memory:"),
    ("DATABASE_URL", "sqlite://data/"),
    ("DATABASE_URL", "postgres://"),
    ("DATABASE_URL", "postgres://u:p@h:5432"),
    ("DATABASE_URL", "postgres://u:p@h:port/name"),
    ("DATABASE_URL", "postgres:///name"),
    ("DATABASE_URL", "postgres://u:p@h/name?sslmod=require"),
    ("DATABASE_URL", "postgres://u:p@h/name?sslmode=require&channel_binding=require"),
    ("PACKAGES_FILE", "/no/such/file.toml"),
    ("RECONCILE_EVERY", "59"),
    ("RECONCILE_EVERY", "5m"),
    ("WELCOME_CREDITS", "-1"),
    ("WELCOME_CREDITS", "1.005"),
    ("WELCOME_CREDITS", "1e3"),
    ("WELCOME_CREDITS", "NaN"),
    ("ADMIN_TELEGRAM_IDS", "1;2"),
    ("ADMIN_TELEGRAM_IDS", "@user"),
    ("OPERATOR_TOKEN", " "),
    ("AI_BASE_URL", "api.openai.com/v1"),
    ("AI_API_KEY", "  "),
    ("AI_CREDITS_PER_1K_INPUT", "a tenth"),
    ("AI_CREDITS_PER_1K_OUTPUT", "0,40"),
    ("JOBS_PER_USER", "0"),
    ("JOBS_AT_ONCE", "0"),
    ("AI_TIMEOUT", "4"),
    ("AI_TIMEOUT", "soon"),
    ("KEEP_TEXTS_DAYS", "-1"),
    ("LOW_BALANCE", "-0.01"),
    ("PROXY_URL", "proxy.example.com:3128"),
    ("PROXY_URL", "https://proxy.example.com:3128"),
    ("PROXY_URL", "socks5://proxy.example.com"),
    ("LOG_LEVEL", "LOUD"),
    ("LOG_FORMAT", "xml"),
]


@pytest.mark.parametrize(
    "around",
    ['"{}"', "'{}'", ' "{}" ', "{}\r", "\ufeff{}", "{}\u200b", "\u00a0{}\u00a0", "\u201c{}\u201d", '" {} "'],
)
def test_what_comes_with_copying_is_removed_from_around_a_value(env: Environment, around: str) -> None:
    env.set(**{name: around.format(value) for name, value in ENOUGH.items()})
    env.set(MOCK_STRIPE_PAYMENTS=around.format("true"), PORT=around.format("8010"))
    env.set(DATABASE_URL=around.format("postgres://u:p'w@h/name"))
    loaded = env.load()
    assert loaded.telegram_bot_token.get_secret_value() == TOKEN
    assert (loaded.mock_stripe_payments, loaded.port) == (True, 8010)
    assert loaded.database_url == "postgres://u:p'w@h/name"


@pytest.mark.parametrize("value", ['""', "''"])
def test_a_value_of_nothing_but_quotation_marks_is_not_set(env: Environment, value: str) -> None:
    env.set(**ENOUGH, AI_API_KEY=value, OPERATOR_TOKEN=value, PORT=value)
    loaded = env.load()
    assert (loaded.ai_api_key, loaded.operator_token, loaded.port) == (None, None, 8000)
    env.set(TELEGRAM_BOT_TOKEN=value)
    assert [problem.partition(":")[0] for problem in env.problems()] == ["TELEGRAM_BOT_TOKEN"]


def test_every_problem_is_listed_in_one_run(env: Environment) -> None:
    env.set(**dict(BAD[::-1]))
    named = [problem.partition(":")[0] for problem in env.problems()]
    assert named == sorted({name for name, _ in BAD})


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_bad_value_is_one_line_that_names_it_and_gives_an_example(
    env: Environment, name: str, value: str
) -> None:
    env.set(**ENOUGH | {name: value})
    (line,) = [problem for problem in env.problems() if not problem.startswith("STRIPE_") or name in problem]
    assert line.startswith(f"{name}: ")
    assert line.endswith(f", for example {name}={EXAMPLES[name]}")
    assert "\n" not in line


def test_the_problem_of_a_secret_does_not_contain_its_value(env: Environment) -> None:
    any_text = {"AI_API_KEY", "OPERATOR_TOKEN"}
    wrong = {name.upper() for name in SECRETS} - any_text | {"PROXY_URL"}
    env.set(**dict.fromkeys(wrong, "hidden away"))
    lines = env.problems()
    assert {line.partition(":")[0] for line in lines} == wrong
    assert not [line for line in lines if "hidden" in line]


def test_every_variable_has_an_example_and_every_example_is_a_good_value(
    env: Environment, tmp_path: Path
) -> None:
    assert set(EXAMPLES) == {name.upper() for name in Settings.model_fields}
    (tmp_path / "packages.toml").write_text(LIST)
    examples = EXAMPLES | {"PACKAGES_FILE": str(tmp_path / "packages.toml")}
    env.set(**examples)
    assert env.load().welcome_credits == 500


def test_all_problems_are_reported_in_one_run(env: Environment) -> None:
    first_of_each = {name: value for name, value in reversed(BAD) if name != "MOCK_STRIPE_PAYMENTS"}
    env.set(**first_of_each)
    lines = env.problems()
    assert [line.partition(":")[0] for line in lines] == sorted(first_of_each)


def test_an_empty_environment_names_each_missing_setting(env: Environment) -> None:
    assert [line.partition(", for example")[0] for line in env.problems()] == [
        "STRIPE_SECRET_KEY: is missing, and MOCK_STRIPE_PAYMENTS is not true",
        "STRIPE_WEBHOOK_SECRET: is missing, and MOCK_STRIPE_PAYMENTS is not true",
        "TELEGRAM_BOT_TOKEN: is missing (https://t.me/BotFather gives one)",
    ]


def test_an_empty_value_counts_as_not_set(env: Environment) -> None:
    env.set(TELEGRAM_BOT_TOKEN=TOKEN, MOCK_STRIPE_PAYMENTS="true", PORT="", WEBAPP_URL="", OPERATOR_TOKEN="")
    settings = env.load()
    assert (settings.port, settings.webapp_url) == (8000, "http://localhost:8000")
    assert settings.operator_token is None


def test_the_mock_needs_no_stripe_keys(env: Environment) -> None:
    env.set(TELEGRAM_BOT_TOKEN=TOKEN, MOCK_STRIPE_PAYMENTS=" Yes ")
    assert env.load().mock_stripe_payments
    assert env.load().stripe_secret_key is None


def test_the_environment_has_precedence_over_dotenv(env: Environment) -> None:
    env.dotenv.write_text(f"TELEGRAM_BOT_TOKEN={TOKEN}\nPORT=1111\nMOCK_STRIPE_PAYMENTS=true\nHOST='::1'\n")
    env.set(PORT="2222")
    settings = env.load()
    assert (settings.port, settings.host, settings.mock_stripe_payments) == (2222, "::1", True)


def test_a_dotenv_that_is_not_text_is_a_problem_without_a_traceback(env: Environment) -> None:
    env.dotenv.write_bytes(b"PORT=\xff\xfe\n")
    (line,) = env.problems()
    assert line.startswith(f"{env.dotenv}: cannot be read")


def test_unknown_variables_are_ignored(env: Environment) -> None:
    env.dotenv.write_text("SOMETHING_ELSE=1\nthis line has no value\n")
    env.set(**ENOUGH)
    assert env.load().port == 8000


@pytest.mark.parametrize("name", sorted(SECRETS))
def test_a_file_of_a_secret_has_precedence_over_dotenv_but_not_over_the_environment(
    env: Environment, tmp_path: Path, name: str
) -> None:
    def value_of(settings: Settings) -> Any:
        value = getattr(settings, name)
        value = value[0] if isinstance(value, tuple) else value
        return value if isinstance(value, str) else value.get_secret_value()

    good = EXAMPLES[name.upper()]
    in_file = f"{good}/file" if name == "database_url" else f"{good}_file"
    (tmp_path / "secret").write_text(f"\n{in_file}\n")
    env.dotenv.write_text(f"{name.upper()}={good}_dotenv\n")
    others = {key: value for key, value in ENOUGH.items() if key != name.upper()}
    env.set(**others, **{f"{name.upper()}_FILE": str(tmp_path / "secret")})
    assert value_of(env.load()) == in_file
    env.set(**{name.upper(): good})
    assert value_of(env.load()) == good


def test_the_file_of_a_secret_can_be_named_in_dotenv(env: Environment, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN)
    env.dotenv.write_text(f"TELEGRAM_BOT_TOKEN_FILE={tmp_path / 'token'}\nMOCK_STRIPE_PAYMENTS=true\n")
    assert env.load().telegram_bot_token.get_secret_value() == TOKEN


@pytest.mark.parametrize("content", [None, b"\xff\xfe", "a folder"])
@pytest.mark.parametrize("name", sorted(SECRETS))
def test_a_secret_whose_file_cannot_be_read_is_a_problem(
    env: Environment, tmp_path: Path, name: str, content: bytes | str | None
) -> None:
    path = tmp_path / "secret"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content:
        path.mkdir()
    others = {key: value for key, value in ENOUGH.items() if key != name.upper()}
    env.set(**others, **{f"{name.upper()}_FILE": str(path)})
    (line,) = env.problems()
    assert line.startswith(f"{name.upper()}_FILE: cannot be read (")
    assert f", for example {name.upper()}_FILE=/" in line


@pytest.mark.parametrize("name", ["TELEGRAM_BOT_TOKEN", "STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET"])
def test_an_empty_file_counts_as_a_missing_secret(env: Environment, tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").write_text("\n")
    others = {key: value for key, value in ENOUGH.items() if key != name}
    env.set(**others, **{f"{name}_FILE": str(tmp_path / "secret")})
    (line,) = env.problems()
    assert line.startswith(f"{name}: ")


def test_a_path_with_a_nul_in_dotenv_is_a_problem_without_a_traceback(env: Environment) -> None:
    env.dotenv.write_text(
        f'TELEGRAM_BOT_TOKEN={TOKEN}\nMOCK_STRIPE_PAYMENTS=1\nPACKAGES_FILE="a\0b"\nAI_API_KEY_FILE="a\0b"\n'
    )
    assert [line.partition(":")[0] for line in env.problems()] == ["AI_API_KEY_FILE", "PACKAGES_FILE"]


def test_several_webhook_secrets_are_separated_by_commas(env: Environment) -> None:
    env.set(**ENOUGH | {"STRIPE_WEBHOOK_SECRET": " whsec_new ,whsec_old,\n whsec_third ,"})
    secrets = [secret.get_secret_value() for secret in env.load().stripe_webhook_secret]
    assert secrets == ["whsec_new", "whsec_old", "whsec_third"]


@pytest.mark.parametrize(
    "address",
    [
        "http://bot.example.com",
        "https://localhost",
        "https://LOCALHOST",
        "https://127.0.0.1",
        "https://[::1]",
        "https://bot.example.com:9000",
        "https://[::1",
    ],
)
def test_the_webhook_mode_needs_an_address_that_telegram_can_reach(env: Environment, address: str) -> None:
    env.set(**ENOUGH, TELEGRAM_MODE="webhook", WEBAPP_URL=address)
    (line,) = env.problems()
    assert line.startswith("WEBAPP_URL: must be ")
    env.set(TELEGRAM_MODE="polling", WEBAPP_URL=address if address != "https://[::1" else "http://a")
    assert env.load().telegram_mode == "polling"


def test_the_webhook_mode_needs_a_webapp_url(env: Environment) -> None:
    env.set(**ENOUGH, TELEGRAM_MODE="webhook")
    (line,) = env.problems()
    assert "WEBAPP_URL" in line
    assert "TELEGRAM_MODE" in line


@pytest.mark.parametrize("address", ["https://bot.example.com", "https://bot.example.com:8443/x"])
def test_the_webhook_mode_accepts_a_public_address(env: Environment, address: str) -> None:
    env.set(**ENOUGH, TELEGRAM_MODE="webhook", WEBAPP_URL=f" {address} ")
    assert env.load().webapp_url == address


def test_the_secret_for_telegram_is_the_one_set_or_is_derived_from_the_token(env: Environment) -> None:
    env.set(**ENOUGH)
    derived = env.load().telegram_secret
    assert len(derived) == 64
    assert TOKEN not in derived
    assert env.load().telegram_secret == derived
    env.set(TELEGRAM_BOT_TOKEN=f"{TOKEN}2")
    assert env.load().telegram_secret != derived
    env.set(TELEGRAM_WEBHOOK_SECRET="mine")
    assert env.load().telegram_secret == "mine"


@pytest.mark.parametrize(
    ("key", "live"), [("sk_live_1", True), ("rk_live_1", True), ("sk_test_1", False), ("rk_test_1", False)]
)
def test_the_stripe_key_says_whether_the_mode_is_live(env: Environment, key: str, *, live: bool) -> None:
    env.set(**ENOUGH | {"STRIPE_SECRET_KEY": key})
    assert env.load().stripe_live is live


def test_no_secret_is_in_the_repr(env: Environment) -> None:
    env.set(
        TELEGRAM_BOT_TOKEN="123456789:hidden_token",
        TELEGRAM_WEBHOOK_SECRET="hidden_telegram",
        STRIPE_SECRET_KEY="sk_test_hidden",
        STRIPE_WEBHOOK_SECRET="whsec_hidden,whsec_hidden2",
        DATABASE_URL="postgres://bot:hidden@h/name",
        OPERATOR_TOKEN="hidden_operator",
        AI_API_KEY="hidden_ai",
        PROXY_URL="http://bot:hidden@proxy:1",
        PORT="8123",
    )
    settings = env.load()
    assert "8123" in repr(settings)
    assert "hidden" not in repr(settings) + str(settings)


def test_the_price_list_is_the_built_in_one_or_that_of_packages_file(
    env: Environment, tmp_path: Path
) -> None:
    env.set(**ENOUGH)
    assert env.load().price_list() == packages.BUILT_IN
    (tmp_path / "p.toml").write_text(LIST)
    env.set(PACKAGES_FILE=str(tmp_path / "p.toml"))
    assert [package.code for package in env.load().price_list()] == ["buy_9"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it has no [[package]] table"),
        (b"\xff", "cannot be read"),
        (LIST.replace("90", "0").encode(), "package 1: amount must be a whole number from 1 to 99999999"),
    ],
)
def test_a_bad_price_list_is_a_problem(
    env: Environment, tmp_path: Path, content: bytes, message: str
) -> None:
    (tmp_path / "p.toml").write_bytes(content)
    env.set(**ENOUGH, PACKAGES_FILE=str(tmp_path / "p.toml"))
    (line,) = env.problems()
    assert line.startswith("PACKAGES_FILE: ")
    assert message in line


def test_settings_are_immutable(env: Environment) -> None:
    env.set(**ENOUGH)
    with pytest.raises(ValueError, match="frozen"):
        env.load().port = 1  # type: ignore[misc]
