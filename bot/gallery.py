"""Stored pictures as people get them: with what they were drawn from inside, and no larger than a place takes."""

from __future__ import annotations

from collections.abc import Mapping

from bot import types
from bot.db import pictures
from bot.db.database import Database, Tx
from bot.errors import Gone
from bot.jobs import journal
from bot.pictures.describe import added_bytes, described, of_plan, read_from
from bot.pictures.fit import Fitted, fit
from bot.pictures.infotext import Infotext
from bot.pictures.inspect import DEFAULT_LIMITS
from bot.pictures.sandbox import Sandbox
from bot.platform import Platform
from bot.types import Job, Picture, PictureRef


class Gallery:
    """Reads stored pictures. What is stored holds no text; each copy that leaves gets it."""

    def __init__(self, database: Database, sandbox: Sandbox, platforms: Mapping[str, Platform]) -> None:
        """`platforms` fetch other people's pictures."""
        self._database = database
        self._sandbox = sandbox
        self._platforms = platforms

    async def picture(self, picture_id: str) -> tuple[Picture, bytes]:
        """Return a picture and its file. Raises Gone."""
        known, data, text = await self._known(picture_id)
        return known, data if text is None else await described(data, text)

    async def fitted(self, picture_id: str, limit: int) -> Fitted:
        """Return a picture in at most `limit` bytes: pixels unchanged if it fits, else as little changed as possible.

        Raises TooLarge when no sensible picture is that small, and Gone.
        """
        known, data, text = await self._known(picture_id)
        if text is None:
            return await fit(self._sandbox, data, known.mime, limit)
        if len(data) <= limit:
            return Fitted(await described(data, text, limit), known.mime, None, None, "none")
        found = await fit(self._sandbox, data, known.mime, limit, reserve=added_bytes(text))
        return Fitted(await described(found.data, text, limit), found.mime, found.width, found.height, found.loss)

    async def read_infotext(self, platform: types.Platform, ref: PictureRef) -> Infotext | None:
        """Return what anybody's picture says it was drawn from. Raises FileTooLarge, Gone."""
        data = await self._platforms[platform].fetch(ref, DEFAULT_LIMITS.max_bytes)
        return await read_from(self._sandbox, data)

    async def _known(self, picture_id: str) -> tuple[Picture, bytes, Infotext | None]:
        def look(tx: Tx) -> tuple[Picture, list[bytes], Job | None] | None:
            found, parts = pictures.drawn_by(tx, picture_id), pictures.parts(tx, picture_id)
            if found is None or not parts:
                return None
            known, made_by = found
            return known, parts, journal.get(tx, made_by) if made_by else None

        found = await self._database.read(look)
        if found is None:
            raise Gone
        known, parts, job = found
        text = None if job is None or not job.plan.metadata else _text(job, known)
        return known, await pictures.joined(parts), text


def _text(job: Job, picture: Picture) -> Infotext:
    return of_plan(
        job.plan,
        width=picture.width,
        height=picture.height,
        seed=picture.facts.get("seed"),
        model=str(job.facts.get("model") or ""),
        prompt=str(job.facts.get("revised_prompt") or job.facts.get("prompt") or ""),
    )
