"""A Discord on this machine: gateway, REST API and CDN on one loopback port, with Discord's rules enforced."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from tests.support.discord.clock import Clock
from tests.support.discord.gateway import Gateway
from tests.support.discord.model import User
from tests.support.discord.people import Person
from tests.support.discord.places import Guild
from tests.support.discord.rest import PREFIX, Rest, not_found
from tests.support.discord.schema import Schema
from tests.support.discord.waiting import WAIT_S
from tests.support.discord.world import MESSAGE_CONTENT, Application, World

BODY_BYTES = 64 << 20


class LocalDiscord:
    """The server. Made by `serving`."""

    def __init__(self, *, message_content: bool = True, check_answers: bool = False) -> None:
        self.world = World(intents=MESSAGE_CONTENT if message_content else 0)
        self.rest = Rest(self.world, Schema(), check_answers=check_answers)
        self.faults = self.rest.faults
        self.limits = self.rest.limits
        app = web.Application(client_max_size=BODY_BYTES)
        app.add_routes(self.rest.routes())
        app.add_routes(
            [
                web.get("/gateway/", self.gateway.serve),
                web.get(
                    "/{kind:(?:ephemeral-|proxy/)?attachments}/{channel_id:[0-9]+}/{attachment_id:[0-9]+}/{filename}",
                    self._download,
                ),
                web.get("/external/{id:[0-9]+}", self.world.cdn.serve_external),
                web.route("*", PREFIX + "/{rest:.*}", not_found),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        self.root = ""

    async def _download(self, request: web.Request) -> web.StreamResponse:
        fault = self.faults.take("GET", request.path)
        return await (fault.strike(request) if fault else self.world.cdn.serve(request))

    @property
    def gateway(self) -> Gateway:
        """Sessions and heartbeats."""
        return self.world.gateway

    @property
    def clock(self) -> Clock:
        """The time; `advance` it to let 3 seconds or 15 minutes pass."""
        return self.world.clock

    @property
    def application(self) -> Application:
        """The registered bot: its token, and its `commands`."""
        return self.world.application

    @property
    def bot(self) -> User:
        """The bot's account."""
        return self.world.application.bot

    @property
    def token(self) -> str:
        """The bot's token."""
        return self.world.application.token

    @property
    def api(self) -> str:
        """What `discord.http.Route.BASE` has to be."""
        return self.root + PREFIX

    @property
    def violations(self) -> list[str]:
        """What was wrong with bodies by Discord's own schema."""
        return self.rest.violations

    def guild(self, name: str, *, installed: bool = True, locale: str = "en-US") -> Guild:
        """Make a guild that the bot is in; not `installed`: one it is not in."""
        return Guild(self.world, name, installed=installed, locale=locale)

    def person(self, name: str, *, locale: str = "en-US") -> Person:
        """Make an account that is in no guild yet."""
        return self.world.person(name, locale=locale)

    async def registered(self, *names: str, timeout: float = WAIT_S) -> None:
        """Wait until the bot has registered its commands, those names among them."""

        def look() -> bool:
            known = {each["name"] for each in self.application.commands.all}
            return bool(known) and known.issuperset(names)

        await self.world.changes.until(look, lambda: f"registered are {self.application.commands.names()}", timeout)

    async def start(self) -> None:
        """Listen on a free port of this machine."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.root = self.world.cdn.root = f"http://{host}:{port}"
        self.gateway.url = f"ws://{host}:{port}/gateway/"

    async def stop(self) -> None:
        """Let go of everything."""
        self.faults.clear()
        self.gateway.drop()
        await self._runner.cleanup()


@asynccontextmanager
async def serving(*, message_content: bool = True, check_answers: bool = False) -> AsyncIterator[LocalDiscord]:
    """Serve a Discord until the block ends; then nothing may have broken Discord's own schema."""
    discord = LocalDiscord(message_content=message_content, check_answers=check_answers)
    await discord.start()
    try:
        yield discord
    finally:
        await discord.stop()
    assert not discord.violations, "\n".join(discord.violations)
