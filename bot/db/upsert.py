"""`insert … on conflict`, which SQLAlchemy spells for each database by itself."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from bot.db.database import Tx


def upsert(tx: Tx, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    """Return an insert that can be told what to do when the row is there already."""
    if tx.connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)
