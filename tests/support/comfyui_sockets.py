"""The websocket side of the ComfyUI server: who listens under which client id, and one line for all messages.

As in the real one, messages to all clients go out one after the other: a client that does not read holds up
everybody's.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import struct
import uuid
from collections.abc import AsyncIterator, Mapping
from typing import Any

import aiohttp
from aiohttp import web

from tests.support.serving import Watch

PREVIEW, PREVIEW_WITH_METADATA = 1, 4
JPEG = 1


class Sockets:
    """The open websockets by client id."""

    def __init__(self, changes: Watch, flags: Mapping[str, Any]) -> None:
        """`flags` is what the server says of itself to a client that tells its own flags."""
        self.open: dict[str, web.WebSocketResponse] = {}
        self.client_id: str | None = None
        """Whose prompt runs."""
        self.node: str | None = None
        """The node that runs."""
        self._changes = changes
        self._own_flags = flags
        self._flags: dict[str, Mapping[str, Any]] = {}
        self._transports: set[asyncio.Transport] = set()
        self._line: asyncio.Queue[tuple[str | bytes, str | None]] = asyncio.Queue()
        self._flowing = asyncio.Event()
        self._flowing.set()

    async def serve(self, request: web.Request, status: Mapping[str, Any]) -> web.WebSocketResponse:
        """Serve one client until it leaves."""
        transport = request.transport
        if transport is None:
            raise ConnectionResetError
        socket = web.WebSocketResponse(max_msg_size=0)
        await socket.prepare(request)
        self._transports.add(transport)
        sid = request.query.get("clientId") or uuid.uuid4().hex
        # The entry of an older socket with this id is taken over, and is deleted when the older one ends: from then
        # on the newer one gets nothing.
        self.open[sid], self._flags[sid] = socket, {}
        try:
            await socket.send_str(_text("status", {"status": status, "sid": sid}))
            if self.client_id == sid and self.node is not None:
                await socket.send_str(_text("executing", {"node": self.node}))
            self._changes.changed()
            await self._read(socket, sid)
        finally:
            self.open.pop(sid, None)
            self._flags.pop(sid, None)
            self._transports.discard(transport)
            self._changes.changed()
        return socket

    async def _read(self, socket: web.WebSocketResponse, sid: str) -> None:
        first = True
        async for message in socket:
            if message.type is not aiohttp.WSMsgType.TEXT:
                continue
            with contextlib.suppress(ValueError):
                said = json.loads(message.data)
                if first and said.get("type") == "feature_flags":
                    self._flags[sid] = said.get("data", {})
                    await socket.send_str(_text("feature_flags", self._own_flags))
                first = False

    def wants_metadata(self) -> bool:
        """Tell whether the client whose prompt runs takes previews that say what they belong to."""
        return bool(self._flags.get(self.client_id or "", {}).get("supports_preview_metadata"))

    # ── sending ─────────────────────────────────────────────────────────────────────────────────────────────────

    def tell(self, event: str, data: Mapping[str, Any], to: str | None) -> None:
        """Queue a message for one client; for all with `to` None."""
        self._line.put_nowait((_text(event, data), to))

    def show(self, picture: bytes, about: Mapping[str, Any], to: str | None) -> None:
        """Queue a JPEG preview in the form the client understands."""
        if self.wants_metadata():
            facts = json.dumps({**about, "image_type": "image/jpeg"}).encode()
            frame = struct.pack(">II", PREVIEW_WITH_METADATA, len(facts)) + facts + picture
        else:
            frame = struct.pack(">II", PREVIEW, JPEG) + picture
        self._line.put_nowait((frame, to))

    async def publish(self) -> None:
        """Send what is queued, for ever."""
        while True:
            message, to = await self._line.get()
            await self._flowing.wait()
            for sid in list(self.open) if to is None else [to]:
                socket = self.open.get(sid)
                if socket is None:
                    continue
                with contextlib.suppress(ConnectionError, RuntimeError):  # it closes, or is closed
                    await (socket.send_str(message) if isinstance(message, str) else socket.send_bytes(message))
            self._line.task_done()

    def forget(self) -> None:
        """Lose what was not sent yet, as a process that ends does; `publish` must not run meanwhile."""
        self._line = asyncio.Queue()
        self.client_id = self.node = None

    @contextlib.asynccontextmanager
    async def stuck(self) -> AsyncIterator[None]:
        """Deliver nothing to anybody inside the block, and all of it afterwards."""
        self._flowing.clear()
        try:
            yield
        finally:
            self._flowing.set()

    async def cut(self) -> None:
        """Break all connections; what their clients were still to be sent is lost."""
        for transport in self._transports:
            transport.abort()
        await self._changes.until(lambda: not self._transports, "the end of all websockets")

    async def delivered(self) -> None:
        """Wait until everything queued so far has been sent."""
        await self._line.join()


def _text(event: str, data: Mapping[str, Any]) -> str:
    return json.dumps({"type": event, "data": data})
