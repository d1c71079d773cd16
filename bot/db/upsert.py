"""`insert … on conflict`, which SQLAlchemy spells for each database by itself."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert

from bot.db.database import Tx

Insert = sqlite.Insert | postgresql.Insert
Statement = Insert | ReturningInsert[tuple[object, ...]]


class Upsert:
    """An insert that knows what to do when the row is there already; made once, for it is often used."""

    def __init__(self, table: sa.Table, finish: Callable[[Insert], Statement]) -> None:
        """`finish` adds the values, what to do on conflict, and what to return."""
        self._statements = {"sqlite": finish(sqlite.insert(table)), "postgresql": finish(postgresql.insert(table))}

    def on(self, tx: Tx) -> Statement:
        """Return the statement for the database of a transaction."""
        return self._statements[tx.connection.dialect.name]
