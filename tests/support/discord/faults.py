"""Faults on order: answers of 5xx, dropped connections and hanging requests, before or after the change is made."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

from aiohttp import web


class Fault:
    """Something that goes wrong with the next requests on a route."""

    def __init__(self, route: str, kind: str, *, status: int, after: bool, times: int) -> None:
        self.route = route
        self.kind = kind
        self.status = status
        self.after = after
        """Whether the request has taken effect: the message exists, its answer is lost."""
        self.left = times
        self.hits = 0
        self._released = asyncio.Event()

    def release(self) -> None:
        """Let hanging requests go on; they then end without an answer."""
        self._released.set()

    async def released(self) -> None:
        """Wait for `release`."""
        await self._released.wait()

    async def strike(self, request: web.Request) -> web.StreamResponse:
        """Answer a request wrongly, or not at all."""
        if self.kind == "hang":
            await self.released()
        if self.kind == "status":
            page = "<html><body>Bad gateway</body></html>"  # the edge answers, not the API
            return web.Response(status=self.status, text=page, content_type="text/html")
        transport = request.transport
        if transport is not None:
            transport.abort()
        return web.Response(status=500)


class Faults:
    """What was ordered. Routes are written like "POST /channels/*/messages"; `*` stands for one part of the path."""

    def __init__(self, struck: Callable[[], None]) -> None:
        """`struck` is called whenever a fault strikes."""
        self._struck = struck
        self._ordered: list[Fault] = []

    def fail(self, route: str, status: int = 502, *, after: bool = False, times: int = 1) -> Fault:
        """Answer with a status of 5xx."""
        return self._order(Fault(route, "status", status=status, after=after, times=times))

    def drop(self, route: str, *, after: bool = False, times: int = 1) -> Fault:
        """Cut the connection instead of answering."""
        return self._order(Fault(route, "drop", status=0, after=after, times=times))

    def hang(self, route: str, *, after: bool = False, times: int = 1) -> Fault:
        """Do not answer until `release`, or until the server stops."""
        return self._order(Fault(route, "hang", status=0, after=after, times=times))

    def hold(self, route: str, *, after: bool = False, times: int = 1) -> Fault:
        """Let requests wait until `release`, then go on as ever; `after`: only the answers wait."""
        return self._order(Fault(route, "hold", status=0, after=after, times=times))

    def clear(self) -> None:
        """Cancel all orders and let hanging requests go."""
        for each in self._ordered:
            each.left = 0
            each.release()

    def hits(self, route: str) -> int:
        """Return how many requests were struck by orders for that route."""
        return sum(each.hits for each in self._ordered if each.route == route)

    def _order(self, fault: Fault) -> Fault:
        self._ordered.append(fault)
        return fault

    def take(self, route: str, path: str) -> Fault | None:
        """Return the fault for a request, and count it."""
        for each in self._ordered:
            if each.left and matches(each.route, route, path):
                each.left -= 1
                each.hits += 1
                self._struck()
                return each
        return None


def matches(order: str, route: str, path: str) -> bool:
    """Tell whether an order like "POST /channels/*/messages" means this request."""
    method, _, pattern = order.partition(" ")
    expected = re.escape(pattern).replace(r"\*", "[^/]+")
    return route.partition(" ")[0] == method and re.fullmatch(f"(/api/v10)?{expected}", path) is not None
