"""What a person sends, read piece by piece: no more is kept in memory than is allowed."""

from __future__ import annotations

import re
from dataclasses import dataclass

from aiohttp import BodyPartReader, web

from adapters.local import words
from adapters.local.guard import TurnedAway
from bot.errors import FileTooLarge, PromptTooLong, TooManyPictures
from bot.intake import MAX_PROMPT

MAX_FILES = 4
MAX_FILE_MB = 25
MAX_FILE_BYTES = MAX_FILE_MB << 20
MAX_FIELD_BYTES = 1 << 20
"""More than the longest prompt, so that what is too long is mostly told with its true length."""
MAX_BODY_BYTES = (MAX_FILES + 1) * MAX_FILE_BYTES + MAX_FIELD_BYTES + (1 << 16)
CHUNK_BYTES = 1 << 16
CLIENT_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
FIELDS = {"id": CLIENT_ID, "reply_to": re.compile(r"[0-9]{0,15}"), "picture": re.compile(r"[a-z0-9]{0,20}")}


@dataclass(frozen=True, slots=True)
class Upload:
    """One file as it was sent: any bytes, under any name."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Said:
    """One message a person sends."""

    id: str
    """Made by the page, the same when it sends again what may have got lost."""
    text: str
    reply_to: int | None = None
    """The message answered."""
    picture: str | None = None
    """The one picture of it that is meant."""
    files: tuple[Upload, ...] = ()
    mask: Upload | None = None


async def read_said(request: web.Request) -> Said:
    """Read a sent message. Raises FileTooLarge, TooManyPictures, PromptTooLong, TurnedAway."""
    if (request.content_length or 0) > MAX_BODY_BYTES:
        raise FileTooLarge(name="", limit=MAX_FILE_MB)
    fields: dict[str, str] = {}
    files: list[Upload] = []
    mask: Upload | None = None
    try:
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader) or part.name is None:
                raise bad_form()
            match part.name:
                case "file":
                    if len(files) == MAX_FILES:
                        raise TooManyPictures(limit=MAX_FILES)
                    files.append(await _file(part))
                case "mask":
                    mask = await _file(part)
                case name:
                    fields[name] = await _field(part)
    except (ValueError, LookupError, AssertionError) as error:
        raise bad_form() from error
    return _said(fields, tuple(files), mask)


def bad_form() -> TurnedAway:
    """Return what is raised about something that the page would not send."""
    return TurnedAway(400, words.BAD_FORM, words.BAD_FORM_HOW)


def _said(fields: dict[str, str], files: tuple[Upload, ...], mask: Upload | None) -> Said:
    if not all(form.fullmatch(fields.get(name, "")) for name, form in FIELDS.items()):
        raise bad_form()
    return Said(
        id=fields["id"],
        text=fields.get("text", "").replace("\r\n", "\n").strip(),  # forms end lines like that
        reply_to=int(fields["reply_to"]) if fields.get("reply_to") else None,
        picture=fields.get("picture") or None,
        files=files,
        mask=mask,
    )


async def _file(part: BodyPartReader) -> Upload:
    name = part.filename or ""
    data = await _read(part, MAX_FILE_BYTES)
    if data is None:
        raise FileTooLarge(name=name, limit=MAX_FILE_MB)
    return Upload(name, data)


async def _field(part: BodyPartReader) -> str:
    data = await _read(part, MAX_FIELD_BYTES)
    if data is None:
        raise PromptTooLong(length=MAX_FIELD_BYTES, limit=MAX_PROMPT)
    return data.decode()


async def _read(part: BodyPartReader, limit: int) -> bytes | None:
    """Return a part's bytes, None as soon as there are more than `limit`."""
    data = bytearray()
    while chunk := await part.read_chunk(CHUNK_BYTES):
        if len(data) + len(chunk) > limit:
            return None
        data += chunk
    return bytes(data)
