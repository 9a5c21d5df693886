"""`/ask <question>`: an answer that the user can read while it is written."""

from bot_platform.work.engine.kind import JobContext, by_usage, kind
from bot_platform.work.engine.model import Message

MAX_ANSWER_TOKENS = 2000  # about three full Telegram messages
SYSTEM_PROMPT = Message(
    "system",
    "You help people in a Telegram chat, above all with software. Answer in the language of the question,"
    " to the point, in plain Markdown: short paragraphs, lists, fenced code. No tables, no HTML.",
)


@kind(
    "ask",
    "ask a question, and ask on about the answer",
    price=by_usage(MAX_ANSWER_TOKENS, SYSTEM_PROMPT),
    remembers=True,
    reads_quotes=True,
)
async def ask(context: JobContext) -> str:
    """Answer a question; the earlier turns of the conversation are in the prompt."""
    order = context.order
    return await context.answer(
        SYSTEM_PROMPT, *order.before, order.prompt, most_tokens=MAX_ANSWER_TOKENS, show=True
    )
