"""Embeds and components as the API answers them: with what is known of the pictures and files they show."""

from __future__ import annotations

from typing import Any

from tests.support.discord.cdn import Cdn
from tests.support.discord.errors import Payload
from tests.support.discord.model import Attachment

THUMBNAIL, GALLERY, FILE, CONTAINER = 11, 12, 13, 17


def embeds(stored: list[Payload], files: list[Attachment], cdn: Cdn) -> list[Payload]:
    """Return embeds with `attachment://name` replaced by links."""
    found: list[Payload] = []
    for embed in stored:
        shown = dict(embed)
        for name in ("image", "thumbnail"):
            if str((embed.get(name) or {}).get("url")).startswith("attachment://"):
                kept = ("url", "proxy_url", "width", "height", "content_type", "flags")
                full = _known(embed[name], files, cdn)
                shown[name] = {**embed[name], **{key: full[key] for key in kept if key in full}}
        found.append(shown)
    return found


def components(stored: list[Payload], files: list[Attachment], cdn: Cdn) -> list[Payload]:
    """Return components with what is known of their media."""
    return [_component(each, files, cdn) for each in stored]


def _component(each: Payload, files: list[Attachment], cdn: Cdn) -> Payload:
    shown = dict(each)
    kind = each["type"]
    if "components" in each:
        shown["components"] = components(each["components"], files, cdn)
    if "accessory" in each:
        shown["accessory"] = _component(each["accessory"], files, cdn)
    if kind == GALLERY:
        shown["items"] = [_item(item, files, cdn) for item in each["items"]]
    elif kind == THUMBNAIL:
        shown |= _item(each, files, cdn)
    elif kind == FILE:
        full = _known(each["file"], files, cdn)
        more = {"name": full.get("filename"), "size": full.get("size"), "spoiler": bool(each.get("spoiler"))}
        shown |= {"file": _media(full), **more}
    elif kind == CONTAINER:
        shown |= {"accent_color": each.get("accent_color"), "spoiler": bool(each.get("spoiler"))}
    return shown


def _item(item: Payload, files: list[Attachment], cdn: Cdn) -> Payload:
    media = _media(_known(item["media"], files, cdn))
    return {**item, "media": media, "description": item.get("description"), "spoiler": bool(item.get("spoiler"))}


def _media(full: dict[str, Any]) -> Payload:
    kept = ("id", "url", "proxy_url", "width", "height", "content_type", "attachment_id")
    return {key: full[key] for key in kept if key in full} | {"loading_state": 2, "flags": 0}


def _known(media: Payload, files: list[Attachment], cdn: Cdn) -> Payload:
    """Return what is known of what is shown: a file of the message, or something elsewhere."""
    for each in files:
        if media["url"] == f"attachment://{each.filename}":
            full = cdn.attachment(each)
            return full | {"attachment_id": full["id"]}
    return {"id": "0", "proxy_url": media["url"], **media}
