"""A websocket to an engine, for those that tell their progress over one."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Mapping

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidURI, WebSocketException

from bot.net.errors import Broken, NotReached, TooLong
from bot.net.guard import Guard

MAX_FRAME = 64 * 1024 * 1024
PING_S = 20.0
PONG_S = 60.0
"""A server that draws is slow to answer a ping."""
CLOSE_S = 1.0
QUEUED = 4
"""Messages received and not yet taken; more wait at the server."""
_TOO_BIG = 1009


class Socket:
    """An open websocket."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def send(self, text: str) -> None:
        """Send a text message. Raises Broken when the websocket is closed."""
        try:
            await self._connection.send(text)
        except ConnectionClosed as error:
            raise Broken(f"the websocket is closed: {error}") from error

    async def __aiter__(self) -> AsyncIterator[str | bytes]:
        """Give the messages until either side closes.

        Raises Broken when the connection is lost, TooLong when a message is larger than was allowed.
        """
        try:
            async for message in self._connection:
                yield message
                await asyncio.sleep(0)  # what has come already is given without a pause: other tasks need one
        except ConnectionClosedError as error:
            if error.sent is not None and error.sent.code == _TOO_BIG:
                raise TooLong("a message on the websocket is larger than allowed") from error
            raise Broken(f"the websocket was lost: {error}") from error

    async def aclose(self) -> None:
        """Close it; who iterates over it sees the end."""
        await self._connection.close()


async def open_socket(
    address: str,
    guard: Guard,
    *,
    host: str,
    port: int,
    tls: ssl.SSLContext | None,
    headers: Mapping[str, str],
    agent: str,
    max_frame: int,
    timeout_s: float,
) -> Socket:
    """Open a websocket at an address whose host and port are these. Raises NotReached, NotAllowed."""
    where = address.partition("?")[0]
    sock = await guard.connect(host, port, timeout_s)
    try:
        connecting = connect(
            address,
            sock=sock,  # with a socket given, it neither looks for proxies nor follows redirects
            ssl=tls,
            additional_headers=headers,
            user_agent_header=agent,
            compression=None,
            proxy=None,
            max_size=max_frame,
            max_queue=QUEUED,
            open_timeout=timeout_s,
            ping_interval=PING_S,
            ping_timeout=PONG_S,
            close_timeout=CLOSE_S,
            logger=_discreet(),
        )
    except BaseException:
        sock.close()
        raise
    try:
        return Socket(await connecting)
    except (OSError, WebSocketException, ValueError) as error:
        raise NotReached(f"{where}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    if isinstance(error, InvalidURI) or not isinstance(error, (OSError, WebSocketException)):
        return "redirected, which is not followed"  # with the new address, and its query, in the error's text
    return str(error) or type(error).__name__


def _discreet() -> logging.Logger:
    """Return a logger that drops debug records: they hold the headers, credentials included."""
    logger = logging.Logger("websockets.client", logging.INFO)
    logger.parent = logging.getLogger(logger.name)
    return logger
