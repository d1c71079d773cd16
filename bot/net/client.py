"""HTTP to one engine: its address, its credentials, its connections through one guard."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version
from urllib.parse import urlencode

import httpcore
import httpx

from bot.net.answer import Answer
from bot.net.bodies import Body, Part, json_body, multipart_body
from bot.net.connections import FAILURES, Connection, Connections
from bot.net.errors import Broken, NotReached
from bot.net.guard import Guard
from bot.net.sockets import MAX_FRAME, Socket, open_socket

__all__ = ["Answer", "Http", "Part", "Timeouts"]

_PORTS = {"http": 80, "https": 443}
_OURS = frozenset({"connection", "content-length", "content-type", "transfer-encoding", "upgrade"})
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds to wait."""

    connect: float = 5.0
    """For the name and TCP, and once more for TLS."""
    read: float = 300.0
    """Between two pieces, received or sent."""
    total: float | None = None
    """From the request to the end of the `async with` that reads the answer."""


_DEFAULT = Timeouts()


class Http:
    """HTTP to one engine. Redirects are not followed, cookies not kept, proxies of the environment not used, and
    nothing is sent twice.
    """

    def __init__(
        self,
        base: str,
        guard: Guard,
        *,
        headers: Mapping[str, str] = {},
        auth: tuple[str, str] | None = None,
        query: Mapping[str, str] = {},
        timeouts: Timeouts = _DEFAULT,
    ) -> None:
        """`base` is "https://host[:port][/prefix]". `headers`, `auth` (Basic: name, password) and `query` (put behind
        every address) are credentials: they are sent to exactly this scheme, host and port. Raises ValueError when one
        of them cannot be used, without telling its value.
        """
        self._base = base.rstrip("/")
        if "?" in base or "#" in base:
            raise ValueError("the address of a server has no query")
        self._origin = _origin(_parsed(self._base))
        self._credentials = dict(headers)
        if auth is not None:
            pair = base64.b64encode(":".join(auth).encode()).decode("ascii")
            self._credentials["authorization"] = f"Basic {pair}"
        check_headers(self._credentials)
        self._query = dict(query)
        self._timeouts = timeouts
        self._agent = f"easel/{version('easel')}"
        self._guard = guard
        self._connections = Connections(guard)

    @property
    def base(self) -> str:
        """The address requests begin with, without a closing slash."""
        return self._base

    @property
    def origin(self) -> str:
        """Scheme, host and port of the base."""
        return self._origin

    @asynccontextmanager
    async def request(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        parts: Sequence[Part] | None = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] = {},
        limit: int,
        timeouts: Timeouts | None = None,
    ) -> AsyncIterator[Answer]:
        """Send a request; `async with http.request(...) as answer` begins when the answer's headers have arrived.

        `path` is appended to the base ("/images/edits"), or is an absolute http(s) address: then credentials go along
        only if its origin is the base's. `limit` is the cap of the answer's body in bytes. Raises NotReached,
        NotAllowed, Broken.
        """
        times = timeouts or self._timeouts
        url = self._url(path, query)
        where = f"{method} {_origin(url)}{url.raw_path.partition(b'?')[0].decode('ascii')}"
        connection: Connection | None = None
        try:
            async with asyncio.timeout(times.total) as total:
                body = await json_body(json) if parts is None else multipart_body(parts)
                request = httpcore.Request(
                    method,
                    httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                    headers=self._headers(method, url, body, headers).raw,
                    content=body,
                    extensions={"timeout": {"read": times.read, "write": times.read}},
                )
                connection = await self._connections.take(request.url.origin, times.connect)
                try:
                    response = await connection.http.handle_async_request(request)
                except FAILURES as error:
                    raise Broken(f"{where}: {str(error) or type(error).__name__}") from error
                yield Answer(response.status, httpx.Headers(response.headers), response.aiter_stream(), limit)
                await response.aclose()
        except TimeoutError as error:
            if not total.expired():
                raise
            late = NotReached if connection is None else Broken
            raise late(f"{where}: not done within {times.total:g} s") from error
        finally:
            if connection is not None:
                self._connections.give_back(connection)

    async def socket(self, path: str, *, query: Mapping[str, str] | None = None, max_frame: int = MAX_FRAME) -> Socket:
        """Open a websocket at the base's host, with the same credentials. `max_frame` in bytes, of one message.

        Raises NotReached, NotAllowed.
        """
        url = self._url(path, query)
        if _origin(url) != self._origin:
            raise NotReached("a websocket is opened at the base's origin only")
        secure = url.scheme == "https"
        return await open_socket(
            str(url.copy_with(scheme="wss" if secure else "ws")),
            self._guard,
            host=url.raw_host.decode("ascii"),
            port=url.port or _PORTS[url.scheme],
            tls=await self._connections.tls() if secure else None,
            headers=self._credentials,
            agent=self._agent,
            max_frame=max_frame,
            timeout_s=self._timeouts.connect,
        )

    async def aclose(self) -> None:
        """Close all connections; requests under way fail. Websockets are closed by those who opened them."""
        self._connections.close()

    def _url(self, path: str, query: Mapping[str, str] | None) -> httpx.URL:
        absolute = path.lower().startswith(("http://", "https://"))
        try:
            if not absolute and path[:1] not in ("/", ""):
                raise ValueError("a path begins with a slash")
            url = _parsed(path if absolute else self._base + path)
        except ValueError as error:
            raise NotReached(f"no address to ask: {error}") from error
        if asked := (self._query if _origin(url) == self._origin else {}) | dict(query or {}):
            both = b"&".join(filter(None, (url.query, urlencode(asked, errors="replace").encode("ascii"))))
            url = url.copy_with(query=both)
        return url

    def _headers(self, method: str, url: httpx.URL, body: Body | None, own: Mapping[str, str]) -> httpx.Headers:
        headers = httpx.Headers({"host": url.netloc.decode("ascii"), "user-agent": self._agent, "accept": "*/*"})
        headers["accept-encoding"] = "identity"
        if _origin(url) == self._origin:
            headers.update(self._credentials)
        check_headers(own)
        headers.update(own)
        if body is not None:
            headers["content-type"] = body.content_type
            headers["content-length"] = str(body.length)
        elif method not in ("GET", "HEAD"):
            headers["content-length"] = "0"
        return headers


def check_headers(headers: Mapping[str, str]) -> None:
    """Raise ValueError, without the value, for a header that cannot be sent: a library's complaint would show it."""
    for name, value in headers.items():
        if not _TOKEN.fullmatch(name):
            raise ValueError(f"header {name!r}: no name for a header")
        if name.lower() in _OURS:
            raise ValueError(f"header {name}: belongs to each single request, so it cannot be set")
        if not (value.isascii() and value.isprintable() and value == value.strip()):
            raise ValueError(f"header {name}: only printable ASCII characters can be sent, and no space at either end")


def _parsed(address: str) -> httpx.URL:
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL as error:
        raise ValueError(str(error)) from error
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError("an address begins with http:// or https:// and a host")
    if url.userinfo:
        raise ValueError("an address holds no name and password")
    if url.port is not None and not 0 < url.port < 65536:
        raise ValueError("a port is a number up to 65535")
    return url.copy_with(fragment=None)


def _origin(url: httpx.URL) -> str:
    return f"{url.scheme}://{url.netloc.decode('ascii')}"
