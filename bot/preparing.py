"""Before an engine is called: better words by the language model, and whether they may be drawn at all."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.i18n.marks import N_
from bot.moderation import Moderation
from bot.pictures.inputs import InputPicture, InputRule, fit_inputs
from bot.pictures.inspect import MIMES
from bot.pictures.sandbox import Sandbox
from bot.prompts import Prompts
from bot.types import Plan

NOT_ENHANCED = N_("I could not improve the words, so I sent them as they are.")

SHOWN = InputRule(formats=(MIMES["JPEG"],), max_pixels=1024 * 1024, max_bytes=1_000_000)
"""How pictures are shown to language models and moderation services: nothing is seen better in a larger one."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is sent, and what is to be remembered of how it came about."""

    prompt: str
    facts: Mapping[str, Any]
    """`prompt`: the one sent, if it is not the person's own; `enhanced` is false when there should have been one."""


class Preparer:
    """Prepares plans."""

    def __init__(self, prompts: Prompts, moderation: Moderation, sandbox: Sandbox) -> None:
        """Pictures are made small for moderation in `sandbox`."""
        self._prompts = prompts
        self._moderation = moderation
        self._sandbox = sandbox

    async def prepare(self, plan: Plan, inputs: Sequence[InputPicture], earlier: Sequence[str] = ()) -> Prepared:
        """Return the prompt to send for a plan; `earlier` are prompts that led to it, oldest first.

        A person's own words are checked as well as better ones, with the pictures: the language model can neither hide
        what was asked for nor add what may not be. Raises Moderated, ModerationAway, and what `fit_inputs` raises.
        """
        enhancing = asyncio.create_task(self._enhance(plan, earlier), name="enhance")
        try:
            await self._moderation.check(plan.moderation, plan.prompt, await self._shown(plan, inputs))
            better = await enhancing
        finally:
            enhancing.cancel()
            await asyncio.gather(enhancing, return_exceptions=True)
        if better is None or better == plan.prompt:
            return Prepared(plan.prompt, {"enhanced": False} if plan.enhance and better is None else {})
        await self._moderation.check(plan.moderation, better)
        return Prepared(better, {"prompt": better})

    async def _enhance(self, plan: Plan, earlier: Sequence[str]) -> str | None:
        return await self._prompts.enhance(plan.kind, plan.prompt, earlier) if plan.enhance else None

    async def _shown(self, plan: Plan, inputs: Sequence[InputPicture]) -> Sequence[InputPicture]:
        """Return the pictures as a service is shown them; none where nobody looks."""
        if plan.moderation != "provider" or not inputs:
            return ()
        shown, _ = await fit_inputs(self._sandbox, inputs, None, SHOWN)
        return shown
