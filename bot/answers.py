"""What comes back to people: that a request was accepted, how its job stands, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bot.types import Job, Picture

Button = Literal["again", "edit", "vary", "upscale", "undo", "details", "delete"]
"""What can be done with a delivered picture; a platform shows only those named in the delivery."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What the courier hands to a platform: the end of one job, in the person's language."""

    job: Job
    pictures: tuple[Picture, ...]
    """Empty when the job failed or was cancelled."""
    text: str
    """The acknowledgement, or the plain reason."""
    alt: str
    """Alternative text of the pictures: the prompt."""
    buttons: tuple[Button, ...] = ()
    retried: bool = False
    """An earlier attempt to post it may have got through."""


@dataclass(frozen=True, slots=True)
class Status:
    """How a job stands, for its one status message."""

    job: Job
    text: str
    """One line in the person's language."""
    place: int | None = None
    """Place in the waiting line, 1 = next; None once it runs."""
    progress: float | None = None
    """0-1 while running, None when unknown or waiting."""
    preview: bytes | None = None
    """A small picture of what is being drawn (any web format), if the engine shows one and the setting is on."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The answer to a request: it is in the journal."""

    job: Job


@dataclass(frozen=True, slots=True)
class Told:
    """The answer to a request that needs no picture: words."""

    text: str
    """In the person's language."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One unfinished job and its place."""

    job: Job
    ahead: int
    """Jobs that come before it at its engine; 0 also when it runs already."""
    wait_s: float | None = None
    """Seconds until its turn, as far as can be said."""


@dataclass(frozen=True, slots=True)
class Past:
    """One earlier job and the pictures it made, as far as kept."""

    job: Job
    pictures: tuple[Picture, ...]


@dataclass(frozen=True, slots=True)
class Fitted:
    """A picture that is no larger than a place allows."""

    data: bytes
    mime: str
    note: str
    """What was lost on the way, in a sentence; empty when nothing was."""
