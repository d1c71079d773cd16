"""The studio's web server: routes and answers, nothing else."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any

import structlog
from aiohttp import ClientPayloadError, web

from adapters.local import convert, pages, words
from adapters.local.conversation import Conversation
from adapters.local.convert import language_of, person_of
from adapters.local.events import Events
from adapters.local.guard import ComeBack, Guard, Handler, TurnedAway, add_headers, session_secret
from adapters.local.session import session
from adapters.local.standings import Standings
from adapters.local.uploads import CLIENT_ID, bad_form, read_said
from bot import errors
from bot.app import Easel
from bot.config import Config
from bot.db.studio import StudioMessages
from bot.errors import BotError
from bot.observe import cannot_listen

log = structlog.stdlib.get_logger(__name__)

PAGE_SIZE = 40
"""Messages loaded at once."""
HEARTBEAT_S = 15.0
"""An idle event stream says so this often: proxies keep it open, and a reader that is gone is noticed."""
STUCK_S = 30.0
"""How long an event stream may take to accept an event before it is closed."""
READ_BODY_S = 300.0
SMALL_BODY_BYTES = 1 << 20
LARGE_BODIES_AT_ONCE = 2
"""Messages with pictures taken in at the same time; each needs up to `MAX_BODY_BYTES` of memory."""
STATUS: Mapping[type[BotError], int] = {
    errors.NotYours: 403,
    errors.Gone: 404,
    errors.FileTooLarge: 413,
    errors.PromptTooLong: 413,
    errors.TooManyPictures: 413,
    errors.StorageFull: 507,
}
"""HTTP status by error; 409 for all others."""


class Server:
    """Serves the page and what it asks for."""

    def __init__(
        self,
        easel: Easel,
        messages: StudioMessages,
        conversation: Conversation,
        standings: Standings,
        events: Events,
        config: Config,
    ) -> None:
        """Listens once started."""
        self._easel = easel
        self._messages = messages
        self._conversation = conversation
        self._standings = standings
        self._events = events
        self._host = config.local.host
        self._port = config.local.port
        self._pages = pages.Pages()
        self._bodies = asyncio.Semaphore(LARGE_BODIES_AT_ONCE)
        self._guard = Guard(secret=session_secret(config.data_dir), hosts=config.local.hosts, public=pages.PUBLIC)
        app = web.Application(middlewares=[self._explain, self._guard.check])
        app.on_response_prepare.append(add_headers)
        app.add_routes(
            [
                web.get("/", self._index),
                web.get("/assets/{name}", self._pages.asset),
                web.get("/api/session", self._session),
                web.get("/api/events", self._stream, allow_head=False),
                web.get("/api/messages", self._list),
                web.post("/api/messages", self._say),
                web.delete("/api/messages/{message:[0-9]{1,15}}", self._delete),
                web.post("/api/messages/{message:[0-9]{1,15}}/again", self._again),
                web.post("/api/messages/{message:[0-9]{1,15}}/undo", self._undo),
                web.get("/api/messages/{message:[0-9]{1,15}}/details", self._details),
                web.get("/api/pictures/{picture:[a-z0-9]+}", self._picture),
                web.get("/api/jobs/{job:[a-z0-9]+}/preview", self._preview),
                web.post("/api/jobs/{job:[a-z0-9]+}/cancel", self._cancel),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=2.0)

    @property
    def address(self) -> str:
        """The link that lets one browser in."""
        host = "127.0.0.1" if self._host in ("0.0.0.0", "::", "") else self._host
        name = f"[{host}]" if ":" in host else host
        return f"http://{name}:{self._port}/?token={self._guard.token}"

    async def start(self) -> None:
        """Listen. Raises ConfigError when the address cannot be used."""
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError as error:
            await self.stop()
            raise cannot_listen("local", self._host, self._port, error) from error
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Close the listener and every connection."""
        await self._runner.cleanup()

    # ── the page ────────────────────────────────────────────────────────────────────────────────────────────────

    async def _index(self, request: web.Request) -> web.StreamResponse:
        language = language_of(request)
        return self._pages.index(language, self._easel.say(language, words.NO_SCRIPT))

    async def _session(self, request: web.Request) -> web.StreamResponse:
        return _json(await session(self._easel, person_of(request)))

    # ── the conversation ────────────────────────────────────────────────────────────────────────────────────────

    async def _list(self, request: web.Request) -> web.StreamResponse:
        before = request.query.get("before", "")
        number = int(before) if before.isascii() and before.isdecimal() and len(before) <= 15 else None
        found = await self._messages.newest(PAGE_SIZE + 1, before=number)
        return _json(
            {
                "messages": [convert.message(each) for each in found[-PAGE_SIZE:]],
                "more": len(found) > PAGE_SIZE,
                "standings": await self._standings.all() if number is None else [],
            }
        )

    async def _say(self, request: web.Request) -> web.StreamResponse:
        small = request.content_length is not None and request.content_length <= SMALL_BODY_BYTES
        async with contextlib.nullcontext() if small else self._bodies:
            async with asyncio.timeout(READ_BODY_S):
                said = await read_said(request)
            return _json(convert.message(await self._conversation.say(said, person_of(request))))

    async def _again(self, request: web.Request) -> web.StreamResponse:
        await self._conversation.again(person_of(request), await _press(request), _number(request))
        return _json({})

    async def _undo(self, request: web.Request) -> web.StreamResponse:
        await self._conversation.undo(person_of(request), await _press(request), _number(request))
        return _json({})

    async def _delete(self, request: web.Request) -> web.StreamResponse:
        await self._conversation.delete(person_of(request), _number(request))
        return _json({})

    async def _details(self, request: web.Request) -> web.StreamResponse:
        return _json({"text": await self._conversation.details(person_of(request), _number(request))})

    async def _cancel(self, request: web.Request) -> web.StreamResponse:
        await self._easel.cancel(person_of(request), convert.PLACE, request.match_info["job"])
        return _json({})

    # ── pictures ────────────────────────────────────────────────────────────────────────────────────────────────

    async def _picture(self, request: web.Request) -> web.StreamResponse:
        picture, data = await self._easel.picture(request.match_info["picture"])
        ending = picture.mime.removeprefix("image/")
        headers = {
            "Content-Type": picture.mime,
            "Content-Disposition": f'inline; filename="easel-{picture.id}.{ending}"',
            "Cache-Control": "private, max-age=31536000, immutable",
        }
        return web.Response(body=data, headers=headers)

    async def _preview(self, request: web.Request) -> web.StreamResponse:
        data = self._standings.preview(request.match_info["job"])
        type_ = convert.preview_type(data) if data else None
        if data is None or type_ is None:
            raise errors.Gone
        return web.Response(body=data, headers={"Content-Type": type_, "Cache-Control": "no-store"})

    # ── events ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        last_seen = request.headers.get("Last-Event-ID") or request.query.get("after")
        headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        with self._events.listen(last_seen) as listener:
            try:
                while (data := await listener.read(HEARTBEAT_S)) is not None:
                    async with asyncio.timeout(STUCK_S):
                        await response.write(data)
            except (ConnectionError, TimeoutError):
                pass  # gone, or stuck: the page comes back with the last event it saw
        return response

    # ── errors ──────────────────────────────────────────────────────────────────────────────────────────────────

    @web.middleware
    async def _explain(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Turn whatever went wrong into an answer with a sentence."""
        try:
            return await handler(request)
        except ComeBack:
            return pages.come_back()
        except TurnedAway as away:
            return self._sorry(request, away.status, away.title, away.how)
        except BotError as error:
            if error.tell_operator:
                log.warning("request failed", error=type(error).__name__, detail=error.detail)
            language = await self._easel.language(person_of(request), convert.PLACE)
            status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 409)
            return _json({"error": self._easel.say(language, error)}, status)
        except (ConnectionError, ClientPayloadError, TimeoutError):
            return self._sorry(request, 400, words.BAD_FORM, words.BAD_FORM_HOW)  # mostly nobody is left to read it
        except web.HTTPException as answer:
            if answer.status < 400:
                raise
            return self._sorry(request, answer.status, words.NOTHING_HERE, words.NOTHING_HERE_HOW)
        except Exception:
            log.exception("request failed inside", path=request.path)
            return self._sorry(request, 500, BotError.sentence, "")

    def _sorry(self, request: web.Request, status: int, title: str, how: str) -> web.StreamResponse:
        language = language_of(request)
        title, how = self._easel.say(language, title), self._easel.say(language, how)
        if request.path.startswith("/api/"):
            return _json({"error": how or title}, status)
        return self._pages.door(language, status, title, how)


def _json(data: Any, status: int = 200) -> web.Response:
    return web.json_response(data, status=status, headers={"Cache-Control": "no-store"})


def _number(request: web.Request) -> int:
    return int(request.match_info["message"])


async def _press(request: web.Request) -> str:
    """Return the id the page made for one press of a button, the same when it tries again. Raises TurnedAway."""
    try:
        press = (await request.json())["id"]
    except (ValueError, TypeError, LookupError) as error:
        raise bad_form() from error
    if not isinstance(press, str) or not CLIENT_ID.fullmatch(press):
        raise bad_form()
    return press
