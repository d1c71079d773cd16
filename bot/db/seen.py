"""The last messages of each place that Easel saw or wrote, and the pictures in them."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from bot.db.database import Tx
from bot.db.pictures import has_bytes, of_job
from bot.db.schema import IS_POSTING, jobs, seen
from bot.types import Author, Place

WINDOW = 20
"""Messages looked back for a picture that words alone may refer to (PRODUCT §2, rule 7)."""


def add(tx: Tx, place: Place, message: str, by: Author, pictures: Sequence[str] = ()) -> None:
    """Note one message; the window's oldest falls out."""
    new = {"place": place.key, "message": message, "by": by, "pictures": list(pictures), "created": tx.now}
    tx.execute(_ADD, new)
    tx.execute(_FORGET, {"here": place.key})


def newest(tx: Tx, place: Place, by: Author | None = None) -> str | None:
    """Return the picture that words alone refer to: one of Easel's being posted this moment, else the first of the
    newest message in the window whose pictures are kept, of one author if given.
    """
    for row in tx.execute(_POSTING, {"here": place.key}).all():
        for each in of_job(tx, row.id, "result"):
            if has_bytes(tx, each.id):
                return each.id
    for row in tx.execute(_HERE, {"here": place.key}).all():
        if by in (None, row.by):
            for picture in row.pictures:
                if has_bytes(tx, picture):
                    return str(picture)
    return None


def forget(tx: Tx, place: Place, message: str) -> None:
    """A message was deleted: its pictures are no longer the newest."""
    tx.execute(seen.delete().where(seen.c.place == place.key, seen.c.message == message))


# Statements made once: half of what one costs is its making.
_POSTING = (
    sa.select(jobs.c.id)
    .where(IS_POSTING, jobs.c.place == sa.bindparam("here"))
    .order_by(jobs.c.created.desc(), jobs.c.id)
)
_ADD = seen.insert()
_HERE = seen.select().where(seen.c.place == sa.bindparam("here")).order_by(seen.c.id.desc())
_BEYOND = _HERE.with_only_columns(seen.c.id).offset(WINDOW).limit(1).scalar_subquery()
_FORGET = seen.delete().where(seen.c.place == sa.bindparam("here"), seen.c.id <= _BEYOND)
