"""The core's values as the page reads them (JSON), and the page's requests as values."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from bot.answers import Status
from bot.db.studio import Message, Quote
from bot.i18n.negotiate import negotiate
from bot.types import Person, Picture, Place

PLACE = Place("local", "studio", "main", direct=True)
"""The studio's one conversation."""
SAID = "said:"
"""Begins the key of what a person said; the id the page made follows."""


def language_of(request: web.Request) -> str:
    """Return the catalogue code for the languages the browser asks for."""
    return negotiate(*_accepted(request.headers.get("Accept-Language", "")))


def person_of(request: web.Request) -> Person:
    """Return who asks: whoever has the cookie owns the studio."""
    return Person("local", "me", locale=language_of(request), admin=True, moderator=True)


def message(of: Message) -> dict[str, Any]:
    """Return a message as the page shows it."""
    return {
        "id": of.id,
        "client": of.key.removeprefix(SAID) if of.key.startswith(SAID) else None,
        "by": of.by,
        "text": of.text,
        "alt": of.alt,
        "pictures": [picture(each) for each in of.pictures],
        "lost": of.lost,
        "buttons": [each for each in of.buttons if each == "delete" or of.pictures or not of.lost],
        "quote": None if of.quote is None else _quote(of.quote),
        "job": of.job,
        "created": of.created,
    }


def picture(of: Picture) -> dict[str, Any]:
    """Return what the page needs to make room for a picture and load it."""
    return {"id": of.id, "width": of.width, "height": of.height}


def standing(status: Status, preview: int | None) -> dict[str, Any]:
    """Return how a job stands; `preview` is the number of its newest preview."""
    plan = status.job.plan
    return {
        "job": status.job.id,
        "reply_to": int(status.job.message.id) if status.job.message else None,
        "text": status.text,
        "prompt": plan.prompt,
        "place": status.place,
        "progress": status.progress,
        "preview": preview,
        "count": plan.count,
        "width": plan.width,
        "height": plan.height,
    }


def preview_type(data: bytes) -> str | None:
    """Return the MIME type of an engine's preview, None when it is nothing a browser is given."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return None


def _quote(of: Quote) -> dict[str, Any]:
    return {"message": of.message, "text": of.text, "picture": None if of.picture is None else picture(of.picture)}


def _accepted(header: str) -> list[str]:
    """Return the language tags of an Accept-Language header, the most wanted first."""
    weighted = []
    for each in header.split(","):
        tag, _, weight = each.strip().partition(";q=")
        try:
            weighted.append((-float(weight or 1), tag))
        except ValueError:
            continue
    return [tag for _, tag in sorted(weighted, key=lambda pair: pair[0]) if tag]
