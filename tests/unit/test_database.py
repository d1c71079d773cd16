"""Transactions hold whatever happens to their caller; one process per file; migrations whole or not at all."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from bot.db import migrate, pictures
from bot.db.backup import backup
from bot.db.database import Database, Tx
from bot.db.schema import jobs, metadata
from bot.db.schema import pictures as picture_rows
from bot.errors import ConfigError, StorageFull
from bot.jobs import journal
from tests.support.databases import opened_at
from tests.support.jobs import add, fill_disk, job, opened, picture


async def count(database: Database, table: sa.Table) -> int:
    return await database.read(lambda tx: tx.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


@pytest.mark.both_databases
async def test_write_commits_and_read_sees(database_url: str) -> None:
    async with opened_at(database_url) as database:
        await add(database, job())
        assert await count(database, jobs) == 1


@pytest.mark.both_databases
async def test_error_rolls_the_whole_transaction_back(database_url: str) -> None:
    def half(tx: Tx) -> None:
        journal.add(tx, job(), "k")
        raise RuntimeError("half way")

    async with opened_at(database_url) as database:
        with pytest.raises(RuntimeError, match="half way"):
            await database.write(half)
        assert await count(database, jobs) == 0
        await add(database, job())
        assert await count(database, jobs) == 1


@pytest.mark.both_databases
async def test_storm_of_cancelled_writers_leaves_nothing_half_written(database_url: str) -> None:
    """A write whose caller is cancelled ends whole; the database goes on working (naive wrappers never recover)."""
    chance = random.Random(7)

    def both(tx: Tx) -> None:
        drawn = picture()
        pictures.add(tx, drawn, b"abc", person="local:ann", platform="local")
        journal.add(tx, job(), drawn.id, inputs=(drawn.id,))

    async with opened_at(database_url) as database:
        writers = [asyncio.create_task(database.write(both)) for _ in range(200)]
        for writer in chance.sample(writers, 120):
            await asyncio.sleep(chance.random() / 500)
            writer.cancel()
        results = await asyncio.gather(*writers, return_exceptions=True)
        assert all(result is None or isinstance(result, asyncio.CancelledError) for result in results)
        finished = sum(result is None for result in results)
        await add(database, job())
    async with opened_at(database_url) as database:  # whatever was under way is over now
        stored = await count(database, picture_rows)
        assert finished <= stored == await count(database, jobs) - 1


@pytest.mark.both_databases
async def test_closing_waits_for_a_write_nobody_waits_for(database_url: str) -> None:
    async with opened_at(database_url) as database:
        writer = asyncio.create_task(database.write(lambda tx: journal.add(tx, job(), "k")))
        await asyncio.sleep(0)
        writer.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writer
    async with opened_at(database_url) as database:
        assert await count(database, jobs) == 1


@pytest.mark.both_databases
async def test_time_stands_still_in_a_transaction_and_goes_on(database_url: str) -> None:
    def twice(tx: Tx) -> tuple[float, float]:
        return tx.now, tx.now

    async with opened_at(database_url) as database:
        first, again = await database.read(twice)
        assert first == again == pytest.approx(time.time(), abs=3600)
        assert await database.write(lambda tx: tx.now) > first
    async with opened_at(database_url, lambda: 7.0) as database:
        assert await database.write(twice) == (7.0, 7.0)


@pytest.mark.both_databases
async def test_a_read_sees_one_state_while_others_write(database_url: str) -> None:
    async with opened_at(database_url) as database:
        written = threading.Event()
        looked = asyncio.Event()
        loop = asyncio.get_running_loop()

        def look(tx: Tx) -> tuple[int, int]:
            query = sa.select(sa.func.count()).select_from(jobs)
            before = tx.execute(query).scalar_one()
            loop.call_soon_threadsafe(looked.set)
            assert written.wait(30)
            return before, tx.execute(query).scalar_one()

        reading = asyncio.create_task(database.read(look))
        await asyncio.wait_for(looked.wait(), 30)
        try:
            await add(database, job())
        finally:
            written.set()
        assert await reading == (0, 0)
        assert await count(database, jobs) == 1


async def test_second_process_is_refused_with_a_sentence(tmp_path: Path) -> None:
    attempt = (
        "import asyncio, sys\n"
        "from bot.db.database import Database\n"
        "from bot.errors import ConfigError\n"
        "try:\n"
        "    asyncio.run(Database.open(sys.argv[1]))\n"
        "except ConfigError as error:\n"
        "    print(error.problems[0])\n"
    )
    async with opened(tmp_path):
        url = f"sqlite:///{tmp_path / 'easel.db'}"
        done = await asyncio.to_thread(
            subprocess.run, [sys.executable, "-c", attempt, url], capture_output=True, text=True, check=True
        )
    assert done.stdout.startswith(f"data_dir: another Easel is using {tmp_path}; stop it")


async def test_unwritable_folder_is_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(ConfigError, match="cannot write to"):
        await Database.open(f"sqlite:///{tmp_path / 'file' / 'easel.db'}")


async def test_full_disk_refuses_and_loses_nothing(tmp_path: Path) -> None:
    big = b"x" * (1 << 20)
    async with opened(tmp_path) as database:
        await add(database, job(), "before")
        await fill_disk(database)
        with pytest.raises(StorageFull):
            await database.write(lambda tx: pictures.add(tx, picture(), big, person="local:ann", platform="local"))
        assert await count(database, picture_rows) == 0
        assert await database.read(lambda tx: journal.by_key(tx, "before")) is not None
        await fill_disk(database, False)
        await database.write(lambda tx: pictures.add(tx, picture(), big, person="local:ann", platform="local"))


@pytest.mark.both_databases
@pytest.mark.parametrize("size", [1, pictures.PART_BYTES, pictures.PART_BYTES + 1, 3 * pictures.PART_BYTES + 17])
async def test_picture_bytes_survive_their_parts(database_url: str, size: int) -> None:
    data = random.Random(size).randbytes(size)
    drawn = picture(size)
    async with opened_at(database_url) as database:
        await database.write(lambda tx: pictures.add(tx, drawn, data, person="local:ann", platform="local"))
        assert await pictures.read(database, drawn.id) == data
        assert await database.read(lambda tx: pictures.get(tx, drawn.id)) == drawn
        await database.write(lambda tx: pictures.drop_bytes(tx, [drawn.id]))
        assert await pictures.read(database, drawn.id) is None
        assert await database.read(lambda tx: pictures.get(tx, drawn.id)) == drawn


@pytest.mark.both_databases
async def test_schema_and_migrations_agree(database_url: str) -> None:
    def compare(tx: Tx) -> list[object]:
        context = MigrationContext.configure(tx.connection, opts={"compare_type": True})
        return list(compare_metadata(context, metadata))

    async with opened_at(database_url) as database:
        assert await database.read(compare) == []


@pytest.mark.both_databases
async def test_upgrade_is_safe_to_repeat_and_at_once(database_url: str) -> None:
    async with opened_at(database_url) as database:
        await asyncio.gather(*(migrate.upgrade(database) for _ in range(4)))
        await add(database, job())


@pytest.mark.both_databases
async def test_database_of_a_newer_easel_is_left_alone(database_url: str) -> None:
    async with opened_at(database_url) as database:
        await database.write(lambda tx: tx.execute(sa.text("update alembic_version set version_num = '9999'")))
        with pytest.raises(ConfigError, match="newer Easel"):
            await migrate.upgrade(database)


async def test_backup_of_a_database_in_use(tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    async with opened(tmp_path) as database:
        kept = await add(database, job())
        await asyncio.to_thread(backup, tmp_path / "easel.db", target)
    copy = sqlite3.connect(target)
    assert copy.execute("select id from jobs").fetchall() == [(kept.id,)]
    copy.close()
    with pytest.raises(ConfigError, match="exists already"):
        backup(tmp_path / "easel.db", target)
    with pytest.raises(ConfigError, match="no database"):
        backup(tmp_path / "absent.db", tmp_path / "other.db")
