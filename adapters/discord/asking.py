"""Requests: the command `/imagine`, and messages that call Easel."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import discord
import structlog

from adapters.discord import convert
from adapters.discord.answering import FAILED, Answer, Answering
from adapters.discord.client import EaselClient
from adapters.discord.convert import Called
from adapters.discord.faults import NO_HISTORY_NO_REPLY
from adapters.discord.inbox import Inbox
from adapters.discord.locales import Locales
from adapters.discord.permissions import missing
from adapters.discord.pictures import known
from adapters.discord.places import channel_of
from adapters.discord.sending import send
from bot.answers import Told
from bot.app import Easel
from bot.errors import MissingPermission
from bot.i18n.marks import N_
from bot.types import Author, MessageRef, Options, Person, Place, Request

TYPING_AFTER_S = 0.5
"""An answer that takes longer is announced by “Easel is typing”."""
CANNOT_SEE = N_(
    "I can't see the message you replied to. To change a picture in it, open the message's menu and choose "
    "Apps → “Edit this image”. To get a new picture, mention me without replying."
)

log = structlog.get_logger(__name__)


class Asking:
    """Turns what people say into requests."""

    def __init__(self, client: EaselClient, easel: Easel, answering: Answering, inbox: Inbox, locales: Locales) -> None:
        """Messages come from `client` once its events are connected."""
        self._client = client
        self._easel = easel
        self._answering = answering
        self._inbox = inbox
        self._locales = locales

    # ── the command ─────────────────────────────────────────────────────────────────────────────────────────────

    async def imagine(
        self, interaction: discord.Interaction, prompt: str, options: Options, image: discord.Attachment | None
    ) -> None:
        """Answer `/imagine`."""

        async def ask(person: Person, place: Place, message: MessageRef) -> Answer:
            attached = () if image is None else (convert.attachment(image),)
            return await self._easel.accept(
                Request(
                    key=convert.key(interaction),
                    person=person,
                    place=place,
                    text=convert.plain(prompt),
                    command="imagine",
                    options=options,
                    attached=attached,
                    message=message,
                )
            )

        await self._answering.with_job(interaction, ask, prompt)

    # ── messages ────────────────────────────────────────────────────────────────────────────────────────────────

    async def on_message(self, message: discord.Message) -> None:
        """Answer a message if it calls Easel."""
        me = self._client.user
        called = convert.called(message, me) if me is not None else None
        if called is not None:
            await self._inbox.handle(message.id, self._answer(message, called))

    async def _answer(self, message: discord.Message, called: Called) -> None:
        person, place = convert.author(message, self._locales.of(message)), convert.place(message)
        try:
            async with self._typing(place):
                words = await self._ask(message, called, person, place)
        except Exception as error:
            words = await self._answering.words(error, person, place)
        if words is not None:
            await self._reply(message, place, words)

    async def _ask(self, message: discord.Message, called: Called, person: Person, place: Place) -> str | None:
        """Have a message accepted; return what to say instead of a picture. Raises BotError."""
        if called == "mention" and not (await self._easel.settings.effective(person, place)).mention_trigger:
            return None
        if (lacking := self._lacking(message)) is not None:
            raise MissingPermission(permission=lacking)
        me = self._client.user
        assert me is not None
        replied = await self._replied(message)
        by: Author | None = None
        if replied is not None:
            by = convert.written_by(replied, me)
            if by == "other" and convert.unreadable(replied) and not self._client.reads_messages:
                return self._easel.say(await self._easel.language(person, place), CANNOT_SEE)
        answer = await self._easel.accept(
            Request(
                key=convert.key(message),
                person=person,
                place=place,
                text=convert.words(message, me),
                attached=convert.given(message),
                replied=await known(self._easel, convert.shown(replied, me)) if replied is not None else (),
                replied_by=by,
                message=MessageRef(place, str(message.id)),
            )
        )
        return answer.text if isinstance(answer, Told) else None

    async def _replied(self, message: discord.Message) -> discord.Message | None:
        """Return the message this one replies to, if it is still there and may be seen."""
        found = convert.replied_to(message)
        if not isinstance(found, int):
            return found
        with contextlib.suppress(*FAILED):
            return await message.channel.fetch_message(found)
        return None

    def _lacking(self, message: discord.Message) -> str | None:
        """Return the permission without which no picture can be posted here, as far as the client knows."""
        assert self._client.user is not None
        me = message.guild.get_member(self._client.user.id) if message.guild else None
        channel = message.channel
        if me is None or isinstance(channel, discord.DMChannel | discord.GroupChannel):
            return None
        try:
            rights = channel.permissions_for(me)
        except discord.ClientException:  # a thread whose channel the client does not know
            return None
        return missing(rights, thread=isinstance(channel, discord.Thread))

    async def _reply(self, message: discord.Message, place: Place, words: str) -> None:
        """Answer in words, without a ping, once even if the message is delivered again after a restart."""
        try:
            try:
                await self._say(place, words, message.id, MessageRef(place, str(message.id)))
            except discord.Forbidden as error:
                if error.code != NO_HISTORY_NO_REPLY:
                    raise
                await self._say(place, words, message.id, None)
        except FAILED as error:
            log.info("answer not sent", error=repr(error))

    async def _say(self, place: Place, words: str, to: int, reply_to: MessageRef | None) -> None:
        await send(self._client, place, words, nonce=f"a-{to}", view=discord.utils.MISSING, reply_to=reply_to)

    @contextlib.asynccontextmanager
    async def _typing(self, place: Place) -> AsyncIterator[None]:
        """Show that Easel is typing for as long as an answer takes, if it takes long."""
        task = asyncio.create_task(self._type(place), name="typing")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _type(self, place: Place) -> None:
        await asyncio.sleep(TYPING_AFTER_S)
        with contextlib.suppress(*FAILED):
            async with channel_of(self._client, place).typing():
                await asyncio.Event().wait()
