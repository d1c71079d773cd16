"""Transactions: `Database.read(fn)` and `Database.write(fn)`, the same on SQLite and PostgreSQL.

`fn` is a plain function of a transaction; it runs whole or not at all. It must not await, keep state or do heavy work:
between its statements the event loop goes on. SQLite has exactly one writing connection (`BEGIN IMMEDIATE`) and a few
reading ones, and one process per file, held by a lock file: SQLite before 3.51.3 can damage a WAL file when two
connections write and checkpoint at the same instant.
"""

from __future__ import annotations

import asyncio
import fcntl
import functools
import os
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, CursorResult
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.errors import ConfigError, StorageFull

Clock = Callable[[], float]
T = TypeVar("T")
BUSY_TIMEOUT_MS = 5000
READERS = 4
_DISK_FULL = ("disk is full", "disk full", "no space left")


class Tx:
    """One transaction: statements and the time they happen at."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        """`clock` is used on SQLite; PostgreSQL has its own."""
        self.connection = connection
        self._clock = clock

    def execute(self, statement: sa.Executable, parameters: Any = None) -> CursorResult[Any]:
        """Run one statement."""
        result = self.connection.execute(statement, parameters)
        assert isinstance(result, CursorResult)
        return result

    @functools.cached_property
    def now(self) -> float:
        """Seconds since the epoch; one value for the whole transaction."""
        if self.connection.dialect.name == "sqlite":
            return self._clock()
        return float(self.connection.scalar(sa.text("select extract(epoch from clock_timestamp())")) or 0)


class Database:
    """The open database. Make one with `await Database.open(…)` and close it on every way out."""

    def __init__(self, writer: AsyncEngine, reader: AsyncEngine, clock: Clock, lock: BinaryIO | None) -> None:
        """Use `open`."""
        self._writer = writer
        self._reader = reader
        self._clock = clock
        self._lock = lock
        self._under_way: set[asyncio.Task[Any]] = set()

    @classmethod
    async def open(cls, url: str, *, clock: Clock = time.time) -> Database:
        """Open `sqlite:///path` (made if absent, locked for this process) or `postgresql://…`.

        Raises ConfigError when another process holds the SQLite file or its folder cannot be written.
        """
        address = sa.make_url(url)
        if address.get_backend_name() != "sqlite":
            try:
                engine = create_async_engine(
                    address.set(drivername="postgresql+psycopg"), pool_size=10, hide_parameters=True
                )
            except ModuleNotFoundError as error:
                raise ConfigError(
                    "database_url: Easel's extra “postgres” is not installed (EASEL_DATABASE_URL)"
                ) from error
            return cls(engine, engine, clock, None)
        path = Path(address.database or "easel.db")
        lock = await asyncio.to_thread(_lock, path)
        # Pictures and prompts are nobody else's business; SQLite gives its other files the same mode.
        await asyncio.to_thread(path.touch, 0o600)
        # Parameters are prompts and pictures: they stay out of error texts.
        options: dict[str, Any] = {
            "url": address.set(drivername="sqlite+aiosqlite"),
            "max_overflow": 0,
            "pool_timeout": None,  # whoever waits gets a turn; a limit would fail jobs because others are long
            "hide_parameters": True,
            "connect_args": {"isolation_level": None},
        }
        # The one writer: whoever else wants to write waits in the pool, not in SQLite.
        writer = create_async_engine(pool_size=1, **options)
        reader = create_async_engine(pool_size=READERS, **options)
        for engine, begin in ((writer, "BEGIN IMMEDIATE"), (reader, "BEGIN")):
            sa.event.listen(engine.sync_engine, "connect", _prepare_sqlite)
            sa.event.listen(engine.sync_engine, "begin", functools.partial(_begin, begin))
        return cls(writer, reader, clock, lock)

    @property
    def exclusive(self) -> bool:
        """True when no other process can be working on this database (SQLite)."""
        return self._lock is not None

    async def read(self, fn: Callable[[Tx], T]) -> T:
        """Run `fn` in a transaction that changes nothing."""
        return await self._whole(self._read(fn))

    async def write(self, fn: Callable[[Tx], T]) -> T:
        """Run `fn` in a transaction and commit it.

        Once begun it ends whole, also when the caller is cancelled meanwhile: the caller's cancellation is raised to
        the caller, the transaction commits or rolls back on its own. Raises StorageFull when the disk is.
        """
        return await self._whole(self._write(fn))

    async def _whole(self, transaction: Coroutine[Any, Any, T]) -> T:
        """Await a transaction that a cancelled caller does not cut off: a connection cut off is a connection lost."""
        task = asyncio.create_task(transaction)
        self._under_way.add(task)
        task.add_done_callback(self._done)
        return await asyncio.shield(task)

    async def _read(self, fn: Callable[[Tx], T]) -> T:
        async with self._reader.connect() as connection:
            return await connection.run_sync(lambda c: fn(Tx(c, self._clock)))

    async def _write(self, fn: Callable[[Tx], T]) -> T:
        try:
            async with self._writer.begin() as connection:
                return await connection.run_sync(lambda c: fn(Tx(c, self._clock)))
        except OperationalError as error:
            if any(words in str(error.orig).lower() for words in _DISK_FULL):
                raise StorageFull(detail=str(error.orig)) from error
            raise

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._under_way.discard(task)
        if not task.cancelled():
            task.exception()  # seen by the caller, or nobody waits any more

    async def aclose(self) -> None:
        """Finish transactions under way, close all connections and give the lock back."""
        await asyncio.gather(*self._under_way, return_exceptions=True)
        await self._reader.dispose()
        await self._writer.dispose()
        if self._lock is not None:
            self._lock.close()


def _lock(path: Path) -> BinaryIO:
    """Take the lock file beside the database; held until closed, freed by the system when the process dies."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.with_suffix(".lock").open("ab")
    except OSError as error:
        raise ConfigError(f"data_dir: cannot write to {path.parent}: {error.strerror} (EASEL_DATA_DIR)") from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise ConfigError(
            f"data_dir: another Easel is using {path.parent}; stop it, or choose another folder (EASEL_DATA_DIR)"
        ) from error
    os.set_inheritable(file.fileno(), False)
    return file


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(statement: str, connection: Connection) -> None:
    connection.exec_driver_sql(statement)
