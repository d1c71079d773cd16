"""How interactions are answered: at once, so that Discord does not give up on them; what is refused, privately."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import aiohttp
import discord
import structlog

from adapters.discord import convert
from adapters.discord.echo import echo
from adapters.discord.permissions import missing
from adapters.discord.status import StatusMessages
from adapters.discord.text import CONTENT, cut
from bot.answers import Accepted, Told
from bot.app import Easel
from bot.errors import BotError, MissingPermission
from bot.i18n.marks import N_
from bot.i18n.negotiate import negotiate
from bot.types import MessageRef, Person, Place

Answer = Accepted | Told | None
Ask = Callable[[Person, Place, MessageRef], Awaitable[Answer]]
"""Asks Easel for a job that is answered in this message. Raises BotError."""

ALREADY_ANSWERED = 40060
OUT_OF_USE = N_("This no longer works. Please ask for a new picture.")
"""Said about a button or command of another version of Easel."""
FAILED = (discord.HTTPException, aiohttp.ClientError, OSError, TimeoutError)
"""What calling Discord raises when it does not work."""

log = structlog.get_logger(__name__)


class Answering:
    """Answers interactions and words errors."""

    def __init__(self, easel: Easel, statuses: StatusMessages) -> None:
        """`statuses` take over the message in which a job was accepted."""
        self._easel = easel
        self._statuses = statuses

    async def with_job(self, interaction: discord.Interaction, ask: Ask, prompt: str = "") -> None:
        """Promise an answer for all to see, ask for a job, and say privately what stands against it.

        With that the `prompt` that was entered is given back: Discord no longer shows it anywhere. The promise comes
        before anything else, for it must reach Discord within three seconds.
        """
        promised = await self._promise(interaction)
        if promised is None:
            return
        self._statuses.deferred(promised, interaction)
        person, place = convert.asker(interaction), convert.place(interaction)
        words = await self._ask(interaction, ask, person, place, MessageRef(place, str(promised), own=True))
        if words is not None:
            self._statuses.forget(promised)
            try:
                await interaction.delete_original_response()
            except FAILED as error:
                log.info("response not taken back", error=repr(error))
            await self.say(interaction, f"{words}\n{again}" if (again := echo(prompt, limit=CONTENT)) else words)

    async def _ask(
        self, interaction: discord.Interaction, ask: Ask, person: Person, place: Place, message: MessageRef
    ) -> str | None:
        """Return what to say because there is no job."""
        try:
            if (lacking := may_not(interaction)) is not None:
                raise lacking
            answer = await ask(person, place, message)
        except Exception as error:
            return await self.words(error, person, place)
        return answer.text if isinstance(answer, Told) else None

    async def _promise(self, interaction: discord.Interaction) -> int | None:
        """Show “thinking…” and return that message's id; None when it is too late."""
        try:
            response = await interaction.response.defer(thinking=True)
        except FAILED as error:
            if not _already_answered(error):
                log.warning("came too late to answer", error=repr(error))
                return None
            response = None
        if response is not None and response.message_id is not None:
            return response.message_id
        try:
            return (await interaction.original_response()).id
        except FAILED as error:
            log.warning("response not found", error=repr(error))
            return None

    async def acknowledge(self, interaction: discord.Interaction, *, thinking: bool = False) -> bool:
        """Acknowledge a pressed button: with nothing to see, or privately with “thinking…”; False if it is too late."""
        try:
            await interaction.response.defer(thinking=thinking, ephemeral=thinking)
        except FAILED as error:
            if not _already_answered(error):
                log.warning("came too late to answer", error=repr(error))
                return False
        return True

    async def say(self, interaction: discord.Interaction, text: str) -> None:
        """Say something to the one who did it, after their interaction was acknowledged."""
        try:
            await interaction.followup.send(cut(text), ephemeral=True)
        except FAILED as error:
            log.info("private answer not sent", error=repr(error))

    async def respond(self, interaction: discord.Interaction, text: str) -> None:
        """Say something to the one who did it, as the first answer."""
        try:
            await interaction.response.send_message(cut(text), ephemeral=True)
        except FAILED as error:
            log.info("private answer not sent", error=repr(error))

    async def show(self, interaction: discord.Interaction, text: str) -> None:
        """Say what a private “thinking…” promised."""
        try:
            await interaction.edit_original_response(content=cut(text))
        except FAILED as error:
            log.info("private answer not sent", error=repr(error))

    async def out_of_use(self, interaction: discord.Interaction) -> None:
        """Say that there is nothing behind what was pressed or called."""
        await self.respond(interaction, self._easel.say(negotiate(interaction.locale.value), OUT_OF_USE))

    async def words(self, error: Exception, person: Person, place: Place) -> str:
        """Return what to say about an error; one that nobody foresaw is logged."""
        what: BotError | str = BotError.sentence
        if isinstance(error, BotError):
            what = error
            if error.tell_operator:
                log.warning("request failed", error=type(error).__name__, detail=error.detail)
        else:
            log.error("request failed inside", exc_info=error)
        return self._easel.say(await self._language(person, place), what)

    async def _language(self, person: Person, place: Place) -> str:
        try:
            return await self._easel.language(person, place)
        except Exception:  # it may be the database that failed
            return negotiate(person.locale)


def _already_answered(error: Exception) -> bool:
    """Tell whether it was an earlier answer that Discord took: the library repeats one whose receipt got lost."""
    return isinstance(error, discord.HTTPException) and error.code == ALREADY_ANSWERED


def may_not(interaction: discord.Interaction) -> MissingPermission | None:
    """Return why Easel could not post a picture where it is asked for one."""
    if interaction.guild_id is None:
        return None
    lacking = missing(interaction.app_permissions, thread=convert.in_thread(interaction))
    return None if lacking is None else MissingPermission(permission=lacking)
