"""People: one row for each Telegram user who pressed Start."""

import secrets

from tortoise import fields
from tortoise.models import Model

from bot_platform.domain.ids import parse_id
from bot_platform.infra.clock import now
from bot_platform.infra.sql import insert_if_new


class User(Model):
    """A person; `telegram_id` is Telegram's, `id` is ours and the only one providers see."""

    # Drawn, not counted: after a restore from a backup no newcomer gets a lost person's id,
    # which a payment on its way may still name.
    id = fields.BigIntField(primary_key=True, generated=False, default=lambda: 1 + secrets.randbelow(2**48))
    telegram_id = fields.BigIntField(unique=True)
    language = fields.CharField(max_length=35, default="en")  # IETF tag, as Telegram tells it
    blocked_bot = fields.BooleanField(default=False)  # messages to this person fail until they return
    arrived_by = fields.CharField(max_length=100, default="", db_default="")  # the press that made the row
    created_at = fields.DatetimeField(default=now)

    class Meta:
        """The table's name."""

        table = "users"  # "user" is a word of SQL
        indexes = (("created_at",),)

    @property
    def subject(self) -> str:
        """How notices and operators' acts name this person."""
        return f"user:{self.id}"


async def welcome(telegram_id: int, language: str, request_key: str = "") -> tuple[User, bool]:
    """Find or make the person; True when they are new."""
    new = await insert_if_new(User(telegram_id=telegram_id, language=language, arrived_by=request_key))
    return await User.get(telegram_id=telegram_id), new


async def find(telegram_id: int) -> User | None:
    """Find the person behind a Telegram id, if they ever pressed Start."""
    return await User.get_or_none(telegram_id=telegram_id)


async def look_up(number: str) -> User | None:
    """Find a person by what somebody typed: Telegram's id of them, or else ours."""
    id_ = parse_id(number)
    return await find(id_) or await User.get_or_none(id=id_) if id_ else None


async def get(user_id: int) -> User:
    """Read the person with our id; raises DoesNotExist."""
    return await User.get(id=user_id)


async def exists(user_id: int) -> bool:
    """Whether our id names a person."""
    return await User.exists(id=user_id)


async def mark_blocked(telegram_id: int, *, blocked: bool) -> None:
    """Remember whether this person blocked the bot."""
    await User.filter(telegram_id=telegram_id).update(blocked_bot=blocked)
