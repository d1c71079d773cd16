"""The CDN: stored files behind signed links that expire (`ex`, `is`, `hm`, as on cdn.discordapp.com)."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING
from urllib.parse import quote

from aiohttp import web

from tests.support.discord.errors import Payload
from tests.support.discord.model import Attachment
from tests.support.discord.wire import attachment as attachment_object

if TYPE_CHECKING:
    from tests.support.discord.clock import Clock

LINK_LIFE_S = 24 * 3600.0
GONE = "This content is no longer available."
REENCODED = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a49444154789c6360000000020001e221bc33"
    "0000000049454e44ae426082"
)
"""What the media proxy serves, whatever was uploaded: a tiny PNG, so that nobody takes it for the original."""


class Cdn:
    """Serves files. `expire` makes all links given out so far answer 404, as after 24 hours."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._files: dict[int, Attachment] = {}
        self._key = b"local"
        self._round = 0
        self.root = ""
        """Its address; set once the server listens."""
        self.reads: list[Attachment] = []
        """Originals that were downloaded, in order."""

    def store(self, channel_id: int, name: str, data: bytes, **more: str | bool | None) -> Attachment:
        """Keep a file; spaces in its name become underscores."""
        description, ephemeral = more.get("description"), more.get("ephemeral")
        kept = Attachment(
            self._clock.snowflake(),
            channel_id,
            name.replace(" ", "_"),
            data,
            str(description) if description else None,
            bool(ephemeral),
        )
        self._files[kept.id] = kept
        return kept

    def attachment(self, each: Attachment) -> Payload:
        """Return the attachment object with fresh links."""
        return attachment_object(each, self.root, self._signature(each))

    def link(self, each: Attachment) -> str:
        """Return a fresh link, as a person would copy it."""
        return str(self.attachment(each)["url"])

    def preview(self, name: str, data: bytes) -> Payload:
        """Return the embed that shows a picture linked from elsewhere on the web; Discord's proxy has it too."""
        kept = self.store(0, name, data)
        shown: Payload = {"url": f"https://example.org/{quote(name)}", "proxy_url": f"{self.root}/external/{kept.id}"}
        if kept.size:
            shown["width"], shown["height"] = kept.size
        return {"type": "image", "url": shown["url"], "thumbnail": shown}

    async def serve_external(self, request: web.Request) -> web.Response:
        """Answer a download of something from elsewhere through the proxy."""
        each = self._files.get(int(request.match_info["id"]))
        if each is None:
            return web.Response(status=404, text=GONE)
        self.reads.append(each)
        return web.Response(body=each.data, content_type=each.content_type or "application/octet-stream")

    def expire(self) -> None:
        """Let every link given out so far be too old."""
        self._round += 1

    def _signature(self, each: Attachment) -> str:
        issued = int(self._clock.now())
        expires = int(issued + LINK_LIFE_S)
        return f"ex={expires:x}&is={issued:x}&hm={self._sign(each.id, issued, expires)}"

    def _sign(self, id: int, issued: int, expires: int) -> str:
        return hmac.new(self._key, f"{self._round}:{id}:{issued}:{expires}".encode(), hashlib.sha256).hexdigest()

    async def serve(self, request: web.Request) -> web.Response:
        """Answer a download."""
        each = self._files.get(int(request.match_info["attachment_id"]))
        try:
            expires, issued = int(request.query["ex"], 16), int(request.query["is"], 16)
        except (KeyError, ValueError):
            return web.Response(status=404, text=GONE)
        if (
            each is None
            or each.filename != request.match_info["filename"]
            or not hmac.compare_digest(request.query.get("hm", ""), self._sign(each.id, issued, expires))
            or expires <= self._clock.now()
        ):
            return web.Response(status=404, text=GONE)
        if request.match_info["kind"].startswith("proxy"):
            return web.Response(body=REENCODED, content_type="image/png")
        self.reads.append(each)
        return web.Response(body=each.data, content_type=each.content_type or "application/octet-stream")
