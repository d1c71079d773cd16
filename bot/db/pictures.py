"""Pictures as rows: what is known of each, and its bytes in parts.

Parts keep every single database call short, whatever the picture's size: each is copied under the interpreter's lock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from bot.db.database import Database, Tx
from bot.db.schema import job_pictures, picture_bytes, pictures
from bot.types import Picture

PART_BYTES = 1 << 20


def add(tx: Tx, picture: Picture, data: bytes, *, person: str, platform: str, job: str | None = None) -> None:
    """Insert a picture with its bytes. `job` is the job that drew it, None for a picture somebody gave."""
    row = {"id": picture.id, "job": job, "person": person, "platform": platform, "mime": picture.mime}
    size = {"width": picture.width, "height": picture.height, "size": len(data)}
    tx.execute(_ADD, row | size | {"facts": dict(picture.facts), "created": tx.now})
    view = memoryview(data)
    parts = [
        {"picture": picture.id, "part": number, "data": view[start : start + PART_BYTES]}
        for number, start in enumerate(range(0, len(data), PART_BYTES))
    ]
    tx.execute(_ADD_PARTS, parts)


def get(tx: Tx, picture: str) -> Picture | None:
    """Return what is known of a picture, or None."""
    row = tx.execute(_GET, {"this": picture}).one_or_none()
    return None if row is None else from_row(row)


def drawn_by(tx: Tx, picture: str) -> tuple[Picture, str | None] | None:
    """Return what is known of a picture and the id of the job that drew it (as `producer`), or None."""
    row = tx.execute(_GET, {"this": picture}).one_or_none()
    return None if row is None else (from_row(row), row.job)


def of_job(tx: Tx, job: str, role: str) -> tuple[Picture, ...]:
    """Return a job's pictures of one role (`input`, `mask`, `result`) in their order."""
    return tuple(from_row(row) for row in tx.execute(_OF_JOB, {"this": job, "as": role}))


def link(tx: Tx, job: str, role: str, picture_ids: Iterable[str], *, start: int = 0) -> None:
    """Say that these pictures are a job's inputs, mask or results, from position `start` on."""
    rows = [
        {"job": job, "role": role, "position": number, "picture": picture}
        for number, picture in enumerate(picture_ids, start)
    ]
    if rows:
        tx.execute(_LINK, rows)


def producer(tx: Tx, picture: str) -> str | None:
    """Return the id of the job that drew a picture; None for a picture somebody gave."""
    return tx.execute(_PRODUCER, {"this": picture}).scalar()


def has_bytes(tx: Tx, picture: str) -> bool:
    """Tell whether a picture's bytes are still kept."""
    return tx.execute(_HAS_BYTES, {"this": picture}).first() is not None


def with_bytes() -> sa.ColumnElement[bool]:
    """Return the condition on `pictures` that their bytes are still kept."""
    return sa.select(picture_bytes.c.part).where(picture_bytes.c.picture == pictures.c.id).exists()


def drop_bytes(tx: Tx, picture_ids: Sequence[str]) -> None:
    """Delete the bytes and keep the rows, so that history can still tell of them."""
    tx.execute(picture_bytes.delete().where(picture_bytes.c.picture.in_(picture_ids)))


def delete(tx: Tx, picture_ids: Sequence[str]) -> None:
    """Delete pictures for good."""
    tx.execute(pictures.delete().where(pictures.c.id.in_(picture_ids)))


def parts(tx: Tx, picture: str) -> list[bytes]:
    """Return a picture's bytes in parts, for `joined`; empty when they are no longer kept."""
    return list(tx.execute(_PARTS, {"this": picture}).scalars())


async def joined(parts: Sequence[bytes]) -> bytes:
    """Return the parts as one, put together off the event loop."""
    return parts[0] if len(parts) == 1 else await asyncio.to_thread(b"".join, parts)


async def read(database: Database, picture: str) -> bytes | None:
    """Return a picture's bytes, or None when they are no longer kept."""
    stored = await database.read(lambda tx: parts(tx, picture))
    return await joined(stored) if stored else None


def from_row(row: sa.Row[Any]) -> Picture:
    """Make the value of a row of `pictures`."""
    return Picture(id=row.id, mime=row.mime, width=row.width, height=row.height, size=row.size, facts=row.facts)


# Statements made once: half of what one costs is its making.
_this: sa.BindParameter[str] = sa.bindparam("this")
_ADD, _ADD_PARTS, _LINK = pictures.insert(), picture_bytes.insert(), job_pictures.insert()
_GET = pictures.select().where(pictures.c.id == _this)
_PARTS = sa.select(picture_bytes.c.data).where(picture_bytes.c.picture == _this).order_by(picture_bytes.c.part)
_HAS_BYTES = sa.select(picture_bytes.c.part).where(picture_bytes.c.picture == _this).limit(1)
_PRODUCER = sa.select(pictures.c.job).where(pictures.c.id == _this)
_OF_JOB = (
    sa.select(pictures)
    .join(job_pictures, job_pictures.c.picture == pictures.c.id)
    .where(job_pictures.c.job == _this, job_pictures.c.role == sa.bindparam("as"))
    .order_by(job_pictures.c.position)
)
