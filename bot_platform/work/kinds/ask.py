"""`/ask <question>`: an answer that the user can read while it is written."""

import math

from bot_platform.work.engine.kind import JobContext, by_usage, kind
from bot_platform.work.engine.model import TOO_LONG, Message, ModelFault

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
    """Answer a question; the earlier turns of the conversation are in the prompt.

    Where they are more than the model can read, the older half of them is left out, again and again.
    """
    order, before = context.order, context.order.before
    while True:
        try:
            return await context.answer(
                SYSTEM_PROMPT, *before, order.prompt, most_tokens=MAX_ANSWER_TOKENS, show=True
            )
        except ModelFault as fault:
            if fault.text != TOO_LONG or not before:
                raise
            before = before[2 * math.ceil(len(before) / 4) :]  # a question and its answer stay together
