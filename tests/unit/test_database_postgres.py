"""What is PostgreSQL's own: several processes that start at once, and what an operator reads when it cannot be used."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import sql

from bot.db import migrate
from bot.db.database import Database
from bot.errors import ConfigError, StorageAway, StorageFull
from tests.support.databases import opened_at
from tests.support.postgres import PostgresServer, running

SECRET = "hunter2"


async def problem(url: str) -> str:
    """Return why a database cannot be used."""
    with pytest.raises(ConfigError) as caught:
        async with opened_at(url):
            pass
    (line,) = caught.value.problems
    assert "\n" not in line
    return line


@pytest.fixture
def guarded(postgres: PostgresServer) -> Iterator[PostgresServer]:
    """A server that asks its user `guarded` for the password."""
    postgres.administer(sql.SQL("create role guarded login password {}").format(SECRET))
    with postgres.asking_for_passwords("guarded"):
        yield postgres
    postgres.administer(sql.SQL("drop role guarded"))


async def test_several_processes_that_start_at_once_make_one_schema(postgres: PostgresServer) -> None:
    with postgres.database(migrated=False) as url:
        async with contextlib.AsyncExitStack() as stack:
            await asyncio.gather(*(stack.enter_async_context(opened_at(url)) for _ in range(4)))


async def test_a_full_disk_is_told_as_one(postgres: PostgresServer) -> None:
    with postgres.database() as url:
        async with opened_at(url) as database:
            full = (
                "do $$ begin raise disk_full using message = 'could not extend file: No space left on device'; end $$"
            )
            with pytest.raises(StorageFull):
                await database.write(lambda tx: tx.execute(sa.text(full)))


async def test_a_read_cannot_write(postgres: PostgresServer) -> None:
    with postgres.database() as url:
        async with opened_at(url) as database:
            with pytest.raises(sa.exc.InternalError, match="read-only transaction"):
                await database.read(lambda tx: tx.execute(sa.text("delete from seen")))
            await database.write(lambda tx: tx.execute(sa.text("delete from seen")))


async def test_a_wrong_or_missing_password_is_told_and_not_shown(guarded: PostgresServer) -> None:
    wrong = await problem(guarded.url("postgres", f"guarded:{SECRET}x"))
    assert 'password authentication failed for user "guarded" (EASEL_DATA_DIR, EASEL_DATABASE_URL)' in wrong
    assert SECRET not in wrong
    assert "no password supplied" in await problem(guarded.url("postgres", "guarded"))
    forbidden = await problem(guarded.url("postgres", f"guarded:{SECRET}"))
    assert forbidden.startswith("the database cannot be used: permission denied for schema public (")


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("u:hunter2@127.0.0.1:{port}/d", "Connection refused"),
        ("u:hunter2@127.0.0.1:99999/d", 'invalid port number: "99999"'),
        ("u:hunter2@127.0.0.1:{port}/d?passwort=hunter2", 'invalid connection option "passwort"'),
        ("u:hunter2@127.0.0.1:{port}/d?sslmode=perhaps", 'invalid sslmode value: "perhaps"'),
        ("u:hunter2@127.0.0.1:port/d", "in the password @ is written %40"),
        ("u:hunter2@[::1/d", "in the password @ is written %40"),
        ("u:it@hunter2@127.0.0.1:{port}/d", "in the password @ is written %40"),
        ("u:it@hunter2/x@127.0.0.1:{port}/d", "in the password @ is written %40"),
        ("u:it@hunter2:x@127.0.0.1:{port}/d", "in the password @ is written %40"),
        ("u:hunter2/#?:%zz@127.0.0.1:{port}/d", "Connection refused"),
    ],
)
async def test_a_wrong_address_is_told_without_its_password(
    free_port: Callable[[], int], address: str, said: str
) -> None:
    line = await problem("postgresql://" + address.format(port=free_port()))
    assert said in line
    assert SECRET not in line


async def test_a_database_that_is_not_there_is_told(postgres: PostgresServer) -> None:
    assert 'database "absent" does not exist' in await problem(postgres.url("absent"))


async def test_an_old_server_is_told(postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrate, "OLDEST_POSTGRES", 1000)
    with postgres.database(migrated=False) as url:
        line = await problem(url)
    assert line.startswith("database_url: PostgreSQL ")
    assert line.endswith(" is too old, it must be 1000 or newer (EASEL_DATABASE_URL)")


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
async def test_a_database_that_cannot_keep_every_text_is_told(postgres: PostgresServer, encoding: str) -> None:
    name = sql.Identifier(f"in_{encoding.lower()}")
    postgres.administer(sql.SQL("create database {} encoding {} template template0").format(name, encoding))
    line = await problem(postgres.url(f"in_{encoding.lower()}"))
    postgres.administer(sql.SQL("drop database {}").format(name))
    assert line.startswith(f"database_url: the database's encoding is {encoding}, it must be UTF8")


async def test_what_the_operator_says_of_the_connection_holds(postgres: PostgresServer) -> None:
    with postgres.database() as url:
        async with opened_at(f"{url}&application_name=studio") as database:
            name = sa.text("select current_setting('application_name')")
            assert await database.read(lambda tx: tx.execute(name).scalar_one()) == "studio"


async def test_a_backend_that_is_killed_in_a_transaction_fails_it_and_no_other(postgres: PostgresServer) -> None:
    with postgres.database() as url:
        async with opened_at(url) as database:
            killed = sa.text("select pg_terminate_backend(pg_backend_pid())")
            with pytest.raises(StorageAway):
                await database.write(lambda tx: tx.execute(killed))
            await asyncio.gather(*(database.write(lambda tx: tx.now) for _ in range(20)))


def test_the_server_of_tests_that_are_killed_goes_too() -> None:
    """Its keeper inherits the output of the tests: that ends when all is gone."""
    tests = (
        "import os, signal\n"
        "from tests.support.postgres import running\n"
        "with running() as server:\n"
        "    print(server.url('postgres'), flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    root = Path(__file__).parent.parent.parent
    command = [sys.executable, "-c", tests]
    done = subprocess.run(command, check=False, cwd=root, capture_output=True, text=True, timeout=100)
    url = done.stdout.strip()
    assert (done.returncode, done.stderr) == (-9, "")
    assert not Path(url.partition("host=")[2]).exists()
    with pytest.raises(psycopg.OperationalError, match="No such file"):
        psycopg.connect(url)


def test_a_server_for_tests_can_be_a_safe_one() -> None:
    with running({}) as server, psycopg.connect(server.url("postgres")) as connection:
        assert connection.execute("show fsync").fetchone() == ("on",)


async def test_nothing_is_asked_of_the_server_before_it_is_needed(free_port: Callable[[], int]) -> None:
    database = await Database.open(f"postgresql://u@127.0.0.1:{free_port()}/d")
    await database.aclose()
