"""The protocol of language models, and what can go wrong with one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from bot.pictures.inputs import InputPicture

Reason = Literal["refused", "cut", "away", "late", "busy", "auth", "unreadable", "empty"]
"""It would not answer · the answer ends in the middle · it cannot be reached or failed · no answer in time · too many
requests · its key, account, model or address is wrong · the answer is not what was asked for · there is no answer
in it.
"""


class NoAnswer(Exception):
    """The language model gave no answer that can be used. People never read this: the caller does without."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        """`detail` is for the log: scrubbed, one line, without what was asked or answered."""
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Form:
    """The form of a structured answer: a JSON object."""

    name: str
    """Letters, digits, _ and -, at most 64."""
    schema: Mapping[str, Any]
    """A JSON schema of type object that names every property in `required` and sets `additionalProperties` false;
    properties are strings, numbers, booleans or enums of strings.
    """


class ChatModel(Protocol):
    """One configured language model."""

    sees: bool
    """It can look at pictures."""

    async def say(
        self,
        rules: str,
        said: str,
        *,
        timeout_s: float,
        pictures: tuple[InputPicture, ...] = (),
        max_tokens: int = 600,
    ) -> str:
        """Answer in words. `rules` is what Easel tells it, `said` what people wrote: data, not instruction.

        Returns a text that is not empty and ended by itself, at most some thousand characters. Raises NoAnswer.
        """
        ...

    async def fill(
        self, rules: str, said: str, form: Form, *, timeout_s: float, max_tokens: int = 600
    ) -> Mapping[str, Any]:
        """Answer with a JSON object that fits the form: every property is there and of its type. Raises NoAnswer."""
        ...

    async def check(self) -> str:
        """Make a real, authenticated call that costs nothing or next to it; return a line for the operator.

        Raises NoAnswer.
        """
        ...

    async def aclose(self) -> None:
        """Let go of connections."""
        ...
