"""Users: one row for each Telegram user who wrote to the bot."""

import secrets

from tortoise import fields
from tortoise.models import Model

from bot_platform.domain.ids import parse_id
from bot_platform.infra.clock import now
from bot_platform.infra.columns import Key, Words
from bot_platform.infra.sql import insert_if_new


class User(Model):
    """A user; `telegram_id` is Telegram's id, `id` is ours and the only one that providers see."""

    # Random, not counted: after a restore from a backup no new user gets the id of a lost user, whose
    # payment may still be on its way.
    id = fields.BigIntField(primary_key=True, generated=False, default=lambda: 1 + secrets.randbelow(2**48))
    telegram_id = fields.BigIntField(unique=True)
    language = Words(max_length=35, default="en")  # an IETF tag, from Telegram
    blocked_bot = fields.BooleanField(default=False)  # messages to this user fail until they return
    arrived_by = Key(default="", db_default="")  # the request that made the row
    created_at = fields.DatetimeField(default=now)

    class Meta:
        table = "users"  # "user" is a keyword in SQL
        indexes = (("created_at",),)

    @property
    def subject(self) -> str:
        """The subject of notices and operators' actions about this user."""
        return f"user:{self.id}"


async def welcome(telegram_id: int, language: str, request_key: str = "") -> tuple[User, bool]:
    """Find or create the user; True when they are new."""
    new = await insert_if_new(User(telegram_id=telegram_id, language=language, arrived_by=request_key))
    return await User.get(telegram_id=telegram_id), new


async def find(telegram_id: int) -> User | None:
    """Find the user with this Telegram id."""
    return await User.get_or_none(telegram_id=telegram_id)


async def look_up(number: str) -> User | None:
    """Find a user by a typed number: the Telegram id, or else our id."""
    id_ = parse_id(number)
    return await find(id_) or await User.get_or_none(id=id_) if id_ else None


async def get(user_id: int) -> User:
    """Read the user with our id; raises DoesNotExist."""
    return await User.get(id=user_id)


async def exists(user_id: int) -> bool:
    """Whether a user has this id of ours."""
    return await User.exists(id=user_id)


async def mark_blocked(telegram_id: int, *, blocked: bool) -> None:
    """Store whether this user blocked the bot."""
    await User.filter(telegram_id=telegram_id).update(blocked_bot=blocked)
