"""The slash command and the message menu, with the words of the one table of commands in every language."""

from __future__ import annotations

import asyncio
from typing import Any

import discord
import structlog
from discord import app_commands
from discord.app_commands import locale_str

from adapters.commands.table import COMMANDS
from adapters.discord.answering import Answering
from adapters.discord.asking import Asking
from adapters.discord.client import EaselClient
from adapters.discord.describing import TITLE as DESCRIBE
from adapters.discord.describing import Describing
from adapters.discord.forms import TITLE, Forms
from adapters.discord.inbox import Inbox
from bot.app import Easel
from bot.flags import MAX_COUNT
from bot.i18n.catalogue import Catalogues
from bot.i18n.negotiate import LANGUAGES
from bot.types import Options

MAX_SEED = 2**53 - 1
"""Discord's integers are JavaScript's; a larger seed can stand in the prompt."""
MAX_CHOICES = 25
REGISTER_AGAIN_S = 300.0

log = structlog.get_logger(__name__)


class Tree(app_commands.CommandTree[EaselClient]):
    """The commands, connected to a client."""

    def __init__(self, client: EaselClient, answering: Answering) -> None:
        """Still empty."""
        super().__init__(client)
        self._answering = answering

    async def on_error(
        self, interaction: discord.Interaction[EaselClient], error: app_commands.AppCommandError
    ) -> None:
        """Answer a command that does not exist any more, or has other options."""
        log.warning("command not understood", exc_info=error)
        if not interaction.response.is_done():
            await self._answering.out_of_use(interaction)


def tree(
    client: EaselClient,
    easel: Easel,
    answering: Answering,
    asking: Asking,
    forms: Forms,
    describing: Describing,
    inbox: Inbox,
) -> Tree:
    """Return the commands, not yet known to Discord: for guilds and for direct conversations with Easel."""

    async def imagine(
        interaction: discord.Interaction,
        prompt: str,
        image: discord.Attachment | None = None,
        size: str | None = None,
        count: app_commands.Range[int, 1, MAX_COUNT] | None = None,
        seed: app_commands.Range[int, 0, MAX_SEED] | None = None,
        engine: str | None = None,
    ) -> None:
        options = Options(size=size, count=count, seed=seed, engine=engine)
        await inbox.handle(interaction.id, asking.imagine(interaction, prompt, options, image))

    async def edit_this(interaction: discord.Interaction, message: discord.Message) -> None:
        await inbox.handle(interaction.id, forms.open_for_message(interaction, message))

    async def engines(interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
        found = [id for id in easel.engines if typed.strip().casefold() in id]
        return [app_commands.Choice(name=id, value=id) for id in found[:MAX_CHOICES]]

    async def describe(interaction: discord.Interaction, image: discord.Attachment | None = None) -> None:
        await inbox.handle(interaction.id, describing.command(interaction, image))

    async def describe_this(interaction: discord.Interaction, message: discord.Message) -> None:
        await inbox.handle(interaction.id, describing.message(interaction, message))

    contexts = app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=False)
    installs = app_commands.AppInstallationType(guild=True, user=False)
    table = COMMANDS["imagine"]
    words = {option.name: locale_str(option.description) for option in table.options}
    offered = {name: words[name] for name in ("prompt", "image", "size", "count", "seed", "engine")}
    command: app_commands.Command[Any, ..., None] = app_commands.Command(
        name=table.name,
        description=locale_str(table.description),
        callback=app_commands.describe(**offered)(imagine),
        allowed_contexts=contexts,
        allowed_installs=installs,
    )
    command.autocomplete("engine")(engines)
    menu = app_commands.ContextMenu(
        name=locale_str(TITLE), callback=edit_this, allowed_contexts=contexts, allowed_installs=installs
    )
    made = Tree(client, answering)
    made.add_command(command)
    made.add_command(menu)
    if easel.describes:  # only commands that work are shown
        table = COMMANDS["describe"]
        words = {option.name: locale_str(option.description) for option in table.options}
        slash: app_commands.Command[Any, ..., None] = app_commands.Command(
            name=table.name,
            description=locale_str(table.description),
            callback=app_commands.describe(**words)(describe),
            allowed_contexts=contexts,
            allowed_installs=installs,
        )
        made.add_command(slash)
        made.add_command(
            app_commands.ContextMenu(
                name=locale_str(DESCRIBE),
                callback=describe_this,
                allowed_contexts=contexts,
                allowed_installs=installs,
            )
        )
    return made


async def register(tree: Tree, catalogues: Catalogues) -> None:
    """Tell Discord the commands, again and again until it takes them; they replace those it knew before."""
    await tree.set_translator(Translator(catalogues))
    while True:
        try:
            await tree.sync()
            return
        except Exception as error:
            log.error("commands not registered, trying again", error=repr(error), seconds=REGISTER_AGAIN_S)
        await asyncio.sleep(REGISTER_AGAIN_S)


class Translator(app_commands.Translator):
    """Gives Discord the names and descriptions in the languages there is a catalogue of."""

    def __init__(self, catalogues: Catalogues) -> None:
        """Catalogues are named as Discord names languages."""
        self._catalogues = catalogues

    async def translate(
        self,
        string: locale_str,
        locale: discord.Locale,
        context: app_commands.TranslationContextTypes,
    ) -> str | None:
        """Return a text in a language, None where there is none but the English one."""
        if locale.value not in LANGUAGES:
            return None
        text = self._catalogues.translate(locale.value, string.message)
        return None if text == string.message else text
