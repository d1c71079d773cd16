"""Checks what a bot wants to post against Discord's limits (docs: "Create Message", "Component Reference")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.support.discord import components
from tests.support.discord.errors import EMPTY_MESSAGE, TOO_LARGE, ApiError, Form, Payload
from tests.support.discord.forms import Body
from tests.support.discord.model import COMPONENTS_V2, Attachment, Message, Upload
from tests.support.discord.places import MIB, Channel

CONTENT = 2000
EMBEDS = 10
EMBED_TEXT = 6000
FILES = 10
ALT_TEXT = 1024
NONCE = 25
REQUEST = 25 * MIB
LEGACY = (
    "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
    "The field cannot be used when using MessageFlags.IS_COMPONENTS_V2",
)
EMBED_LIMITS = {"title": 256, "description": 4096}


@dataclass(frozen=True)
class Checked:
    """A message fit to be posted: the JSON, new files, and files it keeps (None: does not say)."""

    payload: Payload
    uploads: list[Upload]
    kept: list[Attachment] | None


def check(
    body: Body, payload: Payload, channel: Channel, *, edited: Message | None = None, path: str = "", most: int = 0
) -> Checked:
    """Check a message or an edit; `path` is where it stands in the body; `most` bytes a file may have, if not usual.

    Raises ApiError.
    """
    limit = most or channel.upload_limit
    if body.size > REQUEST or any(len(data) > limit for _, data in body.files.values()):
        raise ApiError(*TOO_LARGE)
    form = Form(path)
    modern = bool(((payload.get("flags") or 0) | (edited.flags if edited else 0)) & COMPONENTS_V2)
    _text(form, payload, modern=modern)
    if modern and edited and edited.content and "content" not in payload:
        form.wrong("content", *LEGACY)  # turning a message into one of components v2 takes an explicit null
    embeds = payload.get("embeds") or []
    _embeds(form, embeds)
    _mentions(form, payload.get("allowed_mentions"))
    uploads, kept = _files(form, body, payload, edited)
    names = [each.name.replace(" ", "_") for each in uploads] + [each.filename for each in kept or []]
    if edited and kept is None:
        names += [each.filename for each in edited.files]
    components.check(form, payload.get("components") or [], modern=modern, names=names)
    form.check()
    if payload.get("components"):
        payload["components"] = components.stored(payload["components"])
    checked = Checked(payload, uploads, kept)
    if _empty(checked, edited):
        raise ApiError(*EMPTY_MESSAGE)
    return checked


def _text(form: Form, payload: Payload, *, modern: bool) -> None:
    if payload.get("content") is not None:
        form.length("content", payload["content"], CONTENT)
    if payload.get("nonce") is not None:
        form.length("nonce", str(payload["nonce"]), NONCE)
    for name in ("content", "embeds", "poll", "sticker_ids"):
        if modern and payload.get(name):
            form.wrong(name, *LEGACY)


def _embeds(form: Form, embeds: list[Payload]) -> None:
    form.count("embeds", embeds, EMBEDS)
    total = 0
    for number, embed in enumerate(embeds):
        at = f"embeds.{number}"
        fields = embed.get("fields") or []
        texts = [
            *((f"{at}.{name}", embed.get(name), most) for name, most in EMBED_LIMITS.items()),
            (f"{at}.footer.text", (embed.get("footer") or {}).get("text"), 2048),
            (f"{at}.author.name", (embed.get("author") or {}).get("name"), 256),
            *((f"{at}.fields.{n}.name", each.get("name"), 256) for n, each in enumerate(fields)),
            *((f"{at}.fields.{n}.value", each.get("value"), 1024) for n, each in enumerate(fields)),
        ]
        form.count(f"{at}.fields", fields, 25)
        for where, text, most in texts:
            if text is not None:
                form.length(where, text, most)
                total += len(text)
    if total > EMBED_TEXT:
        form.wrong("embeds", "MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of 6000")


def _mentions(form: Form, allowed: Payload | None) -> None:
    for name in ("users", "roles"):
        listed: list[Any] = (allowed or {}).get(name) or []
        form.count(f"allowed_mentions.{name}", listed, 100)
        if listed and name in ((allowed or {}).get("parse") or []):
            form.wrong(
                "allowed_mentions",
                "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
                f'parse:["{name}"] and {name}: [ids...] are mutually exclusive.',
            )


def _files(
    form: Form, body: Body, payload: Payload, edited: Message | None
) -> tuple[list[Upload], list[Attachment] | None]:
    """Match `attachments` with the uploads: an entry names files[n] by n, or a file the message has by its id."""
    listed = payload.get("attachments")
    described = {str(each["id"]): each for each in listed or []}
    uploads: list[Upload] = []
    for number, (name, data) in sorted(body.files.items()):
        entry = described.pop(str(number), {})
        if entry.get("description") is not None:
            form.length(f"attachments.{number}.description", entry["description"], ALT_TEXT)
        uploads.append(Upload(entry.get("filename") or name, data, entry.get("description")))
    kept: list[Attachment] | None = None
    if listed is not None:
        has = {str(each.id): each for each in edited.files} if edited else {}
        kept = [has[key] for key in described if key in has]
        for key in set(described) - set(has):
            form.wrong("attachments", "ATTACHMENT_NOT_FOUND", f"Attachment data not found (id {key} names no file)")
    before = len(edited.files) if edited and kept is None else len(kept or [])
    if len(uploads) + before > FILES:
        form.wrong("attachments", "BASE_TYPE_MAX_LENGTH", f"Must be {FILES} or fewer in length.")
    return uploads, kept


def _empty(checked: Checked, edited: Message | None) -> bool:
    def value(name: str, old: object) -> object:
        return checked.payload.get(name) if name in checked.payload or edited is None else old

    content = value("content", edited and edited.content)
    embeds = value("embeds", edited and edited.embeds)
    parts = value("components", edited and edited.components)
    files = checked.uploads or (edited.files if edited and checked.kept is None else checked.kept)
    text = str(content).strip() if content else ""
    return not (text or embeds or parts or files)
