"""The end of a job, posted once: pictures as ordinary messages that reply to the request, or the reason for none."""

from __future__ import annotations

import io
import time
from collections.abc import Sequence
from typing import Literal

import discord
import structlog

from adapters.discord import ids, lookup, views
from adapters.discord.echo import own
from adapters.discord.faults import TROUBLE, lasting, too_large
from adapters.discord.limits import MIB, UploadLimits
from adapters.discord.sending import send
from adapters.discord.status import StatusMessages
from adapters.discord.text import cut
from bot.answers import Delivery, Fitted
from bot.app import Easel
from bot.errors import NoPermission, PlaceGone, TooLarge
from bot.types import Job, MessageRef, State

FILES = 10
"""Files in a message."""
TOGETHER = 24 * MIB
"""Bytes of files in a message with several; Discord takes 25 MiB in one request."""
ALT = 1024
"""Characters of a picture's alternative text."""

PATIENCE_S = 30.0
"""People look at a status message for so long; later they need to be told that a job failed."""

log = structlog.get_logger(__name__)


class Deliverer:
    """Posts what the courier hands over."""

    def __init__(self, client: discord.Client, easel: Easel, statuses: StatusMessages) -> None:
        """`statuses` are told of jobs that end without pictures."""
        self._client = client
        self._easel = easel
        self._statuses = statuses
        self._limits = UploadLimits(client)

    async def post(self, delivery: Delivery) -> tuple[MessageRef, ...]:
        """Post the end of a job once, whatever became of earlier attempts; return the messages, oldest first.

        Raises NoPermission, PlaceGone, TooLarge and DeliveryError when it can never be posted, Gone when the pictures
        were deleted meanwhile; anything else is worth another try.
        """
        job = delivery.job
        try:
            if not delivery.pictures:
                return (await self._words(delivery),)
            posted = await self._pictures(delivery)
        except discord.HTTPException as error:
            reason = lasting(error, self._client, job.place, files=bool(delivery.pictures))
            if reason is None:
                raise
            if delivery.pictures and isinstance(reason, NoPermission):
                await self._say_why(job, reason)
            if isinstance(reason, NoPermission | PlaceGone):
                self._statuses.drop(job)
            raise reason from error
        return tuple(MessageRef(job.place, str(message)) for message in sorted(set(posted.values())))

    # ── words ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def _words(self, delivery: Delivery) -> MessageRef:
        """Let the status message say it; without one, or after a long wait, a reply does, which tells the asker."""
        job = delivery.job
        view = views.buttons(self._easel, job.language, job.id, delivery.buttons)
        if not _went_away(job) and (shown := await self._statuses.end(job, delivery.text, view)) is not None:
            return shown
        if delivery.retried and (found := await lookup.reason(self._client, job)) is not None:
            return MessageRef(job.place, str(found))
        message = await self._reply(job, delivery.text, view, "end")
        return MessageRef(job.place, str(message.id))

    # ── pictures ────────────────────────────────────────────────────────────────────────────────────────────────

    async def _pictures(self, delivery: Delivery) -> dict[int, int]:
        """Post the pictures that are not posted yet; return the message of each, by position."""
        job, count = delivery.job, len(delivery.pictures)
        posted = await lookup.parts(self._client, job, count) if delivery.retried else {}
        ready: dict[int, Fitted] = {}
        together = TOGETHER
        while left := [position for position in range(count) if position not in posted]:
            parcel = await self._parcel(delivery, left, ready, together)
            try:
                message = await self._send(delivery, parcel, ready, first=not posted, last=len(parcel) == len(left))
            except discord.HTTPException as error:
                if not too_large(error):
                    raise
                together = self._smaller(job, [len(ready[position].data) for position in parcel], error)
                ready = {
                    position: each for position, each in ready.items() if len(each.data) <= self._limits.of(job.place)
                }
                continue
            # The nonce may have brought back the message of an attempt that had put other pictures together.
            posted |= dict.fromkeys(lookup.positions(message, job.id) or parcel, message.id)
            for position in parcel:
                ready.pop(position, None)
        return posted

    async def _parcel(
        self, delivery: Delivery, left: Sequence[int], ready: dict[int, Fitted], together: int
    ) -> list[int]:
        """Return the pictures that go into the next message, in order, and have them ready."""
        job = delivery.job
        parcel: list[int] = []
        size = 0
        for position in left[:FILES]:
            if position not in ready:
                picture = delivery.pictures[position].id
                ready[position] = await self._easel.fitted(picture, self._limits.of(job.place), job.language)
            size += len(ready[position].data)
            if parcel and size > together:
                break
            parcel.append(position)
        return parcel

    def _smaller(self, job: Job, sizes: Sequence[int], error: discord.HTTPException) -> int:
        """Discord refused these files: split them, or make a single one smaller; return what may go together.

        Raises TooLarge when that was the last resort.
        """
        log.info("upload refused as too large", sizes=sizes, limit=self._limits.of(job.place))
        if len(sizes) > 1:
            return sum(sizes) // 2
        if not self._limits.lower(job.place, sizes[0]):
            raise TooLarge(limit=max(1, sizes[0] // MIB), detail=error.text) from error
        return TOGETHER

    async def _send(
        self, delivery: Delivery, parcel: Sequence[int], ready: dict[int, Fitted], *, first: bool, last: bool
    ) -> discord.Message:
        job = delivery.job
        notes = dict.fromkeys(ready[position].note for position in parcel if ready[position].note)
        lines = [delivery.text, *notes] if first else [*notes]
        files = [
            discord.File(
                io.BytesIO(ready[position].data),
                ids.file_name(job.id, position, ready[position].mime),
                description=cut(delivery.alt, ALT) or None,
            )
            for position in parcel
        ]
        view = views.buttons(self._easel, job.language, job.id, delivery.buttons if last else ())
        return await self._reply(job, "\n".join(filter(None, lines)), view, parcel[0], files=files, ping=first)

    # ── inside ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def _reply(
        self,
        job: Job,
        text: str,
        view: discord.ui.View,
        part: int | Literal["end"],
        *,
        files: Sequence[discord.File] = (),
        ping: bool = True,
    ) -> discord.Message:
        """Post a reply to the request; with `ping` the asker is told of it, nobody else ever is."""
        asker: list[discord.Object] = []
        if ping and own(job) and not job.place.direct:  # a reply to Easel's own message would tell nobody
            asker = [discord.Object(int(job.person.id))]
            text = f"<@{job.person.id}> {text}"
        message = await send(
            self._client,
            job.place,
            text,
            nonce=f"{job.id}-{part}",
            view=view,
            reply_to=job.message,
            ping=asker,
            ping_replied=ping and not own(job),
            files=files,
        )
        if ping and not asker and message.reference is None and not job.place.direct:
            await self._name_asker(job, message)
        return message

    async def _name_asker(self, job: Job, message: discord.Message) -> None:
        """The request was deleted meanwhile, so that nothing shows whom the answer is for."""
        try:
            await message.edit(
                content=cut(f"<@{job.person.id}> {message.content}"), allowed_mentions=discord.AllowedMentions.none()
            )
        except TROUBLE as error:
            log.info("answer without a name", job=job.id, error=repr(error))

    async def _say_why(self, job: Job, reason: NoPermission) -> None:
        """Pictures may not be posted here, but words perhaps: the core tells nothing more of this job."""
        text = self._easel.say(job.language, reason)
        try:
            view = views.buttons(self._easel, job.language, job.id, ())
            if await self._statuses.end(job, text, view) is None:
                await self._reply(job, text, view, "end")
        except TROUBLE as error:
            log.info("not told why", job=job.id, error=repr(error))


def _went_away(job: Job) -> bool:
    """Tell whether somebody waited so long for a job that failed that they may look at something else by now."""
    return job.state is State.FAILED and time.time() - job.created > PATIENCE_S
