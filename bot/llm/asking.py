"""What all language models reached by HTTP share: one call within its time, and what a server is known not to take."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal

import structlog

from bot.llm.base import Form, NoAnswer
from bot.llm.failures import FORMATS, Refusal, private
from bot.llm.forms import explained, found
from bot.llm.words import cleaned, spoken, tidy
from bot.net.client import Http, Timeouts
from bot.net.encoding import in_base64
from bot.net.errors import Malformed, NetError, TooLong
from bot.net.said import said_by
from bot.pictures.inputs import InputPicture

log = structlog.get_logger(__name__)

LARGEST_ANSWER = 256 * 1024
"""Bytes of an answer with all that is around its text."""
LARGEST_LIST = 8 * 1024 * 1024
LONGEST_TEXT = 64 * 1024
"""Characters of an answer's text, thinking included."""
LONGEST_WORDS = 8000
"""Characters of an answer in words."""
ROOM = 2048
"""Tokens beside those of the answer, where thinking takes from the same: most models think before they speak."""
TRIAL_TOKENS = 16
"""OpenAI's fewest in some of its interfaces."""
CRASHES = 2
"""Failures in a row on questions with a form, each followed by an answer without, that tell a server breaks on forms:
one may be chance.
"""
CONNECT_S = 5.0
GRACE_S = 5.0
"""Who asks stops waiting first; only if that fails, the connection ends so much later."""

Rung = Literal["schema", "json", "text"]
LADDER: tuple[Rung, ...] = ("schema", "json", "text")
"""How a form is asked for: the server keeps the model to it; to JSON; only the rules explain it."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a model is asked."""

    rules: str
    said: str
    max_tokens: int
    form: Form | None = None
    pictures: tuple[tuple[str, str], ...] = ()
    """MIME type and base64."""
    trial: bool = False
    """Any sign of life will do as an answer."""

    @property
    def told(self) -> str:
        """The rules, and the form in words: some servers take a form and do nothing with it."""
        return "\n\n".join(filter(None, (self.rules, explained(self.form) if self.form else "")))


@dataclass(frozen=True, slots=True)
class Habits:
    """What a server is known not to take."""

    rung: Rung = "schema"
    """The first of `LADDER` that it may take."""
    swapped: bool = False
    """It has the other name for the tokens of an answer."""
    dropped: frozenset[str] = frozenset()
    """Parameters of the operator's that are left out."""

    def __or__(self, other: Habits) -> Habits:
        """Leave out whatever one of the two leaves out."""
        rung = max(self.rung, other.rung, key=LADDER.index)
        return Habits(rung, self.swapped or other.swapped, self.dropped | other.dropped)


class HttpChat(ABC):
    """One model behind one address.

    A question is sent once. It is sent again without the part of it that a server's refusal names, each part once and
    forms down their ladder: a refused question was not answered and is not charged. What is left out so is remembered.
    """

    def __init__(self, http: Http, model: str, params: Mapping[str, Any], *, sees: bool, timeout_s: float) -> None:
        """`params` go into every request, last. `timeout_s` is for `check`."""
        self.sees = sees
        self._http = http
        self._model = model
        self._params = params
        self._timeout_s = timeout_s
        self._habits = Habits()
        self._crashes = 0

    async def say(
        self,
        rules: str,
        said: str,
        *,
        timeout_s: float,
        pictures: tuple[InputPicture, ...] = (),
        max_tokens: int = 600,
    ) -> str:
        """See `ChatModel.say`. Pictures are sent as they are: at most a megabyte or so each, 1024 pixels wide or high.

        Raises ValueError when the model sees none.
        """
        if pictures and not self.sees:
            raise ValueError("this model cannot look at pictures")
        async with _within(timeout_s):
            shown = tuple([(each.mime, await in_base64(each.data)) for each in pictures])
            text = tidy(await self._answer(Question(rules, cleaned(said), max_tokens, pictures=shown), timeout_s))
        if not text:
            raise NoAnswer("empty", "the answer has no words")
        if len(text) > LONGEST_WORDS:
            raise NoAnswer("unreadable", f"the answer has over {LONGEST_WORDS} characters")
        return text

    async def fill(
        self, rules: str, said: str, form: Form, *, timeout_s: float, max_tokens: int = 600
    ) -> Mapping[str, Any]:
        """See `ChatModel.fill`."""
        async with _within(timeout_s):
            text = await self._answer(Question(rules, cleaned(said), max_tokens, form), timeout_s)
        if (value := found(spoken(text), form)) is None:
            raise NoAnswer("unreadable", f"the answer holds no object that fits the form {form.name}")
        return value

    async def check(self) -> str:
        """See `ChatModel.check`. Looks the model up where that proves enough, else asks a very small question."""
        async with _within(self._timeout_s):
            if (line := await self._looked_up(self._timeout_s)) is not None:
                return line
            try:
                await self._answer(Question("", "Say hello.", TRIAL_TOKENS, trial=True), self._timeout_s)
            except NoAnswer as error:
                if error.reason not in ("cut", "empty", "refused"):
                    raise
        return f"{self._http.base}: {self._model} answered a question."

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    # ── what a dialect is ───────────────────────────────────────────────────────────────────────────────────────

    @abstractmethod
    def _request(self, question: Question, habits: Habits) -> tuple[str, dict[str, Any]]:
        """Return path and body."""

    @abstractmethod
    def _read(self, value: Mapping[str, Any]) -> tuple[str, bool]:
        """Return the text of an answer, thinking included, and whether it was cut for its length.

        Raises NoAnswer, and Refusal when it is an error with a good status.
        """

    @abstractmethod
    def _optional(self) -> Mapping[str, tuple[str, ...]]:
        """Return the operator's parameters a model can do without, each with the names refusals may have for it."""

    @abstractmethod
    async def _looked_up(self, timeout_s: float) -> str | None:
        """Return a line for the operator if the server proves for nothing that key and model are right.

        Raises NoAnswer.
        """

    _tokens: tuple[str, ...] = ()
    """The two names for the tokens of an answer where there are two, the one to begin with first."""
    _formats: tuple[str, ...] = FORMATS

    # ── asking ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def _answer(self, question: Question, timeout_s: float) -> str:
        habits = known = self._habits
        crashed = False
        texts = question.rules, question.said
        while True:
            path, body = self._request(question, habits)
            try:
                value = await self._json("POST", path, timeout_s, json=body, texts=texts)
            except Refusal as refusal:
                better = self._without_refused(refusal, question, habits)
                if better == habits and question.form is not None and refusal.crashed and not crashed:
                    better, crashed = replace(habits, rung="text"), True
                if better == habits:
                    raise refusal.meant from refusal
                habits = better
            else:
                if question.form is not None:
                    self._crashes = self._crashes + 1 if crashed else 0
                if habits != known and (not crashed or self._crashes >= CRASHES):
                    self._learn(habits)
                return self._text(value, texts)

    def _without_refused(self, refusal: Refusal, question: Question, habits: Habits) -> Habits:
        """Return what the server may take instead; the same when the refusal names nothing that can be left out."""
        name = self._tokens[habits.swapped] if self._tokens else ""
        swapped = habits.swapped or (bool(name) and name not in self._params and refusal.refuses(name))
        dropped = {each for each, names in self._optional().items() if refusal.refuses(*names)}
        rung = habits.rung
        if question.form is not None and rung != LADDER[-1] and refusal.refuses(*self._formats):
            rung = LADDER[LADDER.index(rung) + 1]
        return Habits(rung, swapped, habits.dropped | dropped)

    def _learn(self, habits: Habits) -> None:
        """Remember what was left out of a question that was answered then; others may have learned meanwhile."""
        self._habits |= habits
        log.info(
            "the language model's server does not take all of a request; parts are left out from now on",
            form=habits.rung,
            tokens=self._tokens[habits.swapped] if self._tokens else "",
            dropped=sorted(habits.dropped),
        )

    def _text(self, value: object, texts: tuple[str, ...]) -> str:
        if not isinstance(value, dict):
            raise NoAnswer("unreadable", "the answer is no JSON object")
        try:
            text, cut = self._read(value)
        except Refusal as refusal:
            raise Refusal(refusal.status, private(refusal.said, texts)).meant from refusal
        if len(text) > LONGEST_TEXT:
            raise NoAnswer("unreadable", f"the answer has over {LONGEST_TEXT} characters")
        if cut and spoken(text):
            raise NoAnswer("cut", "the answer reached its longest")
        if cut:
            raise NoAnswer("empty", "all tokens went into thinking; llm.params can ask for less of it, or allow more")
        return text

    async def _json(
        self,
        method: str,
        path: str,
        timeout_s: float,
        *,
        json: object = None,
        texts: tuple[str, ...] = (),
        limit: int = LARGEST_ANSWER,
    ) -> object:
        """Return what the server answers. `texts` are kept out of what an error tells. Raises Refusal, NoAnswer."""
        timeouts = Timeouts(connect=CONNECT_S, read=timeout_s + GRACE_S)
        try:
            async with self._http.request(method, path, json=json, limit=limit, timeouts=timeouts) as answer:
                if not answer.ok:
                    said = private(await said_by(answer), texts)
                    if "location" in answer.headers:
                        elsewhere = answer.headers["location"].partition("?")[0]  # a query may hold a key
                        said = replace(said, words=f"leads to {elsewhere}: {said.words}")
                    raise Refusal(answer.status, said)
                return await answer.json()
        except (TooLong, Malformed) as error:
            hint = "; is this the right address?" if isinstance(error, Malformed) else ""
            raise NoAnswer("unreadable", f"{error.detail}{hint}") from error
        except NetError as error:
            raise NoAnswer("away", error.detail) from error


@asynccontextmanager
async def _within(timeout_s: float) -> AsyncIterator[None]:
    """Raise NoAnswer when the block takes longer."""
    try:
        async with asyncio.timeout(timeout_s) as whole:
            yield
    except TimeoutError as error:
        if not whole.expired():
            raise
        raise NoAnswer("late", f"no answer within {timeout_s:g} s") from error
