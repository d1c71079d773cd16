"""The local studio's one conversation: messages as rows, what a chat platform would keep on its own servers.

A message knows its pictures by id; what is read of them comes from the stored pictures, so a picture that is no longer
kept disappears from its message by itself.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from bot.answers import Button
from bot.db import pictures
from bot.db.database import Database, Tx
from bot.db.schema import picture_bytes, studio_messages
from bot.db.schema import pictures as picture_rows
from bot.types import Author, Picture

QUOTE_LENGTH = 200
"""Characters of an answered message that are shown with the answer."""


@dataclass(frozen=True, slots=True)
class Quote:
    """What a message answers, as shown with it."""

    message: int
    text: str | None
    """Its beginning; None when the message was deleted."""
    picture: Picture | None
    """The picture answered, if one is and it is still kept."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the conversation, with the pictures that are still kept."""

    id: int
    """Grows with every message."""
    key: str
    by: Author
    text: str
    alt: str
    """Alternative text of the pictures."""
    pictures: tuple[Picture, ...]
    lost: int
    """Pictures it had that are no longer kept."""
    buttons: tuple[Button, ...]
    quote: Quote | None
    job: str | None
    """The job whose end it tells."""
    created: float
    """Seconds since the epoch."""


class StudioMessages:
    """The stored conversation; every method is one transaction."""

    def __init__(self, database: Database) -> None:
        """Messages are kept in this database."""
        self._database = database

    async def add(
        self,
        key: str,
        by: Author,
        text: str,
        *,
        alt: str = "",
        shown: Sequence[str] = (),
        reply_to: int | None = None,
        quoted: str | None = None,
        buttons: Sequence[Button] = (),
        job: str | None = None,
    ) -> Message:
        """Insert a message and return it as stored; if `key` is known, insert nothing and return the one it made.

        `shown` are the ids of its pictures, `quoted` is the one picture of `reply_to` that is meant.
        """
        values: dict[str, Any] = {
            "key": key,
            "by": by,
            "text": _storable(text),
            "alt": _storable(alt),
            "pictures": {"shown": [*shown], "quoted": quoted},
            "buttons": [*buttons],
            "reply_to": reply_to,
            "job": job,
        }

        def step(tx: Tx) -> Message:
            # On PostgreSQL the same message may come twice at the same moment.
            if not _read(tx, _by_key(key)):
                with contextlib.suppress(sa.exc.IntegrityError), tx.connection.begin_nested():
                    tx.execute(studio_messages.insert().values(created=tx.now, **values))
            return _read(tx, _by_key(key))[0]

        return await self._database.write(step)

    async def by_key(self, key: str) -> Message | None:
        """Return the message of a key, or None."""
        return next(iter(await self._select(_by_key(key))), None)

    async def get(self, message: int) -> Message | None:
        """Return a message, or None."""
        return next(iter(await self._select(_by_id(message))), None)

    async def newest(self, limit: int, *, before: int | None = None) -> list[Message]:
        """Return the last `limit` messages, or the last ones before a message; oldest first."""
        query = studio_messages.select().order_by(studio_messages.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(studio_messages.c.id < before)
        return (await self._select(query))[::-1]

    async def show_inputs(self, message: int, job: str, count: int) -> Message | None:
        """Let a message show the first `count` pictures given to a job; return it as it is now, None if deleted."""

        def step(tx: Tx) -> Message | None:
            row = tx.execute(_by_id(message)).one_or_none()
            if row is None:
                return None
            shown = [each.id for each in pictures.of_job(tx, job, "input")[:count]]
            values = {"pictures": row.pictures | {"shown": shown}}
            tx.execute(studio_messages.update().where(studio_messages.c.id == message).values(values))
            return _read(tx, _by_id(message))[0]

        return await self._database.write(step)

    async def clear(self, *, before: int) -> None:
        """Delete all messages older than this one."""
        old = studio_messages.delete().where(studio_messages.c.id < before)
        await self._database.write(lambda tx: tx.execute(old))

    async def remove(self, message: int) -> None:
        """Delete a message; its pictures are somebody else's to delete."""
        query = studio_messages.delete().where(studio_messages.c.id == message)
        await self._database.write(lambda tx: tx.execute(query))

    async def _select(self, query: sa.Select[Any]) -> list[Message]:
        return await self._database.read(lambda tx: _read(tx, query))


def _storable(text: str) -> str:
    """Leave out what PostgreSQL does not take, NUL, and what is no character, half a surrogate pair."""
    return text.replace("\0", "").encode("utf-8", "ignore").decode()


def _by_key(key: str) -> sa.Select[Any]:
    return studio_messages.select().where(studio_messages.c.key == key)


def _by_id(message: int) -> sa.Select[Any]:
    return studio_messages.select().where(studio_messages.c.id == message)


def _read(tx: Tx, query: sa.Select[Any]) -> list[Message]:
    rows = tx.execute(query).all()
    answered = [row.reply_to for row in rows if row.reply_to is not None]
    targets = {row.id: row for row in tx.execute(studio_messages.select().where(studio_messages.c.id.in_(answered)))}
    wanted = [picture for row in (*rows, *targets.values()) for picture in row.pictures["shown"]]
    kept = _kept(tx, wanted)
    return [_message(row, targets, kept) for row in rows]


def _kept(tx: Tx, wanted: Sequence[str]) -> dict[str, Picture]:
    first_part = (picture_bytes.c.picture == picture_rows.c.id) & (picture_bytes.c.part == 0)
    query = sa.select(picture_rows).join(picture_bytes, first_part).where(picture_rows.c.id.in_(wanted))
    return {row.id: pictures.from_row(row) for row in tx.execute(query)}


def _message(row: sa.Row[Any], targets: Mapping[int, sa.Row[Any]], kept: Mapping[str, Picture]) -> Message:
    shown = row.pictures["shown"]
    return Message(
        id=row.id,
        key=row.key,
        by=row.by,
        text=row.text,
        alt=row.alt,
        pictures=tuple(kept[each] for each in shown if each in kept),
        lost=sum(each not in kept for each in shown),
        buttons=tuple(row.buttons),
        quote=None if row.reply_to is None else _quote(row, targets.get(row.reply_to), kept),
        job=row.job,
        created=row.created,
    )


def _quote(row: sa.Row[Any], target: sa.Row[Any] | None, kept: Mapping[str, Picture]) -> Quote:
    if target is None:
        return Quote(row.reply_to, None, None)
    meant = [row.pictures["quoted"]] if row.pictures["quoted"] else target.pictures["shown"]
    text = target.alt or target.text
    return Quote(target.id, text[:QUOTE_LENGTH], next((kept[each] for each in meant if each in kept), None))
