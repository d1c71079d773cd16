"""The language model as the operator configured it."""

from __future__ import annotations

from bot.config import Config
from bot.errors import ConfigError
from bot.llm import making
from bot.llm.base import ChatModel


def language_model(config: Config) -> ChatModel | None:
    """Return the configured language model, None when there is none. Raises ConfigError."""
    try:
        return making.make(config.llm)
    except ValueError as error:
        raise ConfigError(f"{error} (EASEL_LLM__…)") from error
