"""The one websocket of an engine in this process: it hears of progress, shows previews, and says when to look again.

Nothing depends on it: a server may deliver to nobody because one client stopped reading (ComfyUI #15240), so whether a
prompt is finished is asked over HTTP. It is always read to the last message, so that it is never that client.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import struct
from collections.abc import Callable, Iterator, Mapping
from uuid import uuid4

import structlog

from bot.engines.comfyui.progress import Progress
from bot.net.client import Http
from bot.net.errors import NetError
from bot.net.sockets import Socket

log = structlog.get_logger(__name__)

IDLE_S = 60.0
"""The socket is closed when nothing was watched for so long."""
READY_S = 3.0
"""How long a prompt waits for the socket that is to hear of it."""
RETRY_S = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Pauses between attempts to connect; the last one repeats."""
LARGEST_PREVIEW = 2**20
"""Bytes; previews have about 45 kB, and SaveImageWebsocket sends whole pictures the same way."""
PARSED_AT_ONCE = 2**18
"""Characters of JSON that are parsed on the event loop; a failed node's event may hold tensors as text."""
FLAGS = json.dumps({"type": "feature_flags", "data": {"supports_preview_metadata": True}})
"""Must be the first message: then previews name their prompt (event 4 instead of 1)."""
ENDS = frozenset({"execution_success", "execution_error", "execution_interrupted"})
PREVIEW, PREVIEW_WITH_METADATA = 1, 4
UINT = struct.Struct(">I")
PICTURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")
"""How JPEG and PNG begin."""


class Watch:
    """What is heard of one prompt."""

    def __init__(self, progress: Progress, tell: Callable[[float | None, bytes | None], None]) -> None:
        """`tell` hears the fraction and previews."""
        self.ended = False
        """The server said it is done with the prompt, well or badly."""
        self.doubtful = False
        """There is a reason to ask whether the server still has the prompt."""
        self._progress = progress
        self._tell = tell
        self._stir = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        """Sleep, but not on when there is a reason to look: the end, or a socket that broke."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stir.wait(), seconds)
        self._stir.clear()

    def broke(self) -> None:
        """The socket is no more; perhaps the server is not either."""
        self.doubtful = True
        self._stir.set()

    def heard(self, kind: str, data: Mapping[str, object]) -> None:
        """Take an event about the prompt."""
        if kind in ENDS or (kind == "executing" and data.get("node") is None):
            self.ended = True
            self._stir.set()
        elif self._progress.take(kind, data):
            self._tell(self._progress.fraction, None)

    def saw(self, picture: bytes) -> None:
        """Take a preview."""
        self._tell(self._progress.fraction, picture)


class Feed:
    """Keeps the websocket open while prompts are watched, and a while after."""

    def __init__(self, http: Http, idle_s: float = IDLE_S) -> None:
        """Nothing is opened before the first `ready`."""
        self._http = http
        self._idle_s = idle_s
        self._watches: dict[str, Watch] = {}
        self._running: str | None = None
        """The watched prompt the server runs now: previews without a name are its."""
        self._tried = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None
        self._socket: Socket | None = None
        self._closing: asyncio.TimerHandle | None = None
        self.client_id = ""
        """Names the socket; another one for each, as a server may still hold a dead one under the old name."""

    @contextlib.contextmanager
    def watching(self, prompt_id: str, watch: Watch) -> Iterator[None]:
        """Tell `watch` what is heard of the prompt."""
        self._watches[prompt_id] = watch
        try:
            yield
        finally:
            del self._watches[prompt_id]
            if not self._watches:
                self._stay()
                self._closing = asyncio.get_running_loop().call_later(self._idle_s, self._close)

    async def ready(self) -> str:
        """Open the websocket if it is not; return its client id, even when it could not be opened in time.

        Called while something is watched: what is idle is closed.
        """
        self._stay()
        if self._reading is not None and self._reading.cancelling():
            await asyncio.wait({self._reading})
        if self._reading is None or self._reading.done():
            self._tried.clear()
            self._reading = asyncio.create_task(self._read(), name="comfyui websocket")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._tried.wait(), READY_S)
        return self.client_id

    async def aclose(self) -> None:
        """Close the websocket."""
        self._stay()
        if self._reading is not None:
            if self._socket is not None:
                await self._socket.aclose()  # while it is read: what is still to come would hold up the farewell
            self._reading.cancel()
            await asyncio.wait({self._reading})

    def _stay(self) -> None:
        if self._closing is not None:
            self._closing.cancel()
            self._closing = None

    def _close(self) -> None:
        if not self._watches and self._reading is not None:
            self._reading.cancel()

    async def _read(self) -> None:
        """Connect again and again, and read."""
        failures = 0
        while True:
            self.client_id, self._running = uuid4().hex, None
            try:
                self._socket = socket = await self._http.socket("/ws", query={"clientId": self.client_id})
            except NetError as error:
                self._tried.set()
                log.info("comfyui websocket not opened; progress is not shown", detail=error.detail)
                await asyncio.sleep(RETRY_S[min(failures, len(RETRY_S) - 1)])
                failures += 1
                continue
            try:
                await self._drain(socket)
            except NetError as error:
                log.info("comfyui websocket lost", detail=error.detail)
            finally:
                self._tried.clear()
                self._socket = None
                await socket.aclose()
            for watch in self._watches.values():
                watch.broke()
            failures = 0
            await asyncio.sleep(RETRY_S[0])

    async def _drain(self, socket: Socket) -> None:
        await socket.send(FLAGS)
        self._tried.set()
        understood = True
        async for message in socket:
            try:
                if isinstance(message, str):
                    await self._event(message)
                else:
                    self._preview(message)
            except Exception as error:  # whatever a server sends, the next message is read
                if understood:  # some nodes send theirs every second: told once
                    log.info("comfyui websocket message not understood", error=type(error).__name__)
                understood = False

    async def _event(self, message: str) -> None:
        short = len(message) <= PARSED_AT_ONCE
        event = json.loads(message) if short else await asyncio.to_thread(json.loads, message)
        kind, data = event["type"], event["data"]
        prompt_id = data.get("prompt_id")
        if (watch := self._watches.get(prompt_id)) is None:
            return
        if kind == "execution_start":
            self._running = prompt_id
        watch.heard(kind, data)
        if watch.ended and self._running == prompt_id:
            self._running = None

    def _preview(self, message: bytes) -> None:
        """Take event 1 (u32 format, picture) or 4 (u32 length, JSON, picture); others are not for us."""
        (event,) = UINT.unpack_from(message)
        (number,) = UINT.unpack_from(message, UINT.size)
        start = 2 * UINT.size
        prompt_id = self._running
        if event == PREVIEW_WITH_METADATA:
            prompt_id = json.loads(message[start : start + number])["prompt_id"]
            start += number
        elif event != PREVIEW:
            return
        picture = message[start:]
        watch = self._watches.get(prompt_id) if prompt_id is not None else None
        if watch is not None and len(picture) <= LARGEST_PREVIEW and picture.startswith(PICTURES):
            watch.saw(picture)
