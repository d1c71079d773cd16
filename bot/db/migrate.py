"""Bring the database to this version's schema: forward only, whole or not at all, safe when several start at once."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from bot.db.database import Database, Tx
from bot.errors import BotError, ConfigError, StorageAway, StorageFull

OLDEST_POSTGRES = 13
_MIGRATIONS = Path(__file__).parent / "migrations"
_ADVISORY_LOCK = 0x45_41_53_45_4C  # "EASEL": serialises upgrades on PostgreSQL; SQLite's writer is alone anyway


async def upgrade(database: Database) -> None:
    """Apply what is missing, in one transaction.

    Raises ConfigError when the database is from a newer Easel, cannot be reached, or is none, and when the server is
    too old or the database's encoding is not UTF-8.
    """
    try:
        await database.write(upgrade_in)
    except (sa.exc.DatabaseError, StorageAway, StorageFull) as error:
        cause = error.__cause__ if isinstance(error, BotError) else error
        reason = _reason(getattr(cause, "orig", cause))
        raise ConfigError(f"the database cannot be used: {reason} (EASEL_DATA_DIR, EASEL_DATABASE_URL)") from error


def upgrade_in(tx: Tx) -> None:
    """As `upgrade`, in a transaction of the caller's."""
    if tx.connection.dialect.name == "postgresql":
        _check_server(tx.connection)
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


def _reason(error: BaseException | None) -> str:
    """Return what a database said, in one line; of a statement only what was wrong with it."""
    primary = getattr(getattr(error, "diag", None), "message_primary", None)
    words = "; ".join(line.strip() for line in (primary or str(error)).splitlines())
    return words.removeprefix("connection failed: ").removeprefix("connection is bad: ")


def _check_server(connection: sa.Connection) -> None:
    """Raise ConfigError when Easel cannot work with this PostgreSQL."""
    version, number, encoding = connection.execute(
        sa.text(
            "select current_setting('server_version'), current_setting('server_version_num'),"
            " current_setting('server_encoding')"
        )
    ).one()
    if int(number) < OLDEST_POSTGRES * 10_000:
        raise ConfigError(
            f"database_url: PostgreSQL {version} is too old, it must be {OLDEST_POSTGRES} or newer (EASEL_DATABASE_URL)"
        )
    if encoding != "UTF8":
        raise ConfigError(
            f"database_url: the database's encoding is {encoding}, it must be UTF8: "
            "create database easel encoding 'UTF8' template template0 (EASEL_DATABASE_URL)"
        )


def _current(tx: Tx) -> str | None:
    """Return the schema's revision, None for an empty database."""
    if not sa.inspect(tx.connection).has_table("alembic_version"):
        return None
    return tx.execute(sa.text("select version_num from alembic_version")).scalar()
