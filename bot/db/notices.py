"""Short words between the processes of one database: "there is work", "settings changed".

A notice is said when its transaction commits. Subscribers of the same process hear it at once, on both databases; those
of other processes by PostgreSQL's NOTIFY (https://www.postgresql.org/docs/current/sql-notify.html), all on one channel,
as JSON `[sender, name, payload]`. It is a hint: while the connection is lost nothing is heard, and `RESYNC` says so.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import structlog
from sqlalchemy.engine import Connection

from bot.types import new_id

log = structlog.get_logger(__name__)

Notice = tuple[str, str]
"""Its name and payload."""
Subscriber = Callable[[str, str], None]
"""Called on the event loop with a notice's name and payload; must return at once."""
RESYNC = "resync"
"""The name of the notice that says: anything may have been missed, look yourself."""
CHANNEL = "easel"
MAX_BYTES = 7900
"""Of name and payload as JSON; PostgreSQL takes less than 8000 with the sender."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
"""Before connecting again: doubled at each failure, from the first again after a connection that held a while."""


def _literal(text: str) -> str:
    """Return a text as SQL writes it; JSON of ASCII only."""
    return "E'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def checked(name: str, payload: str) -> Notice:
    """Return a notice; raise ValueError when it is too long to be sent."""
    if (size := len(json.dumps([name, payload]))) > MAX_BYTES:
        raise ValueError(f"a notice of {size} bytes; at most {MAX_BYTES} can be sent")
    return name, payload


class Notices:
    """What this process says and hears."""

    def __init__(self, server: Mapping[str, Any] | None = None) -> None:
        """`server` are psycopg's connection parameters; None where no other process can be (SQLite)."""
        self._server = server
        self._sender = new_id()
        self._subscribers: list[Subscriber] = []
        self._listening: asyncio.Task[None] | None = None

    def subscribe(self, subscriber: Subscriber) -> None:
        """Call `subscriber` for each notice from now on; the first one makes this process listen to others."""
        self._subscribers.append(subscriber)
        if self._server is not None and self._listening is None:
            self._listening = asyncio.create_task(self._listen(self._server), name="database notices")

    def commit(self, connection: Connection, notices: Iterable[Notice]) -> None:
        """Commit a transaction and have other processes told, both in one message to the server."""
        if self._server is not None and (messages := [json.dumps([self._sender, *each]) for each in notices]):
            told = ", ".join(f"pg_notify('{CHANNEL}', {_literal(each)})" for each in messages)
            connection.exec_driver_sql(f"select {told}; commit")
        connection.commit()

    def tell(self, notices: Iterable[Notice]) -> None:
        """Call the subscribers of this process; an error of one is logged and does not stop the others."""
        for name, payload in notices:
            for subscriber in self._subscribers:
                try:
                    subscriber(name, payload)
                except Exception:
                    log.exception("a subscriber failed", notice=name)

    async def aclose(self) -> None:
        """Stop listening."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.wait({self._listening})

    async def _listen(self, server: Mapping[str, Any]) -> None:
        import psycopg  # an extra, there where PostgreSQL is configured

        pause, lost = FIRST_PAUSE_S, False
        while True:
            connected_at = None
            try:
                async with await psycopg.AsyncConnection.connect(**server, autocommit=True) as connection:
                    await connection.execute(f"listen {CHANNEL}")
                    connected_at = time.monotonic()
                    if lost:
                        log.info("notices of other processes are heard again")
                        lost = False
                    self.tell([(RESYNC, "")])
                    async for notification in connection.notifies():
                        self._heard(notification.payload)
            except (psycopg.Error, OSError) as error:
                if not lost:
                    log.warning("notices of other processes are not heard", error=" ".join(str(error).split()))
                    lost = True
            if connected_at is not None and time.monotonic() - connected_at > LONGEST_PAUSE_S:
                pause = FIRST_PAUSE_S
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)

    def _heard(self, message: str) -> None:
        with contextlib.suppress(ValueError, RecursionError):  # somebody else's, who uses our channel
            match json.loads(message):
                case [str(sender), str(name), str(payload)] if sender != self._sender:
                    self.tell([(name, payload)])
