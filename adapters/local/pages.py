"""The page's files, read once, and the two documents that have words in them before any script runs."""

from __future__ import annotations

import hashlib
import html
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from string import Template

from aiohttp import web

FOLDER = Path(__file__).parent / "page"
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
DOCUMENTS = ("index.html", "door.html")
PUBLIC = ("/assets/style.css", "/assets/mark.svg")
"""What the page that turns people away needs itself."""

Say = Callable[[str], str]
"""Translates a catalogue sentence."""


@dataclass(frozen=True, slots=True)
class _Asset:
    body: bytes
    type: str
    tag: str


class Pages:
    """Answers with the page's files."""

    def __init__(self) -> None:
        """Read everything; it is less than a picture."""
        self._assets = {path.name: _asset(path) for path in FOLDER.iterdir() if path.suffix in TYPES}
        self._documents = {name: Template((FOLDER / name).read_text("utf-8")) for name in DOCUMENTS}

    async def asset(self, request: web.Request) -> web.StreamResponse:
        """Answer with a script, style sheet or drawing; the browser asks each time whether it changed."""
        found = self._assets.get(request.match_info["name"])
        if found is None:
            raise web.HTTPNotFound
        headers = {"ETag": found.tag, "Cache-Control": "no-cache"}
        if request.headers.get("If-None-Match") == found.tag:
            return web.Response(status=304, headers=headers)
        return web.Response(body=found.body, content_type=found.type, charset="utf-8", headers=headers)

    def index(self, language: str, no_script: str) -> web.Response:
        """Return the studio's page; `no_script` is what it says without JavaScript."""
        return self._document("index.html", 200, language=language, no_script=no_script)

    def door(self, language: str, status: int, title: str, how: str) -> web.Response:
        """Return the page that says why somebody stays outside, and what to do."""
        return self._document("door.html", status, language=language, title=title, how=how)

    def _document(self, name: str, status: int, **words: str) -> web.Response:
        text = self._documents[name].substitute({key: html.escape(word) for key, word in words.items()})
        headers = {"Cache-Control": "no-store"}
        return web.Response(status=status, text=text, content_type="text/html", headers=headers)


def come_back() -> web.Response:
    """Return a page that loads the studio as the browser's own wish, so that the cookie comes along."""
    text = '<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=/"><title>Easel</title>'
    return web.Response(text=text, content_type="text/html", headers={"Cache-Control": "no-store"})


def _asset(path: Path) -> _Asset:
    body = path.read_bytes()
    return _Asset(body, TYPES[path.suffix], f'"{hashlib.sha256(body).hexdigest()[:16]}"')
