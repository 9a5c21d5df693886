"""`/ask <question>`: an answer that can be read while it is written."""

from bot_platform.work.engine.kind import JobContext, by_usage, kind
from bot_platform.work.engine.model import Message

MOST_TOKENS = 2000  # of an answer: about three full messages
WHO = Message(
    "system",
    "You help people in a Telegram chat, above all with software. Answer in the language of the question,"
    " to the point, in plain Markdown: short paragraphs, lists, fenced code. No tables, no HTML.",
)


@kind(
    "ask",
    "ask a question, and ask on about the answer",
    price=by_usage(MOST_TOKENS, WHO),
    remembers=True,
)
async def ask(task: JobContext) -> str:
    """Answer a question with the turns before it in mind."""
    return await task.answer(WHO, *task.order.before, task.order.request, most_tokens=MOST_TOKENS, show=True)
