"""The forms that ask what to change: below Easel's own pictures, and in the menu of anybody's message.

A form must be the very first answer to an interaction, so it is made from what came with it, in the language Discord
says the person reads; what was entered comes back as an interaction of its own, possibly after a restart.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import discord
import structlog

from adapters.discord import convert, ids
from adapters.discord.answering import FAILED, Answer, Answering, may_not
from adapters.discord.client import EaselClient
from adapters.discord.convert import Shown
from adapters.discord.pictures import known
from adapters.discord.text import cut
from bot.answers import Told
from bot.app import Easel
from bot.errors import BotError, Gone
from bot.i18n.marks import N_
from bot.i18n.negotiate import negotiate
from bot.types import Author, MessageRef, Person, PictureRef, Place, Request

WHAT, WHICH = "what", "which"
"""The fields' custom ids."""
ALL = "all"
MAX_WHAT = 4000
KEPT = 512
"""Messages whose pictures are remembered between the form and what is entered into it."""

TITLE = N_("Edit this image")
LABEL = N_("What should change?")
EXAMPLE = N_("make it night")
WHICH_PICTURE = N_("Which picture?")
PICTURE = N_("Picture {n}")
ALL_PICTURES = N_("All of them")
NOTHING_THERE = N_("There is no picture in this message.")
LOST_SIGHT = N_(
    "I can no longer see the picture in that message. Please open the message's menu and choose "
    "Apps → “Edit this image” once more."
)

log = structlog.get_logger(__name__)


class Forms:
    """Opens the forms and takes what was entered."""

    def __init__(self, client: EaselClient, easel: Easel, answering: Answering) -> None:
        """Messages whose pictures were forgotten meanwhile are fetched again through `client`."""
        self._client = client
        self._easel = easel
        self._answering = answering
        self._targets: OrderedDict[tuple[int, int], tuple[Author, tuple[Shown, ...]]] = OrderedDict()

    # ── opening ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def open_for_job(self, interaction: discord.Interaction, job: str) -> None:
        """Ask how to change what a job made; `interaction` is its pressed button."""
        await self._open(interaction, ids.edit_form(job), self._made(interaction, job), all_first=False)

    async def open_for_message(self, interaction: discord.Interaction, message: discord.Message) -> None:
        """Ask how to change the pictures of a message, whoever wrote it."""
        author, found = self._see(message)
        if not found:
            await self._answering.respond(interaction, self._say(interaction, NOTHING_THERE))
            return
        self._targets[message.channel.id, message.id] = author, found
        if len(self._targets) > KEPT:
            self._targets.popitem(last=False)
        form = ids.menu_form(message.channel.id, message.id)
        await self._open(interaction, form, found, all_first=author == "other")

    async def _open(
        self, interaction: discord.Interaction, id: str, found: Sequence[Shown], *, all_first: bool
    ) -> None:
        if (lacking := may_not(interaction)) is not None:
            await self._answering.respond(interaction, self._say(interaction, lacking))
            return
        form = discord.ui.Modal(title=cut(self._say(interaction, TITLE), 45), custom_id=id)
        form.add_item(
            discord.ui.Label(
                text=cut(self._say(interaction, LABEL), 45),
                component=discord.ui.TextInput(
                    custom_id=WHAT,
                    style=discord.TextStyle.paragraph,
                    placeholder=cut(self._say(interaction, EXAMPLE), 100),
                    max_length=MAX_WHAT,
                ),
            )
        )
        if len(found) > 1:
            form.add_item(self._which(interaction, len(found), all_first=all_first))
        form.stop()  # or the library would keep it until it is sent in, which may never be
        try:
            await interaction.response.send_modal(form)
        except FAILED as error:
            log.info("form not shown", error=repr(error))

    def _which(
        self, interaction: discord.Interaction, count: int, *, all_first: bool
    ) -> discord.ui.Label[discord.ui.Modal]:
        every = discord.SelectOption(label=cut(self._say(interaction, ALL_PICTURES), 100), value=ALL, default=all_first)
        single = [
            discord.SelectOption(
                label=cut(self._say(interaction, PICTURE, n=number + 1), 100),
                value=str(number),
                default=number == 0 and not all_first,
            )
            for number in range(min(count, 24))
        ]
        options = [every, *single] if all_first else [*single, every]
        return discord.ui.Label(
            text=cut(self._say(interaction, WHICH_PICTURE), 45),
            component=discord.ui.Select(custom_id=WHICH, options=options),
        )

    # ── taking ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def submitted(self, interaction: discord.Interaction) -> bool:
        """Take what was entered; False when the form is not one of these."""
        id = interaction.custom_id or ""
        job, message = ids.parse_edit_form(id), ids.parse_menu_form(id)
        if job is None and message is None:
            return False

        entered = convert.fields(interaction)
        what = entered.get(WHAT, "")

        async def ask(person: Person, place: Place, response: MessageRef) -> Answer:
            author: Author = "easel"
            replied: tuple[PictureRef, ...] = ()
            if job is not None:
                replied = await self._of_job(interaction, job)
            elif message is not None:
                author, found = await self._of_message(interaction, *message)
                if not found:
                    return Told(self._easel.say(await self._easel.language(person, place), LOST_SIGHT))
                replied = await known(self._easel, found)
            return await self._easel.accept(
                Request(
                    key=convert.key(interaction),
                    person=person,
                    place=place,
                    text=convert.plain(what),
                    command="edit",
                    replied=_chosen(replied, entered.get(WHICH, ALL)),
                    replied_by=author,
                    message=response,
                )
            )

        await self._answering.with_job(interaction, ask, what)
        return True

    async def _of_job(self, interaction: discord.Interaction, job: str) -> tuple[PictureRef, ...]:
        """Return a job's pictures: those of the message with the button, else those Easel knows. Raises Gone."""
        if found := self._made(interaction, job):
            return await known(self._easel, found)
        made = (await self._easel.details(job)).pictures
        if not made:
            raise Gone
        return tuple(PictureRef("", picture=each.id) for each in made)

    async def _of_message(
        self, interaction: discord.Interaction, channel: int, message: int
    ) -> tuple[Author, tuple[Shown, ...]]:
        """Return who wrote a message and what it showed when the form was opened, or shows now after a restart."""
        target = self._targets.get((channel, message))
        if target is not None:
            return target
        if channel == interaction.channel_id:
            there = self._client.get_partial_messageable(channel, guild_id=interaction.guild_id)
            try:
                return self._see(await there.fetch_message(message))
            except FAILED as error:
                log.info("message of a form not found again", error=repr(error))
        return "other", ()

    # ── inside ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _see(self, message: discord.Message) -> tuple[Author, tuple[Shown, ...]]:
        me = self._client.user
        assert me is not None
        return convert.written_by(message, me), convert.shown(message, me)

    def _made(self, interaction: discord.Interaction, job: str) -> tuple[Shown, ...]:
        """Return the pictures of a job in the message that an interaction belongs to."""
        if interaction.message is None:
            return ()
        _, found = self._see(interaction.message)
        return tuple(each for each in found if each.made is not None and each.made[0] == job)

    def _say(self, interaction: discord.Interaction, what: str | BotError, **args: object) -> str:
        return self._easel.say(negotiate(interaction.locale.value), what, **args)


def _chosen(pictures: tuple[PictureRef, ...], which: str) -> tuple[PictureRef, ...]:
    if which.isdecimal() and int(which) < len(pictures):
        return (pictures[int(which)],)
    return pictures
