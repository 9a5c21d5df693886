"""The installation: the one bot that this database belongs to."""

from tortoise import fields
from tortoise.models import Model

from bot_platform.infra.clock import now
from bot_platform.infra.sql import insert_if_new

ONLY_ID = 1  # the table has one row


class Installation(Model):
    """The bot, by Telegram's id, which a new token of the same bot keeps."""

    id = fields.BigIntField(primary_key=True, generated=False, default=ONLY_ID)
    bot_id: int = fields.BigIntField()
    since = fields.DatetimeField(default=now)

    class Meta:
        table = "installation"


async def claim(bot_id: int) -> int:
    """Let the database belong to this bot, unless it belongs to one; return the bot that it belongs to."""
    await insert_if_new(Installation(bot_id=bot_id))
    return (await Installation.get(id=ONLY_ID)).bot_id


async def hand_over(bot_id: int) -> None:
    """Let the database belong to this bot from now on."""
    await insert_if_new(Installation(bot_id=bot_id))
    await Installation.filter(id=ONLY_ID).exclude(bot_id=bot_id).update(bot_id=bot_id, since=now())
