"""What happens, told to every open page: server-sent events that survive reconnects and slow readers.

An event has an id. A page that comes back with the last id it saw gets what it missed; when that is no longer known
(too long ago, or Easel was restarted) it gets `reset` and loads everything anew. The same happens to a page that reads
too slowly: it never holds up others, and nothing piles up for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import secrets
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any, Literal

Kind = Literal["message", "removed", "standing", "reset"]

KEPT = 256
"""Events that a page may have missed."""
WAITING = 64
"""Events that may wait for one page to read them."""
_NUMBER = re.compile(r"[0-9]{1,15}")


class Listener:
    """One open page's stream."""

    def __init__(self) -> None:
        """Use `Events.listen`."""
        self._waiting: deque[bytes] = deque()
        self._more = asyncio.Event()
        self._closed = False

    def put(self, event: bytes, reset: bytes) -> None:
        """Let an event wait to be read; when too many do, they all become one `reset`."""
        if len(self._waiting) >= WAITING:
            self._waiting.clear()
            event = reset
        self._waiting.append(event)
        self._more.set()

    def close(self) -> None:
        """End the stream."""
        self._closed = True
        self._more.set()

    async def read(self, timeout_s: float) -> bytes | None:
        """Return what waits, as it goes over the wire; after `timeout_s` of nothing a comment; None at the end."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._more.wait()
        except TimeoutError:
            return b": still here\n\n"
        if self._closed:
            return None
        data = b"".join(self._waiting)
        self._waiting.clear()
        self._more.clear()
        return data


class Events:
    """Passes events on to all listeners and remembers the last ones."""

    def __init__(self, *, kept: int = KEPT) -> None:
        """`kept` events can be caught up on."""
        self._life = secrets.token_hex(4)
        self._last = 0
        self._recent: deque[tuple[int, bytes]] = deque(maxlen=kept)
        self._listeners: set[Listener] = set()

    def publish(self, kind: Kind, data: Mapping[str, Any]) -> None:
        """Tell every page."""
        self._last += 1
        event = self._encode(kind, data)
        self._recent.append((self._last, event))
        for listener in self._listeners:
            listener.put(event, self._encode("reset", {}))

    @contextlib.contextmanager
    def listen(self, last_seen: str | None) -> Iterator[Listener]:
        """Open a stream that goes on after the event `last_seen`."""
        listener = Listener()
        reset = self._encode("reset", {})
        missed = self._after(last_seen)
        if missed != b"":
            listener.put(missed or reset, reset)
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def close(self) -> None:
        """End all streams; pages come back by themselves when Easel runs again."""
        for listener in self._listeners:
            listener.close()

    def _after(self, last_seen: str | None) -> bytes | None:
        """Return the events after one, as they go over the wire; None when they are not known any more."""
        life, _, number = (last_seen or "").partition("-")
        if life != self._life or not _NUMBER.fullmatch(number):
            return None
        seen = int(number)
        first_kept = self._recent[0][0] if self._recent else self._last + 1
        if not first_kept - 1 <= seen <= self._last:
            return None
        return b"".join(event for each, event in self._recent if each > seen)

    def _encode(self, kind: Kind, data: Mapping[str, Any]) -> bytes:
        body = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        return f"id: {self._life}-{self._last}\nevent: {kind}\ndata: {body}\n\n".encode()
