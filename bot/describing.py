"""Words for a picture: by a language model that sees, else by an engine that can."""

from __future__ import annotations

import asyncio

import structlog

from bot.answers import Told
from bot.db import seen
from bot.db.database import Database
from bot.engines.base import Capabilities
from bot.engines.registry import Registry
from bot.errors import CannotDescribe, EngineBusy, EngineError, EngineUnavailable, NotDescribed
from bot.given import Fetcher
from bot.i18n.catalogue import Catalogues
from bot.i18n.marks import N_
from bot.pictures.inputs import InputPicture, fit_inputs
from bot.pictures.sandbox import Sandbox
from bot.preparing import SHOWN
from bot.prompts import Prompts
from bot.settings.layers import Effective
from bot.settings.store import Settings
from bot.types import Person, PictureRef, Place

log = structlog.get_logger(__name__)

AT_ONCE = 4
"""People whose pictures are looked at at the same time; each has one looked at."""
ENGINE_S = 120.0
"""How long an engine may take: the first time it may have to load, or fetch, what it looks with."""
LONGEST = 1800
"""Characters of an engine's description: some go on for ever."""

NO_PICTURE = N_("I see no picture to describe here. Attach one, or reply to one.")
ONE_AT_A_TIME = N_("I am still looking at your other picture. Please ask again when I have described it.")
TOO_MANY = N_("I am looking at many pictures at the moment. Please ask again in a minute.")


class Describer:
    """Says what pictures show. Nothing of it is stored, and nothing counted."""

    def __init__(
        self,
        *,
        database: Database,
        engines: Registry,
        settings: Settings,
        catalogues: Catalogues,
        sandbox: Sandbox,
        fetcher: Fetcher,
        prompts: Prompts,
    ) -> None:
        """`fetcher` gets the pictures."""
        self._database = database
        self._engines = engines
        self._settings = settings
        self._catalogues = catalogues
        self._sandbox = sandbox
        self._fetcher = fetcher
        self._prompts = prompts
        self._looking: set[str] = set()

    @property
    def able(self) -> bool:
        """Whether there is anything that may describe a picture."""
        return self._prompts.sees or bool(self._engines.able(_can))

    async def describe(self, person: Person, place: Place, ref: PictureRef | None) -> Told:
        """Say what the given picture shows, else the newest of the place.

        Raises CannotDescribe, NotDescribed, EngineBusy, EngineUnavailable, and what people can do wrong with pictures.
        """
        effective = await self._settings.effective(person, place)
        language = self._settings.spoken(effective, person)
        if person.key in self._looking or len(self._looking) >= AT_ONCE:
            busy = ONE_AT_A_TIME if person.key in self._looking else TOO_MANY
            return Told(self._catalogues.text(language, busy))
        self._looking.add(person.key)
        try:
            if ref is None:
                newest = await self._database.read(lambda tx: seen.newest(tx, place))
                if newest is None:
                    return Told(self._catalogues.text(language, NO_PICTURE))
                ref = PictureRef("", picture=newest)
            return Told(await self._look(place, ref, effective, language))
        finally:
            self._looking.discard(person.key)

    async def _look(self, place: Place, ref: PictureRef, effective: Effective, language: str) -> str:
        engine = self._able(effective)
        if engine is None and not self._prompts.sees:
            raise CannotDescribe  # before anything is fetched
        clean = (await self._fetcher.fetch(place.platform, ref)).clean
        given = InputPicture(clean.data, clean.mime, clean.width, clean.height)
        if engine is not None and not self._prompts.sees:
            return await self._by_engine(engine, given)
        (shown,), _ = await fit_inputs(self._sandbox, [given], None, SHOWN)
        return await self._prompts.describe(shown, language)

    def _able(self, effective: Effective) -> str | None:
        """Return the engine to ask: one that is preferred here, else the first that can."""
        able = self._engines.able(_can)
        preferred = (each for each in (effective.generate_engine, effective.edit_engine) if each in able)
        return next(preferred, next(iter(able), None))

    async def _by_engine(self, id_: str, picture: InputPicture) -> str:
        pool = self._engines.configured(id_).pool
        engine = pool.engines[next(iter(pool.room()), next(iter(pool.engines)))]
        (fitted,), _ = await fit_inputs(self._sandbox, [picture], None, engine.capabilities().inputs)
        try:
            async with asyncio.timeout(ENGINE_S):
                words = " ".join((await engine.describe(fitted)).split())
        except (EngineBusy, EngineUnavailable):
            raise
        except (EngineError, TimeoutError) as error:
            log.warning("picture not described", engine=id_, error=type(error).__name__)
            raise NotDescribed(detail=repr(error)) from error
        if not words:
            raise NotDescribed(detail="the engine said nothing")
        return words if len(words) <= LONGEST else words[: LONGEST - 1].rstrip() + "…"


def _can(capabilities: Capabilities) -> bool:
    return capabilities.describe
