"""Routes for logging in, commands, people and guilds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from tests.support.discord import wire
from tests.support.discord.errors import (
    MISSING_ACCESS,
    UNKNOWN_GUILD,
    UNKNOWN_MEMBER,
    UNKNOWN_USER,
    ApiError,
    Payload,
    wrong_form,
)
from tests.support.discord.forms import Body
from tests.support.discord.model import User
from tests.support.discord.places import Guild
from tests.support.discord.world import World

Route = tuple[str, str, Callable[[web.Request, Body], Awaitable[object]]]


class LoginRoutes:
    """Answers them."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        """Return method, path and handler."""
        commands = "/applications/{application_id}/commands"
        return [
            ("GET", "/users/@me", self._me),
            ("POST", "/users/@me/channels", self._open_dm),
            ("GET", "/users/@me/guilds", self._my_guilds),
            ("GET", "/users/{user_id}", self._user),
            ("GET", "/oauth2/applications/@me", self._application),
            ("GET", "/applications/@me", self._application),
            ("GET", commands, self._commands),
            ("PUT", commands, self._put_commands),
            ("GET", "/gateway", self._gateway),
            ("GET", "/gateway/bot", self._gateway),
            ("GET", "/guilds/{guild_id}", self._guild),
            ("GET", "/guilds/{guild_id}/channels", self._channels),
            ("GET", "/guilds/{guild_id}/roles", self._roles),
            ("GET", "/guilds/{guild_id}/members/{user_id}", self._member),
        ]

    async def _me(self, request: web.Request, body: Body) -> Payload:
        more = {"mfa_enabled": False, "locale": "en-US", "verified": True, "email": None}
        return wire.user(self._world.application.bot) | more

    async def _application(self, request: web.Request, body: Body) -> Payload:
        application = self._world.application
        owner = User(1, "operator")
        return {
            "id": str(application.id),
            "name": application.bot.name,
            "icon": None,
            "description": "",
            "summary": "",
            "type": None,
            "bot": wire.user(application.bot),
            "bot_public": True,
            "bot_require_code_grant": False,
            "owner": wire.user(owner),
            "team": None,
            "verify_key": "0" * 64,
            "flags": application.flags,
            "hook": True,
            "integration_types_config": {"0": {}, "1": {}},
            "redirect_uris": [],
            "interactions_endpoint_url": None,
            "role_connections_verification_url": None,
            "approximate_guild_count": len(self._world.guilds),
            "approximate_user_install_count": 0,
            "approximate_user_authorization_count": 0,
            "explicit_content_filter": 0,
            "flags_new": str(application.flags),
            "eligible_oauth2_scopes": [],
        }

    async def _gateway(self, request: web.Request, body: Body) -> Payload:
        limit = {"total": 1000, "remaining": 999, "reset_after": 0, "max_concurrency": 1}
        if request.path.endswith("/gateway"):
            return {"url": self._world.gateway.url}
        return {"url": self._world.gateway.url, "shards": 1, "session_start_limit": limit}

    async def _open_dm(self, request: web.Request, body: Body) -> Payload:
        found = self._world.users.get(int(body.form.get("recipient_id") or 0))
        if found is None or found.bot:
            raise wrong_form("recipient_id", "CANNOT_MESSAGE_USER", "Cannot send messages to this user")
        return wire.channel(self._world.dm(found))

    async def _my_guilds(self, request: web.Request, body: Body) -> list[Payload]:
        return [wire.rest_guild(each) for each in self._world.guilds.values() if each.installed]

    async def _user(self, request: web.Request, body: Body) -> Payload:
        found = self._world.users.get(int(request.match_info["user_id"]))
        if found is None:
            raise ApiError(*UNKNOWN_USER)
        return wire.user(found)

    async def _commands(self, request: web.Request, body: Body) -> list[Payload]:
        self._own(request)
        return self._world.application.commands.all

    async def _put_commands(self, request: web.Request, body: Body) -> list[Payload]:
        self._own(request)
        if not isinstance(body.payload, list):
            raise wrong_form("", "BASE_TYPE_BAD_TYPE", "Expected a list")
        return self._world.application.commands.overwrite(body.payload, self._world.application.id, self._world.clock)

    def _own(self, request: web.Request) -> None:
        if request.match_info["application_id"] != str(self._world.application.id):
            raise ApiError(*MISSING_ACCESS)

    def _find_guild(self, request: web.Request) -> Guild:
        found = self._world.guilds.get(int(request.match_info["guild_id"]))
        if found is None:
            raise ApiError(*UNKNOWN_GUILD)
        if not found.installed:
            raise ApiError(*MISSING_ACCESS)
        return found

    async def _guild(self, request: web.Request, body: Body) -> Payload:
        return wire.rest_guild(self._find_guild(request))

    async def _channels(self, request: web.Request, body: Body) -> list[Payload]:
        return [wire.channel(each) for each in self._find_guild(request).channels.values() if not each.parent]

    async def _roles(self, request: web.Request, body: Body) -> list[Payload]:
        return [wire.role(each, position) for position, each in enumerate(self._find_guild(request).roles.values())]

    async def _member(self, request: web.Request, body: Body) -> Payload:
        members, wanted = self._find_guild(request).members, request.match_info["user_id"]
        found = members.get(self._world.application.id if wanted == "@me" else int(wanted))
        if found is None:
            raise ApiError(*UNKNOWN_MEMBER)
        return wire.member(found)
