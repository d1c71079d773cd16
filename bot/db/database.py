"""Transactions: `Database.read(fn)` and `Database.write(fn)`, the same on SQLite and PostgreSQL.

`fn` is a plain function of a transaction; it runs whole or not at all, in a thread of the database's own: one way there
and one way back, however many statements it has. It must not keep state, touch the event loop or do heavy work. SQLite
has exactly one writing connection (`BEGIN IMMEDIATE`) and a few reading ones, and one process per file, held by a lock
file: SQLite before 3.51.3 can damage a WAL file when two connections write and checkpoint at the same instant.
"""

from __future__ import annotations

import asyncio
import fcntl
import functools
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, CursorResult, Engine
from sqlalchemy.exc import OperationalError

from bot.errors import ConfigError, StorageFull

Clock = Callable[[], float]
T = TypeVar("T")
BUSY_TIMEOUT_MS = 5000
READERS = 4
POSTGRES_CONNECTIONS = 10
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

    def __init__(self, writer: _Pool, reader: _Pool, clock: Clock, lock: BinaryIO | None) -> None:
        """Use `open`."""
        self._writer = writer
        self._reader = reader
        self._clock = clock
        self._lock = lock

    @classmethod
    async def open(cls, url: str, *, clock: Clock = time.time) -> Database:
        """Open `sqlite:///path` (made if absent, locked for this process) or `postgresql://…`.

        Raises ConfigError when another process holds the SQLite file or its folder cannot be written.
        """
        address = sa.make_url(url)
        if address.get_backend_name() != "sqlite":
            try:
                pool = _Pool(address.set(drivername="postgresql+psycopg"), POSTGRES_CONNECTIONS)
            except ModuleNotFoundError as error:
                raise ConfigError(
                    "database_url: Easel's extra “postgres” is not installed (EASEL_DATABASE_URL)"
                ) from error
            return cls(pool, pool, clock, None)
        path = Path(address.database or "easel.db")
        lock = await asyncio.to_thread(_lock, path)
        # Pictures and prompts are nobody else's business; SQLite gives its other files the same mode.
        await asyncio.to_thread(path.touch, 0o600)
        writer = _Pool(address, 1, "BEGIN IMMEDIATE")
        reader = _Pool(address, READERS, "BEGIN")
        return cls(writer, reader, clock, lock)

    @property
    def exclusive(self) -> bool:
        """True when no other process can be working on this database (SQLite)."""
        return self._lock is not None

    async def read(self, fn: Callable[[Tx], T]) -> T:
        """Run `fn` in a transaction that changes nothing."""
        return await self._reader.run(lambda: self._read(fn))

    async def write(self, fn: Callable[[Tx], T]) -> T:
        """Run `fn` in a transaction and commit it.

        Once asked for it ends whole, also when the caller is cancelled meanwhile: the caller's cancellation is raised
        to the caller, the transaction commits or rolls back on its own. Raises StorageFull when the disk is.
        """
        return await self._writer.run(lambda: self._write(fn))

    def _read(self, fn: Callable[[Tx], T]) -> T:
        with self._reader.engine.connect() as connection:
            return fn(Tx(connection, self._clock))

    def _write(self, fn: Callable[[Tx], T]) -> T:
        try:
            with self._writer.engine.begin() as connection:
                return fn(Tx(connection, self._clock))
        except OperationalError as error:
            if any(words in str(error.orig).lower() for words in _DISK_FULL):
                raise StorageFull(detail=str(error.orig)) from error
            raise

    async def aclose(self) -> None:
        """Finish transactions under way, close all connections and give the lock back."""
        for pool in (self._reader, self._writer):
            await asyncio.to_thread(pool.close)
        if self._lock is not None:
            self._lock.close()


class _Pool:
    """Connections, and as many threads to use them in: whoever waits, waits here in order, not inside the database."""

    def __init__(self, address: sa.URL, connections: int, begin: str | None = None) -> None:
        """`begin` starts every transaction on SQLite; the driver would choose its own moment."""
        options: dict[str, Any] = {} if begin is None else {"connect_args": {"isolation_level": None}}
        # Parameters are prompts and pictures: they stay out of error texts.
        self.engine: Engine = sa.create_engine(
            address, pool_size=connections, max_overflow=0, hide_parameters=True, **options
        )
        self._threads = ThreadPoolExecutor(connections, thread_name_prefix="database")
        if begin is not None:
            sa.event.listen(self.engine, "connect", _prepare_sqlite)
            sa.event.listen(self.engine, "begin", functools.partial(_begin, begin))

    async def run(self, transaction: Callable[[], T]) -> T:
        """Await a transaction that a cancelled caller does not cut off."""
        future = asyncio.get_running_loop().run_in_executor(self._threads, transaction)
        future.add_done_callback(_seen)
        return await asyncio.shield(future)

    def close(self) -> None:
        """Wait for what is under way, then close the connections."""
        self._threads.shutdown()
        self.engine.dispose()


def _seen(future: asyncio.Future[Any]) -> None:
    if not future.cancelled():
        future.exception()  # the caller has it, or nobody waits any more


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
