"""Discord as a platform: logs in, hands what people do to those who answer it, and posts what the core has to tell."""

from __future__ import annotations

import asyncio

import aiohttp
import discord
import structlog

from adapters.discord import commands
from adapters.discord.answering import FAILED, Answering
from adapters.discord.asking import Asking
from adapters.discord.client import EaselClient
from adapters.discord.controls import Controls
from adapters.discord.deliver import Deliverer
from adapters.discord.describing import Describing
from adapters.discord.fetch import fetch
from adapters.discord.forms import Forms
from adapters.discord.inbox import Inbox
from adapters.discord.invite import NEW_TOKEN
from adapters.discord.locales import Locales
from adapters.discord.status import StatusMessages
from bot.answers import Delivery, Status
from bot.app import Easel
from bot.config import Config
from bot.errors import ConfigError
from bot.types import Job, MessageRef, PictureRef, Platform

log = structlog.get_logger(__name__)

AGAIN_S = 15.0
"""Seconds to wait before Discord is tried again, when it cannot be reached at first."""
WRONG_TOKEN_CODE = 4004
WRONG_TOKEN = f"discord.token: Discord does not accept it; {NEW_TOKEN} (EASEL_DISCORD__TOKEN)"
NO_LONGER_READS = (
    "discord.message_content: the application lost the message content intent; Easel does without it once it is "
    "started again (EASEL_DISCORD__MESSAGE_CONTENT)"
)


class DiscordPlatform:
    """Serves Discord; implements `bot.platform.Platform`."""

    name: Platform = "discord"
    keeps_pictures = False
    status_after_s = 0.5
    status_every_s = 3.0

    def __init__(self, easel: Easel, config: Config) -> None:
        """Logs in once started, with `config.discord`."""
        self._easel = easel
        self._token = config.discord.token
        self._client = client = EaselClient(message_content=config.discord.message_content)
        self._session: aiohttp.ClientSession | None = None
        self._logged_in = asyncio.Event()
        self._statuses = StatusMessages(client, easel)
        self._deliverer = Deliverer(client, easel, self._statuses)
        self._inbox = Inbox()
        answering = Answering(easel, self._statuses)
        forms = Forms(client, easel, answering)
        locales = Locales(config.language)
        asking = Asking(client, easel, answering, self._inbox, locales)
        describing = Describing(client, easel, answering)
        self._tree = commands.tree(client, easel, answering, asking, forms, describing, self._inbox)
        client.event(asking.on_message)
        client.event(Controls(client, easel, answering, forms, self._inbox, locales).on_interaction)

    @property
    def connected(self) -> bool:
        """Whether Discord has let Easel in; a lost gateway does not matter for posting."""
        return self._logged_in.is_set()

    # ── what the core tells ─────────────────────────────────────────────────────────────────────────────────────

    async def status(self, status: Status) -> None:
        """Show how a job stands in its one status message."""
        if self.connected:
            await self._statuses.show(status)

    async def post(self, delivery: Delivery) -> tuple[MessageRef, ...]:
        """Post the end of a job, once whatever happens. Raises DeliveryError."""
        return await self._deliverer.post(delivery)

    async def settle(self, job: Job, posted: tuple[MessageRef, ...]) -> None:
        """Take the status message away, or leave only what was asked for in it."""
        await self._statuses.settle(job, posted)

    async def fetch(self, ref: PictureRef, limit: int) -> bytes:
        """Fetch a picture from Discord's file servers. Raises FileTooLarge, Gone."""
        return await fetch(self._files, ref, limit)

    @property
    def _files(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        return self._session

    # ── its life ────────────────────────────────────────────────────────────────────────────────────────────────

    async def start(self) -> None:
        """Log in. Raises ConfigError for a wrong token; when Discord cannot be reached, `run` goes on trying."""
        await self._log_in()

    async def run(self) -> None:
        """Serve until cancelled. Raises ConfigError when Discord takes the token or the intent away."""
        while not self._logged_in.is_set():
            await asyncio.sleep(AGAIN_S)
            await self._log_in()
        # In the background: a rate limit on registering may last for hours.
        registering = asyncio.create_task(commands.register(self._tree, self._easel.catalogues), name="commands")
        try:
            await self._serve()
        finally:
            registering.cancel()
            await asyncio.gather(registering, return_exceptions=True)

    async def _serve(self) -> None:
        while not self._client.is_closed():
            try:
                await self._client.connect()
            except discord.PrivilegedIntentsRequired as error:
                raise ConfigError(NO_LONGER_READS) from error
            except discord.ConnectionClosed as error:
                if error.code == WRONG_TOKEN_CODE:
                    raise ConfigError(WRONG_TOKEN) from error
                raise
            except (*FAILED, discord.GatewayNotFound) as error:  # before the first connection; later ones are renewed
                if self._client.is_closed():
                    raise
                _unreachable(error)
                await asyncio.sleep(AGAIN_S)

    async def aclose(self) -> None:
        """Let go of connections."""
        await self._inbox.aclose()
        await self._statuses.aclose()
        if self._logged_in.is_set():
            await self._client.close()
        else:
            await self._client.http.close()
        if self._session is not None:
            await self._session.close()

    async def _log_in(self) -> None:
        try:
            await self._client.login(self._token.get_secret_value())
        except discord.LoginFailure as error:
            raise ConfigError(WRONG_TOKEN) from error
        except FAILED as error:
            _unreachable(error)
            await self._client.http.close()
            self._client.http.connector = discord.utils.MISSING  # closed with the session; the next login opens another
            return
        self._logged_in.set()


def _unreachable(error: Exception) -> None:
    log.warning("Discord cannot be reached, trying again", error=repr(error), seconds=AGAIN_S)
