"""A language model behind any endpoint that speaks OpenAI's API."""

from bot_platform.providers.openai.client import OpenAIModel

__all__ = ["OpenAIModel"]
