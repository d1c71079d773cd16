"""A server's answers as EngineErrors.

Its bodies hold tracebacks, paths of the server and, for a wrong field, the whole request: one sentence is taken out for
the log, without the person's words, and none of it is shown.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.engines.automatic1111.client import Refusal
from bot.errors import (
    BadAnswer,
    EngineAuth,
    EngineBusy,
    EngineError,
    EngineMisconfigured,
    EngineRejected,
    EngineTimeout,
    EngineUnavailable,
    LostJob,
    OutOfMemory,
    UnknownOutcome,
)
from bot.i18n.marks import N_
from bot.net import discretion
from bot.net.errors import Malformed, NetError, NotReached, TooLong
from bot.net.said import Told, describe, word

LONGEST_READ = 2**15
"""Characters of a sentence that are looked at: more than two prompts, so that none is cut into what is not found."""
NO_MEMORY = re.compile(r"out ?of ?memory|not enough memory|can't allocate memory|failed to allocate", re.IGNORECASE)
NO_MODEL = re.compile(r"(?:model|checkpoint)\b.{0,200}\bnot found|no (?:model|checkpoint)", re.IGNORECASE)
SAYS_FIELD: Mapping[str, str] = {
    "sampler not found": "sampler_name",
    "init image": "init_images",
    "encoded image": "init_images",
    "local resource": "init_images",
}
"""Words, lower-case, that name a field in their own way."""
FIELDS: Mapping[str, str] = {
    "sampler_name": N_("sampler"),
    "sampler_index": N_("sampler"),
    "scheduler": N_("scheduler"),
    "init_images": N_("image"),
    "image": N_("image"),
    "mask": N_("mask"),
    "seed": N_("seed"),
    "steps": N_("steps"),
    "cfg_scale": N_("guidance"),
    "denoising_strength": N_("strength"),
    "width": N_("size"),
    "height": N_("size"),
    "prompt": N_("prompt"),
    "negative_prompt": N_("negative prompt"),
    "styles": N_("style"),
    "upscaler_1": N_("upscaler"),
}
"""The server's name of a field → what people call it. Others are the operator's own, from `params`."""

LATE = frozenset({408, 504, 522, 524, 598, 599})
"""A proxy or a tunnel waited long enough; the server itself never says these."""
GATEWAY = frozenset({502, 520, 521, 523, 525, 526, 527, 530})
"""A proxy found nobody behind it, or lost it."""
PATIENCE_S = 20.0
"""Seconds from which on a lost connection was cut for the time it took: tunnels allow 30 to 120."""
START_WITH_API = "the server has no such route: start it with --api, and check the address"


@dataclass(frozen=True, slots=True)
class Call:
    """What an error belongs to."""

    texts: Sequence[str] = ()
    """A person's words in the request: they belong into no log."""
    own_model: bool = True
    """The model is the configured one or the server's, not a person's choice."""
    took_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Errors:
    """Makes the errors of one engine."""

    engine: str
    free: bool
    """Drawing costs nothing: what is lost is lost, and may be asked for again."""

    def asked(self, error: NetError | Refusal) -> EngineError:
        """A question went wrong that draws nothing."""
        if isinstance(error, Refusal):
            if error.status >= 500:
                return EngineUnavailable(engine=self.engine, detail=self._detail(error, Call()))
            return self.refused(error, Call())
        if isinstance(error, TooLong | Malformed):
            return BadAnswer(engine=self.engine, detail=error.detail)
        return EngineUnavailable(engine=self.engine, detail=error.detail)

    def broken(self, error: NetError, call: Call) -> EngineError:
        """A call that draws got no answer that could be read."""
        match error:
            case NotReached():
                return EngineUnavailable(engine=self.engine, detail=error.detail)
            case TooLong() | Malformed():
                return BadAnswer(engine=self.engine, detail=error.detail)
        if call.took_s >= PATIENCE_S:
            return self._cut(call, error.detail)
        return self._lost(error.detail)

    def refused(self, refusal: Refusal, call: Call) -> EngineError:
        """A call that draws was answered with an error status."""
        engine, status, detail = self.engine, refusal.status, self._detail(refusal, call)
        said = _said(refusal)
        match status:
            case 401 | 403:
                return EngineAuth(engine=engine, detail=detail)
            case 413:
                return EngineRejected(engine=engine, field=FIELDS["image"], detail=detail)
            case 429:
                return self._busy(refusal, detail)
            case 503:
                return EngineUnavailable(engine=engine, detail=detail)
        if status in LATE or (status in GATEWAY and call.took_s >= PATIENCE_S):
            return self._cut(call, detail)
        if status in GATEWAY:  # behind it is nobody, or what it began is gone with it
            return EngineUnavailable(engine=engine, detail=detail) if self.free else self._lost(detail)
        if NO_MEMORY.search(f"{said.type} {said.words}"):
            return OutOfMemory(engine=engine, detail=detail)
        if NO_MODEL.search(said.words):
            if call.own_model:
                return EngineMisconfigured(engine=engine, detail=detail)
            return EngineRejected(engine=engine, field=N_("model"), detail=detail)
        words = said.words.casefold()
        name = next((each for part, each in SAYS_FIELD.items() if part in words), said.param)
        if (field := FIELDS.get(name)) is not None:
            return EngineRejected(engine=engine, field=field, detail=detail)
        if refusal.missing or 300 <= status < 400:
            return EngineMisconfigured(engine=engine, detail=f"{detail}; {START_WITH_API}")
        if status >= 500 and refusal.value is None and not self.free:  # not the server's own words
            return UnknownOutcome(engine=engine, detail=detail)
        return EngineError(engine=engine, detail=detail)

    def _busy(self, refusal: Refusal, detail: str) -> EngineBusy:
        if refusal.retry_after is None:
            return EngineBusy(engine=self.engine, detail=detail)
        return EngineBusy(engine=self.engine, retry_after=math.ceil(refusal.retry_after), detail=detail)

    def _cut(self, call: Call, detail: str) -> EngineError:
        """Something between here and the server did not wait for the picture, which cannot be had any more."""
        detail = f"{detail}; a proxy or tunnel before the server ended the call: allow it more time there"
        return EngineTimeout(engine=self.engine, seconds=round(call.took_s), detail=detail)

    def _lost(self, detail: str) -> EngineError:
        """Nobody will say what came of it. A sentence about its cost would be wrong where it has none."""
        return (LostJob if self.free else UnknownOutcome)(engine=self.engine, detail=detail)

    def _detail(self, refusal: Refusal, call: Call) -> str:
        """Return what the server said, short, on one line and without what a person wrote."""
        said = _said(refusal)
        words = said.words[:LONGEST_READ]
        for text in sorted(filter(str.strip, call.texts), key=len, reverse=True):
            words = discretion.without(words, text, "[prompt]") if len(text) > 2 else words
        words = _without_paths(words)
        where = f" ({said.param})" if word(said.param) else ""
        return " ".join(describe(refusal.status, Told(type=said.type, words=words + where)).split())


def _said(refusal: Refusal) -> Told:
    """Read an error body: `{"error", "detail", "body", "errors" | "message"}`, FastAPI's `detail`, a list, HTML."""
    value = refusal.value
    if not isinstance(value, dict):
        return Told(words=re.sub(r"<[^>]*>", " ", refusal.text[:LONGEST_READ]))
    error = value.get("error")
    type_ = error if isinstance(error, str) and word(error) else ""
    match value.get("detail"):
        case str() as detail if detail.strip():
            return Told(type=type_, words=detail)
        case [{"loc": [*_, str() as param], "msg": str() as words}, *_]:
            return Told(type=type_, param=param, words=words)
    for key in ("errors", "message"):
        if isinstance(said := value.get(key), str) and said.strip():
            return Told(type=type_, words=said)
    return Told(type=type_, words="" if type_ or not isinstance(error, str) else error)


_PATH = re.compile(r"(?:[A-Za-z]:\\|(?<![\w/:.])/)(?:[^\s'\"\\/:*?<>|,]+[\\/])+")
"""Folders of an absolute path; what it ends in may be the name of a model, and stays."""


def _without_paths(words: str) -> str:
    return _PATH.sub("…/", words)
