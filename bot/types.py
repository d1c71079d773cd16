"""The words of the domain: who asks, where, for what, and what comes back.

Everything here is a frozen value. Nothing here knows a platform, a database or an engine; the module imports
nothing of Easel's own, so every other module may import it.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

Platform = Literal["discord", "matrix", "local", "cli"]
Kind = Literal["generate", "edit"]
"""What a job does: draw from words alone, or change given pictures."""


_ALPHABET = string.ascii_lowercase + string.digits


def new_id() -> str:
    """Return a fresh random id for a job or a picture: 16 characters of `[a-z0-9]`, 82 bits.

    At most 20, so that with a part number it fits a Discord nonce (25) and a Matrix transaction id.
    """
    number = secrets.randbits(82)
    return "".join(_ALPHABET[number // 36**place % 36] for place in range(16))


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who asks."""

    platform: Platform
    id: str
    """The platform's own id, e.g. a Discord snowflake or `@me:example.org`."""
    name: str = ""
    """The name others see; never used to identify."""
    locale: str | None = None
    """The language the platform says this person reads (BCP 47), if it says so."""
    admin: bool = False
    """May manage the server of the request (see PRODUCT §1)."""
    moderator: bool = False
    """May remove other people's messages in the place of the request."""

    @property
    def key(self) -> str:
        """The person as stored: `platform:id`."""
        return f"{self.platform}:{self.id}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request was made and its answer goes: server, channel, thread."""

    platform: Platform
    server: str
    """A Discord guild or a Matrix room; for direct messages the conversation's own id."""
    channel: str
    thread: str | None = None
    direct: bool = False
    """True in a direct conversation with one person."""

    @property
    def server_key(self) -> str:
        """The server as stored: `platform:server`."""
        return f"{self.platform}:{self.server}"

    @property
    def channel_key(self) -> str:
        """The channel as stored: `platform:server/channel`."""
        return f"{self.platform}:{self.server}/{self.channel}"

    @property
    def key(self) -> str:
        """The whole place as stored, one conversation: `platform:server/channel[/thread]`."""
        return self.channel_key if self.thread is None else f"{self.channel_key}/{self.thread}"


@dataclass(frozen=True, slots=True)
class MessageRef:
    """One message on a platform."""

    place: Place
    id: str
    own: bool = False
    """Easel wrote it (the response to a Discord command): it may show how the job stands."""


@dataclass(frozen=True, slots=True)
class PictureRef:
    """A picture that is still on its platform and must be fetched before use."""

    source: str
    """What the adapter needs to fetch it again (a link, a media id, JSON); only its adapter reads it."""
    name: str = ""
    """File name as given by a person: for messages to that person only, never for paths."""
    size: int | None = None
    """Bytes, if the platform says so; not to be trusted."""
    picture: str | None = None
    """Its id in Easel's own storage, if it was there: then it is fetched only if it no longer is."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture in Easel's own storage: inspected, bytes readable by id until `keep_pictures_hours` are over."""

    id: str
    mime: str
    """By content: `image/png`, `image/jpeg` or `image/webp`."""
    width: int
    height: int
    size: int
    """Bytes."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What the engine told of it: seed, model, prompt really used."""


@dataclass(frozen=True, slots=True)
class Lora:
    """One LoRA and its weight, as in `--lora name:0.8`."""

    name: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Options:
    """What a person asked for beside the prompt; `None` means not asked, so settings decide."""

    size: str | None = None
    """As written: `1024x1024`, `square`, `portrait`, `landscape`, `16:9`."""
    count: int | None = None
    """Pictures, 1-10."""
    negative: str | None = None
    seed: int | None = None
    """Zero is a seed."""
    model: str | None = None
    engine: str | None = None
    style: str | None = None
    private: bool | None = None
    steps: int | None = None
    guidance: float | None = None
    strength: float | None = None
    """Denoising strength of an edit: 0 keeps the picture, 1 replaces it."""
    sampler: str | None = None
    scheduler: str | None = None
    loras: tuple[Lora, ...] = ()
    enhance: bool | None = None


Command = Literal["imagine", "edit"]
Moderation = Literal["off", "words", "provider"]
"""How prompts are checked: not at all, against words, or by a service too."""
Where = Literal["server", "dm", "thread"]
Author = Literal["easel", "other"]


@dataclass(frozen=True, slots=True)
class Request:
    """One message or command of a person, freed of its platform."""

    key: str
    """Idempotency key: the platform's id of the message or interaction. A key makes at most one job."""
    person: Person
    place: Place
    text: str
    """The words, without the mention, command name or prefix; flags are still in it."""
    command: Command | None = None
    options: Options = field(default_factory=Options)
    """Options given as such (slash command, form). Flags in `text` win over them."""
    attached: tuple[PictureRef, ...] = ()
    replied: tuple[PictureRef, ...] = ()
    replied_by: Author | None = None
    """Who wrote the message replied to; None when it is no reply."""
    mask: PictureRef | None = None
    message: MessageRef | None = None
    """What the answer replies to."""
    in_thread: bool = False
    """In a thread Easel works in, or in a reply chain."""

    @property
    def where(self) -> Where:
        """The kind of conversation, as the decision sees it."""
        return "dm" if self.place.direct else "thread" if self.in_thread or self.place.thread else "server"


class State(StrEnum):
    """The life of a job: queued → running → drawn → posting → delivered, or failed, or cancelled."""

    QUEUED = "queued"
    RUNNING = "running"
    DRAWN = "drawn"
    POSTING = "posting"
    DELIVERED = "delivered"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """True when nothing more will be drawn or delivered."""
        return self in (State.DELIVERED, State.FAILED, State.CANCELLED)


@dataclass(frozen=True, slots=True)
class Plan:
    """What exactly will be drawn: the outcome of request, settings and capabilities. Stored with the job."""

    kind: Kind
    engine: str
    prompt: str
    count: int
    width: int | None
    """Pixels; None where the engine decides, or an edit keeps the input's size."""
    height: int | None
    negative: str = ""
    seed: int | None = None
    model: str | None = None
    steps: int | None = None
    guidance: float | None = None
    strength: float | None = None
    sampler: str | None = None
    scheduler: str | None = None
    loras: tuple[Lora, ...] = ()
    style: str | None = None
    """One of the engine's own styles."""
    has_mask: bool = False
    adapted: tuple[str, ...] = ()
    """Sentences, already in the person's language, that say what was changed to fit the engine."""
    shown_again: bool = False
    """An undo: an earlier picture is posted again, nothing is drawn."""
    acknowledge: bool = True
    details_line: bool = False
    preview: bool = True
    metadata: bool = True
    enhance: bool = False
    moderation: Moderation = "off"
    """Settings that hold for the answer, as they were when the job was accepted."""


@dataclass(frozen=True, slots=True)
class Job:
    """One accepted request as the journal holds it."""

    id: str
    state: State
    person: Person
    place: Place
    message: MessageRef | None
    language: str
    """Catalogue code everything about this job is said in."""
    plan: Plan
    parent: str | None
    """The picture id this job's first input is, when Easel knows it: what `undo` goes back to."""
    created: float
    """Seconds since the epoch, the database's clock; so are all times below."""
    started: float | None = None
    ended: float | None = None
    fence: int = 0
    """Grows with every claim; a write with an older number is refused."""
    attempts: int = 0
    cancel: bool = False
    progress: float | None = None
    """0-1, None when unknown."""
    address: str | None = None
    """Of its engine's pool: where it runs, or ran last."""
    handle: str | None = None
    """The engine's own id of the running call, where it can be re-attached."""
    handle_at: int = 0
    """Pictures that were stored when that call began."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What the engine said of the whole call: model, revised prompt, cost."""
    posting_since: float | None = None
    post_attempts: int = 0
    status_message: str | None = None
    """Id of the message that shows how it stands, where the platform keeps one beside the request's own."""
    posted: tuple[str, ...] = ()
    """Ids of the messages that show its end."""
    error: str | None = None
    """Name of the error class a failed job ended with (see errors.py)."""
    error_args: Mapping[str, Any] = field(default_factory=dict)
