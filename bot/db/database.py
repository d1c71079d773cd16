"""Transactions: `Database.read(fn)` and `Database.write(fn)`, the same on SQLite and PostgreSQL.

`fn` is a plain function of a transaction; it runs whole or not at all, in a thread of the database's own: one way there
and one way back, however many statements it has. It must not keep state, touch the event loop or do heavy work. SQLite
has exactly one writing connection (`BEGIN IMMEDIATE`) and a few reading ones, and one process per file, held by a lock
file: SQLite before 3.51.3 can damage a WAL file when two connections write and checkpoint at the same instant.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import fcntl
import functools
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, CursorResult, Engine
from sqlalchemy.exc import ArgumentError, OperationalError

from bot.db.notices import Notice, Notices, Subscriber, checked
from bot.errors import ConfigError, StorageAway, StorageFull

Clock = Callable[[], float]
T = TypeVar("T")
BUSY_TIMEOUT_MS = 5000
READERS = 4
POSTGRES_CONNECTIONS = 10
_CONNECTION = {
    "application_name": "easel",
    "client_encoding": "utf8",
    "connect_timeout": "10",
    # A server that is gone without a word is missed after a minute, also by who only listens.
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
}
"""libpq's parameters, where `database_url` does not name them."""
_CLOCK = "select extract(epoch from clock_timestamp())"
_NOW, _READS = "easel_now", "easel_reads"
_DISK_FULL = ("disk is full", "disk full", "no space left")


class Tx:
    """One transaction: statements, the time they happen at, and what is said once they hold."""

    def __init__(self, connection: Connection, clock: Clock | None) -> None:
        """Without a `clock` the time is the server's (PostgreSQL)."""
        self.connection = connection
        self.notices: dict[Notice, bool] = {}
        """What is said when it commits, in this order, and whether in this process too."""
        self._clock = clock

    def execute(self, statement: sa.Executable, parameters: Any = None) -> CursorResult[Any]:
        """Run one statement."""
        result = self.connection.execute(statement, parameters)
        assert isinstance(result, CursorResult)
        return result

    @functools.cached_property
    def now(self) -> float:
        """Seconds since the epoch; one value for the whole transaction."""
        if self._clock is not None:
            return self._clock()
        if (told := self.connection.info.get(_NOW)) is None:
            told = self.connection.exec_driver_sql(_CLOCK).scalar()
        return float(told or 0)

    def notice(self, name: str, payload: str = "", *, here: bool = True) -> None:
        """Tell all subscribers, in every process, when this transaction has committed; the same words only once.

        `here` False: only those of other processes. For `Database.write` only. Raises ValueError when it is longer
        than PostgreSQL takes.
        """
        self.notices[checked(name, payload)] = here


class Database:
    """The open database. Make one with `await Database.open(…)` and close it on every way out."""

    def __init__(
        self, writer: _Pool, reader: _Pool, clock: Clock | None, lock: BinaryIO | None, notices: Notices
    ) -> None:
        """Use `open`."""
        self._writer = writer
        self._reader = reader
        self._clock = clock
        self._lock = lock
        self._notices = notices

    @classmethod
    async def open(cls, url: str, *, clock: Clock = time.time) -> Database:
        """Open `sqlite:///path` (made if absent, locked for this process) or `postgresql://…`.

        On PostgreSQL the time is the server's, one for all processes, unless a clock other than `time.time` is given.
        Its server is asked for nothing yet. Raises ConfigError when the address cannot be read, when another process
        holds the SQLite file, and when its folder cannot be written.
        """
        address = _address(url)
        if address.get_backend_name() != "sqlite":
            return cls._on_postgres(address, None if clock is time.time else clock)
        path = Path(address.database or "easel.db")
        lock = await asyncio.to_thread(_lock, path)
        # Pictures and prompts are nobody else's business; SQLite gives its other files the same mode.
        await asyncio.to_thread(path.touch, 0o600)
        writer = _Pool(address, 1, "BEGIN IMMEDIATE")
        reader = _Pool(address, READERS, "BEGIN")
        return cls(writer, reader, clock, lock, Notices())

    @classmethod
    def _on_postgres(cls, address: sa.URL, clock: Clock | None) -> Database:
        wanted = {name: value for name, value in _CONNECTION.items() if name not in address.query}
        address = address.set(drivername="postgresql+psycopg").update_query_dict(wanted)
        try:
            # Transactions are begun here, not by the driver: the time is asked for in the same message.
            writer = _Pool(address, POSTGRES_CONNECTIONS, isolation_level="AUTOCOMMIT")
        except ModuleNotFoundError as error:
            raise ConfigError("database_url: Easel's extra “postgres” is not installed (EASEL_DATABASE_URL)") from error
        sa.event.listen(writer.engine, "begin", _begin_on_postgres)
        reader = writer.view(**{_READS: True})
        _, parameters = writer.engine.dialect.create_connect_args(writer.engine.url)
        return cls(writer, reader, clock, None, Notices(parameters))

    def subscribe(self, subscriber: Subscriber) -> None:
        """Call `subscriber(name, payload)` on the event loop for each notice of any process, see `Tx.notice`.

        Notices of this process come before the `write` that said them returns. `RESYNC` comes whenever this process
        begins to hear the others, again or for the first time.
        """
        self._notices.subscribe(subscriber)

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
        to the caller, the transaction commits or rolls back on its own. Raises StorageFull when the disk is, and
        StorageAway when the database does not answer.
        """
        loop = asyncio.get_running_loop()
        return await self._writer.run(lambda: self._write(fn, loop))

    def _read(self, fn: Callable[[Tx], T]) -> T:
        with _trouble(), self._reader.engine.connect() as connection:
            return self._done(fn, connection)[0]

    def _write(self, fn: Callable[[Tx], T], loop: asyncio.AbstractEventLoop) -> T:
        with _trouble(), self._writer.engine.connect() as connection:
            result, notices = self._done(fn, connection)
            self._notices.commit(connection, notices)
        if here := [notice for notice, also_here in notices.items() if also_here]:
            loop.call_soon_threadsafe(self._notices.tell, here)
        return result

    def _done(self, fn: Callable[[Tx], T], connection: Connection) -> tuple[T, dict[Notice, bool]]:
        """Do all of a transaction but its commit; once more, if a restart of the server had cut the connection.

        Nothing of the first can hold: it was not committed. After a commit nothing is repeated, for whether one that
        got lost arrived, nobody knows.
        """
        for again in (True, False):
            tx = Tx(connection, self._clock)
            try:
                connection.begin()
                return fn(tx), tx.notices
            except OperationalError as error:
                if not (again and error.connection_invalidated):
                    raise
                connection.rollback()
        raise AssertionError

    async def aclose(self) -> None:
        """Finish transactions under way, close all connections and give the lock back."""
        await self._notices.aclose()
        for pool in (self._reader, self._writer):
            await asyncio.to_thread(pool.close)
        if self._lock is not None:
            self._lock.close()


class _Pool:
    """Connections, and as many threads to use them in: whoever waits, waits here in order, not inside the database."""

    def __init__(self, address: sa.URL, connections: int, begin: str | None = None, **options: Any) -> None:
        """`begin` starts every transaction on SQLite; the driver would choose its own moment."""
        if begin is not None:
            options["connect_args"] = {"isolation_level": None}
        # Parameters are prompts and pictures: they stay out of error texts.
        self.engine: Engine = sa.create_engine(
            address, pool_size=connections, max_overflow=0, hide_parameters=True, **options
        )
        self._threads = ThreadPoolExecutor(connections, thread_name_prefix="database")
        if begin is not None:
            sa.event.listen(self.engine, "connect", _prepare_sqlite)
            sa.event.listen(self.engine, "begin", functools.partial(_begin, begin))

    def view(self, **options: Any) -> _Pool:
        """Return the same connections and threads with other execution options."""
        other = copy.copy(self)
        other.engine = self.engine.execution_options(**options)
        return other

    async def run(self, transaction: Callable[[], T]) -> T:
        """Await a transaction that a cancelled caller does not cut off."""
        future = asyncio.get_running_loop().run_in_executor(self._threads, transaction)
        future.add_done_callback(_seen)
        return await asyncio.shield(future)

    def close(self) -> None:
        """Wait for what is under way, then close the connections."""
        self._threads.shutdown()
        self.engine.dispose()


@contextlib.contextmanager
def _trouble() -> Iterator[None]:
    """Tell trouble of the storage from mistakes of ours."""
    try:
        yield
    except OperationalError as error:
        words = " ".join(str(error.orig).split())
        full = any(each in words.lower() for each in _DISK_FULL)
        raise (StorageFull if full else StorageAway)(detail=words) from error


def _seen(future: asyncio.Future[Any]) -> None:
    if not future.cancelled():
        future.exception()  # the caller has it, or nobody waits any more


def _address(url: str) -> sa.URL:
    """Read an address. What is wrong with it is not quoted: it may be a part of the password."""
    with contextlib.suppress(ArgumentError, ValueError):
        address = sa.make_url(url)
        if "@" not in f"{address.host}{address.database}":
            return address
    raise ConfigError(
        "database_url: cannot be read; it looks like postgresql://user:password@host:5432/name, and in the password "
        "@ is written %40, / is %2F and % is %25 (EASEL_DATABASE_URL)"
    )


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


def _begin_on_postgres(connection: Connection) -> None:
    if connection.get_execution_options().get(_READS):
        connection.info[_NOW] = None
        # Several reads see one state, as on SQLite.
        connection.exec_driver_sql("begin isolation level repeatable read read only")
    else:
        connection.info[_NOW] = connection.exec_driver_sql(f"{_CLOCK}; begin").scalar()
