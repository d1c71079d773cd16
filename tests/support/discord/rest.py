"""The REST API: routes, and what holds for all of them (authorization, errors, faults, limits, the record)."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from traceback import format_exc

from aiohttp import web

from tests.support.discord import forms
from tests.support.discord.channels import ChannelRoutes
from tests.support.discord.errors import NOT_FOUND, UNAUTHORIZED, ApiError
from tests.support.discord.faults import Faults
from tests.support.discord.forms import Body
from tests.support.discord.login import LoginRoutes
from tests.support.discord.ratelimits import RateLimits
from tests.support.discord.schema import Schema
from tests.support.discord.webhooks import WebhookRoutes
from tests.support.discord.world import World

Handler = Callable[[web.Request, Body], Awaitable[object]]
PREFIX = "/api/v10"


@dataclass(frozen=True)
class Asked:
    """A request that was answered: `route` is "POST /channels/{channel_id}/messages", `path` the real one."""

    route: str
    path: str
    query: dict[str, str]
    body: Body
    status: int
    code: int | None
    """Discord's error code."""
    at: float
    """Real time, `time.monotonic()`."""


class Rest:
    """Answers requests."""

    def __init__(self, world: World, schema: Schema, *, check_answers: bool) -> None:
        self._world = world
        self._schema = schema
        self._check_answers = check_answers
        self.faults = Faults(world.changes.tell)
        self.limits = RateLimits()
        self.requests: list[Asked] = []
        self._unchecked: list[Callable[[], list[str]]] = []
        self._violations: list[str] = []

    @property
    def violations(self) -> list[str]:
        """What was wrong with bodies by Discord's own schema. They are checked when this is read: it takes time."""
        for check in self._unchecked:
            self._violations += check()
        self._unchecked.clear()
        return self._violations

    def routes(self) -> list[web.RouteDef]:
        """Return all routes."""
        found = [*LoginRoutes(self._world).routes(), *ChannelRoutes(self._world).routes()]
        found += WebhookRoutes(self._world).routes()
        return [self._route(*each) for each in found]

    def _route(self, method: str, path: str, handler: Handler) -> web.RouteDef:
        async def answer(request: web.Request) -> web.StreamResponse:
            return await self._answer(request, f"{method} {path}", handler)

        return web.route(method, PREFIX + path, answer)

    async def _answer(self, request: web.Request, route: str, handler: Handler) -> web.StreamResponse:
        """Answer one request: fault before, limits, authorization, schema, handler, fault after."""
        body = Body()
        code: int | None = None
        answer: object
        headers: dict[str, str] = {}
        fault = self.faults.take(route, request.path)
        try:
            body = await forms.read(request)
            if limited := self.limits.check(route, request.match_info):
                status, headers, answer = limited
            else:
                if fault and fault.kind == "hold" and not fault.after:
                    await fault.released()
                elif fault and not fault.after:
                    return await fault.strike(request)
                self._authorize(request, route)
                self._unchecked.append(partial(self._schema.request, route, body))
                headers = self.limits.headers(route, request.match_info)
                answer = await handler(request, body)
                status = 200 if answer is not None else 204
        except ApiError as error:
            status, answer, code = error.status, error.body, error.body["code"]
            self._note(request, code)
        except (AssertionError, LookupError, TypeError, ValueError):
            self._violations.append(f"{route}: the local Discord does not understand {body.payload}: {format_exc()}")
            raise
        self.requests.append(Asked(route, request.path, dict(request.query), body, status, code, time.monotonic()))
        self._world.changes.tell()
        if fault and fault.kind == "hold":
            await fault.released()
        elif fault and fault.after:
            return await fault.strike(request)
        if self._check_answers:
            self._unchecked.append(partial(self._schema.answer, route, status, answer))
        return respond(status, answer, headers)

    def _authorize(self, request: web.Request, route: str) -> None:
        """Interactions and their webhooks carry a token in the path, all others the bot's in a header."""
        if "_token}" in route:
            return
        if request.headers.get("Authorization") != f"Bot {self._world.application.token}":
            raise ApiError(*UNAUTHORIZED)

    def _note(self, request: web.Request, code: int) -> None:
        for name in ("interaction_token", "webhook_token"):
            if each := self._world.interactions.get(request.match_info.get(name, "")):
                each.refusals.append(code)


def respond(status: int, answer: object, headers: dict[str, str] | None = None) -> web.Response:
    """Make a response; discord.py wants exactly `application/json`, without a charset."""
    if answer is None:
        return web.Response(status=status, headers=headers)
    body = json.dumps(answer).encode()
    return web.Response(status=status, body=body, content_type="application/json", headers=headers)


async def not_found(request: web.Request) -> web.Response:
    """Answer what is no route."""
    error = ApiError(*NOT_FOUND)
    return respond(404, error.body)
