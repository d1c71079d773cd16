"""Routes for channels and their messages."""

from __future__ import annotations

from aiohttp import web

from tests.support.discord import messages, visible, wire
from tests.support.discord.errors import (
    CLOSED_DM,
    MISSING_ACCESS,
    MISSING_PERMISSIONS,
    NO_HISTORY_NO_REPLY,
    NOT_YOUR_MESSAGE,
    UNKNOWN_CHANNEL,
    UNKNOWN_MESSAGE,
    ApiError,
    Payload,
    wrong_form,
)
from tests.support.discord.forms import Body
from tests.support.discord.login import Route
from tests.support.discord.model import SILENT, SUPPRESS_EMBEDS, Message
from tests.support.discord.places import Channel
from tests.support.discord.world import World

NONCE_LIFE_S = 300.0
"""How long Discord remembers a nonce ("the past few minutes")."""
SETTABLE = SUPPRESS_EMBEDS | SILENT | 1 << 15


class ChannelRoutes:
    """Answers them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._bot = world.application.bot

    def routes(self) -> list[Route]:
        """Return method, path and handler."""
        all_, one = "/channels/{channel_id}/messages", "/channels/{channel_id}/messages/{message_id}"
        mine = one + "/reactions/{emoji_name}/@me"
        return [
            ("GET", "/channels/{channel_id}", self._channel),
            ("POST", "/channels/{channel_id}/typing", self._typing),
            ("GET", all_, self._history),
            ("POST", all_, self._post),
            ("GET", one, self._one),
            ("PATCH", one, self._edit),
            ("DELETE", one, self._delete),
            ("PUT", mine, self._react),
            ("DELETE", mine, self._unreact),
        ]

    def _find(self, request: web.Request, *needs: str) -> Channel:
        """Return the channel. Raises ApiError without permission to see it, or to do all that is needed."""
        found = self._world.channels.get(int(request.match_info["channel_id"]))
        if found is None:
            raise ApiError(*UNKNOWN_CHANNEL)
        if (found.guild and not found.guild.installed) or not found.may(self._bot, "view_channel"):
            raise ApiError(*MISSING_ACCESS)
        for each in needs:
            if not found.may(self._bot, each):
                raise ApiError(*MISSING_PERMISSIONS)
        return found

    def _message(self, channel: Channel, id: str) -> Message:
        """Return a message. Ephemeral ones are unknown here."""
        found = channel.everything.get(int(id))
        if found is None or found.deleted or found.ephemeral_to:
            raise ApiError(*UNKNOWN_MESSAGE)
        return found

    def _shown(self, message: Message) -> Payload:
        return visible.message(message, whole=self._world.reads_content)

    async def _channel(self, request: web.Request, body: Body) -> Payload:
        return wire.channel(self._find(request))

    async def _typing(self, request: web.Request, body: Body) -> None:
        channel = self._find(request)
        if not channel.may(self._bot, _sending(channel)):
            raise ApiError(*MISSING_PERMISSIONS)
        channel.typing += 1

    async def _history(self, request: web.Request, body: Body) -> list[Payload]:
        """Newest first; nothing at all without the permission to read history."""
        channel, query = self._find(request), request.query
        limit = int(query.get("limit", 50))
        if not 1 <= limit <= 100:
            raise wrong_form("limit", "NUMBER_TYPE_MAX", "int value should be less than or equal to 100.")
        found = channel.messages if channel.may(self._bot, "read_message_history") else []
        if "after" in query:
            found = [each for each in found if each.id > int(query["after"])][:limit]
        elif "before" in query:
            found = [each for each in found if each.id < int(query["before"])]
        elif "around" in query:
            middle = int(query["around"])
            before = [each for each in found if each.id < middle][-(limit // 2) :] if limit > 1 else []
            found = before + [each for each in found if each.id >= middle][: limit - len(before)]
        return [self._shown(each) for each in reversed(found[-limit:])]

    async def _one(self, request: web.Request, body: Body) -> Payload:
        channel = self._find(request)
        if not channel.may(self._bot, "read_message_history"):
            raise ApiError(*MISSING_ACCESS)
        return self._shown(self._message(channel, request.match_info["message_id"]))

    async def _post(self, request: web.Request, body: Body) -> Payload:
        channel = self._find(request)
        if not channel.may(self._bot, _sending(channel)):
            raise ApiError(*MISSING_PERMISSIONS)
        if channel.guild is None and channel.recipient is not None and channel.recipient.id in self._world.closed_dms:
            raise ApiError(*CLOSED_DM)
        payload = dict(body.form)
        reference = self._reference(channel, payload.get("message_reference"))
        checked = messages.check(body, payload, channel)
        if checked.uploads and not channel.may(self._bot, "attach_files"):
            raise ApiError(*MISSING_PERMISSIONS)
        if not channel.may(self._bot, "embed_links"):
            payload["embeds"] = []  # they vanish without an error
        if before := self._same_nonce(channel, payload):
            return self._shown(before)
        payload["flags"] = (payload.get("flags") or 0) & SETTABLE
        files = self._world.upload(channel, checked.uploads)
        posted = self._world.post(channel, self._bot, payload, files, reference=reference)
        return self._shown(posted) | ({"nonce": posted.nonce} if posted.nonce is not None else {})

    def _reference(self, channel: Channel, wanted: Payload | None) -> Message | None:
        if wanted is None:
            return None
        if not channel.may(self._bot, "read_message_history"):
            raise ApiError(*NO_HISTORY_NO_REPLY)
        found = channel.everything.get(int(wanted["message_id"]))
        if found is not None and not found.deleted and not found.ephemeral_to:
            return found
        if wanted.get("fail_if_not_exists", True):
            raise wrong_form("message_reference", "MESSAGE_REFERENCE_UNKNOWN_MESSAGE", "Unknown message")
        return None

    def _same_nonce(self, channel: Channel, payload: Payload) -> Message | None:
        """Return the message posted with the same nonce, if that is to be enforced."""
        nonce = payload.get("nonce")
        if nonce is None or not payload.get("enforce_nonce"):
            return None
        since = self._world.clock.now() - NONCE_LIFE_S
        for each in channel.everything.values():
            if each.nonce == str(nonce) and each.author is self._bot and each.created >= since:
                return each
        return None

    async def _edit(self, request: web.Request, body: Body) -> Payload:
        channel = self._find(request)
        message = self._message(channel, request.match_info["message_id"])
        if message.author is not self._bot:
            raise ApiError(*NOT_YOUR_MESSAGE)
        payload = dict(body.form)
        checked = messages.check(body, payload, channel, edited=message)
        if checked.uploads and not channel.may(self._bot, "attach_files"):
            raise ApiError(*MISSING_PERMISSIONS)
        apply_edit(self._world, message, checked)
        return self._shown(message)

    async def _delete(self, request: web.Request, body: Body) -> None:
        channel = self._find(request)
        message = self._message(channel, request.match_info["message_id"])
        if message.author is not self._bot and not channel.may(self._bot, "manage_messages"):
            raise ApiError(*MISSING_PERMISSIONS)
        self._world.delete(message)

    async def _react(self, request: web.Request, body: Body) -> None:
        channel = self._find(request, "read_message_history", "add_reactions")
        message = self._message(channel, request.match_info["message_id"])
        self._world.react(message, self._bot, request.match_info["emoji_name"])

    async def _unreact(self, request: web.Request, body: Body) -> None:
        channel = self._find(request, "read_message_history")
        message = self._message(channel, request.match_info["message_id"])
        self._world.unreact(message, self._bot, request.match_info["emoji_name"])


def _sending(channel: Channel) -> str:
    return "send_messages_in_threads" if channel.parent else "send_messages"


def apply_edit(world: World, message: Message, checked: messages.Checked) -> None:
    """Store an edit: `attachments` replaces all files by the kept and the new ones; without it new ones are added."""
    ephemeral = message.ephemeral_to is not None
    new = world.upload(message.channel, checked.uploads, ephemeral=ephemeral)
    kept = message.files if checked.kept is None else checked.kept
    unchanged = checked.kept is None and not new
    world.edit(message, checked.payload, None if unchanged else [*kept, *new])
