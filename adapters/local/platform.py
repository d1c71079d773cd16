"""The studio as a platform: what the core calls back with goes into the stored conversation and to every open page."""

from __future__ import annotations

import asyncio

from adapters.local import convert
from adapters.local.conversation import Conversation
from adapters.local.convert import PLACE
from adapters.local.events import Events
from adapters.local.server import Server
from adapters.local.standings import Standings
from bot.answers import Delivery, Status
from bot.app import Easel
from bot.config import Config
from bot.db.studio import Message, StudioMessages
from bot.types import Job, MessageRef, PictureRef, Platform


class LocalPlatform:
    """Serves the studio; implements `bot.platform.Platform`."""

    name: Platform = "local"
    keeps_pictures = True
    status_after_s = 0.0
    status_every_s = 0.0

    def __init__(self, easel: Easel, messages: StudioMessages, config: Config) -> None:
        """Listens once started, where `config.local` says."""
        self._messages = messages
        self._events = Events()
        self._standings = Standings(easel, self._events)
        self._conversation = Conversation(easel, messages, self._events)
        self._server = Server(easel, messages, self._conversation, self._standings, self._events, config)

    @property
    def connected(self) -> bool:
        """The conversation is kept here: a message can always be stored."""
        return True

    @property
    def address(self) -> str:
        """The link that lets one browser in; valid once started."""
        return self._server.address

    async def status(self, status: Status) -> None:
        """Show how a job stands on every open page."""
        self._standings.update(status)

    async def post(self, delivery: Delivery) -> tuple[MessageRef, ...]:
        """Store the end of a job as a message, once per job, and show it on every open page."""
        job = delivery.job
        message = await self._messages.add(
            _key(job),
            "easel",
            delivery.text,
            alt=delivery.alt,
            shown=[each.id for each in delivery.pictures],
            reply_to=int(job.message.id) if job.message else None,
            buttons=delivery.buttons,
            job=job.id,
        )
        self._standings.drop(job.id)
        self._events.publish("message", convert.message(message))
        return (_ref(message),)

    async def settle(self, job: Job, posted: tuple[MessageRef, ...]) -> None:
        """The standing on the page goes with the post."""

    async def fetch(self, ref: PictureRef, limit: int) -> bytes:
        """Return an upload of the request that is being accepted. Raises FileTooLarge, Gone."""
        return self._conversation.fetch(ref, limit)

    async def start(self) -> None:
        """Listen. Raises ConfigError when the address cannot be used."""
        await self._server.start()

    async def run(self) -> None:
        """Serve until cancelled: the server does by itself."""
        await asyncio.Event().wait()

    async def aclose(self) -> None:
        """End every stream and close the listener."""
        self._events.close()
        await self._server.stop()
        await self._conversation.aclose()


def _key(job: Job) -> str:
    return f"job:{job.id}"


def _ref(message: Message) -> MessageRef:
    return MessageRef(PLACE, str(message.id))
