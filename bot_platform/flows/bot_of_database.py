"""A database belongs to one bot: two would mix their users, their updates and their purchases."""

from bot_platform.domain import installation
from bot_platform.infra.database import Database


async def conflict(database: Database, bot_id: int) -> str | None:
    """Say in one line why this bot may not use the database; a database without a bot becomes its own.

    None when it may.
    """
    owner = await database.transact(installation.claim, bot_id, notify=False)
    if owner == bot_id:
        return None
    return (
        f"TELEGRAM_BOT_TOKEN: is of bot {bot_id}, but this database belongs to bot {owner}, and two bots"
        f" would mix their users. Write the token of bot {owner}, or give this bot a DATABASE_URL of its own."
        " If it takes the place of the other, run once: python3 run.py migrate --new-bot"
    )


async def hand_over(database: Database, bot_id: int) -> None:
    """Let the database belong to this bot from now on."""
    await database.transact(installation.hand_over, bot_id, notify=False)
