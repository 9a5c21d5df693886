"""The bot's descriptions, which a user reads before pressing Start."""

from collections.abc import Sequence

from aiogram import Bot

from bot_platform.telegram.texts import Texts, code_of


async def lacks(bot: Bot, texts: Texts) -> Sequence[str]:
    """Name the descriptions that are missing at Telegram; one that the operator wrote counts too."""
    missing = []
    for language in texts.languages:
        if not (await bot.get_my_description(language_code=code_of(language))).description:
            missing.append(_named("description", language))
        if not (await bot.get_my_short_description(language_code=code_of(language))).short_description:
            missing.append(_named("short description", language))
    return missing


async def describe(bot: Bot, texts: Texts) -> Sequence[str]:
    """Set the missing descriptions, and name them."""
    missing = await lacks(bot, texts)
    for language in texts.languages:
        if _named("description", language) in missing:
            await bot.set_my_description(
                description=texts.say("bot-description", language), language_code=code_of(language)
            )
        if _named("short description", language) in missing:
            await bot.set_my_short_description(
                short_description=texts.say("bot-short-description", language),
                language_code=code_of(language),
            )
    return missing


def _named(what: str, language: str) -> str:
    code = code_of(language)
    return f"{what} ({code})" if code else what
