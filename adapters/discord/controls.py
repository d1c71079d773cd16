"""The buttons below Easel's messages. What one does is in its custom id, so it works for ever and for everybody."""

from __future__ import annotations

from collections.abc import Iterable

import discord

from adapters.commands.parsing import Invocation
from adapters.commands.running import Context, run
from adapters.discord import convert, ids
from adapters.discord.answering import FAILED, Answer, Answering
from adapters.discord.client import EaselClient
from adapters.discord.forms import Forms
from adapters.discord.inbox import Inbox
from adapters.discord.locales import Locales
from adapters.discord.places import channel_of
from bot.answers import Told
from bot.app import Easel
from bot.errors import Gone, NotYours
from bot.types import Job, MessageRef, Person, Place


class Controls:
    """Does what buttons and forms say."""

    def __init__(
        self, client: EaselClient, easel: Easel, answering: Answering, forms: Forms, inbox: Inbox, locales: Locales
    ) -> None:
        """Interactions come from `client` once its events are connected."""
        self._client = client
        self._easel = easel
        self._answering = answering
        self._forms = forms
        self._inbox = inbox
        self._locales = locales

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Take a pressed button or a form that was sent in; commands go their own way."""
        self._locales.tell(interaction)
        match interaction.type:
            case discord.InteractionType.component:
                await self._inbox.handle(interaction.id, self._pressed(interaction))
            case discord.InteractionType.modal_submit:
                await self._inbox.handle(interaction.id, self._submitted(interaction))

    async def _submitted(self, interaction: discord.Interaction) -> None:
        if not await self._forms.submitted(interaction):
            await self._answering.out_of_use(interaction)

    async def _pressed(self, interaction: discord.Interaction) -> None:
        match ids.parse_button(interaction.custom_id or ""):
            case "again", job:
                await self._again(interaction, job)
            case "undo", job:
                await self._undo(interaction, job)
            case "edit", job:
                await self._forms.open_for_job(interaction, job)
            case "details", job:
                await self._details(interaction, job)
            case "cancel", job:
                await self._cancel(interaction, job)
            case "delete", job:
                await self._delete(interaction, job)
            case _:
                await self._answering.out_of_use(interaction)

    # ── jobs of one's own ───────────────────────────────────────────────────────────────────────────────────────

    async def _again(self, interaction: discord.Interaction, job: str) -> None:
        """Draw a job once more, as the job of whoever pressed."""

        async def ask(person: Person, place: Place, message: MessageRef) -> Answer:
            return await self._easel.again(person, place, convert.key(interaction), job_id=job, message=message)

        await self._answering.with_job(interaction, ask)

    async def _undo(self, interaction: discord.Interaction, job: str) -> None:
        """Show again what a job's picture was made from."""

        async def ask(person: Person, place: Place, message: MessageRef) -> Answer:
            made = (await self._easel.details(job)).pictures
            if not made:
                raise Gone
            return await self._easel.undo(person, place, convert.key(interaction), picture=made[0].id, message=message)

        await self._answering.with_job(interaction, ask)

    # ── looking ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def _details(self, interaction: discord.Interaction, job: str) -> None:
        """Tell privately what is known of a job."""
        if not await self._answering.acknowledge(interaction, thinking=True):
            return
        person, place = convert.asker(interaction), convert.place(interaction)
        try:
            context = Context(self._easel, person, place, key="", replied_job=job)
            answer = await run(Invocation(("details",), {}), context)
            assert isinstance(answer, Told)
            text = discord.utils.escape_markdown(answer.text)
        except Exception as error:
            text = await self._answering.words(error, person, place)
        await self._answering.show(interaction, text)

    # ── ending ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def _cancel(self, interaction: discord.Interaction, job: str) -> None:
        """Stop a job; that it stopped is told where it was asked for."""
        if await self._answering.acknowledge(interaction):
            try:
                await self._easel.cancel(convert.asker(interaction), convert.place(interaction), job)
            except Exception as error:
                await self._refuse(interaction, error)

    async def _delete(self, interaction: discord.Interaction, job: str) -> None:
        """Delete a job's pictures with the messages that show them."""
        if not await self._answering.acknowledge(interaction):
            return
        person, place = convert.asker(interaction), convert.place(interaction)
        shown = [interaction.message.id] if interaction.message is not None else []
        try:
            await self._take_away(place, [*await self._forget(person, place, job), *shown])
        except Exception as error:
            await self._refuse(interaction, error)

    async def _forget(self, person: Person, place: Place, job: str) -> list[int]:
        """Delete a job's pictures and return the messages about it. Raises NotYours."""
        try:
            return _messages(await self._easel.delete(person, place, job))
        except Gone:
            # Who asked for it is forgotten; those who may delete any message may delete this one, too.
            if not (person.admin or person.moderator or place.direct):
                raise NotYours from None
            return []

    async def _take_away(self, place: Place, messages: Iterable[int]) -> None:
        """Delete messages, each once, also when Discord refuses one of them. Raises what it refused with."""
        channel = channel_of(self._client, place)
        refused: Exception | None = None
        for message in dict.fromkeys(messages):
            try:
                await channel.get_partial_message(message).delete()
            except discord.NotFound:
                pass  # somebody was faster
            except FAILED as error:
                refused = error
        if refused is not None:
            raise refused

    # ── inside ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def _refuse(self, interaction: discord.Interaction, error: Exception) -> None:
        words = await self._answering.words(error, convert.asker(interaction), convert.place(interaction))
        await self._answering.say(interaction, words)


def _messages(job: Job) -> list[int]:
    """Return Easel's own messages about a job: its end, and the request's echo."""
    own = [job.message.id] if job.message is not None and job.message.own else []
    return [int(each) for each in (*job.posted, *own)]
