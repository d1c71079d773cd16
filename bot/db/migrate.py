"""Bring the database to this version's schema: forward only, whole or not at all, safe when several start at once."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from bot.db.database import Database, Tx
from bot.errors import ConfigError

_MIGRATIONS = Path(__file__).parent / "migrations"
_ADVISORY_LOCK = 0x45_41_53_45_4C  # "EASEL": serialises upgrades on PostgreSQL; SQLite's writer is alone anyway


async def upgrade(database: Database) -> None:
    """Apply what is missing, in one transaction.

    Raises ConfigError when the database is from a newer Easel, cannot be reached, or is none.
    """
    try:
        await database.write(upgrade_in)
    except sa.exc.DatabaseError as error:
        reason = " ".join(str(error.orig).split())
        raise ConfigError(f"the database cannot be used: {reason} (EASEL_DATA_DIR, EASEL_DATABASE_URL)") from error


def upgrade_in(tx: Tx) -> None:
    """As `upgrade`, in a transaction of the caller's."""
    if tx.connection.dialect.name == "postgresql":
        tx.execute(sa.text("select pg_advisory_xact_lock(:n)"), {"n": _ADVISORY_LOCK})
    known = sorted(path.stem.partition("_")[0] for path in (_MIGRATIONS / "versions").glob("0*.py"))
    current = _current(tx)
    if current == known[-1]:
        return
    if current is not None and current not in known:
        raise ConfigError(
            f"database_url: the database was written by a newer Easel (schema {current}); please update Easel"
        )
    # Only now: importing Alembic takes longer than all the rest of a start.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = tx.connection
    command.upgrade(config, "head")


def _current(tx: Tx) -> str | None:
    """Return the schema's revision, None for an empty database."""
    if not sa.inspect(tx.connection).has_table("alembic_version"):
        return None
    return tx.execute(sa.text("select version_num from alembic_version")).scalar()
