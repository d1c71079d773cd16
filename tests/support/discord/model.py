"""What there is on Discord: users, roles, members, files and messages. Plain data; places are in places.py."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.support.discord.errors import Payload
from tests.support.discord.headers import size_of

if TYPE_CHECKING:
    from tests.support.discord.interactions import Interaction
    from tests.support.discord.places import Channel, Guild

EPHEMERAL = 1 << 6
LOADING = 1 << 7
SUPPRESS_EMBEDS = 1 << 2
SILENT = 1 << 12
COMPONENTS_V2 = 1 << 15


@dataclass(eq=False)
class User:
    """An account; `bot` for applications."""

    id: int
    name: str
    bot: bool = False

    @property
    def mention(self) -> str:
        """What to write to mention it."""
        return f"<@{self.id}>"


@dataclass(eq=False)
class Role:
    """A guild's role; `permissions` as bits."""

    id: int
    name: str
    permissions: int = 0
    mentionable: bool = False

    @property
    def mention(self) -> str:
        """What to write to mention it."""
        return f"<@&{self.id}>"


@dataclass(eq=False)
class Member:
    """A user in a guild."""

    user: User
    guild: Guild
    roles: list[Role]
    joined: float


@dataclass(frozen=True)
class Upload:
    """A file that a person sends, or that came in a request."""

    name: str
    data: bytes
    description: str | None = None


@dataclass(eq=False)
class Attachment:
    """A stored file."""

    id: int
    channel_id: int
    filename: str
    data: bytes
    description: str | None = None
    ephemeral: bool = False

    @property
    def content_type(self) -> str | None:
        """What Discord makes of the name; it does not look into the file."""
        return mimetypes.guess_type(self.filename)[0]

    @property
    def size(self) -> tuple[int, int] | None:
        """Width and height in pixels, of a picture."""
        return size_of(self.data)

    @property
    def spoiler(self) -> bool:
        """Whether it is shown blurred."""
        return self.filename.startswith("SPOILER_")


@dataclass(frozen=True)
class Pings:
    """Who is notified by a message."""

    users: tuple[User, ...] = ()
    roles: tuple[Role, ...] = ()
    everyone: bool = False
    replied: User | None = None

    def __bool__(self) -> bool:
        return bool(self.users or self.roles or self.everyone or self.replied)

    @property
    def people(self) -> tuple[User, ...]:
        """Users mentioned in the text, and the one who is replied to."""
        return self.users if self.replied is None or self.replied in self.users else (*self.users, self.replied)


@dataclass(frozen=True)
class Version:
    """What a message was before an edit."""

    content: str
    files: tuple[Attachment, ...]
    embeds: tuple[Payload, ...]
    components: tuple[Payload, ...]


@dataclass(eq=False)
class Message:
    """A message, whole; what the bot gets to see of it is decided in wire.py."""

    id: int
    channel: Channel
    author: User
    created: float
    content: str = ""
    files: list[Attachment] = field(default_factory=list)
    """All it carries, also what embeds and components show."""
    embeds: list[Payload] = field(default_factory=list)
    components: list[Payload] = field(default_factory=list)
    flags: int = 0
    mentions: Pings = field(default_factory=Pings)
    """Whom it names as it is now."""
    pings: Pings = field(default_factory=Pings)
    """Who was notified: those named when it was posted; edits notify nobody."""
    reference: Message | None = None
    """The message it replies to; stays when that is deleted."""
    forwarded: Message | None = None
    """The message it forwards."""
    interaction: Interaction | None = None
    """The interaction it answers."""
    ephemeral_to: User | None = None
    nonce: str | None = None
    """Told when it is created; Discord does not give it with fetched messages."""
    edited: float | None = None
    edits: list[Version] = field(default_factory=list)
    """What it was before each edit, oldest first."""
    deleted: bool = False
    reactions: dict[str, list[User]] = field(default_factory=dict)

    @property
    def loading(self) -> bool:
        """Whether it is an acknowledgement still "thinking"."""
        return bool(self.flags & LOADING)

    @property
    def attachments(self) -> list[Attachment]:
        """What the API lists: without files that embeds or components show (discord-api-docs#8277)."""
        shown = {url.removeprefix("attachment://") for url in urls([*self.embeds, *self.components])}
        return [each for each in self.files if each.filename not in shown]

    @property
    def link(self) -> str:
        """Its address for people."""
        guild = self.channel.guild
        return f"https://discord.com/channels/{guild.id if guild else '@me'}/{self.channel.id}/{self.id}"

    @property
    def text(self) -> str:
        """All text a person reads in it: content, embeds, text components; one piece per line."""
        embeds = [embed.get(name, "") for embed in self.embeds for name in ("title", "description")]
        texts = [part["content"] for part in parts(self.components) if part["type"] == 10]
        return "\n".join(filter(None, [self.content, *embeds, *texts]))

    @property
    def buttons(self) -> list[Payload]:
        """Everything that can be pressed or chosen: buttons and selects, as Discord stores them."""
        return [part for part in parts(self.components) if part["type"] in (2, 3, 5, 6, 7, 8)]

    @property
    def labels(self) -> list[str]:
        """The words (or the emoji) on its buttons that can be pressed."""
        return [label(part) for part in self.buttons if part["type"] == 2 and not part.get("disabled")]

    def __str__(self) -> str:
        marks = [
            f"{len(self.files)} files" if self.files else "",
            f"buttons {self.labels}" if self.buttons else "",
            f"only for {self.ephemeral_to.name}" if self.ephemeral_to else "",
            "thinking" if self.loading else "",
            "deleted" if self.deleted else "",
        ]
        more = ", ".join(filter(None, marks))
        return f"{self.author.name}: {self.text!r}" + (f" ({more})" if more else "")


def label(component: Payload) -> str:
    """Return the words on a button, or its emoji."""
    emoji = component.get("emoji") or {}
    return " ".join(filter(None, [emoji.get("name"), component.get("label")]))


def urls(value: object) -> Iterator[str]:
    """Find all addresses in embeds or components."""
    if isinstance(value, dict):
        if isinstance(value.get("url"), str):
            yield value["url"]
        for each in value.values():
            yield from urls(each)
    elif isinstance(value, list):
        for each in value:
            yield from urls(each)


def parts(components: list[Payload]) -> Iterator[Payload]:
    """Walk through a tree of components, parents first."""
    for component in components:
        yield component
        yield from parts(component.get("components") or [])
        for name in ("accessory", "component"):
            if component.get(name):
                yield from parts([component[name]])
