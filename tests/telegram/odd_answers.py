"""A sandbox Telegram that does what it is asked, or refuses it, and answers in a shape of its own."""

from dataclasses import dataclass, field
from typing import Any

from aiogram import Bot
from aiogram.methods import TelegramMethod
from aiogram.methods.base import TelegramType

from bot_platform.sandbox.telegram import SandboxSession
from bot_platform.sandbox.telegram_world import TelegramWorld


@dataclass
class Odd:
    """An answer: its status and body. `done`: the call is carried out all the same."""

    status: int
    body: str
    done: bool = False


@dataclass
class Planned:
    """The odd answers that a method will give, one for each call; `calls` are those that got one."""

    odd: list[tuple[str, Odd]] = field(default_factory=list)
    calls: list[TelegramMethod[Any]] = field(default_factory=list)


class OddSession(SandboxSession):
    """Use as a running service's session; `plan` names the calls that are answered in another shape."""

    def __init__(self, world: TelegramWorld) -> None:
        super().__init__(world)
        self.plan = Planned()

    def answer(self, method: str, odd: Odd) -> None:
        """Answer the next call of this method so."""
        self.plan.odd.append((method, odd))

    async def make_request(
        self,
        bot: Bot,
        method: TelegramMethod[TelegramType],
        timeout: int | None = None,  # noqa: ASYNC109 (aiogram's signature)
    ) -> TelegramType:
        """Call the sandbox; give the planned answer, if there is one."""
        found = next((pair for pair in self.plan.odd if pair[0] == method.__api_method__), None)
        if found is None:
            return await super().make_request(bot, method, timeout)
        self.plan.odd.remove(found)
        self.plan.calls.append(method)
        _, odd = found
        if odd.done:
            await super().make_request(bot, method, timeout)
        answer: Any = self.check_response(bot, method, odd.status, odd.body).result
        return answer  # type: ignore[no-any-return]  # aiogram's own result
