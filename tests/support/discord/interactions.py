"""Interactions: what a person did with the app, what the bot has to answer it with, and until when."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from tests.support.discord import visible, wire
from tests.support.discord.errors import (
    INVALID_WEBHOOK_TOKEN,
    UNKNOWN_MESSAGE,
    UNKNOWN_WEBHOOK,
    ApiError,
    Payload,
)
from tests.support.discord.model import Message, parts
from tests.support.discord.waiting import WAIT_S

if TYPE_CHECKING:
    from tests.support.discord.people import Person
    from tests.support.discord.places import Channel
    from tests.support.discord.world import World

T = TypeVar("T")

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL = 2, 3, 4, 5
FIRST_RESPONSE_S = 3.0
TOKEN_LIFE_S = 15 * 60.0
APP_FOLLOWUPS = 5
"""Followups an app may send where it is installed for the person only."""


class Modal:
    """A form that opened on somebody's screen."""

    def __init__(self, payload: Payload, opened_by: Interaction) -> None:
        self.payload = payload
        self.opened_by = opened_by

    @property
    def title(self) -> str:
        """Its title."""
        return str(self.payload["title"])

    @property
    def fields(self) -> dict[str, Payload]:
        """What can be filled in, by custom_id."""
        return {part["custom_id"]: part for part in parts(self.payload["components"]) if "custom_id" in part}

    @property
    def values(self) -> dict[str, str]:
        """What its text fields are filled with at first."""
        return {key: part.get("value") or "" for key, part in self.fields.items() if part["type"] == 4}


class Interaction:
    """One thing a person did with the app."""

    def __init__(
        self,
        world: World,
        kind: int,
        person: Person,
        channel: Channel,
        data: Payload,
        *,
        message: Message | None = None,
        command_type: int = 1,
    ) -> None:
        self.world = world
        self.id = world.clock.snowflake()
        self.token = secrets.token_urlsafe(24)
        self.kind = kind
        self.person = person
        self.channel = channel
        self.data = data
        self.message = message
        """The message whose component was used, or whose modal was submitted."""
        self.command_type = command_type
        self.response_type: int | None = None
        """The type of the first response; None before it."""
        self.original: Message | None = None
        self.answers: list[Message] = []
        """Messages it made, oldest first: the response and the followups, with those only the person sees."""
        self.choices: list[Payload] | None = None
        """What an autocomplete was answered with."""
        self.opened: Modal | None = None
        self.acknowledged_after: float | None = None
        """Real seconds from sending it to the bot until its first response had arrived whole."""
        self.refusals: list[int] = []
        """Codes of errors the bot got for this interaction's routes."""
        self._created = world.clock.now()
        self._sent = time.monotonic()
        world.interactions[self.token] = self

    # ── what a test reads and waits for ─────────────────────────────────────────────────────────────────────────

    @property
    def failed(self) -> bool:
        """Whether the person reads "The application did not respond"."""
        return self.response_type is None and self.late

    @property
    def late(self) -> bool:
        """Whether the three seconds are over."""
        return self.world.clock.now() - self._created >= FIRST_RESPONSE_S

    async def acknowledged(self, timeout: float = WAIT_S) -> Interaction:
        """Wait for the first response, whatever it is."""
        await self.world.changes.until(lambda: self.response_type is not None, self._told, timeout)
        return self

    async def answer(self, timeout: float = WAIT_S) -> Message:
        """Wait until the first message it made is more than "thinking", and return that."""

        def look() -> Message | None:
            return next((each for each in self.answers if not each.loading), None)

        found = await self.world.changes.until(look, self._told, timeout)
        assert found is not None
        return found

    async def until(self, look: Callable[[Interaction], T], timeout: float = WAIT_S) -> T:
        """Return what `look(interaction)` returns once that is true."""
        return await self.world.changes.until(lambda: look(self), self._told, timeout)

    async def modal(self, timeout: float = WAIT_S) -> Modal:
        """Wait for the modal it opens."""
        await self.world.changes.until(lambda: self.opened is not None, self._told, timeout)
        assert self.opened is not None
        return self.opened

    def _told(self) -> str:
        lines = [f"  {each}" for each in self.answers]
        state = f"first response {self.response_type}, refused with {self.refusals}"
        return "\n".join([f"{self.person.name}'s interaction ({self.data}): {state}; messages:", *lines])

    # ── what the routes need ────────────────────────────────────────────────────────────────────────────────────

    @property
    def installed(self) -> bool:
        """Whether the bot is in this place, rather than only installed by the person."""
        return self.channel.guild is None or self.channel.guild.installed

    @property
    def followups(self) -> int:
        """How many messages it made after its response."""
        return sum(each is not self.original for each in self.answers)

    @property
    def upload_limit(self) -> int:
        """Bytes a file may have in its messages: the place's limit, or the person's if that is higher."""
        return max(self.channel.upload_limit, self.person.upload_limit)

    @property
    def message_type(self) -> int:
        """The type of messages that answer it."""
        if self.kind == COMMAND:
            return visible.SLASH if self.command_type == 1 else visible.MENU
        return visible.REPLY if self.kind == COMPONENT else 0

    def acknowledge(self, kind: int) -> None:
        """Note the first response."""
        self.response_type = kind
        self.acknowledged_after = time.monotonic() - self._sent
        self.world.changes.tell()

    def check_token(self) -> None:
        """Raise ApiError when its webhook cannot be used."""
        if self.world.clock.now() - self._created >= TOKEN_LIFE_S:
            raise ApiError(*INVALID_WEBHOOK_TOKEN)
        if self.response_type is None:
            raise ApiError(*UNKNOWN_WEBHOOK)

    def find(self, name: str) -> Message:
        """Return the message that its webhook knows as `@original` or by id. Raises ApiError."""
        if name == "@original":
            found = self.original
        else:
            known = [*self.answers, self.original]
            found = next((each for each in known if each and str(each.id) == name), None)
        if found is None or found.deleted:
            raise ApiError(*UNKNOWN_MESSAGE)
        return found

    def metadata(self) -> Payload:
        """Return what its messages say about it."""
        owners = {"0": str(self.channel.guild.id) if self.channel.guild else "0"}
        if not self.installed:
            owners = {"1": str(self.person.id)}
        kind = self.kind if self.kind != AUTOCOMPLETE else COMMAND
        base: Payload = {
            "id": str(self.id),
            "type": kind,
            "user": wire.user(self.person),
            "authorizing_integration_owners": owners,
        }
        if kind == COMMAND:
            base["name"] = self.data["name"]
            base["command_type"] = self.command_type
            if "target_id" in self.data:
                base["target_message_id"] = self.data["target_id"]
        elif kind == COMPONENT and self.message:
            base["interacted_message_id"] = str(self.message.id)
        elif kind == MODAL:
            trigger = self.triggered_by
            base["triggering_interaction_metadata"] = trigger.metadata()["interaction_metadata"] if trigger else None
        return {"interaction_metadata": base}

    triggered_by: Interaction | None = None
    """The interaction that opened the modal which this one submits."""

    def event(self) -> Payload:
        """Return the data of INTERACTION_CREATE."""
        channel, guild, bot = self.channel, self.channel.guild, self.world.application.bot
        found: Payload = {
            "id": str(self.id),
            "application_id": str(self.world.application.id),
            "type": self.kind,
            "token": self.token,
            "version": 1,
            "data": self.data,
            "channel_id": str(channel.id),
            "channel": wire.channel(channel) | {"permissions": str(channel.permissions(self.person))},
            "app_permissions": str(channel.permissions(bot)),
            "locale": self.person.locale,
            "entitlements": [],
            "entitlement_sku_ids": [],
            "authorizing_integration_owners": self.metadata()["interaction_metadata"]["authorizing_integration_owners"],
            "context": 1 if guild is None else 0,
            "attachment_size_limit": self.upload_limit,
        }
        if guild:
            member = guild.members[self.person.id]
            found |= {
                "guild_id": str(guild.id),
                "guild": {"id": str(guild.id), "locale": guild.locale, "features": []},
                "guild_locale": guild.locale,
                "member": wire.member(member) | {"permissions": str(channel.permissions(self.person))},
            }
        else:
            found["user"] = wire.user(self.person)
        if self.message:
            found["message"] = visible.message(self.message, whole=True)
        return found
