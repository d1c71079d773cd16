"""What each command does: one call of Easel, and the words or the job that answer it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from adapters.commands.help import Abilities, explain, overview
from adapters.commands.parsing import Invocation, Value, named
from adapters.commands.phrasing import Phrasing
from adapters.commands.table import find
from bot.answers import Accepted, Told
from bot.app import Easel
from bot.errors import NotAllowed
from bot.settings.store import StoredLayer
from bot.types import MessageRef, Options, Person, PictureRef, Place, Request

Answer = Told | Accepted | Request
"""Words; an accepted job; or for `imagine` and `edit` a request, to which the adapter adds the pictures it came with
and which it gives to `Easel.accept`."""

_LAYERS: Mapping[object, StoredLayer] = {"me": "person", "channel": "channel", "server": "server"}


@dataclass(frozen=True, slots=True)
class Context:
    """Who called a command, where, and with which message."""

    easel: Easel
    person: Person
    place: Place
    key: str
    """Idempotency key: the platform's id of the message or interaction."""
    message: MessageRef | None = None
    """What the answer replies to."""
    replied_job: str | None = None
    """The job whose picture or status the message replies to: the one `again`, `cancel` and `details` are about."""
    prefix: str = "/"
    """How commands are called, for answers that name one."""
    replied_picture: str | None = None
    """The stored picture it replies to: the one `undo` and `describe` are about."""
    pictures: tuple[PictureRef, ...] = ()
    """Pictures given with the command, or replied to and not Easel's: `details` and `describe` take the first."""
    now: float = field(default_factory=time.time)
    """Seconds since the epoch."""


async def run(invocation: Invocation, context: Context) -> Answer:
    """Do what a command says. Raises Refused, and EngineError where an engine was asked for something."""
    if find(invocation.path).who == "admin" and not context.person.admin:
        raise NotAllowed
    easel, person, place = context.easel, context.person, context.place
    match invocation.path:
        case ("imagine" | "edit" as command,):
            return _request(command, invocation, context)
        case ("again",):
            return await easel.again(person, place, context.key, job_id=context.replied_job, message=context.message)
        case ("undo",):
            return await easel.undo(
                person, place, context.key, picture=context.replied_picture, message=context.message
            )
        case ("describe",):
            return await easel.describe(person, place, _shown(context))
    return Told(await _words(invocation, context, await _phrasing(context)))


async def _phrasing(context: Context) -> Phrasing:
    easel = context.easel
    return Phrasing(easel.catalogues, await easel.language(context.person, context.place), context.now)


async def _words(invocation: Invocation, context: Context, phrasing: Phrasing) -> str:
    easel, person, values = context.easel, context.person, invocation.values
    match invocation.path:
        case ("cancel",):
            return phrasing.stopped(len(await easel.cancel(person, context.place, context.replied_job)))
        case ("queue",):
            return phrasing.queue(await easel.queue(person))
        case ("history",) if values.get("clear"):
            return phrasing.cleared(await easel.clear_history(person))
        case ("history",):
            return phrasing.history(await easel.history(person))
        case ("details",):
            return await _details(context, phrasing)
        case ("settings", action):
            return await _settings(action, values, context)
        case ("engine", action):
            return await _engine(action, values, context, phrasing)
        case ("help",):
            return _help(values, context, phrasing)
        case ("about",):
            return phrasing.about(easel.engines)
        case _:
            raise KeyError(invocation.path)


def _request(command: Literal["imagine", "edit"], invocation: Invocation, context: Context) -> Request:
    values: dict[str, Any] = dict(invocation.values)
    return Request(
        key=context.key,
        person=context.person,
        place=context.place,
        text=values.pop("prompt"),
        command=command,
        options=Options(**values),
        message=context.message,
    )


def _shown(context: Context) -> PictureRef | None:
    """Return the picture a command was given, or replies to."""
    if context.pictures:
        return context.pictures[0]
    return None if context.replied_picture is None else PictureRef("", picture=context.replied_picture)


async def _details(context: Context, phrasing: Phrasing) -> str:
    job = context.replied_job
    if context.pictures:
        found = await context.easel.read_infotext(context.place.platform, context.pictures[0])
        return phrasing.infotext(found)
    if job is None:
        newest = (await context.easel.history(context.person))[:1]
        if not newest:
            return phrasing.history(newest)
        job = newest[0].job.id
    return phrasing.details(await context.easel.details(job))


async def _settings(action: str, values: Mapping[str, Value], context: Context) -> str:
    settings, person, place = context.easel.settings, context.person, context.place
    layer = _LAYERS[values.get("for", "me")]
    name = str(values["setting"]).casefold() if "setting" in values else None
    match action, name:
        case "set", str():
            effective = await settings.set(layer, person, place, name, str(values["value"]))
            # Made only now: a language just set is the one to answer in.
            return (await _phrasing(context)).saved(layer, effective, name)
        case "reset", _:
            effective = await settings.reset(layer, person, place, name)
            return (await _phrasing(context)).taken_back(layer, effective, name)
        case _:
            return (await _phrasing(context)).settings(await settings.effective(person, place))


async def _engine(action: str, values: Mapping[str, Value], context: Context, phrasing: Phrasing) -> str:
    engines = context.easel.engines
    effective = await context.easel.settings.effective(context.person, context.place)
    if action == "list":
        return phrasing.engines({id_: engines.get(id_).capabilities() for id_ in engines}, effective)
    id_ = str(values.get("engine") or effective.generate_engine or next(iter(engines)))
    engine = engines.get(id_)
    if action == "test":
        return phrasing.tested(id_, await engine.check(draw=bool(values.get("draw"))))
    search = str(values.get("search", ""))
    found = [each for each in await engine.models() if search.casefold() in f"{each.id} {each.title}".casefold()]
    return phrasing.models(id_, found, search)


def _help(values: Mapping[str, Value], context: Context, phrasing: Phrasing) -> str:
    engines = [context.easel.engines.get(id_).capabilities() for id_ in context.easel.engines]
    abilities = Abilities(engines, context.easel.language_model)
    if "command" not in values:
        return overview(phrasing, context.prefix, abilities)
    name, _, _ = str(values["command"]).removeprefix(context.prefix).partition(" ")
    return explain(phrasing, context.prefix, named(name, context.prefix), abilities)
