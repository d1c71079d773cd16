"""Connections to engines: opened through the guard, secured where asked for, kept for a moment after use.

httpcore speaks HTTP on them; its pool is not used. A task that is cancelled between two steps of that pool leaves a
connection behind which stays open, and in the pool, for ever. Here who takes a connection gives it back whatever
happens, and what is not at rest then is closed on the spot.
"""

from __future__ import annotations

import asyncio
import ssl

import httpcore
import httpx

from bot.net.errors import NotReached
from bot.net.guard import Guard
from bot.net.wire import Stream, Wire

KEEPALIVE_S = 1.5
"""How long a connection is kept for the next request: less than any server does (two seconds is the least by default),
because a request that meets a connection closed in the same moment may have been taken."""
KEPT = 8
FAILURES = (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException)
"""What HTTP on a connection fails with."""


class Connection:
    """A connection, for one request at a time."""

    def __init__(self, origin: httpcore.Origin, wire: Wire, stream: httpcore.AsyncNetworkStream) -> None:
        """`stream` leads over `wire` to `origin`."""
        self.origin = origin
        self.wire = wire
        self.http = httpcore.AsyncHTTP11Connection(origin, stream, keepalive_expiry=KEEPALIVE_S)


class Connections:
    """The connections of one client."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._tls: ssl.SSLContext | None = None
        self._loading = asyncio.Lock()
        self._taken: set[Connection] = set()
        self._kept: list[Connection] = []
        self._closed = False

    async def take(self, origin: httpcore.Origin, timeout_s: float) -> Connection:
        """Return a connection at rest, or open one; `timeout_s` for the name and TCP, and again for TLS.

        It must be given back. Nothing has been sent on it for this request. Raises NotReached, NotAllowed.
        """
        self._sweep()
        connection = next((each for each in self._kept if each.origin == origin), None)
        if connection is None:
            connection = await self._opened(origin, timeout_s)
        else:
            self._kept.remove(connection)
        self._taken.add(connection)
        return connection

    def give_back(self, connection: Connection) -> None:
        """Keep a connection whose answer was read whole, close any other."""
        self._taken.remove(connection)
        if self._closed or not connection.http.is_idle():
            connection.wire.close()
        else:
            self._kept.insert(0, connection)
        self._sweep()

    async def tls(self) -> ssl.SSLContext:
        """Return whom to trust: the authorities in SSL_CERT_FILE or SSL_CERT_DIR if set, certifi's if not.

        Raises NotReached.
        """
        async with self._loading:
            if self._tls is None:
                try:
                    self._tls = await asyncio.to_thread(httpx.create_ssl_context)  # 20 ms
                except OSError as error:
                    raise NotReached(f"the certificates to trust cannot be read: {error}") from error
                self._tls.set_alpn_protocols(["http/1.1"])
            return self._tls

    def close(self) -> None:
        """Close all connections, those in use too, and open no more."""
        self._closed = True
        for connection in (*self._taken, *self._kept):
            connection.wire.close()
        self._kept.clear()

    async def _opened(self, origin: httpcore.Origin, timeout_s: float) -> Connection:
        host = origin.host.decode("ascii")
        tls = await self.tls() if origin.scheme == b"https" else None
        wire = Wire(await self._guard.connect(host, origin.port, timeout_s))
        try:
            stream: httpcore.AsyncNetworkStream = Stream(wire)
            if tls is not None:
                stream = await stream.start_tls(tls, host, timeout_s)
            if self._closed:
                raise NotReached(f"{host}: the client was closed")
        except BaseException as error:
            wire.close()
            if isinstance(error, FAILURES):
                raise NotReached(f"{host} port {origin.port}: {error}") from error
            raise
        return Connection(origin, wire, stream)

    def _sweep(self) -> None:
        """Let go of connections that have rested long enough, were closed over there, or are too many."""
        fresh = [each for each in self._kept if not each.http.has_expired()][:KEPT]
        for connection in self._kept:
            if connection not in fresh:
                connection.wire.close()
        self._kept = fresh
