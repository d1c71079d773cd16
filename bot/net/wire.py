"""What httpcore sends its bytes through: a connected socket, with TLS on top where asked for.

Sockets are used without asyncio's transports, which drop what was received as soon as a write fails. An engine that
refuses a large upload answers, and closes with much of it unread: that answer says whether anything was done.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import anyio
import anyio.abc
import httpcore
from anyio.streams.tls import TLSStream


class Wire(anyio.abc.ByteStream):
    """A connected socket."""

    def __init__(self, sock: socket.socket) -> None:
        """Take over a non-blocking socket."""
        self._socket = sock
        self._loop = asyncio.get_running_loop()
        self._busy = 0
        self._closed = False

    async def receive(self, max_bytes: int = 65536) -> bytes:
        """Return what has come, as soon as something has."""
        with self._use():
            await asyncio.sleep(0)  # what has come already is returned without a pause: other tasks need one
            data = await self._loop.sock_recv(self._socket, max_bytes)
        if not data:
            raise anyio.EndOfStream
        return data

    async def send(self, item: bytes) -> None:
        """Send bytes, or drop them when the other side has hung up: reading tells, after the last it said."""
        with self._use(), contextlib.suppress(ConnectionError):
            await asyncio.sleep(0)
            await self._loop.sock_sendall(self._socket, item)

    async def send_eof(self) -> None:
        """Say that no more will be sent."""
        self._socket.shutdown(socket.SHUT_WR)

    async def aclose(self) -> None:
        """Close the socket."""
        self.close()

    def close(self) -> None:
        """Close the socket; a task that reads or writes it sees the end."""
        if self._closed:
            return
        self._closed = True
        if self._busy:  # shutting down wakes the other task up, which closes
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
        else:
            self._socket.close()

    def readable(self) -> bool:
        """Tell whether a read would return at once; of a connection at rest, that it was closed over there."""
        try:
            self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            pass
        return True

    @property
    def extra_attributes(self) -> Mapping[Any, Callable[[], Any]]:
        """Return nothing: asked for by nobody."""
        return {}

    @contextlib.contextmanager
    def _use(self) -> Iterator[None]:
        if self._closed:
            raise anyio.ClosedResourceError
        self._busy += 1
        try:
            yield
        finally:
            self._release()

    def _release(self) -> None:
        self._busy -= 1
        if self._closed and not self._busy:
            self._socket.close()


class Stream(httpcore.AsyncNetworkStream):
    """A connection as httpcore reads and writes it."""

    def __init__(self, wire: Wire) -> None:
        """Use the wire as it is, until `start_tls`."""
        self._wire = wire
        self._stream: anyio.abc.ByteStream = wire

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        """Secure the connection, which the certificate must be for; return it. Raises ConnectError, ConnectTimeout."""
        with _as_httpcore(httpcore.ConnectTimeout, httpcore.ConnectError):
            async with asyncio.timeout(timeout):
                self._stream = await TLSStream.wrap(
                    self._wire,
                    hostname=server_hostname,
                    ssl_context=ssl_context,
                    server_side=False,
                    standard_compatible=False,
                )
        return self

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what has come; nothing at the end."""
        with _as_httpcore(httpcore.ReadTimeout, httpcore.ReadError):
            async with asyncio.timeout(timeout):
                try:
                    return await self._stream.receive(max_bytes)
                except anyio.EndOfStream:
                    return b""

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of it."""
        if buffer:
            with _as_httpcore(httpcore.WriteTimeout, httpcore.WriteError):
                async with asyncio.timeout(timeout):
                    await self._stream.send(buffer)

    async def aclose(self) -> None:
        """Close the socket, without a farewell."""
        self._wire.close()

    def get_extra_info(self, info: str) -> object:
        """Tell what httpcore asks of a connection at rest."""
        return self._wire.readable() if info == "is_readable" else None


@contextlib.contextmanager
def _as_httpcore(timed_out: type[Exception], failed: type[Exception]) -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise timed_out("no answer in time") from error
    except (OSError, anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.EndOfStream) as error:
        raise failed(str(error) or "the connection was closed") from error
