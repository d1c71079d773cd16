"""The last messages of each place that Easel saw or wrote, and the pictures in them."""

from __future__ import annotations

from collections.abc import Sequence

from bot.db.database import Tx
from bot.db.pictures import has_bytes
from bot.db.schema import seen
from bot.types import Author, Place

WINDOW = 20
"""Messages looked back for a picture that words alone may refer to (PRODUCT §2, rule 7)."""


def add(tx: Tx, place: Place, message: str, by: Author, pictures: Sequence[str] = ()) -> None:
    """Note one message; the window's oldest falls out."""
    tx.execute(seen.insert().values(place=place.key, message=message, by=by, pictures=list(pictures), created=tx.now))
    beyond = tx.execute(
        seen.select().where(seen.c.place == place.key).order_by(seen.c.id.desc()).offset(WINDOW).limit(1)
    ).one_or_none()
    if beyond is not None:
        tx.execute(seen.delete().where(seen.c.place == place.key, seen.c.id <= beyond.id))


def newest(tx: Tx, place: Place, by: Author | None = None) -> str | None:
    """Return the first picture of the newest message in the window whose pictures are kept, of one author if given."""
    for row in tx.execute(seen.select().where(seen.c.place == place.key).order_by(seen.c.id.desc())).all():
        if by in (None, row.by):
            for picture in row.pictures:
                if has_bytes(tx, picture):
                    return str(picture)
    return None


def forget(tx: Tx, place: Place, message: str) -> None:
    """A message was deleted: its pictures are no longer the newest."""
    tx.execute(seen.delete().where(seen.c.place == place.key, seen.c.message == message))
