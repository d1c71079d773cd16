"""The gateway (docs: "Gateway", v10): sessions, events, heartbeats, resuming."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiohttp import WSMsgType, web

from tests.support.discord import wire
from tests.support.discord.errors import Payload
from tests.support.discord.waiting import WAIT_S

if TYPE_CHECKING:
    from tests.support.discord.places import Channel, Guild
    from tests.support.discord.world import World

CLOSE_S = 5.0
"""Real seconds a client has to answer when the server closes."""
GUILDS, GUILD_MESSAGES, DIRECT_MESSAGES = 1 << 0, 1 << 9, 1 << 12
GUILD_REACTIONS, DIRECT_REACTIONS = 1 << 10, 1 << 13
PRIVILEGED = 1 << 1 | 1 << 8 | 1 << 15
KNOWN_INTENTS = (1 << 26) - 1
DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, VOICE, RESUME, RECONNECT, MEMBERS, INVALID, HELLO, ACK = (
    0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11,
)  # fmt: skip


@dataclass(eq=False)
class Session:
    """A bot's session; outlives its connection so that it can be resumed."""

    intents: int
    shard: tuple[int, int]
    id: str = field(default_factory=lambda: secrets.token_hex(16))
    sent: list[Payload] = field(default_factory=list)
    connection: Connection | None = None

    def send(self, event: str, data: Payload) -> None:
        """Send an event, or keep it until the session is resumed."""
        self.sent.append({"op": DISPATCH, "t": event, "s": len(self.sent) + 1, "d": data})
        if self.connection:
            self.connection.send(self.sent[-1])

    def serves(self, guild: Guild | None) -> bool:
        """Tell whether a guild's events are this shard's; direct messages are the first one's."""
        return ((guild.id >> 22) % self.shard[1] if guild else 0) == self.shard[0]


class Connection:
    """One websocket: what is sent leaves in order, compressed if asked for."""

    def __init__(self, socket: web.WebSocketResponse, transport: asyncio.WriteTransport, *, compress: bool) -> None:
        self.socket = socket
        self.transport = transport
        self._deflate = zlib.compressobj() if compress else None
        self._outbox: asyncio.Queue[Payload | int] = asyncio.Queue()
        self.session: Session | None = None
        self.closing = False
        """Whether the server closes it."""
        self.beats: list[float] = [time.monotonic()]

    def send(self, payload: Payload) -> None:
        """Send a payload."""
        self._outbox.put_nowait(payload)

    def close(self, code: int) -> None:
        """Close with a code, after what is yet to be sent."""
        self.closing = True
        self._outbox.put_nowait(code)

    async def write(self) -> None:
        """Write until closed."""
        while not isinstance(payload := await self._outbox.get(), int):
            text = json.dumps(payload)
            if self._deflate:
                data = self._deflate.compress(text.encode()) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
                await self.socket.send_bytes(data)
            else:
                await self.socket.send_str(text)
        await self.socket.close(code=payload)


class Gateway:
    """Serves the websocket and knows all sessions."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.url = ""
        """Its address; set once the server listens."""
        self.heartbeat_interval_s = 1.0
        self.late_after_s = 1.0
        self.lateness: list[float] = []
        """By how many real seconds each heartbeat came after its time; negative is early."""
        self.sessions: dict[str, Session] = {}
        self.identified: list[Payload] = []
        """What clients said in IDENTIFY, oldest first."""
        self.resumed = 0
        self.closed: list[int] = []
        """Codes with which the server closed connections."""
        self.connections: set[Connection] = set()

    # ── what a test reads and orders ────────────────────────────────────────────────────────────────────────────

    @property
    def late_heartbeats(self) -> list[float]:
        """Lateness, in seconds, of the heartbeats that came more than `late_after_s` late."""
        return [each for each in self.lateness if each > self.late_after_s]

    @property
    def online(self) -> bool:
        """Whether the bot is connected and identified."""
        return any(each.connection for each in self.sessions.values())

    async def connected(self, timeout: float = WAIT_S) -> None:
        """Wait until the bot is connected and identified."""
        await self._world.changes.until(lambda: self.online, lambda: "no bot has identified itself", timeout)

    async def disconnected(self, timeout: float = WAIT_S) -> None:
        """Wait until the bot is gone."""
        await self._world.changes.until(lambda: not self.online, lambda: "the bot is still connected", timeout)

    def reconnect(self) -> None:
        """Ask all clients to reconnect (opcode 7)."""
        for each in self.connections:
            each.send({"op": RECONNECT, "d": None})

    def invalidate(self, *, resumable: bool = False) -> None:
        """Declare all sessions invalid (opcode 9)."""
        for each in self.connections:
            each.send({"op": INVALID, "d": resumable})
        if not resumable:
            self.sessions.clear()

    def drop(self) -> None:
        """Cut all connections without a word."""
        for each in self.connections:
            each.transport.abort()

    def forget(self) -> None:
        """Forget all sessions, so that none can be resumed."""
        self.sessions.clear()

    def dispatch(
        self, event: str, data: Callable[[int], Payload], guild: Guild | None, channel: Channel | None = None
    ) -> None:
        """Send an event to the sessions that get it; `data(intents)` makes what a session with those intents sees."""
        bot = self._world.application.bot
        if guild is not None and not guild.installed and event != "GUILD_DELETE":
            return
        if channel is not None and not channel.may(bot, "view_channel"):
            return
        for session in list(self.sessions.values()):
            if session.serves(guild) and session.intents & needed(event, guild):
                session.send(event, data(session.intents))

    def interact(self, guild: Guild | None, data: Payload) -> None:
        """Send an interaction; it needs no intent and no permission."""
        for session in list(self.sessions.values()):
            if session.serves(guild):
                session.send("INTERACTION_CREATE", data)

    # ── the socket ──────────────────────────────────────────────────────────────────────────────────────────────

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one connection."""
        socket = web.WebSocketResponse(max_msg_size=4096 * 4, timeout=CLOSE_S)
        await socket.prepare(request)
        transport = request.transport
        assert isinstance(transport, asyncio.WriteTransport)
        connection = Connection(socket, transport, compress=request.query.get("compress") == "zlib-stream")
        self.connections.add(connection)
        writer = asyncio.create_task(connection.write())
        connection.send({"op": HELLO, "d": {"heartbeat_interval": round(self.heartbeat_interval_s * 1000)}})
        try:
            async for message in socket:
                if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                    code = self._receive(connection, message.data)
                    if code:
                        self.closed.append(code)
                        connection.close(code)
        finally:
            self.connections.discard(connection)
            self._left(connection)
            if not connection.closing:
                writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)
        return socket

    def _left(self, connection: Connection) -> None:
        session = connection.session
        if session and session.connection is connection:
            session.connection = None
            if connection.socket.close_code in (1000, 1001) and not connection.closing:
                self.sessions.pop(session.id, None)
        self._world.changes.tell()

    def _receive(self, connection: Connection, data: str | bytes) -> int | None:
        """Act on a payload; return the code to close with, if it was wrong."""
        try:
            payload = json.loads(data)
            op, d = payload["op"], payload.get("d")
        except (ValueError, KeyError, TypeError):
            return 4002
        if op == HEARTBEAT:
            self._beat(connection)
            return None
        if op == IDENTIFY:
            return 4005 if connection.session else self._identify(connection, d)
        if op == RESUME:
            return 4005 if connection.session else self._resume(connection, d)
        if connection.session is None:
            return 4003
        return None if op in (PRESENCE, VOICE, MEMBERS) else 4001

    def _beat(self, connection: Connection) -> None:
        now = time.monotonic()
        if connection.session:  # the first one comes at once, before IDENTIFY
            self.lateness.append(now - connection.beats[-1] - self.heartbeat_interval_s)
        connection.beats.append(now)
        connection.send({"op": ACK, "d": None})
        self._world.changes.tell()

    def _identify(self, connection: Connection, d: Payload) -> int | None:
        self.identified.append(d)
        if str(d.get("token", "")).removeprefix("Bot ") != self._world.application.token:
            return 4004
        intents = d.get("intents")
        if not isinstance(intents, int) or intents & ~KNOWN_INTENTS:
            return 4013
        if intents & PRIVILEGED & ~self._world.application.intents:
            return 4014
        number, count = d.get("shard") or (0, 1)
        session = Session(intents, (number, count), connection=connection)
        self.sessions[session.id] = session
        connection.session = session
        guilds = [each for each in self._world.guilds.values() if each.installed and session.serves(each)]
        application = self._world.application
        ready: Payload = {
            "v": 10,
            "user": wire.user(application.bot),
            "guilds": [{"id": str(each.id), "unavailable": True} for each in guilds],
            "session_id": session.id,
            "resume_gateway_url": self.url,
            "application": {"id": str(application.id), "flags": application.flags},
            "shard": [number, count],
        }
        session.send("READY", ready)
        for each in guilds if intents & GUILDS else []:
            session.send("GUILD_CREATE", wire.guild(each))
        self._world.changes.tell()
        return None

    def _resume(self, connection: Connection, d: Payload) -> int | None:
        if str(d.get("token", "")).removeprefix("Bot ") != self._world.application.token:
            return 4004
        session = self.sessions.get(str(d.get("session_id")))
        if session is None:
            connection.send({"op": INVALID, "d": False})
            return None
        last = d.get("seq")
        if not isinstance(last, int) or not 0 <= last <= len(session.sent):
            return 4007
        if session.connection:
            session.connection.close(4000)
        session.connection = connection
        connection.session = session
        for each in session.sent[last:]:
            connection.send(each)
        session.send("RESUMED", {"_trace": []})
        self.resumed += 1
        self._world.changes.tell()
        return None


def needed(event: str, guild: Guild | None) -> int:
    """Return the intents of which one is needed for an event."""
    if event.startswith("MESSAGE_REACTION"):
        return GUILD_REACTIONS if guild else DIRECT_REACTIONS
    if event.startswith("MESSAGE"):
        return GUILD_MESSAGES if guild else DIRECT_MESSAGES
    return GUILDS
