"""From a request to a job in the journal: decide, choose, fetch, inspect, plan, store. Nothing is drawn here.

The order matters: what is cheap to refuse is refused first, pictures are fetched and stored before the job exists (it
never needs the request again), and only the last step, one transaction, makes it accepted.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Literal

from bot import flags, intent
from bot.answers import Told
from bot.db import pictures as stored
from bot.db import seen
from bot.db.database import Database, Tx
from bot.engines.registry import Registry
from bot.errors import (
    EditingOff,
    EmptyEdit,
    EmptyPrompt,
    GeneratingOff,
    Gone,
    MaskWithoutPicture,
    NoPicture,
    PromptTooLong,
    WhatToChange,
)
from bot.given import Fetcher
from bot.i18n.catalogue import Catalogues
from bot.i18n.marks import N_
from bot.jobs import journal
from bot.jobs.words import earlier
from bot.limits import Price
from bot.moderation import Moderation
from bot.planning import Asked, Planner, fresh_seed
from bot.prompts import Prompts
from bot.settings.layers import Effective
from bot.settings.store import Settings
from bot.settings.tables import OperatorPolicy
from bot.types import Job, Kind, MessageRef, Options, Person, PictureRef, Place, Plan, Request, State, new_id

MAX_PROMPT = 32_000
"""Characters; more than any engine reads."""

HINTS: Mapping[str, str] = {
    "help": N_(
        "Tell me what to draw, for example “a red fox in the snow at dusk”. "
        "To change a picture, reply to it and say how: “make it night”. "
        "Options such as --size 16:9 or --count 2 may stand in the words."
    ),
    "small_talk": N_("Hello! Tell me what I should draw, or reply to a picture and say what to change."),
}


class Intake:
    """Turns requests into accepted jobs."""

    def __init__(
        self,
        *,
        database: Database,
        engines: Registry,
        planner: Planner,
        policy: OperatorPolicy,
        settings: Settings,
        fetcher: Fetcher,
        catalogues: Catalogues,
        rules: intent.Rules,
        prompts: Prompts,
        moderation: Moderation,
    ) -> None:
        """`fetcher` gets the pictures of requests; `prompts` are asked about plain messages where that is wanted."""
        self._database = database
        self._engines = engines
        self._planner = planner
        self._policy = policy
        self._settings = settings
        self._fetcher = fetcher
        self._catalogues = catalogues
        self._rules = rules
        self._prompts = prompts
        self._moderation = moderation

    async def accept(self, request: Request) -> Job | Told | Literal["undo", "again"] | None:
        """Return the accepted job, words to say instead, what else to do, or None to stay silent. Raises Refused."""

        def look(tx: Tx) -> tuple[Job | None, str | None, Effective, list[str]]:
            effective = self._settings.effective_in(tx, request.person, request.place)
            asks = self._prompts.ready and effective.router and request.command is None
            before = earlier(tx, request.person, request.place) if asks else []
            return journal.by_key(tx, request.key), _newest(tx, request), effective, before

        known, recent, effective, before = await self._database.read(look)
        if known is not None:
            return known
        language = self._settings.spoken(effective, request.person)
        if len(request.text) > MAX_PROMPT:
            raise PromptTooLong(length=len(request.text), limit=MAX_PROMPT)
        # In a thread: the longest hostile text takes tens of milliseconds, and so do the first words of a language.
        parsed, message, decision = await asyncio.to_thread(self._understand, request, recent is not None)
        if effective.router:
            decision = await self._routed(message, decision, before)
        match decision.decision:
            case "ignore":
                return None
            case "undo":
                return "undo"
            case "hint":
                if decision.hint == "what_to_change":
                    await self._remember(request)
                return self._hint(decision.hint, language)
        if decision.repeat:
            return "again"
        refs: Sequence[PictureRef] = ()
        if decision.decision == "edit":
            refs = (
                [PictureRef("", picture=recent)]
                if decision.source == "recent"
                else [*request.attached, *request.replied]
            )
        _permit(decision.decision, effective)
        if not parsed.text:
            raise EmptyPrompt if decision.decision == "generate" else EmptyEdit
        if request.mask is not None and not refs:
            raise MaskWithoutPicture
        if effective.moderation != "off":
            await asyncio.to_thread(self._moderation.check_words, parsed.text)
        return await self._enter(request, decision.decision, parsed.text, parsed.options, refs, effective, language)

    async def repeat(
        self, old: Job, person: Person, place: Place, key: str, message: MessageRef | None, language: str
    ) -> Job:
        """Store a job that does what `old` did, with a new seed and its stored inputs. Raises Gone, Moderated."""
        effective = await self._settings.effective(person, place)
        _permit(old.plan.kind, effective)
        if effective.moderation != "off":
            await asyncio.to_thread(self._moderation.check_words, old.plan.prompt)
        self._engines.get(old.plan.engine)
        plan = dataclasses.replace(
            old.plan,
            seed=None if old.plan.seed is None else fresh_seed(),
            adapted=old.plan.adapted if old.language == language else (),
            acknowledge=effective.acknowledge,
            details_line=effective.details_line,
            preview=effective.preview,
            metadata=effective.metadata,
            enhance=old.plan.enhance and self._prompts.ready,
            moderation=effective.moderation,
        )

        def step(tx: Tx) -> Job:
            inputs = [each.id for each in stored.of_job(tx, old.id, "input")]
            masks = [each.id for each in stored.of_job(tx, old.id, "mask")]
            expected = 1 if plan.kind == "edit" else 0
            if len(inputs) < expected or not all(stored.has_bytes(tx, each) for each in inputs + masks):
                raise Gone
            job = _job(person, place, message, language, plan, old.parent)
            return self._add(tx, job, key, inputs, next(iter(masks), None))

        return await self._database.write(step)

    # ── the steps ───────────────────────────────────────────────────────────────────────────────────────────────

    def _understand(self, request: Request, recent: bool) -> tuple[flags.Parsed, intent.Message, intent.Decision]:
        parsed = flags.parse(request.text, request.options)
        message = intent.Message(
            text=parsed.text,
            command=request.command,
            attached=len(request.attached),
            replied=len(request.replied),
            replied_by=request.replied_by,
            recent=recent,
            where=request.where,
        )
        return parsed, message, intent.decide(message, self._rules)

    async def _routed(
        self, message: intent.Message, decision: intent.Decision, before: Sequence[str]
    ) -> intent.Decision:
        """Return what the language model makes of a plain message, else what the rules do.

        One word such as “undo” or “again” is no question of understanding, nor is a message without words.
        """
        plain = message.command is None and message.text.strip() and self._prompts.ready
        if not plain or decision.decision == "undo" or decision.repeat:
            return decision
        return await self._prompts.route(message, before) or decision

    def _hint(self, hint: str | None, language: str) -> Told:
        if hint == "give_picture":
            raise NoPicture
        if hint == "what_to_change":
            raise WhatToChange
        return Told(self._catalogues.text(language, HINTS[hint or "help"]))

    async def _remember(self, request: Request) -> None:
        """Keep pictures that came without words for the words that follow; the sweep takes them if none do."""
        fetch = partial(self._fetcher.fetch, request.place.platform)
        inputs = await asyncio.gather(*map(fetch, request.attached))
        await self._fetcher.keep(request.person, inputs)
        message = request.message.id if request.message else request.key
        shown = [each.picture.id for each in inputs]
        await self._database.write(lambda tx: seen.add(tx, request.place, message, "other", shown))

    async def _enter(
        self,
        request: Request,
        kind: Kind,
        prompt: str,
        options: Options,
        refs: Sequence[PictureRef],
        effective: Effective,
        language: str,
    ) -> Job:
        engine = self._planner.choose_engine(kind, options, effective, mask=request.mask is not None)
        used = refs[: self._planner.max_inputs(engine, options)]
        platform = request.place.platform
        inputs = await asyncio.gather(*(self._fetcher.fetch(platform, ref) for ref in used))
        mask = await self._fetcher.fetch_mask(platform, request.mask, inputs[0]) if request.mask else None
        asked = Asked(
            kind,
            prompt,
            options,
            [each.picture for each in inputs],
            mask.picture if mask else None,
            given=len(refs) or len(request.attached),
        )
        plan = self._planner.plan(asked, engine, effective, language)
        job = _job(request.person, request.place, request.message, language, plan, inputs[0].origin if inputs else None)
        await self._fetcher.keep(request.person, [*inputs, *([mask] if mask else [])])

        def step(tx: Tx) -> Job:
            given = [each.picture.id for each in inputs]
            added = self._add(tx, job, request.key, given, mask.picture.id if mask else None)
            if request.message is not None and added.id == job.id:
                attached = [each.picture.id for each in inputs] if request.attached else []
                seen.add(tx, request.place, request.message.id, "other", attached)
            return added

        return await self._database.write(step)

    def _add(self, tx: Tx, job: Job, key: str, inputs: Sequence[str], mask: str | None) -> Job:
        """Store a job and take what it needs of the limits. Raises what `limits.take` does, and LineTooLong."""
        configured = self._engines.configured(job.plan.engine)
        price = Price(
            self._policy.person,
            self._policy.server,
            self._settings.zone(tx, job.place),
            configured.price * job.plan.count,
        )
        capacity = configured.pool.capacity
        return journal.add(tx, job, key, inputs=inputs, mask=mask, price=price, capacity=capacity)


def _newest(tx: Tx, request: Request) -> str | None:
    """Return the newest picture to go back to: Easel's own, unless `edit` or a direct conversation makes any do."""
    any_will_do = request.command == "edit" or request.place.direct
    return seen.newest(tx, request.place, None if any_will_do else "easel")


def _permit(kind: Kind, effective: Effective) -> None:
    if kind == "edit" and not effective.edit_enabled:
        raise EditingOff
    if kind == "generate" and not effective.generate_enabled:
        raise GeneratingOff


def _job(
    person: Person, place: Place, message: MessageRef | None, language: str, plan: Plan, parent: str | None
) -> Job:
    return Job(
        id=new_id(),
        state=State.QUEUED,
        person=person,
        place=place,
        message=message,
        language=language,
        plan=plan,
        parent=parent,
        created=0,
    )
