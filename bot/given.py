"""The pictures people give with a request: fetched from where they are, made safe, and stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from bot import types
from bot.db import pictures as stored
from bot.db.database import Database
from bot.errors import Gone
from bot.pictures.inputs import prepare_mask
from bot.pictures.inspect import InputLimits, Inspected, prepare_input
from bot.pictures.sandbox import Sandbox
from bot.platform import Platform
from bot.types import Person, Picture, PictureRef, new_id


@dataclass(frozen=True, slots=True)
class Given:
    """A picture ready to be stored."""

    picture: Picture
    clean: Inspected
    origin: str
    """Id of the stored picture it is (a copy of); its own id for a new one."""


class Fetcher:
    """Gets pictures."""

    def __init__(
        self, database: Database, sandbox: Sandbox, platforms: Mapping[str, Platform], limits: InputLimits
    ) -> None:
        """`platforms` fetch the pictures of requests made on them, each within `limits`."""
        self._database = database
        self._sandbox = sandbox
        self._platforms = platforms
        self._limits = limits

    async def fetch(self, platform: types.Platform, ref: PictureRef) -> Given:
        """Get a picture's bytes and make them safe. Raises what people can do wrong with pictures, and Gone."""
        data = await stored.read(self._database, ref.picture) if ref.picture is not None else None
        if data is None:
            if not ref.source:
                raise Gone
            data = await self._platforms[platform].fetch(ref, self._limits.max_bytes)
        clean = await prepare_input(self._sandbox, data, ref.name, self._limits)
        picture = _picture(clean)
        return Given(picture, clean, ref.picture or picture.id)

    async def fetch_mask(self, platform: types.Platform, ref: PictureRef, of: Given) -> Given:
        """Get a mask and bring it into the one form that is stored. Raises what `fetch` and `prepare_mask` do."""
        given = await self.fetch(platform, ref)
        clean = await prepare_mask(self._sandbox, given.clean, of.clean)
        return Given(_picture(clean), clean, given.origin)

    async def keep(self, person: Person, given: Sequence[Given]) -> None:
        """Store pictures, one transaction each; those that no job comes to need are taken by the sweep again."""
        add = partial(stored.add, person=person.key, platform=person.platform)
        for each in given:
            await self._database.write(partial(add, picture=each.picture, data=each.clean.data))


def _picture(clean: Inspected) -> Picture:
    return Picture(id=new_id(), mime=clean.mime, width=clean.width, height=clean.height, size=len(clean.data))
