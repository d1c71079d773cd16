"""What people do in the studio: say something, press a button. Each is stored as a chat platform would store it."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import secrets
from collections.abc import Iterator, Sequence
from typing import Any

from adapters.commands.parsing import Invocation, parse
from adapters.commands.running import Context, run
from adapters.local import convert
from adapters.local.convert import PLACE, SAID
from adapters.local.events import Events
from adapters.local.uploads import Said, Upload
from bot.answers import Accepted, Told
from bot.app import Easel
from bot.db.studio import Message, StudioMessages
from bot.errors import BotError, FileTooLarge, Gone
from bot.types import Author, MessageRef, Person, PictureRef, Request

PREFIX = "/"
"""How commands begin."""


class Conversation:
    """The studio's one conversation."""

    def __init__(self, easel: Easel, messages: StudioMessages, events: Events) -> None:
        """Everything new is told through `events`."""
        self._easel = easel
        self._messages = messages
        self._events = events
        self._uploads: dict[str, bytes] = {}
        self._under_way: dict[str, asyncio.Task[Message]] = {}

    async def aclose(self) -> None:
        """Stop answering what was said; sent again, it is answered after all."""
        for task in self._under_way.values():
            task.cancel()
        await asyncio.gather(*self._under_way.values(), return_exceptions=True)

    # ── saying ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def say(self, said: Said, person: Person) -> Message:
        """Store what a person said and have it answered; return the message as it is shown.

        What is sent again, because the first answer got lost, is neither stored nor drawn twice. Raises StorageFull.
        """
        task = self._under_way.get(said.id)
        if task is None:
            task = self._under_way[said.id] = asyncio.create_task(self._say(said, person))
            task.add_done_callback(lambda _: self._under_way.pop(said.id))
        return await asyncio.shield(task)

    async def _say(self, said: Said, person: Person) -> Message:
        key = f"answer:{said.id}"
        message = await self._add(SAID + said.id, "other", said.text, reply_to=said.reply_to, quoted=said.picture)
        if await self._messages.by_key(key) is not None:
            return message
        try:
            answer = await self._answer(said, person, message)
        except BotError as error:
            language = await self._easel.language(person, PLACE)
            answer = Told(self._easel.say(language, error))
        if isinstance(answer, Told):
            await self._add(key, "easel", answer.text, reply_to=message.id)
        elif isinstance(answer, Accepted) and said.files:
            message = await self._show_inputs(message, answer.job.id, len(said.files))
        return message

    async def _answer(self, said: Said, person: Person, message: Message) -> Accepted | Told | None:
        key, where = f"local:{said.id}", MessageRef(PLACE, str(message.id))
        target = None if said.reply_to is None else await self.message(said.reply_to)
        job, author = (target.job, target.by) if target else (None, None)
        replied = _meant(target, said.picture) if target else ()
        request = Request(key, person, PLACE, said.text, replied=replied, replied_by=author, message=where)
        invocation = parse(said.text, PREFIX)
        if invocation is not None:
            picture = replied[0].picture if replied else None
            with self._held(said.files) as files:
                answer = await run(
                    invocation,
                    Context(
                        self._easel,
                        person,
                        PLACE,
                        key,
                        where,
                        replied_job=job,
                        replied_picture=picture,
                        prefix=PREFIX,
                        pictures=files,
                    ),
                )
            if invocation.path == ("history",) and invocation.values.get("clear"):
                await self._messages.clear(before=message.id)  # what the person said is history, too
            if isinstance(answer, Told):
                self._events.publish("reset", {})  # it may have changed the language, or deleted the history
            if not isinstance(answer, Request):
                return answer
            request = dataclasses.replace(request, text=answer.text, command=answer.command, options=answer.options)
        return await self._accept(request, said)

    async def _accept(self, request: Request, said: Said) -> Accepted | Told | None:
        """Have a request accepted together with its uploads."""
        with self._held(said.files) as attached, self._held([said.mask] if said.mask else []) as masks:
            return await self._easel.accept(
                dataclasses.replace(request, attached=attached, mask=next(iter(masks), None))
            )

    @contextlib.contextmanager
    def _held(self, uploads: Sequence[Upload]) -> Iterator[tuple[PictureRef, ...]]:
        """Keep uploads until Easel has fetched them."""
        held = {secrets.token_urlsafe(12): upload for upload in uploads}
        self._uploads |= {source: upload.data for source, upload in held.items()}
        try:
            yield tuple(PictureRef(source, upload.name, len(upload.data)) for source, upload in held.items())
        finally:
            for source in held:
                del self._uploads[source]

    def fetch(self, ref: PictureRef, limit: int) -> bytes:
        """Return a held upload. Raises FileTooLarge, Gone."""
        data = self._uploads.get(ref.source)
        if data is None:
            raise Gone
        if len(data) > limit:
            raise FileTooLarge(name=ref.name, size=len(data), limit=limit // 1_000_000)
        return data

    async def _show_inputs(self, message: Message, job: str, count: int) -> Message:
        """Show the uploads as they were stored: upright and free of camera data."""
        shown = await self._messages.show_inputs(message.id, job, count)
        if shown is None:
            return message
        self._events.publish("message", convert.message(shown))
        return shown

    async def _add(self, key: str, by: Author, text: str, **more: Any) -> Message:
        message = await self._messages.add(key, by, text, **more)
        self._events.publish("message", convert.message(message))
        return message

    # ── pressing buttons ────────────────────────────────────────────────────────────────────────────────────────

    async def again(self, person: Person, press: str, number: int) -> None:
        """Draw a message's job once more, with another seed; `press` is the page's id of this press. Raises Refused."""
        message = await self.message(number)
        where = MessageRef(PLACE, str(message.id))
        await self._easel.again(person, PLACE, f"local:{press}", job_id=_job(message), message=where)

    async def undo(self, person: Person, press: str, number: int) -> None:
        """Show again what a message's picture was made from. Raises Refused."""
        message = await self.message(number)
        where = MessageRef(PLACE, str(message.id))
        picture = next(iter(message.pictures), None)
        if picture is None:
            raise Gone
        await self._easel.undo(person, PLACE, f"local:{press}", picture=picture.id, message=where)

    async def delete(self, person: Person, number: int) -> None:
        """Delete a message and the pictures its job made, for good. Raises NotYours, Gone."""
        message = await self.message(number)
        if message.job is not None:
            with contextlib.suppress(Gone):  # the job went with the history; the message is left
                await self._easel.delete(person, PLACE, message.job)
        await self._messages.remove(message.id)
        self._events.publish("removed", {"id": message.id})

    async def details(self, person: Person, number: int) -> str:
        """Return what is known of a message's pictures, in words. Raises Gone."""
        message = await self.message(number)
        context = Context(self._easel, person, PLACE, key="", replied_job=_job(message), prefix=PREFIX)
        answer = await run(Invocation(("details",), {}), context)
        assert isinstance(answer, Told)
        return answer.text

    async def message(self, number: int) -> Message:
        """Return a message. Raises Gone."""
        found = await self._messages.get(number)
        if found is None:
            raise Gone
        return found


def _meant(message: Message, picture: str | None) -> tuple[PictureRef, ...]:
    """Return the pictures of an answered message, or the one that is meant. Raises Gone."""
    meant = tuple(PictureRef("", picture=each.id) for each in message.pictures if picture in (None, each.id))
    if not meant and (picture is not None or message.lost):
        raise Gone
    return meant


def _job(message: Message) -> str:
    if message.job is None:
        raise Gone
    return message.job
