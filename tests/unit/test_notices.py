"""What a transaction says is heard in every process, once it holds; and again after the connection was lost."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator

import psycopg
import pytest
from structlog.testing import capture_logs

from bot.db import notices
from bot.db.database import Database, Tx
from bot.db.notices import MAX_BYTES, RESYNC, Notice
from bot.errors import StorageAway
from tests.support.databases import opened_at
from tests.support.postgres import PostgresServer, running

PATIENCE_S = 30.0


class Ear:
    """A subscriber that remembers."""

    def __init__(self, database: Database) -> None:
        self.heard: asyncio.Queue[Notice] = asyncio.Queue()
        database.subscribe(lambda name, payload: self.heard.put_nowait((name, payload)))

    async def hear(self) -> Notice:
        return await asyncio.wait_for(self.heard.get(), PATIENCE_S)

    def all(self) -> list[Notice]:
        """Take what was heard already."""
        return [self.heard.get_nowait() for _ in range(self.heard.qsize())]


async def listening(database: Database) -> Ear:
    """Return a subscriber of a process that hears the others, if there can be any."""
    ear = Ear(database)
    if not database.exclusive:
        assert await ear.hear() == (RESYNC, "")
    return ear


async def say(database: Database, *names: str, payload: str = "") -> None:
    def step(tx: Tx) -> None:
        for name in names:
            tx.notice(name, payload)

    await database.write(step)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connect again at once."""
    monkeypatch.setattr(notices, "FIRST_PAUSE_S", 0.01)


@pytest.fixture(scope="module")
def own_server() -> Iterator[PostgresServer]:
    """A server that a test may stop, and starts again."""
    with running() as server:
        yield server


@pytest.mark.both_databases
async def test_notices_are_heard_in_order_when_the_write_returns(database: Database) -> None:
    ears = [await listening(database), Ear(database)]
    await say(database, "b", "a", "b")
    await say(database, "b", payload="1")
    for ear in ears:
        assert ear.all() == [("b", ""), ("a", ""), ("b", "1")]


@pytest.mark.both_databases
async def test_a_transaction_that_fails_says_nothing(database: Database) -> None:
    ear = await listening(database)

    def fail(tx: Tx) -> None:
        tx.notice("never")
        raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        await database.write(fail)
    await say(database, "then")
    assert ear.all() == [("then", "")]


@pytest.mark.both_databases
async def test_a_transaction_whose_caller_left_says_what_it_did(database: Database) -> None:
    ear = await listening(database)
    writer = asyncio.create_task(say(database, "done"))
    await asyncio.sleep(0)
    writer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writer
    assert await ear.hear() == ("done", "")


@pytest.mark.both_databases
async def test_a_notice_that_cannot_be_sent_fails_its_transaction(database: Database) -> None:
    longest = "x" * (MAX_BYTES - len('["long", ""]'))
    ear = await listening(database)
    await say(database, "long", payload=longest)
    with pytest.raises(ValueError, match="at most 7900"):
        await say(database, "short", "long", payload=longest + "x")
    assert ear.all() == [("long", longest)]


@pytest.mark.both_databases
async def test_a_subscriber_that_fails_does_not_silence_the_others(database: Database) -> None:
    def fail(name: str, payload: str) -> None:
        raise RuntimeError("deaf")

    before = await listening(database)
    database.subscribe(fail)
    after = Ear(database)
    with capture_logs() as logs:
        await say(database, "a", "b")
    assert before.all() == after.all() == [("a", ""), ("b", "")]
    assert [entry["notice"] for entry in logs] == ["a", "b"]


async def test_processes_hear_each_other(postgres: PostgresServer) -> None:
    odd = "a\0b\n“狐狸”\ud800"
    with postgres.database() as url:
        async with opened_at(url) as first, opened_at(url) as second:
            here, there = await listening(first), await listening(second)
            await say(first, "a", "b", payload=odd)
            assert [await there.hear() for _ in range(2)] == [("a", odd), ("b", odd)]
            with pytest.raises(ValueError, match="at most"):
                await say(second, "never", "never", payload="x" * 8000)
            await say(second, "c")
            assert [await here.hear() for _ in range(3)] == [("a", odd), ("b", odd), ("c", "")]
            await say(first, "d")
            assert [await there.hear() for _ in range(2)] == [("c", ""), ("d", "")]
            await say(second, "last")
            assert [await here.hear() for _ in range(2)] == [("d", ""), ("last", "")]  # own ones come once


async def test_databases_of_one_server_do_not_hear_each_other(postgres: PostgresServer) -> None:
    with postgres.database() as url, postgres.database() as other_url:
        async with opened_at(url) as here, opened_at(url) as neighbour, opened_at(other_url) as other:
            ear = await listening(here)
            await say(other, "other")
            await say(neighbour, "neighbour")
            assert await ear.hear() == ("neighbour", "")


@pytest.mark.parametrize("words", ["", "words", "17", "{}", "[]", '["s", 1, ""]', '["s", "n", "", ""]', "[" * 7999])
async def test_what_others_say_on_the_channel_is_passed_over(postgres: PostgresServer, words: str) -> None:
    with postgres.database() as url:
        async with opened_at(url) as first, opened_at(url) as second:
            ear = await listening(first)
            async with await psycopg.AsyncConnection.connect(url, autocommit=True) as stranger:
                await stranger.execute("select pg_notify(%s, %s)", (notices.CHANNEL, words))
            await say(second, "ours")
            assert await ear.hear() == ("ours", "")


@pytest.mark.usefixtures("quick")
async def test_a_listener_that_was_cut_off_comes_back_and_says_so(postgres: PostgresServer) -> None:
    with postgres.database() as url, capture_logs() as logs:
        async with opened_at(url) as first, opened_at(url) as second:
            ear = await listening(first)
            async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
                cut = await connection.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity"
                    " where datname = current_database() and query ilike 'listen%'"
                )
                assert await cut.fetchall() == [(True,)]
            assert await ear.hear() == (RESYNC, "")
            await say(second, "again")
            assert await ear.hear() == ("again", "")
    assert [(entry["log_level"], entry["event"]) for entry in logs] == [
        ("warning", "notices of other processes are not heard"),
        ("info", "notices of other processes are heard again"),
    ]


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("mode", ["fast", "immediate"])
async def test_a_server_that_was_away_is_used_again(own_server: PostgresServer, mode: str) -> None:
    with own_server.database() as url, capture_logs() as logs:
        async with opened_at(url) as first, opened_at(url) as second:
            ear = await listening(first)
            await asyncio.gather(*(database.read(lambda tx: tx.now) for database in [first, second] * 10))
            await asyncio.to_thread(own_server.stop, mode)
            with pytest.raises(StorageAway):
                await say(second, "lost")
            await asyncio.to_thread(own_server.start)
            assert await ear.hear() == (RESYNC, "")
            # No connection that was cut fails a transaction.
            await asyncio.gather(*(say(database, "back") for database in [first, second] * 10))
            assert [await ear.hear() for _ in range(20)] == [("back", "")] * 20
    assert [entry["log_level"] for entry in logs] == ["warning", "info"]


@pytest.mark.usefixtures("quick")
async def test_closing_ends_the_listening_also_while_it_is_lost(own_server: PostgresServer) -> None:
    with own_server.database() as url:
        with capture_logs() as logs:
            database = await Database.open(url)
            await listening(database)
            await asyncio.to_thread(own_server.stop)
            while not logs:
                await asyncio.sleep(0.005)
            await asyncio.wait_for(database.aclose(), PATIENCE_S)
        assert [task for task in asyncio.all_tasks() if task.get_name() == "database notices"] == []
        await asyncio.to_thread(own_server.start)


async def test_closing_ends_the_listening_also_while_it_connects() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        database = await Database.open(f"postgresql://easel@127.0.0.1:{port}/easel?connect_timeout=600")
        Ear(database)
        reached, _ = await asyncio.to_thread(silent.accept)
        await asyncio.wait_for(database.aclose(), PATIENCE_S)
        reached.close()
