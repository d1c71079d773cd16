"""Words for a picture: the command `/describe`, and the menu of anybody's message. Only who asks sees the answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import discord

from adapters.discord import convert
from adapters.discord.answering import Answering
from adapters.discord.client import EaselClient
from adapters.discord.forms import NOTHING_THERE
from adapters.discord.pictures import known
from bot.app import Easel
from bot.i18n.marks import N_
from bot.types import PictureRef

TITLE = N_("Describe")
"""In the menu of a message."""


class Describing:
    """Describes pictures."""

    def __init__(self, client: EaselClient, easel: Easel, answering: Answering) -> None:
        """Which messages are Easel's own, `client` knows."""
        self._client = client
        self._easel = easel
        self._answering = answering

    async def command(self, interaction: discord.Interaction, image: discord.Attachment | None) -> None:
        """Answer `/describe`: about the given picture, else the newest of the conversation."""

        async def describe() -> str:
            return await self._describe(interaction, None if image is None else convert.attachment(image))

        await self._answer(interaction, describe)

    async def message(self, interaction: discord.Interaction, message: discord.Message) -> None:
        """Describe the first picture of a message, whoever wrote it."""

        async def describe() -> str:
            me = self._client.user
            assert me is not None
            found = await known(self._easel, convert.shown(message, me)[:1])
            if found:
                return await self._describe(interaction, found[0])
            language = await self._easel.language(convert.asker(interaction), convert.place(interaction))
            return self._easel.say(language, NOTHING_THERE)

        await self._answer(interaction, describe)

    async def _describe(self, interaction: discord.Interaction, ref: PictureRef | None) -> str:
        told = await self._easel.describe(convert.asker(interaction), convert.place(interaction), ref)
        return discord.utils.escape_markdown(told.text)

    async def _answer(self, interaction: discord.Interaction, describe: Callable[[], Awaitable[str]]) -> None:
        """Promise an answer before anything else, for that must reach Discord within three seconds; then give it."""
        if not await self._answering.acknowledge(interaction, thinking=True):
            return
        try:
            text = await describe()
        except Exception as error:
            text = await self._answering.words(error, convert.asker(interaction), convert.place(interaction))
        await self._answering.show(interaction, text)
