"""A language model that says what a test scripted, and remembers what it was asked.

```python
model = ScriptedModel()
model.answer("enhance", {"prompt": "a red fox in deep snow"})  # in order; the last one holds from then on
model.answer("acknowledge", "Here is your fox!", NoAnswer("busy"))
async with model.holding("acknowledge") as gate:  # answers wait until gate.set() or the end of the block
    ...
await model.arrived("acknowledge")
assert model.asked_for("enhance")[0].said
```
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from bot.llm.base import Form, NoAnswer
from bot.pictures.inputs import InputPicture
from bot.prompts import rules as told
from tests.support.serving import Watch

Task = Literal["enhance", "acknowledge", "explain", "route", "describe"]
Answer = str | Mapping[str, Any] | Exception


@dataclass(frozen=True, slots=True)
class Asked:
    """One question as it arrived."""

    task: Task
    rules: str
    said: str
    timeout_s: float
    form: Form | None = None
    pictures: tuple[InputPicture, ...] = ()
    max_tokens: int = 0


class ScriptedModel:
    """A `ChatModel`. What no answer was scripted for cannot be reached: NoAnswer("away")."""

    def __init__(self, *, sees: bool = True) -> None:
        """`sees`: it takes pictures."""
        self.sees = sees
        self.asked: list[Asked] = []
        self.closed = False
        self._changes = Watch()
        self._answers: dict[Task, list[Answer]] = {}
        self._gates: dict[Task, list[asyncio.Event]] = defaultdict(list)

    def answer(self, task: Task, *answers: Answer) -> None:
        """Give these answers to a task, one after the other; the last one holds from then on. Errors are raised."""
        assert task in get_args(Task) and answers
        self._answers[task] = list(answers)

    def asked_for(self, task: Task) -> list[Asked]:
        """Return the questions of a task so far."""
        return [each for each in self.asked if each.task == task]

    @contextlib.asynccontextmanager
    async def holding(self, task: Task) -> AsyncIterator[asyncio.Event]:
        """Hold the answers to a task until the block ends or the event it gives is set."""
        gate = asyncio.Event()
        self._gates[task].append(gate)
        try:
            yield gate
        finally:
            gate.set()

    async def arrived(self, task: Task, count: int = 1) -> Asked:
        """Wait until a task was asked for so many times; return the last of them."""
        await self._changes.until(lambda: len(self.asked_for(task)) >= count, f"{count} questions to {task}")
        return self.asked_for(task)[count - 1]

    async def say(
        self,
        rules: str,
        said: str,
        *,
        timeout_s: float,
        pictures: tuple[InputPicture, ...] = (),
        max_tokens: int = 600,
    ) -> str:
        """Answer in words."""
        explaining = rules.startswith(told.EXPLAIN[:40])
        task: Task = "describe" if pictures else "explain" if explaining else "acknowledge"
        found = await self._answer(Asked(task, rules, said, timeout_s, None, pictures, max_tokens))
        assert isinstance(found, str)
        return found

    async def fill(
        self, rules: str, said: str, form: Form, *, timeout_s: float, max_tokens: int = 600
    ) -> Mapping[str, Any]:
        """Answer with an object."""
        task: Task = "enhance" if form == told.PROMPT else "route"
        found = await self._answer(Asked(task, rules, said, timeout_s, form, (), max_tokens))
        assert isinstance(found, Mapping)
        return found

    async def check(self) -> str:
        """Return a line for the operator."""
        return "The scripted language model answers."

    async def aclose(self) -> None:
        """Remember it."""
        self.closed = True

    async def _answer(self, asked: Asked) -> str | Mapping[str, Any]:
        self.asked.append(asked)
        self._changes.changed()
        try:
            async with asyncio.timeout(asked.timeout_s):
                for gate in self._gates[asked.task]:
                    await gate.wait()
        except TimeoutError:
            raise NoAnswer("late") from None
        answers = self._answers.get(asked.task, [NoAnswer("away", "nothing was scripted")])
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(found, Exception):
            raise found
        return found
