"""Reads secrets from the files that settings name by `<NAME>_FILE`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource

# These can also come from a file that is named by `<NAME>_FILE`.
SECRETS = frozenset(
    {
        "telegram_bot_token",
        "telegram_webhook_secret",
        "stripe_secret_key",
        "stripe_webhook_secret",
        "database_url",
        "operator_token",
        "ai_api_key",
    }
)


class SecretFiles(PydanticBaseSettingsSource):
    """Reads secrets from the files that are named by `<NAME>_FILE`."""

    def __init__(self, settings_cls: type[BaseSettings], variables: Mapping[str, str | None]) -> None:
        super().__init__(settings_cls)
        self._variables = variables

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002 -- the base class's signature
        """Read the file of one secret; an exception becomes the value, and a problem later."""
        path = self._variables.get(f"{field_name}_file")
        if field_name not in SECRETS or not path:
            return None, field_name, False
        try:
            return Path(path).read_text(encoding="utf-8").strip(), field_name, False
        except (OSError, ValueError) as fault:  # ValueError: not UTF-8, or a NUL in the path
            return fault, field_name, False

    def __call__(self) -> dict[str, Any]:
        """Read all secrets that have a file."""
        fields = self.settings_cls.model_fields.items()
        values = {name: self.get_field_value(field, name)[0] for name, field in fields}
        return {name: value for name, value in values.items() if value is not None}


def variables(source: PydanticBaseSettingsSource) -> Mapping[str, str | None]:
    """Return the variables that a source has read, by their names in lower case."""
    return source.env_vars if isinstance(source, EnvSettingsSource) else {}


def why_unreadable(fault: Exception) -> str:
    """Say why a file cannot be read, without its name: some write the secret itself there."""
    return (fault.strerror if isinstance(fault, OSError) else None) or type(fault).__name__
