"""What the local servers for engine tests share: a port of their own, a log of calls, gates, and answers to order."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Self

from aiohttp import web

from tests.support.serving_calls import Call, Dropped, Order, Reply, read, send

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

PATIENCE_S = 30.0
"""How long a test waits for what must happen, on however busy a machine."""
CALL = web.RequestKey("call", Call)
ORDER = web.RequestKey("order", Order)
"""What was ordered for this call beside whole answers; a plain `Order` when nothing was."""


class Watch:
    """Lets tests wait until something is so."""

    def __init__(self) -> None:
        """Nothing has happened yet."""
        self._next = asyncio.Event()

    def changed(self) -> None:
        """Have everybody who waits look again."""
        happened, self._next = self._next, asyncio.Event()
        happened.set()

    async def until(self, is_so: Callable[[], bool], what: str) -> None:
        """Return as soon as `is_so`; raise AssertionError that `what` did not happen in time."""
        assert await self.soon(is_so, PATIENCE_S), f"In {PATIENCE_S:.0f} s this did not happen: {what}."

    async def soon(self, is_so: Callable[[], bool], timeout_s: float | None) -> bool:
        """Wait until `is_so`, at most `timeout_s` (None = for ever); tell whether it is."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while not is_so():
                    await self._next.wait()
        return is_so()


@dataclass(slots=True)
class _Ordered:
    order: Order
    on: str
    times: int


class LocalServer:
    """An aiohttp server on loopback in the test's own loop; `async with` starts and stops it.

    Subclasses add the routes. Every call is logged in `requests` before anything else happens to it. With the right
    credentials it is then held while a gate for it is closed, and answered as ordered or by its route.
    """

    default_on = ""
    """Which calls `order` and `holding` mean when nothing is said: a part of `Call.route`."""

    def __init__(self, prefix: str = "") -> None:
        """`prefix`: a path before every route, as behind a proxy, such as `/comfy`."""
        self.prefix = prefix
        self.requests: list[Call] = []
        self.changes = Watch()
        self._ordered: list[_Ordered] = []
        self._gates: list[tuple[str, asyncio.Event]] = []
        self._site: web.SockSite | None = None

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, without prefix."""
        raise NotImplementedError

    def refused(self, call: Call) -> Reply | None:
        """Return the answer to a call that does not show the right credentials."""
        return None

    def unknown(self, call: Call) -> Reply:
        """Return the answer to a call for which there is no route."""
        raise NotImplementedError

    # ── life ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def __aenter__(self) -> Self:
        app = web.Application(middlewares=[self._log], client_max_size=1 << 30)
        app.router.add_routes([web.route(each.method, self.prefix + each.path, each.handler) for each in self.routes()])
        app.router.add_route("*", "/{rest:.*}", self._unknown)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        # Bound but deaf: keeps the port ours while the server is down, and connections to it are refused.
        self._reserved = _bound(0)
        self._port: int = self._reserved.getsockname()[1]
        await self.listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.quit()
        await self._runner.cleanup()
        self._reserved.close()

    async def listen(self) -> None:
        """Take connections."""
        self._site = web.SockSite(self._runner, _bound(self._port))
        await self._site.start()

    async def quit(self) -> None:
        """Take no more connections and drop those there are: what a killed process looks like from outside."""
        if self._site is not None:
            await self._site.stop()
            self._site = None
        assert self._runner.server is not None
        for connection in self._runner.server.connections:
            if connection.transport is not None:
                connection.transport.abort()
        await self.changes.until(lambda: all(call.end for call in self.requests), "the end of all calls")

    @contextlib.asynccontextmanager
    async def down(self) -> AsyncIterator[None]:
        """Refuse connections inside the block, after dropping those there are."""
        await self.quit()
        yield
        await self.listen()

    @property
    def root(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def url(self) -> str:
        """What a client is given as the server's address."""
        return self.root + self.prefix

    # ── what tests ask and order ────────────────────────────────────────────────────────────────────────────────

    def calls(self, on: str | None = None) -> list[Call]:
        """Return the calls so far whose route (`POST /prompt`) contains `on`."""
        wanted = self.default_on if on is None else on
        return [call for call in self.requests if wanted in call.route]

    def order(self, *orders: Order, on: str | None = None, times: int = 1) -> None:
        """Have coming calls whose route contains `on` done as told, one order after the other, each `times` times."""
        wanted = self.default_on if on is None else on
        self._ordered += [_Ordered(order, wanted, times) for order in orders]

    @contextlib.asynccontextmanager
    async def holding(self, on: str | None = None) -> AsyncIterator[asyncio.Event]:
        """Hold the answers to matching calls until the block ends or the event it gives is set."""
        gate = asyncio.Event()
        self._gates.append((self.default_on if on is None else on, gate))
        try:
            yield gate
        finally:
            gate.set()

    async def arrived(self, count: int = 1, on: str | None = None) -> Call:
        """Wait until that many matching calls have come in all; return the last of them."""
        wanted = self.default_on if on is None else on
        await self.changes.until(lambda: len(self.calls(on)) >= count, f"{count} calls for {wanted!r}")
        return self.calls(on)[count - 1]

    async def ended(self, call: Call) -> None:
        """Wait until a call was answered, dropped, or its client hung up."""
        await self.changes.until(lambda: call.end is not None, f"the end of {call.route}")

    # ── within ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def pass_gates(self, route: str) -> None:
        """Wait while anything that matches is held."""
        for on, gate in self._gates:
            if on in route:
                await gate.wait()

    async def _unknown(self, request: web.Request) -> web.StreamResponse:
        return await send(request, self.unknown(request[CALL]))

    def _next_order(self, call: Call) -> Order | None:
        for ordered in self._ordered:
            if ordered.on in call.route:
                ordered.times -= 1
                if not ordered.times:
                    self._ordered.remove(ordered)
                return ordered.order
        return None

    @web.middleware
    async def _log(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        call = await read(request, request.path.removeprefix(self.prefix).removeprefix("/api"))
        request[CALL] = call
        self.requests.append(call)
        self.changes.changed()
        try:
            response = await self._answer(request, call, handler)
            if isinstance(response, Dropped):
                call.end = "dropped"
            else:
                call.end, call.status = "answered", response.status
            return response
        except (ConnectionError, asyncio.CancelledError):
            call.end = "hung up"
            raise
        except Exception:
            call.end, call.status = "answered", 500  # by aiohttp, which also logs it: a mistake in a server
            raise
        finally:
            self.changes.changed()

    async def _answer(self, request: web.Request, call: Call, handler: Handler) -> web.StreamResponse:
        refusal = self.refused(call)
        if refusal is not None:
            return await send(request, refusal)
        order = self._next_order(call)
        await self.pass_gates(call.route)
        if isinstance(order, Reply):
            return await send(request, order)
        request[ORDER] = order or Order()
        return await handler(request)


def _bound(port: int) -> socket.socket:
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", port))
    return sock
