"""What exactly is drawn, and by which engine: the request adapted to settings, policy and the engine's capabilities.

What a person asked for themselves and policy forbids is refused with the number. What an engine cannot do is left out
and said where the picture is still what was asked for; otherwise it is refused, and named who could.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from bot.engines.base import Capabilities
from bot.engines.registry import Registry
from bot.errors import NoEngine, NoPrivate, TooManyAsked, TooManyPixels, TooManySteps, Unsupported, UnsupportedUse
from bot.i18n.catalogue import Catalogues
from bot.i18n.marks import N_
from bot.settings.layers import Effective
from bot.settings.models import Policy
from bot.sizes import Exact, fit, keep_aspect, parse_size
from bot.types import Kind, Options, Picture, Plan

T = TypeVar("T")

MAX_SEED = 2**31 - 1
"""Seeds Easel draws itself stay below this: every engine takes them, and people can type them."""

GENERATES = N_("drawing new pictures")
EDITS = N_("changing pictures")
MASKS = N_("changing only a masked part")
NEGATIVE = N_("a negative prompt")
SIZE = N_("a size")
SEED = N_("a seed")
STEPS = N_("a number of steps")
GUIDANCE = N_("guidance")
STRENGTH = N_("a strength")
SAMPLER = N_("samplers")
LORAS = N_("LoRAs")
STYLES = N_("presets")
ENHANCE = N_("improving prompts")

LEFT_OUT = N_("The engine {engine} does not know {what}, so I left that out.")
OTHER_SIZE = N_("I used {width} × {height}, the nearest size the engine {engine} can do.")
SMALLER = N_("I used {width} × {height}, the largest allowed here.")
NOT_HERE = N_("I can't do {what} here, so I left that out.")
UNUSED = N_("I drew a new picture and did not use yours.")
FIRST_ONLY = N_("The engine {engine} takes {used} of your {given} pictures; I used the first.")


@dataclass(frozen=True, slots=True)
class Asked:
    """What there is to plan."""

    kind: Kind
    prompt: str
    options: Options
    inputs: Sequence[Picture] = ()
    """For an edit, in order."""
    mask: Picture | None = None
    given: int = 0
    """Pictures the person gave; more than `len(inputs)` when some are not used."""


class Planner:
    """Chooses engines and makes plans."""

    def __init__(
        self, engines: Registry, policy: Policy, catalogues: Catalogues, *, language_model: bool = False
    ) -> None:
        """`policy` is the operator's; a server's own comes with access and limits. `language_model`: there is one."""
        self._engines = engines
        self._policy = policy
        self._catalogues = catalogues
        self._language_model = language_model

    def choose_engine(self, kind: Kind, options: Options, effective: Effective, *, mask: bool) -> str:
        """Return the engine's id: the one asked for, else the preferred one, else the first that can.

        Raises UnknownEngine, Unsupported, UnsupportedUse (names who could), NoEngine.
        """

        def can(capabilities: Capabilities) -> bool:
            if kind == "generate":
                return capabilities.generate
            return capabilities.edit and (capabilities.mask or not mask)

        able = self._engines.able(can)
        if kind == "generate":
            preferred = options.engine or effective.generate_engine
        else:
            preferred = options.engine or effective.edit_engine
            if preferred is None and effective.generate_engine in able:
                preferred = effective.generate_engine
        if preferred is None:
            if not able:
                raise NoEngine
            return able[0]
        if can(self._engines.get(preferred).capabilities(options.model)):
            return preferred
        what = GENERATES if kind == "generate" else MASKS if mask else EDITS
        if able:
            raise UnsupportedUse(engine=preferred, what=what, instead=", ".join(able))
        raise Unsupported(engine=preferred, what=what)

    def max_inputs(self, engine: str, options: Options) -> int:
        """Return how many input pictures the engine takes."""
        return self._engines.get(engine).capabilities(options.model).max_inputs

    def plan(self, asked: Asked, engine: str, effective: Effective, language: str) -> Plan:
        """Return the plan. Raises TooManyAsked, TooManyPixels, TooManySteps, UnknownSize, NoPrivate."""
        options = asked.options
        can = self._engines.get(engine).capabilities(options.model)
        adapted: list[str] = []

        def say(sentence: str, **args: object) -> None:
            adapted.append(self._catalogues.text(language, sentence, engine=engine, **args))

        def known(value: T | None, able: bool, what: str) -> T | None:
            if value is None or able:
                return value
            say(LEFT_OUT, what=what)
            return None

        if asked.kind == "generate" and asked.given:
            say(UNUSED)
        elif asked.given > len(asked.inputs):
            say(FIRST_ONLY, used=len(asked.inputs), given=asked.given)
        if options.private:
            raise NoPrivate
        enhance = effective.enhance if options.enhance is None else options.enhance
        if options.style and not can.styles:
            say(NOT_HERE, what=STYLES)
        if options.enhance and not self._language_model:
            say(NOT_HERE, what=ENHANCE)
        width, height = self._size(asked, can, effective, say)
        known(options.size, can.size, SIZE)
        if (options.steps or 0) > self._policy.max_steps:
            raise TooManySteps(asked=options.steps, limit=self._policy.max_steps)
        negative = options.negative if options.negative is not None else effective.negative
        if negative and not can.negative:
            if options.negative:
                say(LEFT_OUT, what=NEGATIVE)
            negative = ""
        seed = known(options.seed, can.seed, SEED)
        return Plan(
            kind=asked.kind,
            engine=engine,
            prompt=asked.prompt,
            count=self._count(options, effective),
            width=width,
            height=height,
            negative=negative,
            seed=fresh_seed() if seed is None and can.seed else seed,
            model=options.model,
            steps=known(options.steps, can.steps, STEPS),
            guidance=known(options.guidance, can.guidance, GUIDANCE),
            strength=known(options.strength, can.strength, STRENGTH) if asked.kind == "edit" else None,
            sampler=known(options.sampler, can.sampler, SAMPLER),
            scheduler=known(options.scheduler, can.sampler, SAMPLER),
            loras=known(options.loras or None, can.loras, LORAS) or (),
            style=(options.style or None) if can.styles else None,
            has_mask=asked.mask is not None,
            adapted=tuple(adapted),
            acknowledge=effective.acknowledge,
            details_line=effective.details_line,
            metadata=effective.metadata,
            preview=effective.preview,
            enhance=enhance and self._language_model,
            moderation=effective.moderation,
        )

    def _count(self, options: Options, effective: Effective) -> int:
        if options.count is None:
            return effective.count
        if options.count > self._policy.max_count:
            raise TooManyAsked(asked=options.count, limit=self._policy.max_count)
        return options.count

    def _size(self, asked: Asked, can: Capabilities, effective: Effective, say: Callable[..., None]) -> tuple[int, int]:
        limit = self._policy.max_pixels
        requested = parse_size(asked.options.size) if asked.options.size else None
        if isinstance(requested, Exact) and requested.width * requested.height > limit:
            raise TooManyPixels(width=requested.width, height=requested.height, limit=round(limit / 1e6, 1))
        if asked.kind == "edit" and requested is None:
            first = asked.inputs[0]
            width, height = keep_aspect(first.width, first.height, can.sizes, limit)
            if width * height < first.width * first.height and first.width * first.height > limit:
                say(SMALLER, width=width, height=height)
            return width, height
        preferred = parse_size(effective.size) if effective.size else None
        width, height = fit(requested or preferred, can.sizes, limit)
        if isinstance(requested, Exact) and can.size and (width, height) != (requested.width, requested.height):
            say(OTHER_SIZE, width=width, height=height)
        return width, height


def fresh_seed() -> int:
    """Return a random seed."""
    return secrets.randbelow(MAX_SEED)
