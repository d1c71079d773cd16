"""From a request to a job in the journal: decide, choose, fetch, inspect, plan, store. Nothing is drawn here.

The order matters: what is cheap to refuse is refused first, pictures are fetched and stored before the job exists (it
never needs the request again), and only the last step, one transaction, makes it accepted.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
from bot.i18n.catalogue import Catalogues
from bot.i18n.marks import N_
from bot.jobs import journal
from bot.limits import Price
from bot.pictures.inputs import prepare_mask
from bot.pictures.inspect import InputLimits, Inspected, prepare_input
from bot.pictures.sandbox import Sandbox
from bot.planning import Asked, Planner, fresh_seed
from bot.platform import Platform
from bot.settings.layers import Effective
from bot.settings.store import Settings
from bot.settings.tables import OperatorPolicy
from bot.types import Job, Kind, MessageRef, Options, Person, Picture, PictureRef, Place, Plan, Request, State, new_id

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


@dataclass(frozen=True, slots=True)
class _Input:
    """A picture ready to be stored."""

    picture: Picture
    clean: Inspected
    origin: str
    """Id of the stored picture it is (a copy of); its own id for a new one."""


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
        sandbox: Sandbox,
        catalogues: Catalogues,
        rules: intent.Rules,
        platforms: Mapping[str, Platform],
        limits: InputLimits,
    ) -> None:
        """`platforms` fetch the pictures of requests made on them."""
        self._database = database
        self._engines = engines
        self._planner = planner
        self._policy = policy
        self._settings = settings
        self._sandbox = sandbox
        self._catalogues = catalogues
        self._rules = rules
        self._platforms = platforms
        self._limits = limits

    async def accept(self, request: Request) -> Job | Told | Literal["undo", "again"] | None:
        """Return the accepted job, words to say instead, what else to do, or None to stay silent. Raises Refused."""

        def look(tx: Tx) -> tuple[Job | None, str | None, Effective]:
            effective = self._settings.effective_in(tx, request.person, request.place)
            return journal.by_key(tx, request.key), _newest(tx, request), effective

        known, recent, effective = await self._database.read(look)
        if known is not None:
            return known
        language = self._settings.spoken(effective, request.person)
        if len(request.text) > MAX_PROMPT:
            raise PromptTooLong(length=len(request.text), limit=MAX_PROMPT)
        # In a thread: the longest hostile text takes tens of milliseconds, and so do the first words of a language.
        parsed, decision = await asyncio.to_thread(self._understand, request, recent is not None)
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
        return await self._enter(request, decision.decision, parsed.text, parsed.options, refs, effective, language)

    async def repeat(
        self, old: Job, person: Person, place: Place, key: str, message: MessageRef | None, language: str
    ) -> Job:
        """Store a job that does what `old` did, with a new seed and its stored inputs. Raises Gone."""
        effective = await self._settings.effective(person, place)
        _permit(old.plan.kind, effective)
        self._engines.get(old.plan.engine)
        plan = dataclasses.replace(
            old.plan,
            seed=None if old.plan.seed is None else fresh_seed(),
            adapted=old.plan.adapted if old.language == language else (),
            acknowledge=effective.acknowledge,
            details_line=effective.details_line,
            preview=effective.preview,
            metadata=effective.metadata,
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

    def _understand(self, request: Request, recent: bool) -> tuple[flags.Parsed, intent.Decision]:
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
        return parsed, intent.decide(message, self._rules)

    def _hint(self, hint: str | None, language: str) -> Told:
        if hint == "give_picture":
            raise NoPicture
        if hint == "what_to_change":
            raise WhatToChange
        return Told(self._catalogues.text(language, HINTS[hint or "help"]))

    async def _remember(self, request: Request) -> None:
        """Keep pictures that came without words for the words that follow; the sweep takes them if none do."""
        inputs = await asyncio.gather(*(self._fetch(request, ref) for ref in request.attached))
        await self._keep(request, inputs)
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
        inputs = await asyncio.gather(*(self._fetch(request, ref) for ref in used))
        mask = await self._mask(request, request.mask, inputs[0]) if request.mask else None
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
        await self._keep(request, [*inputs, *([mask] if mask else [])])

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

    async def _fetch(self, request: Request, ref: PictureRef) -> _Input:
        """Get a picture's bytes and make them safe. Raises what people can do wrong with pictures, and Gone."""
        data = await stored.read(self._database, ref.picture) if ref.picture is not None else None
        if data is None:
            if not ref.source:
                raise Gone
            data = await self._platforms[request.place.platform].fetch(ref, self._limits.max_bytes)
        clean = await prepare_input(self._sandbox, data, ref.name, self._limits)
        picture = _picture(clean)
        return _Input(picture, clean, ref.picture or picture.id)

    async def _mask(self, request: Request, ref: PictureRef, of: _Input) -> _Input:
        """Get a mask and bring it into the one form that is stored. Raises what `_fetch` and `prepare_mask` do."""
        given = await self._fetch(request, ref)
        clean = await prepare_mask(self._sandbox, given.clean, of.clean)
        return _Input(_picture(clean), clean, given.origin)

    async def _keep(self, request: Request, inputs: Sequence[_Input]) -> None:
        """Store inputs, one transaction each; should the job not come to be, the sweep takes them again."""
        add = partial(stored.add, person=request.person.key, platform=request.place.platform)
        for each in inputs:
            await self._database.write(partial(add, picture=each.picture, data=each.clean.data))


def _newest(tx: Tx, request: Request) -> str | None:
    """Return the newest picture to go back to: Easel's own, unless `edit` or a direct conversation makes any do."""
    any_will_do = request.command == "edit" or request.place.direct
    return journal.newest_picture(tx, request.place, None if any_will_do else "easel")


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


def _picture(clean: Inspected) -> Picture:
    return Picture(id=new_id(), mime=clean.mime, width=clean.width, height=clean.height, size=len(clean.data))
